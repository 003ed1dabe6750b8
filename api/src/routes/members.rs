//! Who belongs to a workspace, and with which role. Every change holds the workspace's lock, so that two people at once come one
//! after the other: the last owner stays, whatever two last owners do to each other.

use super::accounts::is_email;
use super::workspaces::{check_shared, lock};
use crate::access;
use crate::app::App;
use crate::auth::CurrentUser;
use crate::extract::{Body, Path};
use crate::mail::{self, NotMailed, Template};
use crate::openapi::{ReadProblems, WriteProblems};
use crate::problem::{ApiError, ApiResult};
use crate::speaker::Speaker;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{TimeDelta, Utc};
use garde::Validate;
use groundwork_domain::access::{Permission, Role};
use groundwork_domain::{UserId, WorkspaceId};
use groundwork_store::invitations::{self, Invitation};
use groundwork_store::members::{self, Member};
use groundwork_store::{Tx, audit, workspaces};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

/// Members of a workspace: all of them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MemberList {
    /// Those with the highest role first.
    items: Vec<Member>,
}

/// Whom to invite, and as what.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct Invite {
    /// Their address. Whether there is an account with it makes no difference, and is not told.
    #[garde(custom(is_email))]
    #[schema(format = Email, max_length = 255)]
    email: String,
    /// `owner`, `admin`, `editor` or `viewer`; none above your own.
    #[garde(skip)]
    #[schema(value_type = String, example = "editor")]
    role: Role,
}

/// An invitation, and whether a mail tells of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Invited {
    #[serde(flatten)]
    invitation: Invitation,
    /// Whether a mail is on its way. The invitation stands either way, and is found by whoever signs in with the address.
    mailed: bool,
    /// Why none is.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_mailed: Option<NotMailed>,
}

/// Another role.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct RoleChange {
    /// `owner`, `admin`, `editor` or `viewer`; none above your own.
    #[garde(skip)]
    #[schema(value_type = String, example = "viewer")]
    role: Role,
}

/// The members of a workspace.
#[utoipa::path(get, operation_id = "list_members", path = "/workspaces/{workspace_id}/members", tag = "workspaces",
    params(("workspace_id" = Uuid, Path)), security(("bearer" = [])),
    responses((status = OK, body = MemberList), ReadProblems))]
pub(crate) async fn list(
    State(app): State<App>,
    user: CurrentUser,
    Path(workspace): Path<WorkspaceId>,
) -> ApiResult<Json<MemberList>> {
    let (mut tx, _) = access::workspace(&app, user, workspace, Permission::ReadWorkspace).await?;
    Ok(Json(MemberList { items: members::list(&mut tx, workspace).await? }))
}

/// Invite somebody by their address. They get a mail, and find the invitation when they sign in with it, now or after signing up.
#[utoipa::path(post, operation_id = "invite_member", path = "/workspaces/{workspace_id}/members", tag = "workspaces",
    params(("workspace_id" = Uuid, Path)), request_body = Invite, security(("bearer" = [])),
    responses((status = CREATED, body = Invited), WriteProblems))]
pub(crate) async fn invite(
    State(app): State<App>,
    speaker: Speaker,
    Path(workspace): Path<WorkspaceId>,
    Body(wish): Body<Invite>,
) -> ApiResult<(StatusCode, Json<Invited>)> {
    let me = speaker.user.id;
    let email = wish.email.trim().to_lowercase();
    let (mut tx, found) = access::workspace(&app, speaker.user, workspace, Permission::ManageMembers).await?;
    check_shared(&found)?;
    lock(&mut tx, speaker.user, workspace, Permission::ManageMembers).await?;
    let mine = role_of(&mut tx, workspace, me).await?;
    // What somebody higher offered is theirs to change.
    let offered = invitations::offered(&mut tx, workspace, None, Some(&email)).await?;
    if !mine.may_change_member(offered.unwrap_or(wish.role), Some(wish.role)) {
        return Err(above());
    }
    if members::list(&mut tx, workspace).await?.iter().any(|member| member.email == email) {
        return Err(ApiError::conflict("already_member", "Somebody with this address is a member already."));
    }
    let expires_at = Utc::now() + TimeDelta::days(app.settings.upkeep.invitation_days.into());
    let invitation = invitations::invite(&mut tx, workspace, me, &email, wish.role, expires_at).await?;
    let details = json!({"role": wish.role});
    let entry = speaker.entry(workspace, "member.invited", ("invitation", invitation.id), details);
    audit::record(&mut tx, entry).await?;
    let until = expires_at.format("%Y-%m-%d").to_string();
    let workspace = mail::quoted(&found.name).unwrap_or_else(|| "a workspace".to_owned());
    let params = json!({"workspace": workspace, "role": wish.role, "until": until});
    let not_mailed =
        mail::offer(&app, &mut tx, Template::Invitation, &email, params, (me, speaker.origin.ip)).await?;
    tx.commit().await?;
    app.mailer.wake();
    let invited = Invited { invitation, mailed: not_mailed.is_none(), not_mailed };
    Ok((StatusCode::CREATED, Json(invited)))
}

