//! Where somebody is signed in, and ending that.

use crate::app::App;
use crate::auth::Holder;
use crate::entrance::{of_account, of_session, person};
use crate::extract::{Body, Path};
use crate::mail::{self, Template};
use crate::openapi::{ReadProblems, WriteProblems};
use crate::origin::RequestOrigin;
use crate::problem::{ApiError, ApiResult};
use crate::throttle::{self, Attempt};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use garde::Validate;
use groundwork_store::audit::Origin;
use groundwork_store::sessions::{self, SessionRow};
use groundwork_store::{accounts, audit, workspaces};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

/// Sessions that stand.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionList {
    /// The last seen first.
    items: Vec<SessionRow>,
}

/// How many sessions were ended.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionsEnded {
    /// Without the one that asked.
    ended: u64,
}

/// Another password.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct PasswordChange {
    /// The one so far.
    #[garde(length(bytes, max = 1_024))]
    old_password: String,
    /// 8 to 128 characters.
    #[garde(length(chars, min = 8, max = 128))]
    #[schema(min_length = 8, max_length = 128)]
    new_password: String,
}

/// Where the person is signed in.
#[utoipa::path(get, operation_id = "list_sessions", path = "/auth/sessions", tag = "accounts",
    security(("bearer" = [])), responses((status = OK, body = SessionList), ReadProblems))]
pub(crate) async fn list(State(app): State<App>, holder: Holder) -> ApiResult<Json<SessionList>> {
    let mut tx = app.store.person(holder.id).await?;
    Ok(Json(SessionList { items: sessions::list(&mut tx, holder.id, holder.session).await? }))
}

/// End a session: its tokens are refused from now on, and its streams end.
#[utoipa::path(delete, operation_id = "end_session", path = "/auth/sessions/{session_id}", tag = "accounts",
    params(("session_id" = Uuid, Path)), security(("bearer" = [])),
    responses((status = NO_CONTENT, description = "The session has ended"), WriteProblems))]
pub(crate) async fn end(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    holder: Holder,
    Path(session): Path<Uuid>,
) -> ApiResult<StatusCode> {
    let mut tx = app.store.tenant(workspaces::personal(holder.id), holder.id).await?;
    if !sessions::end(&mut tx, session, holder.id).await? {
        return Err(ApiError::not_found("session"));
    }
    audit::record(&mut tx, of_session("session.revoked", holder.id, session, &origin)).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End all sessions but this one.
#[utoipa::path(delete, operation_id = "end_other_sessions", path = "/auth/sessions", tag = "accounts",
    security(("bearer" = [])), responses((status = OK, body = SessionsEnded), WriteProblems))]
pub(crate) async fn end_others(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    holder: Holder,
) -> ApiResult<Json<SessionsEnded>> {
    let mut tx = app.store.tenant(workspaces::personal(holder.id), holder.id).await?;
    let ended = sessions::end_others(&mut tx, holder.id, Some(holder.session)).await?;
    let mut entry = of_account("sessions.revoked", holder.id, &origin);
    entry.details = serde_json::json!({ "ended": ended });
    audit::record(&mut tx, entry).await?;
    tx.commit().await?;
    Ok(Json(SessionsEnded { ended }))
}

/// Change the password. All other sessions end.
#[utoipa::path(post, operation_id = "change_password", path = "/auth/password/change", tag = "accounts",
    request_body = PasswordChange, security(("bearer" = [])),
    responses((status = OK, body = SessionsEnded), WriteProblems))]
pub(crate) async fn change_password(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    holder: Holder,
    Body(wish): Body<PasswordChange>,
) -> ApiResult<Json<SessionsEnded>> {
    confirm(&app, holder, &wish.old_password, "old_password", &origin).await?;
    let hash = app.passwords.hash(&wish.new_password).await?;
    let mut tx = app.store.tenant(workspaces::personal(holder.id), holder.id).await?;
    accounts::set_password(&mut tx, holder.id, &hash).await?;
    let (account, _) = person(&mut tx, holder.id).await?;
    mail::leave(&app, &mut tx, Template::PasswordChanged, holder.id, &account.email, json!({})).await?;
    let ended = sessions::end_others(&mut tx, holder.id, Some(holder.session)).await?;
    let mut entry = of_account("password.changed", holder.id, &origin);
    entry.details = serde_json::json!({ "sessions_ended": ended });
    audit::record(&mut tx, entry).await?;
    tx.commit().await?;
    app.mailer.wake();
    Ok(Json(SessionsEnded { ended }))
}

/// Whether the person knows their password: what a session that somebody else found open does not say.
pub(super) async fn confirm(
    app: &App,
    holder: Holder,
    password: &str,
    field: &'static str,
    origin: &Origin,
) -> ApiResult<()> {
    let counted = throttle::count(app, Attempt::Confirmation { user: holder.id }, origin.ip).await?;
    let mut tx = app.store.person(holder.id).await?;
    let hash = accounts::own_password_hash(&mut tx).await?;
    drop(tx);
    if !app.passwords.matches(password, hash).await? {
        return Err(ApiError::field(field, "is not your password"));
    }
    counted.forgive(app).await
}
