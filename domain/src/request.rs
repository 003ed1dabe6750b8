//! Requests to people: gates, and questions that agents ask in the middle of their work. Both are one mechanism, and what
//! is decided is bound to the digest of what was read.

use crate::access::Role;
use crate::command::Actor;
use crate::document::audit::Recommendation;
use crate::ids::{Digest, ProjectId, StageId, Timestamp};
use crate::work::ArtifactRef;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a person decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Go on.
    Approve,
    /// Go on with the person's own text.
    Amend,
    /// The stage again, with the comment.
    RequestChanges,
    /// The stage is failed, code `rejected`; open for Revise and Rewind.
    Reject,
}

impl Decision {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Approve, Self::Amend, Self::RequestChanges, Self::Reject];

    /// The wire name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Amend => "amend",
            Self::RequestChanges => "request_changes",
            Self::Reject => "reject",
        }
    }
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestKind {
    /// A gate: whether an artifact is what is wanted.
    Gate,
    /// An agent's question.
    Question,
}

impl RequestKind {
    /// The wire name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gate => "gate",
            Self::Question => "question",
        }
    }
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestStatus {
    /// It waits.
    Pending,
    /// It was approved.
    Approved,
    /// Changes were asked for, or it was rejected.
    Rejected,
    /// A person's own text took its place.
    Amended,
    /// What it asks about was replaced meanwhile.
    Superseded,
    /// Nobody decided in time.
    Expired,
}

impl RequestStatus {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::Approved, Self::Rejected, Self::Amended, Self::Superseded, Self::Expired];

    /// The wire name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Amended => "amended",
            Self::Superseded => "superseded",
            Self::Expired => "expired",
        }
    }

    /// Whether a request in this status may come to that one. What was settled stays so, but that an approval becomes void
    /// when what was approved is replaced.
    #[must_use]
    pub const fn may_become(self, to: Self) -> bool {
        match self {
            Self::Pending => !matches!(to, Self::Pending),
            Self::Approved | Self::Amended => matches!(to, Self::Superseded),
            Self::Rejected | Self::Superseded | Self::Expired => false,
        }
    }
}

/// The identity of a gate's request: by what is asked, never by a position.
#[must_use]
pub fn gate_request_id(
    project: ProjectId,
    stage: &StageId,
    attempt: u32,
    artifact: &ArtifactRef,
    opening: u32,
) -> Uuid {
    let name = format!("gate|{stage}|{attempt}|{}|{}|{opening}", artifact.version, artifact.digest);
    Uuid::new_v5(&project.0, name.as_bytes())
}

/// The identity of the question that an attempt asks a person; each attempt asks at most one.
#[must_use]
pub fn question_request_id(project: ProjectId, stage: &StageId, attempt: u32) -> Uuid {
    Uuid::new_v5(&project.0, format!("question|{stage}|{attempt}").as_bytes())
}

/// The digest under which a question to a person is answered: of what they read.
#[must_use]
pub fn question_digest(question: &str, reason: &str) -> Digest {
    Digest::of_parts([question.as_bytes(), reason.as_bytes()])
}

/// One approval of several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Who.
    #[serde(flatten)]
    pub actor: Actor,
    /// Their role at that moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// When.
    pub at: Timestamp,
}

/// A request as it is read: in the project's summary while it waits, in the read model for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestView {
    /// Its identity.
    pub request_id: Uuid,
    /// Gate or question.
    pub kind: RequestKind,
    /// What decisions name: the gate's name, or the id of the stage that asks.
    pub gate: String,
    /// The stage.
    pub stage: StageId,
    /// 1, 2, …
    pub attempt: u32,
    /// What decisions must name as read: the artifact's digest, or that of the question.
    pub digest: Digest,
    /// What a gate asks about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<ArtifactRef>,
    /// What became of it.
    pub status: RequestStatus,
    /// The least role that may decide.
    pub role: Role,
    /// Approvals that are needed.
    pub approvals_needed: u32,
    /// Approvals that were given.
    pub approvals: Vec<Approval>,
    /// True where nobody approves what they wrote or began themselves.
    pub four_eyes: bool,
    /// True where operators may decide.
    pub operators: bool,
    /// When it was asked.
    pub created_at: Timestamp,
    /// Until when; pauses push it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
    /// What the advisor says, once it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recommendation: Option<Recommendation>,
    /// Who settled it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<Actor>,
    /// When it was settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<Timestamp>,
}

impl RequestView {
    /// How many approvals it has.
    #[must_use]
    pub fn approvals_given(&self) -> u32 {
        u32::try_from(self.approvals.len()).unwrap_or(u32::MAX)
    }
}
