//! For the people who operate the installation (B-19): which workspaces there are, and how everything is. No text of anybody.

use super::cursor;
use super::health::{self, Health};
use super::projects::page_limit;
use crate::access;
use crate::app::App;
use crate::auth::CurrentUser;
use crate::extract::{Body, Path, Query};
use crate::openapi::{ReadProblems, WriteProblems};
use crate::problem::{ApiError, ApiResult};
use crate::speaker::Speaker;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use garde::Validate;
use groundwork_domain::quota::Tier;
use groundwork_domain::{UserId, WorkspaceId};
use groundwork_store::administration::{self, WorkspaceOverview};
use groundwork_store::workspaces::personal;
use groundwork_store::{accounts, audit, operations};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows of the page: 1 to 100, 20 when not said.
    limit: Option<u32>,
}

/// A page of workspaces, the latest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OverviewPage {
    /// The workspaces.
    items: Vec<WorkspaceOverview>,
    /// Where the next page begins; none: this is the last one.
    next_cursor: Option<String>,
    /// The most rows that this page could have had.
    limit: u32,
}

/// All workspaces of the installation.
#[utoipa::path(get, operation_id = "admin_list_workspaces", path = "/admin/workspaces", tag = "administration", params(PageQuery),
    security(("bearer" = [])), responses((status = OK, body = OverviewPage), ReadProblems))]
pub(crate) async fn workspaces(
    State(app): State<App>,
    user: CurrentUser,
    Query(query): Query<PageQuery>,
) -> ApiResult<Json<OverviewPage>> {
    check_operator(&app, user).await?;
    let limit = page_limit(&app, query.limit)?;
    let after = query.cursor.as_deref().map(cursor::read).transpose()?;
    let rows_max = i32::try_from(limit).unwrap_or(i32::MAX).saturating_add(1);
    let mut items = administration::workspaces(&app.store, after, rows_max).await?;
    let has_more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let next_cursor = items.last().filter(|_| has_more).map(|last| cursor::of(last.created_at, last.id));
    Ok(Json(OverviewPage { items, next_cursor, limit }))
}

/// How everything is, for operators. 503 only where the API itself cannot serve.
#[utoipa::path(get, operation_id = "admin_health", path = "/admin/health", tag = "administration", security(("bearer" = [])),
    responses((status = OK, body = AdminHealth), ReadProblems))]
pub(crate) async fn health(State(app): State<App>, user: CurrentUser) -> ApiResult<Json<AdminHealth>> {
    check_operator(&app, user).await?;
    let temporal_ui_url = app.settings.temporal_ui_url.clone();
    let (_, Json(health)) = health::healthz(State(app.clone())).await;
    // Where the database is away the answer says that, and no more can be known.
    let paused_since = operations::halted_since(&app.store).await.ok().flatten();
    Ok(Json(AdminHealth { health, temporal_ui_url, paused_since }))
}

/// How everything is, with what only operators are told.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdminHealth {
    /// What everybody may know.
    #[serde(flatten)]
    health: Health,
    /// Temporal's own pages; a project's workflow is at `workflows/project-<id>` below it.
    temporal_ui_url: Option<String>,
    /// Since when everything is paused; none: it is not.
    paused_since: Option<DateTime<Utc>>,
}

/// Undo the deletion of an account that is not erased yet, with its personal workspace. Memberships that ended stay ended.
#[utoipa::path(post, operation_id = "admin_restore_user", path = "/admin/users/{user_id}/restore", tag = "administration",
    params(("user_id" = uuid::Uuid, Path)), security(("bearer" = [])),
    responses((status = NO_CONTENT, description = "They can sign in again"), WriteProblems))]
pub(crate) async fn restore_user(
    State(app): State<App>,
    speaker: Speaker,
    Path(user): Path<UserId>,
) -> ApiResult<StatusCode> {
    check_operator(&app, speaker.user).await?;
    if !administration::restore_person(&app.store, user).await? {
        return Err(ApiError::not_found("deleted account"));
    }
    let mut tx = app.store.tenant(personal(user), speaker.user.id).await?;
    let entry = speaker.entry(personal(user), "account.restored", ("user", user), json!({}));
    audit::record(&mut tx, entry).await?;
    tx.commit().await?;
    app.shelving.notify_one();
    Ok(StatusCode::NO_CONTENT)
}

/// What a workspace pays for: limits follow it.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct Plan {
    /// `free`, `paid` or `enterprise`.
    #[garde(skip)]
    #[schema(value_type = String, example = "paid")]
    plan_tier: Tier,
}

/// Change what a workspace pays for.
#[utoipa::path(put, operation_id = "admin_set_plan", path = "/admin/workspaces/{workspace_id}/plan", tag = "administration",
    params(("workspace_id" = uuid::Uuid, Path)), request_body = Plan, security(("bearer" = [])),
    responses((status = NO_CONTENT, description = "It holds for what is begun from now on"), WriteProblems))]
pub(crate) async fn set_plan(
    State(app): State<App>,
    speaker: Speaker,
    Path(workspace): Path<WorkspaceId>,
    Body(wish): Body<Plan>,
) -> ApiResult<StatusCode> {
    check_operator(&app, speaker.user).await?;
    if !administration::set_plan(&app.store, workspace, wish.plan_tier).await? {
        return Err(ApiError::not_found("workspace"));
    }
    let mut tx = app.store.tenant(workspace, speaker.user.id).await?;
    let details = json!({"plan_tier": wish.plan_tier});
    audit::record(&mut tx, speaker.entry(workspace, "plan.changed", ("workspace", workspace), details))
        .await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Operators are named by the installation's settings, by the address of their account.
pub(super) async fn check_operator(app: &App, user: CurrentUser) -> ApiResult<()> {
    access::account(user)?;
    let mut tx = app.store.person(user.id).await?;
    // An address that nobody has shown to be theirs is none: anybody can sign up with anybody's.
    let email = accounts::proven_email(&mut tx).await?.filter(|email| !email.is_empty());
    if email.is_some_and(|email| app.settings.is_operator(&email)) {
        return Ok(());
    }
    Err(ApiError::forbidden("Only operators of the installation may do this."))
}
