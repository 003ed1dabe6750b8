//! Putting projects away and taking them back. A project that is archived or deleted has no running workflow; what is said to it
//! (Restore, or Delete of an archived one) starts one again from the state that the last run published.
//!
//! That a workspace was put away, or that nothing happened for long, moves projects too: one transaction decides it, and this
//! sweeper, which loses nothing with its process, has it done by the engine, project by project.

use crate::app::App;
use crate::engine::EngineError;
use crate::{budget_raise, halt};
use chrono::{DateTime, Utc};
use groundwork_domain::command::{Actor, Command, CommandBody, Disposition, Outcome};
use groundwork_domain::project::RULES;
use groundwork_domain::{CommandId, ProjectId, Timestamp, WorkspaceId};
use groundwork_store::shelving::{self, Due};
use groundwork_store::{StoreError, audit, uploads};
use groundwork_workflows::StartInput;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Projects that one look takes.
const ROWS_MAX: u32 = 50;
/// Times that a project is found closed, and then opened by somebody else.
const TRIES_MAX: u32 = 3;

/// Tells a project a command; one that is put away is opened again by it, if the command does that.
pub(crate) async fn tell(
    app: &App,
    workspace: WorkspaceId,
    project: ProjectId,
    command: &Command,
) -> Result<Outcome, EngineError> {
    for _ in 0..TRIES_MAX {
        match app.engine.command(project, command, app.settings.engine_time_max()).await {
            Err(EngineError::NotRunning) => {}
            told => return told,
        }
        if let Some(outcome) = reopen(app, workspace, project, command).await? {
            return Ok(outcome);
        }
    }
    Err(EngineError::OutcomeUnknown(None))
}

/// Starts a run that begins with the command. None: another run is open by now. The project's row is locked meanwhile, so that no
/// run can begin and end again, leaving another state behind, between reading the state and starting from it.
async fn reopen(
    app: &App,
    workspace: WorkspaceId,
    project: ProjectId,
    command: &Command,
) -> Result<Option<Outcome>, EngineError> {
    let mut tx = app.store.workspace(workspace).await?;
    let Some(state) = shelving::snapshot(&mut tx, project).await? else {
        return Err(EngineError::NotRunning);
    };
    if state.lifecycle().is_active() {
        return Err(EngineError::NotRunning);
    }
    let mut foreseen = state.clone().continued(RULES);
    let (outcome, _) = foreseen.obey(command.clone(), Timestamp(Utc::now().timestamp_millis()));
    if outcome.disposition != Disposition::Applied {
        return Ok(Some(outcome));
    }
    let input = StartInput::Reopened { project: Box::new(state), rules: RULES, command: command.clone() };
    let is_ours = app.engine.reopen(project, input, app.settings.engine_time_max()).await?;
    drop(tx);
    Ok(is_ours.then_some(outcome))
}

/// Until the process ends: moves projects that are due, and erases what can no longer be undone.
pub(crate) async fn sweep(app: App, shutdown: CancellationToken) {
    shutdown.run_until_cancelled(sweep_on(&app)).await;
}

async fn sweep_on(app: &App) {
    let every = Duration::from_millis(app.settings.sweep_every_ms);
    let erase_every = Duration::from_secs(app.settings.upkeep.erase_every_s.into());
    let mut erased_at: Option<Instant> = None;
    loop {
        // Woken, or after a while: what another replica decided, or left undone, is found as well.
        let _ = tokio::time::timeout(every, app.shelving.notified()).await;
        let swept = async {
            move_due(app).await?;
            // What came back is paused as well.
            if halt::enforce(app).await? { Ok(()) } else { budget_raise::sweep(app).await }
        };
        if let Err(error) = swept.await {
            tracing::debug!(%error, "the sweeper waits for the database");
            continue;
        }
        if erased_at.is_none_or(|at| at.elapsed() >= erase_every) {
            sweep_unverified(app).await;
            sweep_uploads(app).await;
            match shelving::erase_ended(&app.store, app.settings.upkeep.undo_days, ROWS_MAX).await {
                Ok(0) => erased_at = Some(Instant::now()),
                Ok(erased) => tracing::info!(erased, "erased what can no longer be undone"),
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "could not erase");
                    erased_at = Some(Instant::now());
                }
            }
        }
    }
}

