//! `agent.compose`: the package of prompts; new, mended where a review says, or with one prompt rewritten.

use crate::answering::objection;
use crate::attempt::{Attempt, Made, misplaced};
use crate::error::AttemptError;
use crate::inputs::Inputs;
use crate::verdict::places;
use crate::write::{new_and_grave, refuse, unknown_target};
use groundwork_agents::check;
use groundwork_agents::parse::{self, ParseErrors};
use groundwork_agents::prompt::Task;
use groundwork_agents::splice::{self, SpliceError};
use groundwork_domain::document::{Finding, Prompt};
use groundwork_domain::work::{Target, Work};
use groundwork_store::results::Product;
use std::collections::BTreeSet;

pub(crate) async fn make(attempt: &Attempt<'_>, inputs: &Inputs) -> Result<Made, AttemptError> {
    match &attempt.standing.work {
        Work::Fresh => {
            let answer = attempt.answer(inputs, Task::Compose, parse::prompts).await?;
            let message = format!("{} prompts are written.", answer.value.len());
            Ok(answer.made(message, Product::Prompts))
        }
        Work::Again { .. } => {
            let feedback = inputs.feedback.as_deref().unwrap_or_default();
            let answer = attempt.answer(inputs, Task::ComposeAgain { feedback }, parse::prompts).await?;
            let message = format!("{} prompts are written again.", answer.value.len());
            Ok(answer.made(message, Product::Prompts))
        }
        Work::Mend { .. } => mend(attempt, inputs).await,
        Work::Refine { target: Target::Prompt { number }, .. } => refine(attempt, inputs, *number).await,
        Work::Refine { target: target @ Target::Section { .. }, .. } => {
            Err(unknown_target(format!("`{target}` is not a prompt")))
        }
        Work::Answered { .. } | Work::Turn { .. } | Work::Advise { .. } => {
            Err(misplaced(attempt, "talk instead of writing prompts"))
        }
    }
}

fn package<'a>(attempt: &Attempt<'_>, inputs: &'a Inputs) -> Result<&'a [Prompt], AttemptError> {
    inputs.prompts.as_deref().ok_or_else(|| misplaced(attempt, "change prompts that it does not read"))
}

/// Only the prompts that a grave finding names are asked for, and only they change.
async fn mend(attempt: &Attempt<'_>, inputs: &Inputs) -> Result<Made, AttemptError> {
    let old = package(attempt, inputs)?;
    let mendable = inputs.findings.iter().filter(|finding| !places(finding, old).is_empty());
    let (facts, findings): (Vec<Finding>, Vec<Finding>) =
        mendable.cloned().partition(|finding| finding.id.starts_with('K'));
    let all = facts.iter().chain(&findings);
    let numbers: Vec<u32> =
        all.flat_map(|finding| places(finding, old)).collect::<BTreeSet<_>>().into_iter().collect();
    if numbers.is_empty() {
        return Err(misplaced(attempt, "mend without a finding that can be mended"));
    }
    let task = Task::Mend { prompts: &numbers, findings: &findings, facts: &facts };
    let answer = attempt
        .answer(inputs, task, |reply| splice(old, parse::some_prompts(reply, &numbers)?, &numbers))
        .await?;
    let names: Vec<_> = numbers.iter().map(|number| format!("{number:02}")).collect();
    let message = format!("Mended what the review found: prompt {}.", names.join(", "));
    Ok(answer.made(message, Product::Prompts))
}

async fn refine(attempt: &Attempt<'_>, inputs: &Inputs, number: u32) -> Result<Made, AttemptError> {
    let old = package(attempt, inputs)?;
    let current = old
        .iter()
        .find(|prompt| prompt.number == number)
        .ok_or_else(|| unknown_target(format!("There is no prompt {number:02}; there are {}.", old.len())))?;
    let request = inputs.request.as_deref().unwrap_or_default();
    let task = Task::RefinePrompt { current, request };
    let answer = attempt.answer(inputs, task, |reply| rewrite(inputs, old, number, reply)).await?;
    Ok(answer.made(format!("Prompt {number:02} is rewritten."), Product::Prompts))
}

/// The package with the new prompt in it; no check by code may find something grave that it did not find before.
fn rewrite(inputs: &Inputs, old: &[Prompt], number: u32, reply: &str) -> Result<Vec<Prompt>, ParseErrors> {
    let new = splice(old, vec![parse::one_prompt(reply, number)?], &[number])?;
    if let Some(spec) = inputs.readable_specification() {
        refuse(new_and_grave(check::package(&spec, old), check::package(&spec, &new)))?;
    }
    Ok(new)
}

fn splice(old: &[Prompt], changed: Vec<Prompt>, allowed: &[u32]) -> Result<Vec<Prompt>, ParseErrors> {
    splice::prompts(old, changed, allowed).map_err(|error| match error {
        SpliceError::Unreadable(errors) => errors,
        other @ (SpliceError::UnknownTarget { .. } | SpliceError::ChangesMore { .. }) => {
            objection("exactly the named prompts are written again", other.to_string())
        }
    })
}
