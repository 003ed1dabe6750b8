//! The package as a download, and what is known of downloads.

use crate::access;
use crate::app::App;
use crate::auth::CurrentUser;
use crate::blocking::off_runtime;
use crate::extract::{Path, Query};
use crate::openapi::{ReadProblems, WriteProblems};
use crate::package::{self, Contents, Delivery, Packed};
use crate::problem::{ApiError, ApiResult};
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use groundwork_domain::access::Permission;
use groundwork_domain::pipeline::Verb;
use groundwork_domain::{ProjectId, UserId, WorkspaceId};
use groundwork_store::exports::{self, ExportItem, NewExport};
use groundwork_store::project_reads::ProjectHead;
use groundwork_store::project_texts::Named;
use groundwork_store::{Tx, artifacts, project_reads, project_texts, projects};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Exports that are shown at most.
const ROWS_MAX: i64 = 500;

/// In which form.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportQuery {
    /// `zip` when not said.
    #[serde(default)]
    #[param(inline)]
    format: Format,
}

/// Forms of a package.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// Files, laid out for people and for Claude Code.
    #[default]
    Zip,
    /// One text.
    Markdown,
}

/// Download the package: the specification with its prompts, or documents and files where the pipeline makes no prompts. The same
/// project gives the same bytes.
#[utoipa::path(post, operation_id = "export_project", path = "/projects/{project_id}/export", tag = "texts",
    params(("project_id" = Uuid, Path), ExportQuery), security(("bearer" = [])),
    responses((status = OK, description = "The package", content(
        (Vec<u8> = "application/zip"), (String = "text/markdown"))), WriteProblems))]
pub(crate) async fn export(
    State(app): State<App>,
    user: CurrentUser,
    Path(project): Path<ProjectId>,
    Query(query): Query<ExportQuery>,
) -> ApiResult<Response> {
    let (mut tx, standing) = access::project(&app, user, project, Permission::ExportProject).await?;
    let package = read(&mut tx, project).await?;
    drop(tx);
    let name = package.slug();
    let (packed, content_type, file_name) = match query.format {
        Format::Markdown => {
            let text = move || Packed::of(package.markdown().into_bytes());
            (off_runtime("packing", text).await?, "text/markdown; charset=utf-8", format!("{name}.md"))
        }
        Format::Zip => {
            (package::packed(move || package.files()).await?, "application/zip", format!("{name}.zip"))
        }
    };
    note(&app, (user.id, standing.workspace_id, project), "package", (content_type, &packed)).await?;
    let disposition = format!("attachment; filename=\"{file_name}\"");
    let headers =
        [(header::CONTENT_TYPE, content_type.to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    Ok((headers, packed.bytes).into_response())
}

/// Notes who takes what along, before they have it.
pub(super) async fn note(
    app: &App,
    (by, workspace, project): (UserId, WorkspaceId, ProjectId),
    kind: &'static str,
    (media_type, packed): (&str, &Packed),
) -> ApiResult<()> {
    let keep_days = app.settings.upkeep.exports_known_days;
    let (size_bytes, digest) = (packed.bytes.len() as u64, &packed.digest);
    let new = NewExport { workspace, project, by, kind, media_type, size_bytes, digest, keep_days };
    let mut tx = app.store.tenant(workspace, by).await?;
    exports::note(&mut tx, &new).await?;
    tx.commit().await?;
    Ok(())
}

/// What was taken along of a project.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Exports {
    /// The latest first; at most 500.
    items: Vec<ExportItem>,
}

/// Who took what along, when. The bytes are not kept; the digest says whether two are the same.
#[utoipa::path(get, operation_id = "list_exports", path = "/projects/{project_id}/exports", tag = "texts",
    params(("project_id" = Uuid, Path)), security(("bearer" = [])),
    responses((status = OK, body = Exports), ReadProblems))]
pub(crate) async fn list(
    State(app): State<App>,
    user: CurrentUser,
    Path(project): Path<ProjectId>,
) -> ApiResult<Json<Exports>> {
    let (mut tx, _) = access::project(&app, user, project, Permission::ReadProject).await?;
    Ok(Json(Exports { items: exports::list(&mut tx, project, ROWS_MAX).await? }))
}

/// What a project delivers.
enum Package {
    /// A specification with the prompts that build it.
    Prompts(Box<Contents>),
    /// Everything else.
    Delivery(Box<Delivery>),
}

impl Package {
    fn slug(&self) -> String {
        match self {
            Self::Prompts(contents) => contents.slug(),
            Self::Delivery(delivery) => delivery.slug(),
        }
    }

    fn markdown(&self) -> String {
        match self {
            Self::Prompts(contents) => contents.markdown(),
            Self::Delivery(delivery) => delivery.markdown(),
        }
    }

    fn files(&self) -> Vec<package::File> {
        match self {
            Self::Prompts(contents) => contents.files(),
            Self::Delivery(delivery) => delivery.files(),
        }
    }
}

async fn read(tx: &mut Tx, project: ProjectId) -> ApiResult<Package> {
    let head = project_reads::head(tx, project).await?;
    let pipeline = projects::start_material(tx, project).await?.pipeline;
    if !pipeline.stages.iter().any(|stage| stage.verb == Verb::Compose) {
        return delivery(tx, project, head).await;
    }
    let prompts = project_texts::prompts(tx, project, false).await?;
    let spec = project_texts::artifact(tx, Named::Name(project, "spec"), None).await?;
    let (Some(spec), false) = (spec, prompts.is_empty()) else {
        return Err(ApiError::conflict(
            "nothing_to_export",
            "There is no package yet: the specification and the prompts are not both written.",
        ));
    };
    Ok(Package::Prompts(Box::new(Contents {
        project: head,
        spec,
        prompts,
        questions: project_reads::questions(tx, project).await?,
        findings: project_texts::findings(tx, project).await?,
        set: project_texts::artifact(tx, Named::Name(project, "prompts"), None).await?,
    })))
}

/// Everything that a project without prompts has by now.
async fn delivery(tx: &mut Tx, project: ProjectId, head: ProjectHead) -> ApiResult<Package> {
    let texts = project_texts::texts(tx, project).await?;
    let code = artifacts::current_files(tx, project).await?.map_or_else(Vec::new, |(_, files)| files);
    if texts.is_empty() && code.is_empty() {
        let words = "There is nothing to take along yet: no document was written.";
        return Err(ApiError::conflict("nothing_to_export", words));
    }
    let questions = project_reads::questions(tx, project).await?;
    Ok(Package::Delivery(Box::new(Delivery { project: head, texts, questions, code })))
}
