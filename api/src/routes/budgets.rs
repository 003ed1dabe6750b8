//! Budgets in tokens and US dollars, of projects and of workspaces. At a limit a project parks; a raise tells all that are parked.

use crate::access;
use crate::app::App;
use crate::auth::CurrentUser;
use crate::extract::{Body, Path};
use crate::openapi::{ReadProblems, WriteProblems};
use crate::problem::ApiResult;
use crate::speaker::Speaker;
use axum::Json;
use axum::extract::State;
use garde::Validate;
use groundwork_domain::access::Permission;
use groundwork_domain::{ProjectId, WorkspaceId};
use groundwork_store::budgets::{self, Allowed, Budget, Scope};
use groundwork_store::{Tx, audit};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

/// What may be used. Without any limit there is no budget: so a name that nobody knows is refused, and not taken for no limit.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BudgetWish {
    /// Tokens read and written, over all time; any number when not said.
    #[garde(inner(range(max = 1_000_000_000_000)))]
    #[serde(alias = "tokens")]
    tokens_max: Option<u64>,
    /// US dollars over all time; any amount when not said.
    #[garde(inner(custom(crate::said::amount)))]
    #[serde(alias = "usd")]
    usd_max: Option<Decimal>,
    /// Whether models without a price may be called under a limit in US dollars.
    #[garde(skip)]
    #[serde(default)]
    allow_unpriced: bool,
}

impl BudgetWish {
    fn allowed(&self) -> Allowed {
        Allowed { tokens_max: self.tokens_max, usd_max: self.usd_max, allow_unpriced: self.allow_unpriced }
    }
}

/// The budget of a workspace, and what of it is used.
#[utoipa::path(get, operation_id = "get_workspace_budget", path = "/workspaces/{workspace_id}/budget", tag = "workspaces",
    params(("workspace_id" = uuid::Uuid, Path)), security(("bearer" = [])),
    responses((status = OK, body = Budget), ReadProblems))]
pub(crate) async fn of_workspace(
    State(app): State<App>,
    user: CurrentUser,
    Path(workspace): Path<WorkspaceId>,
) -> ApiResult<Json<Budget>> {
    let (mut tx, _) = access::workspace(&app, user, workspace, Permission::ReadUsage).await?;
    Ok(Json(budgets::show(&mut tx, workspace, Scope::Workspace).await?))
}

/// Set the budget of a workspace. Projects that are parked on it are told.
#[utoipa::path(put, operation_id = "set_workspace_budget", path = "/workspaces/{workspace_id}/budget", tag = "workspaces",
    params(("workspace_id" = uuid::Uuid, Path)), request_body = BudgetWish, security(("bearer" = [])),
    responses((status = OK, body = Budget), WriteProblems))]
pub(crate) async fn set_of_workspace(
    State(app): State<App>,
    speaker: Speaker,
    Path(workspace): Path<WorkspaceId>,
    Body(wish): Body<BudgetWish>,
) -> ApiResult<Json<Budget>> {
    let (tx, _) = access::workspace(&app, speaker.user, workspace, Permission::UpdateWorkspace).await?;
    let (budget, concerned) = set(tx, &speaker, workspace, Scope::Workspace, &wish).await?;
    crate::budget_raise::tell(&app, &speaker, workspace, &concerned).await;
    Ok(Json(budget))
}

/// The budget of a project, and what of it is used.
#[utoipa::path(get, operation_id = "get_project_budget", path = "/projects/{project_id}/budget", tag = "projects",
    params(("project_id" = uuid::Uuid, Path)), security(("bearer" = [])),
    responses((status = OK, body = Budget), ReadProblems))]
pub(crate) async fn of_project(
    State(app): State<App>,
    user: CurrentUser,
    Path(project): Path<ProjectId>,
) -> ApiResult<Json<Budget>> {
    let (mut tx, standing) = access::project(&app, user, project, Permission::ReadProject).await?;
    Ok(Json(budgets::show(&mut tx, standing.workspace_id, Scope::Project(project)).await?))
}

/// Set the budget of a project. Is it parked on it, it is told.
#[utoipa::path(put, operation_id = "set_project_budget", path = "/projects/{project_id}/budget", tag = "projects",
    params(("project_id" = uuid::Uuid, Path)), request_body = BudgetWish, security(("bearer" = [])),
    responses((status = OK, body = Budget), WriteProblems))]
pub(crate) async fn set_of_project(
    State(app): State<App>,
    speaker: Speaker,
    Path(project): Path<ProjectId>,
    Body(wish): Body<BudgetWish>,
) -> ApiResult<Json<Budget>> {
    let (tx, standing) = access::project(&app, speaker.user, project, Permission::UpdateProject).await?;
    let workspace = standing.workspace_id;
    let (budget, mut concerned) = set(tx, &speaker, workspace, Scope::Project(project), &wish).await?;
    concerned.retain(|one| *one == project);
    crate::budget_raise::tell(&app, &speaker, workspace, &concerned).await;
    Ok(Json(budget))
}

/// Writes the budget; returns it, and the workspace's projects that it concerns.
async fn set(
    mut tx: Tx,
    speaker: &Speaker,
    workspace: WorkspaceId,
    scope: Scope,
    wish: &BudgetWish,
) -> ApiResult<(Budget, Vec<ProjectId>)> {
    budgets::set(&mut tx, workspace, scope, wish.allowed(), speaker.user.id).await?;
    let resource = match scope {
        Scope::Project(project) => ("project", project.to_string()),
        Scope::Workspace => ("workspace", workspace.to_string()),
    };
    let details = json!({"tokens_max": wish.tokens_max, "usd_max": wish.usd_max});
    audit::record(&mut tx, speaker.entry(workspace, "budget.set", resource, details)).await?;
    let budget = budgets::show(&mut tx, workspace, scope).await?;
    let concerned = budgets::concerned(&mut tx, workspace).await?;
    tx.commit().await?;
    Ok((budget, concerned))
}
