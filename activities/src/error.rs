//! How an attempt ends without a result, and how the workflow reads it.

use groundwork_agents::prompt::PromptSetError;
use groundwork_agents::{CallError, parse};
use groundwork_domain::Digest;
use groundwork_domain::work::{Failure, Used};
use groundwork_store::StoreError;
use groundwork_store::results::PersonAsked;
use std::time::Duration;
use temporalio_common::error::ApplicationFailure;
use temporalio_sdk::activities::ActivityError;

/// First delay where a provider names none.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Why an attempt has no result.
#[derive(Debug, thiserror::Error)]
pub enum AttemptError {
    /// Nobody waits for it any more.
    #[error("the attempt was cancelled")]
    Cancelled,
    /// It was told to stop while it is still wanted: its worker stops, or its heartbeats did not arrive.
    #[error("the worker stops; the attempt goes on elsewhere")]
    Interrupted,
    /// A provider failed in a way that passes by itself. Such tries are not counted.
    #[error("{message}")]
    Later {
        /// [`CallError::code`].
        code: &'static str,
        /// What happened.
        message: String,
        /// The provider's own delay, or a second.
        delay: Duration,
    },
    /// The database failed in a way that passes by itself.
    #[error("the database does not answer")]
    Store(#[source] StoreError),
    /// What the attempt reads is not stored yet: the publication that brings it is on its way.
    #[error("not stored yet: {0}")]
    NotYet(&'static str),
    /// No budget has room for the next call. It becomes a result, and the same attempt goes on once there is money again.
    #[error("no budget has room for the next call")]
    OverBudget(Box<groundwork_store::budgets::Over>),
    /// The agent asks a person. It becomes a result too.
    #[error("the agent asks a person")]
    Asked {
        /// What, and how to go on.
        asked: Box<PersonAsked>,
        /// The model that asks.
        model: String,
        /// The prompt that it was asked with.
        prompt_digest: Digest,
    },
    /// For good.
    #[error("{}", .0.message)]
    Failed(Box<Failure>),
}

impl From<StoreError> for AttemptError {
    fn from(error: StoreError) -> Self {
        if error.is_transient() {
            return Self::Store(error);
        }
        tracing::error!(error = &error as &dyn std::error::Error, "the store refuses an attempt");
        Self::failed("internal", error.to_string(), false)
    }
}

impl From<PromptSetError> for AttemptError {
    fn from(error: PromptSetError) -> Self {
        Self::failed("internal", error.to_string(), true)
    }
}

impl AttemptError {
    /// A failure for good; what it took is added where it is known.
    pub(crate) fn failed(code: &str, message: impl Into<String>, permanent: bool) -> Self {
        Self::Failed(Box::new(Failure {
            code: code.to_owned(),
            message: message.into(),
            permanent,
            calls: 0,
            cause_call: None,
            used: Used::default(),
        }))
    }

    /// The failure of a call.
    pub(crate) fn of_call(error: &CallError, call_no: u32) -> Self {
        if matches!(error, CallError::Cancelled { .. }) {
            return Self::Cancelled;
        }
        if error.retryable() {
            let delay = error.retry_after().unwrap_or(RETRY_AFTER).max(RETRY_AFTER);
            return Self::Later { code: error.code(), message: error.to_string(), delay };
        }
        Self::failed(error.code(), error.to_string(), true).caused_by(call_no)
    }

    /// A reply that still could not be read after its repair turns.
    pub(crate) fn unreadable(agent: &str, errors: &parse::ParseErrors, call_no: u32) -> Self {
        let first = errors.0.first().map(ToString::to_string).unwrap_or_default();
        let message =
            format!("The {agent}'s replies could not be read, the last one for this reason: {first}");
        Self::failed("unreadable_reply", message, false).caused_by(call_no)
    }

    /// The call from which on nothing is used again by the next attempt.
    pub(crate) fn caused_by(mut self, call_no: u32) -> Self {
        if let Self::Failed(failure) = &mut self {
            failure.cause_call = Some(call_no);
        }
        self
    }
}

/// A failure for good carries [`Failure`] as details; everything else is tried again by Temporal.
pub(crate) fn to_activity_error(error: AttemptError) -> ActivityError {
    let application = match error {
        AttemptError::Cancelled => return ActivityError::cancelled(),
        AttemptError::Failed(failure) => {
            let (code, message) = (failure.code.clone(), failure.message.clone());
            ApplicationFailure::builder(message).type_name(code).non_retryable(true).details(*failure).build()
        }
        // A failure, since only a failure makes Temporal try again at once.
        AttemptError::Interrupted => {
            ApplicationFailure::builder("the worker stops").type_name("interrupted".to_owned()).build()
        }
        AttemptError::Later { code, message, delay } => {
            ApplicationFailure::builder(message).type_name(code.to_owned()).next_retry_delay(delay).build()
        }
        AttemptError::Store(source) => {
            tracing::warn!(
                error = &source as &dyn std::error::Error,
                "the database does not answer an attempt"
            );
            ApplicationFailure::builder("the database does not answer").type_name("store".to_owned()).build()
        }
        // Both were made results before they could come here.
        AttemptError::OverBudget(_) | AttemptError::Asked { .. } => {
            ApplicationFailure::builder("internal").type_name("internal".to_owned()).build()
        }
        AttemptError::NotYet(what) => ApplicationFailure::builder(format!("not stored yet: {what}"))
            .type_name("not_yet".to_owned())
            .build(),
    };
    ActivityError::Application(Box::new(application))
}
