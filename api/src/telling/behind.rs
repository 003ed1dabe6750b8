//! A project may be behind what people were shown: a worker that dies right after it has published takes with it what the engine was not
//! told. Its successor comes to the same, but hears what is said meanwhile first.

use crate::app::App;
use crate::engine::EngineError;
use crate::problem::ApiResult;
use crate::shelf;
use groundwork_domain::ProjectId;
use groundwork_domain::command::{Command, CommandBody, Disposition, Outcome, RejectionCode};
use groundwork_store::workspaces::Standing;
use groundwork_store::{hitl, project_reads};
use std::time::Duration;

/// Before a command is said again to a project that is behind what people see.
const PAUSES: [Duration; 5] = [
    Duration::from_millis(50),
    Duration::from_millis(150),
    Duration::from_millis(400),
    Duration::from_secs(1),
    Duration::from_secs(2),
];

/// Says a command, and says it again for a while where it is refused by a project that is behind.
pub(super) async fn tell(
    app: &App,
    standing: Standing,
    project: ProjectId,
    command: &Command,
) -> ApiResult<Result<Outcome, EngineError>> {
    let mut told = shelf::tell(app, standing.workspace_id, project, command).await;
    for pause in PAUSES {
        let Some(code) = refused_with(&told) else { break };
        if !is_behind(app, standing, project, &command.body, code).await? {
            break;
        }
        tokio::time::sleep(pause).await;
        told = shelf::tell(app, standing.workspace_id, project, command).await;
    }
    Ok(told)
}

fn refused_with(told: &Result<Outcome, EngineError>) -> Option<RejectionCode> {
    match told {
        Err(EngineError::Refused(rejection)) => Some(rejection.code),
        Ok(Outcome { disposition: Disposition::Rejected { rejection }, .. }) => Some(rejection.code),
        Ok(_) | Err(_) => None,
    }
}

/// Whether people have been shown what the workflow does not know yet.
async fn is_behind(
    app: &App,
    standing: Standing,
    project: ProjectId,
    body: &CommandBody,
    code: RejectionCode,
) -> ApiResult<bool> {
    let mut tx = app.store.workspace(standing.workspace_id).await?;
    Ok(match (body, code) {
        (CommandBody::Decide { gate, digest, .. }, RejectionCode::WrongGate) => {
            let waiting = hitl::waiting(&mut tx, project, gate).await?;
            waiting.is_some_and(|waiting| waiting.digest == digest.0)
        }
        (CommandBody::Answer { .. } | CommandBody::AcceptRecommendations, RejectionCode::NotWaiting) => {
            let row = project_reads::head(&mut tx, project).await?;
            row.item.waiting_for.as_deref() == Some("answers")
        }
        (CommandBody::ConfirmBrief { .. }, RejectionCode::WrongState) => {
            let row = project_reads::head(&mut tx, project).await?;
            row.item.waiting_for.as_deref() == Some("brief")
        }
        _ => false,
    })
}
