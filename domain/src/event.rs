//! What the event log says. An event's identity is its project, cause and kind, never its position: a workflow task that
//! dies is retried with what arrived meanwhile, in another order. `seq` is given by `store`.

use crate::command::Actor;
use crate::ids::{CommandId, Digest, ProjectId, StageId, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Kinds of event; wire names are contracts (requirements.md M).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A stage started: `{stage, message}`.
    ProgressUpdate,
    /// Phase or status changed: `{phase, status, stage}`.
    StatusChanged,
    /// Questions wait for people: `{stage, attempt, questions}`.
    QuestionsReady,
    /// An answer was taken: `{question_id, options, assumption}`.
    QuestionAnswered,
    /// The specification is there: `{spec: {artifact, version, digest}}`.
    SpecReady,
    /// Prompts are there: `{count, version}`.
    PromptsGenerated,
    /// A reviewer has spoken: `{verdict, mendable, open, round}`.
    ReviewVerdict,
    /// All stages are done: `{status, open_findings}`.
    WorkflowCompleted,
    /// A stage failed for good: `{error: {code, message, stage, attempt, permanent}}`.
    WorkflowFailed,
    /// A refinement was asked for: `{section}`.
    RefinementRequested,
    /// A refinement is done: `{section, artifact, version, stale_prompts}`.
    RefinementCompleted,
    /// A refinement failed; what was there stays: `{section, error}`.
    RefinementFailed,
    /// A stage is tried again after a failure: `{stage, attempt, model}`.
    StageRetried,
    /// A command was refused: `{command, code, message}`.
    CommandRejected,
    /// A turn of the conversation: `{kind, agent, message}`; written with the turn by `store`.
    NewMessage,
    /// Four fifths or more of a limit are used: `{limit, used, most, message}`.
    LimitNear,
    /// Somebody wrote a comment: `{artifact_id, comment}`; written by `store`.
    CommentAdded,
    /// Somebody brought a file: `{upload_id, filename, media_type, size_bytes}`; written by `store`.
    UploadAdded,
    /// The project was put away: `{}`.
    ProjectArchived,
    /// The project was taken back: `{}`.
    ProjectRestored,
    /// The project was removed.
    ProjectDeleted,
}

impl EventKind {
    /// The wire name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ProgressUpdate => "progress_update",
            Self::StatusChanged => "status_changed",
            Self::QuestionsReady => "questions_ready",
            Self::QuestionAnswered => "question_answered",
            Self::SpecReady => "spec_ready",
            Self::PromptsGenerated => "prompts_generated",
            Self::ReviewVerdict => "review_verdict",
            Self::WorkflowCompleted => "workflow_completed",
            Self::WorkflowFailed => "workflow_failed",
            Self::RefinementRequested => "refinement_requested",
            Self::RefinementCompleted => "refinement_completed",
            Self::RefinementFailed => "refinement_failed",
            Self::StageRetried => "stage_retried",
            Self::CommandRejected => "command_rejected",
            Self::NewMessage => "new_message",
            Self::LimitNear => "limit_near",
            Self::CommentAdded => "comment_added",
            Self::UploadAdded => "upload_added",
            Self::ProjectArchived => "project_archived",
            Self::ProjectRestored => "project_restored",
            Self::ProjectDeleted => "project_deleted",
        }
    }
}

/// What brought an event about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum Cause {
    /// The project's creation.
    Start,
    /// A command.
    Command {
        /// Which.
        command_id: CommandId,
        /// Its wire name.
        name: String,
    },
    /// The end of an attempt.
    Stage {
        /// The stage.
        stage: StageId,
        /// 1, 2, …
        attempt: u32,
    },
    /// A signal that could not be read: its payload's digest, and which of the equal ones it is.
    Signal {
        /// The signal's name.
        name: String,
        /// Of its payload.
        digest: Digest,
        /// 1, 2, … among signals of the same name and payload.
        occurrence: u32,
    },
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Start => f.write_str("start"),
            Self::Command { command_id, name } => write!(f, "command:{name}:{command_id}"),
            Self::Stage { stage, attempt } => write!(f, "stage:{stage}:{attempt}"),
            Self::Signal { name, digest, occurrence } => write!(f, "signal:{name}:{digest}:{occurrence}"),
        }
    }
}

impl Cause {
    /// The command that it is, if it is one.
    #[must_use]
    pub fn command_id(&self) -> Option<CommandId> {
        match self {
            Self::Command { command_id, .. } => Some(*command_id),
            Self::Start | Self::Stage { .. } | Self::Signal { .. } => None,
        }
    }
}

/// Something that happened, as the state machine says it and the event log keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What.
    pub kind: EventKind,
    /// What brought it about.
    #[serde(flatten)]
    pub cause: Cause,
    /// Tells apart several of one kind with one cause: a question id, a stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// Who.
    #[serde(flatten)]
    pub actor: Actor,
    /// When, by the workflow's clock.
    pub at: Timestamp,
    /// References and numbers; `store` adds texts where the kind's description has them.
    pub payload: serde_json::Value,
}

impl Notice {
    /// The event's identity.
    #[must_use]
    pub fn event_id(&self, project: ProjectId) -> Uuid {
        event_id(project, &self.cause, self.kind, self.item.as_deref())
    }
}

/// The identity of an event: UUIDv5(project, cause, kind, item).
#[must_use]
pub fn event_id(project: ProjectId, cause: &Cause, kind: EventKind, item: Option<&str>) -> Uuid {
    let name = format!("{cause}|{}|{}", kind.as_str(), item.unwrap_or_default());
    Uuid::new_v5(&project.0, name.as_bytes())
}

/// A person's text on its way from a command to Postgres; it leaves the state once `publish` has stored it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "text", rename_all = "snake_case")]
pub enum PendingText {
    /// An answer; an assumption has no options of its own but the recommended one.
    Answer {
        /// The command that brought it.
        command_id: CommandId,
        /// It.
        answer: crate::document::Answer,
        /// When.
        at: Timestamp,
        /// Who.
        #[serde(flatten)]
        actor: Actor,
    },
    /// A refinement's request.
    Refinement {
        /// The command that brought it.
        command_id: CommandId,
        /// What it names, as `Target` displays it.
        target: String,
        /// What it asks.
        request: String,
        /// When.
        at: Timestamp,
        /// Who.
        #[serde(flatten)]
        actor: Actor,
    },
}

impl PendingText {
    /// Bytes of people's words in it.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Self::Answer { answer, .. } => {
                answer.text.as_deref().map_or(0, str::len)
                    + answer.options.iter().map(String::len).sum::<usize>()
            }
            Self::Refinement { target, request, .. } => target.len() + request.len(),
        }
    }
}
