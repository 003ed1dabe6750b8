//! What the API answers, as far as this program reads it. Fields that it does not know are left alone: an older program
//! works with a newer server.

use super::exit_of;
use super::tokens::Tokens;
use crate::failure::{Exit, Failure};
use chrono::{DateTime, Utc};
use reqwest::StatusCode;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A problem document (RFC 9457).
#[derive(Debug, Deserialize)]
pub(crate) struct Problem {
    detail: String,
    code: String,
    #[serde(default)]
    request_id: String,
    #[serde(default)]
    errors: Vec<FieldError>,
    #[serde(default)]
    allowed: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
struct FieldError {
    field: String,
    message: String,
}

impl Problem {
    /// As the end of a command, with what to do next where a code says more than the server's own words.
    pub(crate) fn failure(self, status: StatusCode) -> Failure {
        let mut message = self.detail;
        match self.errors.as_slice() {
            [FieldError { field, message: wrong }] if *wrong == message => {
                message = format!("{field}: {wrong}")
            }
            errors => {
                for FieldError { field, message: wrong } in errors {
                    message.push_str(&format!("\n  {field}: {wrong}"));
                }
            }
        }
        let exit = exit_of(status);
        let next = match (exit, self.code.as_str()) {
            (Exit::NotSignedIn, _) => Some("groundwork login --email YOU@EXAMPLE.COM".to_owned()),
            (_, "not_found") => Some("groundwork list shows the projects that you may see".to_owned()),
            (Exit::Unreachable, _) => Some("nothing is lost; try again in a moment".to_owned()),
            (Exit::Failed, _) => {
                Some(format!("the server's log has more under request id {}", self.request_id))
            }
            _ => None,
        };
        Failure { exit, code: self.code, message, next, allowed: self.allowed.unwrap_or_default() }
    }
}

/// Answer to sign-up and login.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum SignIn {
    /// Signed in.
    SignedIn(Tokens),
    /// The second factor is needed too.
    SecondFactor {
        /// To be shown with the code.
        challenge: secrecy::SecretString,
    },
    /// Signed up; the link that was mailed to the address comes first.
    AwaitsVerification {
        /// Always `verify_email`.
        next: String,
    },
}

/// One page of a list.
#[derive(Debug, Deserialize)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    #[serde(default)]
    pub(crate) next_cursor: Option<String>,
}

/// Answer to the creation of a project.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Created {
    pub(crate) project_id: Uuid,
    #[serde(flatten)]
    pub(crate) rest: serde_json::Map<String, serde_json::Value>,
}

/// A project in a list.
#[derive(Debug, Deserialize)]
pub(crate) struct ProjectItem {
    pub(crate) project_id: Uuid,
    pub(crate) title: String,
    pub(crate) pipeline: String,
    pub(crate) status: String,
    pub(crate) phase: String,
    #[serde(default)]
    pub(crate) waiting_for: Option<String>,
    pub(crate) cost_usd: Decimal,
    pub(crate) simulated: bool,
    pub(crate) last_activity_at: DateTime<Utc>,
}

/// A project with its parts.
#[derive(Debug, Deserialize)]
pub(crate) struct Project {
    #[serde(flatten)]
    pub(crate) item: ProjectItem,
    pub(crate) stage: Option<String>,
    pub(crate) refinements_used: u32,
    pub(crate) refinements_max: u32,
    pub(crate) allowed: Vec<String>,
    pub(crate) failure: Option<ProjectFailure>,
    pub(crate) input_tokens: u64,
    pub(crate) output_tokens: u64,
    pub(crate) active_ms: u64,
    pub(crate) model_calls: u32,
    pub(crate) last_sequence: u64,
    #[serde(default)]
    pub(crate) tasks: Vec<Task>,
    #[serde(default)]
    pub(crate) artifacts: Vec<Artifact>,
}

/// Why a project is failed.
#[derive(Debug, Deserialize)]
pub(crate) struct ProjectFailure {
    pub(crate) stage: String,
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) permanent: bool,
}

/// One attempt of a stage.
#[derive(Debug, Deserialize)]
pub(crate) struct Task {
    pub(crate) stage: String,
    pub(crate) attempt: u32,
    pub(crate) agent_type: String,
    pub(crate) status: String,
}

/// The current version of an artifact.
#[derive(Debug, Deserialize)]
pub(crate) struct Artifact {
    pub(crate) name: String,
    pub(crate) version: u32,
}

/// A question with its answer, if it has one.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Question {
    pub(crate) id: String,
    pub(crate) text: String,
    pub(crate) category: String,
    pub(crate) why: String,
    pub(crate) format: groundwork_domain::document::QuestionFormat,
    pub(crate) options: Vec<groundwork_domain::document::QuestionOption>,
    pub(crate) state: String,
}

impl Question {
    pub(crate) fn is_open(&self) -> bool {
        self.state == "open"
    }

    /// The key of the recommended option.
    pub(crate) fn recommended(&self) -> Option<&str> {
        self.options.iter().find(|option| option.recommended).map(|option| option.key.as_str())
    }
}

/// What a reviewer, or a check by code, found.
#[derive(Debug, Deserialize)]
pub(crate) struct Finding {
    pub(crate) id: String,
    pub(crate) severity: String,
    pub(crate) problem: String,
    pub(crate) state: String,
}
