//! What operators see and do over all workspaces: stages that failed for good, pausing everything, projects in trouble. No text of
//! anybody but projects' titles: ids and words of ours.

use crate::clean::int;
use crate::events::{LockedProject, NewEvent};
use crate::{Store, StoreError};
use chrono::{DateTime, Utc};
use groundwork_domain::command::Actor;
use groundwork_domain::event::{Cause, EventKind, event_id};
use groundwork_domain::{ProjectId, Timestamp, WorkspaceId};
use serde::Serialize;
use serde_json::json;
use std::time::Duration;
use utoipa::ToSchema;
use uuid::Uuid;

/// A stage that failed for good: a dead letter until somebody replays it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FailedStage {
    /// The project; with the stage it names the dead letter. A project has one for each failed stage.
    pub project_id: Uuid,
    /// What the project is called.
    pub project_title: String,
    /// Its tenant.
    pub workspace_id: Uuid,
    /// The pipeline that it runs on.
    pub pipeline: String,
    /// The stage.
    pub stage: Option<String>,
    /// Its attempt.
    pub attempt: Option<i32>,
    /// A word for programs: `provider_unavailable`, …
    pub code: Option<String>,
    /// Whether trying again without a change can help.
    pub permanent: bool,
    /// Model calls that were made.
    pub calls: i32,
    /// When.
    pub failed_at: DateTime<Utc>,
}

/// Where a dead letter stands in the list: the latest failure first, then by project and stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailedPlace<'a> {
    /// When it failed.
    pub at: DateTime<Utc>,
    /// The project.
    pub project: Uuid,
    /// The stage; none in cursors of the build before, which could not tell a project's stages apart.
    pub stage: Option<&'a str>,
}

/// Which dead letters.
#[derive(Clone, Debug, Default)]
pub struct FailedFilter<'a> {
    /// Only of this project.
    pub project: Option<ProjectId>,
    /// Only of this pipeline.
    pub pipeline: Option<&'a str>,
    /// Only of this stage.
    pub stage: Option<&'a str>,
    /// Only with this code.
    pub code: Option<&'a str>,
    /// Only those after this one in the order of the list.
    pub after: Option<FailedPlace<'a>>,
    /// At most so many.
    pub rows_max: i32,
}

/// Stages that failed for good, the latest first. The caller has checked that an operator asks.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn failed(store: &Store, filter: &FailedFilter<'_>) -> Result<Vec<FailedStage>, StoreError> {
    Ok(sqlx::query_as!(
        FailedStage,
        r#"select project as "project_id!", project_title as "project_title!", place as "workspace_id!",
                  pipeline as "pipeline!", failed_stage as stage,
                  failed_attempt as attempt, failed_code as code, is_permanent as "permanent!", calls as "calls!",
                  failed_at as "failed_at!"
           from failed_stages($1, $2, $3, $4, $5, $6, $7, $8)"#,
        filter.project.map(|project| project.0),
        filter.pipeline,
        filter.stage,
        filter.code,
        filter.after.map(|place| place.at),
        filter.after.map(|place| place.project),
        filter.after.and_then(|place| place.stage),
        filter.rows_max,
    )
    .fetch_all(store.pool())
    .await?)
}

/// Projects to be paused, which are marked, or those that were marked so: in the order of their ids, after that of the call before.
/// The caller has checked that an operator asks.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn claim_halting(
    store: &Store,
    is_halting: bool,
    after: Option<ProjectId>,
    rows_max: u32,
) -> Result<Vec<(ProjectId, WorkspaceId)>, StoreError> {
    let rows = sqlx::query!(
        r#"select project as "project!", place as "place!" from claim_halting($1, $2, $3)"#,
        is_halting,
        after.map(|project| project.0),
        int(rows_max),
    )
    .fetch_all(store.pool())
    .await?;
    Ok(rows.into_iter().map(|row| (ProjectId(row.project), WorkspaceId(row.place))).collect())
}

