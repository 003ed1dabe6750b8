//! What people say to a project, and how it is refused.

use crate::access::Role;
use crate::document::Answer;
use crate::ids::{CommandId, Digest, StageId, UserId};
use crate::limits::COMMAND_TEXT_BYTES_MAX;
use crate::project::Summary;
use crate::request::Decision;
use crate::work::ArtifactRef;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// Who spoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "actor", rename_all = "snake_case")]
pub enum Actor {
    /// A signed-in person, through the API.
    User {
        /// Who.
        user_id: UserId,
    },
    /// Somebody with access to Temporal: a signal or a cancellation request proves nobody.
    Operator,
    /// The state machine itself.
    System,
}

/// A person's word to a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// Applied once.
    pub command_id: CommandId,
    /// Who said it.
    #[serde(flatten)]
    pub actor: Actor,
    /// What they said.
    #[serde(flatten)]
    pub body: CommandBody,
}

/// What can be said. Bytes of all texts of one command: at most 64 KiB.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum CommandBody {
    /// Answers to some or all of the open questions.
    Answer {
        /// One for each question answered.
        answers: Vec<Answer>,
        /// Take the recommendation, as an assumption, for every question that is still open.
        #[serde(default)]
        recommendations_for_rest: bool,
    },
    /// Take the recommendation, as an assumption, for every open question.
    AcceptRecommendations,
    /// Put an open question behind the others; it comes back when they are answered.
    Defer {
        /// `Q1`, …
        question_id: String,
    },
    /// Another answer to a question that has one; what was made from the old one is made again.
    AmendAnswer {
        /// The whole new answer.
        answer: Answer,
    },
    /// A turn of the chat, while a brief is shaped and at gates.
    Message {
        /// What the person says.
        text: String,
    },
    /// The brief is what is wanted: the pipeline begins.
    ConfirmBrief {
        /// Of the brief that was read.
        digest: Digest,
    },
    /// A decision on a gate, or on an agent's question.
    Decide {
        /// The gate's name; the stage's id for a question.
        gate: String,
        /// Of what was read: the artifact, or the question.
        digest: Digest,
        /// What is decided.
        decision: Decision,
        /// Why, or what to change; for a question the person's answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        comment: Option<String>,
        /// Amend: the person's text, stored already, as the artifact's next version.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        artifact: Option<ArtifactRef>,
        /// Who decides: set by the API from the membership, never by the caller. Signals have none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        role: Option<Role>,
    },
    /// A person's text as the next version of an artifact. What was approved has to be approved again.
    Edit {
        /// Of the version that was read and changed.
        base: Digest,
        /// The new version, stored already.
        artifact: ArtifactRef,
    },
    /// A new brief, or the same: from the first stage again.
    Revise {
        /// The new brief, stored already.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        brief: Option<ArtifactRef>,
    },
    /// A stage and all that needs it again.
    Rewind {
        /// Where to begin.
        stage: StageId,
        /// A model for that stage instead of the agent's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        model: Option<String>,
    },
    /// A budget was changed (it lies in Postgres, and was changed before this was said): stages that wait for money go on.
    SetBudget {
        /// The project's tokens, where it was the project's that changed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tokens: Option<u64>,
        /// The project's US dollars.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        usd: Option<Decimal>,
    },
    /// After completion: rewrite one named section or prompt.
    Refine {
        /// A heading, a requirement id, or a prompt (`02`, `prompts/02`).
        target: String,
        /// What to change, in words.
        request: String,
    },
    /// After a failure: the failed stage again.
    Retry {
        /// A model for this attempt instead of the agent's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        model: Option<String>,
    },
    /// Stop starting work; what is bought stays.
    Pause,
    /// Go on after a pause.
    Resume,
    /// Stop for good; what is there stays readable.
    Cancel,
    /// Put the project away as it is; its workflow ends.
    Archive,
    /// Take an archived or deleted project back; it goes on where it stood.
    Restore,
    /// Remove the project; its workflow ends.
    Delete,
}

