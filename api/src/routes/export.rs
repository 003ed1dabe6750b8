//! The package as a download.

use crate::access;
use crate::app::App;
use crate::auth::CurrentUser;
use crate::extract::{Path, Query};
use crate::openapi::WriteProblems;
use crate::package::{self, Contents};
use crate::problem::{ApiError, ApiResult, internal};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use groundwork_domain::ProjectId;
use groundwork_domain::access::Permission;
use groundwork_store::{Tx, project_reads, project_texts, project_texts::Named};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

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

/// Download the prompt package. The same project gives the same bytes.
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
    let (mut tx, _) = access::project(&app, user, project, Permission::ExportProject).await?;
    let contents = read(&mut tx, project).await?;
    drop(tx);
    let name = contents.slug();
    let (bytes, content_type, file_name) = match query.format {
        Format::Markdown => {
            (contents.markdown().into_bytes(), "text/markdown; charset=utf-8", format!("{name}.md"))
        }
        Format::Zip => (packed(contents).await?, "application/zip", format!("{name}.zip")),
    };
    let disposition = format!("attachment; filename=\"{file_name}\"");
    let headers =
        [(header::CONTENT_TYPE, content_type.to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    Ok((headers, bytes).into_response())
}

async fn packed(contents: Contents) -> ApiResult<Vec<u8>> {
    tokio::task::spawn_blocking(move || package::zip(&contents.files()))
        .await
        .map_err(|error| internal("packing", &error))?
        .map_err(|error| internal("packing", &error))
}

async fn read(tx: &mut Tx, project: ProjectId) -> ApiResult<Contents> {
    let head = project_reads::head(tx, project).await?;
    let prompts = project_texts::prompts(tx, project, false).await?;
    let spec = project_texts::artifact(tx, Named::Name(project, "spec"), None).await?;
    let (Some(spec), false) = (spec, prompts.is_empty()) else {
        return Err(ApiError::conflict(
            "nothing_to_export",
            "There is no package yet: the specification and the prompts are not both written.",
        ));
    };
    Ok(Contents {
        project: head,
        spec,
        prompts,
        questions: project_reads::questions(tx, project).await?,
        findings: project_texts::findings(tx, project).await?,
        set: project_texts::artifact(tx, Named::Name(project, "prompts"), None).await?,
    })
}
