//! A person's own data: all of it as one document, and the end of the account.
//!
//! Deleting closes the account at once: sessions end, memberships end, the personal workspace and those that nobody else belongs
//! to are deleted with it. While the time for undo lasts an operator can take that back; then name, address, origins in audit logs
//! and the texts of those workspaces are erased. Ids stay where others work on: they say nobody's name any more.

use super::members::hand_over;
use super::second_factor::confirm_whole;
use crate::access;
use crate::app::App;
use crate::auth::{CurrentUser, Holder};
use crate::extract::Body;
use crate::openapi::{ReadProblems, WriteProblems};
use crate::origin::RequestOrigin;
use crate::problem::{ApiError, ApiResult, FieldError};
use crate::speaker::Speaker;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use garde::Validate;
use groundwork_domain::access::Role;
use groundwork_domain::{Lifecycle, WorkspaceId};
use groundwork_store::workspaces::{self, Workspace, personal};
use groundwork_store::{Tx, audit, invitations, members, personal_data};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

/// Everything that is known of a person.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PersonalData {
    /// Account, sessions, memberships, invitations.
    #[schema(value_type = Object)]
    person: Value,
    /// For each workspace that they belong to: projects that they created, what they said, answered and asked for, what the audit
    /// log has of them, what they used.
    #[schema(value_type = Vec<Object>)]
    workspaces: Vec<Value>,
}

/// That it is really them.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct Farewell {
    /// The account's password.
    #[garde(length(bytes, max = 1_024))]
    password: String,
    /// A code of the second factor, or a recovery code, where one is on.
    #[garde(inner(length(bytes, max = 100)))]
    code: Option<String>,
}

/// Everything that is known of you, as one document.
#[utoipa::path(get, operation_id = "export_me", path = "/users/me/export", tag = "accounts", security(("bearer" = [])),
    responses((status = OK, body = PersonalData), ReadProblems))]
pub(crate) async fn export(
    State(app): State<App>,
    user: CurrentUser,
) -> ApiResult<([(HeaderName, &'static str); 1], Json<PersonalData>)> {
    access::account(user)?;
    let mut tx = app.store.tenant(personal(user.id), user.id).await?;
    let person = personal_data::account(&mut tx, user.id).await?;
    let mut parts = Vec::new();
    for workspace in workspaces::list(&mut tx, user.id, None).await? {
        let id = WorkspaceId(workspace.id);
        personal_data::enter(&mut tx, id).await?;
        parts.push(personal_data::in_workspace(&mut tx, id, user.id).await?);
    }
    let name = "attachment; filename=\"groundwork-personal-data.json\"";
    Ok(([(header::CONTENT_DISPOSITION, name)], Json(PersonalData { person, workspaces: parts })))
}

/// Delete your account. Refused while a workspace that others belong to has no other owner.
#[utoipa::path(delete, operation_id = "delete_me", path = "/users/me", tag = "accounts", request_body = Farewell, security(("bearer" = [])),
    responses((status = NO_CONTENT, description = "The account is closed, and all its sessions have ended"), WriteProblems))]
pub(crate) async fn delete(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    speaker: Speaker,
    Body(farewell): Body<Farewell>,
) -> ApiResult<StatusCode> {
    let holder = Holder::of(speaker.user)?;
    let user = holder.id;
    confirm_whole(&app, holder, &farewell.password, farewell.code.as_deref(), &origin).await?;
    let mut tx = app.store.person(user).await?;
    let mut orphans = Vec::new();
    for workspace in workspaces::list(&mut tx, user, None).await? {
        if !leave(&mut tx, &speaker, &workspace).await? {
            orphans.push(workspace.name);
        }
    }
    if !orphans.is_empty() {
        return Err(sole_owner(&orphans));
    }
    personal_data::enter(&mut tx, personal(user)).await?;
    personal_data::close_account(&mut tx, user).await?;
    audit::record(&mut tx, speaker.entry(personal(user), "account.deleted", ("user", user), json!({})))
        .await?;
    tx.commit().await?;
    app.shelving.notify_one();
    Ok(StatusCode::NO_CONTENT)
}

/// Leaves a workspace, or deletes it with its last member; false where others would be left without an owner.
async fn leave(tx: &mut Tx, speaker: &Speaker, workspace: &Workspace) -> ApiResult<bool> {
    let (id, user) = (WorkspaceId(workspace.id), speaker.user.id);
    personal_data::enter(tx, id).await?;
    workspaces::lock(tx, id).await?;
    let role = members::role_of(tx, id, user).await?.unwrap_or(Role::Viewer);
    let is_alone = members::list(tx, id).await?.len() == 1;
    let resource = ("workspace", id);
    if workspace.is_personal || (is_alone && role == Role::Owner) {
        workspaces::set_lifecycle(tx, id, Lifecycle::Deleted).await?;
        audit::record(tx, speaker.entry(id, "workspace.deleted", resource, json!({"with": "account"})))
            .await?;
        return Ok(true);
    }
    if role == Role::Owner {
        if members::other_owner(tx, id, user).await?.is_none() {
            return Ok(false);
        }
        hand_over(tx, id, user, workspace.owner_id).await?;
    }
    invitations::revoke_beyond(tx, id, user, None).await?;
    let details = json!({"role": role, "with": "account"});
    audit::record(tx, speaker.entry(id, "member.left", ("member", user), details)).await?;
    members::remove(tx, id, user).await?;
    Ok(true)
}

fn sole_owner(workspaces: &[String]) -> ApiError {
    let errors = workspaces
        .iter()
        .map(|name| FieldError { field: "workspace".to_owned(), message: name.clone() })
        .collect();
    ApiError::conflict(
        "sole_owner",
        "Others belong to workspaces of which only you are an owner. Make another member one, or delete them.",
    )
    .with_errors(errors)
}
