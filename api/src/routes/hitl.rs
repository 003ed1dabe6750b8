//! What waits for people: gates and agents' questions, of one project or of all of mine, and the answer to one.

use crate::access;
use crate::app::App;
use crate::auth::CurrentUser;
use crate::extract::{Body, Path};
use crate::openapi::{ReadProblems, WriteProblems};
use crate::problem::{ApiError, ApiResult};
use crate::said::{DecisionWish, long_words};
use crate::speaker::Speaker;
use crate::telling::{self, Wish};
use axum::Json;
use axum::extract::State;
use garde::Validate;
use groundwork_domain::access::{Permission, Role};
use groundwork_domain::request::Decision;
use groundwork_domain::{ProjectId, UserId};
use groundwork_store::hitl::{self, RequestFilter, RequestItem, WaitingProject};
use groundwork_store::{StoreError, Tx};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Requests that are shown at most.
const ROWS_MAX: i64 = 500;

/// A request, and whether the reader may settle it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RequestView {
    /// The request.
    #[serde(flatten)]
    item: RequestItem,
    /// Whether it waits, and the reader may decide it.
    waits_for_me: bool,
}

/// Requests to people.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Requests {
    /// How many wait for the reader.
    waiting_for_me: usize,
    /// Those that wait for the reader first, then those that wait for others, then the latest that were settled; at most 500.
    items: Vec<RequestView>,
}

/// Everything that waits for people.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Inbox {
    /// Gates and agents' questions.
    #[serde(flatten)]
    requests: Requests,
    /// Projects that wait for answers, for their brief or for a raised budget, and that the reader may work on: the longest first; at
    /// most 500.
    projects: Vec<WaitingProject>,
}

/// Gates and questions of a project, also those that were settled.
#[utoipa::path(get, operation_id = "list_project_requests", path = "/projects/{project_id}/hitl", tag = "commands",
    params(("project_id" = Uuid, Path)), security(("bearer" = [])),
    responses((status = OK, body = Requests), ReadProblems))]
pub(crate) async fn of_project(
    State(app): State<App>,
    user: CurrentUser,
    Path(project): Path<ProjectId>,
) -> ApiResult<Json<Requests>> {
    let (mut tx, _) = access::project(&app, user, project, Permission::ReadProject).await?;
    let filter = RequestFilter { project: Some(project), rows_max: ROWS_MAX, ..RequestFilter::default() };
    Ok(Json(requests(user.id, hitl::list(&mut tx, user.id, filter).await?)))
}

/// Everything that waits in all my projects: for me first.
#[utoipa::path(get, operation_id = "list_requests", path = "/hitl", tag = "commands", security(("bearer" = [])),
    responses((status = OK, body = Inbox), ReadProblems))]
pub(crate) async fn inbox(State(app): State<App>, user: CurrentUser) -> ApiResult<Json<Inbox>> {
    access::check_reach(user, Permission::ReadProject)?;
    let mut tx = app.store.person(user.id).await?;
    let filter = RequestFilter { pending: true, rows_max: ROWS_MAX, ..RequestFilter::default() };
    let requests = requests(user.id, hitl::list(&mut tx, user.id, filter).await?);
    let projects = hitl::waiting_projects(&mut tx, user.id, ROWS_MAX).await?;
    Ok(Json(Inbox { requests, projects }))
}

/// What waits, or waited, in a project.
pub(super) async fn views(
    tx: &mut Tx,
    user: UserId,
    project: ProjectId,
) -> Result<Vec<RequestView>, StoreError> {
    let filter = RequestFilter { project: Some(project), rows_max: ROWS_MAX, ..RequestFilter::default() };
    let items = hitl::list(tx, user, filter).await?;
    Ok(items.into_iter().map(|item| RequestView { waits_for_me: waits_for(user, &item), item }).collect())
}

fn requests(user: UserId, items: Vec<RequestItem>) -> Requests {
    let view = |item: RequestItem| RequestView { waits_for_me: waits_for(user, &item), item };
    let mut items: Vec<_> = items.into_iter().map(view).collect();
    // Stable: the rest keeps its order.
    items.sort_by_key(|view| !view.waits_for_me);
    Requests { waiting_for_me: items.iter().filter(|view| view.waits_for_me).count(), items }
}

