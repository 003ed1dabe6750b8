//! Who people are at other providers, and sign-ins there that are under way.

use crate::{Store, StoreError};
use chrono::{DateTime, Utc};
use groundwork_domain::{Digest, UserId};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

/// A way to sign in that a person linked.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Identity {
    /// As the installation calls the provider.
    pub provider: String,
    /// Who says so.
    pub issuer: String,
    /// The address there, at the last sign-in.
    pub email: Option<String>,
    /// Since when it is linked.
    pub created_at: DateTime<Utc>,
    /// When it was last used.
    pub last_used_at: DateTime<Utc>,
}

/// Somebody, as a provider names them.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Who says so; a URL.
    pub issuer: &'a str,
    /// Unique and permanent there.
    pub subject: &'a str,
    /// As the installation calls the provider.
    pub provider: &'a str,
    /// Their address there.
    pub email: Option<&'a str>,
}

/// Stores a sign-in that begins; `user`: who links, where somebody does.
///
/// # Errors
/// Postgres's own.
pub async fn begin_flow(
    store: &Store,
    digest: &Digest,
    provider: &str,
    user: Option<UserId>,
    lives_s: u32,
) -> Result<(), StoreError> {
    sqlx::query!(
        "select flow_begun($1, $2, $3, $4)",
        digest.0,
        provider,
        user.map(|user| user.0),
        crate::clean::int(lives_s),
    )
    .execute(store.pool())
    .await?;
    Ok(())
}

/// Uses a sign-in up and says who links, where somebody does. None: it is unknown, used or over.
///
/// # Errors
/// Postgres's own.
pub async fn take_flow(
    store: &Store,
    digest: &Digest,
    provider: &str,
) -> Result<Option<Option<UserId>>, StoreError> {
    let row = sqlx::query!("select flow_user_id from flow_taken($1, $2)", digest.0, provider)
        .fetch_optional(store.pool())
        .await?;
    Ok(row.map(|row| row.flow_user_id.map(UserId)))
}

/// Whose identity this is, and whether they may sign in.
///
/// # Errors
/// Postgres's own.
pub async fn owner(
    conn: &mut PgConnection,
    issuer: &str,
    subject: &str,
) -> Result<Option<(UserId, bool)>, StoreError> {
    let row = sqlx::query!(
        r#"select owner_id as "id!", may_sign_in as "may_sign_in!" from identity_owner($1, $2)"#,
        issuer,
        subject
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| (UserId(row.id), row.may_sign_in)))
}

/// Links an identity to the person that the transaction runs as.
///
/// # Errors
/// [`StoreError::Exists`] where it is somebody's, or where they have another one at this provider.
pub async fn link(conn: &mut PgConnection, user: UserId, subject: &Subject<'_>) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into oauth_identities (issuer, subject, user_id, provider, email) values ($1, $2, $3, $4, $5)",
        subject.issuer,
        subject.subject,
        user.0,
        subject.provider,
        subject.email,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that an identity was used.
///
/// # Errors
/// Postgres's own.
pub async fn used(conn: &mut PgConnection, subject: &Subject<'_>) -> Result<(), StoreError> {
    sqlx::query!(
        "update oauth_identities set last_used_at = now(), email = $3 where issuer = $1 and subject = $2",
        subject.issuer,
        subject.subject,
        subject.email,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A person's identities, the oldest first.
///
/// # Errors
/// Postgres's own.
pub async fn list(conn: &mut PgConnection, user: UserId) -> Result<Vec<Identity>, StoreError> {
    let identities = sqlx::query_as!(
        Identity,
        "select provider, issuer, email, created_at, last_used_at from oauth_identities
         where user_id = $1 order by created_at, provider",
        user.0,
    )
    .fetch_all(conn)
    .await?;
    Ok(identities)
}

/// Unlinks a person's identity at a provider, or all of them; returns how many.
///
/// # Errors
/// Postgres's own.
pub async fn unlink(
    conn: &mut PgConnection,
    user: UserId,
    provider: Option<&str>,
) -> Result<u64, StoreError> {
    let gone = sqlx::query!(
        "delete from oauth_identities where user_id = $1 and ($2::text is null or provider = $2)",
        user.0,
        provider,
    )
    .execute(conn)
    .await?;
    Ok(gone.rows_affected())
}
