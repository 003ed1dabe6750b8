//! For operators: stages that failed for good and their replay, pausing everything and going on, projects in trouble. No text of
//! anybody but projects' titles.

use super::admin::check_operator;
use super::cursor;
use super::projects::page_limit;
use crate::app::App;
use crate::auth::CurrentUser;
use crate::extract::{OptionalBody, Path, Query};
use crate::openapi::{ReadProblems, WriteProblems};
use crate::problem::{ApiError, ApiResult};
use crate::shelf;
use crate::speaker::Speaker;
use crate::telling;
use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use futures::stream::{self, StreamExt as _};
use garde::Validate;
use groundwork_domain::command::{Actor, Command, CommandBody, Disposition};
use groundwork_domain::{CommandId, ProjectId, WorkspaceId};
use groundwork_store::audit;
use groundwork_store::operations::{self, FailedFilter, FailedPlace, FailedStage, Trouble};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeSet;
use std::future;
use std::time::{Duration, Instant};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Projects that one request moves.
const MOVED_MAX: u32 = 200;
/// Projects that are told at once.
const TOLD_AT_ONCE: usize = 16;
/// After this no other project is told, so that the answer comes before the request's own time is over.
const TELLING_MAX: Duration = Duration::from_secs(10);
/// Troubles that are shown.
const TROUBLES_MAX: u32 = 500;

/// Which dead letters.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FailedQuery {
    /// Only of this pipeline.
    pipeline: Option<String>,
    /// Only of this stage.
    stage: Option<String>,
    /// Only with this code: `provider_unavailable`, …
    code: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows of the page: 1 to 100, 20 when not said.
    limit: Option<u32>,
}

/// A page of dead letters, the latest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FailedPage {
    /// Stages that failed for good.
    items: Vec<FailedStage>,
    /// Where the next page begins; none: this is the last one.
    next_cursor: Option<String>,
    /// The most rows that this page could have had.
    limit: u32,
}

/// Stages that failed for good, of all workspaces.
#[utoipa::path(get, operation_id = "admin_list_dead_letters", path = "/admin/dead-letters", tag = "administration",
    params(FailedQuery), security(("bearer" = [])), responses((status = OK, body = FailedPage), ReadProblems))]
pub(crate) async fn failed(
    State(app): State<App>,
    user: CurrentUser,
    Query(query): Query<FailedQuery>,
) -> ApiResult<Json<FailedPage>> {
    check_operator(&app, user).await?;
    let limit = page_limit(&app, query.limit)?;
    let after = query.cursor.as_deref().map(cursor::read_named).transpose()?;
    let filter = FailedFilter {
        project: None,
        pipeline: query.pipeline.as_deref(),
        stage: query.stage.as_deref(),
        code: query.code.as_deref(),
        after: after.as_ref().map(place),
        rows_max: i32::try_from(limit).unwrap_or(i32::MAX).saturating_add(1),
    };
    let mut items = operations::failed(&app.store, &filter).await?;
    let has_more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let next_cursor = items.last().filter(|_| has_more).map(cursor_of);
    Ok(Json(FailedPage { items, next_cursor, limit }))
}

fn cursor_of(last: &FailedStage) -> String {
    cursor::of_named(last.failed_at, last.project_id, last.stage.as_deref().unwrap_or_default())
}

fn place((at, project, stage): &(DateTime<Utc>, Uuid, Option<String>)) -> FailedPlace<'_> {
    FailedPlace { at: *at, project: *project, stage: stage.as_deref() }
}

/// How to replay.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplayWish {
    /// A model for this attempt instead of the agent's own.
    #[garde(length(bytes, max = 100))]
    model: Option<String>,
}

/// Which to replay, and how.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplayQuery {
    /// Only of this pipeline.
    #[garde(length(bytes, max = 100))]
    pipeline: Option<String>,
    /// Only of this stage.
    #[garde(length(bytes, max = 100))]
    stage: Option<String>,
    /// Only with this code.
    #[garde(length(bytes, max = 100))]
    code: Option<String>,
    /// A model for these attempts instead of the agents' own.
    #[garde(length(bytes, max = 100))]
    model: Option<String>,
    /// `next_cursor` of the answer before: only those that failed earlier.
    #[garde(length(bytes, max = 500))]
    cursor: Option<String>,
}

/// What became of one project.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Moved {
    /// Which.
    project_id: Uuid,
    /// `applied`, `repeated`, `refused` or `failed` (the engine could not be told).
    outcome: &'static str,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// What became of all of them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AllMoved {
    /// How many were told and did it.
    applied: usize,
    /// One for each that was told.
    items: Vec<Moved>,
    /// Whether there may be more: ask again.
    has_more: bool,
    /// Of a replay: where the next request goes on, so that those that fail again are not tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

