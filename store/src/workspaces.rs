//! Workspaces and who may do what in them: the first lock of tenancy (row-level security is the second).

use crate::StoreError;
use chrono::{DateTime, Utc};
use groundwork_domain::access::Role;
use groundwork_domain::{ProjectId, UserId, WorkspaceId};
use serde::Serialize;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgTypeInfo, PgValueRef};
use sqlx::{PgConnection, Postgres};
use utoipa::ToSchema;
use uuid::Uuid;

/// A role as a column has it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RoleColumn(pub(crate) Role);

impl sqlx::Type<Postgres> for RoleColumn {
    fn type_info() -> PgTypeInfo {
        <str as sqlx::Type<Postgres>>::type_info()
    }

    fn compatible(info: &PgTypeInfo) -> bool {
        <str as sqlx::Type<Postgres>>::compatible(info)
    }
}

impl<'r> sqlx::Decode<'r, Postgres> for RoleColumn {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        let word = <&str as sqlx::Decode<Postgres>>::decode(value)?;
        Role::parse(word).map(Self).ok_or_else(|| format!("no role is called {word}").into())
    }
}

/// A workspace as one of its members sees it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Workspace {
    /// Which.
    pub id: Uuid,
    /// What it is called.
    pub name: String,
    /// `free`, `paid` or `enterprise`.
    pub plan_tier: String,
    /// What the reader may do in it.
    #[schema(value_type = String, example = "owner")]
    pub role: Role,
    /// Since when it exists.
    pub created_at: DateTime<Utc>,
}

/// Where a person stands towards a project.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// The project's tenant.
    pub workspace_id: WorkspaceId,
    /// What the person may do there.
    pub role: Role,
    /// Whether they created the project.
    pub is_creator: bool,
}

/// The workspace that every person gets at sign-up.
#[must_use]
pub fn personal(user: UserId) -> WorkspaceId {
    WorkspaceId(Uuid::new_v5(&user.0, b"personal workspace"))
}

/// One workspace of a person; none where they are not a member.
///
/// # Errors
/// Postgres's own.
pub async fn find(
    conn: &mut PgConnection,
    user: UserId,
    workspace: WorkspaceId,
) -> Result<Option<Workspace>, StoreError> {
    let found = sqlx::query!(
        r#"select w.id, w.name, w.plan_tier, m.role as "role: RoleColumn", w.created_at
           from workspaces w join workspace_members m on m.workspace_id = w.id
           where w.id = $1 and m.user_id = $2 and m.joined_at is not null"#,
        workspace.0,
        user.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.map(|row| Workspace {
        id: row.id,
        name: row.name,
        plan_tier: row.plan_tier,
        role: row.role.0,
        created_at: row.created_at,
    }))
}

/// Enters the workspace of a project: says where the person stands towards it, and from here on the transaction works in
/// that workspace. None for unknown, deleted and foreign projects alike.
///
/// # Errors
/// Postgres's own.
pub async fn enter_project(
    conn: &mut PgConnection,
    user: UserId,
    project: ProjectId,
) -> Result<Option<Standing>, StoreError> {
    let row = sqlx::query!(
        r#"select p.workspace_id, m.role as "role: RoleColumn", p.created_by,
                  set_config('app.workspace_id', p.workspace_id::text, true) as entered
           from projects p join workspace_members m on m.workspace_id = p.workspace_id
           where p.id = $1 and p.lifecycle <> 'deleted' and m.user_id = $2 and m.joined_at is not null"#,
        project.0,
        user.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Standing {
        workspace_id: WorkspaceId(row.workspace_id),
        role: row.role.0,
        is_creator: row.created_by == user.0,
    }))
}

/// The project of an artifact that the person may see.
///
/// # Errors
/// Postgres's own.
pub async fn project_of_artifact(
    conn: &mut PgConnection,
    artifact: Uuid,
) -> Result<Option<ProjectId>, StoreError> {
    let project = sqlx::query_scalar!("select project_id from artifacts where id = $1 limit 1", artifact)
        .fetch_optional(conn)
        .await?;
    Ok(project.map(ProjectId))
}
