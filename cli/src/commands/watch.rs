//! Following a project live.

use super::show::{next, project, usage};
use super::{open, project_id};
use crate::args::WatchArguments;
use crate::client::Client;
use crate::client::events::{Event, Events, Received};
use crate::client::shapes::Project;
use crate::failure::{Exit, Failure, Result};
use crate::output::Output;
use serde_json::Value;
use uuid::Uuid;

/// `groundwork watch`
pub(crate) async fn watch(arguments: &WatchArguments) -> Result<()> {
    let (client, output) = open(&arguments.connection)?;
    let id = project_id(&client, &arguments.project).await?;
    let follow = Follow { after: arguments.after, text: arguments.text, to_end: arguments.to_end };
    let project = follow_until_interrupted(&client, output, id, &follow).await?;
    output.note(usage(&project));
    output.note(next(id, &project));
    Ok(())
}

/// How to follow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Follow {
    /// Begin after this event; with what happens now where it is `None`.
    after: Option<u64>,
    /// Show the text that is being written.
    text: bool,
    /// Do not stop where the project waits for people.
    to_end: bool,
}

impl Follow {
    /// Without texts, until the project waits for people or ends.
    pub(crate) fn new(after: Option<u64>) -> Self {
        Self { after, text: false, to_end: false }
    }
}

async fn follow_until_interrupted(
    client: &Client,
    output: Output,
    id: Uuid,
    how: &Follow,
) -> Result<Project> {
    tokio::select! {
        ended = follow(client, output, id, how) => ended,
        _ = tokio::signal::ctrl_c() => {
            Err(Failure::new(Exit::Interrupted, "interrupted", "stopped watching; the project goes on by itself")
                .next(format!("groundwork watch {id}")))
        }
    }
}

/// Tells what happens, until the project waits for people or ends, and reads it then.
///
/// # Errors
/// A project that failed or was cancelled is one.
pub(crate) async fn follow(client: &Client, output: Output, id: Uuid, how: &Follow) -> Result<Project> {
    // What the events say is compared with the state: one that was passed before we came is not told again.
    let mut now = project(client, id).await?;
    let after = how.after.unwrap_or(now.last_sequence);
    if after >= now.last_sequence && is_over(&now, how) {
        return end(now);
    }
    let mut events = Events::new(client, &id.to_string(), Some(after));
    let mut writing = Writing::default();
    loop {
        match events.next().await? {
            Received::Event(event) => {
                writing.finish(output);
                output.json_line(&event.frame);
                if let Some(line) = tell(&event) {
                    output.line(format!("{:>4}  {line}", event.seq));
                }
                if event.seq >= now.last_sequence && (ends(&event.kind) || is_over(&now, how)) {
                    now = project(client, id).await?;
                }
                // Not before the last word was told; and an answer may have been given since, then it goes on.
                if event.seq >= now.last_sequence && is_over(&now, how) {
                    return end(now);
                }
            }
            Received::Delta(delta) if how.text => writing.add(output, &delta),
            Received::Delta(_) => {}
            Received::Lost(why) => {
                writing.finish(output);
                output.note(format!("      connection lost ({why}); connecting again, nothing is missed"));
            }
        }
    }
}

/// Kinds after which the project may wait or be over.
fn ends(kind: &str) -> bool {
    matches!(
        kind,
        "questions_ready"
            | "workflow_completed"
            | "workflow_failed"
            | "status_changed"
            | "refinement_completed"
            | "refinement_failed"
            | "gate_ready"
            | "hitl_request"
            | "over_budget"
            | "new_message"
            | "message_failed"
            | "project_archived"
            | "project_deleted"
    )
}

fn is_over(project: &Project, how: &Follow) -> bool {
    match project.item.phase.as_str() {
        "completed" | "failed" | "cancelled" => true,
        "awaiting_input" | "awaiting_approval" | "paused" => !how.to_end,
        // In a chat, or for money.
        _ => project.item.waiting_for.is_some() && !how.to_end,
    }
}

fn end(project: Project) -> Result<Project> {
    let id = project.item.project_id;
    match (project.item.phase.as_str(), &project.failure) {
        ("failed", Some(failure)) => Err(Failure {
            exit: Exit::ProjectFailed,
            code: failure.code.clone(),
            message: format!("{id} failed at {}: {}", failure.stage, failure.message),
            next: Some(format!("groundwork retry {id}")),
            allowed: project.allowed.clone(),
        }),
        ("failed" | "cancelled", _) => Err(Failure::new(
            Exit::ProjectFailed,
            project.item.phase.as_str(),
            format!("{id} is {}", project.item.phase),
        )
        .next(format!("groundwork show {id}"))),
        _ => Ok(project),
    }
}

