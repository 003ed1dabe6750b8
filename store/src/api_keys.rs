//! People's own keys of model providers (O-23): sealed, bound to the row they stand in. This crate never sees one open.

use crate::{Store, StoreError};
use chrono::{DateTime, Utc};
use groundwork_domain::{ProjectId, UserId, WorkspaceId};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// Whose key it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyOwner {
    /// A person's, for their own projects.
    User(UserId),
    /// A workspace's, for all its projects.
    Workspace(WorkspaceId),
}

impl KeyOwner {
    fn id(self) -> Uuid {
        match self {
            Self::User(user) => user.0,
            Self::Workspace(workspace) => workspace.0,
        }
    }

    /// What a sealed key is bound to: moved to another row it does not open.
    #[must_use]
    pub fn aad(self, provider: &str) -> String {
        match self {
            Self::User(user) => format!("groundwork/api-key/user/{user}/{provider}"),
            Self::Workspace(workspace) => format!("groundwork/api-key/workspace/{workspace}/{provider}"),
        }
    }
}

/// A key that a call may be made with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedKey {
    /// Whose.
    pub owner: KeyOwner,
    /// As domain's seal made it.
    pub sealed: Vec<u8>,
    /// Which key of the ring sealed it.
    pub key_id: String,
    /// Its last characters, by which people know it.
    pub last_four: String,
}

/// What can be read of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct KeyItem {
    /// `anthropic` or `openai`.
    pub provider: String,
    /// Its last characters, by which people know it.
    pub last_four: String,
    /// Since when there is one.
    pub created_at: DateTime<Utc>,
    /// When it was last replaced.
    pub updated_at: DateTime<Utc>,
}

/// The keys that a call of a project may be made with, in the order in which they are tried (P-04): of who began it, then of its
/// workspace. The transaction works in that workspace.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn for_call(
    conn: &mut PgConnection,
    project: ProjectId,
    provider: &str,
) -> Result<Vec<SealedKey>, StoreError> {
    let rows = sqlx::query!(
        r#"select of_user, of_workspace, sealed_key as "sealed!", ring_key as "key_id!", tail as "last_four!"
           from sealed_keys($1, $2)"#,
        project.0,
        provider,
    )
    .fetch_all(conn)
    .await?;
    let keys = rows.into_iter().filter_map(|row| {
        let owner = owner(row.of_user, row.of_workspace)?;
        Some(SealedKey { owner, sealed: row.sealed, key_id: row.key_id, last_four: row.last_four })
    });
    Ok(keys.collect())
}

/// A key that an older key of the ring sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldKey {
    /// Whose.
    pub owner: KeyOwner,
    /// `anthropic` or `openai`.
    pub provider: String,
    /// As domain's seal made it.
    pub sealed: Vec<u8>,
}

/// Keys of everybody that another key of the ring than `ring_now` sealed, in an order, after that of the call before. For workers, which seal
/// them anew.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn sealed_before(
    store: &Store,
    ring_now: &str,
    after: Option<&OldKey>,
    at_most: u32,
) -> Result<Vec<OldKey>, StoreError> {
    let rows = sqlx::query!(
        r#"select of_user, of_workspace, of_provider as "provider!", sealed_key as "sealed!"
           from keys_sealed_before($1, $2, $3, $4)"#,
        ring_now,
        after.map(|key| key.owner.id()),
        after.map(|key| key.provider.as_str()),
        crate::clean::int(at_most),
    )
    .fetch_all(store.pool())
    .await?;
    let keys = rows.into_iter().filter_map(|row| {
        let owner = owner(row.of_user, row.of_workspace)?;
        Some(OldKey { owner, provider: row.provider, sealed: row.sealed })
    });
    Ok(keys.collect())
}

/// Puts the same key back, sealed by `ring_now`; false where it is no longer there as it was.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn seal_anew(
    store: &Store,
    was: &OldKey,
    sealed: &[u8],
    ring_now: &str,
) -> Result<bool, StoreError> {
    let (user, workspace) = columns(was.owner);
    Ok(sqlx::query_scalar!(
        r#"select key_sealed_anew($1, $2, $3, $4, $5, $6) as "done!""#,
        user,
        workspace,
        was.provider,
        was.sealed,
        sealed,
        ring_now,
    )
    .fetch_one(store.pool())
    .await?)
}

