//! Sessions: what a token names, what logout ends, and the chain of refresh tokens that keeps one going.

use crate::audit::Origin;
use crate::{Store, StoreError, api_tokens};
use chrono::{DateTime, Utc};
use groundwork_domain::{Digest, UserId};
use serde::Serialize;
use sqlx::PgConnection;
use std::net::IpAddr;
use utoipa::ToSchema;
use uuid::Uuid;

/// A session that begins.
#[derive(Clone, Debug)]
pub struct NewSession<'a> {
    /// Which.
    pub id: Uuid,
    /// Whose; the transaction must run as them.
    pub user: UserId,
    /// When it and its chain of refresh tokens end.
    pub expires_at: DateTime<Utc>,
    /// The first refresh token.
    pub refresh: &'a Digest,
    /// Where it was opened.
    pub origin: &'a Origin,
}

/// A session as its person sees it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SessionRow {
    /// Which.
    pub id: Uuid,
    /// The client's own name for itself.
    pub user_agent: Option<String>,
    /// The address that it last signed in or refreshed from.
    #[schema(value_type = Option<String>, example = "203.0.113.9")]
    pub ip: Option<IpAddr>,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    pub last_seen_at: DateTime<Utc>,
    /// When it ends, unless it is ended before.
    pub expires_at: DateTime<Utc>,
    /// Whether it is the one that asks.
    pub is_current: bool,
}

/// What became of a refresh token that was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// It is spent now, and its successor stands. The session ends then.
    Rotated(DateTime<Utc>),
    /// It was spent a moment ago by the same request, whose answer was lost; the same successor stands still.
    Repeated(DateTime<Utc>),
    /// It had been spent: somebody has a copy. The session was ended just now.
    Replayed,
    /// Its session had ended before.
    Ended,
}

/// A wish to rotate.
#[derive(Clone, Copy, Debug)]
pub struct Rotate<'a> {
    /// What was shown.
    pub presented: &'a Digest,
    /// Whose it is; the transaction must run as them.
    pub user: UserId,
    /// Its session.
    pub session: Uuid,
    /// What takes its place.
    pub successor: &'a Digest,
    /// The request's Idempotency-Key; without one nothing is ever repeated.
    pub key: Option<&'a Digest>,
    /// Seconds within which the same request is answered again.
    pub grace_s: u32,
    /// Where it comes from.
    pub origin: &'a Origin,
}

/// Stores a session and its first refresh token.
///
/// # Errors
/// Postgres's own.
pub async fn create(conn: &mut PgConnection, new: &NewSession<'_>) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into sessions (id, user_id, expires_at, user_agent, ip)
         values ($1, $2, $3, left($4, 255), $5::text::inet)",
        new.id,
        new.user.0,
        new.expires_at,
        new.origin.user_agent.as_deref(),
        new.origin.ip.map(|ip| ip.to_string()),
    )
    .execute(&mut *conn)
    .await?;
    add_refresh(conn, new.refresh, new.id, new.user).await
}

