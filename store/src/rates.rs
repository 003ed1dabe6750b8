//! Counters by time that all replicas share.

use crate::clean::{count, int};
use crate::{Store, StoreError};
use groundwork_domain::Digest;
use sqlx::{PgConnection, PgExecutor};
use std::time::Duration;

/// What a call got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// How many of those that were wanted.
    pub granted: u32,
    /// What is used in this window, by all replicas, with what was granted.
    pub used: u32,
    /// Until the window ends.
    pub resets_in: Duration,
}

/// Takes up to `wanted` of what is left of `most` under a key in the present window of so many seconds. One statement.
///
/// # Errors
/// Postgres's own.
pub async fn take(
    store: &Store,
    key: &Digest,
    wanted: u32,
    most: u32,
    window_s: u32,
) -> Result<Taken, StoreError> {
    taken(store.pool(), key, wanted, most, window_s).await
}

/// As [`take`], with the transaction: what was taken is given back where that is rolled back.
///
/// # Errors
/// Postgres's own.
pub async fn take_within(
    conn: &mut PgConnection,
    key: &Digest,
    wanted: u32,
    most: u32,
    window_s: u32,
) -> Result<Taken, StoreError> {
    taken(conn, key, wanted, most, window_s).await
}

async fn taken(
    executor: impl PgExecutor<'_>,
    key: &Digest,
    wanted: u32,
    most: u32,
    window_s: u32,
) -> Result<Taken, StoreError> {
    let row = sqlx::query!(
        r#"select granted as "granted!", used_now as "used!", resets_in_ms as "resets_in_ms!" from rate_taken($1, $2, $3, $4)"#,
        key.0,
        int(wanted),
        int(most),
        int(window_s),
    )
    .fetch_one(executor)
    .await?;
    Ok(Taken {
        granted: count(row.granted),
        used: count(row.used),
        resets_in: Duration::from_millis(u64::try_from(row.resets_in_ms).unwrap_or_default()),
    })
}
