//! What a stage is given and what it gives back: the payloads of the activities `agent.*`. They lie in Temporal's
//! history, so they hold references (ids, versions, digests, counts) and only ever gain optional fields.

use crate::document::{QuestionFormat, Verdict};
use crate::ids::{CommandId, Digest, ProjectId, StageId, UserId, WorkspaceId};
use crate::pipeline::Verb;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// One exact version of something an agent wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactRef {
    /// Its name in the pipeline: `spec`, `prompts`, `review`.
    pub name: String,
    /// 1, 2, …
    pub version: u32,
    /// Of its content (of the manifest, for a set of prompts).
    pub digest: Digest,
}

/// Something that a stage reads, by reference. The order of a task's sources is the order in the model's context.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "source", rename_all = "snake_case")]
pub enum Source {
    /// The project's idea.
    Idea {
        /// Of its text.
        digest: Digest,
    },
    /// All questions with their answers.
    Answers {
        /// Of the answers as the state machine took them.
        digest: Digest,
    },
    /// One version of an artifact.
    Artifact(ArtifactRef),
}

/// What this attempt is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "work", rename_all = "snake_case")]
pub enum Work {
    /// Write it from what the stage reads.
    Fresh,
    /// Mend what the review names, and nothing else. `artifact` is the version to mend.
    Mend {
        /// 1 or 2.
        round: u32,
        /// The review whose findings are to be mended.
        review: ArtifactRef,
        /// The version to mend.
        artifact: ArtifactRef,
    },
    /// Rewrite one named section or prompt as a person asked. The request's text lies in `refinements` by this id.
    Refine {
        /// The Refine command.
        command_id: CommandId,
        /// What to rewrite.
        target: Target,
        /// The version to change.
        artifact: ArtifactRef,
    },
}

/// What a Refine names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "target", rename_all = "snake_case")]
pub enum Target {
    /// A section of a Markdown artifact: a heading (`Data model`), or a requirement id (`FR-003`).
    Section {
        /// The heading's text or the id.
        heading: String,
    },
    /// A prompt by its number.
    Prompt {
        /// 1, 2, …
        number: u32,
    },
}

impl Target {
    /// Reads what a person names: `02`, `2`, `prompt 2`, `prompts/02`, `prompts/02.md` are prompts; anything else is a
    /// section, with or without `spec#`, `spec/` or leading `#`s.
    ///
    /// ```
    /// # use groundwork_domain::work::Target;
    /// assert_eq!(Target::parse("prompts/02"), Some(Target::Prompt { number: 2 }));
    /// assert_eq!(Target::parse("## Data model"), Some(Target::Section { heading: "Data model".into() }));
    /// assert_eq!(Target::parse("  "), None);
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let lower = text.to_ascii_lowercase();
        let bare = ["prompts/", "prompt/", "prompts ", "prompt ", "prompt-"]
            .iter()
            .find_map(|prefix| lower.strip_prefix(prefix))
            .unwrap_or(&lower);
        let digits = bare.trim().trim_end_matches(".md");
        if !digits.is_empty() && digits.len() <= 3 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return digits.parse().ok().filter(|number| *number > 0).map(|number| Self::Prompt { number });
        }
        let heading = text
            .strip_prefix("spec#")
            .or_else(|| text.strip_prefix("spec/"))
            .unwrap_or(text)
            .trim_start_matches('#')
            .trim();
        if heading.is_empty() || heading.len() > 200 {
            return None;
        }
        Some(Self::Section { heading: heading.to_owned() })
    }
}

impl Target {
    /// Whether a Markdown text has the section that is named: a heading with this text, or with this id in front. Prompts
    /// are no sections.
    #[must_use]
    pub fn is_section_of(&self, markdown: &str) -> bool {
        let Self::Section { heading: wanted } = self else { return false };
        markdown.lines().filter_map(|line| line.strip_prefix('#')).any(|line| {
            let heading = line.trim_start_matches('#').trim();
            let id = heading.split_whitespace().next().unwrap_or_default();
            heading.eq_ignore_ascii_case(wanted) || id.eq_ignore_ascii_case(wanted)
        })
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Section { heading } => f.write_str(heading),
            Self::Prompt { number } => write!(f, "prompt {number:02}"),
        }
    }
}

