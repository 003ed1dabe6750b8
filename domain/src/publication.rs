//! What the activity `publish` writes in one transaction: notices, texts, read model and state snapshot.

use crate::event::{Notice, PendingText};
use crate::ids::{ProjectId, StageId, Timestamp, WorkspaceId};
use crate::project::{Phase, Summary};
use crate::request::RequestView;
use crate::work::{ArtifactRef, Failure, Used};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Input of `publish`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publication {
    /// The project.
    pub project_id: ProjectId,
    /// Its tenant.
    pub workspace_id: WorkspaceId,
    /// Which publication: an older one does not overwrite the read model of a newer one.
    pub position: Position,
    /// What happened since the last one, in the order in which it was applied.
    pub notices: Vec<Notice>,
    /// Texts that leave the state with it.
    pub texts: Vec<PendingText>,
    /// The read model.
    pub view: ProjectView,
    /// The whole state as JSON, from which the project can be opened again.
    pub snapshot: serde_json::Value,
}

/// Order of publications: run, then length of the history, then number among those of one length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    /// Counts runs of the workflow (continue-as-new, reopening), from 1.
    pub run: u32,
    /// Events in the history of that run.
    pub history_length: u32,
    /// 0, 1, …: what happens while a task of the workflow publishes is published by the same task, when the history is no longer.
    #[serde(default)]
    pub nth: u32,
}

/// The read model of a project: what GETs show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectView {
    /// What lists show.
    pub summary: Summary,
    /// One entry an attempt, oldest first: the tasks of requirements.md O-06.
    pub tasks: Vec<TaskView>,
    /// Current artifacts.
    pub artifacts: Vec<ArtifactRef>,
    /// What the whole run took.
    pub used: Used,
    /// Requests to people: those that wait, and the last that were settled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<RequestView>,
    /// Why it is failed, when it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<StageFailure>,
    /// All that is failed, one a stage, the oldest first: a branch may be failed while others go on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<StageFailure>,
    /// When all stages were done for the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Timestamp>,
    /// When something last happened.
    pub last_activity_at: Timestamp,
}

/// A failure with its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageFailure {
    /// The stage.
    pub stage: StageId,
    /// 1, 2, …
    pub attempt: u32,
    /// The project's phase when it failed.
    pub phase: Phase,
    /// Why.
    #[serde(flatten)]
    pub failure: Failure,
    /// When.
    pub at: Timestamp,
}

/// One attempt of a stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskView {
    /// The stage.
    pub stage: StageId,
    /// 1, 2, …
    pub attempt: u32,
    /// The agent.
    pub agent: String,
    /// `pending`, `working`, `waiting_for_input`, `waiting_for_hitl`, `completed`, `failed`, `superseded`, `cancelled`.
    pub status: TaskStatus,
}

/// The identity of an attempt of a stage, as a task (requirements O-06).
#[must_use]
pub fn task_id(project: ProjectId, stage: &str, attempt: u32) -> Uuid {
    Uuid::new_v5(&project.0, format!("task|{stage}|{attempt}").as_bytes())
}

/// States of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskStatus {
    /// Waits for other stages.
    Pending,
    /// An agent works on it.
    Working,
    /// People are asked.
    WaitingForInput,
    /// A gate, an agent's question or a budget waits for people.
    WaitingForHitl,
    /// Done.
    Completed,
    /// Failed for good.
    Failed,
    /// A later attempt replaced it.
    Superseded,
    /// The project was cancelled meanwhile.
    Cancelled,
}

impl TaskStatus {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Working,
        Self::WaitingForInput,
        Self::WaitingForHitl,
        Self::Completed,
        Self::Failed,
        Self::Superseded,
        Self::Cancelled,
    ];

    /// True where the agent has nothing more to do for it.
    #[must_use]
    pub const fn is_final(self) -> bool {
        match self {
            Self::Pending | Self::Working | Self::WaitingForInput | Self::WaitingForHitl => false,
            Self::Completed | Self::Failed | Self::Superseded | Self::Cancelled => true,
        }
    }

    /// The wire name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Working => "working",
            Self::WaitingForInput => "waiting_for_input",
            Self::WaitingForHitl => "waiting_for_hitl",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Superseded => "superseded",
            Self::Cancelled => "cancelled",
        }
    }
}
