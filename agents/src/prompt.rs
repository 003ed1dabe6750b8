//! What is sent: role prompts, documents between tags, the task. The layout serves caching: system is the same for all
//! projects, documents are the same for all calls of a stage, and only what comes after the last breakpoint differs.

mod documents;
mod escape;
mod set;
mod task;

use crate::call::{Block, FollowUp, ModelRequest};
use crate::keys::CallKeys;
use groundwork_domain::agent::AgentDefinition;
use groundwork_domain::document::brief::ChatTurn;
use groundwork_domain::document::files::{CodeFile, FileLimits};
use groundwork_domain::document::{Answer, Finding, Prompt, Question};
use groundwork_domain::ids::Digest;

pub(crate) use documents::NO_TARGET;
pub use documents::{audit_text, findings_text, prompts_text, questions_text, review_text};
pub(crate) use escape::escape;
pub use set::{PromptSet, PromptSetError};

/// Something that a stage reads.
#[derive(Clone, Copy, Debug)]
pub enum Document<'a> {
    /// The person's words.
    Idea(&'a str),
    /// All questions with the answers that there are.
    Answers {
        /// In the order in which they were asked.
        questions: &'a [Question],
        /// In any order.
        answers: &'a [Answer],
    },
    /// `spec.md`.
    Spec(&'a str),
    /// The whole package.
    Prompts(&'a [Prompt]),
    /// A Markdown document by its name: `brief`, `plan`, `tests`, …
    Named {
        /// As the prompts call it.
        name: &'a str,
        /// The whole text.
        text: &'a str,
    },
    /// Files, with numbers in front of their lines.
    Code(&'a [CodeFile]),
    /// A chat, the oldest turn first.
    Conversation(&'a [ChatTurn]),
}

/// A document of pipelines `build` and `handoff` that is written whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Draft {
    /// The specification of a brief.
    Spec,
    /// The plan of a specification.
    Plan,
    /// The contract tests of both.
    Tests,
    /// What the analyst hands over.
    SoftwareSpecification,
    /// What the architect hands over.
    ImplementationPlan,
}

impl Draft {
    /// As people and prompts call it.
    #[must_use]
    pub fn document(self) -> &'static str {
        match self {
            Self::Spec => "specification",
            Self::Plan => "plan",
            Self::Tests => "tests",
            Self::SoftwareSpecification => "software specification",
            Self::ImplementationPlan => "implementation plan",
        }
    }
}

/// A document that is to be written again as a person asks.
#[derive(Clone, Copy, Debug)]
pub struct Again<'a> {
    /// As it is; empty where nothing was written yet, because a person was asked first.
    pub current: &'a str,
    /// The person's words.
    pub feedback: &'a str,
}

/// What is wanted of this call.
#[derive(Clone, Copy, Debug)]
pub enum Task<'a> {
    /// Questions for people.
    Ask {
        /// At most so many.
        questions_max: u32,
    },
    /// The specification.
    Write,
    /// The prompts.
    Compose,
    /// The prompts again, as a person asked; they stand among the documents.
    ComposeAgain {
        /// The person's words.
        feedback: &'a str,
    },
    /// A verdict on spec and prompts.
    Review {
        /// 1 for the first look, 2 after the first mending, …
        round: u32,
        /// What code found.
        facts: &'a [Finding],
        /// What was to be mended since the last look.
        mended: &'a [Finding],
    },
    /// The named prompts again, mended.
    Mend {
        /// The prompts to mend.
        prompts: &'a [u32],
        /// What the review found in them.
        findings: &'a [Finding],
        /// What code found in them.
        facts: &'a [Finding],
    },
    /// One section of the specification again, as a person asked.
    RefineSection {
        /// Its heading or requirement id.
        target: &'a str,
        /// Its text, heading line included.
        current: &'a str,
        /// The person's words.
        request: &'a str,
    },
    /// One prompt again, as a person asked.
    RefinePrompt {
        /// As it is.
        current: &'a Prompt,
        /// The person's words.
        request: &'a str,
    },
    /// An answer to a person who talks.
    Chat {
        /// What they say now.
        request: &'a str,
        /// The brief as it is; empty where it is to be begun.
        brief: &'a str,
        /// At a gate: where the project stands. The brief is confirmed then.
        gate: Option<&'a str>,
    },
    /// A name for what the specification describes.
    Title,
    /// A whole document, for the first time or again.
    Draft {
        /// Which one.
        draft: Draft,
        /// Set where a person asked for changes.
        again: Option<Again<'a>>,
    },
    /// Files, by calls of tools.
    Implement {
        /// How many and how large.
        limits: FileLimits,
        /// Turns that the loop may have.
        turns_max: u32,
        /// What is wanted changed, or what a person said to a question.
        feedback: Option<&'a str>,
        /// True where the files of an earlier attempt are there.
        goes_on: bool,
    },
    /// A verdict on files, item by item.
    Audit {
        /// What code found, one fact a line.
        facts: &'a str,
    },
    /// Advice at a gate.
    Advise {
        /// What the person decides about: `specification`, `plan`, `tests`.
        document: &'a str,
    },
}