/// What can be read of somebody's keys, by provider.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn list(conn: &mut PgConnection, owner: KeyOwner) -> Result<Vec<KeyItem>, StoreError> {
    let (user, workspace) = columns(owner);
    Ok(sqlx::query_as!(
        KeyItem,
        r#"select provider as "provider!", last_four as "last_four!", created_at as "created_at!", updated_at as "updated_at!"
           from (select provider, last_four, created_at, updated_at from user_api_keys where user_id = $1
                 union all
                 select provider, last_four, created_at, updated_at from workspace_api_keys where workspace_id = $2) as keys
           order by 1"#,
        user,
        workspace,
    )
    .fetch_all(conn)
    .await?)
}

/// A key on its way in.
#[derive(Clone, Debug)]
pub struct NewKey<'a> {
    /// Whose it is.
    pub owner: KeyOwner,
    /// `anthropic` or `openai`.
    pub provider: &'a str,
    /// As domain's seal made it.
    pub sealed: &'a [u8],
    /// Which key of the ring sealed it.
    pub key_id: &'a str,
    /// Its last characters.
    pub last_four: &'a str,
    /// Who brought it.
    pub by: UserId,
}

/// Keeps a key in place of the one that was there. (Not by `on conflict do update`: that wants to read what is sealed, and
/// servers may not.)
///
/// # Errors
/// [`StoreError::Database`].
pub async fn put(conn: &mut PgConnection, key: &NewKey<'_>) -> Result<(), StoreError> {
    if replace(conn, key).await? || add(conn, key).await? {
        return Ok(());
    }
    // Somebody else has added it meanwhile.
    replace(conn, key).await?;
    Ok(())
}

/// False where there is none.
async fn replace(conn: &mut PgConnection, key: &NewKey<'_>) -> Result<bool, StoreError> {
    let done = match key.owner {
        KeyOwner::User(user) => {
            sqlx::query!(
                "update user_api_keys set sealed = $3, key_id = $4, last_four = $5, updated_at = now()
                 where user_id = $1 and provider = $2",
                user.0,
                key.provider,
                key.sealed,
                key.key_id,
                key.last_four,
            )
            .execute(conn)
            .await?
        }
        KeyOwner::Workspace(workspace) => {
            sqlx::query!(
                "update workspace_api_keys
                 set sealed = $3, key_id = $4, last_four = $5, set_by = $6, updated_at = now()
                 where workspace_id = $1 and provider = $2",
                workspace.0,
                key.provider,
                key.sealed,
                key.key_id,
                key.last_four,
                key.by.0,
            )
            .execute(conn)
            .await?
        }
    };
    Ok(done.rows_affected() == 1)
}

/// False where there is one.
async fn add(conn: &mut PgConnection, key: &NewKey<'_>) -> Result<bool, StoreError> {
    let done = match key.owner {
        KeyOwner::User(user) => {
            sqlx::query!(
                "insert into user_api_keys (user_id, provider, sealed, key_id, last_four) values ($1, $2, $3, $4, $5)
                 on conflict do nothing",
                user.0,
                key.provider,
                key.sealed,
                key.key_id,
                key.last_four,
            )
            .execute(conn)
            .await?
        }
        KeyOwner::Workspace(workspace) => {
            sqlx::query!(
                "insert into workspace_api_keys (workspace_id, provider, sealed, key_id, last_four, set_by)
                 values ($1, $2, $3, $4, $5, $6)
                 on conflict do nothing",
                workspace.0,
                key.provider,
                key.sealed,
                key.key_id,
                key.last_four,
                key.by.0,
            )
            .execute(conn)
            .await?
        }
    };
    Ok(done.rows_affected() == 1)
}

/// Takes a key away; false where there is none.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn delete(conn: &mut PgConnection, owner: KeyOwner, provider: &str) -> Result<bool, StoreError> {
    let done = match owner {
        KeyOwner::User(user) => {
            sqlx::query!("delete from user_api_keys where user_id = $1 and provider = $2", user.0, provider)
                .execute(conn)
                .await?
        }
        KeyOwner::Workspace(workspace) => {
            sqlx::query!(
                "delete from workspace_api_keys where workspace_id = $1 and provider = $2",
                workspace.0,
                provider
            )
            .execute(conn)
            .await?
        }
    };
    Ok(done.rows_affected() == 1)
}

fn owner(of_user: Option<Uuid>, of_workspace: Option<Uuid>) -> Option<KeyOwner> {
    let user = of_user.map(|user| KeyOwner::User(UserId(user)));
    user.or_else(|| of_workspace.map(|id| KeyOwner::Workspace(WorkspaceId(id))))
}

fn columns(owner: KeyOwner) -> (Option<Uuid>, Option<Uuid>) {
    match owner {
        KeyOwner::User(user) => (Some(user.0), None),
        KeyOwner::Workspace(workspace) => (None, Some(workspace.0)),
    }
}
