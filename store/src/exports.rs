//! What left the installation (O-26): who took what along, when, and the digest by which it can be known again.

use crate::{StoreError, clean};
use chrono::{DateTime, Utc};
use groundwork_domain::{Digest, ProjectId, UserId, WorkspaceId};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// An export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ExportItem {
    /// Which.
    pub id: Uuid,
    /// `package` (the specification and its prompts, or all documents), `files` (what the implementer wrote) or `bundle` (where everything
    /// comes from).
    pub kind: String,
    /// In which form.
    pub media_type: String,
    /// Bytes.
    pub size_bytes: i64,
    /// SHA-256 of the bytes. They are not kept: the same project gives the same ones again.
    pub digest: String,
    /// Who took it along.
    pub exported_by: Uuid,
    /// When.
    pub created_at: DateTime<Utc>,
    /// When this is forgotten.
    pub expires_at: DateTime<Utc>,
}

/// What is noted of an export.
#[derive(Clone, Copy, Debug)]
pub struct NewExport<'a> {
    /// The tenant.
    pub workspace: WorkspaceId,
    /// The project.
    pub project: ProjectId,
    /// Who takes it along.
    pub by: UserId,
    /// `package`, `files` or `bundle`.
    pub kind: &'static str,
    /// In which form.
    pub media_type: &'a str,
    /// Bytes.
    pub size_bytes: u64,
    /// SHA-256 of the bytes.
    pub digest: &'a Digest,
    /// Days for which this is known.
    pub keep_days: u32,
}

/// Notes an export.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn note(conn: &mut PgConnection, new: &NewExport<'_>) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into exports (id, workspace_id, project_id, exported_by, kind, media_type, size_bytes, digest, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, now() + $9 * interval '1 day')",
        Uuid::now_v7(),
        new.workspace.0,
        new.project.0,
        new.by.0,
        new.kind,
        new.media_type,
        clean::long(new.size_bytes),
        &new.digest.0,
        f64::from(new.keep_days),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The exports of a project that are known, the latest first; at most so many.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn list(
    conn: &mut PgConnection,
    project: ProjectId,
    rows_max: i64,
) -> Result<Vec<ExportItem>, StoreError> {
    Ok(sqlx::query_as!(
        ExportItem,
        r#"select id, kind, media_type, size_bytes, digest as "digest!: String", exported_by, created_at, expires_at
           from exports where project_id = $1 order by created_at desc, id desc limit $2"#,
        project.0,
        rows_max,
    )
    .fetch_all(conn)
    .await?)
}
