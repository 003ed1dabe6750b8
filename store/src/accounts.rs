//! People: sign-up, what login compares, what a person may know of their account.

use crate::{Store, StoreError};
use chrono::{DateTime, Utc};
use groundwork_domain::{UserId, WorkspaceId};
use rust_decimal::Decimal;
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// What sign-up stores.
#[derive(Clone, Debug)]
pub struct NewAccount<'a> {
    /// The new person; the transaction must run as them.
    pub user_id: UserId,
    /// Lower-case, at most 255 characters.
    pub email: &'a str,
    /// In bcrypt's own format.
    pub password_hash: &'a str,
    /// 1 to 255 characters.
    pub name: &'a str,
}

/// A person, as they see themselves.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Account {
    /// Who.
    pub id: Uuid,
    /// Lower-case.
    pub email: String,
    /// When they showed that the address is theirs.
    pub email_verified_at: Option<DateTime<Utc>>,
    /// What they are called.
    pub name: String,
    /// Whether they are told by mail that a project ended or needs them.
    pub mail_notices: bool,
    /// When they last signed in.
    pub last_login_at: Option<DateTime<Utc>>,
    /// When they signed up.
    pub created_at: DateTime<Utc>,
}

/// What a person has used of what they may use.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// Projects that count against the limit.
    pub projects_created: i32,
    /// An exception made for this person; none: the installation's setting.
    pub max_projects: Option<i32>,
    /// US dollars over all their projects.
    pub cost_usd: Decimal,
    /// Tokens read by models.
    pub input_tokens: i64,
    /// Tokens written by models.
    pub output_tokens: i64,
    /// Projects that are not deleted.
    pub projects_present: i64,
}

/// How many accounts there are. Holds a lock until the transaction ends, so that two sign-ups at once count each other.
///
/// # Errors
/// Postgres's own.
pub async fn count(conn: &mut PgConnection) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar!(r#"select accounts_counted() as "count!""#).fetch_one(conn).await?)
}

/// Stores a person with their personal workspace; false: the address is taken, nothing was stored.
///
/// # Errors
/// Postgres's own.
pub async fn create(
    conn: &mut PgConnection,
    account: &NewAccount<'_>,
    workspace: WorkspaceId,
) -> Result<bool, StoreError> {
    let inserted = sqlx::query!(
        "insert into users (id, email, password_hash, name) values ($1, $2, $3, $4)
         on conflict do nothing",
        account.user_id.0,
        account.email,
        account.password_hash,
        account.name,
    )
    .execute(&mut *conn)
    .await?;
    if inserted.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query!(
        "insert into workspaces (id, owner_id, name) values ($1, $2, left($3 || '''s workspace', 255))",
        workspace.0,
        account.user_id.0,
        account.name,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into workspace_members (workspace_id, user_id, role, joined_at) values ($1, $2, 'owner', now())",
        workspace.0,
        account.user_id.0,
    )
    .execute(conn)
    .await?;
    Ok(true)
}

/// Who signs in with this address, and the hash that their password is compared with. None for unknown, inactive and
/// deleted accounts alike.
///
/// # Errors
/// Postgres's own.
pub async fn login_lookup(store: &Store, email: &str) -> Result<Option<(UserId, String)>, StoreError> {
    let row = sqlx::query!(
        r#"select user_id as "user_id!", password_hash as "password_hash!" from login_lookup($1)"#,
        email
    )
    .fetch_optional(store.pool())
    .await?;
    Ok(row.map(|row| (UserId(row.user_id), row.password_hash)))
}

/// The hash of the password of the person that the transaction runs as; none for inactive and deleted people.
///
/// # Errors
/// Postgres's own.
pub async fn own_password_hash(conn: &mut PgConnection) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar!("select own_password_hash()").fetch_one(conn).await?)
}

/// Puts another password in the place of the person's.
///
/// # Errors
/// Postgres's own.
pub async fn set_password(
    conn: &mut PgConnection,
    user: UserId,
    password_hash: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update users set password_hash = $2, updated_at = now() where id = $1",
        user.0,
        password_hash
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that a person signed in now, and from where, if that is known.
///
/// # Errors
/// Postgres's own.
pub async fn record_login(
    conn: &mut PgConnection,
    user: UserId,
    place: Option<&str>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "with signed_in as (update users set last_login_at = now() where id = $1)
         insert into login_places (user_id, place) select $1, $2::text where $2::text is not null
         on conflict (user_id, place) do update set last_at = now()",
        user.0,
        place,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A person's own account.
///
/// # Errors
/// Postgres's own.
pub async fn find(conn: &mut PgConnection, user: UserId) -> Result<Option<Account>, StoreError> {
    let account = sqlx::query_as!(
        Account,
        "select id, email, email_verified_at, name, mail_notices, last_login_at, created_at from users where id = $1",
        user.0
    )
    .fetch_optional(conn)
    .await?;
    Ok(account)
}

/// Changes what a person is called, and whether they are told by mail of what happens in their projects; none: it stays. The
/// transaction runs as them.
///
/// # Errors
/// Postgres's own.
pub async fn update(
    conn: &mut PgConnection,
    user: UserId,
    name: Option<&str>,
    mail_notices: Option<bool>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update users set name = coalesce($2, name), mail_notices = coalesce($3, mail_notices), updated_at = now()
         where id = $1",
        user.0,
        name,
        mail_notices
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The address of the person who asks, as far as they have shown that it is theirs.
///
/// # Errors
/// Postgres's own.
pub async fn proven_email(conn: &mut PgConnection) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar!("select proven_email()").fetch_one(conn).await?)
}

/// What a person has used.
///
/// # Errors
/// Postgres's own.
pub async fn usage(conn: &mut PgConnection, user: UserId) -> Result<Option<Usage>, StoreError> {
    let usage = sqlx::query_as!(
        Usage,
        r#"select u.projects_created, u.max_projects,
                  coalesce(sum(p.cost_usd), 0) as "cost_usd!",
                  coalesce(sum(p.input_tokens), 0)::bigint as "input_tokens!",
                  coalesce(sum(p.output_tokens), 0)::bigint as "output_tokens!",
                  count(p.id) filter (where p.lifecycle <> 'deleted') as "projects_present!"
           from users u left join projects p on p.created_by = u.id
           where u.id = $1 group by u.id"#,
        user.0
    )
    .fetch_optional(conn)
    .await?;
    Ok(usage)
}

/// Takes away first answers that are older than so many hours, sessions that ended a week ago, and counters and challenges
/// that nothing can ask for any more; returns how many rows.
///
/// # Errors
/// Postgres's own.
pub async fn sweep(store: &Store, answers_kept_h: u32) -> Result<i64, StoreError> {
    let swept = sqlx::query_scalar!(
        r#"select accounts_swept($1 * interval '1 hour') + identity_swept() as "swept!""#,
        f64::from(answers_kept_h)
    )
    .fetch_one(store.pool())
    .await?;
    Ok(swept)
}
