//! Artifacts: lists, versions, what changed between two of them, texts of one's own.

use super::answer::etagged;
use super::readings::VersionsQuery;
use crate::access;
use crate::app::App;
use crate::auth::CurrentUser;
use crate::blocking::off_runtime;
use crate::diff::{self, LineDiff};
use crate::extract::{Body, Path, Query};
use crate::openapi::{ReadProblems, WriteProblems};
use crate::problem::{ApiError, ApiResult};
use crate::said::long_words;
use crate::speaker::Speaker;
use crate::telling::{self, CommandAnswer, Wish};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use garde::Validate;
use groundwork_domain::access::Permission;
use groundwork_domain::work::ArtifactRef;
use groundwork_domain::{Digest, ProjectId};
use groundwork_store::artifacts::{self, Loaded};
use groundwork_store::project_texts::{self, Artifact, ArtifactItem, Named};
use groundwork_store::workspaces::Standing;
use groundwork_store::{Tx, versions, workspaces};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Versions that a list shows when nothing is asked for (H-14).
const VERSIONS_SHOWN: u32 = 10;
/// Versions that a list shows at most.
const VERSIONS_MAX: u32 = 100;
/// Lines around a change when nothing is asked for.
const CONTEXT_LINES: usize = 3;
/// Lines around a change at most.
const CONTEXT_LINES_MAX: usize = 10_000;

/// The artifacts of a project.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Artifacts {
    /// Without their contents.
    items: Vec<ArtifactItem>,
}

/// What agents and people wrote, without the contents. What was replaced is marked `superseded`.
#[utoipa::path(get, operation_id = "list_artifacts", path = "/projects/{project_id}/artifacts", tag = "texts",
    params(("project_id" = Uuid, Path), VersionsQuery), security(("bearer" = [])),
    responses((status = OK, body = Artifacts), ReadProblems))]
pub(crate) async fn list(
    State(app): State<App>,
    user: CurrentUser,
    Path(project): Path<ProjectId>,
    Query(query): Query<VersionsQuery>,
) -> ApiResult<Json<Artifacts>> {
    let (mut tx, _) = access::project(&app, user, project, Permission::ReadProject).await?;
    Ok(Json(Artifacts { items: project_texts::artifacts(&mut tx, project, query.all_versions).await? }))
}

/// Which version.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct VersionQuery {
    /// The current one when not said.
    pub(super) version: Option<i32>,
}

/// One version of an artifact; a superseded one stays readable.
#[utoipa::path(get, operation_id = "get_artifact", path = "/artifacts/{artifact_id}", tag = "texts",
    params(("artifact_id" = Uuid, Path), VersionQuery), security(("bearer" = [])),
    responses((status = OK, body = Artifact, headers(("ETag" = String))),
        (status = NOT_MODIFIED, description = "As If-None-Match has it"), ReadProblems))]
pub(crate) async fn show(
    State(app): State<App>,
    user: CurrentUser,
    Path(artifact): Path<Uuid>,
    Query(query): Query<VersionQuery>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let Entered { mut tx, .. } = enter(&app, user, artifact, Permission::ReadProject).await?;
    etagged(&headers, &version(&mut tx, artifact, query.version).await?)
}

/// How many versions.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct VersionsPageQuery {
    /// 1 to 100, 10 when not said.
    limit: Option<u32>,
}

/// Versions of one artifact.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Versions {
    /// The newest first, without their contents.
    items: Vec<ArtifactItem>,
    /// The most rows that this list could have had.
    limit: u32,
}

/// The versions of an artifact, the newest first. All of them are kept.
#[utoipa::path(get, operation_id = "list_artifact_versions", path = "/artifacts/{artifact_id}/versions", tag = "texts",
    params(("artifact_id" = Uuid, Path), VersionsPageQuery), security(("bearer" = [])),
    responses((status = OK, body = Versions), ReadProblems))]
pub(crate) async fn list_versions(
    State(app): State<App>,
    user: CurrentUser,
    Path(artifact): Path<Uuid>,
    Query(query): Query<VersionsPageQuery>,
) -> ApiResult<Json<Versions>> {
    let limit = query.limit.unwrap_or(VERSIONS_SHOWN);
    if !(1..=VERSIONS_MAX).contains(&limit) {
        return Err(ApiError::bad_request("invalid_query", "limit is 1 to 100."));
    }
    let Entered { mut tx, .. } = enter(&app, user, artifact, Permission::ReadProject).await?;
    Ok(Json(Versions { items: versions::list(&mut tx, artifact, limit.into()).await?, limit }))
}

/// Which versions, and how much around each change.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DiffQuery {
    /// The earlier version; the one before `to` when not said.
    from: Option<i32>,
    /// The later version; the current one when not said.
    to: Option<i32>,
    /// Lines around each change: 0 to 10000, 3 when not said.
    context: Option<usize>,
}

/// What changed between two versions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VersionDiff {
    /// The earlier version.
    from: ArtifactItem,
    /// The later version.
    to: ArtifactItem,
    /// Line by line. A set of prompts, or of files, is compared as one text, one after the other.
    #[serde(flatten)]
    diff: LineDiff,
}

/// What changed between two versions of an artifact.
#[utoipa::path(get, operation_id = "diff_artifact", path = "/artifacts/{artifact_id}/diff", tag = "texts",
    params(("artifact_id" = Uuid, Path), DiffQuery), security(("bearer" = [])),
    responses((status = OK, body = VersionDiff), ReadProblems))]
