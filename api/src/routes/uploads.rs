//! Files that people bring to a project (H-23).

use crate::access;
use crate::app::App;
use crate::auth::CurrentUser;
use crate::blocking::off_runtime;
use crate::extract::Path;
use crate::file_kind;
use crate::openapi::{ReadProblems, WriteProblems};
use crate::problem::{ApiError, ApiResult};
use crate::redact::redact;
use crate::speaker::Speaker;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest as _, Multipart, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::Utc;
use groundwork_domain::access::Permission;
use groundwork_domain::{ProjectId, Timestamp, WorkspaceId};
use groundwork_store::uploads::{self, NewUpload, Room, UploadItem, Uploaded};
use groundwork_store::{Tx, audit};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

/// The files of a project.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Uploads {
    /// In the order in which they came, without their contents.
    items: Vec<UploadItem>,
}

/// The form that is sent.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it stands for the form in the document; the form itself is read part by part")]
pub(crate) struct UploadForm {
    /// The file, with its name: .pdf .docx .md .txt .png .jpg .jpeg .gif .csv .json .yaml .sql .proto
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// The files that people brought.
#[utoipa::path(get, operation_id = "list_uploads", path = "/projects/{project_id}/uploads", tag = "texts",
    params(("project_id" = Uuid, Path)), security(("bearer" = [])),
    responses((status = OK, body = Uploads), ReadProblems))]
pub(crate) async fn list(
    State(app): State<App>,
    user: CurrentUser,
    Path(project): Path<ProjectId>,
) -> ApiResult<Json<Uploads>> {
    let (mut tx, _) = access::project(&app, user, project, Permission::ReadProject).await?;
    Ok(Json(Uploads { items: uploads::list(&mut tx, project).await? }))
}

/// Bring a file. Its name, its size and its content are checked; secrets are taken out of what agents read of it.
#[utoipa::path(post, operation_id = "add_upload", path = "/projects/{project_id}/uploads", tag = "texts",
    params(("project_id" = Uuid, Path)), request_body(content = UploadForm, content_type = "multipart/form-data"),
    security(("bearer" = [])), responses((status = CREATED, body = UploadItem), WriteProblems))]
pub(crate) async fn add(
    State(app): State<App>,
    speaker: Speaker,
    Path(project): Path<ProjectId>,
    request: Request,
) -> ApiResult<(StatusCode, Json<UploadItem>)> {
    let (tx, standing) = access::project(&app, speaker.user, project, Permission::WorkOnProject).await?;
    // Reading a form may take long: no transaction waits for it.
    drop(tx);
    let (name, content) = read(&app, request).await?;
    let file_max = app.settings.uploads.file_bytes_max;
    let file = off_runtime("reading a file", move || check(file_max, "file", name, content.into())).await??;
    let (mut tx, _) = access::project(&app, speaker.user, project, Permission::WorkOnProject).await?;
    let place = Place { workspace: standing.workspace_id, project, name: "upload" };
    let item = keep(&app, &mut tx, &speaker, &place, &file).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(item)))
}

/// A file that may be kept.
#[derive(Debug)]
pub(super) struct Checked {
    file: file_kind::Checked,
    content: Vec<u8>,
}

/// Where a file is to be kept, and what tells it apart from others of the same request.
pub(super) struct Place<'a> {
    pub(super) workspace: WorkspaceId,
    pub(super) project: ProjectId,
    pub(super) name: &'a str,
}

/// Checks a file's size, name and content; `field` names it where it is refused. It takes as long as the file is large.
pub(super) fn check(most: u64, field: &str, name: String, content: Vec<u8>) -> ApiResult<Checked> {
    if content.len() as u64 > most {
        return Err(ApiError::too_large(format!("A file has at most {most} bytes.")));
    }
    let mut file = file_kind::check(&name, &content).map_err(|words| ApiError::field(field, words))?;
    file.text = file.text.map(|text| redact(text).text);
    Ok(Checked { file, content })
}

