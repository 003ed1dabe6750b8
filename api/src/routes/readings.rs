//! What people and agents wrote: questions, conversation, findings.

use super::answer::etagged;
use super::projects::page_limit;
use crate::access;
use crate::app::App;
use crate::auth::CurrentUser;
use crate::extract::{Path, Query};
use crate::openapi::ReadProblems;
use crate::problem::ApiResult;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use groundwork_domain::ProjectId;
use groundwork_domain::access::Permission;
use groundwork_store::project_reads::{self, QuestionItem, Turn};
use groundwork_store::project_texts::{self, FindingItem};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// The questions of a project.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Questions {
    /// The first question that waits for an answer.
    current: Option<QuestionItem>,
    /// All questions, in the order in which they were asked.
    items: Vec<QuestionItem>,
}

/// The questions, with their answers.
#[utoipa::path(get, operation_id = "list_questions", path = "/projects/{project_id}/questions", tag = "texts", params(("project_id" = Uuid, Path)),
    security(("bearer" = [])), responses((status = OK, body = Questions), ReadProblems))]
pub(crate) async fn questions(
    State(app): State<App>,
    user: CurrentUser,
    Path(project): Path<ProjectId>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let (mut tx, _) = access::project(&app, user, project, Permission::ReadProject).await?;
    let items = project_reads::questions(&mut tx, project).await?;
    let first = |state: &str| items.iter().find(|question| question.state == state).cloned();
    // What was put off comes back when nothing else is open.
    let current = first("open").or_else(|| first("deferred"));
    etagged(&headers, &Questions { current, items })
}

/// Which turns.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct TurnsQuery {
    /// `next_cursor` of the page before: a sequence number.
    cursor: Option<i64>,
    /// Rows of the page: 1 to 100, 20 when not said.
    limit: Option<u32>,
}

/// A page of the conversation, oldest turns first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TurnPage {
    /// The turns.
    items: Vec<Turn>,
    /// Where the next page begins; none: this is the last one.
    next_cursor: Option<String>,
    /// The most rows that this page could have had.
    limit: u32,
}

/// What was said, in order.
#[utoipa::path(get, operation_id = "list_conversation", path = "/projects/{project_id}/conversation", tag = "texts",
    params(("project_id" = Uuid, Path), TurnsQuery), security(("bearer" = [])),
    responses((status = OK, body = TurnPage), ReadProblems))]
pub(crate) async fn conversation(
    State(app): State<App>,
    user: CurrentUser,
    Path(project): Path<ProjectId>,
    Query(query): Query<TurnsQuery>,
) -> ApiResult<Json<TurnPage>> {
    let limit = page_limit(&app, query.limit)?;
    let (mut tx, _) = access::project(&app, user, project, Permission::ReadProject).await?;
    let after = query.cursor.unwrap_or_default();
    let mut items = project_reads::conversation(&mut tx, project, after, i64::from(limit) + 1).await?;
    let has_more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let next_cursor = items.last().filter(|_| has_more).map(|turn| turn.sequence_number.to_string());
    Ok(Json(TurnPage { items, next_cursor, limit }))
}

/// Which versions.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct VersionsQuery {
    /// Also those that were replaced.
    #[serde(default)]
    pub(super) all_versions: bool,
}

/// The findings of a project.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Findings {
    /// How many are open.
    open: usize,
    /// The latest review first.
    items: Vec<FindingItem>,
}

/// What reviews found, and what became of it.
#[utoipa::path(get, operation_id = "list_findings", path = "/projects/{project_id}/findings", tag = "texts", params(("project_id" = Uuid, Path)),
    security(("bearer" = [])), responses((status = OK, body = Findings), ReadProblems))]
pub(crate) async fn findings(
    State(app): State<App>,
    user: CurrentUser,
    Path(project): Path<ProjectId>,
) -> ApiResult<Json<Findings>> {
    let (mut tx, _) = access::project(&app, user, project, Permission::ReadProject).await?;
    let items = project_texts::findings(&mut tx, project).await?;
    Ok(Json(Findings { open: items.iter().filter(|finding| finding.state == "open").count(), items }))
}
