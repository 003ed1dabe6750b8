//! Why a call failed: sorted once, here, into what time can mend and what it cannot.

use crate::call::ModelReply;
use groundwork_domain::model::{ProviderId, Tokens, UnknownModel};
use std::time::Duration;

/// What an interrupted call left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interruption {
    /// What the model had written.
    pub partial: String,
    /// What will probably be billed: the provider's own counters as far as it sent them, else an estimate.
    pub tokens: Tokens,
    /// The model.
    pub model: String,
    /// Who ran it.
    pub provider: ProviderId,
    /// The provider's name for the call.
    pub request_id: Option<String>,
    /// Milliseconds from sending the request to the interruption.
    pub duration_ms: u64,
    /// True where a simulator answered.
    pub simulated: bool,
}

/// Why a call failed. The text of an error says what happened and what to do; it never has a key in it.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Too many requests for now (429).
    #[error("{provider} limits the rate of requests{}; the call is made again by itself", wait(.retry_after))]
    RateLimited {
        /// Who said so.
        provider: ProviderId,
        /// The provider's own delay.
        retry_after: Option<Duration>,
        /// The provider's name for the call.
        request_id: Option<String>,
    },
    /// The provider has too much to do (529, 503, `overloaded_error`).
    #[error("{provider} is overloaded{}; the call is made again by itself", wait(.retry_after))]
    Overloaded {
        /// Who said so.
        provider: ProviderId,
        /// The provider's own delay.
        retry_after: Option<Duration>,
        /// The provider's name for the call.
        request_id: Option<String>,
    },
    /// Not a byte came for too long.
    #[error("{provider} sent nothing for too long ({detail}); the call is made again by itself")]
    Timeout {
        /// Who was silent.
        provider: ProviderId,
        /// Which wait ended.
        detail: String,
    },
    /// The provider could not be reached, or the connection broke before its answer began.
    #[error("{provider} cannot be reached at its address ({detail}); check the network and its base URL")]
    Network {
        /// Who could not be reached.
        provider: ProviderId,
        /// What the network said.
        detail: String,
    },
    /// The provider failed (other 5xx, 408, 409, or an answer that is not its protocol).
    #[error("{provider} failed with status {status} ({detail}){}; the call is made again by itself", wait(.retry_after))]
    ServerError {
        /// Who failed.
        provider: ProviderId,
        /// Of the HTTP answer.
        status: u16,
        /// The provider's words.
        detail: String,
        /// The provider's own delay.
        retry_after: Option<Duration>,
        /// The provider's name for the call.
        request_id: Option<String>,
    },
    /// The answer broke off in the middle.
    #[error("{} broke off in the middle of its answer ({reason}); the call is made again by itself", .interruption.provider)]
    Interrupted {
        /// What happened.
        reason: String,
        /// The provider's own delay, if it sent an error in the stream.
        retry_after: Option<Duration>,
        /// What there was of the answer.
        interruption: Box<Interruption>,
    },
    /// The caller cancelled the call.
    #[error("the call was cancelled")]
    Cancelled {
        /// What there was of the answer; `None` where the request was not sent yet.
        interruption: Option<Box<Interruption>>,
    },
    /// No provider that could serve takes calls now: their circuit breakers are open.
    #[error("no provider can be called at the moment ({providers}); the call is made again in {} s", .retry_after.as_secs().max(1))]
    Unavailable {
        /// Who was asked for.
        providers: String,
        /// When the first of them may be tried again.
        retry_after: Duration,
    },
    /// The key is wrong or may not do this (401, 403).
    #[error("{provider} rejected the API key ({detail}); set a valid key in {setting} and retry")]
    RejectedKey {
        /// Who rejected it.
        provider: ProviderId,
        /// The provider's words.
        detail: String,
        /// Where the key is set.
        setting: &'static str,
        /// The provider's name for the call.
        request_id: Option<String>,
    },
    /// The account has no money or quota left.
    #[error(
        "{provider} does not serve this account any more ({detail}); check its billing and quota, then retry"
    )]
    Billing {
        /// Who said so.
        provider: ProviderId,
        /// The provider's words.
        detail: String,
        /// The provider's name for the call.
        request_id: Option<String>,
    },
    /// The model would not answer. It is paid for all the same.
    #[error("{} refused to answer; change the idea or the answers, or retry with another model", .reply.model)]
    Refused {
        /// What it said and used.
        reply: Box<ModelReply>,
    },
    /// The provider did not understand the request (400, 404, 413, 422).
    #[error(
        "{provider} rejected the request with status {status} ({detail}); retry with another model, or report this"
    )]
    RejectedRequest {
        /// Who rejected it.
        provider: ProviderId,
        /// Of the HTTP answer.
        status: u16,
        /// The provider's words.
        detail: String,
        /// The provider's name for the call.
        request_id: Option<String>,
    },
    /// The prompt does not fit, seen before the call or said by the provider.
    #[error(
        "the documents have about {prompt_tokens} tokens and {model} takes {limit_tokens} beside its answer; shorten the idea or the answers, or retry with a model of a larger context"
    )]
    ContextTooLarge {
        /// The model.
        model: String,
        /// An estimate.
        prompt_tokens: u64,
        /// What fits.
        limit_tokens: u64,
    },
    /// Nobody knows a model of that name.
    #[error(transparent)]
    UnknownModel(#[from] UnknownModel),
    /// The pipeline runs with a key of one's own, and there is none.
    #[error(
        "this pipeline runs with your own provider key or your workspace's, and there is none for {wanted}; store one, or ask the operator to permit the platform's"
    )]
    NoOwnKey {
        /// The tier or model that was asked for.
        wanted: String,
    },
    /// No provider that could serve has a key.
    #[error(
        "no model provider is set up for {wanted}; set ANTHROPIC_API_KEY or OPENAI_API_KEY, or a base URL of a local server"
    )]
    NoKey {
        /// The tier or model that was asked for.
        wanted: String,
    },
}

