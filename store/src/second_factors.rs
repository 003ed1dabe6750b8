//! Second factors: sealed TOTP secrets, recovery codes, and logins that wait for a code.

use crate::{Store, StoreError};
use chrono::{DateTime, Utc};
use groundwork_domain::{Digest, UserId};
use sqlx::PgConnection;

/// A person's second factor.
#[derive(Clone, Debug)]
pub struct SecondFactor {
    /// As the API sealed it.
    pub sealed: Vec<u8>,
    /// Whether a code has confirmed it; before that it is not asked for.
    pub is_confirmed: bool,
}

/// What a person knows of their second factor.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// Whether it is asked for at login.
    pub is_on: bool,
    /// Recovery codes that were not used yet.
    pub recovery_codes_left: i64,
}

/// Offers a secret, in place of an earlier offer; false: a confirmed one is there, and stays.
///
/// # Errors
/// Postgres's own.
pub async fn offer(conn: &mut PgConnection, user: UserId, sealed: &[u8]) -> Result<bool, StoreError> {
    let offered = sqlx::query!(
        "insert into second_factors as f (user_id, sealed) values ($1, $2)
         on conflict (user_id) do update set sealed = excluded.sealed, created_at = now()
         where f.confirmed_at is null",
        user.0,
        sealed,
    )
    .execute(conn)
    .await?;
    Ok(offered.rows_affected() > 0)
}

/// The person's second factor, offered or confirmed.
///
/// # Errors
/// Postgres's own.
pub async fn find(conn: &mut PgConnection, user: UserId) -> Result<Option<SecondFactor>, StoreError> {
    let found = sqlx::query_as!(
        SecondFactor,
        r#"select sealed, confirmed_at is not null as "is_confirmed!" from second_factors where user_id = $1"#,
        user.0
    )
    .fetch_optional(conn)
    .await?;
    Ok(found)
}

/// Whether a second factor is asked for, and how many recovery codes are left.
///
/// # Errors
/// Postgres's own.
pub async fn standing(conn: &mut PgConnection, user: UserId) -> Result<Standing, StoreError> {
    let standing = sqlx::query_as!(
        Standing,
        r#"select exists (select from second_factors where user_id = $1 and confirmed_at is not null) as "is_on!",
                  (select count(*) from recovery_codes where user_id = $1 and used_at is null) as "recovery_codes_left!""#,
        user.0
    )
    .fetch_one(conn)
    .await?;
    Ok(standing)
}

/// Takes the code of a time step, which confirms the secret where it was only offered; false: that step or a later one was
/// taken before.
///
/// # Errors
/// Postgres's own.
pub async fn take_step(conn: &mut PgConnection, user: UserId, step: i64) -> Result<bool, StoreError> {
    let taken = sqlx::query!(
        "update second_factors set last_step = $2, confirmed_at = coalesce(confirmed_at, now())
         where user_id = $1 and last_step < $2",
        user.0,
        step,
    )
    .execute(conn)
    .await?;
    Ok(taken.rows_affected() > 0)
}

/// Puts these recovery codes in the place of all earlier ones.
///
/// # Errors
/// Postgres's own.
pub async fn replace_recovery_codes(
    conn: &mut PgConnection,
    user: UserId,
    digests: &[Digest],
) -> Result<(), StoreError> {
    sqlx::query!("delete from recovery_codes where user_id = $1", user.0).execute(&mut *conn).await?;
    let digests: Vec<_> = digests.iter().map(|digest| digest.0.clone()).collect();
    sqlx::query!(
        "insert into recovery_codes (user_id, digest) select $1, digest from unnest($2::text[]) as digest",
        user.0,
        &digests,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Uses a recovery code, once; false: it is none, or was used.
///
/// # Errors
/// Postgres's own.
pub async fn take_recovery_code(
    conn: &mut PgConnection,
    user: UserId,
    digest: &Digest,
) -> Result<bool, StoreError> {
    let taken = sqlx::query!(
        "update recovery_codes set used_at = now() where user_id = $1 and digest = $2 and used_at is null",
        user.0,
        digest.0,
    )
    .execute(conn)
    .await?;
    Ok(taken.rows_affected() > 0)
}

/// Takes the second factor and its recovery codes away.
///
/// # Errors
/// Postgres's own.
pub async fn remove(conn: &mut PgConnection, user: UserId) -> Result<(), StoreError> {
    sqlx::query!("delete from recovery_codes where user_id = $1", user.0).execute(&mut *conn).await?;
    sqlx::query!("delete from second_factors where user_id = $1", user.0).execute(conn).await?;
    Ok(())
}

/// Keeps a login whose password was right until its second factor comes.
///
/// # Errors
/// Postgres's own.
pub async fn challenge(
    conn: &mut PgConnection,
    user: UserId,
    digest: &Digest,
    expires_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into login_challenges (digest, user_id, expires_at) values ($1, $2, $3)",
        digest.0,
        user.0,
        expires_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Counts a try at a challenge; whose it is, if it stands and had fewer than `tries_max` tries.
///
/// # Errors
/// Postgres's own.
pub async fn try_challenge(
    store: &Store,
    digest: &Digest,
    tries_max: i32,
) -> Result<Option<UserId>, StoreError> {
    let user = sqlx::query_scalar!("select login_challenge_tried($1, $2)", digest.0, tries_max)
        .fetch_one(store.pool())
        .await?;
    Ok(user.map(UserId))
}

/// Ends a challenge with its login, once; false: another request was first.
///
/// # Errors
/// Postgres's own.
pub async fn consume_challenge(
    conn: &mut PgConnection,
    user: UserId,
    digest: &Digest,
) -> Result<bool, StoreError> {
    let consumed = sqlx::query!(
        "update login_challenges set consumed_at = now() where digest = $1 and user_id = $2 and consumed_at is null",
        digest.0,
        user.0,
    )
    .execute(conn)
    .await?;
    Ok(consumed.rows_affected() > 0)
}
