//! What people write to a project without the workflow: its creation, its name, ticks on checklists.

use crate::StoreError;
use crate::clean::{count, int};
use groundwork_domain::limits::Limits;
use groundwork_domain::pipeline::Pipeline;
use groundwork_domain::quota::{Quota, QuotaUse};
use groundwork_domain::{Digest, ProjectId, UserId, WorkspaceId};
use sqlx::PgConnection;
use sqlx::types::Json;

/// The pipeline whose projects are counted as they are begun (B-09).
const PROMPTR: &str = "promptr";

/// What creation stores.
#[derive(Clone, Debug)]
pub struct NewProject<'a> {
    /// UUIDv5(workspace, user, key): the same request names the same project.
    pub project_id: ProjectId,
    /// Its tenant; the transaction must work in it.
    pub workspace_id: WorkspaceId,
    /// Who creates it; the transaction must run as them.
    pub owner_id: UserId,
    /// 1 to 200 characters.
    pub title: &'a str,
    /// Whether a person said the title; no agent replaces it then.
    pub has_own_title: bool,
    /// `greenfield` or `brownfield`.
    pub project_type: &'a str,
    /// 1 to 65,536 bytes.
    pub idea: &'a str,
    /// Pinned with the project.
    pub pipeline: &'a Pipeline,
    /// Pinned with the project.
    pub limits: &'a Limits,
}

/// What became of a creation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Creation {
    /// The row is there, its workflow is not: start it.
    Stored {
        /// Limits that are nearly used up with it.
        near: Vec<QuotaUse>,
    },
    /// The same request stored it before; `started` says whether its workflow is known to run.
    Repeated {
        /// False: start it, as after `Stored`.
        started: bool,
    },
    /// The id is taken by a request with another idea.
    OtherRequest,
    /// Its workspace was archived or deleted meanwhile. Roll back.
    PutAway,
    /// The person has used up their projects. Roll back.
    LimitReached(QuotaUse),
}

/// How many projects a person may have.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    /// Of pipeline `promptr`, ever begun; none: any number. The person's own exception goes before it.
    pub promptr: Option<u32>,
    /// Of any pipeline, present; none: any number. Never less than the person's own exception.
    pub total: Option<u32>,
    /// Of the workspace, present, whoever began them; none: any number.
    pub workspace: Option<u32>,
}

/// Stores a project whose workflow is about to be started, and counts it. Writes neither event nor turn: a project that
/// never started leaves no trace, and those cannot be taken back; the first publication writes them.
///
/// # Errors
/// Postgres's own.
pub async fn create(
    conn: &mut PgConnection,
    project: &NewProject<'_>,
    allowance: Allowance,
) -> Result<Creation, StoreError> {
    let digest = Digest::of(project.idea.as_bytes());
    let status = project.pipeline.stages.first().map_or("starting", |stage| stage.status.as_str());
    let inserted = sqlx::query!(
        "insert into projects (id, workspace_id, created_by, title, project_type, pipeline_id, pipeline_version, pipeline,
                               limits, idea, idea_digest, status, refinements_max, titled_by)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
         on conflict (id) do nothing",
        project.project_id.0,
        project.workspace_id.0,
        project.owner_id.0,
        project.title,
        project.project_type,
        project.pipeline.id,
        int(project.pipeline.version),
        Json(project.pipeline) as _,
        Json(project.limits) as _,
        project.idea,
        digest.0,
        status,
        int(project.limits.refinements_max),
        if project.has_own_title { "person" } else { "idea" },
    )
    .execute(&mut *conn)
    .await?;
    if inserted.rows_affected() == 0 {
        return repeated(conn, project.project_id, &digest).await;
    }
    // The new row refers to the workspace's, so whoever puts it away now waits for us, or we have waited for them.
    let in_use = sqlx::query_scalar!(
        r#"select lifecycle = 'active' as "in_use!" from workspaces where id = $1"#,
        project.workspace_id.0
    )
    .fetch_optional(&mut *conn)
    .await?;
    if in_use != Some(true) {
        return Ok(Creation::PutAway);
    }
    count_project(conn, project, allowance).await
}

async fn repeated(
    conn: &mut PgConnection,
    project: ProjectId,
    digest: &Digest,
) -> Result<Creation, StoreError> {
    let row = sqlx::query!(
        r#"select idea_digest as "idea_digest!: String", workflow_state <> 'starting' as "started!"
           from projects where id = $1"#,
        project.0
    )
    .fetch_one(conn)
    .await?;
    if row.idea_digest != digest.0 {
        return Ok(Creation::OtherRequest);
    }
    Ok(Creation::Repeated { started: row.started })
}

