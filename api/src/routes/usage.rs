//! What a workspace used and what that cost.

use crate::access;
use crate::app::App;
use crate::auth::CurrentUser;
use crate::extract::Path;
use crate::openapi::ReadProblems;
use crate::problem::ApiResult;
use axum::Json;
use axum::extract::State;
use groundwork_domain::WorkspaceId;
use groundwork_domain::access::Permission;
use groundwork_store::budgets::{self, Budget, Scope};
use groundwork_store::usage::{self, UsageLine};
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

/// What was used and what it cost.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WorkspaceUsage {
    /// US dollars over all time.
    cost_usd: Decimal,
    /// Tokens read by models over all time.
    input_tokens: i64,
    /// Tokens written by models over all time.
    output_tokens: i64,
    /// What of it is allowed, and what calls under way have reserved.
    budget: Budget,
    /// Projects, those that cost most first; at most 1,000. Deleted ones count too: what was paid was paid.
    by_project: Vec<UsageLine>,
    /// Months, the latest first; at most 120.
    by_month: Vec<UsageLine>,
}

/// Tokens and money, by project and by month.
#[utoipa::path(get, operation_id = "get_usage", path = "/workspaces/{workspace_id}/usage", tag = "workspaces",
    params(("workspace_id" = uuid::Uuid, Path)), security(("bearer" = [])),
    responses((status = OK, body = WorkspaceUsage), ReadProblems))]
pub(crate) async fn show(
    State(app): State<App>,
    user: CurrentUser,
    Path(workspace): Path<WorkspaceId>,
) -> ApiResult<Json<WorkspaceUsage>> {
    let (mut tx, _) = access::workspace(&app, user, workspace, Permission::ReadUsage).await?;
    let (by_project, by_month) = usage::of_workspace(&mut tx, workspace).await?;
    Ok(Json(WorkspaceUsage {
        cost_usd: by_month.iter().map(|line| line.cost_usd).sum::<Decimal>().normalize(),
        input_tokens: by_month.iter().map(|line| line.input_tokens).sum(),
        output_tokens: by_month.iter().map(|line| line.output_tokens).sum(),
        budget: budgets::show(&mut tx, workspace, Scope::Workspace).await?,
        by_project,
        by_month,
    }))
}
