//! Who may do what: membership first, row-level security second. A foreign project is a project that is not there.

use crate::app::App;
use crate::auth::CurrentUser;
use crate::problem::{ApiError, ApiResult};
use axum::http::StatusCode;
use groundwork_domain::access::{Permission, Role};
use groundwork_domain::{Lifecycle, ProjectId, WorkspaceId};
use groundwork_store::workspaces::{self, Standing, Workspace};
use groundwork_store::{Tx, sessions};

/// A transaction in the workspace of a project with which the person may do that.
pub(crate) async fn project(
    app: &App,
    user: CurrentUser,
    project: ProjectId,
    permission: Permission,
) -> ApiResult<(Tx, Standing)> {
    enter(app, user, project, permission, false).await
}

/// The same for a project that may be deleted, as long as that can be undone.
pub(crate) async fn project_even_deleted(
    app: &App,
    user: CurrentUser,
    project: ProjectId,
    permission: Permission,
) -> ApiResult<(Tx, Standing)> {
    enter(app, user, project, permission, true).await
}

async fn enter(
    app: &App,
    user: CurrentUser,
    project: ProjectId,
    permission: Permission,
    with_deleted: bool,
) -> ApiResult<(Tx, Standing)> {
    tracing::Span::current().record("project_id", tracing::field::display(project));
    let mut tx = app.store.person(user.id).await?;
    let standing = workspaces::enter_project(&mut tx, user.id, project, with_deleted)
        .await?
        .ok_or_else(|| ApiError::not_found("project"))?;
    check(user, permission, standing)?;
    check_in_use(permission, standing.workspace_lifecycle)?;
    if standing.lifecycle == Lifecycle::Archived && permission == Permission::UpdateProject {
        return Err(ApiError::conflict(
            "project_archived",
            "This project is archived, so it can only be read, restored or deleted.",
        ));
    }
    Ok((tx, standing))
}

/// A transaction in a workspace in which the person may do that.
pub(crate) async fn workspace(
    app: &App,
    user: CurrentUser,
    workspace: WorkspaceId,
    permission: Permission,
) -> ApiResult<(Tx, Workspace)> {
    let (tx, found) = workspace_even_deleted(app, user, workspace, permission).await?;
    if found.lifecycle == Lifecycle::Deleted {
        return Err(ApiError::not_found("workspace"));
    }
    check_in_use(permission, found.lifecycle)?;
    Ok((tx, found))
}

/// The same for a workspace that may be archived or deleted, whatever is done to it.
pub(crate) async fn workspace_even_deleted(
    app: &App,
    user: CurrentUser,
    workspace: WorkspaceId,
    permission: Permission,
) -> ApiResult<(Tx, Workspace)> {
    let mut tx = app.store.tenant(workspace, user.id).await?;
    let found = workspaces::find(&mut tx, user.id, workspace)
        .await?
        // That a workspace was deleted is told to those who may undo it.
        .filter(|found| found.lifecycle != Lifecycle::Deleted || found.role == Role::Owner)
        .ok_or_else(|| ApiError::not_found("workspace"))?;
    check_reach(user, permission)?;
    if !found.role.may(permission, false) {
        return Err(not_this_role());
    }
    Ok((tx, found))
}

/// Whether credentials reach the account itself: an API token never does.
pub(crate) fn account(user: CurrentUser) -> ApiResult<()> {
    if user.reach.holds_account() {
        return Ok(());
    }
    let words = "An API token does not reach the account itself. Sign in.";
    Err(ApiError::new(StatusCode::FORBIDDEN, "scope_missing", words))
}

/// In an archived workspace one reads, takes things away, and manages who belongs to it.
fn check_in_use(permission: Permission, workspace: Lifecycle) -> ApiResult<()> {
    let changes = match permission {
        Permission::UpdateWorkspace
        | Permission::TransferOwnership
        | Permission::ChangePlan
        | Permission::CreateProject
        | Permission::WorkOnProject
        | Permission::UpdateProject
        | Permission::ArchiveProject
        | Permission::DeleteProject => true,
        Permission::ReadWorkspace
        | Permission::ArchiveWorkspace
        | Permission::DeleteWorkspace
        | Permission::ManageMembers
        | Permission::LeaveWorkspace
        | Permission::ReadAudit
        | Permission::ReadUsage
        | Permission::ReadProject
        | Permission::ExportProject => false,
    };
    if changes && !workspace.is_active() {
        return Err(ApiError::conflict(
            "workspace_archived",
            "This workspace is archived: nothing in it changes until an owner restores it.",
        ));
    }
    Ok(())
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

pub(crate) fn not_this_role() -> ApiError {
    ApiError::forbidden("Your role in this workspace does not allow this.")
}

/// Whether a stream may go on: its session stands and the person is still a member. A database that is away closes nothing.
pub(crate) async fn still_may(app: &App, user: CurrentUser, project: ProjectId) -> bool {
    if matches!(sessions::stands(&app.store, user.session, user.id).await, Ok(false)) {
        return false;
    }
    match self::project(app, user, project, Permission::ReadProject).await {
        Ok(_) => true,
        Err(error) => error.is_ours(),
    }
}
