//! Telling projects that are parked on a budget that it was changed. What could not be told now is told by the sweeper.

use crate::app::App;
use crate::shelf;
use crate::speaker::Speaker;
use groundwork_domain::command::{Actor, Command, CommandBody};
use groundwork_domain::{CommandId, ProjectId, WorkspaceId};

/// Tells each of them once for this request; a project that does not go on stays parked and says why.
pub(crate) async fn tell(app: &App, speaker: &Speaker, workspace: WorkspaceId, parked: &[ProjectId]) {
    for project in parked {
        let command = Command {
            command_id: CommandId::derive(*project, speaker.user.id, &format!("budget|{}", speaker.key.0)),
            actor: Actor::User { user_id: speaker.user.id },
            body: CommandBody::Resume,
        };
        if let Err(error) = shelf::tell(app, workspace, *project, &command).await {
            tracing::warn!(project_id = %project, error = &error as &dyn std::error::Error, "a raised budget could not be told");
        }
    }
}
