//! What the event log says. An event's identity is its project, cause and kind, never its position: a workflow task that
//! dies is retried with what arrived meanwhile, in another order. `seq` is given by `store`.

use crate::access::Role;
use crate::command::Actor;
use crate::ids::{CommandId, Digest, ProjectId, StageId, Timestamp};
use crate::request::Decision;
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
    /// A gate waits for people: `{request_id, gate, stage, attempt, artifact, approvals_needed, role, four_eyes, deadline}`.
    GateReady,
    /// A gate's advisor has spoken: `{request_id, gate, stage, recommendation, reason_digest, artifact}`; advice only.
    GateAdvised,
    /// A gate's advisor failed; the gate goes on waiting: `{request_id, gate, stage, error}`.
    AdviceFailed,
    /// A decision was taken: `{request_id, gate, stage, decision, digest, role, approvals_given, approvals_needed, status}`.
    GateDecided,
    /// A gate waits for long: `{request_id, gate, stage}`.
    GateReminded,
    /// A gate waits for so long that others should know: `{request_id, gate, stage}`.
    GateEscalated,
    /// A gate's deadline passed: `{request_id, gate, stage, on_expiry}`. It is never opened by that.
    GateExpired,
    /// An agent asks a person: `{request_id, stage, attempt, agent_type, digest}`; `store` adds the question.
    HitlRequest,
    /// A person answered an agent: `{request_id, stage, status, decision}`.
    HitlResponse,
    /// An agent began: `{stage, attempt, agent_type}`.
    TaskStart,
    /// An agent's task ended: `{stage, attempt, agent_type, status}`.
    TaskComplete,
    /// How far the pipeline is after a task: `{stage, attempt, progress}`, progress in percent of its stages.
    TaskProgress,
    /// What an agent does now: `{agent_type, status, stage, attempt}`.
    AgentStatusUpdate,
    /// An artifact other than a specification or prompts is there: `{artifact, stage, files?, bytes?}`.
    ArtifactComplete,
    /// A person changed an artifact: `{artifact, base, voided}`.
    ArtifactEdited,
    /// An agent wrote a file: `{stage, attempt, path, bytes}`; written by `store`.
    FileWritten,
    /// The brief was confirmed: `{digest, version}`.
    BriefConfirmed,
    /// A person's chat message was taken: `{stage, turn, gate}`; its text comes as `new_message`.
    MessageTaken,
    /// A chat turn failed; it can be sent again: `{stage, turn, error}`.
    MessageFailed,
    /// The project was named by its agent: `{title}`.
    TitleChanged,
    /// A question was put behind the others: `{question_id}`.
    QuestionDeferred,
    /// An earlier answer was changed: `{question_id, options, superseded}`.
    AnswerAmended,
    /// A new brief, from the first stage again: `{stage, superseded, brief}`.
    ProjectRevised,
    /// A stage and what needs it again: `{stage, superseded, model}`.
    ProjectRewound,
    /// A stage waits for money: `{stage, attempt, scope, measure, limit, used, reserved, wanted}`.
    OverBudget,
    /// A budget was changed: `{tokens, usd}`.
    BudgetChanged,
    /// Somebody commented: `{artifact_id, comment}`; written by `store`.
    CommentAdded,
    /// A file was uploaded: `{upload_id, filename}`; written by `store`.
    UploadAdded,
    /// No progress for long: `{stage, minutes}`; written by the supervisor.
    Stuck,
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
            Self::GateReady => "gate_ready",
            Self::GateAdvised => "gate_advised",
            Self::AdviceFailed => "advice_failed",
            Self::GateDecided => "gate_decided",
            Self::GateReminded => "gate_reminded",
            Self::GateEscalated => "gate_escalated",
            Self::GateExpired => "gate_expired",
            Self::HitlRequest => "hitl_request",
            Self::HitlResponse => "hitl_response",
            Self::TaskStart => "task_start",
            Self::TaskComplete => "task_complete",
            Self::TaskProgress => "task_progress",
            Self::AgentStatusUpdate => "agent_status_update",
            Self::ArtifactComplete => "artifact_complete",
            Self::ArtifactEdited => "artifact_edited",
            Self::FileWritten => "file_written",
            Self::BriefConfirmed => "brief_confirmed",
            Self::MessageTaken => "message_taken",
            Self::MessageFailed => "message_failed",
            Self::TitleChanged => "title_changed",
            Self::QuestionDeferred => "question_deferred",
            Self::AnswerAmended => "answer_amended",
            Self::ProjectRevised => "project_revised",
            Self::ProjectRewound => "project_rewound",
            Self::OverBudget => "over_budget",
            Self::BudgetChanged => "budget_changed",
            Self::CommentAdded => "comment_added",
            Self::UploadAdded => "upload_added",
            Self::Stuck => "stuck",
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
        /// How often the attempt had to wait for money before.
        #[serde(default, skip_serializing_if = "is_zero")]
        parked: u32,
    },
    /// A gate's time came.
    Deadline {
        /// Which instant, as the state had it. Not `at`: a notice, into which this is flattened, has that.
        due: Timestamp,
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

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Start => f.write_str("start"),
            Self::Command { command_id, name } => write!(f, "command:{name}:{command_id}"),
            Self::Stage { stage, attempt, parked: 0 } => write!(f, "stage:{stage}:{attempt}"),
            Self::Stage { stage, attempt, parked } => write!(f, "stage:{stage}:{attempt}.{parked}"),
            Self::Deadline { due } => write!(f, "deadline:{}", due.0),
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
            Self::Start | Self::Stage { .. } | Self::Deadline { .. } | Self::Signal { .. } => None,
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
        /// True where it takes the place of an earlier one.
        #[serde(default, skip_serializing_if = "crate::pipeline::is_false")]
        amended: bool,
        /// When.
        at: Timestamp,
        /// Who.
        #[serde(flatten)]
        actor: Actor,
    },
    /// A decision on a gate or on an agent's question.
    Decision {
        /// The command that brought it.
        command_id: CommandId,
        /// The request that it decides.
        request_id: Uuid,
        /// As it was named.
        gate: String,
        /// What was decided.
        decision: Decision,
        /// Of what was read.
        digest: Digest,
        /// The person's role at that moment; none for an operator.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        role: Option<Role>,
        /// The person's words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        comment: Option<String>,
        /// When.
        at: Timestamp,
        /// Who.
        #[serde(flatten)]
        actor: Actor,
    },
    /// A chat message.
    Message {
        /// The command that brought it.
        command_id: CommandId,
        /// It.
        message: String,
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
            Self::Decision { gate, comment, .. } => gate.len() + comment.as_deref().map_or(0, str::len),
            Self::Message { message, .. } => message.len(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_of_any_cause_reads_back() {
        let stage = StageId("spec".into());
        let causes = [
            Cause::Start,
            Cause::Command { command_id: CommandId(Uuid::from_u128(1)), name: "retry".into() },
            Cause::Stage { stage, attempt: 2, parked: 1 },
            Cause::Deadline { due: Timestamp(7) },
            Cause::Signal { name: "answer".into(), digest: Digest::of(b"x"), occurrence: 1 },
        ];
        for cause in causes {
            let notice = Notice {
                kind: EventKind::StatusChanged,
                cause,
                item: Some("x".into()),
                actor: Actor::System,
                at: Timestamp(9),
                payload: serde_json::json!({}),
            };
            let text = serde_json::to_string(&notice).unwrap();
            assert_eq!(serde_json::from_str::<Notice>(&text).unwrap(), notice, "{text}");
        }
    }
}
