//! Who may do what: membership first, row-level security second. A foreign project is a project that is not there.

use crate::app::App;
use crate::auth::CurrentUser;
use crate::problem::{ApiError, ApiResult};
use axum::http::StatusCode;
use groundwork_domain::access::Permission;
use groundwork_domain::{ProjectId, WorkspaceId};
use groundwork_store::Tx;
use groundwork_store::workspaces::{self, Standing, Workspace};

/// A transaction in the workspace of a project with which the person may do that.
pub(crate) async fn project(
    app: &App,
    user: CurrentUser,
    project: ProjectId,
    permission: Permission,
) -> ApiResult<(Tx, Standing)> {
    tracing::Span::current().record("project_id", tracing::field::display(project));
    let mut tx = app.store.person(user.id).await?;
    let standing = workspaces::enter_project(&mut tx, user.id, project)
        .await?
        .ok_or_else(|| ApiError::not_found("project"))?;
    check(user, permission, standing)?;
    Ok((tx, standing))
}

/// A transaction in a workspace in which the person may do that.
pub(crate) async fn workspace(
    app: &App,
    user: CurrentUser,
    workspace: WorkspaceId,
    permission: Permission,
) -> ApiResult<(Tx, Workspace)> {
    let mut tx = app.store.tenant(workspace, user.id).await?;
    let found = workspaces::find(&mut tx, user.id, workspace)
        .await?
        .ok_or_else(|| ApiError::not_found("workspace"))?;
    check_reach(user, permission)?;
    if !found.role.may(permission, false) {
        return Err(not_this_role());
    }
    Ok((tx, found))
}

/// Whether a person who stands so towards a project may do that with it.
pub(crate) fn check(user: CurrentUser, permission: Permission, standing: Standing) -> ApiResult<()> {
    check_reach(user, permission)?;
    if standing.role.may(permission, standing.is_creator) {
        return Ok(());
    }
    Err(not_this_role())
}

/// Whether the caller's credentials reach that far, whatever the person may.
pub(crate) fn check_reach(user: CurrentUser, permission: Permission) -> ApiResult<()> {
    if user.reach.holds(permission.scope()) {
        return Ok(());
    }
    Err(ApiError::new(
        StatusCode::FORBIDDEN,
        "scope_missing",
        format!("This API token lacks the scope {}.", permission.scope().as_str()),
    ))
}

fn not_this_role() -> ApiError {
    ApiError::forbidden("Your role in this workspace does not allow this.")
}
