//! `agent.write`: a Markdown artifact, new or written again; of a specification one section.

mod drafts;

use crate::answering::objection;
use crate::attempt::{Attempt, Made, misplaced};
use crate::error::AttemptError;
use crate::inputs::Inputs;
use groundwork_agents::check;
use groundwork_agents::parse::{self, ParseErrors, Spec};
use groundwork_agents::prompt::Task;
use groundwork_agents::splice::{self, SpliceError};
use groundwork_domain::agent::OutputContract;
use groundwork_domain::document::{Finding, Prompt, Severity};
use groundwork_domain::work::{Target, Work};
use groundwork_store::artifacts;
use groundwork_store::results::Product;

pub(crate) async fn make(attempt: &Attempt<'_>, inputs: &Inputs) -> Result<Made, AttemptError> {
    match &attempt.standing.work {
        Work::Fresh if attempt.agent.output == OutputContract::Spec && inputs.named("brief").is_none() => {
            fresh(attempt, inputs).await
        }
        Work::Fresh | Work::Again { .. } => drafts::make(attempt, inputs).await,
        Work::Refine { target: Target::Section { heading }, .. } => refine(attempt, inputs, heading).await,
        Work::Refine { target: target @ Target::Prompt { .. }, .. } => {
            Err(unknown_target(format!("{target} is not a part of `{}`", attempt.task.produces)))
        }
        Work::Mend { .. } => Err(misplaced(attempt, "mend a document")),
        Work::Answered { .. } | Work::Turn { .. } | Work::Advise { .. } => {
            Err(misplaced(attempt, "talk instead of writing"))
        }
    }
}

pub(crate) fn unknown_target(message: String) -> AttemptError {
    AttemptError::failed("unknown_target", message, true)
}

/// What a person wrote in place of an agent may be anything.
pub(crate) fn unreadable(errors: &ParseErrors) -> AttemptError {
    let message = format!(
        "The specification cannot be read as one: {errors}. Edit it again, or take up an earlier version of it, and try again."
    );
    AttemptError::failed("unreadable_document", message, true)
}

async fn fresh(attempt: &Attempt<'_>, inputs: &Inputs) -> Result<Made, AttemptError> {
    let answer = attempt.answer(inputs, Task::Write, parse::spec).await?;
    let message =
        format!("The specification is written: {} requirements.", answer.value.requirement_ids().len());
    Ok(answer.made(message, |spec| Product::Document { content: spec.text, makes_stale: Vec::new() }))
}

async fn refine(attempt: &Attempt<'_>, inputs: &Inputs, heading: &str) -> Result<Made, AttemptError> {
    let text = inputs.document(&attempt.task.produces);
    let text = text.ok_or_else(|| misplaced(attempt, "refine what it does not read"))?;
    let before = parse::spec(text).map_err(|errors| unreadable(&errors))?;
    let current =
        splice::current_section(&before, heading).map_err(|error| unknown_target(error.to_string()))?;
    let request = inputs.request.as_deref().unwrap_or_default();
    let task = Task::RefineSection { target: heading, current, request };
    let answer =
        attempt.answer(inputs, task, |reply| rewrite(inputs, &before, heading, current, reply)).await?;
    let stale = stale(attempt, &before, &answer.value).await?;
    let message = match stale.len() {
        0 => format!("`{heading}` is rewritten."),
        1 => format!("`{heading}` is rewritten; one prompt covers what changed and is stale now."),
        count => format!("`{heading}` is rewritten; {count} prompts cover what changed and are stale now."),
    };
    Ok(answer.made(message, |spec| Product::Document { content: spec.text, makes_stale: stale }))
}

/// The whole specification with the new section in it. Everything else stays byte for byte, and no check by code may
/// find something grave that it did not find before.
fn rewrite(
    inputs: &Inputs,
    before: &Spec,
    heading: &str,
    current: &str,
    reply: &str,
) -> Result<Spec, ParseErrors> {
    let section = parse::section(reply, current)?;
    let after = splice::section(before, heading, &section).map_err(|error| match error {
        SpliceError::Unreadable(errors) => errors,
        other @ (SpliceError::UnknownTarget { .. } | SpliceError::ChangesMore { .. }) => {
            objection(format!("only `{heading}` is rewritten, under the same heading"), other.to_string())
        }
    })?;
    let assumptions = inputs.assumptions();
    let checked = |spec: &Spec| check::spec(spec, inputs.questions(), &assumptions);
    let mut found = check::renumbered(before, &after);
    found.extend(new_and_grave(checked(before), checked(&after)));
    refuse(found)?;
    Ok(after)
}

/// What checks find now and did not find before.
pub(crate) fn new_and_grave(before: Vec<Finding>, after: Vec<Finding>) -> Vec<Finding> {
    let is_new = |finding: &Finding| before.iter().all(|known| known.problem != finding.problem);
    after.into_iter().filter(|finding| finding.severity >= Severity::Major && is_new(finding)).collect()
}

/// Findings as errors that a repair turn quotes.
pub(crate) fn refuse(findings: Vec<Finding>) -> Result<(), ParseErrors> {
    if findings.is_empty() {
        return Ok(());
    }
    let error = |finding: Finding| parse::ParseError { line: 0, rule: finding.fix, found: finding.problem };
    Err(ParseErrors(findings.into_iter().take(parse::ERRORS_MAX).map(error).collect()))
}

/// Numbers of the current prompts that cover a requirement which changed.
async fn stale(attempt: &Attempt<'_>, before: &Spec, after: &Spec) -> Result<Vec<u32>, AttemptError> {
    let changed = check::changed_requirements(before, after);
    let mut tx = attempt.begin().await?;
    let prompts: Vec<Prompt> = artifacts::current_prompts(&mut tx, attempt.task.project_id).await?;
    Ok(check::stale_prompts(&changed, &prompts))
}
