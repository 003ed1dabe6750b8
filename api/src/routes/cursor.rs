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
    let read = || {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let (micros, id) = text.split_once(':')?;
        let at = DateTime::from_timestamp_micros(micros.parse().ok()?)?;
        // PostgreSQL's timestamps begin 4713 BC; nothing here is older than this product.
        (at >= DateTime::UNIX_EPOCH).then_some((at, id.parse().ok()?))
    };
    read().ok_or_else(|| ApiError::bad_request("invalid_cursor", "This cursor is not one of ours."))
}
