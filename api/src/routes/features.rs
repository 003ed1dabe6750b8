//! Features: projects of the pipeline `build`, under the names of their own document. Everything here is a view of projects, commands
//! and requests.

use super::creation::{self, Created};
use super::projects::{self, ListQuery, ProjectPage, ProjectPageView, Rename};
use super::readings::{self, TurnPage, TurnsQuery};
use super::{commands, hitl};
use crate::access;
use crate::app::App;
use crate::auth::CurrentUser;
use crate::extract::{Body, OptionalBody, Path, Query};
use crate::openapi::{ReadProblems, ServerSentEvent, WriteProblems};
use crate::package;
use crate::problem::{ApiError, ApiResult};
use crate::said::{Confirmation, DecisionWish, Revision, words};
use crate::speaker::Speaker;
use crate::telling::{self, Answer, CommandAnswer, Wish};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use garde::Validate;
use groundwork_domain::access::Permission;
use groundwork_domain::command::CommandBody;
use groundwork_domain::request::Decision;
use groundwork_domain::{ProjectId, WorkspaceId};
use groundwork_store::{artifacts, project_reads, projects as store_projects, workspaces};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// The pipeline that features are begun with, and listed of.
const PIPELINE: &str = "build";

/// A feature with its parts, and what waits for people.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Feature {
    /// The project that it is.
    #[serde(flatten)]
    project: ProjectPageView,
    /// Gates and questions.
    requests: Vec<hitl::RequestView>,
}

/// My features, over all workspaces.
#[utoipa::path(get, operation_id = "list_features", path = "/features", tag = "features", params(ListQuery), security(("bearer" = [])),
    responses((status = OK, body = ProjectPage), ReadProblems))]
pub(crate) async fn list(
    State(app): State<App>,
    user: CurrentUser,
    Query(query): Query<ListQuery>,
) -> ApiResult<Json<ProjectPage>> {
    access::check_reach(user, Permission::ReadProject)?;
    let mut tx = app.store.person(user.id).await?;
    projects::page(&app, &mut tx, user, None, Some(PIPELINE), &query).await
}

/// What is to become a feature.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct FeatureWish {
    /// What it is about, in plain words: the first thing that the agent hears.
    #[garde(skip)]
    #[serde(alias = "brief", alias = "message")]
    idea: String,
    /// What to call it; named by an agent when not said.
    #[garde(inner(custom(projects::is_title)))]
    title: Option<String>,
    /// What comes out: `full_code` when not said; `components` and `workflows` are reserved and refused.
    #[garde(custom(creation::is_built))]
    #[serde(default)]
    output_mode: creation::OutputMode,
    /// The workspace to create it in: the personal one when not said.
    #[garde(skip)]
    workspace_id: Option<Uuid>,
}

/// Begin a feature: the agent that shapes the brief is told of it.
#[utoipa::path(post, operation_id = "create_feature", path = "/features", tag = "features", request_body = FeatureWish,
    security(("bearer" = [])), responses((status = CREATED, body = Created, headers(("Location" = String))), WriteProblems))]
pub(crate) async fn create(
    State(app): State<App>,
    speaker: Speaker,
    Body(wish): Body<FeatureWish>,
) -> ApiResult<(StatusCode, [(HeaderName, String); 1], Json<Created>)> {
    let workspace = wish.workspace_id.map_or_else(|| workspaces::personal(speaker.user.id), WorkspaceId);
    let wish = creation::Wish::of_feature(wish.idea, wish.title, PIPELINE);
    creation::create_project(&app, &speaker, workspace, wish).await
}

/// A feature: where it stands, its tasks and artifacts, and what waits for people.
#[utoipa::path(get, operation_id = "get_feature", path = "/features/{feature_id}", tag = "features",
    params(("feature_id" = Uuid, Path)), security(("bearer" = [])),
    responses((status = OK, body = Feature, headers(("ETag" = String))),
        (status = NOT_MODIFIED, description = "As If-None-Match has it"), ReadProblems))]
pub(crate) async fn show(
    State(app): State<App>,
    user: CurrentUser,
    Path(feature): Path<ProjectId>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    check(&app, user, feature).await?;
    let (mut tx, _) = access::project(&app, user, feature, Permission::ReadProject).await?;
    let project = projects::view(&mut tx, feature).await?;
    let requests = hitl::views(&mut tx, user.id, feature).await?;
    super::answer::etagged(&headers, &Feature { project, requests })
}

/// Give a feature another name.
#[utoipa::path(patch, operation_id = "rename_feature", path = "/features/{feature_id}", tag = "features",
    params(("feature_id" = Uuid, Path)), request_body = Rename, security(("bearer" = [])),
    responses((status = OK, body = ProjectPageView), WriteProblems))]
