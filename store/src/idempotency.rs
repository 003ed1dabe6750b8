//! First answers to mutations: a repeat under the same key gets the first answer again.

use crate::StoreError;
use groundwork_domain::{Digest, UserId};
use sqlx::PgConnection;

/// An answer as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstAnswer {
    /// HTTP status.
    pub status: i16,
    /// Its `Content-Type`, if it had one.
    pub content_type: Option<String>,
    /// Its `Location`, if it had one.
    pub location: Option<String>,
    /// Its body.
    pub body: Vec<u8>,
}

/// What became of the wish to answer a request under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Nobody has answered: do it, then [`keep`] or [`release`] or [`forget`].
    Yours,
    /// It was answered before.
    Answered(FirstAnswer),
    /// Somebody is answering it now.
    UnderWay,
    /// The key was used for another request.
    OtherRequest,
}

/// Claims a key for a request of that digest, for `lease_ms` milliseconds. A claim that was never settled can be taken
/// over by the same request afterwards. Answers older than `kept_h` hours count as never given.
///
/// # Errors
/// Postgres's own.
pub async fn claim(
    conn: &mut PgConnection,
    user: UserId,
    key: &str,
    digest: &Digest,
    lease_ms: u32,
    kept_h: u32,
) -> Result<Claim, StoreError> {
    let claimed = sqlx::query!(
        "insert into idempotency_keys as k (user_id, key, request_digest, locked_until)
         values ($1, $2, $3, now() + $4 * interval '1 millisecond')
         on conflict (user_id, key) do update
         set request_digest = excluded.request_digest, locked_until = excluded.locked_until, status = null,
             content_type = null, location = null, body = null,
             created_at = case when k.status is null then k.created_at else now() end
         where k.created_at < now() - $5 * interval '1 hour'
            or (k.status is null and k.locked_until < now() and k.request_digest = excluded.request_digest)",
        user.0,
        key,
        digest.0,
        f64::from(lease_ms),
        f64::from(kept_h),
    )
    .execute(&mut *conn)
    .await?;
    if claimed.rows_affected() == 1 {
        return Ok(Claim::Yours);
    }
    let row = sqlx::query!(
        "select request_digest, status, content_type, location, body from idempotency_keys
         where user_id = $1 and key = $2",
        user.0,
        key,
    )
    .fetch_optional(conn)
    .await?;
    Ok(match row {
        // It was settled and forgotten between the two statements: the client may simply come again.
        None => Claim::UnderWay,
        Some(row) if row.request_digest != digest.0 => Claim::OtherRequest,
        Some(row) => match row.status {
            None => Claim::UnderWay,
            Some(status) => Claim::Answered(FirstAnswer {
                status,
                content_type: row.content_type,
                location: row.location,
                body: row.body.unwrap_or_default(),
            }),
        },
    })
}

/// Keeps the answer that was given.
///
/// # Errors
/// Postgres's own.
pub async fn keep(
    conn: &mut PgConnection,
    user: UserId,
    key: &str,
    answer: &FirstAnswer,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update idempotency_keys
         set status = $3, content_type = $4, location = $5, body = $6, locked_until = now()
         where user_id = $1 and key = $2 and status is null",
        user.0,
        key,
        answer.status,
        answer.content_type,
        answer.location,
        answer.body,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Gives a claim up where the outcome is unknown: the same request may try again at once, another one may not.
///
/// # Errors
/// Postgres's own.
pub async fn release(conn: &mut PgConnection, user: UserId, key: &str) -> Result<(), StoreError> {
    sqlx::query!(
        "update idempotency_keys set locked_until = now() - interval '1 millisecond'
         where user_id = $1 and key = $2 and status is null",
        user.0,
        key,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Gives a claim up where nothing was done: the key is free for any request.
///
/// # Errors
/// Postgres's own.
pub async fn forget(conn: &mut PgConnection, user: UserId, key: &str) -> Result<(), StoreError> {
    sqlx::query!(
        "delete from idempotency_keys where user_id = $1 and key = $2 and status is null",
        user.0,
        key
    )
    .execute(conn)
    .await?;
    Ok(())
}
