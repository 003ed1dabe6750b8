//! Starting workflows: for a request that waits, and for rows that were left behind (the sweeper).

use crate::app::App;
use crate::engine::EngineError;
use crate::halt;
use crate::problem::{ApiError, ApiResult, internal};
use groundwork_domain::{ProjectId, WorkspaceId};
use groundwork_store::{StoreError, accounts, projects};
use groundwork_workflows::StartInput;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Rows that one look takes.
const ROWS_MAX: u32 = 20;
/// Between two looks for first answers and sessions that are over.
const ACCOUNTS_EVERY: Duration = Duration::from_secs(3_600);

/// What is known of a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// Temporal has the workflow.
    Running,
    /// It may have it.
    Unknown,
}

/// Starts a project's workflow as its row says; that it had been started is success too.
///
/// An error means that it surely does not run.
pub(crate) async fn start(app: &App, workspace: WorkspaceId, project: ProjectId) -> ApiResult<Start> {
    let mut tx = app.store.workspace(workspace).await?;
    let material = projects::start_material(&mut tx, project).await?;
    drop(tx);
    let input = StartInput::new(material.input, material.pipeline, material.limits);
    match app.engine.start(project, input, app.settings.engine_time_max()).await {
        Ok(()) => {}
        Err(EngineError::OutcomeUnknown(_)) => return Ok(Start::Unknown),
        Err(EngineError::Unavailable(_)) => {
            return Err(ApiError::unavailable(
                "engine_unavailable",
                "The workflow engine is not there; nothing was done. Try again in a moment.",
                2,
            ));
        }
        Err(EngineError::State(error)) => return Err(error.into()),
        Err(error @ (EngineError::NotRunning | EngineError::Refused(_) | EngineError::Failed(_))) => {
            return Err(internal("a project's start", &error));
        }
    }
    if let Err(error) = note(app, workspace, project).await {
        // The first publication notes it too; until then the sweeper may start it again, which does nothing.
        tracing::debug!(%error, "a start was not noted");
    }
    Ok(Start::Running)
}

async fn note(app: &App, workspace: WorkspaceId, project: ProjectId) -> Result<(), StoreError> {
    let mut tx = app.store.workspace(workspace).await?;
    projects::mark_started(&mut tx, project).await?;
    tx.commit().await
}

/// Until the process ends: starts projects whose start has an unknown outcome, and takes away what is over.
pub(crate) async fn sweep(app: App, shutdown: CancellationToken) {
    shutdown.run_until_cancelled(sweep_on(&app)).await;
}

async fn sweep_on(app: &App) {
    let mut accounts_swept: Option<Instant> = None;
    loop {
        tokio::time::sleep(Duration::from_millis(app.settings.sweep_every_ms)).await;
        if let Err(error) = start_left_behind(app).await {
            tracing::debug!(%error, "the sweeper waits for the database");
            continue;
        }
        if accounts_swept.is_none_or(|at| at.elapsed() > ACCOUNTS_EVERY) {
            match accounts::sweep(&app.store, app.settings.idempotency_hours).await {
                Ok(rows) => tracing::debug!(rows, "took away first answers and sessions that are over"),
                Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "could not clean up"),
            }
            accounts_swept = Some(Instant::now());
        }
    }
}

/// Starts what was left behind; each row goes to one replica.
pub(crate) async fn start_left_behind(app: &App) -> Result<usize, StoreError> {
    if halt::is_on(app).await? {
        return Ok(0);
    }
    let older_than = Duration::from_secs(app.settings.sweep_after_s.into());
    let left = projects::claim_starting(&app.store, older_than, ROWS_MAX).await?;
    for row in &left {
        match start(app, row.workspace_id, row.project_id).await {
            Ok(Start::Running) => {
                tracing::info!(project_id = %row.project_id, "started what was left behind");
            }
            // The next ones would wait as long each. They are claimed again.
            Ok(Start::Unknown) => break,
            Err(error) => {
                tracing::warn!(project_id = %row.project_id, code = error.code(), "could not start it");
                if error.code() == "engine_unavailable" {
                    break;
                }
            }
        }
    }
    Ok(left.len())
}
