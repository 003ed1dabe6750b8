//! Answers as HTTP: bodies, headers, and the pieces of a stream in a provider's words.

use crate::exchange::{ApiError, Ask, ErrorKind, Piece, Provider, Reply, Usage};
use crate::{anthropic, openai};
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use chrono::{SecondsFormat, Utc};
use serde_json::Value;

/// Requests a minute that the rate-limit headers speak of. Nothing is limited unless a fault says so.
const REQUESTS_PER_MINUTE: u32 = 50_000;
/// Tokens a minute that the rate-limit headers speak of.
const TOKENS_PER_MINUTE: u64 = 40_000_000;

/// A reply with what its protocol needs to write it.
pub(super) struct Wire {
    pub(super) provider: Provider,
    id: String,
    model: String,
    pub(super) stream: bool,
    include_usage: bool,
    pub(super) reply: Reply,
    usage: Usage,
}

impl Wire {
    /// `hash` of the request names the reply, so that the same request gives the same bytes.
    pub(super) fn new(provider: Provider, hash: u64, ask: Ask, reply: Reply, usage: Usage) -> Self {
        let id = match provider {
            Provider::Anthropic => format!("msg_simulated{hash:016x}"),
            Provider::OpenAi => format!("chatcmpl-simulated{hash:016x}"),
        };
        Self {
            provider,
            id,
            model: ask.model,
            stream: ask.stream,
            include_usage: ask.include_usage,
            reply,
            usage,
        }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>, piece: &Piece) {
        match self.provider {
            Provider::Anthropic => {
                anthropic::write_piece(out, piece, &self.id, &self.model, &self.reply, &self.usage);
            }
            Provider::OpenAi => {
                let usage = self.include_usage.then_some(&self.usage);
                openai::write_piece(out, piece, &self.id, &self.model, &self.reply, usage);
            }
        }
    }

    /// The body of an answer without a stream.
    pub(super) fn whole(&self) -> Value {
        match self.provider {
            Provider::Anthropic => anthropic::message(&self.id, &self.model, &self.reply, &self.usage),
            Provider::OpenAi => openai::completion(&self.id, &self.model, &self.reply, &self.usage),
        }
    }

    /// A successful answer around this body.
    pub(super) fn response(&self, body: Body, request_id: &str) -> Response {
        let mut response = Response::new(body);
        let kind = if self.stream { "text/event-stream; charset=utf-8" } else { "application/json" };
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        provider_headers(headers, self.provider, request_id, REQUESTS_PER_MINUTE - 1);
        response
    }
}

/// An error in the provider's shape and with its headers.
pub(crate) fn error_response(provider: Provider, error: &ApiError, request_id: &str) -> Response {
    let (status, body) = match provider {
        Provider::Anthropic => (anthropic::status(error.kind), anthropic::error_body(error, request_id)),
        Provider::OpenAi => (openai::status(error.kind), openai::error_body(error)),
    };
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let remaining = if error.kind == ErrorKind::RateLimit { 0 } else { REQUESTS_PER_MINUTE - 1 };
    provider_headers(headers, provider, request_id, remaining);
    if let Some(seconds) = error.retry_after_s {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn provider_headers(headers: &mut HeaderMap, provider: Provider, request_id: &str, remaining: u32) {
    let mut set = |name: &'static str, value: HeaderValue| {
        headers.insert(HeaderName::from_static(name), value);
    };
    let id = HeaderValue::from_str(request_id).unwrap_or(HeaderValue::from_static("req_simulated"));
    match provider {
        Provider::Anthropic => {
            let reset =
                (Utc::now() + chrono::TimeDelta::seconds(60)).to_rfc3339_opts(SecondsFormat::Secs, true);
            let reset = HeaderValue::from_str(&reset).unwrap_or(HeaderValue::from_static(""));
            set("request-id", id);
            set("anthropic-organization-id", HeaderValue::from_static("simulated"));
            set("anthropic-ratelimit-requests-limit", HeaderValue::from(REQUESTS_PER_MINUTE));
            set("anthropic-ratelimit-requests-remaining", HeaderValue::from(remaining));
            set("anthropic-ratelimit-requests-reset", reset.clone());
            set("anthropic-ratelimit-tokens-limit", HeaderValue::from(TOKENS_PER_MINUTE));
            set("anthropic-ratelimit-tokens-remaining", HeaderValue::from(TOKENS_PER_MINUTE));
            set("anthropic-ratelimit-tokens-reset", reset);
        }
        Provider::OpenAi => {
            set("x-request-id", id);
            set("openai-organization", HeaderValue::from_static("simulated"));
            set("openai-version", HeaderValue::from_static("2020-10-01"));
            set("x-ratelimit-limit-requests", HeaderValue::from(REQUESTS_PER_MINUTE));
            set("x-ratelimit-remaining-requests", HeaderValue::from(remaining));
            set("x-ratelimit-reset-requests", HeaderValue::from_static("60s"));
            set("x-ratelimit-limit-tokens", HeaderValue::from(TOKENS_PER_MINUTE));
            set("x-ratelimit-remaining-tokens", HeaderValue::from(TOKENS_PER_MINUTE));
            set("x-ratelimit-reset-tokens", HeaderValue::from_static("60s"));
        }
    }
}
