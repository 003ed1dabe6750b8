//! Attempts at guessing (passwords, codes), counted over all replicas under keys that are digests.

use crate::{Store, StoreError};
use groundwork_domain::Digest;

/// What an attempt is counted under.
#[derive(Clone, Debug)]
pub struct Counter {
    /// A digest of words of ours and of whom or where it concerns.
    pub key: Digest,
    /// Attempts that pass before there is a pause.
    pub most: u32,
}

/// How attempts are slowed down.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// Seconds of quiet after which a counter begins anew.
    pub window_s: u32,
    /// Seconds of the first pause; each further attempt doubles it.
    pub pause_s: u32,
    /// Seconds of the longest pause.
    pub pause_s_max: u32,
}

/// An attempt that may not be made now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// Attempts that the counter allows without a pause.
    pub most: u32,
    /// Attempts that were made.
    pub used: u32,
    /// Seconds until the next one may be made; at least 1.
    pub wait_s: u32,
}

/// Counts one attempt under all these keys, unless one of them blocks it; then nothing is counted. Counters of pairs come
/// first, then those of addresses, then those of accounts.
///
/// # Errors
/// Postgres's own.
pub async fn count(
    store: &Store,
    counters: &[Counter],
    backoff: Backoff,
) -> Result<Option<Blocked>, StoreError> {
    let (keys, limits) = columns(counters);
    let blocked = sqlx::query!(
        r#"select blocking as "blocking!", attempts_used as "used!", wait_s as "wait!"
           from attempt_counted($1, $2, $3, $4, $5)"#,
        &keys,
        &limits,
        int(backoff.window_s),
        int(backoff.pause_s),
        int(backoff.pause_s_max),
    )
    .fetch_optional(store.pool())
    .await?;
    Ok(blocked.map(|row| {
        let blocking = usize::try_from(row.blocking - 1).unwrap_or_default();
        Blocked {
            most: counters.get(blocking).map_or(0, |counter| counter.most),
            used: u32::try_from(row.used).unwrap_or_default(),
            wait_s: u32::try_from(row.wait).unwrap_or_default().max(1),
        }
    }))
}

/// Takes back what an attempt that succeeded had counted: the first counter begins anew, the others lose this one attempt.
///
/// # Errors
/// Postgres's own.
pub async fn forgive(store: &Store, counters: &[Counter]) -> Result<(), StoreError> {
    let (keys, limits) = columns(counters);
    sqlx::query!("select attempt_forgiven($1, $2)", &keys, &limits).execute(store.pool()).await?;
    Ok(())
}

/// Whether somebody with this address signed in from that place within 90 days.
///
/// # Errors
/// Postgres's own.
pub async fn is_known_place(store: &Store, email: &str, place: &str) -> Result<bool, StoreError> {
    let known = sqlx::query_scalar!(r#"select login_place_known($1, $2) as "known!""#, email, place)
        .fetch_one(store.pool())
        .await?;
    Ok(known)
}

fn columns(counters: &[Counter]) -> (Vec<String>, Vec<i32>) {
    counters.iter().map(|counter| (counter.key.0.clone(), int(counter.most))).unzip()
}

fn int(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