impl Task<'_> {
    /// The word in the task's tag.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Ask { .. } => "ask",
            Self::Write => "write",
            Self::Compose | Self::ComposeAgain { .. } => "compose",
            Self::Review { .. } => "review",
            Self::Mend { .. } => "mend",
            Self::RefineSection { .. } => "refine-section",
            Self::RefinePrompt { .. } => "refine-prompt",
            Self::Chat { .. } => "chat",
            Self::Title => "title",
            Self::Draft { draft: Draft::Spec, .. } => "specify",
            Self::Draft { draft: Draft::Plan, .. } => "plan",
            Self::Draft { draft: Draft::Tests, .. } => "contract-tests",
            Self::Draft { draft: Draft::SoftwareSpecification | Draft::ImplementationPlan, .. } => {
                "hand-over"
            }
            Self::Implement { .. } => "implement",
            Self::Audit { .. } => "audit",
            Self::Advise { .. } => "advise",
        }
    }
}

/// A rendered prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// Governance, role, example.
    pub system: Vec<Block>,
    /// Documents, then the task.
    pub user: Vec<Block>,
    /// Of the templates that were used: governance, role, task. Changes when a prompt's author changes a word.
    pub prompt_digest: Digest,
    /// Of what they were filled with.
    pub input_digest: Digest,
}

impl Rendered {
    /// The request that sends it: the agent's cap and effort, streaming, no model named.
    #[must_use]
    pub fn into_request(self, agent: &AgentDefinition, call_key: impl Into<String>) -> ModelRequest {
        ModelRequest {
            model: None,
            model_setting: format!("tiers.{} in models.toml", agent.tier.as_str()),
            system: self.system,
            user: self.user,
            follow_up: None,
            tools: Vec::new(),
            turns: Vec::new(),
            output_tokens_max: agent.output_tokens_max,
            effort: Some(agent.effort),
            call_key: call_key.into(),
            agent: agent.id.clone(),
            avoid: None,
            stream: true,
            priced_only: false,
            keys: CallKeys::default(),
        }
    }
}

impl ModelRequest {
    /// The same request with a repair turn behind it.
    #[must_use]
    pub fn with_repair(mut self, reply: impl Into<String>, request: impl Into<String>) -> Self {
        self.follow_up = Some(FollowUp { reply: reply.into(), request: request.into() });
        self
    }
}

/// Renders what is sent. Documents come in one order, whatever order they are given in.
///
/// # Errors
/// The set has no prompt of the name that the agent's definition gives.
pub fn render(
    set: &PromptSet,
    agent: &AgentDefinition,
    documents: &[Document<'_>],
    task: &Task<'_>,
) -> Result<Rendered, PromptSetError> {
    let governance = set.get("governance.md")?;
    let (role, example) = set::split_example(set.get(&agent.prompt)?);
    let templates: Vec<&str> =
        task::templates(task).into_iter().map(|name| set.get(name)).collect::<Result<_, _>>()?;
    let mut system = vec![Block::new(governance.trim()), Block::new(role.trim())];
    if let Some(example) = example {
        system.push(Block { text: example.trim().to_owned(), breakpoint: false, detail: true });
    }
    if let Some(last) = system.last_mut() {
        last.breakpoint = true;
    }
    let mut user = documents::blocks(documents);
    let task_text = task::text(&templates, task);
    let inputs: Vec<&[u8]> =
        user.iter().map(|block| block.text.as_bytes()).chain([task_text.as_bytes()]).collect();
    let input_digest = Digest::of_parts(inputs);
    user.push(Block::new(task_text));
    let words = [governance, set.get(&agent.prompt)?].into_iter().chain(templates);
    let prompt_digest = Digest::of_parts(words.map(str::as_bytes));
    Ok(Rendered { system, user, prompt_digest, input_digest })
}
