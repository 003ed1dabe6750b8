//! What comes out of an attempt, and what it took.

use super::{ArtifactRef, AskedQuestion};
use crate::document::Verdict;
use crate::document::audit::Recommendation;
use crate::ids::Digest;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

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
        /// Reviews of files, and verdicts: whether it passed. What cannot be read did not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        passed: Option<bool>,
    },
    /// Files, through tools.
    Implemented {
        /// Their manifest.
        artifact: ArtifactRef,
        /// How many.
        files: u32,
        /// Of all together.
        bytes: u64,
    },
    /// A turn of the chat, or a title.
    Replied {
        /// Of what the agent said.
        message: Digest,
        /// The brief's next version, where it has grown.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        artifact: Option<ArtifactRef>,
        /// The project's name, from a stage that gives one; at most 200 characters are taken.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: Option<String>,
    },
    /// Advice beside a gate.
    Advised {
        /// What was looked at.
        artifact: ArtifactRef,
        /// What is recommended.
        recommendation: Recommendation,
        /// Of the reasons as stored.
        reason: Digest,
    },
    /// The agent asks a person and waits.
    PersonAsked {
        /// `request::question_request_id` of this attempt.
        request_id: Uuid,
        /// Of the question as stored.
        manifest: Digest,
    },
    /// There is not enough money left for the next call.
    OverBudget {
        /// `project` or `workspace`.
        scope: String,
        /// `tokens` or `usd`.
        measure: String,
        /// The budget.
        limit: Decimal,
        /// Spent. (Beside it on the wire stands what the attempt used.)
        #[serde(rename = "spent")]
        used: Decimal,
        /// Held by calls that are under way.
        reserved: Decimal,
        /// The call's most expensive outcome.
        wanted: Decimal,
    },
}

/// Output of the activities `agent.*` and `stage.verdict`.
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
    /// `unknown_target`, `unreadable_document`, `no_provider_key`, `internal`; and from the rules `rejected`, `changes_used_up`, `gate_expired`,
    /// `verdict_failed`.
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
