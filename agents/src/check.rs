//! What code can decide is not asked of a model (agents.md, rule 6). Findings `K1`, … go to critic and writer as facts.

mod build;
mod package;
mod words;

use crate::parse::{ParseErrors, Spec};
use groundwork_domain::document::audit::{Advice, Audit};
use groundwork_domain::document::files::{CodeFile, Coverage};
use groundwork_domain::document::handoff::{ImplementationPlan, SoftwareSpecification};
use groundwork_domain::document::plan::{ContractTests, Plan};
use groundwork_domain::document::{Finding, Prompt, Question};

/// Fewest words of a prompt.
pub const PROMPT_WORDS_MIN: usize = 400;
/// Most words of a prompt.
pub const PROMPT_WORDS_MAX: usize = 1_500;

/// Everything that code finds in a specification and the prompts that were made from it.
#[must_use]
pub fn package(spec: &Spec, prompts: &[Prompt]) -> Vec<Finding> {
    package::check(spec, prompts)
}

/// What code finds in a specification alone: placeholders, cited questions and assumptions that do not exist.
#[must_use]
pub fn spec(spec: &Spec, questions: &[Question], assumptions: &[String]) -> Vec<Finding> {
    package::check_spec(spec, questions, assumptions)
}

/// Pairs of questions that ask the same, by their ids.
#[must_use]
pub fn duplicate_questions(questions: &[Question]) -> Vec<(String, String)> {
    words::duplicates(questions)
}

/// Requirement ids that changed between two versions: new, gone, or with other words. In the order of the ids.
#[must_use]
pub fn changed_requirements(before: &Spec, after: &Spec) -> Vec<String> {
    package::changed_requirements(before, after)
}

/// Ids that name something else than before: a requirement renumbered or an id used again. A finding each.
#[must_use]
pub fn renumbered(before: &Spec, after: &Spec) -> Vec<Finding> {
    package::renumbered(before, after)
}

/// Numbers of the prompts that cover any of these requirements: stale once one of them changed.
#[must_use]
pub fn stale_prompts(changed: &[String], prompts: &[Prompt]) -> Vec<u32> {
    prompts
        .iter()
        .filter(|prompt| prompt.covers.iter().any(|id| changed.contains(id)))
        .map(|prompt| prompt.number)
        .collect()
}

/// Whether a plan covers its specification, and names nothing that is not in it.
///
/// # Errors
/// Everything that is wrong.
pub fn plan(spec: &Spec, plan: &Plan) -> Result<(), ParseErrors> {
    build::plan(spec, plan)
}

/// The same of what the architect hands over.
///
/// # Errors
/// Everything that is wrong.
pub fn handed_plan(spec: &SoftwareSpecification, plan: &ImplementationPlan) -> Result<(), ParseErrors> {
    let ids = spec.requirements.iter().map(|one| one.id.clone()).collect();
    build::tasks(&ids, &plan.task_breakdown)
}

/// Whether contract tests fit specification and plan.
///
/// # Errors
/// Everything that is wrong.
pub fn contract(spec: &Spec, plan: &Plan, tests: &ContractTests) -> Result<(), ParseErrors> {
    build::contract(spec, plan, tests)
}

/// Whether a new version of a document keeps the headings of these ids.
///
/// # Errors
/// Every id that is gone.
pub fn ids_kept(before: &[String], after: &str) -> Result<(), ParseErrors> {
    build::ids_kept(before, after)
}

/// Whether every reason of an advice quotes the brief.
///
/// # Errors
/// Every quotation that is none.
pub fn advice(brief: &str, advice: &Advice) -> Result<(), ParseErrors> {
    build::advice(brief, advice)
}

/// Whether the places that a review names are there.
///
/// # Errors
/// Every place that is not.
pub fn audit(files: &[CodeFile], audit: &Audit) -> Result<(), ParseErrors> {
    build::audit(files, audit)
}

/// Whether an implementer is done: planned files written, requirements covered by files that are there.
///
/// # Errors
/// Everything that is missing.
pub fn finished(
    files: &[&str],
    planned: &[String],
    requirements: &[String],
    coverage: &[Coverage],
) -> Result<(), ParseErrors> {
    build::finished(files, planned, requirements, coverage)
}
