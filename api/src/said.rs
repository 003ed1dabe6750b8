//! What a person can say to a project, as JSON: the command enum of the rules without what only the server may say.

use crate::telling::Wish;
use garde::Validate;
use groundwork_domain::command::CommandBody;
use groundwork_domain::limits::QUESTIONS_TOTAL_MAX;
use groundwork_domain::request::Decision;
use groundwork_domain::{StageId, document};
use rust_decimal::Decimal;
use serde::Deserialize;
use utoipa::ToSchema;

/// Bytes of a text that a person gives in place of an agent's.
pub(crate) const ARTIFACT_BYTES_MAX: usize = 1024 * 1024;

/// One answer: options, words of one's own, or both.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct OneAnswer {
    /// `Q1`, …
    #[garde(length(bytes, min = 1, max = 100))]
    question_id: String,
    /// Keys of the chosen options.
    #[garde(length(max = 50), inner(length(bytes, max = 100)))]
    #[serde(default)]
    options: Vec<String>,
    /// Words of one's own.
    #[garde(inner(custom(words)))]
    text: Option<String>,
}

/// Answers to some or all of the open questions.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct Answers {
    /// One for each question answered.
    #[garde(length(max = QUESTIONS_TOTAL_MAX), dive)]
    #[serde(default)]
    answers: Vec<OneAnswer>,
    /// Take the recommendation, as an assumption, for every question that is still open.
    #[garde(skip)]
    #[serde(default)]
    recommendations_for_rest: bool,
}

/// What to rewrite, and how.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct Refinement {
    /// What to change, in words.
    #[garde(custom(words))]
    #[serde(alias = "request")]
    refinement_request: String,
    /// A heading of the specification, a requirement id, or a prompt (`02`, `prompts/02`).
    #[garde(custom(words))]
    #[serde(alias = "target")]
    target_section: String,
}

/// Which brief was read, where its document leaves that open.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
pub(crate) struct Confirmation {
    /// SHA-256 of what was read. Without it this is bound to whatever is there when it arrives, and to nothing that was read: say it.
    #[garde(inner(custom(is_digest)))]
    pub(crate) digest: Option<String>,
}

/// Which brief was read.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct BriefConfirmation {
    /// SHA-256 of what was read: `digest` of the artifact `brief`.
    #[garde(custom(is_read_digest))]
    #[schema(required = true, nullable = false)]
    digest: Option<String>,
}

/// A new brief.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
pub(crate) struct Revision {
    /// All of it; the present one stays when not said.
    #[garde(inner(custom(long_words)))]
    #[serde(alias = "new_brief")]
    pub(crate) brief: Option<String>,
}

/// A decision.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct DecisionWish {
    /// The gate's name; the stage's id for a question.
    #[garde(length(bytes, min = 1, max = 100))]
    pub(crate) gate: String,
    /// SHA-256 of what was read: `digest` of the request in `GET /projects/{id}/hitl`.
    #[garde(custom(is_read_digest))]
    #[schema(required = true, nullable = false)]
    pub(crate) digest: Option<String>,
    /// `approve`, `amend`, `request_changes` or `reject`.
    #[schema(value_type = String)]
    #[garde(skip)]
    pub(crate) decision: Decision,
    /// Why, or what to change; for a question the answer.
    #[garde(inner(custom(words)))]
    pub(crate) comment: Option<String>,
    /// With amend: all of the text that takes the place of the agent's.
    #[garde(inner(custom(long_words)))]
    pub(crate) content: Option<String>,
}

/// What a project may use. A name that nobody knows is refused, and not taken for no limit.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BudgetChange {
    /// Tokens over all time.
    #[garde(inner(range(max = 1_000_000_000_000)))]
    #[serde(alias = "tokens_max")]
    tokens: Option<u64>,
    /// US dollars over all time.
    #[garde(inner(custom(amount)))]
    #[serde(alias = "usd_max")]
    usd: Option<Decimal>,
}