pub(crate) async fn rename(
    State(app): State<App>,
    speaker: Speaker,
    Path(feature): Path<ProjectId>,
    Body(wish): Body<Rename>,
) -> ApiResult<Json<ProjectPageView>> {
    check(&app, speaker.user, feature).await?;
    projects::rename(State(app), speaker, Path(feature), Body(wish)).await
}

/// Delete a feature with its files. It can be restored for a time; then its texts are erased.
#[utoipa::path(delete, operation_id = "delete_feature", path = "/features/{feature_id}", tag = "features",
    params(("feature_id" = Uuid, Path)), security(("bearer" = [])),
    responses((status = OK, body = CommandAnswer), WriteProblems))]
pub(crate) async fn delete(
    State(app): State<App>,
    speaker: Speaker,
    Path(feature): Path<ProjectId>,
) -> Answer {
    check(&app, speaker.user, feature).await?;
    telling::say(&app, &speaker, feature, CommandBody::Delete).await
}

/// What was said with the agents of a feature.
#[utoipa::path(get, operation_id = "list_feature_chat", path = "/features/{feature_id}/chat", tag = "features",
    params(("feature_id" = Uuid, Path), TurnsQuery), security(("bearer" = [])),
    responses((status = OK, body = TurnPage), ReadProblems))]
pub(crate) async fn turns(
    State(app): State<App>,
    user: CurrentUser,
    Path(feature): Path<ProjectId>,
    Query(query): Query<TurnsQuery>,
) -> ApiResult<Json<TurnPage>> {
    check(&app, user, feature).await?;
    readings::conversation(State(app), user, Path(feature), Query(query)).await
}

/// A turn of the chat.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct ChatWish {
    /// What to say.
    #[garde(custom(words))]
    message: String,
}

/// Talk with the agent that shapes the brief; at gates it knows where the feature stands. The answer is a stream of server-sent events:
/// `delta` {text} while the agent writes, then `done` {message, turn} or `error` {code, detail}. Who loses the stream finds the answer in
/// the chat.
#[utoipa::path(post, operation_id = "chat_with_feature", path = "/features/{feature_id}/chat", tag = "features",
    params(("feature_id" = Uuid, Path)), request_body = ChatWish, security(("bearer" = [])),
    responses((status = OK, description = "The agent's words as they come", content_type = "text/event-stream", body = ServerSentEvent), WriteProblems))]
pub(crate) async fn chat(
    State(app): State<App>,
    speaker: Speaker,
    Path(feature): Path<ProjectId>,
    Body(wish): Body<ChatWish>,
) -> ApiResult<Response> {
    check(&app, speaker.user, feature).await?;
    crate::chat::say(&app, &speaker, feature, wish.message).await
}

/// Confirm the brief that came out of the chat: the specification is written.
#[utoipa::path(post, operation_id = "confirm_feature_brief", path = "/features/{feature_id}/confirm-brief", tag = "features",
    params(("feature_id" = Uuid, Path)), request_body(content = inline(Option<Confirmation>)), security(("bearer" = [])),
    responses((status = OK, body = CommandAnswer), WriteProblems))]
pub(crate) async fn confirm(
    State(app): State<App>,
    speaker: Speaker,
    Path(feature): Path<ProjectId>,
    OptionalBody(confirmation): OptionalBody<Confirmation>,
) -> Answer {
    check(&app, speaker.user, feature).await?;
    telling::say(&app, &speaker, feature, Wish::ConfirmBrief { digest: confirmation.digest }).await
}

/// What was read, and what to say of it.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
pub(crate) struct ApprovalWish {
    /// SHA-256 of what was read. Without it this is bound to whatever waits at the gate when it arrives, and to nothing that was
    /// read: say it.
    #[garde(inner(length(bytes, min = 64, max = 64)))]
    digest: Option<String>,
    /// A word beside it.
    #[garde(inner(custom(words)))]
    comment: Option<String>,
}

/// Pass the specification's gate, whatever the reviewer advises.
#[utoipa::path(post, operation_id = "approve_feature_spec", path = "/features/{feature_id}/approve-spec", tag = "features",
    params(("feature_id" = Uuid, Path)), request_body(content = inline(Option<ApprovalWish>)), security(("bearer" = [])),
    responses((status = OK, body = CommandAnswer), WriteProblems))]
pub(crate) async fn approve_spec(
    State(app): State<App>,
    speaker: Speaker,
    Path(feature): Path<ProjectId>,
    OptionalBody(wish): OptionalBody<ApprovalWish>,
) -> Answer {
    approve(&app, &speaker, feature, "spec", wish).await
}

/// Pass the plan's gate, whatever the reviewer advises.
#[utoipa::path(post, operation_id = "approve_feature_plan", path = "/features/{feature_id}/approve-plan", tag = "features",
    params(("feature_id" = Uuid, Path)), request_body(content = inline(Option<ApprovalWish>)), security(("bearer" = [])),
    responses((status = OK, body = CommandAnswer), WriteProblems))]