/// Takes the marks of projects away that go on. The caller has checked that an operator asks.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn end_halting(store: &Store, projects: &[Uuid]) -> Result<(), StoreError> {
    sqlx::query!("select end_halting(project) from unnest($1::uuid[]) as project", projects)
        .execute(store.pool())
        .await?;
    Ok(())
}

/// Begins or ends the time in which nothing new is started. The caller has checked that an operator asks.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn set_halted(store: &Store, is_halted: bool) -> Result<(), StoreError> {
    sqlx::query!("select set_halted($1)", is_halted).execute(store.pool()).await?;
    Ok(())
}

/// Since when operators have paused everything; none: they have not.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn halted_since(store: &Store) -> Result<Option<DateTime<Utc>>, StoreError> {
    Ok(sqlx::query_scalar!("select halted_since()").fetch_one(store.pool()).await?)
}

/// A project in trouble.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Trouble {
    /// The project.
    pub project_id: Uuid,
    /// What the project is called.
    pub project_title: String,
    /// Its tenant.
    pub workspace_id: Uuid,
    /// `stuck` (works, and nothing happened for too long), `failing` or `over_budget`.
    pub kind: String,
    /// The stage.
    pub stage: Option<String>,
    /// Since when.
    pub since: DateTime<Utc>,
    /// When it was found.
    pub seen_at: Option<DateTime<Utc>>,
}

/// Looks for projects in trouble over all workspaces; returns those that were not known yet. What is over is forgotten.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn supervise(store: &Store, stuck_after: Duration) -> Result<Vec<Trouble>, StoreError> {
    let rows = sqlx::query!(
        r#"select project as "project!", project_title as "title!", place as "place!", trouble as "trouble!", at_stage,
                  trouble_since as "since!"
           from supervise_named($1::bigint * interval '1 second')"#,
        i64::try_from(stuck_after.as_secs()).unwrap_or(i64::MAX),
    )
    .fetch_all(store.pool())
    .await?;
    let troubles = rows.into_iter().map(|row| Trouble {
        project_id: row.project,
        project_title: row.title,
        workspace_id: row.place,
        kind: row.trouble,
        stage: row.at_stage,
        since: row.since,
        seen_at: None,
    });
    Ok(troubles.collect())
}

/// Tells in a project's own log that it is stuck; once for each time since when.
///
/// # Errors
/// [`StoreError::NotFound`], [`StoreError::Database`].
pub async fn tell_stuck(store: &Store, trouble: &Trouble, at: Timestamp) -> Result<(), StoreError> {
    let (project, workspace) = (ProjectId(trouble.project_id), WorkspaceId(trouble.workspace_id));
    let since = Timestamp(trouble.since.timestamp_millis());
    let (cause, kind) = (Cause::Deadline { due: since }, EventKind::Stuck);
    let event = NewEvent {
        event_id: event_id(project, &cause, kind, None),
        kind,
        cause,
        item: None,
        actor: Actor::System,
        at,
        payload: json!({"stage": trouble.stage, "minutes": (at.0 - since.0) / 60_000}),
    };
    let mut tx = store.workspace(workspace).await?;
    let mut locked = LockedProject::lock(&mut tx, workspace, project).await?;
    locked.append(&mut tx, vec![event]).await?;
    locked.release(&mut tx).await?;
    tx.commit().await
}

/// All known troubles, the oldest first. The caller has checked that an operator asks.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn troubles(store: &Store, rows_max: u32) -> Result<Vec<Trouble>, StoreError> {
    Ok(sqlx::query_as!(
        Trouble,
        r#"select project as "project_id!", project_title as "project_title!", place as "workspace_id!", trouble as "kind!",
                  at_stage as stage, trouble_since as "since!", told_at as seen_at
           from troubles_named($1)"#,
        int(rows_max),
    )
    .fetch_all(store.pool())
    .await?)
}