/// Whether a person may settle it now, as far as the row says; the rules have the last word.
fn waits_for(user: UserId, item: &RequestItem) -> bool {
    let role = |word: Option<&str>| word.and_then(Role::parse);
    let (Some(mine), Some(least)) = (role(item.my_role.as_deref()), role(Some(&item.role_least))) else {
        return false;
    };
    let id = user.0.to_string();
    let has_approved =
        item.approvals.as_array().into_iter().flatten().any(|approval| approval["user_id"] == id.as_str());
    let is_own = item.project_by == user.0 || item.written_by == Some(user.0);
    item.status == "pending"
        && mine >= least.max(Role::Editor)
        && !has_approved
        && !(item.four_eyes && is_own)
}

/// What one answers.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    /// Go on.
    Approve,
    /// Once more, with the words as feedback; after three times it is failed.
    Reject,
    /// The same as `reject`.
    RequestChanges,
    /// Go on with the words in place of the agent's.
    Amend,
    /// The end, until a new brief comes.
    Fail,
}

impl Action {
    fn decision(self) -> Decision {
        match self {
            Self::Approve => Decision::Approve,
            Self::Reject | Self::RequestChanges => Decision::RequestChanges,
            Self::Amend => Decision::Amend,
            Self::Fail => Decision::Reject,
        }
    }
}

/// An answer to a request.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct ResponseWish {
    /// What is answered.
    #[garde(skip)]
    action: Action,
    /// The person's words: a comment, feedback, or the text that takes the place.
    #[garde(inner(custom(long_words)))]
    response_content: Option<String>,
    /// SHA-256 of what was read: `digest` of the request. It may be left out: a request is of one text, and its id names it.
    #[garde(inner(length(bytes, min = 64, max = 64)))]
    digest: Option<String>,
}

/// What became of a request.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Responded {
    /// The request.
    request_id: Uuid,
    /// `pending` (more approvals are needed), `approved`, `rejected` or `amended`.
    new_status: String,
    /// The command that carried the answer.
    command_id: Uuid,
    /// The project.
    project_id: Uuid,
}

/// Answer a gate or an agent's question.
#[utoipa::path(post, operation_id = "respond_to_request", path = "/hitl/{request_id}/respond", tag = "commands",
    params(("request_id" = Uuid, Path)), request_body = ResponseWish, security(("bearer" = [])),
    responses((status = OK, body = Responded), WriteProblems))]
pub(crate) async fn respond(
    State(app): State<App>,
    speaker: Speaker,
    Path(request): Path<Uuid>,
    Body(wish): Body<ResponseWish>,
) -> ApiResult<Json<Responded>> {
    let item = find(&app, speaker.user, request).await?;
    let project = ProjectId(item.project_id);
    let is_gate = item.kind == "gate";
    let decision = wish.action.decision();
    let (comment, content) = match wish.response_content {
        Some(words) if is_gate && decision == Decision::Amend => (None, Some(words)),
        words => (words, None),
    };
    // The request is of one text: another text at the gate is another request, so its id binds as its digest does.
    let digest = Some(wish.digest.unwrap_or(item.digest));
    let decision = DecisionWish { gate: item.gate, digest, decision, comment, content };
    let told = telling::tell(&app, &speaker, project, Wish::Decide(decision)).await?;
    let after = find(&app, speaker.user, request).await?;
    Ok(Json(Responded {
        request_id: request,
        new_status: after.status,
        command_id: told.command_id,
        project_id: project.0,
    }))
}

/// A request of a project that the person may see.
async fn find(app: &App, user: CurrentUser, request: Uuid) -> ApiResult<RequestItem> {
    access::check_reach(user, Permission::ReadProject)?;
    let mut tx = app.store.person(user.id).await?;
    let filter = RequestFilter { request: Some(request), rows_max: 1, ..RequestFilter::default() };
    hitl::list(&mut tx, user.id, filter).await?.pop().ok_or_else(|| ApiError::not_found("request"))
}