/// A sentence for people; `None` for what the other events say already.
fn tell(event: &Event) -> Option<String> {
    let text = |name: &str| event.text(name).unwrap_or_default();
    let number = |name: &str| event.field(name).and_then(Value::as_u64).unwrap_or_default();
    let line = match event.kind.as_str() {
        "progress_update" => text("message").to_owned(),
        "questions_ready" => {
            let count = event.field("questions").and_then(Value::as_array).map_or(0, Vec::len);
            format!("{count} {} for you", if count == 1 { "question waits" } else { "questions wait" })
        }
        "question_answered" => match event.text("assumption") {
            Some(assumption) => format!("{}: recommendation taken as {assumption}", text("question_id")),
            None => format!("{}: answered", text("question_id")),
        },
        "spec_ready" => "the specification is there".to_owned(),
        "prompts_generated" => format!("{} prompts are there", number("count")),
        "review_verdict" => format!(
            "the critic says {}: {} to mend, {} for you",
            text("verdict"),
            number("mendable"),
            number("open")
        ),
        "workflow_completed" => format!("completed, {} findings left open", number("open_findings")),
        "workflow_failed" => event.failure().message,
        "refinement_requested" => format!("refining {}", text("section")),
        "refinement_completed" => format!("{} is refined, version {}", text("section"), number("version")),
        "refinement_failed" => format!("{} could not be refined; it stays as it was", text("section")),
        "stage_retried" => format!("{} again, attempt {}", text("stage"), number("attempt")),
        "command_rejected" => format!("refused {}: {}", text("command"), text("message")),
        "limit_near" => text("message").to_owned(),
        "project_archived" => "archived".to_owned(),
        "project_restored" => "taken back".to_owned(),
        "project_deleted" => "deleted".to_owned(),
        "new_message"
        | "status_changed"
        | "message_taken"
        | "task_start"
        | "task_complete"
        | "agent_status_update"
        | "file_written" => return None,
        other => return Some(tell_of_people(event).unwrap_or_else(|| other.to_owned())),
    };
    Some(line)
}

/// What people decided and were asked. A newer server has kinds that this program does not know.
fn tell_of_people(event: &Event) -> Option<String> {
    let text = |name: &str| event.text(name).unwrap_or_default();
    let number = |name: &str| event.field(name).and_then(Value::as_u64).unwrap_or_default();
    let line = match event.kind.as_str() {
        "gate_ready" => format!("gate {} waits for you", text("gate")),
        "gate_advised" => format!("the reviewer advises to {}: {}", text("recommendation"), text("reason")),
        "gate_decided" => format!(
            "gate {}: {} ({} of {})",
            text("gate"),
            text("decision"),
            number("approvals_given"),
            number("approvals_needed")
        ),
        "gate_reminded" | "gate_escalated" => format!("gate {} still waits", text("gate")),
        "gate_expired" => format!("nobody decided at gate {} in time", text("gate")),
        "hitl_request" => format!("an agent asks: {}", text("question")),
        "hitl_response" => format!("the agent's question is {}", text("status")),
        "artifact_edited" => format!("{} was changed by a person", text("artifact")),
        "artifact_complete" => format!(
            "{} is there",
            event.field("artifact").map_or("", |one| one["name"].as_str().unwrap_or_default())
        ),
        "brief_confirmed" => "the brief is confirmed".to_owned(),
        "title_changed" => format!("it is called {} now", text("title")),
        "question_deferred" => format!("{}: put off", text("question_id")),
        "answer_amended" => format!("{}: answered anew", text("question_id")),
        "project_revised" => "a new brief: from the first stage again".to_owned(),
        "project_rewound" => format!("back to {}", text("stage")),
        "over_budget" => format!("the budget of the {} is used up", text("scope")),
        "budget_changed" => "the budget was changed".to_owned(),
        "message_failed" => "the agent did not answer; say it again".to_owned(),
        _ => return None,
    };
    Some(line)
}

/// The text that is being written now.
#[derive(Debug, Default)]
struct Writing {
    place: Option<(String, u64)>,
    shown: u64,
}

impl Writing {
    /// Shows a piece. Offsets count bytes of the text; after a reconnect a piece may begin before what is shown already.
    fn add(&mut self, output: Output, delta: &Value) {
        let stage = delta["stage"].as_str().unwrap_or_default().to_owned();
        let place = (stage, delta["attempt"].as_u64().unwrap_or_default());
        let (offset, text) =
            (delta["offset"].as_u64().unwrap_or_default(), delta["text"].as_str().unwrap_or_default());
        output.json_line(delta);
        if self.place.as_ref() != Some(&place) {
            self.finish(output);
            self.place = Some(place);
            self.shown = offset;
        }
        let known = usize::try_from(self.shown.saturating_sub(offset)).unwrap_or(usize::MAX);
        if let Some(new) = text.get(known.min(text.len())..) {
            output.fragment(new);
            self.shown = self.shown.max(offset + text.len() as u64);
        }
    }

    fn finish(&mut self, output: Output) {
        if self.place.take().is_some() {
            output.fragment("\n");
        }
    }
}
