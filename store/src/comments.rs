//! Comments on artifacts (O-18): on a version, maybe on a section of it, in threads.

use crate::StoreError;
use crate::clean;
use crate::events::{LockedProject, NewEvent};
use chrono::{DateTime, Utc};
use groundwork_domain::command::Actor;
use groundwork_domain::event::{Cause, EventKind, event_id};
use groundwork_domain::{CommandId, ProjectId, Timestamp, UserId, WorkspaceId};
use serde::Serialize;
use serde_json::json;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// Comments of one artifact that are listed at most.
const ROWS_MAX: i64 = 1_000;

/// A comment.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Comment {
    /// Which.
    pub id: Uuid,
    /// What it is on.
    pub artifact_id: Uuid,
    /// The version that was read when it was written.
    pub version: i32,
    /// Of that version.
    pub digest: String,
    /// The heading or requirement that it is on; none: the whole.
    pub section: Option<String>,
    /// `comment`, `question`, `suggestion` or `issue`.
    pub comment_type: String,
    /// What was said; empty where it was deleted.
    pub text: String,
    /// The comment that it answers.
    pub parent_id: Option<Uuid>,
    /// Who wrote it.
    pub created_by: Uuid,
    /// When.
    pub created_at: DateTime<Utc>,
    /// When its text last changed.
    pub edited_at: Option<DateTime<Utc>>,
    /// When it was deleted; what others answered stays.
    pub deleted_at: Option<DateTime<Utc>>,
    /// When its thread was settled.
    pub resolved_at: Option<DateTime<Utc>>,
    /// By whom.
    pub resolved_by: Option<Uuid>,
}

/// A comment on its way in.
#[derive(Clone, Debug)]
pub struct NewComment<'a> {
    /// UUIDv5 of the request: the same request writes it once.
    pub id: Uuid,
    /// The tenant.
    pub workspace: WorkspaceId,
    /// The project.
    pub project: ProjectId,
    /// What it is on.
    pub artifact: Uuid,
    /// The version that was read.
    pub version: i32,
    /// Of that version.
    pub digest: &'a str,
    /// The heading or requirement that it is on.
    pub section: Option<&'a str>,
    /// `comment`, `question`, `suggestion` or `issue`.
    pub comment_type: &'a str,
    /// What is said.
    pub text: &'a str,
    /// The comment that it answers.
    pub parent: Option<Uuid>,
    /// Who says it.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
}

/// The comments of an artifact over all its versions, oldest first.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn list(conn: &mut PgConnection, artifact: Uuid) -> Result<Vec<Comment>, StoreError> {
    Ok(sqlx::query_as!(
        Comment,
        "select id, artifact_id, version, digest, section, comment_type, text, parent_id, created_by, created_at, edited_at,
                deleted_at, resolved_at, resolved_by
         from comments where artifact_id = $1 order by created_at, id limit $2",
        artifact,
        ROWS_MAX,
    )
    .fetch_all(conn)
    .await?)
}

/// A comment with its project, that the transaction's person may see.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn project_of(conn: &mut PgConnection, comment: Uuid) -> Result<Option<ProjectId>, StoreError> {
    let project = sqlx::query_scalar!("select project_id from comments where id = $1", comment)
        .fetch_optional(conn)
        .await?;
    Ok(project.map(ProjectId))
}

/// A comment, locked until the transaction ends.
///
/// # Errors
/// [`StoreError::NotFound`], [`StoreError::Database`].
pub async fn lock(conn: &mut PgConnection, comment: Uuid) -> Result<Comment, StoreError> {
    sqlx::query_as!(
        Comment,
        "select id, artifact_id, version, digest, section, comment_type, text, parent_id, created_by, created_at, edited_at,
                deleted_at, resolved_at, resolved_by
         from comments where id = $1 for update",
        comment,
    )
    .fetch_optional(conn)
    .await?
    .ok_or(StoreError::NotFound("comment"))
}

/// Writes a comment and tells those who watch the project. The same id is written once.
///
/// # Errors
/// [`StoreError::NotFound`], [`StoreError::Database`].
pub async fn add(conn: &mut PgConnection, new: &NewComment<'_>) -> Result<Comment, StoreError> {
    sqlx::query!(
        "insert into comments (id, workspace_id, project_id, artifact_id, version, digest, section, comment_type, text,
             parent_id, created_by)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         on conflict (id) do nothing",
        new.id,
        new.workspace.0,
        new.project.0,
        new.artifact,
        new.version,
        new.digest,
        new.section,
        new.comment_type,
        clean::text(new.text),
        new.parent,
        new.by.0,
    )
    .execute(&mut *conn)
    .await?;
    let comment = lock(&mut *conn, new.id).await?;
    let cause = Cause::Command { command_id: CommandId(new.id), name: "comment".to_owned() };
    let event = NewEvent {
        event_id: event_id(new.project, &cause, EventKind::CommentAdded, None),
        kind: EventKind::CommentAdded,
        cause,
        item: None,
        actor: Actor::User { user_id: new.by },
        at: new.at,
        payload: json!({"artifact_id": new.artifact, "comment": told(&comment)}),
    };
    let mut locked = LockedProject::lock(conn, new.workspace, new.project).await?;
    locked.append(conn, vec![event]).await?;
    locked.release(conn).await?;
    Ok(comment)
}

/// What the log says of a comment: not its words, which their author may change or take away, and the log keeps for ever.
fn told(comment: &Comment) -> serde_json::Value {
    let mut told = json!(comment);
    if let Some(fields) = told.as_object_mut() {
        fields.remove("text");
    }
    told
}

/// Gives a comment another text.
///
/// # Errors
/// [`StoreError::NotFound`], [`StoreError::Database`].
pub async fn edit(conn: &mut PgConnection, comment: Uuid, text: &str) -> Result<Comment, StoreError> {
    sqlx::query!(
        "update comments set text = $2, edited_at = now() where id = $1 and deleted_at is null",
        comment,
        clean::text(text),
    )
    .execute(&mut *conn)
    .await?;
    lock(conn, comment).await
}

/// Takes a comment's text away.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn delete(conn: &mut PgConnection, comment: Uuid) -> Result<(), StoreError> {
    sqlx::query!(
        "update comments set text = '', deleted_at = now() where id = $1 and deleted_at is null",
        comment
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Settles a thread, or opens it again.
///
/// # Errors
/// [`StoreError::NotFound`], [`StoreError::Database`].
pub async fn resolve(
    conn: &mut PgConnection,
    comment: Uuid,
    by: Option<UserId>,
) -> Result<Comment, StoreError> {
    sqlx::query!(
        "update comments set resolved_by = $2, resolved_at = case when $2::uuid is not null then now() end where id = $1",
        comment,
        by.map(|by| by.0),
    )
    .execute(&mut *conn)
    .await?;
    lock(conn, comment).await
}
