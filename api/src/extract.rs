//! What handlers take in: every refusal is a problem document, and a body is checked whole before any effect (N-04).

use crate::problem::{ApiError, ApiResult, FieldError};
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use garde::Validate;
use serde::de::DeserializeOwned;

/// A JSON body that was read and checked.
#[derive(Debug)]
pub(crate) struct Body<T>(pub(crate) T);

impl<T, S> FromRequest<S> for Body<T>
where
    T: DeserializeOwned + Validate<Context = ()>,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        check_content_type(&request)?;
        let bytes = Bytes::from_request(request, state).await.map_err(unreadable)?;
        parse(&bytes).map(Self)
    }
}

/// A JSON body that may be left out: nothing at all reads as the default.
#[derive(Debug)]
pub(crate) struct OptionalBody<T>(pub(crate) T);

impl<T, S> FromRequest<S> for OptionalBody<T>
where
    T: DeserializeOwned + Default + Validate<Context = ()>,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let typed = check_content_type(&request);
        let bytes = Bytes::from_request(request, state).await.map_err(unreadable)?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        typed?;
        parse(&bytes).map(Self)
    }
}

fn check_content_type(request: &Request) -> ApiResult<()> {
    let value = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = value.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(ApiError::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        "Send JSON, with Content-Type: application/json.",
    ))
}

fn parse<T: DeserializeOwned + Validate<Context = ()>>(bytes: &[u8]) -> ApiResult<T> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| ApiError::bad_request("not_utf8", "The body is not UTF-8, so it is not JSON."))?;
    let value: T = serde_json::from_str(text).map_err(|error| {
        if error.is_data() {
            ApiError::unprocessable("invalid_body", format!("The body does not fit: {error}."))
        } else {
            ApiError::bad_request("invalid_json", format!("The body is not JSON: {error}."))
        }
    })?;
    value.validate().map_err(|report| of_report(&report))?;
    if has_nul(text) {
        return Err(ApiError::unprocessable(
            "invalid_body",
            "The body has a NUL character: that is no text.",
        ));
    }
    Ok(value)
}

/// Whether some string of this JSON holds U+0000, which PostgreSQL keeps nowhere. Unescaped it is no JSON at all.
fn has_nul(json: &str) -> bool {
    let escapes = json.match_indices("\\u0000");
    let backslashes =
        |end: usize| json.as_bytes()[..end].iter().rev().take_while(|byte| **byte == b'\\').count();
    escapes.map(|(start, _)| start).any(|start| backslashes(start) % 2 == 0)
}

fn of_report(report: &garde::Report) -> ApiError {
    let errors: Vec<_> = report
        .iter()
        .map(|(path, error)| {
            // What stands inside a variant of an enum has the variant's place before it; the JSON has not.
            let path = path.to_string();
            let field = path.strip_prefix("[0].").unwrap_or(&path).to_owned();
            FieldError { field, message: error.to_string() }
        })
        .collect();
    let names: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
    let detail = format!("These fields are wrong: {}.", names.join(", "));
    ApiError::unprocessable("invalid_fields", detail).with_errors(errors)
}

pub(crate) fn unreadable(rejection: BytesRejection) -> ApiError {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        ApiError::too_large("The body is larger than this server takes.")
    } else {
        ApiError::bad_request("unreadable_body", "The body could not be read to its end.")
    }
}

/// Parts of the path. What does not read names nothing, so it is not found.
#[derive(Debug)]
pub(crate) struct Path<T>(pub(crate) T);

impl<T, S> FromRequestParts<S> for Path<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        // PostgreSQL keeps no NUL, so nothing has one in its name.
        if parts.uri.path().contains("%00") {
            return Err(ApiError::not_found("resource"));
        }
        let path = axum::extract::Path::from_request_parts(parts, state).await;
        path.map(|axum::extract::Path(value)| Self(value)).map_err(|_| ApiError::not_found("resource"))
    }
}

/// The query string.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<T, S> FromRequestParts<S> for Query<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        if parts.uri.query().is_some_and(|query| query.contains("%00")) {
            return Err(ApiError::bad_request(
                "invalid_query",
                "The query has a NUL character: that is no text.",
            ));
        }
        let query = axum::extract::Query::from_request_parts(parts, state).await;
        query
            .map(|axum::extract::Query(value)| Self(value))
            .map_err(|rejection| ApiError::bad_request("invalid_query", rejection.body_text()))
    }
}

#[cfg(test)]
mod tests {
    use super::has_nul;

    #[test]
    fn a_nul_is_found_and_nothing_else() {
        assert!(has_nul(r#"{"email":"a\u0000@b"}"#));
        assert!(has_nul(r#""\\\u0000""#));
        assert!(!has_nul(r#""a backslash \\u0000 and four digits""#));
        assert!(!has_nul(r#""\u0001""#));
    }
}