/// Keeps a file with the transaction, where the project has room for it.
pub(super) async fn keep(
    app: &App,
    tx: &mut Tx,
    speaker: &Speaker,
    place: &Place<'_>,
    file: &Checked,
) -> ApiResult<UploadItem> {
    let limits = &app.settings.uploads;
    let name = format!("{}|{}|{}", place.name, speaker.user.id, speaker.key.0);
    let id = Uuid::new_v5(&place.project.0, name.as_bytes());
    let new = NewUpload {
        id,
        workspace: place.workspace,
        project: place.project,
        filename: &file.file.filename,
        media_type: file.file.media_type,
        content: &file.content,
        text: file.file.text.as_deref(),
        by: speaker.user.id,
        at: Timestamp(Utc::now().timestamp_millis()),
        keep_days: limits.keep_days,
    };
    let room = Room { files_max: limits.files_max, bytes_max: limits.project_bytes_max };
    let item = match uploads::add(tx, &new, room).await? {
        Uploaded::Kept(item) => item,
        Uploaded::NoRoom { files, .. } if files >= u64::from(room.files_max) => {
            let words = format!("A project has at most {} files.", room.files_max);
            return Err(ApiError::limit_reached(words, room.files_max.into(), files));
        }
        Uploaded::NoRoom { bytes, .. } => {
            let words = format!("The files of a project have at most {} bytes.", room.bytes_max);
            return Err(ApiError::limit_reached(words, room.bytes_max, bytes));
        }
    };
    let details = json!({"upload_id": id, "media_type": item.media_type, "size_bytes": item.size_bytes});
    let entry = speaker.entry(place.workspace, "upload.added", ("project", place.project), details);
    audit::record(tx, entry).await?;
    Ok(item)
}

/// The first part of the form that is a file.
async fn read(app: &App, request: Request) -> ApiResult<(String, Bytes)> {
    let unreadable = |error: axum::extract::multipart::MultipartError| {
        if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
            return ApiError::too_large("The body is larger than this server takes.");
        }
        ApiError::bad_request(
            "unreadable_form",
            format!("The form could not be read: {}.", error.body_text()),
        )
    };
    let mut form = Multipart::from_request(request, app).await.map_err(|_| {
        ApiError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "Send a form with a file, as multipart/form-data.",
        )
    })?;
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        let Some(name) = field.file_name().map(str::to_owned) else { continue };
        return Ok((name, field.bytes().await.map_err(unreadable)?));
    }
    Err(ApiError::field("file", "is missing: the form has no part that is a file"))
}

/// The original of a file, byte for byte, as something to be saved.
#[utoipa::path(get, operation_id = "get_upload", path = "/projects/{project_id}/uploads/{upload_id}", tag = "texts",
    params(("project_id" = Uuid, Path), ("upload_id" = Uuid, Path)), security(("bearer" = [])),
    responses((status = OK, description = "The bytes", content_type = "application/octet-stream", body = Vec<u8>), ReadProblems))]
pub(crate) async fn show(
    State(app): State<App>,
    user: CurrentUser,
    Path((project, upload)): Path<(ProjectId, Uuid)>,
) -> ApiResult<Response> {
    let (mut tx, _) = access::project(&app, user, project, Permission::ReadProject).await?;
    let item = uploads::find(&mut tx, project, upload).await?.ok_or_else(|| ApiError::not_found("file"))?;
    let content = uploads::content(&mut tx, project, upload).await?.unwrap_or_default();
    let headers = [
        // Never shown by a browser: what somebody brought is data.
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", item.filename)),
    ];
    Ok((headers, content).into_response())
}

/// Take a file away.
#[utoipa::path(delete, operation_id = "delete_upload", path = "/projects/{project_id}/uploads/{upload_id}", tag = "texts",
    params(("project_id" = Uuid, Path), ("upload_id" = Uuid, Path)), security(("bearer" = [])),
    responses((status = NO_CONTENT, description = "It is gone"), WriteProblems))]
pub(crate) async fn delete(
    State(app): State<App>,
    speaker: Speaker,
    Path((project, upload)): Path<(ProjectId, Uuid)>,
) -> ApiResult<StatusCode> {
    let (mut tx, standing) = access::project(&app, speaker.user, project, Permission::WorkOnProject).await?;
    if !uploads::delete(&mut tx, project, upload).await? {
        return Err(ApiError::not_found("file"));
    }
    let details = json!({"upload_id": upload});
    let entry = speaker.entry(standing.workspace_id, "upload.deleted", ("project", project), details);
    audit::record(&mut tx, entry).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
