//! What a stage is given and what it gives back: the payloads of the activities `agent.*`. They lie in Temporal's
//! history, so they hold references (ids, versions, digests, counts) and only ever gain optional fields.

mod result;
mod target;

use crate::document::QuestionFormat;
use crate::ids::{CommandId, Digest, ProjectId, StageId, UserId, WorkspaceId};
use crate::pipeline::{OwnAgent, Verb};
use crate::request::RequestStatus;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use result::{Failure, StageOutcome, StageResult, Used};
pub use target::Target;

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
    /// A person asked for changes at the stage's gate: write it again. Their comment lies in `gate_decisions` by this id.
    Again {
        /// 1, 2 or 3.
        round: u32,
        /// The version that was read.
        artifact: ArtifactRef,
        /// The Decide command; none where the gate's deadline asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        command_id: Option<CommandId>,
    },
    /// A person answered what an earlier attempt asked. Their words lie in `gate_decisions` by this id. Approved and amended:
    /// go on where that attempt stopped (its calls are carried over). Rejected: begin again, with the words as feedback.
    Answered {
        /// The Decide command.
        command_id: CommandId,
        /// The question.
        request_id: Uuid,
        /// The attempt that asked it.
        asked_by: u32,
        /// `approved`, `amended` or `rejected`.
        status: RequestStatus,
        /// Rejections so far: 0 to 3.
        #[serde(default)]
        round: u32,
    },
    /// A turn of the chat. The person's words lie in the conversation by this id; none in the first turn, which answers
    /// the idea. Attempts of a chat's stage count its turns.
    Turn {
        /// The Message command.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        command_id: Option<CommandId>,
        /// Of the person's words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<Digest>,
        /// The gate at which it is said; none while the brief is shaped. At a gate the brief does not change.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        gate: Option<String>,
    },
    /// Advice beside a gate, on this version. Runs as stage `<stage>-advice` with verb `review`.
    Advise {
        /// The gate.
        gate: String,
        /// The gate's request.
        request_id: Uuid,
        /// What to look at.
        artifact: ArtifactRef,
    },
}

/// Input of the activities `agent.*` and `stage.verdict`.
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
    /// The agent's definition, where it comes with the pipeline and not with Groundwork.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_agent: Option<Box<OwnAgent>>,
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