pub(crate) async fn compare(
    State(app): State<App>,
    user: CurrentUser,
    Path(artifact): Path<Uuid>,
    Query(query): Query<DiffQuery>,
) -> ApiResult<Json<VersionDiff>> {
    let context = query.context.unwrap_or(CONTEXT_LINES).min(CONTEXT_LINES_MAX);
    let Entered { mut tx, project, .. } = enter(&app, user, artifact, Permission::ReadProject).await?;
    let to = version(&mut tx, artifact, query.to).await?;
    let from = match query.from {
        Some(from) => version(&mut tx, artifact, Some(from)).await?,
        None => before(&mut tx, artifact, &to).await?,
    };
    let (old, new) = (text(&mut tx, project, &from).await?, text(&mut tx, project, &to).await?);
    drop(tx);
    let diff = off_runtime("comparing", move || diff::lines(&old, &new, context)).await?;
    Ok(Json(VersionDiff { from: from.item, to: to.item, diff }))
}

/// The version before this one that counted; itself where it is the first.
async fn before(tx: &mut Tx, artifact: Uuid, to: &Artifact) -> ApiResult<Artifact> {
    let all = versions::list(tx, artifact, VERSIONS_MAX.into()).await?;
    let earlier = all.iter().map(|item| item.version).find(|version| *version < to.item.version);
    version(tx, artifact, Some(earlier.unwrap_or(to.item.version))).await
}

/// What a version says, as one text.
async fn text(tx: &mut Tx, project: ProjectId, version: &Artifact) -> ApiResult<String> {
    let Ok(number) = u32::try_from(version.item.version) else { return Ok(String::new()) };
    let exact = ArtifactRef {
        name: version.item.name.clone(),
        version: number,
        digest: Digest(version.item.digest.clone()),
    };
    Ok(match artifacts::load(tx, project, &exact).await? {
        Loaded::Document(text) | Loaded::Review(text) => text,
        Loaded::Handoff(handoff) => handoff.body,
        Loaded::Files(_, files) => {
            let texts: Vec<_> =
                files.iter().map(|file| format!("=== {}\n{}", file.path, file.content.trim_end())).collect();
            texts.join("\n\n")
        }
        Loaded::Prompts(prompts) => {
            let texts: Vec<_> = prompts.iter().map(|prompt| prompt.content.trim_end()).collect();
            texts.join("\n\n---\n\n")
        }
    })
}

/// Where an artifact lies.
pub(super) struct Entered {
    pub(super) tx: Tx,
    pub(super) project: ProjectId,
    pub(super) standing: Standing,
}

/// A transaction in the workspace of the artifact's project, with which the person may do that.
pub(super) async fn enter(
    app: &App,
    user: CurrentUser,
    artifact: Uuid,
    permission: Permission,
) -> ApiResult<Entered> {
    let mut tx = app.store.person(user.id).await?;
    let project = workspaces::project_of_artifact(&mut tx, artifact).await?;
    drop(tx);
    let project = project.ok_or_else(|| ApiError::not_found("artifact"))?;
    let (tx, standing) = access::project(app, user, project, permission).await?;
    Ok(Entered { tx, project, standing })
}

/// A version that counts or once counted.
pub(super) async fn version(tx: &mut Tx, artifact: Uuid, version: Option<i32>) -> ApiResult<Artifact> {
    let found = project_texts::artifact(tx, Named::Id(artifact), version).await?;
    found.ok_or_else(|| ApiError::not_found("version of this artifact"))
}

/// Another text for an artifact.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct EditWish {
    /// All of the new text: Markdown.
    #[garde(custom(long_words))]
    content: String,
    /// SHA-256 of the version that was changed: `digest` of what was read.
    #[garde(length(bytes, min = 64, max = 64))]
    base_digest: String,
}

/// What became of an edit.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Edited {
    /// What the project says to it.
    #[serde(flatten)]
    answer: CommandAnswer,
    /// The artifact as it is now.
    artifact: ArtifactItem,
}

/// Replace an artifact by a text of one's own. What was approved has to be approved again.
#[utoipa::path(put, operation_id = "edit_artifact", path = "/artifacts/{artifact_id}", tag = "texts",
    params(("artifact_id" = Uuid, Path)), request_body = EditWish, security(("bearer" = [])),
    responses((status = OK, body = Edited), WriteProblems))]
pub(crate) async fn edit(
    State(app): State<App>,
    speaker: Speaker,
    Path(artifact): Path<Uuid>,
    Body(wish): Body<EditWish>,
) -> ApiResult<Json<Edited>> {
    let Entered { mut tx, project, .. } =
        enter(&app, speaker.user, artifact, Permission::WorkOnProject).await?;
    let name = version(&mut tx, artifact, None).await?.item.name;
    drop(tx);
    let edit = Wish::Edit { artifact: name, base: Some(wish.base_digest), content: wish.content };
    let answer = telling::tell(&app, &speaker, project, edit).await?;
    let Entered { mut tx, .. } = enter(&app, speaker.user, artifact, Permission::ReadProject).await?;
    let now = version(&mut tx, artifact, None).await?;
    Ok(Json(Edited { answer, artifact: now.item }))
}
