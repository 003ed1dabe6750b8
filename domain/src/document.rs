//! What agents write, as values: questions, answers, prompts, findings. The grammars are in `shared/agents.md`;
//! the parsers that read them from Markdown live in `agents`.

pub mod audit;
pub mod brief;
pub mod files;
pub mod handoff;
pub mod plan;

use crate::ids::Digest;
use serde::{Deserialize, Serialize};

/// How a question wants to be answered. Free text is always possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum QuestionFormat {
    /// One of the options.
    Radio,
    /// Any of the options.
    Checkbox,
    /// A sentence or more of one's own.
    Text,
}

/// One concrete way to answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuestionOption {
    /// `A`, `B`, …
    pub key: String,
    /// What choosing it means.
    pub label: String,
    /// At most one option of a question is recommended.
    pub recommended: bool,
}

/// A question of the elicitor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// `Q1`, `Q2`, …: never renumbered, never reused.
    pub id: String,
    /// The question itself.
    pub text: String,
    /// What it is about, in a few words.
    pub category: String,
    /// Why the answer matters: what it decides.
    pub why: String,
    /// How it wants to be answered.
    pub format: QuestionFormat,
    /// Three or four options; none for `text`.
    pub options: Vec<QuestionOption>,
}

/// A person's answer, or the recommendation taken in its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The question that it answers.
    pub question_id: String,
    /// Keys of the chosen options.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// Words of one's own, beside or instead of options.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// `A1`, …: set when nobody chose and the recommendation was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assumption: Option<String>,
}

/// Where a prompt belongs in the order of building.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PromptStage {
    /// Project skeleton, tools, database.
    Setup,
    /// Server side.
    Backend,
    /// What people see.
    Frontend,
    /// The parts working together.
    Integration,
    /// Running somewhere.
    Deployment,
}

impl PromptStage {
    /// All stages in the order in which prompts must come.
    pub const ALL: [Self; 5] =
        [Self::Setup, Self::Backend, Self::Frontend, Self::Integration, Self::Deployment];

    /// The word used on the wire and in prompts.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Setup => "setup",
            Self::Backend => "backend",
            Self::Frontend => "frontend",
            Self::Integration => "integration",
            Self::Deployment => "deployment",
        }
    }
}

/// One prompt of a package: what a coding agent is given in one go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompt {
    /// 1, 2, …: its place in the order; written `01`.
    pub number: u32,
    /// Its place in the order of building.
    pub stage: PromptStage,
    /// A few words.
    pub title: String,
    /// Requirement ids (`FR-001`, …) that it covers.
    pub covers: Vec<String>,
    /// Numbers of the prompts that must be done before.
    pub needs: Vec<u32>,
    /// The whole Markdown of the prompt, heading line to checklist, as the agent wrote it.
    pub content: String,
    /// The items of its checklist, in order.
    pub checklist: Vec<String>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nice to have.
    Minor,
    /// Should be mended.
    Major,
    /// The package does not work with it.
    Blocker,
}

/// Which text is wrong: decides where a finding goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    /// A prompt: the synthesizer mends it.
    Prompt,
    /// The specification: shown to the person.
    Spec,
    /// What the person wants: shown to the person as a question.
    Intent,
    /// Files that an agent wrote: the verdict of their reviews.
    Code,
}

/// Something that a reviewer, or a check by code, found wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// `C1`, … from a reviewer; `K1`, … from a check by code.
    pub id: String,
    /// How bad it is.
    pub severity: Severity,
    /// Which text is wrong.
    pub layer: Layer,
    /// Numbers of the prompts that it speaks of.
    pub prompts: Vec<u32>,
    /// Requirement ids that it speaks of.
    pub requirements: Vec<String>,
    /// What is wrong.
    pub problem: String,
    /// What would mend it.
    pub fix: String,
}

/// What a reviewer says of the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing that must be mended.
    Pass,
    /// Something must be mended.
    Revise,
}

impl Answer {
    /// The digest by which the state machine and the stages know this answer.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut parts = vec![
            self.question_id.as_bytes(),
            self.text.as_deref().unwrap_or_default().as_bytes(),
            self.assumption.as_deref().unwrap_or_default().as_bytes(),
        ];
        parts.extend(self.options.iter().map(String::as_bytes));
        Digest::of_parts(parts)
    }
}

/// The digest of a list of answers, in the order in which their questions were asked.
pub fn answers_digest<'a>(answers: impl IntoIterator<Item = &'a Digest>) -> Digest {
    Digest::of_parts(answers.into_iter().map(|digest| digest.0.as_bytes()))
}
