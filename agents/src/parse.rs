//! Strict reading of replies: the grammars of `shared/agents.md`. An error names the line, the rule and what was found, so
//! that a repair turn can quote it. Nothing is guessed, and a verdict that cannot be read is never a pass.

mod advice;
mod audit;
mod chat;
mod contract;
mod handoff;
mod lines;
mod outline;
mod plan;
mod prompts;
mod questions;
mod review;
mod section;
mod spec;
mod title;

use crate::call::{ModelReply, StopReason};
use groundwork_domain::document::audit::{Advice, Audit};
use groundwork_domain::document::brief::{Brief, ChatReply};
use groundwork_domain::document::handoff::{ImplementationPlan, SoftwareSpecification};
use groundwork_domain::document::plan::{ContractTests, Plan};
use groundwork_domain::document::{Finding, Prompt, Question, Verdict};
use std::fmt;

pub(crate) use advice::quotations;
pub use audit::{CODE_CHECKLIST, ChecklistItem, SECURITY_CHECKLIST};
pub use spec::{HEADINGS, Requirement, Section, Spec};
pub use title::TITLE_CHARS_MAX;

/// Fewest prompts of a package.
pub const PROMPTS_MIN: usize = 5;
/// Most prompts of a package.
pub const PROMPTS_MAX: usize = 6;
/// Errors that are kept of one reply; more would only lengthen the repair turn.
pub const ERRORS_MAX: usize = 20;
/// Longest reply that is read, in bytes: twice what the largest cap can produce.
pub const REPLY_BYTES_MAX: usize = 1024 * 1024;

/// One thing that is wrong with a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// 1-based; 0 where the whole reply is meant.
    pub line: usize,
    /// What the grammar wants.
    pub rule: String,
    /// What stands there instead, at most 120 characters.
    pub found: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            write!(f, "the reply: {}; found {}", self.rule, self.found)
        } else {
            write!(f, "line {}: {}; found {}", self.line, self.rule, self.found)
        }
    }
}

/// Everything that is wrong with a reply, in the order of its lines; never empty, at most [`ERRORS_MAX`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct ParseErrors(pub Vec<ParseError>);

/// A review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// What the reviewer says of the whole.
    pub verdict: Verdict,
    /// `C1`, … in the order of the reply.
    pub findings: Vec<Finding>,
}

/// The text of a reply that is whole.
///
/// # Errors
/// The reply was cut at its cap, or the model stopped for a reason that leaves no answer.
pub fn whole(reply: &ModelReply) -> Result<&str, ParseErrors> {
    let found = match &reply.stop_reason {
        StopReason::EndTurn | StopReason::Other(_) if !reply.text.trim().is_empty() => return Ok(&reply.text),
        StopReason::MaxTokens => format!("a reply cut after {} tokens", reply.tokens.output),
        StopReason::EndTurn | StopReason::ToolUse | StopReason::Refusal | StopReason::Other(_) => {
            format!("{} bytes of text, stopped for `{}`", reply.text.len(), reply.stop_reason)
        }
    };
    let rule = "a whole reply that ends by itself is wanted; write more briefly if it was cut".to_owned();
    Err(ParseErrors(vec![ParseError { line: 0, rule, found }]))
}

/// Reads the elicitor's reply: `## Q1: …` blocks, or the one line `No questions.`.
///
/// # Errors
/// Every rule that is broken, more than `questions_max` questions included.
pub fn questions(text: &str, questions_max: usize) -> Result<Vec<Question>, ParseErrors> {
    questions::parse(text, questions_max)
}

/// Reads the architect's reply.
///
/// # Errors
/// Every rule that is broken: headings in order, ids, sources, acceptance criteria, empty sections.
pub fn spec(text: &str) -> Result<Spec, ParseErrors> {
    spec::parse(text)
}

/// Reads the new text of one section of a specification: its heading line first, as it was, and no other section.
/// Gives the text as it is to be spliced in, without blank lines around it.
///
/// # Errors
/// Another heading or id, a second section, no text, a requirement that breaks its own rules.
pub fn section(text: &str, current: &str) -> Result<String, ParseErrors> {
    section::parse(text, current)
}

/// Reads the synthesizer's reply: 5 to 6 prompts, numbered from 01 without gaps, stages in order.
///
/// # Errors
/// Every rule that is broken.
pub fn prompts(text: &str) -> Result<Vec<Prompt>, ParseErrors> {
    prompts::parse_all(text)
}

/// Reads mended prompts: each of `numbers` once, and no other.
///
/// # Errors
/// Every rule that is broken.
pub fn some_prompts(text: &str, numbers: &[u32]) -> Result<Vec<Prompt>, ParseErrors> {
    prompts::parse_some(text, numbers)
}

/// Reads one prompt of that number.
///
/// # Errors
/// Every rule that is broken.
pub fn one_prompt(text: &str, number: u32) -> Result<Prompt, ParseErrors> {
    let mut found = prompts::parse_some(text, &[number])?;
    found.pop().ok_or_else(|| ParseErrors(vec![lines::whole("one prompt is wanted", "none")]))
}

/// Reads the critic's reply. What cannot be read is an error and never a pass.
///
/// # Errors
/// Every rule that is broken.
pub fn review(text: &str) -> Result<Review, ParseErrors> {
    review::parse(text)
}

/// Reads the business analyst's reply: a message, and the brief, which must be there if `with_brief`.
///
/// # Errors
/// Every rule that is broken.
pub fn chat(text: &str, with_brief: bool) -> Result<ChatReply, ParseErrors> {
    chat::parse(text, with_brief)
}

/// Reads a brief as it is stored.
///
/// # Errors
/// Every rule that is broken.
pub fn brief(text: &str) -> Result<Brief, ParseErrors> {
    chat::stored_brief(text)
}

/// Reads a title: one line of plain words.
///
/// # Errors
/// Every rule that is broken.
pub fn title(text: &str) -> Result<String, ParseErrors> {
    title::parse(text)
}

/// Reads the planner's reply.
///
/// # Errors
/// Every rule that is broken. Whether the tasks fit a specification, [`crate::check::plan`] says.
pub fn plan(text: &str) -> Result<Plan, ParseErrors> {
    plan::parse(text)
}

/// Reads the contract tester's reply.
///
/// # Errors
/// Every rule that is broken. Whether the tests fit specification and plan, [`crate::check::contract`] says.
pub fn contract(text: &str) -> Result<ContractTests, ParseErrors> {
    contract::parse(text)
}

/// Reads a review of files against a checklist. What cannot be read is an error and never a pass.
///
/// # Errors
/// Every rule that is broken.
pub fn audit(text: &str, checklist: &[ChecklistItem]) -> Result<Audit, ParseErrors> {
    audit::parse(text, checklist)
}

/// Reads the alignment reviewer's reply. What cannot be read is an error and never an approval.
///
/// # Errors
/// Every rule that is broken.
pub fn advice(text: &str) -> Result<Advice, ParseErrors> {
    advice::parse(text)
}

/// Reads the analyst's reply: its typed fields, and the text as it is stored.
///
/// # Errors
/// Every rule that is broken.
pub fn software_specification(text: &str) -> Result<(SoftwareSpecification, String), ParseErrors> {
    handoff::specification(text)
}

/// Reads the reply of pipeline `handoff`'s architect: its typed fields, and the text as it is stored.
///
/// # Errors
/// Every rule that is broken.
pub fn implementation_plan(text: &str) -> Result<(ImplementationPlan, String), ParseErrors> {
    handoff::plan(text)
}
