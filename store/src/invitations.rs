//! Invitations: a membership that is offered to whoever shows that an address is theirs.

use crate::StoreError;
use crate::workspaces::RoleColumn;
use chrono::{DateTime, Utc};
use groundwork_domain::access::Role;
use groundwork_domain::{UserId, WorkspaceId};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// An invitation, as those who manage members see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Invitation {
    /// Which.
    pub id: Uuid,
    /// To where.
    pub workspace_id: Uuid,
    /// Whose address.
    pub email: String,
    /// `owner`, `admin`, `editor` or `viewer`.
    #[schema(value_type = String, example = "editor")]
    pub role: Role,
    /// By whom.
    pub invited_by: Uuid,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Until when it can be accepted.
    pub expires_at: DateTime<Utc>,
}

/// An invitation, as who is invited sees it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Offer {
    /// Which.
    pub id: Uuid,
    /// To where.
    pub workspace_id: Uuid,
    /// What that is called.
    pub workspace_name: String,
    /// `owner`, `admin`, `editor` or `viewer`.
    #[schema(value_type = String, example = "editor")]
    pub role: Role,
    /// What the person is called who invites.
    pub invited_by: String,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Until when it can be accepted.
    pub expires_at: DateTime<Utc>,
}

/// Stores an invitation; one that is open for this address is replaced by it, and keeps its id.
///
/// # Errors
/// Postgres's own: also that the inviter may not give this role.
pub async fn invite(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    inviter: UserId,
    email: &str,
    role: Role,
    expires_at: DateTime<Utc>,
) -> Result<Invitation, StoreError> {
    let row = sqlx::query!(
        r#"insert into invitations (id, workspace_id, email, role, invited_by, expires_at)
           values ($1, $2, $3, $4, $5, $6)
           on conflict (workspace_id, email) where state = 'open'
           do update set role = excluded.role, invited_by = excluded.invited_by, created_at = now(),
               expires_at = excluded.expires_at
           returning id, created_at"#,
        Uuid::new_v4(),
        workspace.0,
        email,
        role.as_str(),
        inviter.0,
        expires_at,
    )
    .fetch_one(conn)
    .await?;
    Ok(Invitation {
        id: row.id,
        workspace_id: workspace.0,
        email: email.to_owned(),
        role,
        invited_by: inviter.0,
        created_at: row.created_at,
        expires_at,
    })
}

/// Open invitations of a workspace, the latest first.
///
/// # Errors
/// Postgres's own.
pub async fn list(conn: &mut PgConnection, workspace: WorkspaceId) -> Result<Vec<Invitation>, StoreError> {
    let rows = sqlx::query!(
        r#"select id, workspace_id, email, role as "role: RoleColumn", invited_by, created_at, expires_at
           from invitations where workspace_id = $1 and state = 'open' and expires_at > now()
           order by created_at desc, id limit 1000"#,
        workspace.0
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Invitation {
            id: row.id,
            workspace_id: row.workspace_id,
            email: row.email,
            role: row.role.0,
            invited_by: row.invited_by,
            created_at: row.created_at,
            expires_at: row.expires_at,
        })
        .collect())
}

/// The role that an open invitation offers, found by what it is or whose address it names; none where there is none.
///
/// # Errors
/// Postgres's own.
pub async fn offered(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    invitation: Option<Uuid>,
    email: Option<&str>,
) -> Result<Option<Role>, StoreError> {
    let role = sqlx::query_scalar!(
        r#"select role as "role: RoleColumn" from invitations
           where workspace_id = $1 and (id = $2 or email = $3) and state = 'open' and expires_at > now()"#,
        workspace.0,
        invitation,
        email
    )
    .fetch_optional(conn)
    .await?;
    Ok(role.map(|role| role.0))
}

/// Takes back an open invitation; false where there is none.
///
/// # Errors
/// Postgres's own.
pub async fn revoke(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    invitation: Uuid,
) -> Result<bool, StoreError> {
    let revoked = sqlx::query!(
        "update invitations set state = 'revoked', settled_at = now()
         where id = $2 and workspace_id = $1 and state = 'open'",
        workspace.0,
        invitation
    )
    .execute(conn)
    .await?;
    Ok(revoked.rows_affected() == 1)
}

/// Takes back what a person offered that they could not offer any more: with this role, or with none.
///
/// # Errors
/// Postgres's own.
pub async fn revoke_beyond(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    inviter: UserId,
    role: Option<Role>,
) -> Result<(), StoreError> {
    let may_invite = role.is_some_and(|role| role >= Role::Admin);
    sqlx::query!(
        "update invitations set state = 'revoked', settled_at = now()
         where workspace_id = $1 and invited_by = $2 and state = 'open'
           and (not $3 or role_rank(role) > role_rank($4))",
        workspace.0,
        inviter.0,
        may_invite,
        role.map_or("", Role::as_str),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Invitations that the person who asks may decide.
///
/// # Errors
/// Postgres's own.
pub async fn mine(conn: &mut PgConnection) -> Result<Vec<Offer>, StoreError> {
    let rows = sqlx::query!(
        r#"select invitation_id as "id!", place as "workspace_id!", place_name as "name!",
                  offered_role as "role!: RoleColumn", inviter as "inviter!", invited_at as "created_at!",
                  ends_at as "expires_at!"
           from my_invitations()"#
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Offer {
            id: row.id,
            workspace_id: row.workspace_id,
            workspace_name: row.name,
            role: row.role.0,
            invited_by: row.inviter,
            created_at: row.created_at,
            expires_at: row.expires_at,
        })
        .collect())
}

/// Accepts or declines for the person who asks, once; from here on the transaction works in that workspace. None where there
/// is nothing to decide (any more), or not for them.
///
/// # Errors
/// Postgres's own.
pub async fn decide(
    conn: &mut PgConnection,
    invitation: Uuid,
    accepting: bool,
) -> Result<Option<(WorkspaceId, Role)>, StoreError> {
    let row = sqlx::query!(
        r#"select place as "workspace_id!", given_role as "role!: RoleColumn",
                  set_config('app.workspace_id', place::text, true) as entered
           from decide_invitation($1, $2)"#,
        invitation,
        accepting
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| (WorkspaceId(row.workspace_id), row.role.0)))
}
