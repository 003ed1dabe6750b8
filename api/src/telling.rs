//! Telling a project what a person says: the check who may, the way to the workflow, the audit log, and the wait until what can be
//! read shows it.

mod behind;
mod guards;
mod wish;

pub(crate) use guards::{check_model, check_not_halted};
pub(crate) use wish::{Wish, check_is_text};

use crate::access;
use crate::app::App;
use crate::engine::EngineError;
use crate::metrics;
use crate::problem::{ApiError, ApiResult, internal};
use crate::redact::{Kind, take_secrets_out};
use crate::speaker::Speaker;
use axum::Json;
use groundwork_domain::access::Permission;
use groundwork_domain::command::{Actor, Command, CommandBody, Disposition, Outcome};
use groundwork_domain::{CommandId, Lifecycle, ProjectId, WorkspaceId};
use groundwork_store::workspaces::Standing;
use groundwork_store::{audit, events, project_reads, shelving};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::json;
use std::time::{Duration, Instant};
use utoipa::ToSchema;
use uuid::Uuid;
use wish::Preparing;

/// Pause between two looks at the read model.
const LOOK_EVERY: Duration = Duration::from_millis(15);

/// What became of a command.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CommandAnswer {
    /// The command's own id: the same key gives the same id.
    pub(crate) command_id: Uuid,
    /// `applied`, or `repeated` where it had been applied before.
    pub(crate) outcome: &'static str,
    /// The project.
    project_id: Uuid,
    /// The canonical phase after it.
    phase: &'static str,
    /// The pipeline's own word after it.
    pub(crate) status: String,
    /// The stage that is under way, waited for or failed.
    stage: Option<String>,
    /// `answers` while questions wait for people.
    pub(crate) waiting_for: Option<String>,
    /// Ids of the questions that wait for an answer.
    open_questions: Vec<String>,
    /// Refinements that were done.
    refinements_used: u32,
    /// Refinements that are allowed.
    refinements_max: u32,
    /// US dollars so far.
    cost_usd: Decimal,
    /// Wire names of the commands that would be taken now.
    allowed: Vec<String>,
    /// True once the project is deleted.
    deleted: bool,
    /// `active`, `archived` or `deleted`.
    lifecycle: &'static str,
    /// Kinds of secrets that were taken out of what was said before it was stored.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    redacted: Vec<Kind>,
}

pub(crate) type Answer = ApiResult<Json<CommandAnswer>>;

/// Delivers what a person says and waits until what can be read shows it.
pub(crate) async fn say(app: &App, speaker: &Speaker, project: ProjectId, wish: impl Into<Wish>) -> Answer {
    Ok(Json(tell(app, speaker, project, wish.into()).await?))
}

/// As [`say`], for who makes an answer of their own of it.
pub(crate) async fn tell(
    app: &App,
    speaker: &Speaker,
    project: ProjectId,
    wish: Wish,
) -> ApiResult<CommandAnswer> {
    let (command, standing, redacted) = prepare(app, speaker, project, wish).await?;
    let name = command.body.name();
    let told = behind::tell(app, standing, project, &command).await?;
    metrics::command(name, word(&told));
    let outcome = match told {
        Ok(outcome) => outcome,
        Err(EngineError::NotRunning) => return Err(not_running(app, project, standing).await),
        Err(error) => return Err(of_engine(error)),
    };
    let disposition = match &outcome.disposition {
        Disposition::Applied => "applied",
        Disposition::Repeated => "repeated",
        Disposition::Rejected { rejection } => return Err(rejection.clone().into()),
    };
    // A repeat too: whoever said it first may have died before it was recorded.
    record(app, speaker, standing, project, &command).await;
    wait_until_shown(app, standing, project, command.command_id).await;
    Ok(CommandAnswer { redacted, ..answer_of(project, command.command_id, disposition, outcome) })
}

