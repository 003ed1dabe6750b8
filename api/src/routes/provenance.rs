//! Where artifacts come from: one version, or a whole project as a bundle that can be checked without us.

use super::artifacts::{Entered, VersionQuery, enter, version};
use crate::access;
use crate::app::App;
use crate::auth::CurrentUser;
use crate::blocking::off_runtime;
use crate::bundle::Contents;
use crate::extract::{Path, Query};
use crate::openapi::ReadProblems;
use crate::package::{self, Packed};
use crate::problem::{ApiError, ApiResult, internal};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use groundwork_domain::access::Permission;
use groundwork_domain::{Digest, ProjectId};
use groundwork_store::project_texts::{self, FileOfVersion};
use groundwork_store::provenance::{self, Provenance};
use groundwork_store::{Tx, project_reads};
use serde_json::json;

/// Whoever can change a bundle can make another manifest for it: this is what tells that it is the server's own.
const MANIFEST_DIGEST: HeaderName = HeaderName::from_static("x-manifest-sha256");

/// Where a version of an artifact comes from: inputs, prompt, model, parameters, tokens, attempts, findings, decisions.
#[utoipa::path(get, operation_id = "get_provenance", path = "/artifacts/{artifact_id}/provenance", tag = "texts",
    params(("artifact_id" = Uuid, Path), VersionQuery), security(("bearer" = [])),
    responses((status = OK, body = Provenance), ReadProblems))]
pub(crate) async fn show(
    State(app): State<App>,
    user: CurrentUser,
    Path(artifact): Path<uuid::Uuid>,
    Query(query): Query<VersionQuery>,
) -> ApiResult<Json<Provenance>> {
    let Entered { mut tx, project, .. } = enter(&app, user, artifact, Permission::ReadProject).await?;
    let found = version(&mut tx, artifact, query.version).await?;
    let found = provenance::of_versions(&mut tx, project, vec![found.item]).await?;
    found.into_iter().next().map(Json).ok_or_else(|| ApiError::not_found("artifact"))
}

/// The provenance of everything in a project, with all versions, as one archive. `groundwork verify` checks it without a server.
#[utoipa::path(get, operation_id = "export_provenance", path = "/projects/{project_id}/provenance", tag = "texts",
    params(("project_id" = Uuid, Path)), security(("bearer" = [])),
    responses((status = OK, description = "The bundle", content_type = "application/zip", body = Vec<u8>,
        headers(("x-manifest-sha256" = String, description = "SHA-256 of its manifest.json: what `verify --manifest` compares"))),
        ReadProblems))]
pub(crate) async fn bundle(
    State(app): State<App>,
    user: CurrentUser,
    Path(project): Path<ProjectId>,
) -> ApiResult<Response> {
    let (mut tx, standing) = access::project(&app, user, project, Permission::ExportProject).await?;
    let contents = collect(&mut tx, project).await?;
    drop(tx);
    let (manifest, packed) = off_runtime("packing", move || {
        let files = contents.packing();
        let manifest = files.last().map(|file| Digest::of(file.content.as_bytes()).0);
        (manifest.unwrap_or_default(), package::zip(&files).map(Packed::of))
    })
    .await?;
    let packed = packed.map_err(|error| internal("packing", &error))?;
    let taken = (user.id, standing.workspace_id, project);
    super::export::note(&app, taken, "bundle", ("application/zip", &packed)).await?;
    let name = format!("attachment; filename=\"provenance-{project}.zip\"");
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (header::CONTENT_DISPOSITION, name),
        (MANIFEST_DIGEST, manifest),
    ];
    Ok((headers, packed.bytes).into_response())
}

async fn collect(tx: &mut Tx, project: ProjectId) -> ApiResult<Contents> {
    let head = project_reads::head(tx, project).await?;
    let (items, contents): (Vec<_>, Vec<_>) = project_texts::all_versions(tx, project)
        .await?
        .into_iter()
        .map(|version| (version.item, version.content))
        .unzip();
    let versions = provenance::of_versions(tx, project, items).await?;
    Ok(Contents {
        project: json!({"id": head.item.project_id, "title": head.item.title, "pipeline": head.item.pipeline,
            "pipeline_version": head.pipeline_version, "created_by": head.item.created_by}),
        idea: head.idea,
        answers: json!(project_reads::questions(tx, project).await?),
        versions: versions.into_iter().zip(contents).collect(),
        // What is corrupt is packed as it is: whoever checks the bundle finds it.
        code: project_texts::all_files(tx, project).await?.into_iter().map(placed).collect(),
        prompts: project_texts::prompts(tx, project, true).await?,
        questions: provenance::asked(tx, project).await?,
        decisions: provenance::decisions(tx, project).await?,
    })
}

/// A file where the bundle has it.
fn placed(file: FileOfVersion) -> (String, String) {
    (format!("code/{}/v{}/{}", file.name, file.version, file.path), file.content)
}
