//! The critic: reads specification and prompts and finds what is really missing in them.

use super::package::{self, PromptText};
use super::request::Request;
use super::spec::{self, Requirement};
use super::synthesizer::builder_of;
use crate::exchange::hash_of;
use std::fmt::Write as _;

/// Findings of a first look; more are rarely read.
const FINDINGS_MAX: usize = 5;

struct Finding {
    severity: &'static str,
    layer: &'static str,
    target: String,
    problem: String,
    fix: String,
}

/// A verdict with findings.
pub(super) fn reply(request: &Request<'_>) -> String {
    let requirements = spec::requirements(request.spec);
    let prompts = package::prompts(request.prompts);
    let mut findings: Vec<Finding> =
        requirements.iter().flat_map(|one| unverified(one, &prompts)).take(FINDINGS_MAX).collect();
    let verdict = if findings.is_empty() { "pass" } else { "revise" };
    findings.extend(half_said(request.spec, &requirements));
    let mut text = format!("verdict: {verdict}\n");
    for (index, finding) in findings.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "\n## C{}\nseverity: {}\nlayer: {}\ntarget: {}\nproblem: {} (Simulated finding.)\nfix: {}\n",
            index + 1,
            finding.severity,
            finding.layer,
            finding.target,
            finding.problem,
            finding.fix
        );
    }
    text
}

/// Criteria that no prompt which covers the requirement verifies. Packages that were not numbered by criterion are read
/// more loosely: there the id must stand under Verify.
fn unverified(requirement: &Requirement<'_>, prompts: &[PromptText<'_>]) -> Vec<Finding> {
    let Some(builder) = builder_of(prompts, requirement.id) else { return Vec::new() };
    let covering = prompts.iter().filter(|prompt| prompt.covers().contains(&requirement.id));
    let lines: Vec<&str> = covering
        .flat_map(|prompt| spec::section(prompt.text, "Verify").lines())
        .filter(|line| line.contains(requirement.id))
        .collect();
    let numbered = prompts.iter().any(|prompt| spec::section(prompt.text, "Verify").contains(" criterion "));
    let is_verified = |number: usize| match numbered {
        true => lines.iter().any(|line| line.contains(&format!("{} criterion {number} ", requirement.id))),
        false => !lines.is_empty(),
    };
    let missing = requirement.criteria.iter().enumerate().filter(|(index, _)| !is_verified(index + 1));
    missing
        .map(|(index, criterion)| Finding {
            severity: "major",
            layer: "prompt",
            target: format!("{:02}, {}", builder.number, requirement.id),
            problem: format!(
                "Verify of prompt {:02} has no test for criterion {} of {}: {criterion}",
                builder.number,
                index + 1,
                requirement.id
            ),
            fix: format!(
                "Add a test for criterion {} of {} to Verify and name it in Steps.",
                index + 1,
                requirement.id
            ),
        })
        .collect()
}

/// Now and then the specification itself: a requirement that says only what happens when all goes well.
fn half_said(spec: &str, requirements: &[Requirement<'_>]) -> Option<Finding> {
    let is_due = hash_of(&spec::section(spec, "Overview")) % 5 == 2;
    let requirement = requirements.iter().filter(|_| is_due).find(|one| one.criteria.len() == 1)?;
    Some(Finding {
        severity: "minor",
        layer: "spec",
        target: requirement.id.to_owned(),
        problem: format!(
            "{} '{}' has one criterion only and says nothing of the case that goes wrong.",
            requirement.id, requirement.title
        ),
        fix: format!(
            "Say in {} what happens when it is not possible, as a second criterion.",
            requirement.id
        ),
    })
}
