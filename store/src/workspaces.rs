//! Workspaces and who may do what in them: the first lock of tenancy (row-level security is the second).

use crate::StoreError;
use chrono::{DateTime, Utc};
use groundwork_domain::access::Role;
use groundwork_domain::{Lifecycle, ProjectId, UserId, WorkspaceId};
use serde::{Deserialize, Serialize};
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgTypeInfo, PgValueRef};
use sqlx::types::Json;
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

/// What the members of a workspace have agreed on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct WorkspaceSettings {
    /// The pipeline of a project that names none; none: the installation's.
    pub default_pipeline: Option<String>,
    /// Days without activity after which a project is archived; none: the installation's.
    pub archive_idle_days: Option<u32>,
}

/// A workspace as one of its members sees it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Workspace {
    /// Which.
    pub id: Uuid,
    /// What it is called.
    pub name: String,
    /// Who owns it first: other members may be owners too.
    pub owner_id: Uuid,
    /// True for the workspace that a person got at sign-up: it is neither deleted nor transferred nor shared.
    pub is_personal: bool,
    /// `free`, `paid` or `enterprise`.
    pub plan_tier: String,
    /// What its members have agreed on.
    pub settings: WorkspaceSettings,
    /// `active`, `archived` (can be read, not changed) or `deleted` (an owner can take it back).
    #[schema(value_type = String, example = "active")]
    pub lifecycle: Lifecycle,
    /// When it was deleted.
    pub deleted_at: Option<DateTime<Utc>>,
    /// What the reader may do in it.
    #[schema(value_type = String, example = "owner")]
    pub role: Role,
    /// Since when it exists.
    pub created_at: DateTime<Utc>,
}

/// A row of a workspace with the membership of who reads it.
struct Row {
    id: Uuid,
    name: String,
    owner_id: Uuid,
    plan_tier: String,
    settings: Json<WorkspaceSettings>,
    lifecycle: String,
    deleted_at: Option<DateTime<Utc>>,
    role: RoleColumn,
    created_at: DateTime<Utc>,
}

impl Row {
    fn workspace(self) -> Result<Workspace, StoreError> {
        Ok(Workspace {
            id: self.id,
            name: self.name,
            owner_id: self.owner_id,
            is_personal: personal(UserId(self.owner_id)).0 == self.id,
            plan_tier: self.plan_tier,
            settings: self.settings.0,
            lifecycle: lifecycle(&self.lifecycle)?,
            deleted_at: self.deleted_at,
            role: self.role.0,
            created_at: self.created_at,
        })
    }
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
    /// Whether the project is in use.
    pub lifecycle: Lifecycle,
    /// Whether its workspace is in use; never deleted.
    pub workspace_lifecycle: Lifecycle,
}

/// The workspace that every person gets at sign-up.
#[must_use]
pub fn personal(user: UserId) -> WorkspaceId {
    WorkspaceId(Uuid::new_v5(&user.0, b"personal workspace"))
}

pub(crate) fn lifecycle(word: &str) -> Result<Lifecycle, StoreError> {
    Lifecycle::parse(word).ok_or_else(|| StoreError::Corrupt { what: "lifecycle", reason: word.to_owned() })
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
    let found = sqlx::query_as!(
        Row,
        r#"select w.id, w.name, w.owner_id, w.plan_tier, w.settings as "settings: _", w.lifecycle, w.deleted_at,
                  m.role as "role: RoleColumn", w.created_at
           from workspaces w join workspace_members m on m.workspace_id = w.id
           where w.id = $1 and m.user_id = $2 and m.joined_at is not null and w.erased_at is null"#,
        workspace.0,
        user.0,
    )
    .fetch_optional(conn)
    .await?;
    found.map(Row::workspace).transpose()
}

/// All workspaces of a person in one state of their life, the oldest first; deleted ones only where they may be taken back.
///
/// # Errors
/// Postgres's own.
pub async fn list(
    conn: &mut PgConnection,
    user: UserId,
    wanted: Option<Lifecycle>,
) -> Result<Vec<Workspace>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        r#"select w.id, w.name, w.owner_id, w.plan_tier, w.settings as "settings: _", w.lifecycle, w.deleted_at,
                  m.role as "role: RoleColumn", w.created_at
           from workspaces w join workspace_members m on m.workspace_id = w.id
           where m.user_id = $1 and m.joined_at is not null and w.erased_at is null
             and case when $2::text is null then w.lifecycle <> 'deleted' else w.lifecycle = $2 end
             and (w.lifecycle <> 'deleted' or m.role = 'owner')
           order by w.created_at, w.id limit 1000"#,
        user.0,
        wanted.map(Lifecycle::as_str),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Row::workspace).collect()
}

