//! `agent.review` of files: every item of a checklist, with places that are really there. What cannot be read is no pass.

use crate::attempt::{Attempt, Made, misplaced};
use crate::error::AttemptError;
use crate::inputs::Inputs;
use groundwork_agents::check;
use groundwork_agents::parse::{self, CODE_CHECKLIST, ChecklistItem, SECURITY_CHECKLIST};
use groundwork_agents::prompt::{self, Task};
use groundwork_domain::document::audit::{Audit, AuditItem};
use groundwork_domain::document::files::{CodeFile, CodeManifest};
use groundwork_domain::document::{Finding, Layer, Severity};
use groundwork_store::results::Product;

/// The agent with the long checklist; every other reviewer of files has the code reviewer's.
const SECURITY: &str = "security_reviewer";

pub(crate) async fn make(attempt: &Attempt<'_>, inputs: &Inputs) -> Result<Made, AttemptError> {
    let Some((manifest, files)) = &inputs.code else {
        return Err(misplaced(attempt, "review files that it does not read"));
    };
    let is_security = attempt.agent.id == SECURITY;
    let checklist: &[ChecklistItem] = if is_security { &SECURITY_CHECKLIST } else { &CODE_CHECKLIST };
    let facts = if is_security { String::new() } else { facts(inputs, manifest, files) };
    let read = |text: &str| {
        let audit = parse::audit(text, checklist)?;
        check::audit(files, &audit)?;
        Ok(audit)
    };
    let answer = attempt.answer(inputs, Task::Audit { facts: &facts }, read).await?;
    let failed = answer.value.failed().count();
    let message = match failed {
        0 => "The review passes.".to_owned(),
        1 => "The review fails: one item does not hold.".to_owned(),
        count => format!("The review fails: {count} items do not hold."),
    };
    Ok(answer.made(message, |audit| Product::Review {
        content: prompt::audit_text(&audit),
        verdict: audit.verdict,
        findings: findings(&audit),
        mendable: 0,
        passed: Some(audit.passed()),
    }))
}

/// What failed, as findings that people and the implementer read.
fn findings(audit: &Audit) -> Vec<Finding> {
    let finding = |item: &AuditItem| {
        let requirements: Vec<String> =
            item.evidence.iter().filter(|place| !place.contains(':')).cloned().collect();
        Finding {
            id: item.id.clone(),
            severity: Severity::Major,
            layer: Layer::Code,
            prompts: Vec::new(),
            requirements,
            problem: format!("{} ({})", item.title, item.evidence.join(", ")),
            fix: item.reason.clone(),
        }
    };
    audit.failed().map(finding).collect()
}

/// What code finds: gaps that the writer left, and contract tests whose names stand in none of their files.
fn facts(inputs: &Inputs, manifest: &CodeManifest, files: &[CodeFile]) -> String {
    let mut facts: Vec<String> = manifest.gaps.iter().map(|gap| format!("- {gap}")).collect();
    let tests = inputs.named("tests").and_then(|text| parse::contract(text).ok());
    for test in tests.into_iter().flat_map(|tests| tests.tests) {
        let file = files.iter().find(|file| file.path == test.file);
        if !file.is_some_and(|file| file.content.contains(&test.name)) {
            facts.push(format!("- {}: no test `{}` stands in {}", test.id, test.name, test.file));
        }
    }
    facts.join("\n")
}