impl AllMoved {
    fn of(items: Vec<Moved>, has_more: bool) -> Self {
        let applied = items.iter().filter(|one| matches!(one.outcome, "applied" | "repeated")).count();
        Self { applied, items, has_more, next_cursor: None }
    }
}

/// Try a failed stage again. What was paid for is used again.
#[utoipa::path(post, operation_id = "admin_replay_dead_letter", path = "/admin/dead-letters/{dead_letter_id}/replay",
    tag = "administration", params(("dead_letter_id" = Uuid, Path, description = "The project's id")),
    request_body(content = inline(Option<ReplayWish>)), security(("bearer" = [])),
    responses((status = OK, body = Moved), WriteProblems))]
pub(crate) async fn replay(
    State(app): State<App>,
    speaker: Speaker,
    Path(project): Path<ProjectId>,
    OptionalBody(wish): OptionalBody<ReplayWish>,
) -> ApiResult<Json<Moved>> {
    check_operator(&app, speaker.user).await?;
    telling::check_model(&app, wish.model.as_deref())?;
    let filter = FailedFilter { project: Some(project), rows_max: 1, ..FailedFilter::default() };
    let found = operations::failed(&app.store, &filter).await?;
    let found = found.first().ok_or_else(|| ApiError::not_found("failed stage"))?;
    let body = CommandBody::Retry { model: wish.model };
    Ok(Json(tell(&app, &speaker, project, WorkspaceId(found.workspace_id), body).await))
}

/// Try all failed stages again that fit, at most 200 at once. Those that failed for good without a change of circumstances fail again.
#[utoipa::path(post, operation_id = "admin_replay_dead_letters", path = "/admin/dead-letters/replay", tag = "administration",
    request_body(content = inline(Option<ReplayQuery>)), security(("bearer" = [])),
    responses((status = OK, body = AllMoved), WriteProblems))]
pub(crate) async fn replay_all(
    State(app): State<App>,
    speaker: Speaker,
    OptionalBody(query): OptionalBody<ReplayQuery>,
) -> ApiResult<Json<AllMoved>> {
    check_operator(&app, speaker.user).await?;
    telling::check_model(&app, query.model.as_deref())?;
    let after = query.cursor.as_deref().map(cursor::read_named).transpose()?;
    let filter = FailedFilter {
        project: None,
        pipeline: query.pipeline.as_deref(),
        stage: query.stage.as_deref(),
        code: query.code.as_deref(),
        after: after.as_ref().map(place),
        rows_max: i32::try_from(MOVED_MAX).unwrap_or(i32::MAX),
    };
    let found = operations::failed(&app.store, &filter).await?;
    // Retry takes up all failed stages of a project.
    let mut seen = BTreeSet::new();
    let projects: Vec<&FailedStage> = found.iter().filter(|one| seen.insert(one.project_id)).collect();
    let of = |one: &&FailedStage| (ProjectId(one.project_id), WorkspaceId(one.workspace_id));
    let body = CommandBody::Retry { model: query.model };
    let items = tell_all(&app, &speaker, projects.iter().map(of).collect(), &body).await;
    let last = if items.len() < projects.len() {
        projects.get(items.len().saturating_sub(1)).copied()
    } else {
        found.last().filter(|_| found.len() == MOVED_MAX as usize)
    };
    let next_cursor = last.map(cursor_of);
    Ok(Json(AllMoved { next_cursor, ..AllMoved::of(items, last.is_some()) }))
}

/// Which projects to move next.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HaltWish {
    /// The last project of the answer before; from the beginning when not said.
    #[garde(skip)]
    after: Option<Uuid>,
}

/// Pause all projects that could be under way, at most 200 at once, and begin nothing new. They are marked, so that `resume` lets go on
/// only these; until then starting work is 503 `paused_by_operators`.
#[utoipa::path(post, operation_id = "admin_pause_all", path = "/admin/pause", tag = "administration",
    request_body(content = inline(Option<HaltWish>)), security(("bearer" = [])),
    responses((status = OK, body = AllMoved), WriteProblems))]
pub(crate) async fn pause_all(
    State(app): State<App>,
    speaker: Speaker,
    OptionalBody(wish): OptionalBody<HaltWish>,
) -> ApiResult<Json<AllMoved>> {
    halt(&app, &speaker, true, &wish).await
}

/// Let all projects go on that `pause` has paused, at most 200 at once; new ones may begin again.
#[utoipa::path(post, operation_id = "admin_resume_all", path = "/admin/resume", tag = "administration",
    request_body(content = inline(Option<HaltWish>)), security(("bearer" = [])),
    responses((status = OK, body = AllMoved), WriteProblems))]
