//! Projects: lists, the project itself, its name.

use super::answer::etagged;
use super::cursor;
use crate::access;
use crate::app::App;
use crate::auth::CurrentUser;
use crate::extract::{Body, Path, Query};
use crate::openapi::{ReadProblems, WriteProblems};
use crate::problem::{ApiError, ApiResult};
use crate::speaker::Speaker;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use garde::Validate;
use groundwork_domain::access::Permission;
use groundwork_domain::project::Phase;
use groundwork_domain::{Lifecycle, ProjectId, WorkspaceId};
use groundwork_store::project_reads::{self, ListFilter, ProjectHead, ProjectItem, TaskItem};
use groundwork_store::project_texts::{self, ArtifactItem, PromptItem};
use groundwork_store::{Tx, audit, project_writes};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which projects.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows of the page: 1 to 100, 20 when not said.
    limit: Option<u32>,
    /// Only with this status.
    status: Option<String>,
    /// Only in this phase.
    #[param(value_type = Option<String>, example = "awaiting_input")]
    phase: Option<Phase>,
    /// Only `active`, `archived` or `deleted` ones, the latter as long as they can be restored; all but deleted ones when not
    /// said.
    #[param(value_type = Option<String>, example = "archived")]
    lifecycle: Option<Lifecycle>,
}

/// A page of projects, those with the latest activity first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProjectPage {
    /// The projects.
    items: Vec<ProjectItem>,
    /// Where the next page begins; none: this is the last one.
    next_cursor: Option<String>,
    /// The most rows that this page could have had.
    limit: u32,
}

/// A project with its parts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProjectPageView {
    /// The project.
    #[serde(flatten)]
    head: ProjectHead,
    /// The attempts of all stages, in the order of the pipeline.
    tasks: Vec<TaskItem>,
    /// The current artifacts, without their contents.
    artifacts: Vec<ArtifactItem>,
    /// How many prompts there are.
    final_prompts_count: usize,
    /// The current prompts.
    final_prompts: Vec<PromptItem>,
}

/// A new name.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct Rename {
    /// 1 to 200 characters.
    #[garde(custom(is_title))]
    #[schema(min_length = 1, max_length = 200)]
    title: String,
}

/// My projects, over all workspaces.
#[utoipa::path(get, operation_id = "list_projects", path = "/projects", tag = "projects", params(ListQuery), security(("bearer" = [])),
    responses((status = OK, body = ProjectPage), ReadProblems))]
pub(crate) async fn list(
    State(app): State<App>,
    user: CurrentUser,
    Query(query): Query<ListQuery>,
) -> ApiResult<Json<ProjectPage>> {
    access::check_reach(user, Permission::ReadProject)?;
    let mut tx = app.store.person(user.id).await?;
    page(&app, &mut tx, user, None, None, &query).await
}

/// The projects of a workspace.
#[utoipa::path(get, operation_id = "list_workspace_projects", path = "/workspaces/{workspace_id}/projects", tag = "projects",
    params(("workspace_id" = Uuid, Path), ListQuery), security(("bearer" = [])),
    responses((status = OK, body = ProjectPage), ReadProblems))]
pub(crate) async fn list_in_workspace(
    State(app): State<App>,
    user: CurrentUser,
    Path(workspace): Path<WorkspaceId>,
    Query(query): Query<ListQuery>,
) -> ApiResult<Json<ProjectPage>> {
    let (mut tx, _) = access::workspace(&app, user, workspace, Permission::ReadProject).await?;
    page(&app, &mut tx, user, Some(workspace), None, &query).await
}

pub(super) async fn page(
    app: &App,
    tx: &mut Tx,
    user: CurrentUser,
    workspace: Option<WorkspaceId>,
    pipeline: Option<&str>,
    query: &ListQuery,
) -> ApiResult<Json<ProjectPage>> {
    let limit = page_limit(app, query.limit)?;
    let filter = ListFilter {
        workspace: workspace.map(|workspace| workspace.0),
        pipeline,
        status: query.status.as_deref(),
        phase: query.phase.map(Phase::as_str),
        lifecycle: query.lifecycle.map(Lifecycle::as_str),
        after: query.cursor.as_deref().map(cursor::read).transpose()?,
        rows_max: i64::from(limit) + 1,
    };
    let mut items = project_reads::list(tx, user.id, &filter).await?;
    let has_more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let next_cursor =
        items.last().filter(|_| has_more).map(|last| cursor::of(last.last_activity_at, last.project_id));
    Ok(Json(ProjectPage { items, next_cursor, limit }))
}

/// How many rows a page may have.
pub(super) fn page_limit(app: &App, asked: Option<u32>) -> ApiResult<u32> {
    let limit = asked.unwrap_or(app.settings.page_rows_default);
    if (1..=app.settings.page_rows_max).contains(&limit) {
        return Ok(limit);
    }
    Err(ApiError::field("limit", format!("is 1 to {}", app.settings.page_rows_max)))
}

/// A project: where it stands, its tasks, artifacts and prompts.
#[utoipa::path(get, operation_id = "get_project", path = "/projects/{project_id}", tag = "projects", params(("project_id" = Uuid, Path)),
    security(("bearer" = [])),
    responses((status = OK, body = ProjectPageView, headers(("ETag" = String))),
        (status = NOT_MODIFIED, description = "As If-None-Match has it"), ReadProblems))]
pub(crate) async fn show(
    State(app): State<App>,
    user: CurrentUser,
    Path(project): Path<ProjectId>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let (mut tx, _) = access::project(&app, user, project, Permission::ReadProject).await?;
    etagged(&headers, &view(&mut tx, project).await?)
}

pub(super) async fn view(tx: &mut Tx, project: ProjectId) -> ApiResult<ProjectPageView> {
    let final_prompts = project_texts::prompts(tx, project, false).await?;
    Ok(ProjectPageView {
        head: project_reads::head(tx, project).await?,
        tasks: project_reads::tasks(tx, project).await?,
        artifacts: project_texts::artifacts(tx, project, false).await?,
        final_prompts_count: final_prompts.len(),
        final_prompts,
    })
}

/// Give a project another name.
#[utoipa::path(patch, operation_id = "rename_project", path = "/projects/{project_id}", tag = "projects", params(("project_id" = Uuid, Path)),
    request_body = Rename, security(("bearer" = [])),
    responses((status = OK, body = ProjectPageView), WriteProblems))]
pub(crate) async fn rename(
    State(app): State<App>,
    speaker: Speaker,
    Path(project): Path<ProjectId>,
    Body(wish): Body<Rename>,
) -> ApiResult<Json<ProjectPageView>> {
    let (mut tx, standing) = access::project(&app, speaker.user, project, Permission::UpdateProject).await?;
    project_writes::rename(&mut tx, project, &redacted_title(wish.title)).await?;
    let entry =
        speaker.entry(standing.workspace_id, "project.renamed", ("project", project), serde_json::json!({}));
    audit::record(&mut tx, entry).await?;
    let view = view(&mut tx, project).await?;
    tx.commit().await?;
    Ok(Json(view))
}

/// A title as it is stored: without secrets, which may make it longer than it was.
pub(super) fn redacted_title(title: String) -> String {
    crate::redact::redact(title).text.trim().chars().take(200).collect()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde's signature")]
pub(super) fn is_title(value: &str, _context: &()) -> garde::Result {
    let value = value.trim();
    if value.is_empty() || value.chars().count() > 200 {
        return Err(garde::Error::new("has 1 to 200 characters"));
    }
    if value.chars().any(char::is_control) {
        return Err(garde::Error::new("has no control characters"));
    }
    Ok(())
}