/// Input of the activities `agent.ask`, `agent.write`, `agent.compose`, `agent.review`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageTask {
    /// The project.
    pub project_id: ProjectId,
    /// Its tenant.
    pub workspace_id: WorkspaceId,
    /// Who started it, and whose usage it is.
    pub owner_id: UserId,
    /// The stage.
    pub stage: StageId,
    /// 1, 2, …: with `stage` the key of the result.
    pub attempt: u32,
    /// What kind of work.
    pub verb: Verb,
    /// Name of the agent's definition.
    pub agent: String,
    /// The artifact that it makes.
    pub produces: String,
    /// What this attempt is for.
    pub work: Work,
    /// What it reads, in order.
    pub reads: Vec<Source>,
    /// A failed attempt whose finished calls are carried over, all but `except_call`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carry_over: Option<CarryOver>,
    /// A model chosen by a person for this attempt, instead of the agent's tier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// At most so many questions (verb `ask`).
    pub questions_max: u32,
    /// Milliseconds of model time left to this attempt.
    pub active_ms_left: u64,
}

/// Calls of a failed attempt that the next one uses again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarryOver {
    /// The failed attempt.
    pub attempt: u32,
    /// The call that was the cause of the failure, if one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub except_call: Option<u32>,
}

/// A question as the rules need it: texts stay in Postgres.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedQuestion {
    /// `Q1`, …
    pub id: String,
    /// How it wants to be answered.
    pub format: QuestionFormat,
    /// Keys of its options.
    pub options: Vec<String>,
    /// Key of the recommended one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recommended: Option<String>,
}

/// What the calls of an attempt used, summed up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// Tokens read, cached ones included.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// US dollars.
    pub cost_usd: Decimal,
    /// Milliseconds of model time.
    pub active_ms: u64,
    /// Calls to models.
    pub calls: u32,
    /// True where a simulator answered.
    #[serde(default)]
    pub simulated: bool,
}

impl Used {
    /// Adds another sum to this one.
    pub fn add(&mut self, other: &Self) {
        self.input_tokens += other.input_tokens;
        self.output_tokens += other.output_tokens;
        self.cost_usd += other.cost_usd;
        self.active_ms += other.active_ms;
        self.calls += other.calls;
        self.simulated |= other.simulated;
    }
}

/// What came out of an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum StageResult {
    /// Questions for people; none is a good answer.
    Asked {
        /// Of the questions as stored.
        manifest: Digest,
        /// At most three.
        questions: Vec<AskedQuestion>,
    },
    /// One Markdown artifact, new or revised.
    Written {
        /// The new version.
        artifact: ArtifactRef,
        /// Prompts that cover something which changed, now stale.
        #[serde(default)]
        stale_prompts: u32,
    },
    /// An ordered set of prompts.
    Composed {
        /// The manifest of the set.
        artifact: ArtifactRef,
        /// How many prompts.
        count: u32,
        /// How many of them changed.
        changed: u32,
    },
    /// A review of exact digests.
    Reviewed {
        /// The review itself.
        artifact: ArtifactRef,
        /// Revise when something can be mended by the stage that `on_findings` names.
        verdict: Verdict,
        /// Findings that the writer can mend.
        mendable: u32,
        /// Findings that only a person can settle.
        open: u32,
    },
}

/// Output of the activities `agent.*`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageOutcome {
    /// What came out.
    #[serde(flatten)]
    pub result: StageResult,
    /// What it took, calls of lost workers included.
    pub used: Used,
}

/// Why an attempt failed for good; details of the activity's failure and part of the project's state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// A word for programs: `provider_refused`, `unreadable_reply`, `context_too_large`, `unknown_model`,
    /// `provider_rejected_key`, `provider_rejected_request`, `provider_unavailable`, `active_time_exceeded`,
    /// `unknown_target`, `no_provider_key`, `internal`.
    pub code: String,
    /// A sentence for people: what happened and what to do.
    pub message: String,
    /// True where trying again without a change cannot help.
    pub permanent: bool,
    /// Model calls that were made.
    #[serde(default)]
    pub calls: u32,
    /// The call that was the cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause_call: Option<u32>,
    /// What it took.
    #[serde(default)]
    pub used: Used,
}
