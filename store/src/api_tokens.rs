//! Personal API tokens: for programs, with scopes and an end. Only digests are stored.

use crate::{Store, StoreError};
use chrono::{DateTime, Utc};
use groundwork_domain::access::Scope;
use groundwork_domain::{Digest, UserId};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// A token that is made.
#[derive(Clone, Debug)]
pub struct NewToken<'a> {
    /// Which.
    pub id: Uuid,
    /// Whose; the transaction must run as them.
    pub user: UserId,
    /// 1 to 100 characters.
    pub name: &'a str,
    /// Of the token itself.
    pub digest: &'a Digest,
    /// At least one.
    pub scopes: &'a [Scope],
    /// Its end.
    pub expires_at: DateTime<Utc>,
}

/// A token as its person sees it; never the token itself.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TokenRow {
    /// Which.
    pub id: Uuid,
    /// What its person calls it.
    pub name: String,
    /// What it reaches.
    #[schema(value_type = Vec<String>, example = json!(["projects:read"]))]
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// Whose token was shown.
#[derive(Clone, Debug)]
pub struct Bearer {
    /// Which.
    pub token: Uuid,
    /// Whose.
    pub user: UserId,
    /// What it reaches.
    pub scopes: Vec<Scope>,
}

/// Stores a token; false: the person has `most` of them already, and nothing was stored.
///
/// # Errors
/// Postgres's own.
pub async fn create(conn: &mut PgConnection, new: &NewToken<'_>, most: u32) -> Result<bool, StoreError> {
    // Two at once count each other.
    sqlx::query!("select id from users where id = $1 for update", new.user.0)
        .fetch_optional(&mut *conn)
        .await?;
    let scopes: Vec<_> = new.scopes.iter().map(|scope| scope.as_str().to_owned()).collect();
    let stored = sqlx::query!(
        "insert into api_tokens (id, user_id, name, digest, scopes, expires_at)
         select $1, $2, $3, $4, $5, $6
         where (select count(*) from api_tokens where user_id = $2 and expires_at > now()) < $7",
        new.id,
        new.user.0,
        new.name,
        new.digest.0,
        &scopes,
        new.expires_at,
        i64::from(most),
    )
    .execute(conn)
    .await?;
    Ok(stored.rows_affected() > 0)
}

/// A person's tokens, ended ones too, the newest first; at most 200.
///
/// # Errors
/// Postgres's own.
pub async fn list(conn: &mut PgConnection, user: UserId) -> Result<Vec<TokenRow>, StoreError> {
    let rows = sqlx::query!(
        "select id, name, scopes, created_at, expires_at, last_used_at from api_tokens
         where user_id = $1 order by created_at desc, id limit 200",
        user.0
    )
    .fetch_all(conn)
    .await?;
    let tokens = rows.into_iter().map(|row| TokenRow {
        id: row.id,
        name: row.name,
        scopes: read(&row.scopes),
        created_at: row.created_at,
        expires_at: row.expires_at,
        last_used_at: row.last_used_at,
    });
    Ok(tokens.collect())
}

/// Takes a token away; false: there is none such.
///
/// # Errors
/// Postgres's own.
pub async fn delete(conn: &mut PgConnection, token: Uuid, user: UserId) -> Result<bool, StoreError> {
    let deleted = sqlx::query!("delete from api_tokens where id = $1 and user_id = $2", token, user.0)
        .execute(conn)
        .await?;
    Ok(deleted.rows_affected() > 0)
}

/// Takes all of a person's tokens away.
///
/// # Errors
/// Postgres's own.
pub async fn delete_all(conn: &mut PgConnection, user: UserId) -> Result<(), StoreError> {
    sqlx::query!("delete from api_tokens where user_id = $1", user.0).execute(conn).await?;
    Ok(())
}

/// Whose token this is, if it stands and its person may still sign in; notes its use at most once a minute.
///
/// # Errors
/// Postgres's own.
pub async fn used(store: &Store, digest: &Digest) -> Result<Option<Bearer>, StoreError> {
    let row = sqlx::query!(
        r#"select token_id as "token!", token_user_id as "user!", token_scopes as "scopes!" from api_token_used($1)"#,
        digest.0
    )
    .fetch_optional(store.pool())
    .await?;
    Ok(row.map(|row| Bearer { token: row.token, user: UserId(row.user), scopes: read(&row.scopes) }))
}

/// Whether a token is still there, for streams that began with it.
///
/// # Errors
/// Postgres's own.
pub async fn stands(store: &Store, token: Uuid, user: UserId) -> Result<bool, StoreError> {
    let stands = sqlx::query_scalar!(r#"select api_token_stands($1, $2) as "stands!""#, token, user.0)
        .fetch_one(store.pool())
        .await?;
    Ok(stands)
}

/// A scope that this version does not know reaches nothing.
fn read(words: &[String]) -> Vec<Scope> {
    words.iter().filter_map(|word| Scope::parse(word)).collect()
}
