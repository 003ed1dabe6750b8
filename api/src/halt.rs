//! Operators have paused everything: a state, and not only a word to those that were found. What was begun at that very moment, was just
//! being written, or is brought back meanwhile, is paused as soon as it is seen.

use crate::app::App;
use crate::shelf;
use groundwork_domain::CommandId;
use groundwork_domain::command::{Actor, Command, CommandBody};
use groundwork_store::{StoreError, operations};
use uuid::Uuid;

/// Projects that one look pauses.
const ROWS_MAX: u32 = 200;

/// Pauses what is under way although everything is paused. Returns whether it is.
pub(crate) async fn enforce(app: &App) -> Result<bool, StoreError> {
    if operations::halted_since(&app.store).await?.is_none() {
        return Ok(false);
    }
    for (project, workspace) in operations::claim_halting(&app.store, true, None, ROWS_MAX).await? {
        // Each time another word: the same project may have to be paused again.
        let command = Command {
            command_id: CommandId(Uuid::new_v4()),
            actor: Actor::Operator,
            body: CommandBody::Pause,
        };
        match shelf::tell(app, workspace, project, &command).await {
            Ok(told) => {
                tracing::info!(project_id = %project, ?told.disposition, "paused what slipped through");
            }
            Err(error) if error.is_away() => break,
            Err(error) => tracing::debug!(project_id = %project, %error, "could not pause it yet"),
        }
    }
    Ok(true)
}

/// Whether nothing may be set going now.
pub(crate) async fn is_on(app: &App) -> Result<bool, StoreError> {
    Ok(operations::halted_since(&app.store).await?.is_some())
}
