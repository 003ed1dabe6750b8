//! The one shape of every error (RFC 9457), and the one type that handlers return.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use groundwork_domain::command::{Rejection, RejectionCode};
use groundwork_store::StoreError;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use utoipa::ToSchema;

/// A problem document, `application/problem+json`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// A URI for the kind of problem: `/problems/` and the code.
    pub r#type: String,
    /// The status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened and what to do, for people.
    pub detail: String,
    /// The kind of problem, for programs.
    pub code: String,
    /// Finds this request in the logs.
    pub request_id: String,
    /// Fields that are wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// Where a command was refused: the commands that would be taken now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed: Option<Vec<String>>,
    /// Where a limit was reached: the limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// Where a limit was reached: how much of it is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<u64>,
    /// Where a limit was reached: when it begins anew; none: it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resets_at: Option<DateTime<Utc>>,
}

/// One field that is wrong.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// Path of the field in the body, `answers[0].question_id`.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

/// What a handler returns when it does not return its answer. Boxed, since most results are answers.
#[derive(Debug)]
pub(crate) struct ApiError(Box<Refusal>);

#[derive(Debug, Default)]
struct Refusal {
    status: StatusCode,
    code: Cow<'static, str>,
    detail: Cow<'static, str>,
    errors: Vec<FieldError>,
    allowed: Option<Vec<String>>,
    limit: Option<(u64, u64)>,
    resets_at: Option<DateTime<Utc>>,
    headers: HeaderMap,
    retry_after_s: Option<u32>,
}

pub(crate) type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    pub(crate) fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self(Box::new(Refusal { status, code: code.into(), detail: detail.into(), ..Refusal::default() }))
    }

    pub(crate) fn bad_request(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "Sign in: a valid access token is needed here.")
    }

    pub(crate) fn forbidden(detail: &'static str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    pub(crate) fn not_found(what: &'static str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            format!("There is no such {what}, or you may not see it."),
        )
    }

    pub(crate) fn conflict(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    pub(crate) fn too_large(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
    }

    pub(crate) fn unprocessable(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
    }

    pub(crate) fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        let message = message.into();
        let mut error = Self::unprocessable("invalid_fields", message.clone());
        error.0.errors.push(FieldError { field: field.into(), message });
        error
    }

    pub(crate) fn limit_reached(detail: impl Into<Cow<'static, str>>, limit: u64, used: u64) -> Self {
        let mut error = Self::new(StatusCode::TOO_MANY_REQUESTS, "limit_reached", detail);
        error.0.limit = Some((limit, used));
        error
    }

    pub(crate) fn too_many_mails(within_s: u32) -> Self {
        let words = "So many mails were asked for already. Look into your mailbox, or try again later.";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "limit_reached", words).retry_after(within_s)
    }

    pub(crate) fn unavailable(code: &'static str, detail: &'static str, retry_after_s: u32) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail).retry_after(retry_after_s)
    }

    pub(crate) fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something went wrong on our side. The request id finds it in the logs.",
        )
    }

    pub(crate) fn retry_after(mut self, seconds: u32) -> Self {
        self.0.retry_after_s = Some(seconds);
        self
    }

    pub(crate) fn resets_at(mut self, at: DateTime<Utc>) -> Self {
        self.0.resets_at = Some(at);
        self
    }

    pub(crate) fn with_headers(mut self, headers: HeaderMap) -> Self {
        self.0.headers = headers;
        self
    }

    pub(crate) fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        self.0.errors = errors;
        self
    }

    /// Whether it says something of us and nothing of the request.
    pub(crate) fn is_ours(&self) -> bool {
        self.0.status.is_server_error()
    }

    pub(crate) fn code(&self) -> &str {
        &self.0.code
    }

    pub(crate) fn detail(&self) -> &str {
        &self.0.detail
    }
}

impl Refusal {
    fn problem(self, request_id: String) -> Problem {
        let (limit, used) = self.limit.unzip();
        Problem {
            r#type: format!("/problems/{}", self.code),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            detail: self.detail.into_owned(),
            code: self.code.into_owned(),
            request_id,
            errors: self.errors,
            allowed: self.allowed,
            limit,
            used,
            resets_at: self.resets_at,
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let Self(mut refusal) = self;
        let (status, retry_after_s) = (refusal.status, refusal.retry_after_s);
        let more = std::mem::take(&mut refusal.headers);
        let body = serde_json::to_vec(&refusal.problem(crate::layers::current_request_id()));
        // A struct of strings and numbers always serialises; an empty body is the worst that could come of it.
        let mut response = (status, body.unwrap_or_default()).into_response();
        let headers = response.headers_mut();
        headers.extend(more);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<Rejection> for ApiError {
    fn from(rejection: Rejection) -> Self {
        let (status, code) = match rejection.code {
            RejectionCode::NotWaiting => (StatusCode::CONFLICT, "not_waiting"),
            RejectionCode::AlreadyAnswered => (StatusCode::CONFLICT, "already_answered"),
            RejectionCode::WrongState => (StatusCode::CONFLICT, "wrong_state"),
            RejectionCode::LimitReached => (StatusCode::CONFLICT, "limit_reached"),
            RejectionCode::StaleDigest => (StatusCode::CONFLICT, "stale_digest"),
            RejectionCode::WrongGate => (StatusCode::CONFLICT, "wrong_gate"),
            RejectionCode::AlreadyDecided => (StatusCode::CONFLICT, "already_decided"),
            RejectionCode::WrongRole => (StatusCode::FORBIDDEN, "wrong_role"),
            RejectionCode::FourEyes => (StatusCode::FORBIDDEN, "four_eyes"),
            RejectionCode::InvalidAnswer => (StatusCode::UNPROCESSABLE_ENTITY, "invalid_answer"),
            RejectionCode::UnknownQuestion => (StatusCode::UNPROCESSABLE_ENTITY, "unknown_question"),
            RejectionCode::UnknownTarget => (StatusCode::UNPROCESSABLE_ENTITY, "unknown_target"),
            RejectionCode::Unreadable => (StatusCode::UNPROCESSABLE_ENTITY, "unreadable"),
            RejectionCode::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
        };
        let mut error = Self::new(status, code, rejection.message);
        error.0.allowed = Some(rejection.allowed);
        error
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound(what) => Self::not_found(what),
            StoreError::Exists(_) => Self::conflict("exists", "This exists already."),
            error if error.is_transient() => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the database is not there");
                Self::unavailable(
                    "database_unavailable",
                    "The database is not there. Try again in a moment.",
                    1,
                )
            }
            error => internal("the database", &error),
        }
    }
}

/// Logs what went wrong on our side; the client learns the request id only.
pub(crate) fn internal(what: &'static str, error: &(dyn std::error::Error + 'static)) -> ApiError {
    tracing::error!(error, what, "internal error");
    ApiError::internal()
}
