//! Who belongs to a workspace, and with which role. Callers hold the workspace's lock (`workspaces::lock`) while they change
//! that, so that two people at once come one after the other.

use crate::StoreError;
use crate::workspaces::RoleColumn;
use chrono::{DateTime, Utc};
use groundwork_domain::access::Role;
use groundwork_domain::{UserId, WorkspaceId};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// A member, as the others see them.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Member {
    /// Who.
    pub user_id: Uuid,
    /// What they are called.
    pub name: String,
    /// Their address.
    pub email: String,
    /// `owner`, `admin`, `editor` or `viewer`.
    #[schema(value_type = String, example = "editor")]
    pub role: Role,
    /// Who invited them; none for who made the workspace.
    pub invited_by: Option<Uuid>,
    /// When they were invited.
    pub invited_at: DateTime<Utc>,
    /// When they joined.
    pub joined_at: Option<DateTime<Utc>>,
}

/// All members, those with the highest role first; empty for who is none of them.
///
/// # Errors
/// Postgres's own.
pub async fn list(conn: &mut PgConnection, workspace: WorkspaceId) -> Result<Vec<Member>, StoreError> {
    let rows = sqlx::query!(
        r#"select member as "member!", member_name as "name!", member_email as "email!",
                  member_role as "role!: RoleColumn", inviter, invited_since as "invited_at!", joined_since
           from members_of($1)"#,
        workspace.0
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Member {
            user_id: row.member,
            name: row.name,
            email: row.email,
            role: row.role.0,
            invited_by: row.inviter,
            invited_at: row.invited_at,
            joined_at: row.joined_since,
        })
        .collect())
}

/// The role of a member of the transaction's workspace.
///
/// # Errors
/// Postgres's own.
pub async fn role_of(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    user: UserId,
) -> Result<Option<Role>, StoreError> {
    let role = sqlx::query_scalar!(
        r#"select role as "role: RoleColumn" from workspace_members
           where workspace_id = $1 and user_id = $2 and joined_at is not null"#,
        workspace.0,
        user.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(role.map(|role| role.0))
}

/// An owner other than this one, the one who joined first.
///
/// # Errors
/// Postgres's own.
pub async fn other_owner(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    user: UserId,
) -> Result<Option<UserId>, StoreError> {
    let owner = sqlx::query_scalar!(
        "select user_id from workspace_members
         where workspace_id = $1 and user_id <> $2 and role = 'owner' and joined_at is not null
         order by joined_at, user_id limit 1",
        workspace.0,
        user.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(owner.map(UserId))
}

/// Gives a member another role; false where row-level security or their absence prevents it.
///
/// # Errors
/// Postgres's own.
pub async fn set_role(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    user: UserId,
    role: Role,
) -> Result<bool, StoreError> {
    let updated = sqlx::query!(
        "update workspace_members set role = $3 where workspace_id = $1 and user_id = $2 and joined_at is not null",
        workspace.0,
        user.0,
        role.as_str(),
    )
    .execute(&mut *conn)
    .await?;
    tell(conn, workspace, Some(user)).await?;
    Ok(updated.rows_affected() == 1)
}

/// Ends a membership; false where row-level security or their absence prevents it. What they made stays.
///
/// # Errors
/// Postgres's own.
pub async fn remove(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    user: UserId,
) -> Result<bool, StoreError> {
    let removed = sqlx::query!(
        "delete from workspace_members where workspace_id = $1 and user_id = $2",
        workspace.0,
        user.0
    )
    .execute(&mut *conn)
    .await?;
    tell(conn, workspace, Some(user)).await?;
    Ok(removed.rows_affected() == 1)
}

/// Tells all replicas, once the transaction is committed, that what somebody may see has changed: open streams look again.
pub(crate) async fn tell(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    user: Option<UserId>,
) -> Result<(), StoreError> {
    let who = user.map(|user| user.to_string()).unwrap_or_default();
    sqlx::query!("select pg_notify('groundwork_access', $1)", format!("{workspace}:{who}"))
        .execute(conn)
        .await?;
    Ok(())
}
