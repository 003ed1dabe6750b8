//! Prompts and their checklists.

use super::answer::etagged;
use super::readings::VersionsQuery;
use crate::access;
use crate::app::App;
use crate::auth::CurrentUser;
use crate::extract::{Body, Path, Query};
use crate::openapi::{ReadProblems, WriteProblems};
use crate::problem::{ApiError, ApiResult};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use garde::Validate;
use groundwork_domain::ProjectId;
use groundwork_domain::access::Permission;
use groundwork_store::project_texts::{self, PromptItem};
use groundwork_store::project_writes::{self, Tick};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The prompts of a project.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Prompts {
    /// How many prompts there are, versions not counted.
    count: usize,
    /// In order.
    items: Vec<PromptItem>,
}

/// The prompts, in the order in which they are to be given to a coding agent.
#[utoipa::path(get, operation_id = "list_prompts", path = "/projects/{project_id}/prompts", tag = "texts",
    params(("project_id" = Uuid, Path), VersionsQuery), security(("bearer" = [])),
    responses((status = OK, body = Prompts, headers(("ETag" = String))),
        (status = NOT_MODIFIED, description = "As If-None-Match has it"), ReadProblems))]
pub(crate) async fn list(
    State(app): State<App>,
    user: CurrentUser,
    Path(project): Path<ProjectId>,
    Query(query): Query<VersionsQuery>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let (mut tx, _) = access::project(&app, user, project, Permission::ReadProject).await?;
    let items = project_texts::prompts(&mut tx, project, query.all_versions).await?;
    let count = items.iter().filter(|prompt| prompt.is_current).count();
    etagged(&headers, &Prompts { count, items })
}

/// Ticks, and their removal.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct Ticks {
    /// One for each item that changes.
    #[garde(length(min = 1, max = 200), dive)]
    items: Vec<TickWish>,
}

/// One item of a checklist.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct TickWish {
    /// 0, 1, …: its place in the list.
    #[garde(range(min = 0, max = 10_000))]
    position: i32,
    /// Done or not.
    #[garde(skip)]
    checked: bool,
}

/// Tick items of the current version of a prompt.
#[utoipa::path(patch, operation_id = "tick_checklist", path = "/projects/{project_id}/prompts/{number}/checklist", tag = "texts",
    params(("project_id" = Uuid, Path), ("number" = i32, Path, description = "1, 2, …")), request_body = Ticks,
    security(("bearer" = [])), responses((status = OK, body = PromptItem), WriteProblems))]
pub(crate) async fn tick(
    State(app): State<App>,
    user: CurrentUser,
    Path((project, number)): Path<(ProjectId, i32)>,
    Body(ticks): Body<Ticks>,
) -> ApiResult<Json<PromptItem>> {
    let (mut tx, standing) = access::project(&app, user, project, Permission::WorkOnProject).await?;
    for wish in ticks.items {
        let tick = Tick { number, position: wish.position, checked: wish.checked };
        project_writes::tick(&mut tx, standing.workspace_id, project, user.id, tick).await?;
    }
    let prompts = project_texts::prompts(&mut tx, project, false).await?;
    tx.commit().await?;
    let prompt = prompts.into_iter().find(|prompt| prompt.number == number);
    prompt.map(Json).ok_or_else(|| ApiError::not_found("prompt"))
}