impl CommandBody {
    /// The wire name, also used in causes and in `allowed`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Answer { .. } => "answer",
            Self::AcceptRecommendations => "accept_recommendations",
            Self::Defer { .. } => "defer",
            Self::AmendAnswer { .. } => "amend_answer",
            Self::Message { .. } => "message",
            Self::ConfirmBrief { .. } => "confirm_brief",
            Self::Decide { .. } => "decide",
            Self::Edit { .. } => "edit",
            Self::Revise { .. } => "revise",
            Self::Rewind { .. } => "rewind",
            Self::SetBudget { .. } => "set_budget",
            Self::Refine { .. } => "refine",
            Self::Retry { .. } => "retry",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Cancel => "cancel",
            Self::Archive => "archive",
            Self::Restore => "restore",
            Self::Delete => "delete",
        }
    }

    /// Why its texts are longer than those of one command may be; none where they are not.
    #[must_use]
    pub fn too_long(&self) -> Option<String> {
        let bytes = self.text_bytes();
        (bytes > COMMAND_TEXT_BYTES_MAX).then(|| {
            format!(
                "The texts of one command have at most {COMMAND_TEXT_BYTES_MAX} bytes, these have {bytes}."
            )
        })
    }

    /// Bytes of free text in it.
    #[must_use]
    pub fn text_bytes(&self) -> usize {
        self.texts().into_iter().map(str::len).sum()
    }

    /// True where a text has a NUL character.
    #[must_use]
    pub fn has_nul(&self) -> bool {
        self.texts().into_iter().any(|text| text.contains('\0'))
    }

    fn texts(&self) -> Vec<&str> {
        match self {
            Self::Answer { answers, .. } => answers.iter().flat_map(answer_texts).collect(),
            Self::AmendAnswer { answer } => answer_texts(answer).collect(),
            Self::Defer { question_id } => vec![question_id],
            Self::Message { text } => vec![text],
            Self::Refine { target, request } => vec![target, request],
            Self::Retry { model } => model.iter().map(String::as_str).collect(),
            Self::ConfirmBrief { digest } => vec![&digest.0],
            Self::Decide { gate, digest, comment, artifact, .. } => {
                let texts = [gate, &digest.0].into_iter().chain(comment);
                texts.map(String::as_str).chain(artifact.iter().flat_map(reference_texts)).collect()
            }
            Self::Edit { base, artifact } => {
                reference_texts(artifact).into_iter().chain([base.0.as_str()]).collect()
            }
            Self::Revise { brief } => brief.iter().flat_map(reference_texts).collect(),
            Self::Rewind { stage, model } => {
                [&stage.0].into_iter().chain(model).map(String::as_str).collect()
            }
            Self::AcceptRecommendations
            | Self::SetBudget { .. }
            | Self::Pause
            | Self::Resume
            | Self::Cancel
            | Self::Archive
            | Self::Restore
            | Self::Delete => Vec::new(),
        }
    }
}

fn answer_texts(answer: &Answer) -> impl Iterator<Item = &str> {
    let words = [Some(answer.question_id.as_str()), answer.text.as_deref()];
    words.into_iter().flatten().chain(answer.options.iter().map(String::as_str))
}

fn reference_texts(artifact: &ArtifactRef) -> [&str; 2] {
    [&artifact.name, &artifact.digest.0]
}

/// Why a command was refused. Its `Display` is its JSON: of an update validator's refusal only the text reaches the client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// A word for programs.
    pub code: RejectionCode,
    /// A sentence for people.
    pub message: String,
    /// Wire names of the commands that would be taken now.
    #[serde(default)]
    pub allowed: Vec<String>,
}

/// Kinds of refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectionCode {
    /// No question is open now.
    NotWaiting,
    /// This question was not asked.
    UnknownQuestion,
    /// This question has its answer already.
    AlreadyAnswered,
    /// The answer does not fit the question (unknown option, two options of a radio, nothing at all).
    InvalidAnswer,
    /// The state does not allow this command.
    WrongState,
    /// What it names does not exist.
    UnknownTarget,
    /// What was read is no longer what is there.
    StaleDigest,
    /// There is no such gate, or it does not wait for a decision.
    WrongGate,
    /// Whoever this is may not decide here.
    WrongRole,
    /// Nobody approves what they wrote or began themselves.
    FourEyes,
    /// Somebody has decided this before.
    AlreadyDecided,
    /// The allowance is used up.
    LimitReached,
    /// A text is too long.
    TooLarge,
    /// It could not be read at all (signals only).
    Unreadable,
}

impl std::fmt::Display for Rejection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| std::fmt::Error)?)
    }
}

impl std::error::Error for Rejection {}

impl Rejection {
    /// Reads a refusal back from the text of an update's failure, which may have words before it.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let start = text.find('{')?;
        let mut values = serde_json::Deserializer::from_str(&text[start..]).into_iter::<Self>();
        values.next()?.ok()
    }
}

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Disposition {
    /// It was applied now.
    Applied,
    /// It had been applied before.
    Repeated,
    /// It was refused.
    Rejected {
        /// Why.
        rejection: Rejection,
    },
}

/// Answer of the update `command`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// What became of it.
    #[serde(flatten)]
    pub disposition: Disposition,
    /// The project after it.
    pub summary: Summary,
}

/// A model may be named for Retry only in this form: letters, digits, `.`, `-`, `_`, `/`, `:`; at most 100 bytes.
#[must_use]
pub fn is_model_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 100
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_/:".contains(&byte))
}

/// The stage a cause or a failure speaks of, with its attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageAttempt {
    /// The stage.
    pub stage: StageId,
    /// 1, 2, …
    pub attempt: u32,
}
