//! Who may do what: membership first, row-level security second. A foreign project is a project that is not there.

use crate::app::App;
use crate::auth::CurrentUser;
use crate::problem::{ApiError, ApiResult};
use groundwork_domain::{ProjectId, WorkspaceId};
use groundwork_store::Tx;
use groundwork_store::workspaces::{self, Role, Standing, Workspace};

/// A transaction in the workspace of a project in which the person has at least that role.
pub(crate) async fn project(
    app: &App,
    user: CurrentUser,
    project: ProjectId,
    least: Role,
) -> ApiResult<(Tx, Standing)> {
    tracing::Span::current().record("project_id", tracing::field::display(project));
    let mut tx = app.store.person(user.id).await?;
    let standing = workspaces::enter_project(&mut tx, user.id, project)
        .await?
        .ok_or_else(|| ApiError::not_found("project"))?;
    if standing.role < least {
        return Err(ApiError::forbidden("Your role in this workspace does not allow this."));
    }
    Ok((tx, standing))
}

/// A transaction in a workspace in which the person has at least that role.
pub(crate) async fn workspace(
    app: &App,
    user: CurrentUser,
    workspace: WorkspaceId,
    least: Role,
) -> ApiResult<(Tx, Workspace)> {
    let mut tx = app.store.tenant(workspace, user.id).await?;
    let found = workspaces::find(&mut tx, user.id, workspace)
        .await?
        .ok_or_else(|| ApiError::not_found("workspace"))?;
    if found.role < least {
        return Err(ApiError::forbidden("Your role in this workspace does not allow this."));
    }
    Ok((tx, found))
}
