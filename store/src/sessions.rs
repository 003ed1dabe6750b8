//! Sessions: what a token names, and what logout ends.

use crate::{Store, StoreError};
use chrono::{DateTime, Utc};
use groundwork_domain::UserId;
use sqlx::PgConnection;
use uuid::Uuid;

/// Stores a session.
///
/// # Errors
/// Postgres's own.
pub async fn create(
    conn: &mut PgConnection,
    session: Uuid,
    user: UserId,
    expires_at: DateTime<Utc>,
    user_agent: Option<&str>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into sessions (id, user_id, expires_at, user_agent) values ($1, $2, $3, left($4, 255))",
        session,
        user.0,
        expires_at,
        user_agent,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether a session still stands and its person may still sign in. Needs no tenant: it is asked before anything is known.
///
/// # Errors
/// Postgres's own.
pub async fn stands(store: &Store, session: Uuid, user: UserId) -> Result<bool, StoreError> {
    let stands = sqlx::query_scalar!(r#"select session_stands($1, $2) as "stands!""#, session, user.0)
        .fetch_one(store.pool())
        .await?;
    Ok(stands)
}

/// Ends a session, and with it every token that names it.
///
/// # Errors
/// Postgres's own.
pub async fn revoke(conn: &mut PgConnection, session: Uuid, user: UserId) -> Result<(), StoreError> {
    sqlx::query!(
        "update sessions set revoked_at = now() where id = $1 and user_id = $2 and revoked_at is null",
        session,
        user.0,
    )
    .execute(conn)
    .await?;
    Ok(())
}