/// A command.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(tag = "command", rename_all = "snake_case")]
pub(crate) enum Said {
    /// Answers to some or all of the open questions.
    Answer(#[garde(dive)] Answers),
    /// Take the recommendation, as an assumption, for every open question.
    AcceptRecommendations,
    /// Put an open question behind the others.
    Defer {
        /// `Q1`, …
        #[garde(length(bytes, min = 1, max = 100))]
        question_id: String,
    },
    /// Another answer to a question that has one; what was made from the old one is made again.
    AmendAnswer(#[garde(dive)] OneAnswer),
    /// A turn of the chat, while a brief is shaped and at gates.
    Message {
        /// What to say.
        #[garde(custom(words))]
        text: String,
    },
    /// The brief is what is wanted.
    ConfirmBrief(#[garde(dive)] BriefConfirmation),
    /// A decision on a gate, or on an agent's question.
    Decide(#[garde(dive)] DecisionWish),
    /// A text of one's own as the next version of an artifact.
    Edit {
        /// Its name in the pipeline: `spec`.
        #[garde(length(bytes, min = 1, max = 100))]
        artifact: String,
        /// Of the version that was changed; the current one when not said.
        #[garde(inner(custom(is_digest)))]
        base_digest: Option<String>,
        /// All of the new text.
        #[garde(custom(long_words))]
        content: String,
    },
    /// From the first stage again.
    Revise(#[garde(dive)] Revision),
    /// A stage and all that needs it again.
    Rewind {
        /// Where to begin.
        #[garde(length(bytes, min = 1, max = 100))]
        stage: String,
        /// A model for that stage instead of the agent's own.
        #[garde(length(bytes, max = 100))]
        model: Option<String>,
    },
    /// Set the project's budget; without any limit it is taken away. What waits for money goes on.
    SetBudget(#[garde(dive)] BudgetChange),
    /// Rewrite one named section or prompt.
    Refine {
        /// A heading of the specification, a requirement id, or a prompt (`02`, `prompts/02`).
        #[garde(custom(words))]
        target: String,
        /// What to change, in words.
        #[garde(custom(words))]
        request: String,
    },
    /// The failed stage again.
    Retry {
        /// A model for this attempt instead of the agent's own.
        #[garde(length(bytes, max = 100))]
        model: Option<String>,
    },
    /// Stop starting work.
    Pause,
    /// Go on after a pause.
    Resume,
    /// Stop for good.
    Cancel,
    /// Put the project away.
    Archive,
    /// Take it back.
    Restore,
    /// Remove the project.
    Delete,
}

impl From<OneAnswer> for document::Answer {
    fn from(answer: OneAnswer) -> Self {
        Self { question_id: answer.question_id, options: answer.options, text: answer.text, assumption: None }
    }
}

impl From<Answers> for CommandBody {
    fn from(said: Answers) -> Self {
        let answers = said.answers.into_iter().map(Into::into).collect();
        Self::Answer { answers, recommendations_for_rest: said.recommendations_for_rest }
    }
}

impl From<Refinement> for CommandBody {
    fn from(said: Refinement) -> Self {
        Self::Refine { target: said.target_section, request: said.refinement_request }
    }
}

impl From<Said> for Wish {
    fn from(said: Said) -> Self {
        let plain = match said {
            Said::ConfirmBrief(confirmation) => return Self::ConfirmBrief { digest: confirmation.digest },
            Said::Decide(decision) => return Self::Decide(decision),
            Said::Edit { artifact, base_digest, content } => {
                return Self::Edit { artifact, base: base_digest, content };
            }
            Said::Revise(revision) => return Self::Revise { brief: revision.brief },
            Said::SetBudget(change) => {
                return Self::SetBudget { tokens: change.tokens, usd: change.usd };
            }
            Said::Answer(answers) => answers.into(),
            Said::AcceptRecommendations => CommandBody::AcceptRecommendations,
            Said::Defer { question_id } => CommandBody::Defer { question_id },
            Said::AmendAnswer(answer) => CommandBody::AmendAnswer { answer: answer.into() },
            Said::Message { text } => CommandBody::Message { text },
            Said::Rewind { stage, model } => CommandBody::Rewind { stage: StageId(stage), model },
            Said::Refine { target, request } => CommandBody::Refine { target, request },
            Said::Retry { model } => CommandBody::Retry { model },
            Said::Pause => CommandBody::Pause,
            Said::Resume => CommandBody::Resume,
            Said::Cancel => CommandBody::Cancel,
            Said::Archive => CommandBody::Archive,
            Said::Restore => CommandBody::Restore,
            Said::Delete => CommandBody::Delete,
        };
        Self::Plain(plain)
    }
}

/// A digest as this installation writes them.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde's signature")]
fn is_digest(value: &str, _context: &()) -> garde::Result {
    if value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)) {
        return Ok(());
    }
    Err(garde::Error::new("is 64 hexadecimal digits in lower case: the SHA-256 of what was read"))
}

/// A decision names what was read: what is there now may be something else.
fn is_read_digest(value: &Option<String>, context: &()) -> garde::Result {
    match value {
        Some(value) => is_digest(value, context),
        None => Err(garde::Error::new(
            "is missing: the SHA-256 of what was read, `digest` of the request in GET /projects/{id}/hitl or of the artifact in GET /projects/{id}/artifacts",
        )),
    }
}

/// An amount of money.
pub(crate) fn amount(value: &Decimal, _context: &()) -> garde::Result {
    let most = Decimal::from(100_000_000);
    if value.is_sign_negative() || *value > most || value.scale() > 10 {
        return Err(garde::Error::new("is an amount from 0 to 100000000 with at most ten decimals"));
    }
    Ok(())
}

/// A whole text that a person could write.
pub(crate) fn long_words(value: &str, context: &()) -> garde::Result {
    if value.len() > ARTIFACT_BYTES_MAX {
        return Err(garde::Error::new(format!("has more than {ARTIFACT_BYTES_MAX} bytes")));
    }
    words(value, context)
}

/// The first character that no person writes. Whatever a person may write is data; this is not text.
pub(crate) fn unwritable(text: &str) -> Option<char> {
    text.chars().find(|c| c.is_ascii_control() && !matches!(c, '\n' | '\r' | '\t'))
}

/// Words that a person could write. How long they may be is the rules' to say (413).
#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde's signature")]
pub(crate) fn words(value: &str, _context: &()) -> garde::Result {
    if value.trim().is_empty() {
        return Err(garde::Error::new("is empty"));
    }
    match unwritable(value) {
        None => Ok(()),
        Some(found) => Err(garde::Error::new(format!(
            "has the control character U+{:04X}: it is not text",
            u32::from(found)
        ))),
    }
}
