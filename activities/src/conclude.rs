//! `stage.verdict`: what reviews of files come to, by code. No model is asked, and a review that cannot be read did not
//! pass.

use crate::calling::now;
use crate::error::AttemptError;
use crate::workshop::Workshop;
use groundwork_domain::document::{Finding, Verdict};
use groundwork_domain::work::{Source, StageOutcome, StageTask};
use groundwork_store::artifacts::{self, Loaded};
use groundwork_store::results::{self, NewResult, Product};
use std::fmt::Write as _;

/// What a review begins with that passed.
const PASSED: &str = "verdict: PASS\n";

pub(crate) async fn run(workshop: &Workshop, task: &StageTask) -> Result<StageOutcome, AttemptError> {
    let mut tx = workshop.store.tenant(task.workspace_id, task.owner_id).await?;
    if let Some(outcome) = results::find(&mut tx, task.project_id, &task.stage, task.attempt).await? {
        return Ok(outcome);
    }
    let mut content = String::new();
    let mut open: Vec<Finding> = Vec::new();
    let (mut reviews, mut failed) = (0, Vec::new());
    for source in &task.reads {
        let Source::Artifact(artifact) = source else { continue };
        let Loaded::Review(text) = artifacts::load(&mut tx, task.project_id, artifact).await? else {
            continue;
        };
        reviews += 1;
        let passed = text.starts_with(PASSED);
        let word = if passed { "PASS" } else { "FAIL" };
        // Writing to a String cannot fail, here and below.
        let _ = write!(
            content,
            "\n## {}: {word}\nversion {}, {}\n",
            artifact.name, artifact.version, artifact.digest
        );
        if passed {
            continue;
        }
        failed.push(artifact.name.clone());
        for finding in artifacts::findings(&mut tx, task.project_id, &artifact.name, artifact.version).await?
        {
            let _ = writeln!(content, "- {}: {}: {}", finding.id, finding.problem, finding.fix);
            // Two reviews of one checklist may have failed the same item: the text has both.
            if open.iter().all(|other| other.id != finding.id) {
                open.push(finding);
            }
        }
    }
    // Without a review nothing was passed.
    let passed = reviews > 0 && failed.is_empty();
    let verdict = if passed { Verdict::Pass } else { Verdict::Revise };
    let word = if passed { "PASS" } else { "FAIL" };
    let message = match (passed, failed.is_empty()) {
        (true, _) => "All reviews passed.".to_owned(),
        (false, true) => "There is no review.".to_owned(),
        (false, false) => format!("Not passed: {}.", failed.join(", ")),
    };
    let content = format!("verdict: {word}\n{content}");
    let product = Product::Review { content, verdict, findings: open, mendable: 0, passed: Some(passed) };
    let new = NewResult { task, product, model: None, prompt_digest: None, message: &message, at: now() };
    Ok(results::store(tx, &new).await?)
}