/// Checks who speaks, stores what the command will name, and makes it.
async fn prepare(
    app: &App,
    speaker: &Speaker,
    project: ProjectId,
    wish: Wish,
) -> ApiResult<(Command, Standing, Vec<Kind>)> {
    let (user, permission) = (speaker.user, wish.permission());
    let (mut tx, standing) = if wish.is_restore() {
        access::project_even_deleted(app, user, project, permission).await?
    } else {
        access::project(app, user, project, permission).await?
    };
    if standing.lifecycle == Lifecycle::Deleted {
        access::check(user, Permission::DeleteProject, standing)?;
    }
    let command_id = CommandId::derive(project, user.id, &speaker.key.0);
    let mut preparing =
        Preparing { tx: &mut tx, speaker, standing, project, command: command_id, redacted: Vec::new() };
    let mut body = preparing.command(wish).await?;
    let mut redacted = preparing.redacted;
    redacted.extend(take_secrets_out(&mut body));
    redacted.sort_unstable();
    redacted.dedup();
    guards::check(app, &mut tx, project, &body).await?;
    if body == CommandBody::Archive {
        shelving::unpark(&mut tx, project).await?;
    }
    let command = Command { command_id, actor: Actor::User { user_id: user.id }, body };
    if matches!(command.body, CommandBody::SetBudget { .. }) {
        // The budget changes here; what the project makes of it comes after.
        let entry = entry(speaker, standing.workspace_id, project, &command);
        audit::record_command(&mut tx, command_id, entry).await?;
    }
    tx.commit().await?;
    Ok((command, standing, redacted))
}

/// In the audit log, once. What was done is done: where this fails, the project's own log still says it.
async fn record(app: &App, speaker: &Speaker, standing: Standing, project: ProjectId, command: &Command) {
    let workspace = standing.workspace_id;
    let entry = entry(speaker, workspace, project, command);
    let recorded = async {
        let mut tx = app.store.tenant(workspace, speaker.user.id).await?;
        audit::record_command(&mut tx, command.command_id, entry).await?;
        tx.commit().await
    };
    if let Err(error) = recorded.await {
        tracing::error!(error = &error as &dyn std::error::Error, "a command is not in the audit log");
    }
}

/// What the audit log says of a command.
fn entry<'a>(
    speaker: &'a Speaker,
    workspace: WorkspaceId,
    project: ProjectId,
    command: &Command,
) -> audit::Entry<'a> {
    speaker.entry(workspace, action_of(&command.body), ("project", project), details_of(command))
}

/// Ids and words of ours; never what somebody wrote.
fn details_of(command: &Command) -> serde_json::Value {
    let id = command.command_id;
    match &command.body {
        CommandBody::Decide { gate, digest, decision, .. } => {
            json!({"command_id": id, "gate": gate, "digest": digest, "decision": decision})
        }
        CommandBody::Edit { base, artifact } => json!({"command_id": id, "base": base, "artifact": artifact}),
        CommandBody::Revise { brief } => json!({"command_id": id, "brief": brief}),
        CommandBody::Rewind { stage, .. } => json!({"command_id": id, "stage": stage}),
        CommandBody::ConfirmBrief { digest } => json!({"command_id": id, "digest": digest}),
        CommandBody::SetBudget { tokens, usd } => json!({"command_id": id, "tokens": tokens, "usd": usd}),
        _ => json!({"command_id": id}),
    }
}

fn action_of(body: &CommandBody) -> &'static str {
    match body {
        CommandBody::Answer { .. } | CommandBody::AcceptRecommendations => "project.answered",
        CommandBody::Defer { .. } => "question.deferred",
        CommandBody::AmendAnswer { .. } => "answer.amended",
        CommandBody::Message { .. } => "project.messaged",
        CommandBody::ConfirmBrief { .. } => "brief.confirmed",
        CommandBody::Decide { .. } => "gate.decided",
        CommandBody::Edit { .. } => "artifact.edited",
        CommandBody::Revise { .. } => "project.revised",
        CommandBody::Rewind { .. } => "project.rewound",
        CommandBody::SetBudget { .. } => "budget.set",
        CommandBody::Refine { .. } => "project.refined",
        CommandBody::Retry { .. } => "project.retried",
        CommandBody::Pause => "project.paused",
        CommandBody::Resume => "project.resumed",
        CommandBody::Cancel => "project.cancelled",
        CommandBody::Archive => "project.archived",
        CommandBody::Restore => "project.restored",
        CommandBody::Delete => "project.deleted",
    }
}

