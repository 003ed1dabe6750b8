//! Invitations: of a workspace, for those who manage its members; and one's own, to accept or to decline.

use super::members::{above, role_of};
use super::workspaces::lock;
use crate::access;
use crate::app::App;
use crate::auth::CurrentUser;
use crate::extract::Path;
use crate::openapi::{ReadProblems, WriteProblems};
use crate::problem::{ApiError, ApiResult};
use crate::speaker::Speaker;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use groundwork_domain::WorkspaceId;
use groundwork_domain::access::Permission;
use groundwork_store::invitations::{self, Invitation, Offer};
use groundwork_store::workspaces::{self, Workspace};
use groundwork_store::{Tx, audit};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

/// Open invitations of a workspace, at most 1,000.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InvitationList {
    /// The latest first.
    items: Vec<Invitation>,
}

/// Invitations to decide, at most 100.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OfferList {
    /// The latest first.
    items: Vec<Offer>,
}

/// Open invitations of a workspace.
#[utoipa::path(get, operation_id = "list_invitations", path = "/workspaces/{workspace_id}/invitations", tag = "workspaces",
    params(("workspace_id" = Uuid, Path)), security(("bearer" = [])),
    responses((status = OK, body = InvitationList), ReadProblems))]
pub(crate) async fn list(
    State(app): State<App>,
    user: CurrentUser,
    Path(workspace): Path<WorkspaceId>,
) -> ApiResult<Json<InvitationList>> {
    let (mut tx, _) = access::workspace(&app, user, workspace, Permission::ManageMembers).await?;
    Ok(Json(InvitationList { items: invitations::list(&mut tx, workspace).await? }))
}

/// Take back an invitation.
#[utoipa::path(delete, operation_id = "revoke_invitation", path = "/workspaces/{workspace_id}/invitations/{invitation_id}", tag = "workspaces",
    params(("workspace_id" = Uuid, Path), ("invitation_id" = Uuid, Path)), security(("bearer" = [])),
    responses((status = NO_CONTENT, description = "It can no longer be accepted"), WriteProblems))]
pub(crate) async fn revoke(
    State(app): State<App>,
    speaker: Speaker,
    Path((workspace, invitation)): Path<(WorkspaceId, Uuid)>,
) -> ApiResult<StatusCode> {
    let permission = Permission::ManageMembers;
    let (mut tx, _) = access::workspace(&app, speaker.user, workspace, permission).await?;
    lock(&mut tx, speaker.user, workspace, permission).await?;
    let mine = role_of(&mut tx, workspace, speaker.user.id).await?;
    let offered = invitations::offered(&mut tx, workspace, Some(invitation), None).await?;
    if offered.is_some_and(|offered| !mine.may_change_member(offered, None)) {
        return Err(above());
    }
    if !invitations::revoke(&mut tx, workspace, invitation).await? {
        return Err(ApiError::not_found("invitation"));
    }
    let entry = speaker.entry(workspace, "invitation.revoked", ("invitation", invitation), json!({}));
    audit::record(&mut tx, entry).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Invitations to your address.
#[utoipa::path(get, operation_id = "my_invitations", path = "/invitations", tag = "workspaces", security(("bearer" = [])),
    responses((status = OK, body = OfferList), ReadProblems))]
pub(crate) async fn mine(State(app): State<App>, user: CurrentUser) -> ApiResult<Json<OfferList>> {
    access::account(user)?;
    let mut tx = app.store.person(user.id).await?;
    Ok(Json(OfferList { items: invitations::mine(&mut tx).await? }))
}

/// Join the workspace.
#[utoipa::path(post, operation_id = "accept_invitation", path = "/invitations/{invitation_id}/accept", tag = "workspaces",
    params(("invitation_id" = Uuid, Path)), security(("bearer" = [])),
    responses((status = OK, body = Workspace), WriteProblems))]
pub(crate) async fn accept(
    State(app): State<App>,
    speaker: Speaker,
    Path(invitation): Path<Uuid>,
) -> ApiResult<Json<Workspace>> {
    let (mut tx, workspace) = decide(&app, &speaker, invitation, true).await?;
    let joined = workspaces::find(&mut tx, speaker.user.id, workspace).await?;
    tx.commit().await?;
    joined.map(Json).ok_or_else(|| ApiError::not_found("workspace"))
}

/// Do not join.
#[utoipa::path(post, operation_id = "decline_invitation", path = "/invitations/{invitation_id}/decline", tag = "workspaces",
    params(("invitation_id" = Uuid, Path)), security(("bearer" = [])),
    responses((status = NO_CONTENT, description = "It is declined"), WriteProblems))]
pub(crate) async fn decline(
    State(app): State<App>,
    speaker: Speaker,
    Path(invitation): Path<Uuid>,
) -> ApiResult<StatusCode> {
    let (tx, _) = decide(&app, &speaker, invitation, false).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn decide(
    app: &App,
    speaker: &Speaker,
    invitation: Uuid,
    accepting: bool,
) -> ApiResult<(Tx, WorkspaceId)> {
    access::account(speaker.user)?;
    let mut tx = app.store.person(speaker.user.id).await?;
    let (workspace, role) = invitations::decide(&mut tx, invitation, accepting)
        .await?
        .ok_or_else(|| ApiError::not_found("invitation"))?;
    let action = if accepting { "invitation.accepted" } else { "invitation.declined" };
    let entry = speaker.entry(workspace, action, ("invitation", invitation), json!({"role": role}));
    audit::record(&mut tx, entry).await?;
    Ok((tx, workspace))
}
