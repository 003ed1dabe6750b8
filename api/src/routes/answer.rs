//! Answers that a client may have already: JSON with an ETag.

use crate::problem::{ApiResult, internal};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use groundwork_domain::Digest;
use serde::Serialize;

/// The value as JSON, or 304 where the client has exactly this.
pub(super) fn etagged(request: &HeaderMap, value: &impl Serialize) -> ApiResult<Response> {
    let body = serde_json::to_vec(value).map_err(|error| internal("an answer", &error))?;
    let tag = format!("\"{}\"", &Digest::of(&body).0[..32]);
    let known = request.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let is_known = known.is_some_and(|known| {
        known.split(',').map(str::trim).any(|one| one.trim_start_matches("W/") == tag || one == "*")
    });
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, "application/json")], body).into_response()
    };
    let headers = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    Ok(response)
}