fn permission_of(body: &CommandBody) -> Permission {
    match body {
        CommandBody::Delete => Permission::DeleteProject,
        CommandBody::Archive | CommandBody::Restore => Permission::ArchiveProject,
        CommandBody::SetBudget { .. } => Permission::UpdateProject,
        CommandBody::Answer { .. }
        | CommandBody::AcceptRecommendations
        | CommandBody::Defer { .. }
        | CommandBody::AmendAnswer { .. }
        | CommandBody::Message { .. }
        | CommandBody::ConfirmBrief { .. }
        | CommandBody::Decide { .. }
        | CommandBody::Edit { .. }
        | CommandBody::Revise { .. }
        | CommandBody::Rewind { .. }
        | CommandBody::Refine { .. }
        | CommandBody::Retry { .. }
        | CommandBody::Pause
        | CommandBody::Resume
        | CommandBody::Cancel => Permission::WorkOnProject,
    }
}

/// What to say where no workflow runs: it may not have begun, or be over.
async fn not_running(app: &App, project: ProjectId, standing: Standing) -> ApiError {
    let is_starting = async {
        let mut tx = app.store.workspace(standing.workspace_id).await?;
        Ok::<_, ApiError>(project_reads::head(&mut tx, project).await?.item.status == "starting")
    };
    match is_starting.await {
        Ok(true) => ApiError::unavailable("project_starting", "The project is being started. Try again.", 2),
        Ok(false) => ApiError::conflict("not_running", "The workflow of this project has ended."),
        Err(error) => error,
    }
}

fn of_engine(error: EngineError) -> ApiError {
    match error {
        EngineError::Unavailable(_) => ApiError::unavailable(
            "engine_unavailable",
            "The workflow engine is not there; nothing was done. Try again in a moment.",
            2,
        ),
        EngineError::OutcomeUnknown(_) => ApiError::unavailable(
            "outcome_unknown",
            "The workflow engine did not answer in time. Ask again with the same Idempotency-Key to find out.",
            2,
        ),
        EngineError::Refused(rejection) => rejection.into(),
        EngineError::State(error) => error.into(),
        error @ (EngineError::NotRunning | EngineError::Failed(_)) => internal("a command", &error),
    }
}

/// Of what became of it, for metrics.
fn word(told: &Result<Outcome, EngineError>) -> &'static str {
    match told {
        Ok(outcome) => match outcome.disposition {
            Disposition::Applied => "applied",
            Disposition::Repeated => "repeated",
            Disposition::Rejected { .. } => "refused",
        },
        Err(EngineError::Refused(_)) => "refused",
        Err(EngineError::Unavailable(_)) => "unavailable",
        Err(EngineError::OutcomeUnknown(_)) => "unknown",
        Err(EngineError::NotRunning | EngineError::Failed(_) | EngineError::State(_)) => "failed",
    }
}

/// So that who was answered also reads what was done. It is done either way: at the end of its patience this gives up.
async fn wait_until_shown(app: &App, standing: Standing, project: ProjectId, command: CommandId) {
    let deadline = Instant::now() + Duration::from_millis(app.settings.read_model_ms_max);
    while Instant::now() < deadline {
        let look = async {
            let mut tx = app.store.workspace(standing.workspace_id).await?;
            events::shows_command(&mut tx, project, command.0).await
        };
        if matches!(look.await, Ok(true)) {
            return;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    tracing::info!(command_id = %command, "the read model does not show the command yet");
}

fn answer_of(project: ProjectId, command: CommandId, outcome: &'static str, told: Outcome) -> CommandAnswer {
    let summary = told.summary;
    CommandAnswer {
        command_id: command.0,
        outcome,
        project_id: project.0,
        phase: summary.phase.as_str(),
        status: summary.status,
        stage: summary.stage.map(|stage| stage.0),
        waiting_for: summary.waiting_for,
        open_questions: summary.open_questions,
        refinements_used: summary.refinements_used,
        refinements_max: summary.refinements_max,
        cost_usd: summary.cost_usd,
        allowed: summary.allowed,
        deleted: summary.deleted,
        lifecycle: summary.lifecycle.as_str(),
        redacted: Vec::new(),
    }
}