/// Give a member another role.
#[utoipa::path(patch, operation_id = "change_role", path = "/workspaces/{workspace_id}/members/{member_id}", tag = "workspaces",
    params(("workspace_id" = Uuid, Path), ("member_id" = Uuid, Path, description = "Their user id")),
    request_body = RoleChange, security(("bearer" = [])),
    responses((status = OK, body = Member), WriteProblems))]
pub(crate) async fn change_role(
    State(app): State<App>,
    speaker: Speaker,
    Path((workspace, member)): Path<(WorkspaceId, UserId)>,
    Body(wish): Body<RoleChange>,
) -> ApiResult<Json<Member>> {
    let permission = Permission::ManageMembers;
    let (mut tx, found) = access::workspace(&app, speaker.user, workspace, permission).await?;
    lock(&mut tx, speaker.user, workspace, permission).await?;
    let mine = role_of(&mut tx, workspace, speaker.user.id).await?;
    let theirs = role_of(&mut tx, workspace, member).await?;
    if !mine.may_change_member(theirs, Some(wish.role)) {
        return Err(above());
    }
    if theirs == Role::Owner && wish.role != Role::Owner {
        hand_over(&mut tx, workspace, member, found.owner_id).await?;
    }
    invitations::revoke_beyond(&mut tx, workspace, member, Some(wish.role)).await?;
    members::set_role(&mut tx, workspace, member, wish.role).await?;
    let details = json!({"from": theirs, "to": wish.role});
    audit::record(&mut tx, speaker.entry(workspace, "member.role_changed", ("member", member), details))
        .await?;
    let items = members::list(&mut tx, workspace).await?;
    tx.commit().await?;
    let changed = items.into_iter().find(|item| item.user_id == member.0);
    changed.map(Json).ok_or_else(|| ApiError::not_found("member"))
}

/// End a membership: somebody else's, or your own. It ends at once, open streams too; what they made stays.
#[utoipa::path(delete, operation_id = "remove_member", path = "/workspaces/{workspace_id}/members/{member_id}", tag = "workspaces",
    params(("workspace_id" = Uuid, Path), ("member_id" = Uuid, Path, description = "Their user id")),
    security(("bearer" = [])),
    responses((status = NO_CONTENT, description = "They are no member any more"), WriteProblems))]
pub(crate) async fn remove(
    State(app): State<App>,
    speaker: Speaker,
    Path((workspace, member)): Path<(WorkspaceId, UserId)>,
) -> ApiResult<StatusCode> {
    let me = speaker.user.id;
    let permission = Permission::LeaveWorkspace;
    access::check_reach(speaker.user, permission)?;
    let (mut tx, found) = access::workspace(&app, speaker.user, workspace, Permission::ReadWorkspace).await?;
    check_shared(&found)?;
    lock(&mut tx, speaker.user, workspace, Permission::ReadWorkspace).await?;
    let mine = role_of(&mut tx, workspace, me).await?;
    if !mine.may(permission, member == me) {
        return Err(access::not_this_role());
    }
    let theirs = role_of(&mut tx, workspace, member).await?;
    if member != me && !mine.may_change_member(theirs, None) {
        return Err(above());
    }
    if theirs == Role::Owner {
        hand_over(&mut tx, workspace, member, found.owner_id).await?;
    }
    invitations::revoke_beyond(&mut tx, workspace, member, None).await?;
    let action = if member == me { "member.left" } else { "member.removed" };
    let details = json!({"role": theirs});
    audit::record(&mut tx, speaker.entry(workspace, action, ("member", member), details)).await?;
    members::remove(&mut tx, workspace, member).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Before somebody is no owner any more: there must be another, who becomes the first where this one was.
pub(super) async fn hand_over(
    tx: &mut Tx,
    workspace: WorkspaceId,
    leaver: UserId,
    first_owner: uuid::Uuid,
) -> ApiResult<()> {
    let Some(heir) = members::other_owner(tx, workspace, leaver).await? else {
        return Err(ApiError::conflict(
            "last_owner",
            "A workspace keeps an owner: make another member one first, or delete the workspace.",
        ));
    };
    if first_owner == leaver.0 {
        workspaces::set_owner(tx, workspace, heir).await?;
    }
    Ok(())
}

pub(super) async fn role_of(tx: &mut Tx, workspace: WorkspaceId, user: UserId) -> ApiResult<Role> {
    members::role_of(tx, workspace, user).await?.ok_or_else(|| ApiError::not_found("member"))
}

pub(super) fn above() -> ApiError {
    ApiError::new(
        StatusCode::FORBIDDEN,
        "role_above_yours",
        "Nobody gives or takes away a role above their own.",
    )
}
