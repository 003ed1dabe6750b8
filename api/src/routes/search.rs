//! Finding projects, and things in a project, by titles and ids.

use crate::access;
use crate::app::App;
use crate::auth::CurrentUser;
use crate::extract::{Path, Query};
use crate::openapi::ReadProblems;
use crate::problem::{ApiError, ApiResult};
use axum::Json;
use axum::extract::State;
use groundwork_domain::ProjectId;
use groundwork_domain::access::Permission;
use groundwork_store::search::{self, Hit};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Longest words, in characters.
const WORDS_CHARACTERS_MAX: usize = 200;

/// What is looked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SearchQuery {
    /// Words of a title, or the beginning of an id: 1 to 200 characters.
    q: String,
    /// Rows: 1 to 100, 20 when not said.
    limit: Option<u32>,
}

impl SearchQuery {
    fn words(&self) -> ApiResult<&str> {
        let words = self.q.trim();
        if words.is_empty() || words.chars().count() > WORDS_CHARACTERS_MAX {
            return Err(ApiError::bad_request("invalid_query", "q is 1 to 200 characters."));
        }
        Ok(words)
    }
}

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Hits {
    /// At most `limit`.
    items: Vec<Hit>,
    /// The most rows that there could be.
    limit: u32,
}

/// My projects by title or id, the latest first.
#[utoipa::path(get, operation_id = "search", path = "/search", tag = "projects", params(SearchQuery), security(("bearer" = [])),
    responses((status = OK, body = Hits), ReadProblems))]
pub(crate) async fn all(
    State(app): State<App>,
    user: CurrentUser,
    Query(query): Query<SearchQuery>,
) -> ApiResult<Json<Hits>> {
    let limit = super::projects::page_limit(&app, query.limit)?;
    access::check_reach(user, Permission::ReadProject)?;
    let mut tx = app.store.person(user.id).await?;
    let items = search::projects(&mut tx, user.id, query.words()?, limit.into()).await?;
    Ok(Json(Hits { items, limit }))
}

/// Artifacts, prompts, questions and files of a project by title or id.
#[utoipa::path(get, operation_id = "search_project", path = "/projects/{project_id}/search", tag = "projects",
    params(("project_id" = uuid::Uuid, Path), SearchQuery), security(("bearer" = [])),
    responses((status = OK, body = Hits), ReadProblems))]
pub(crate) async fn within(
    State(app): State<App>,
    user: CurrentUser,
    Path(project): Path<ProjectId>,
    Query(query): Query<SearchQuery>,
) -> ApiResult<Json<Hits>> {
    let limit = super::projects::page_limit(&app, query.limit)?;
    let (mut tx, _) = access::project(&app, user, project, Permission::ReadProject).await?;
    let items = search::within(&mut tx, project, query.words()?, limit.into()).await?;
    Ok(Json(Hits { items, limit }))
}