pub(crate) async fn resume_all(
    State(app): State<App>,
    speaker: Speaker,
    OptionalBody(wish): OptionalBody<HaltWish>,
) -> ApiResult<Json<AllMoved>> {
    halt(&app, &speaker, false, &wish).await
}

async fn halt(app: &App, speaker: &Speaker, is_halting: bool, wish: &HaltWish) -> ApiResult<Json<AllMoved>> {
    check_operator(app, speaker.user).await?;
    // First, so that what is begun meanwhile is refused, or found: now, or by the sweeper (`halt`).
    if wish.after.is_none() {
        operations::set_halted(&app.store, is_halting).await?;
    }
    let claimed =
        operations::claim_halting(&app.store, is_halting, wish.after.map(ProjectId), MOVED_MAX).await?;
    let found = claimed.len();
    let body = if is_halting { CommandBody::Pause } else { CommandBody::Resume };
    let items = tell_all(app, speaker, claimed, &body).await;
    if !is_halting {
        let told = items.iter().filter(|moved| moved.outcome != "failed");
        let told: Vec<Uuid> = told.map(|moved| moved.project_id).collect();
        operations::end_halting(&app.store, &told).await?;
    }
    let has_more = found == MOVED_MAX as usize || items.len() < found;
    Ok(Json(AllMoved::of(items, has_more)))
}

/// Tells projects, some at once, in their order and as far as there is time: the answer has the first of them.
async fn tell_all(
    app: &App,
    speaker: &Speaker,
    projects: Vec<(ProjectId, WorkspaceId)>,
    body: &CommandBody,
) -> Vec<Moved> {
    let deadline = Instant::now() + TELLING_MAX;
    stream::iter(projects)
        .take_while(|_| future::ready(Instant::now() < deadline))
        .map(|(project, workspace)| tell(app, speaker, project, workspace, body.clone()))
        .buffered(TOLD_AT_ONCE)
        .collect()
        .await
}

/// Tells a project a command in the name of the installation's operators.
async fn tell(
    app: &App,
    speaker: &Speaker,
    project: ProjectId,
    workspace: WorkspaceId,
    body: CommandBody,
) -> Moved {
    let name = body.name();
    let key = format!("operator|{name}|{}", speaker.key.0);
    let command = Command {
        command_id: CommandId::derive(project, speaker.user.id, &key),
        actor: Actor::Operator,
        body,
    };
    let (outcome, reason) = match shelf::tell(app, workspace, project, &command).await {
        Ok(told) => match told.disposition {
            Disposition::Applied => ("applied", None),
            Disposition::Repeated => ("repeated", None),
            Disposition::Rejected { rejection } => ("refused", Some(rejection.message)),
        },
        Err(crate::engine::EngineError::Refused(rejection)) => ("refused", Some(rejection.message)),
        Err(error) => ("failed", Some(error.to_string())),
    };
    let recorded = async {
        let mut tx = app.store.tenant(workspace, speaker.user.id).await?;
        let details = json!({"command": name, "outcome": outcome});
        audit::record(&mut tx, speaker.entry(workspace, "operator.told", ("project", project), details))
            .await?;
        tx.commit().await
    };
    if let Err(error) = recorded.await {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "an operator's word is not in the audit log"
        );
    }
    Moved { project_id: project.0, outcome, reason }
}

/// Projects in trouble.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Troubles {
    /// The oldest first; at most 500.
    items: Vec<Trouble>,
}

/// Projects that are stuck, failed, or over their budget, as the supervisor last found them.
#[utoipa::path(get, operation_id = "admin_list_troubles", path = "/admin/troubles", tag = "administration",
    security(("bearer" = [])), responses((status = OK, body = Troubles), ReadProblems))]
pub(crate) async fn troubles(State(app): State<App>, user: CurrentUser) -> ApiResult<Json<Troubles>> {
    check_operator(&app, user).await?;
    Ok(Json(Troubles { items: operations::troubles(&app.store, TROUBLES_MAX).await? }))
}

/// Look for projects in trouble now instead of at the next turn; the answer is what is new.
#[utoipa::path(post, operation_id = "admin_supervise", path = "/admin/troubles", tag = "administration",
    security(("bearer" = [])), responses((status = OK, body = Troubles), WriteProblems))]
pub(crate) async fn look_now(State(app): State<App>, user: CurrentUser) -> ApiResult<Json<Troubles>> {
    check_operator(&app, user).await?;
    Ok(Json(Troubles { items: crate::supervisor::look(&app).await? }))
}