pub(crate) async fn approve_plan(
    State(app): State<App>,
    speaker: Speaker,
    Path(feature): Path<ProjectId>,
    OptionalBody(wish): OptionalBody<ApprovalWish>,
) -> Answer {
    approve(&app, &speaker, feature, "plan", wish).await
}

/// Pass the contract tests' gate, whatever the reviewer advises.
#[utoipa::path(post, operation_id = "approve_feature_tests", path = "/features/{feature_id}/approve-tests", tag = "features",
    params(("feature_id" = Uuid, Path)), request_body(content = inline(Option<ApprovalWish>)), security(("bearer" = [])),
    responses((status = OK, body = CommandAnswer), WriteProblems))]
pub(crate) async fn approve_tests(
    State(app): State<App>,
    speaker: Speaker,
    Path(feature): Path<ProjectId>,
    OptionalBody(wish): OptionalBody<ApprovalWish>,
) -> Answer {
    approve(&app, &speaker, feature, "tests", wish).await
}

async fn approve(app: &App, speaker: &Speaker, feature: ProjectId, gate: &str, wish: ApprovalWish) -> Answer {
    check(app, speaker.user, feature).await?;
    let decision = DecisionWish {
        gate: gate.to_owned(),
        digest: wish.digest,
        decision: Decision::Approve,
        comment: wish.comment,
        content: None,
    };
    telling::say(app, speaker, feature, Wish::Decide(decision)).await
}

/// A new brief: the specification is written again, and what it replaces stays readable.
#[utoipa::path(post, operation_id = "revise_feature", path = "/features/{feature_id}/revise", tag = "features",
    params(("feature_id" = Uuid, Path)), request_body = Revision, security(("bearer" = [])),
    responses((status = OK, body = CommandAnswer), WriteProblems))]
pub(crate) async fn revise(
    State(app): State<App>,
    speaker: Speaker,
    Path(feature): Path<ProjectId>,
    Body(revision): Body<Revision>,
) -> Answer {
    check(&app, speaker.user, feature).await?;
    telling::say(&app, &speaker, feature, Wish::Revise { brief: revision.brief }).await
}

/// From the last good checkpoint again, after a failure.
#[utoipa::path(post, operation_id = "retry_feature", path = "/features/{feature_id}/retry", tag = "features",
    params(("feature_id" = Uuid, Path)), request_body(content = inline(Option<commands::RetryWish>)), security(("bearer" = [])),
    responses((status = OK, body = CommandAnswer), WriteProblems))]
pub(crate) async fn retry(
    State(app): State<App>,
    speaker: Speaker,
    Path(feature): Path<ProjectId>,
    OptionalBody(wish): OptionalBody<commands::RetryWish>,
) -> Answer {
    check(&app, speaker.user, feature).await?;
    telling::say(&app, &speaker, feature, wish.command()).await
}

/// The files that the implementer wrote, as an archive: the same files give the same bytes. They are never run here.
#[utoipa::path(get, operation_id = "download_feature", path = "/features/{feature_id}/download", tag = "features",
    params(("feature_id" = Uuid, Path)), security(("bearer" = [])),
    responses((status = OK, description = "The files with their tree", content_type = "application/zip", body = Vec<u8>),
        (status = CONFLICT, description = "Nothing was written yet", body = crate::problem::Problem, content_type = "application/problem+json"),
        ReadProblems))]
pub(crate) async fn download(
    State(app): State<App>,
    user: CurrentUser,
    Path(feature): Path<ProjectId>,
) -> ApiResult<Response> {
    check(&app, user, feature).await?;
    let (mut tx, standing) = access::project(&app, user, feature, Permission::ExportProject).await?;
    let head = project_reads::head(&mut tx, feature).await?;
    let code = artifacts::current_files(&mut tx, feature).await?;
    let (artifact, files) =
        code.ok_or_else(|| ApiError::conflict("no_code", "No files were written yet."))?;
    drop(tx);
    let files =
        files.into_iter().map(|file| package::File { path: file.path.to_string(), content: file.content });
    let packed = package::packed(move || files.collect()).await?;
    let taken = (user.id, standing.workspace_id, feature);
    super::export::note(&app, taken, "files", ("application/zip", &packed)).await?;
    let name =
        format!("attachment; filename=\"{}-v{}.zip\"", package::slug(&head.item.title), artifact.version);
    let headers = [(header::CONTENT_TYPE, "application/zip".to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, packed.bytes).into_response())
}

/// A project whose pipeline shapes no brief in a talk is no feature.
async fn check(app: &App, user: CurrentUser, feature: ProjectId) -> ApiResult<()> {
    let (mut tx, _) = access::project(app, user, feature, Permission::ReadProject).await?;
    let pipeline = store_projects::start_material(&mut tx, feature).await?.pipeline;
    if pipeline.stages.iter().any(|stage| stage.confirm) {
        Ok(())
    } else {
        Err(ApiError::not_found("feature"))
    }
}
