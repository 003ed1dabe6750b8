//! `agent.review`: findings of code first, then those of a critic who is told them; the verdict is computed.

use crate::attempt::{Attempt, Made, misplaced};
use crate::error::AttemptError;
use crate::inputs::Inputs;
use crate::verdict::{judge, places};
use crate::write::unreadable;
use groundwork_agents::check;
use groundwork_agents::parse::{self, Review};
use groundwork_agents::prompt::{self, Task};
use groundwork_domain::document::{Finding, Prompt, Verdict};
use groundwork_store::artifacts;
use groundwork_store::results::Product;

pub(crate) async fn make(attempt: &Attempt<'_>, inputs: &Inputs) -> Result<Made, AttemptError> {
    let (Some(text), Some(prompts)) = (inputs.specification(), inputs.prompts.as_deref()) else {
        return Err(misplaced(attempt, "review without a specification and prompts"));
    };
    let spec = parse::spec(text).map_err(|errors| unreadable(&errors))?;
    let facts = check::package(&spec, prompts);
    let (round, mended) = last_look(attempt, prompts).await?;
    let task = Task::Review { round, facts: &facts, mended: &mended };
    let answer = attempt.answer(inputs, task, parse::review).await?;
    let findings: Vec<Finding> = facts.iter().chain(&answer.value.findings).cloned().collect();
    let (verdict, mendable) = judge(&findings, prompts);
    let message = match (verdict, findings.len()) {
        (_, 0) => "The review found nothing to change.".to_owned(),
        (Verdict::Pass, count) => format!("The review passes, with {count} remarks."),
        (Verdict::Revise, count) => {
            format!("The review has {count} findings; {mendable} go back to the writer.")
        }
    };
    let content = prompt::review_text(&Review { verdict, findings: findings.clone() });
    Ok(answer.made(message, |_| Product::Review { content, verdict, findings, mendable, passed: None }))
}

/// Which look this is, and what was to be mended since the last one.
async fn last_look(attempt: &Attempt<'_>, prompts: &[Prompt]) -> Result<(u32, Vec<Finding>), AttemptError> {
    let task = attempt.task;
    let mut tx = attempt.begin().await?;
    let Some(last) = artifacts::current(&mut tx, task.project_id, &task.produces).await? else {
        return Ok((1, Vec::new()));
    };
    let mut findings = artifacts::findings(&mut tx, task.project_id, &last.name, last.version).await?;
    findings.retain(|finding| !places(finding, prompts).is_empty());
    Ok((last.version + 1, findings))
}
