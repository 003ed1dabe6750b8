//! Postgres keeps no NUL in texts. One in a model's reply or a signal's payload must not make a row that can never be
//! written, so it is kept as U+FFFD.

use serde_json::Value;

/// The text as Postgres can keep it.
pub(crate) fn text(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// The value as `jsonb` can keep it.
pub(crate) fn json(value: Value) -> Value {
    match value {
        Value::String(string) => Value::String(text(&string)),
        Value::Array(items) => Value::Array(items.into_iter().map(json).collect()),
        Value::Object(entries) => entries.into_iter().map(|(key, value)| (text(&key), json(value))).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

/// An instant as Postgres has it.
pub(crate) fn instant(at: groundwork_domain::Timestamp) -> chrono::DateTime<chrono::Utc> {
    chrono::DateTime::from_timestamp_millis(at.0).unwrap_or(chrono::DateTime::UNIX_EPOCH)
}

/// A count as Postgres has it.
pub(crate) fn int(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// A large count as Postgres has it.
pub(crate) fn long(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A count as it came from Postgres, where checks keep it from being negative.
pub(crate) fn count(int: i32) -> u32 {
    u32::try_from(int).unwrap_or_default()
}

/// A large count as it came from Postgres.
pub(crate) fn large(long: i64) -> u64 {
    u64::try_from(long).unwrap_or_default()
}
