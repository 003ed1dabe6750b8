//! `agent.implement`: files, by a loop of tool calls. Each turn is a call with a key of its own and is stored before it is
//! read, so a loop that was broken off runs through its stored turns and goes on where they end. Nothing is executed.

use crate::answering::reply;
use crate::attempt::{Attempt, Made};
use crate::error::AttemptError;
use crate::inputs::Inputs;
use groundwork_agents::prompt::Task;
use groundwork_agents::toolbox::{self, Bench, Job, Next};
use groundwork_agents::{ToolResult, Turn, parse};
use groundwork_domain::document::files::CodeManifest;
use groundwork_domain::document::handoff::HandoffContent;
use groundwork_domain::pipeline::Verb;
use groundwork_store::calls::FinishedCall;
use groundwork_store::results::Product;

/// Agents that write files and have nobody to ask: their pipeline has gates.
const ASKS_NOBODY: &str = "implementer";

pub(crate) async fn make(attempt: &Attempt<'_>, inputs: &Inputs) -> Result<Made, AttemptError> {
    debug_assert_eq!(attempt.task.verb, Verb::Implement);
    let settings = &attempt.workshop.settings;
    let may_ask = attempt.agent.id != ASKS_NOBODY;
    let mut bench = Bench::new(job(attempt, inputs, may_ask), &inputs.earlier);
    let task = Task::Implement {
        limits: settings.files,
        turns_max: settings.turns_max,
        feedback: inputs.feedback.as_deref(),
        goes_on: !inputs.earlier.is_empty(),
    };
    let mut request = attempt.request(inputs, &task)?;
    request.tools = toolbox::file_tools(may_ask);
    let mut output_tokens = 0;
    for call_no in 1..=settings.turns_max {
        let finished = attempt.buy(call_no, request.clone()).await?;
        let reply = reply(&finished)?;
        output_tokens += finished.output_tokens;
        request.turns.push(reply.turn());
        let next = bench.answer(&reply);
        // What is there already is told now: the end of the loop may be an hour away.
        attempt.tell_written(&bench.take_written()).await?;
        match next {
            Next::Again(turn) => request.turns.push(turn),
            Next::Done { files, manifest } => return Ok(made(finished, manifest, files)),
            Next::Ask { question, call_id, mut results } => match attempt.answer_to(&call_id) {
                Some(content) => {
                    results.push(ToolResult { call_id, content, is_error: false });
                    request.turns.push(Turn::Results { results });
                }
                None => return Err(attempt.ask_person(&finished, question, call_id)),
            },
        }
        if output_tokens > settings.loop_output_tokens_max {
            return Err(unfinished(&bench, &format!("{output_tokens} tokens")));
        }
    }
    Err(unfinished(&bench, &format!("{} turns", settings.turns_max)))
}

/// What has to be there in the end. Documents that people rewrote freely may not be readable: then their word is taken.
fn job(attempt: &Attempt<'_>, inputs: &Inputs, may_ask: bool) -> Job {
    let mut job = Job {
        planned: Vec::new(),
        requirements: Vec::new(),
        may_ask,
        limits: attempt.workshop.settings.files,
    };
    let handed = inputs.handoffs.iter().find_map(|handoff| match &handoff.content {
        HandoffContent::ImplementationPlan(plan) => Some(plan.task_breakdown.clone()),
        HandoffContent::SoftwareSpecification(_) | HandoffContent::Code(_) => None,
    });
    let plan = inputs.named("plan").and_then(|text| parse::plan(text).ok()).map(|plan| plan.tasks);
    for path in plan.or(handed).into_iter().flatten().flat_map(|task| task.files) {
        if !job.planned.contains(&path.to_string()) {
            job.planned.push(path.to_string());
        }
    }
    if let Some(spec) = inputs.readable_specification() {
        job.requirements = spec.requirement_ids();
    } else if let Some(specification) = inputs.software_specification() {
        job.requirements = specification.requirements.iter().map(|one| one.id.clone()).collect();
    }
    job
}

fn made(
    finished: FinishedCall,
    manifest: CodeManifest,
    files: Vec<groundwork_domain::document::files::CodeFile>,
) -> Made {
    let mut message = format!("{} files are written. {}", files.len(), manifest.summary);
    if !manifest.gaps.is_empty() {
        message.push_str(&format!(" {} things are missing.", manifest.gaps.len()));
    }
    Made {
        product: Product::Files { files, manifest },
        message,
        model: Some(finished.model),
        prompt_digest: Some(finished.prompt_digest),
    }
}

fn unfinished(bench: &Bench, limit: &str) -> AttemptError {
    let (files, bytes) = bench.size();
    let message = format!(
        "The files were not finished within {limit}; there are {files} with {bytes} bytes. Make the plan smaller, or retry."
    );
    // Of this talk nothing is used again: it would only come to the same end.
    AttemptError::failed("unfinished_work", message, false).caused_by(1)
}
