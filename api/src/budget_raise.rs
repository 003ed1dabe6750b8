//! Telling projects that are parked on a budget that it was changed. What could not be told now is told by the sweeper.

use crate::app::App;
use crate::speaker::Speaker;
use crate::{halt, shelf};
use groundwork_domain::command::{Actor, Command, CommandBody};
use groundwork_domain::{CommandId, ProjectId, WorkspaceId};
use groundwork_store::{StoreError, budgets};
use uuid::Uuid;

/// Projects that one look tells.
const ROWS_MAX: u32 = 50;

/// Tells each of them once for this request; a project that does not go on stays parked and says why.
pub(crate) async fn tell(app: &App, speaker: &Speaker, workspace: WorkspaceId, parked: &[ProjectId]) {
    if !matches!(halt::is_on(app).await, Ok(false)) {
        // Told by the sweeper once everything goes on.
        return;
    }
    for project in parked {
        let command = Command {
            command_id: CommandId::derive(*project, speaker.user.id, &format!("budget|{}", speaker.key.0)),
            actor: Actor::User { user_id: speaker.user.id },
            body: CommandBody::SetBudget { tokens: None, usd: None },
        };
        match shelf::tell(app, workspace, *project, &command).await {
            Ok(_) => {}
            // The others would have to wait for as long each.
            Err(error) if error.is_away() => {
                tracing::warn!(error = &error as &dyn std::error::Error, "a raised budget is told later");
                return;
            }
            Err(error) => {
                tracing::debug!(project_id = %project, %error, "a raised budget could not be told");
            }
        }
    }
}

/// Tells those that were not told: the process that changed the budget may have died, or the engine was away.
pub(crate) async fn sweep(app: &App) -> Result<(), StoreError> {
    for raised in budgets::raised(&app.store, ROWS_MAX).await? {
        let key = format!("budget|{}", raised.changed_at.timestamp_micros());
        let command = Command {
            command_id: CommandId(Uuid::new_v5(&raised.project_id.0, key.as_bytes())),
            actor: Actor::System,
            body: CommandBody::SetBudget { tokens: None, usd: None },
        };
        if let Err(error) = shelf::tell(app, raised.workspace_id, raised.project_id, &command).await {
            tracing::debug!(project_id = %raised.project_id, %error, "a raised budget could not be told yet");
            if error.is_away() {
                return Ok(());
            }
        }
    }
    Ok(())
}
