//! Workspaces: what a person works in, alone or with others.

use super::accounts::is_name;
use crate::access;
use crate::app::App;
use crate::auth::CurrentUser;
use crate::extract::{Body, Path, Query};
use crate::openapi::{ReadProblems, WriteProblems};
use crate::pipelines;
use crate::problem::{ApiError, ApiResult};
use crate::speaker::Speaker;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use garde::Validate;
use groundwork_domain::access::{Permission, Role};
use groundwork_domain::{Lifecycle, UserId, WorkspaceId};
use groundwork_store::workspaces::{self, Workspace, WorkspaceSettings};
use groundwork_store::{Tx, audit, invitations, members};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Which workspaces.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Only `active`, `archived` or `deleted` ones, the latter where you may restore them; all but deleted ones when not said.
    #[param(value_type = Option<String>, example = "archived")]
    lifecycle: Option<Lifecycle>,
}

/// Workspaces of a person: all of them, at most 1,000.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WorkspaceList {
    /// The oldest first.
    items: Vec<Workspace>,
}

/// What the members agree on.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettingsWish {
    /// The pipeline of a project that names none; null: the installation's.
    #[garde(inner(custom(is_pipeline)))]
    #[serde(default)]
    default_pipeline: Option<String>,
    /// Days without activity after which a project is archived, 1 to 3650; null: the installation's.
    #[garde(inner(range(min = 1, max = 3_650)))]
    #[serde(default)]
    #[schema(minimum = 1, maximum = 3650)]
    archive_idle_days: Option<u32>,
}

/// A workspace to be made.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct NewWorkspace {
    /// 1 to 255 characters.
    #[garde(custom(is_name))]
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    /// All as the installation has it when not said.
    #[garde(dive)]
    settings: Option<SettingsWish>,
}

/// What to change of a workspace; what is not said stays.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct WorkspaceChange {
    /// 1 to 255 characters.
    #[garde(inner(custom(is_name)))]
    #[schema(min_length = 1, max_length = 255)]
    name: Option<String>,
    /// All settings anew.
    #[garde(dive)]
    settings: Option<SettingsWish>,
}

/// To whom a workspace goes.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct Transfer {
    /// A member. They become an owner, and its first; who gives it away becomes an admin.
    #[garde(skip)]
    user_id: Uuid,
}

type Answer = ApiResult<Json<Workspace>>;

/// My workspaces.
#[utoipa::path(get, operation_id = "list_workspaces", path = "/workspaces", tag = "workspaces", params(ListQuery), security(("bearer" = [])),
    responses((status = OK, body = WorkspaceList), ReadProblems))]
pub(crate) async fn list(
    State(app): State<App>,
    user: CurrentUser,
    Query(query): Query<ListQuery>,
) -> ApiResult<Json<WorkspaceList>> {
    access::check_reach(user, Permission::ReadWorkspace)?;
    let mut tx = app.store.person(user.id).await?;
    Ok(Json(WorkspaceList { items: workspaces::list(&mut tx, user.id, query.lifecycle).await? }))
}

/// Make a workspace, of which you are the owner.
#[utoipa::path(post, operation_id = "create_workspace", path = "/workspaces", tag = "workspaces", request_body = NewWorkspace, security(("bearer" = [])),
    params(("idempotency-key" = Option<String>, Header, description = "The same key makes the same workspace, once")),
    responses((status = CREATED, body = Workspace, headers(("Location" = String))), WriteProblems))]
pub(crate) async fn create(
    State(app): State<App>,
    speaker: Speaker,
    Body(wish): Body<NewWorkspace>,
) -> ApiResult<(StatusCode, [(HeaderName, String); 1], Json<Workspace>)> {
    let user = speaker.user;
    access::check_reach(user, Permission::UpdateWorkspace)?;
    let workspace = WorkspaceId(Uuid::new_v5(&user.id.0, format!("workspace|{}", speaker.key.0).as_bytes()));
    let mut tx = app.store.tenant(workspace, user.id).await?;
    let settings = wish.settings.map(WorkspaceSettings::from).unwrap_or_default();
    if workspaces::create(&mut tx, user.id, workspace, wish.name.trim(), &settings).await? {
        check_room(&app, &mut tx, user.id).await?;
        let entry = speaker.entry(workspace, "workspace.created", ("workspace", workspace), json!({}));
        audit::record(&mut tx, entry).await?;
    }
    let made = read(&mut tx, user.id, workspace).await?;
    tx.commit().await?;
    let location = format!("{}/workspaces/{workspace}", crate::openapi::PREFIX);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(made)))
}

