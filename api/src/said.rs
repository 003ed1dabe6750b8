//! What a person can say to a project, as JSON: the command enum of the rules without what only the server may say.

use garde::Validate;
use groundwork_domain::command::CommandBody;
use groundwork_domain::document;
use groundwork_domain::limits::QUESTIONS_TOTAL_MAX;
use serde::Deserialize;
use utoipa::ToSchema;

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

/// A command.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(tag = "command", rename_all = "snake_case")]
pub(crate) enum Said {
    /// Answers to some or all of the open questions.
    Answer(#[garde(dive)] Answers),
    /// Take the recommendation, as an assumption, for every open question.
    AcceptRecommendations,
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

impl From<Said> for CommandBody {
    fn from(said: Said) -> Self {
        match said {
            Said::Answer(answers) => answers.into(),
            Said::AcceptRecommendations => Self::AcceptRecommendations,
            Said::Refine { target, request } => Self::Refine { target, request },
            Said::Retry { model } => Self::Retry { model },
            Said::Pause => Self::Pause,
            Said::Resume => Self::Resume,
            Said::Cancel => Self::Cancel,
            Said::Archive => Self::Archive,
            Said::Restore => Self::Restore,
            Said::Delete => Self::Delete,
        }
    }
}

/// The first character that no person writes. Whatever a person may write is data; this is not text.
pub(crate) fn unwritable(text: &str) -> Option<char> {
    text.chars().find(|c| c.is_ascii_control() && !matches!(c, '\n' | '\r' | '\t'))
}

/// Words that a person could write. How long they may be is the rules' to say (413).
#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde's signature")]
fn words(value: &str, _context: &()) -> garde::Result {
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
