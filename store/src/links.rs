//! Links that were mailed to people, and what following one does to an account.

use crate::{Store, StoreError, Tx};
use groundwork_domain::{Digest, UserId};
use sqlx::PgConnection;

/// What a link is for; none can be used for anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Shows that the address is theirs.
    VerifyEmail,
    /// Sets a password.
    ResetPassword,
    /// Signs in.
    MagicLink,
    /// Makes the address that it was sent to theirs.
    ChangeEmail,
    /// Ends a sign-in at another provider; not mailed.
    Exchange,
}

impl Purpose {
    /// As it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
            Self::MagicLink => "magic_link",
            Self::ChangeEmail => "change_email",
            Self::Exchange => "exchange",
        }
    }
}

/// Who followed a link.
#[derive(Clone, Debug)]
pub struct Follower {
    /// Who.
    pub user: UserId,
    /// The address that it was sent to.
    pub email: String,
}

/// Stores a link; the transaction runs as its person.
///
/// # Errors
/// Postgres's own.
pub async fn create(
    conn: &mut PgConnection,
    digest: &Digest,
    user: UserId,
    purpose: Purpose,
    email: &str,
    lives_s: u32,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into magic_links (digest, user_id, purpose, email, expires_at)
         values ($1, $2, $3, $4, clock_timestamp() + $5 * interval '1 second')",
        digest.0,
        user.0,
        purpose.as_str(),
        email,
        f64::from(lives_s),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Uses a link up and begins a transaction as the one whose it was, in their personal workspace. The link is used up when
/// that transaction is committed. None: it is unknown, used, over, or for another purpose.
///
/// # Errors
/// Postgres's own.
pub async fn follow(
    store: &Store,
    digest: &Digest,
    purpose: Purpose,
) -> Result<Option<(Tx, Follower)>, StoreError> {
    let mut tx = store.nobody().await?;
    let row = sqlx::query!(
        r#"select link_user_id as "user_id!", link_email as "email!" from link_taken($1, $2)"#,
        digest.0,
        purpose.as_str(),
    )
    .fetch_optional(tx.conn())
    .await?;
    let Some(row) = row else { return Ok(None) };
    let user = UserId(row.user_id);
    tx.enter(crate::workspaces::personal(user), user).await?;
    Ok(Some((tx, Follower { user, email: row.email })))
}

/// Makes all links nothing that were mailed to a person and not followed, except those that verify an address.
///
/// # Errors
/// Postgres's own.
pub async fn void(conn: &mut PgConnection, user: UserId) -> Result<(), StoreError> {
    sqlx::query!(
        "update magic_links set consumed_at = now()
         where user_id = $1 and consumed_at is null and purpose <> 'verify_email'",
        user.0,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that the address of a person is theirs; false: that was known.
///
/// # Errors
/// Postgres's own.
pub async fn verify_email(conn: &mut PgConnection, user: UserId) -> Result<bool, StoreError> {
    let verified = sqlx::query!(
        "update users set email_verified_at = now(), updated_at = now()
         where id = $1 and email_verified_at is null",
        user.0,
    )
    .execute(conn)
    .await?;
    Ok(verified.rows_affected() > 0)
}

/// Makes an address a person's own, and known to be theirs; returns the one that they had.
///
/// # Errors
/// [`StoreError::Exists`] where somebody else has it.
pub async fn change_email(conn: &mut PgConnection, user: UserId, email: &str) -> Result<String, StoreError> {
    let old = sqlx::query_scalar!("select email from users where id = $1 for no key update", user.0)
        .fetch_optional(&mut *conn)
        .await?
        .ok_or(StoreError::NotFound("account"))?;
    sqlx::query!(
        "update users set email = $2, email_verified_at = now(), updated_at = now() where id = $1",
        user.0,
        email,
    )
    .execute(conn)
    .await?;
    Ok(old)
}

/// Takes away every way into an account but password and sessions: API tokens, second factor, other providers.
///
/// # Errors
/// Postgres's own.
pub async fn end_unproven(conn: &mut PgConnection, user: UserId) -> Result<(), StoreError> {
    sqlx::query!(
        "with tokens as (delete from api_tokens where user_id = $1),
              factors as (delete from second_factors where user_id = $1),
              codes as (delete from recovery_codes where user_id = $1)
         delete from oauth_identities where user_id = $1",
        user.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Who has this address, and whether they showed that it is theirs. None for unknown, inactive and deleted accounts alike.
///
/// # Errors
/// Postgres's own.
pub async fn account_with_email(
    conn: &mut PgConnection,
    email: &str,
) -> Result<Option<(UserId, bool)>, StoreError> {
    let row = sqlx::query!(
        r#"select account_id as "id!", is_verified as "is_verified!" from account_with_email($1)"#,
        email
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| (UserId(row.id), row.is_verified)))
}