/// A workspace.
#[utoipa::path(get, operation_id = "get_workspace", path = "/workspaces/{workspace_id}", tag = "workspaces",
    params(("workspace_id" = Uuid, Path)), security(("bearer" = [])),
    responses((status = OK, body = Workspace), ReadProblems))]
pub(crate) async fn show(
    State(app): State<App>,
    user: CurrentUser,
    Path(workspace): Path<WorkspaceId>,
) -> Answer {
    let (_, found) = access::workspace(&app, user, workspace, Permission::ReadWorkspace).await?;
    Ok(Json(found))
}

/// Rename a workspace, or change its settings.
#[utoipa::path(patch, operation_id = "update_workspace", path = "/workspaces/{workspace_id}", tag = "workspaces",
    params(("workspace_id" = Uuid, Path)), request_body = WorkspaceChange, security(("bearer" = [])),
    responses((status = OK, body = Workspace), WriteProblems))]
pub(crate) async fn update(
    State(app): State<App>,
    speaker: Speaker,
    Path(workspace): Path<WorkspaceId>,
    Body(wish): Body<WorkspaceChange>,
) -> Answer {
    let (mut tx, _) = access::workspace(&app, speaker.user, workspace, Permission::UpdateWorkspace).await?;
    let settings = wish.settings.map(WorkspaceSettings::from);
    let details = json!({"renamed": wish.name.is_some(), "settings": settings});
    let name = wish.name.as_deref().map(str::trim);
    workspaces::update(&mut tx, workspace, name, settings.as_ref()).await?;
    finish(tx, &speaker, workspace, "workspace.updated", details).await
}

/// Put a workspace away: everybody still reads, nobody changes anything, and its projects stop.
#[utoipa::path(post, operation_id = "archive_workspace", path = "/workspaces/{workspace_id}/archive", tag = "workspaces",
    params(("workspace_id" = Uuid, Path)), security(("bearer" = [])),
    responses((status = OK, body = Workspace), WriteProblems))]
pub(crate) async fn archive(
    State(app): State<App>,
    speaker: Speaker,
    Path(workspace): Path<WorkspaceId>,
) -> Answer {
    put_away(&app, &speaker, workspace, Lifecycle::Archived).await
}

/// Delete a workspace: it is gone for everybody, and its projects stop. An owner can restore it for a time; then everything
/// that was written in it is erased.
#[utoipa::path(delete, operation_id = "delete_workspace", path = "/workspaces/{workspace_id}", tag = "workspaces",
    params(("workspace_id" = Uuid, Path)), security(("bearer" = [])),
    responses((status = OK, body = Workspace), WriteProblems))]
pub(crate) async fn delete(
    State(app): State<App>,
    speaker: Speaker,
    Path(workspace): Path<WorkspaceId>,
) -> Answer {
    put_away(&app, &speaker, workspace, Lifecycle::Deleted).await
}

async fn put_away(app: &App, speaker: &Speaker, workspace: WorkspaceId, wanted: Lifecycle) -> Answer {
    let (permission, action) = match wanted {
        Lifecycle::Deleted => (Permission::DeleteWorkspace, "workspace.deleted"),
        Lifecycle::Active | Lifecycle::Archived => (Permission::ArchiveWorkspace, "workspace.archived"),
    };
    let (mut tx, found) = access::workspace(app, speaker.user, workspace, permission).await?;
    check_shared(&found)?;
    let present = lock(&mut tx, speaker.user, workspace, permission).await?;
    if present == wanted || present == Lifecycle::Deleted {
        return Err(wrong_state(present));
    }
    workspaces::set_lifecycle(&mut tx, workspace, wanted).await?;
    let answer = finish(tx, speaker, workspace, action, json!({})).await;
    app.shelving.notify_one();
    answer
}

/// Take back a workspace that was archived, or deleted not too long ago, with the projects that were put away with it.
#[utoipa::path(post, operation_id = "restore_workspace", path = "/workspaces/{workspace_id}/restore", tag = "workspaces",
    params(("workspace_id" = Uuid, Path)), security(("bearer" = [])),
    responses((status = OK, body = Workspace), WriteProblems))]
pub(crate) async fn restore(
    State(app): State<App>,
    speaker: Speaker,
    Path(workspace): Path<WorkspaceId>,
) -> Answer {
    let permission = Permission::DeleteWorkspace;
    let (mut tx, _) = access::workspace_even_deleted(&app, speaker.user, workspace, permission).await?;
    let present = lock(&mut tx, speaker.user, workspace, permission).await?;
    if present.is_active() {
        return Err(wrong_state(present));
    }
    workspaces::set_lifecycle(&mut tx, workspace, Lifecycle::Active).await?;
    let answer = finish(tx, &speaker, workspace, "workspace.restored", json!({})).await;
    app.shelving.notify_one();
    answer
}

