//! What code can decide is not asked of a model (agents.md, rule 6). Findings `K1`, … go to critic and writer as facts.

mod package;
mod words;

use crate::parse::Spec;
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
