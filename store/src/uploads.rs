//! Files that people brought to a project (O-26): the originals, byte for byte, and what can be read of them as text.

use crate::clean;
use crate::events::{LockedProject, NewEvent};
use crate::{Store, StoreError};
use chrono::{DateTime, Utc};
use groundwork_domain::command::Actor;
use groundwork_domain::event::{Cause, EventKind, event_id};
use groundwork_domain::{CommandId, Digest, ProjectId, Timestamp, UserId, WorkspaceId};
use serde::Serialize;
use serde_json::json;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// A file without its content.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UploadItem {
    /// Which.
    pub id: Uuid,
    /// What it is called: letters, digits, dots, dashes and underscores.
    pub filename: String,
    /// What it is, by its content and name.
    pub media_type: String,
    /// Bytes.
    pub size_bytes: i64,
    /// SHA-256 of the bytes.
    pub digest: String,
    /// Whether its words can be read by agents.
    pub has_text: bool,
    /// Who brought it.
    pub uploaded_by: Uuid,
    /// When.
    pub created_at: DateTime<Utc>,
    /// From then on it goes once its project is put away; none: it stays as long as the project.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A file on its way in.
#[derive(Clone, Debug)]
pub struct NewUpload<'a> {
    /// UUIDv5 of the request: the same request stores it once.
    pub id: Uuid,
    /// The tenant.
    pub workspace: WorkspaceId,
    /// The project.
    pub project: ProjectId,
    /// Checked by the caller: it names no place.
    pub filename: &'a str,
    /// What it is.
    pub media_type: &'a str,
    /// All of it.
    pub content: &'a [u8],
    /// What can be read of it.
    pub text: Option<&'a str>,
    /// Who brings it.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
    /// Days after which it may go; 0: never.
    pub keep_days: u32,
}

/// How much a project may have.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Files.
    pub files_max: u32,
    /// Bytes of all of them.
    pub bytes_max: u64,
}

/// What became of a file.
#[derive(Clone, Debug)]
pub enum Uploaded {
    /// It is kept, now or since an earlier time.
    Kept(UploadItem),
    /// The project has no room for it: files and bytes that it has.
    NoRoom {
        /// Files.
        files: u64,
        /// Bytes.
        bytes: u64,
    },
}

/// Stores a file and tells those who watch the project.
///
/// # Errors
/// [`StoreError::NotFound`], [`StoreError::Database`].
pub async fn add(conn: &mut PgConnection, new: &NewUpload<'_>, room: Room) -> Result<Uploaded, StoreError> {
    let uploaded = keep(&mut *conn, new, room).await?;
    if let Uploaded::Kept(item) = &uploaded {
        tell(conn, new.workspace, new.project, std::slice::from_ref(item)).await?;
    }
    Ok(uploaded)
}

/// Stores a file of a project that has no log yet: nothing of it could be taken back once something is written there.
///
/// # Errors
/// [`StoreError::NotFound`], [`StoreError::Database`].
pub async fn keep(conn: &mut PgConnection, new: &NewUpload<'_>, room: Room) -> Result<Uploaded, StoreError> {
    // Under the project's lock two files at once count each other.
    LockedProject::lock(&mut *conn, new.workspace, new.project).await?;
    if let Some(item) = find(&mut *conn, new.project, new.id).await? {
        return Ok(Uploaded::Kept(item));
    }
    let has = sqlx::query!(
        r#"select count(*) as "files!", coalesce(sum(size_bytes), 0)::bigint as "bytes!" from uploads where project_id = $1"#,
        new.project.0,
    )
    .fetch_one(&mut *conn)
    .await?;
    let (files, bytes) = (clean::large(has.files), clean::large(has.bytes));
    let size = new.content.len() as u64;
    if files >= u64::from(room.files_max) || bytes + size > room.bytes_max {
        return Ok(Uploaded::NoRoom { files, bytes });
    }
    sqlx::query!(
        "insert into uploads (id, workspace_id, project_id, filename, media_type, size_bytes, digest, storage_key, content,
             text, uploaded_by, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, case when $12::float8 > 0 then now() + $12 * interval '1 day' end)",
        new.id,
        new.workspace.0,
        new.project.0,
        new.filename,
        new.media_type,
        clean::long(size),
        Digest::of(new.content).0,
        format!("{}/{}/user-uploads/{}_{}", new.workspace, new.project, new.at.0, new.filename),
        new.content,
        new.text.map(clean::text),
        new.by.0,
        f64::from(new.keep_days),
    )
    .execute(&mut *conn)
    .await?;
    Ok(Uploaded::Kept(find(conn, new.project, new.id).await?.ok_or(StoreError::NotFound("upload"))?))
}