async fn add_refresh(
    conn: &mut PgConnection,
    digest: &Digest,
    session: Uuid,
    user: UserId,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into refresh_tokens (digest, session_id, user_id) values ($1, $2, $3)",
        digest.0,
        session,
        user.0,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether a session still stands and its person may still sign in; notes, at most once a minute, that it was seen. Needs no
/// tenant: it is asked before anything is known.
///
/// # Errors
/// Postgres's own.
pub async fn seen(store: &Store, session: Uuid, user: UserId) -> Result<bool, StoreError> {
    let stands = sqlx::query_scalar!(r#"select session_seen($1, $2) as "stands!""#, session, user.0)
        .fetch_one(store.pool())
        .await?;
    Ok(stands)
}

/// Whether what somebody showed still holds, for streams that outlive the request which opened them: a session or, by its id,
/// an API token.
///
/// # Errors
/// Postgres's own.
pub async fn stands(store: &Store, credential: Uuid, user: UserId) -> Result<bool, StoreError> {
    Ok(seen(store, credential, user).await? || api_tokens::stands(store, credential, user).await?)
}

/// Whose refresh token this is: session and person. None for what never was one.
///
/// # Errors
/// Postgres's own.
pub async fn refresh_owner(store: &Store, digest: &Digest) -> Result<Option<(Uuid, UserId)>, StoreError> {
    let row = sqlx::query!(
        r#"select token_session_id as "session!", token_user_id as "user!" from refresh_token_owner($1)"#,
        digest.0
    )
    .fetch_optional(store.pool())
    .await?;
    Ok(row.map(|row| (row.session, UserId(row.user))))
}

/// Spends a refresh token for its successor, once. One that had been spent ends the session; the caller commits in any case.
///
/// # Errors
/// Postgres's own.
pub async fn rotate(conn: &mut PgConnection, wish: Rotate<'_>) -> Result<Rotation, StoreError> {
    let expires_at = sqlx::query_scalar!(
        "update refresh_tokens t set spent_at = now(), successor = $3, spent_key = $4
         from sessions s join users u on u.id = s.user_id
         where t.digest = $1 and t.user_id = $2 and t.spent_at is null and s.id = t.session_id
             and s.revoked_at is null and s.expires_at > now() and u.is_active and not u.is_deleted
         returning s.expires_at",
        wish.presented.0,
        wish.user.0,
        wish.successor.0,
        wish.key.map(|key| key.0.as_str()),
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(expires_at) = expires_at else {
        return refuse_or_repeat(conn, wish).await;
    };
    add_refresh(conn, wish.successor, wish.session, wish.user).await?;
    sqlx::query!(
        "update sessions set last_seen_at = now(), user_agent = coalesce(left($2, 255), user_agent),
             ip = coalesce($3::text::inet, ip)
         where id = $1",
        wish.session,
        wish.origin.user_agent.as_deref(),
        wish.origin.ip.map(|ip| ip.to_string()),
    )
    .execute(conn)
    .await?;
    Ok(Rotation::Rotated(expires_at))
}

async fn refuse_or_repeat(conn: &mut PgConnection, wish: Rotate<'_>) -> Result<Rotation, StoreError> {
    let found = sqlx::query!(
        r#"select s.expires_at,
                  s.revoked_at is null and s.expires_at > now() and u.is_active and not u.is_deleted as "stands!",
                  coalesce(t.spent_key = $4 and t.successor = $3 and t.spent_at > now() - $5 * interval '1 second'
                      and exists (select from refresh_tokens n where n.digest = t.successor and n.spent_at is null),
                      false) as "is_repeat!"
           from refresh_tokens t join sessions s on s.id = t.session_id join users u on u.id = t.user_id
           where t.digest = $1 and t.user_id = $2"#,
        wish.presented.0,
        wish.user.0,
        wish.successor.0,
        wish.key.map(|key| key.0.as_str()),
        f64::from(wish.grace_s),
    )
    .fetch_optional(&mut *conn)
    .await?;
    match found {
        Some(row) if row.stands && row.is_repeat => Ok(Rotation::Repeated(row.expires_at)),
        Some(row) if row.stands => {
            end(conn, wish.session, wish.user).await?;
            Ok(Rotation::Replayed)
        }
        Some(_) | None => Ok(Rotation::Ended),
    }
}

/// A person's sessions that stand, the last seen first; at most 100.
///
/// # Errors
/// Postgres's own.
pub async fn list(
    conn: &mut PgConnection,
    user: UserId,
    current: Uuid,
) -> Result<Vec<SessionRow>, StoreError> {
    let rows = sqlx::query!(
        r#"select id, user_agent, host(ip) as ip, created_at, last_seen_at, expires_at from sessions
           where user_id = $1 and revoked_at is null and expires_at > now()
           order by last_seen_at desc, id limit 100"#,
        user.0,
    )
    .fetch_all(conn)
    .await?;
    let sessions = rows.into_iter().map(|row| SessionRow {
        id: row.id,
        user_agent: row.user_agent,
        ip: row.ip.and_then(|ip| ip.parse().ok()),
        created_at: row.created_at,
        last_seen_at: row.last_seen_at,
        expires_at: row.expires_at,
        is_current: row.id == current,
    });
    Ok(sessions.collect())
}

/// Ends a session, and with it every token that names it; false: there is none such that stands.
///
/// # Errors
/// Postgres's own.
pub async fn end(conn: &mut PgConnection, session: Uuid, user: UserId) -> Result<bool, StoreError> {
    let ended = sqlx::query!(
        "update sessions set revoked_at = now()
         where id = $1 and user_id = $2 and revoked_at is null and expires_at > now()",
        session,
        user.0,
    )
    .execute(conn)
    .await?;
    Ok(ended.rows_affected() > 0)
}

/// Ends all sessions of a person, but for one; returns how many.
///
/// # Errors
/// Postgres's own.
pub async fn end_others(
    conn: &mut PgConnection,
    user: UserId,
    kept: Option<Uuid>,
) -> Result<u64, StoreError> {
    let ended = sqlx::query!(
        "update sessions set revoked_at = now()
         where user_id = $1 and id is distinct from $2 and revoked_at is null and expires_at > now()",
        user.0,
        kept,
    )
    .execute(conn)
    .await?;
    Ok(ended.rows_affected())
}
