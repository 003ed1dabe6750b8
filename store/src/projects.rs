//! The start of a project's workflow, as far as the row knows it, and its state to open it again.

use crate::clean::int;
use crate::{Store, StoreError};
use groundwork_domain::limits::Limits;
use groundwork_domain::pipeline::Pipeline;
use groundwork_domain::project::ProjectInput;
use groundwork_domain::{Digest, ProjectId, UserId, WorkspaceId};
use sqlx::PgConnection;
use sqlx::types::Json;
use std::time::Duration;

/// A project whose workflow may not have been started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Starting {
    /// The project.
    pub project_id: ProjectId,
    /// Its tenant.
    pub workspace_id: WorkspaceId,
    /// Who created it.
    pub owner_id: UserId,
}

/// What a project's workflow is started with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartMaterial {
    /// References.
    pub input: ProjectInput,
    /// As it was pinned.
    pub pipeline: Pipeline,
    /// As they were pinned.
    pub limits: Limits,
}

/// Claims projects that have been starting for longer than `older_than`: each goes to one caller, and again after the
/// same time if it still does not run.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn claim_starting(
    store: &Store,
    older_than: Duration,
    at_most: u32,
) -> Result<Vec<Starting>, StoreError> {
    let rows = sqlx::query!(
        r#"select project_id as "project_id!", project_workspace_id as "workspace_id!", owner_id as "owner_id!"
           from claim_starting($1, $2)"#,
        i64::try_from(older_than.as_millis()).unwrap_or(i64::MAX),
        int(at_most),
    )
    .fetch_all(store.pool())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Starting {
            project_id: ProjectId(row.project_id),
            workspace_id: WorkspaceId(row.workspace_id),
            owner_id: UserId(row.owner_id),
        })
        .collect())
}

/// What the workflow of a project is started with.
///
/// # Errors
/// [`StoreError::NotFound`], [`StoreError::Database`].
pub async fn start_material(
    conn: &mut PgConnection,
    project: ProjectId,
) -> Result<StartMaterial, StoreError> {
    let row = sqlx::query!(
        r#"select workspace_id, created_by, idea_digest, pipeline as "pipeline: Json<Pipeline>",
               limits as "limits: Json<Limits>"
           from projects where id = $1"#,
        project.0,
    )
    .fetch_optional(conn)
    .await?
    .ok_or(StoreError::NotFound("project"))?;
    Ok(StartMaterial {
        input: ProjectInput {
            project_id: project,
            workspace_id: WorkspaceId(row.workspace_id),
            owner_id: UserId(row.created_by),
            idea: Digest(row.idea_digest),
        },
        pipeline: row.pipeline.0,
        limits: row.limits.0,
    })
}

/// Notes that Temporal has the project's workflow.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn mark_started(conn: &mut PgConnection, project: ProjectId) -> Result<(), StoreError> {
    sqlx::query!(
        "update projects set workflow_state = 'started' where id = $1 and workflow_state = 'starting'",
        project.0,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether the pipeline that a project pinned has a stage that writes files.
///
/// # Errors
/// [`StoreError::NotFound`], [`StoreError::Database`].
pub async fn writes_files(conn: &mut PgConnection, project: ProjectId) -> Result<bool, StoreError> {
    sqlx::query_scalar!(
        r#"select jsonb_path_exists(pipeline, '$.stage[*] ? (@.verb == "implement")') as "writes!"
           from projects where id = $1"#,
        project.0,
    )
    .fetch_optional(conn)
    .await?
    .ok_or(StoreError::NotFound("project"))
}
