//! Cursors of lists that are ordered by an instant and an id: opaque to clients.

use crate::problem::{ApiError, ApiResult};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Where the page after this row begins.
pub(super) fn of(at: DateTime<Utc>, id: Uuid) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}:{id}", at.timestamp_micros()))
}

pub(super) fn read(cursor: &str) -> ApiResult<(DateTime<Utc>, Uuid)> {
    match parse(cursor) {
        Some((at, id, None)) => Ok((at, id)),
        Some((.., Some(_))) | None => Err(foreign()),
    }
}

/// The same in a list where one id has several rows, told apart by a name of ours.
pub(super) fn of_named(at: DateTime<Utc>, id: Uuid, name: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}:{id}:{name}", at.timestamp_micros()))
}

/// The name is missing in cursors of a build that had none.
pub(super) fn read_named(cursor: &str) -> ApiResult<(DateTime<Utc>, Uuid, Option<String>)> {
    parse(cursor).ok_or_else(foreign)
}

fn parse(cursor: &str) -> Option<(DateTime<Utc>, Uuid, Option<String>)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let mut parts = text.splitn(3, ':');
    let at = DateTime::from_timestamp_micros(parts.next()?.parse().ok()?)?;
    let id = parts.next()?.parse().ok()?;
    let name = parts.next().map(str::to_owned);
    // PostgreSQL takes no NUL, and its timestamps begin 4713 BC; nothing here is older than this product.
    let is_ours =
        at >= DateTime::UNIX_EPOCH && !name.as_deref().is_some_and(|name| name.contains(char::is_control));
    is_ours.then_some((at, id, name))
}

fn foreign() -> ApiError {
    ApiError::bad_request("invalid_cursor", "This cursor is not one of ours.")
}
