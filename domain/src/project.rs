//! The state machine of a project.

use crate::ids::StageId;
use serde::{Deserialize, Serialize};

/// The canonical phase (design.md §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// A brief is still being shaped.
    Drafting,
    /// Agents work.
    Working,
    /// Questions wait for people.
    AwaitingInput,
    /// A gate waits for people.
    AwaitingApproval,
    /// Stopped for a while by a person.
    Paused,
    /// All stages are done.
    Completed,
    /// A stage failed for good; open for Retry.
    Failed,
    /// Stopped for good by a person.
    Cancelled,
}

impl Phase {
    /// The wire name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Drafting => "drafting",
            Self::Working => "working",
            Self::AwaitingInput => "awaiting_input",
            Self::AwaitingApproval => "awaiting_approval",
            Self::Paused => "paused",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What list views and search attributes show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Canonical.
    pub phase: Phase,
    /// The pipeline's own word.
    pub status: String,
    /// The stage that is under way, waited for or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<StageId>,
    /// `answers` while questions wait for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_for: Option<String>,
    /// Ids of questions that wait for an answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub open_questions: Vec<String>,
    /// Refinements that were done.
    pub refinements_used: u32,
    /// Refinements that are allowed.
    pub refinements_max: u32,
    /// US dollars so far.
    pub cost_usd: rust_decimal::Decimal,
    /// Wire names of the commands that would be taken now.
    pub allowed: Vec<String>,
    /// True once the project was deleted; its workflow has ended.
    #[serde(default)]
    pub deleted: bool,
}