/// Counts the project that was just stored. The person's row is locked by it, so that two creations at once count each other.
async fn count_project(
    conn: &mut PgConnection,
    project: &NewProject<'_>,
    allowance: Allowance,
) -> Result<Creation, StoreError> {
    if allowance.workspace.is_some() {
        crate::workspaces::lock(conn, project.workspace_id).await?;
    }
    let counted = i32::from(project.pipeline.id == PROMPTR);
    let row = sqlx::query!(
        "update users set projects_created = projects_created + $2 where id = $1
         returning projects_created, max_projects",
        project.owner_id.0,
        counted,
    )
    .fetch_one(&mut *conn)
    .await?;
    // A statement of its own, so that it sees what whoever had the lock before has committed.
    let present = sqlx::query!(
        r#"select count(*) filter (where created_by = $1) as "mine!", count(*) filter (where workspace_id = $2) as "here!"
           from projects where (created_by = $1 or workspace_id = $2) and lifecycle <> 'deleted'"#,
        project.owner_id.0,
        project.workspace_id.0,
    )
    .fetch_one(conn)
    .await?;
    let counted_up = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
    let exception = row.max_projects.map(count);
    let total = allowance.total.map(|total| total.max(exception.unwrap_or_default()));
    let promptr = if counted > 0 { exception.or(allowance.promptr) } else { None };
    let limits = [
        (Quota::PromptrProjects, count(row.projects_created), promptr),
        (Quota::Projects, counted_up(present.mine), total),
        (Quota::WorkspaceProjects, counted_up(present.here), allowance.workspace),
    ];
    let uses =
        limits.into_iter().filter_map(|(quota, used, most)| Some(QuotaUse { quota, used, most: most? }));
    let uses: Vec<_> = uses.collect();
    if let Some(over) = uses.iter().find(|used| used.used > used.most) {
        return Ok(Creation::LimitReached(QuotaUse { used: over.used.saturating_sub(1), ..*over }));
    }
    Ok(Creation::Stored { near: uses.into_iter().filter(QuotaUse::is_near).collect() })
}

/// Takes back a project whose start surely failed, with the files that came with it, and its count. False: it was started
/// meanwhile, nothing happened.
///
/// # Errors
/// Postgres's own.
pub async fn take_back(
    conn: &mut PgConnection,
    project: ProjectId,
    owner: UserId,
) -> Result<bool, StoreError> {
    let locked = sqlx::query_scalar!(
        "select pipeline_id from projects where id = $1 and workflow_state = 'starting' for update",
        project.0
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(pipeline) = locked else { return Ok(false) };
    sqlx::query!("delete from uploads where project_id = $1", project.0).execute(&mut *conn).await?;
    sqlx::query!("delete from projects where id = $1", project.0).execute(&mut *conn).await?;
    sqlx::query!(
        "update users set projects_created = greatest(projects_created - $2, 0) where id = $1",
        owner.0,
        i32::from(pipeline == PROMPTR),
    )
    .execute(conn)
    .await?;
    Ok(true)
}

/// Gives a project another name.
///
/// # Errors
/// [`StoreError::NotFound`]; Postgres's own.
pub async fn rename(conn: &mut PgConnection, project: ProjectId, title: &str) -> Result<(), StoreError> {
    let renamed = sqlx::query!(
        "update projects set title = $2, titled_by = 'person', updated_at = now() where id = $1 and lifecycle <> 'deleted'",
        project.0,
        title
    )
    .execute(conn)
    .await?;
    if renamed.rows_affected() == 0 {
        return Err(StoreError::NotFound("project"));
    }
    Ok(())
}

/// A tick, or its removal, on one item of the current version of a prompt.
#[derive(Clone, Copy, Debug)]
pub struct Tick {
    /// The prompt.
    pub number: i32,
    /// The item: 0, 1, …
    pub position: i32,
    /// Done or not.
    pub checked: bool,
}

/// Ticks items of a prompt's checklist.
///
/// # Errors
/// [`StoreError::NotFound`] where the prompt or the item is not there; Postgres's own.
pub async fn tick(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    project: ProjectId,
    user: UserId,
    tick: Tick,
) -> Result<(), StoreError> {
    let ticked = sqlx::query!(
        "insert into prompt_checks (workspace_id, project_id, number, version, position, checked, checked_by)
         select $1, project_id, number, version, $4, $5, $6 from prompts
         where project_id = $2 and number = $3 and is_current and $4 < cardinality(checklist)
         on conflict (project_id, number, version, position)
         do update set checked = excluded.checked, checked_by = excluded.checked_by, checked_at = now()",
        workspace.0,
        project.0,
        tick.number,
        tick.position,
        tick.checked,
        user.0,
    )
    .execute(conn)
    .await?;
    if ticked.rows_affected() == 0 {
        return Err(StoreError::NotFound("checklist item"));
    }
    Ok(())
}