fn wait(retry_after: &Option<Duration>) -> String {
    retry_after.map_or_else(String::new, |delay| format!(" and asks to wait {} s", delay.as_secs().max(1)))
}

impl CallError {
    /// True where trying again later can help.
    #[must_use]
    pub fn retryable(&self) -> bool {
        match self {
            Self::RateLimited { .. }
            | Self::Overloaded { .. }
            | Self::Timeout { .. }
            | Self::Network { .. }
            | Self::ServerError { .. }
            | Self::Interrupted { .. }
            | Self::Unavailable { .. } => true,
            Self::Cancelled { .. }
            | Self::RejectedKey { .. }
            | Self::Billing { .. }
            | Self::Refused { .. }
            | Self::RejectedRequest { .. }
            | Self::ContextTooLarge { .. }
            | Self::UnknownModel(_)
            | Self::NoOwnKey { .. }
            | Self::NoKey { .. } => false,
        }
    }

    /// The provider's own delay before the next attempt.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after, .. }
            | Self::Overloaded { retry_after, .. }
            | Self::ServerError { retry_after, .. }
            | Self::Interrupted { retry_after, .. } => *retry_after,
            Self::Unavailable { retry_after, .. } => Some(*retry_after),
            Self::Timeout { .. }
            | Self::Network { .. }
            | Self::Cancelled { .. }
            | Self::RejectedKey { .. }
            | Self::Billing { .. }
            | Self::Refused { .. }
            | Self::RejectedRequest { .. }
            | Self::ContextTooLarge { .. }
            | Self::UnknownModel(_)
            | Self::NoOwnKey { .. }
            | Self::NoKey { .. } => None,
        }
    }

    /// The word for programs, as in `domain::work::Failure::code`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::RateLimited { .. }
            | Self::Overloaded { .. }
            | Self::Timeout { .. }
            | Self::Network { .. }
            | Self::ServerError { .. }
            | Self::Interrupted { .. }
            | Self::Unavailable { .. } => "provider_unavailable",
            Self::Cancelled { .. } => "cancelled",
            Self::RejectedKey { .. } | Self::Billing { .. } => "provider_rejected_key",
            Self::Refused { .. } => "provider_refused",
            Self::RejectedRequest { .. } => "provider_rejected_request",
            Self::ContextTooLarge { .. } => "context_too_large",
            Self::UnknownModel(_) => "unknown_model",
            Self::NoOwnKey { .. } | Self::NoKey { .. } => "no_provider_key",
        }
    }

    /// True where the provider itself is to blame: what its circuit breaker counts. A limit on our rate is not.
    #[must_use]
    pub fn counts_against_provider(&self) -> bool {
        match self {
            Self::Overloaded { .. }
            | Self::Timeout { .. }
            | Self::Network { .. }
            | Self::ServerError { .. }
            | Self::Interrupted { .. } => true,
            Self::RateLimited { .. }
            | Self::Unavailable { .. }
            | Self::Cancelled { .. }
            | Self::RejectedKey { .. }
            | Self::Billing { .. }
            | Self::Refused { .. }
            | Self::RejectedRequest { .. }
            | Self::ContextTooLarge { .. }
            | Self::UnknownModel(_)
            | Self::NoOwnKey { .. }
            | Self::NoKey { .. } => false,
        }
    }

    /// What the failed call left behind, where it had begun to answer.
    #[must_use]
    pub fn interruption(&self) -> Option<&Interruption> {
        match self {
            Self::Interrupted { interruption, .. } => Some(interruption),
            Self::Cancelled { interruption } => interruption.as_deref(),
            _ => None,
        }
    }

    /// The provider's name for the failed call.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::RateLimited { request_id, .. }
            | Self::Overloaded { request_id, .. }
            | Self::ServerError { request_id, .. }
            | Self::RejectedKey { request_id, .. }
            | Self::Billing { request_id, .. }
            | Self::RejectedRequest { request_id, .. } => request_id.as_deref(),
            Self::Refused { reply } => reply.request_id.as_deref(),
            _ => self.interruption().and_then(|interruption| interruption.request_id.as_deref()),
        }
    }
}
