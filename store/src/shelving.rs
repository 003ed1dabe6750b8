//! Putting projects away and taking them back: the state from which a project is opened again, and the work that sweepers
//! take over where nobody waits for it.

use crate::clean::int;
use crate::{Store, StoreError};
use chrono::{DateTime, Utc};
use groundwork_domain::project::Project;
use groundwork_domain::{ProjectId, WorkspaceId};
use sqlx::PgConnection;
use sqlx::types::Json;
use std::time::Duration;

/// A project that should be put away or taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// The project.
    pub project_id: ProjectId,
    /// Its tenant.
    pub workspace_id: WorkspaceId,
    /// True: it comes back with its workspace. False: it goes with its workspace, or because nothing happened in it.
    pub comes_back: bool,
    /// When something last happened in it: with this, what is said to it can be named the same by all who say it.
    pub last_activity_at: DateTime<Utc>,
}

/// Claims projects that are due: each goes to one caller, and again after `again_after` if it still is.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn claim(
    store: &Store,
    idle_days: u32,
    again_after: Duration,
    at_most: u32,
) -> Result<Vec<Due>, StoreError> {
    let rows = sqlx::query!(
        r#"select project as "project!", place as "place!", wanted as "wanted!", since as "since!"
           from claim_shelving($1 * interval '1 day', $2 * interval '1 second', $3)"#,
        f64::from(idle_days),
        again_after.as_secs_f64(),
        int(at_most),
    )
    .fetch_all(store.pool())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Due {
            project_id: ProjectId(row.project),
            workspace_id: WorkspaceId(row.place),
            comes_back: row.wanted == "restore",
            last_activity_at: row.since,
        })
        .collect())
}

/// The state that the last run of a project's workflow published; none before the first publication. The project's row is
/// locked until the transaction ends: no other run can publish meanwhile.
///
/// # Errors
/// [`StoreError::NotFound`]; [`StoreError::Database`], also where the state does not read.
pub async fn snapshot(conn: &mut PgConnection, project: ProjectId) -> Result<Option<Project>, StoreError> {
    let row = sqlx::query!(
        r#"select snapshot as "snapshot: Json<Project>" from projects where id = $1 for no key update"#,
        project.0
    )
    .fetch_optional(conn)
    .await?
    .ok_or(StoreError::NotFound("project"))?;
    Ok(row.snapshot.map(|snapshot| snapshot.0))
}

/// Notes that a person puts a project away: it does not come back with its workspace.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn unpark(conn: &mut PgConnection, project: ProjectId) -> Result<(), StoreError> {
    sqlx::query!("update projects set parked = false where id = $1 and parked", project.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// Erases accounts that nobody ever signed in to and whose address was not verified within so many days; how many, at most so
/// many.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn sweep_unverified(store: &Store, days: u32, at_most: u32) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"select unverified_swept($1::integer * interval '1 day', $2) as "swept!""#,
        crate::clean::int(days),
        crate::clean::int(at_most),
    )
    .fetch_one(store.pool())
    .await?)
}

/// Erases what was deleted longer ago than so many days, some at a time; returns how many projects, workspaces and people.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn erase_ended(store: &Store, undo_days: u32, at_most: u32) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"select erase_ended($1 * interval '1 day', $2) as "erased!""#,
        f64::from(undo_days),
        int(at_most),
    )
    .fetch_one(store.pool())
    .await?)
}