/// Stores a workspace with its first owner; the transaction works in it, as them. False: the same request did so before.
///
/// # Errors
/// Postgres's own.
pub async fn create(
    conn: &mut PgConnection,
    owner: UserId,
    workspace: WorkspaceId,
    name: &str,
    settings: &WorkspaceSettings,
) -> Result<bool, StoreError> {
    let inserted = sqlx::query!(
        "insert into workspaces (id, owner_id, name, settings) values ($1, $2, $3, $4) on conflict do nothing",
        workspace.0,
        owner.0,
        name,
        Json(settings) as _,
    )
    .execute(&mut *conn)
    .await?;
    if inserted.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query!(
        "insert into workspace_members (workspace_id, user_id, role, joined_at) values ($1, $2, 'owner', now())",
        workspace.0,
        owner.0,
    )
    .execute(conn)
    .await?;
    Ok(true)
}

/// How many shared workspaces a person owns first that are not deleted.
///
/// # Errors
/// Postgres's own.
pub async fn owned(conn: &mut PgConnection, owner: UserId) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from workspaces where owner_id = $1 and id <> $2 and lifecycle <> 'deleted'"#,
        owner.0,
        personal(owner).0,
    )
    .fetch_one(conn)
    .await?)
}

/// Changes name, settings or both; none leaves it.
///
/// # Errors
/// [`StoreError::NotFound`]; Postgres's own.
pub async fn update(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    name: Option<&str>,
    settings: Option<&WorkspaceSettings>,
) -> Result<(), StoreError> {
    let updated = sqlx::query!(
        "update workspaces set name = coalesce($2, name), settings = coalesce($3, settings), updated_at = now()
         where id = $1",
        workspace.0,
        name,
        settings.map(Json) as _,
    )
    .execute(conn)
    .await?;
    if updated.rows_affected() == 0 {
        return Err(StoreError::NotFound("workspace"));
    }
    Ok(())
}

/// Locks a workspace until the transaction ends, against all who change its memberships or put it away, and against new
/// projects; says whether it is in use.
///
/// # Errors
/// [`StoreError::NotFound`]; Postgres's own.
pub async fn lock(conn: &mut PgConnection, workspace: WorkspaceId) -> Result<Lifecycle, StoreError> {
    let word = sqlx::query_scalar!("select lock_workspace($1)", workspace.0).fetch_one(conn).await?;
    lifecycle(&word.ok_or(StoreError::NotFound("workspace"))?)
}

/// Puts a locked workspace away or takes it back. Its projects are marked: those that run now will be put away with it, and
/// those that were put away with it will be taken back (`shelving`).
///
/// # Errors
/// Postgres's own.
pub async fn set_lifecycle(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    wanted: Lifecycle,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update workspaces
         set lifecycle = $2, deleted_at = case when $2 = 'deleted' then now() end, updated_at = now()
         where id = $1",
        workspace.0,
        wanted.as_str(),
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "update projects set parked = parked or ($2 and lifecycle = 'active'), shelving_tried_at = null
         where workspace_id = $1 and (parked or lifecycle = 'active')",
        workspace.0,
        !wanted.is_active(),
    )
    .execute(&mut *conn)
    .await?;
    crate::members::tell(conn, workspace, None).await
}

/// Gives a locked workspace to another of its owners.
///
/// # Errors
/// Postgres's own.
pub async fn set_owner(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    owner: UserId,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update workspaces set owner_id = $2, updated_at = now() where id = $1",
        workspace.0,
        owner.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Enters the workspace of a project: says where the person stands towards it, and from here on the transaction works in
/// that workspace. None for unknown and foreign projects and those of deleted workspaces alike; deleted projects are there
/// only for who asks for them too, until they are erased.
///
/// # Errors
/// Postgres's own.
pub async fn enter_project(
    conn: &mut PgConnection,
    user: UserId,
    project: ProjectId,
    with_deleted: bool,
) -> Result<Option<Standing>, StoreError> {
    let row = sqlx::query!(
        r#"select p.workspace_id, m.role as "role: RoleColumn", p.created_by, p.lifecycle,
                  w.lifecycle as workspace_lifecycle,
                  set_config('app.workspace_id', p.workspace_id::text, true) as entered
           from projects p
           join workspace_members m on m.workspace_id = p.workspace_id
           join workspaces w on w.id = p.workspace_id
           where p.id = $1 and (p.lifecycle <> 'deleted' or $3) and p.erased_at is null and w.lifecycle <> 'deleted'
             and m.user_id = $2 and m.joined_at is not null"#,
        project.0,
        user.0,
        with_deleted,
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Standing {
        workspace_id: WorkspaceId(row.workspace_id),
        role: row.role.0,
        is_creator: row.created_by == user.0,
        lifecycle: lifecycle(&row.lifecycle)?,
        workspace_lifecycle: lifecycle(&row.workspace_lifecycle)?,
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