/// Tells those who watch the project of files that were stored; of each once, however often this is called.
///
/// # Errors
/// [`StoreError::NotFound`], [`StoreError::Database`].
pub async fn tell(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    project: ProjectId,
    items: &[UploadItem],
) -> Result<(), StoreError> {
    let event = |item: &UploadItem| {
        let cause = Cause::Command { command_id: CommandId(item.id), name: "upload".to_owned() };
        NewEvent {
            event_id: event_id(project, &cause, EventKind::UploadAdded, None),
            kind: EventKind::UploadAdded,
            cause,
            item: None,
            actor: Actor::User { user_id: UserId(item.uploaded_by) },
            at: Timestamp(item.created_at.timestamp_millis()),
            payload: json!({"upload_id": item.id, "filename": item.filename, "media_type": item.media_type,
                "size_bytes": item.size_bytes}),
        }
    };
    let mut locked = LockedProject::lock(&mut *conn, workspace, project).await?;
    locked.append(&mut *conn, items.iter().map(event).collect()).await?;
    locked.release(conn).await?;
    Ok(())
}

/// The files of a project, in the order in which they came.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn list(conn: &mut PgConnection, project: ProjectId) -> Result<Vec<UploadItem>, StoreError> {
    Ok(sqlx::query_as!(
        UploadItem,
        r#"select id, filename, media_type, size_bytes, digest, text is not null as "has_text!", uploaded_by, created_at,
                  expires_at
           from uploads where project_id = $1 order by created_at, id"#,
        project.0,
    )
    .fetch_all(conn)
    .await?)
}

/// What agents can read of a project's files, by name, the latest first: so many files at most, and so many bytes of all of
/// them together; what goes beyond is cut.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn texts(
    conn: &mut PgConnection,
    project: ProjectId,
    files_max: u32,
    bytes_max: usize,
) -> Result<Vec<(String, String)>, StoreError> {
    let rows = sqlx::query!(
        r#"select filename, left(text, $3) as "text!" from uploads
           where project_id = $1 and text is not null and text <> '' order by created_at desc, id limit $2"#,
        project.0,
        i64::from(files_max),
        i32::try_from(bytes_max).unwrap_or(i32::MAX),
    )
    .fetch_all(conn)
    .await?;
    let mut left = bytes_max;
    let mut texts = Vec::with_capacity(rows.len());
    for row in rows {
        let end = row.text.floor_char_boundary(left);
        if end > 0 {
            texts.push((row.filename, row.text[..end].to_owned()));
        }
        left -= end;
    }
    Ok(texts)
}

/// One file without its content.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn find(
    conn: &mut PgConnection,
    project: ProjectId,
    upload: Uuid,
) -> Result<Option<UploadItem>, StoreError> {
    Ok(sqlx::query_as!(
        UploadItem,
        r#"select id, filename, media_type, size_bytes, digest, text is not null as "has_text!", uploaded_by, created_at,
                  expires_at
           from uploads where project_id = $1 and id = $2"#,
        project.0,
        upload,
    )
    .fetch_optional(conn)
    .await?)
}

/// The original.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn content(
    conn: &mut PgConnection,
    project: ProjectId,
    upload: Uuid,
) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(sqlx::query_scalar!(
        "select content from uploads where project_id = $1 and id = $2",
        project.0,
        upload
    )
    .fetch_optional(conn)
    .await?)
}

/// Takes a file away; false where there is none.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn delete(conn: &mut PgConnection, project: ProjectId, upload: Uuid) -> Result<bool, StoreError> {
    let done = sqlx::query!("delete from uploads where project_id = $1 and id = $2", project.0, upload)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes away files whose time is over and whose project is not in use, and what is known of old exports; how many, of each at most so many.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn sweep(store: &Store, at_most: u32) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar!(r#"select uploads_swept($1) as "swept!""#, clean::int(at_most))
        .fetch_one(store.pool())
        .await?)
}