/// Where a link comes first, an account that was never confirmed is nobody's, and takes a place.
async fn sweep_unverified(app: &App) {
    if !app.settings.needs_verified_email() {
        return;
    }
    let days = app.settings.upkeep.unverified_days;
    match shelving::sweep_unverified(&app.store, days, ROWS_MAX).await {
        Ok(0) => {}
        Ok(swept) => tracing::info!(swept, "erased accounts that were never confirmed"),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "could not erase unconfirmed accounts");
        }
    }
}

/// Files that people brought, of projects that are not in use any more, and what is known of old exports.
async fn sweep_uploads(app: &App) {
    match uploads::sweep(&app.store, ROWS_MAX).await {
        Ok(0) => {}
        Ok(swept) => tracing::info!(swept, "took away uploads and records of exports whose time is over"),
        Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "could not take away uploads"),
    }
}

/// Moves what is due, as far as the engine is there; each project goes to one replica.
async fn move_due(app: &App) -> Result<(), StoreError> {
    let upkeep = &app.settings.upkeep;
    let again_after = Duration::from_secs(upkeep.shelve_again_s.into());
    loop {
        let due = shelving::claim(&app.store, upkeep.archive_idle_days, again_after, ROWS_MAX).await?;
        for one in &due {
            if move_one(app, one).await?.is_break() {
                return Ok(());
            }
        }
        if due.len() < ROWS_MAX as usize {
            return Ok(());
        }
    }
}

/// Breaks off where the engine is away.
async fn move_one(app: &App, due: &Due) -> Result<ControlFlow<()>, StoreError> {
    let body = if due.comes_back { CommandBody::Restore } else { CommandBody::Archive };
    let (name, action) = match body {
        CommandBody::Restore => ("restore", "project.restored"),
        _ => ("archive", "project.archived"),
    };
    let command = Command {
        command_id: command_id(due.project_id, name, due.last_activity_at),
        actor: Actor::System,
        body,
    };
    match tell(app, due.workspace_id, due.project_id, &command).await {
        Ok(outcome) if !matches!(outcome.disposition, Disposition::Rejected { .. }) => {
            tracing::info!(project_id = %due.project_id, name, "moved a project");
            let mut tx = app.store.workspace(due.workspace_id).await?;
            audit::record_command(&mut tx, command.command_id, entry(due, action)).await?;
            tx.commit().await?;
            Ok(ControlFlow::Continue(()))
        }
        Ok(outcome) => {
            tracing::debug!(project_id = %due.project_id, name, ?outcome, "nothing to move");
            Ok(ControlFlow::Continue(()))
        }
        Err(error) => {
            // It stays due, and is claimed again.
            tracing::warn!(project_id = %due.project_id, name, error = &error as &dyn std::error::Error, "could not move it");
            Ok(if error.is_away() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        }
    }
}

fn entry(due: &Due, action: &'static str) -> audit::Entry<'static> {
    static NOWHERE: audit::Origin = audit::Origin { ip: None, user_agent: None };
    audit::Entry {
        workspace: due.workspace_id,
        user: None,
        action,
        resource_type: "project",
        resource_id: due.project_id.to_string(),
        details: serde_json::json!({}),
        origin: &NOWHERE,
    }
}

/// All who find the same project due at the same state say the same command.
fn command_id(project: ProjectId, name: &str, last_activity_at: DateTime<Utc>) -> CommandId {
    let derived = format!("sweeper|{name}|{}", last_activity_at.timestamp_millis());
    CommandId(Uuid::new_v5(&project.0, derived.as_bytes()))
}