/// Give a workspace to another member.
#[utoipa::path(post, operation_id = "transfer_workspace", path = "/workspaces/{workspace_id}/transfer", tag = "workspaces",
    params(("workspace_id" = Uuid, Path)), request_body = Transfer, security(("bearer" = [])),
    responses((status = OK, body = Workspace), WriteProblems))]
pub(crate) async fn transfer(
    State(app): State<App>,
    speaker: Speaker,
    Path(workspace): Path<WorkspaceId>,
    Body(wish): Body<Transfer>,
) -> Answer {
    let (me, heir) = (speaker.user.id, UserId(wish.user_id));
    let permission = Permission::TransferOwnership;
    let (mut tx, found) = access::workspace(&app, speaker.user, workspace, permission).await?;
    check_shared(&found)?;
    if heir == me {
        return Err(ApiError::field("user_id", "is you: name another member"));
    }
    lock(&mut tx, speaker.user, workspace, permission).await?;
    members::role_of(&mut tx, workspace, heir).await?.ok_or_else(|| ApiError::not_found("member"))?;
    members::set_role(&mut tx, workspace, heir, Role::Owner).await?;
    workspaces::set_owner(&mut tx, workspace, heir).await?;
    invitations::revoke_beyond(&mut tx, workspace, me, Some(Role::Admin)).await?;
    members::set_role(&mut tx, workspace, me, Role::Admin).await?;
    finish(tx, &speaker, workspace, "workspace.transferred", json!({"from": me, "to": heir})).await
}

/// Locks a workspace, and looks again whether the person may do this: somebody may have changed it while we waited.
pub(super) async fn lock(
    tx: &mut Tx,
    user: CurrentUser,
    workspace: WorkspaceId,
    permission: Permission,
) -> ApiResult<Lifecycle> {
    let lifecycle = workspaces::lock(tx, workspace).await?;
    let role = members::role_of(tx, workspace, user.id).await?;
    match role {
        Some(role) if role.may(permission, false) => Ok(lifecycle),
        Some(_) => Err(access::not_this_role()),
        None => Err(ApiError::not_found("workspace")),
    }
}

async fn finish(
    mut tx: Tx,
    speaker: &Speaker,
    workspace: WorkspaceId,
    action: &'static str,
    details: serde_json::Value,
) -> Answer {
    audit::record(&mut tx, speaker.entry(workspace, action, ("workspace", workspace), details)).await?;
    let found = read(&mut tx, speaker.user.id, workspace).await?;
    tx.commit().await?;
    Ok(Json(found))
}

async fn read(tx: &mut Tx, user: UserId, workspace: WorkspaceId) -> ApiResult<Workspace> {
    workspaces::find(tx, user, workspace).await?.ok_or_else(|| ApiError::not_found("workspace"))
}

/// A personal workspace is its person's alone, as long as there is the account.
pub(super) fn check_shared(workspace: &Workspace) -> ApiResult<()> {
    if workspace.is_personal {
        return Err(ApiError::conflict(
            "personal_workspace",
            "A personal workspace is not shared, archived, deleted or transferred. Make a shared one for that.",
        ));
    }
    Ok(())
}

async fn check_room(app: &App, tx: &mut Tx, user: UserId) -> ApiResult<()> {
    let used = u64::try_from(workspaces::owned(tx, user).await?).unwrap_or_default();
    let limit = u64::from(app.settings.upkeep.workspaces_owned_max);
    if used <= limit {
        return Ok(());
    }
    let words = format!("You own all of the {limit} shared workspaces that you may own.");
    Err(ApiError::limit_reached(words, limit, used - 1))
}

fn wrong_state(present: Lifecycle) -> ApiError {
    ApiError::conflict("wrong_state", format!("This workspace is {} already.", present.as_str()))
}

impl From<SettingsWish> for WorkspaceSettings {
    fn from(wish: SettingsWish) -> Self {
        Self { default_pipeline: wish.default_pipeline, archive_idle_days: wish.archive_idle_days }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde's signature")]
fn is_pipeline(value: &str, _context: &()) -> garde::Result {
    match pipelines::find(value) {
        Some(_) => Ok(()),
        None => Err(garde::Error::new("is no pipeline of this installation")),
    }
}
