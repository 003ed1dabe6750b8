//! Comments on artifacts (H-19): typed, on a section or the whole, in threads. Who wrote one edits it; who settles a thread is noted.

use super::artifacts::{Entered, enter, version};
use crate::access;
use crate::app::App;
use crate::auth::CurrentUser;
use crate::extract::{Body, Path};
use crate::openapi::{ReadProblems, WriteProblems};
use crate::problem::{ApiError, ApiResult};
use crate::redact::redact;
use crate::said::unwritable;
use crate::speaker::Speaker;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::Utc;
use garde::Validate;
use groundwork_domain::Timestamp;
use groundwork_domain::access::{Permission, Role};
use groundwork_store::comments::{self, Comment, NewComment};
use groundwork_store::workspaces::Standing;
use groundwork_store::{Tx, audit};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

/// The comments of an artifact.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Comments {
    /// Threads that are not settled.
    open: usize,
    /// Over all versions, oldest first; answers name the comment that they answer.
    items: Vec<Comment>,
}

/// What people said of an artifact.
#[utoipa::path(get, operation_id = "list_comments", path = "/artifacts/{artifact_id}/comments", tag = "texts",
    params(("artifact_id" = Uuid, Path)), security(("bearer" = [])),
    responses((status = OK, body = Comments), ReadProblems))]
pub(crate) async fn list(
    State(app): State<App>,
    user: CurrentUser,
    Path(artifact): Path<Uuid>,
) -> ApiResult<Json<Comments>> {
    let Entered { mut tx, .. } = enter(&app, user, artifact, Permission::ReadProject).await?;
    let items = comments::list(&mut tx, artifact).await?;
    let is_open =
        |one: &&Comment| one.parent_id.is_none() && one.resolved_at.is_none() && one.deleted_at.is_none();
    Ok(Json(Comments { open: items.iter().filter(is_open).count(), items }))
}

/// What a comment is.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CommentType {
    /// Just said.
    #[default]
    Comment,
    /// Wants an answer.
    Question,
    /// Proposes another text.
    Suggestion,
    /// Says that something is wrong.
    Issue,
}

impl CommentType {
    fn as_str(self) -> &'static str {
        match self {
            Self::Comment => "comment",
            Self::Question => "question",
            Self::Suggestion => "suggestion",
            Self::Issue => "issue",
        }
    }
}

/// A comment on its way in.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct CommentWish {
    /// What to say; Markdown.
    #[garde(custom(words))]
    text: String,
    /// `comment` when not said.
    #[garde(skip)]
    #[serde(default)]
    comment_type: CommentType,
    /// A heading or a requirement's id; the whole artifact when not said.
    #[garde(inner(length(chars, min = 1, max = 200)))]
    section: Option<String>,
    /// The comment that it answers: of the same artifact.
    #[garde(skip)]
    parent_id: Option<Uuid>,
    /// The version that was read; the current one when not said.
    #[garde(skip)]
    version: Option<i32>,
}

/// Say something of an artifact.
#[utoipa::path(post, operation_id = "add_comment", path = "/artifacts/{artifact_id}/comments", tag = "texts",
    params(("artifact_id" = Uuid, Path)), request_body = CommentWish, security(("bearer" = [])),
    responses((status = CREATED, body = Comment), WriteProblems))]
pub(crate) async fn add(
    State(app): State<App>,
    speaker: Speaker,
    Path(artifact): Path<Uuid>,
    Body(wish): Body<CommentWish>,
) -> ApiResult<(StatusCode, Json<Comment>)> {
    let Entered { mut tx, project, standing } =
        enter(&app, speaker.user, artifact, Permission::WorkOnProject).await?;
    let read = version(&mut tx, artifact, wish.version).await?;
    if let Some(parent) = wish.parent_id {
        let parent =
            comments::lock(&mut tx, parent).await.ok().filter(|parent| parent.artifact_id == artifact);
        if parent.is_none() {
            return Err(ApiError::field("parent_id", "is no comment on this artifact"));
        }
    }
    let text = redact(wish.text).text;
    let name = format!("comment|{}|{}", speaker.user.id, speaker.key.0);
    let new = NewComment {
        id: Uuid::new_v5(&artifact, name.as_bytes()),
        workspace: standing.workspace_id,
        project,
        artifact,
        version: read.item.version,
        digest: &read.item.digest,
        section: wish.section.as_deref(),
        comment_type: wish.comment_type.as_str(),
        text: &text,
        parent: wish.parent_id,
        by: speaker.user.id,
        at: Timestamp(Utc::now().timestamp_millis()),
    };
    let comment = comments::add(&mut tx, &new).await?;
    record(&mut tx, &speaker, standing, "comment.added", comment.id).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(comment)))
}

/// Another text for a comment.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct CommentChange {
    /// What to say instead.
    #[garde(custom(words))]
    text: String,
}

/// Change one's own comment.
#[utoipa::path(patch, operation_id = "edit_comment", path = "/comments/{comment_id}", tag = "texts",
    params(("comment_id" = Uuid, Path)), request_body = CommentChange, security(("bearer" = [])),
    responses((status = OK, body = Comment), WriteProblems))]
pub(crate) async fn edit(
    State(app): State<App>,
    speaker: Speaker,
    Path(comment): Path<Uuid>,
    Body(change): Body<CommentChange>,
) -> ApiResult<Json<Comment>> {
    let (mut tx, standing) = find(&app, speaker.user, comment).await?;
    let before = comments::lock(&mut tx, comment).await?;
    if before.created_by != speaker.user.id.0 {
        return Err(ApiError::forbidden("Only who wrote a comment may change it."));
    }
    if before.deleted_at.is_some() {
        return Err(ApiError::conflict("comment_deleted", "This comment was deleted."));
    }
    let after = comments::edit(&mut tx, comment, &redact(change.text).text).await?;
    record(&mut tx, &speaker, standing, "comment.edited", comment).await?;
    tx.commit().await?;
    Ok(Json(after))
}

/// Delete one's own comment; admins may delete any. What others answered stays.
#[utoipa::path(delete, operation_id = "delete_comment", path = "/comments/{comment_id}", tag = "texts",
    params(("comment_id" = Uuid, Path)), security(("bearer" = [])),
    responses((status = NO_CONTENT, description = "Its text is gone"), WriteProblems))]
pub(crate) async fn delete(
    State(app): State<App>,
    speaker: Speaker,
    Path(comment): Path<Uuid>,
) -> ApiResult<StatusCode> {
    let (mut tx, standing) = find(&app, speaker.user, comment).await?;
    let before = comments::lock(&mut tx, comment).await?;
    if before.created_by != speaker.user.id.0 && standing.role < Role::Admin {
        return Err(ApiError::forbidden("Only who wrote a comment, and admins, may delete it."));
    }
    comments::delete(&mut tx, comment).await?;
    record(&mut tx, &speaker, standing, "comment.deleted", comment).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Settle a thread, by its first comment.
#[utoipa::path(post, operation_id = "resolve_comment", path = "/comments/{comment_id}/resolve", tag = "texts",
    params(("comment_id" = Uuid, Path)), security(("bearer" = [])),
    responses((status = OK, body = Comment), WriteProblems))]
pub(crate) async fn resolve(
    State(app): State<App>,
    speaker: Speaker,
    Path(comment): Path<Uuid>,
) -> ApiResult<Json<Comment>> {
    let (mut tx, standing) = find(&app, speaker.user, comment).await?;
    let before = comments::lock(&mut tx, comment).await?;
    if before.parent_id.is_some() {
        return Err(ApiError::conflict(
            "not_a_thread",
            "This is an answer: settle the comment that it answers.",
        ));
    }
    if before.deleted_at.is_some() {
        return Err(ApiError::conflict("comment_deleted", "This comment was deleted."));
    }
    if before.resolved_at.is_some() {
        return Err(ApiError::conflict("already_resolved", "This thread was settled already."));
    }
    let after = comments::resolve(&mut tx, comment, Some(speaker.user.id)).await?;
    record(&mut tx, &speaker, standing, "comment.resolved", comment).await?;
    tx.commit().await?;
    Ok(Json(after))
}

/// A transaction in the workspace of a comment that the person may see and work with.
async fn find(app: &App, user: CurrentUser, comment: Uuid) -> ApiResult<(Tx, Standing)> {
    let mut tx = app.store.person(user.id).await?;
    let project = comments::project_of(&mut tx, comment).await?;
    drop(tx);
    let project = project.ok_or_else(|| ApiError::not_found("comment"))?;
    access::project(app, user, project, Permission::WorkOnProject).await
}

async fn record(
    tx: &mut Tx,
    speaker: &Speaker,
    standing: Standing,
    action: &'static str,
    comment: Uuid,
) -> ApiResult<()> {
    let entry = speaker.entry(standing.workspace_id, action, ("comment", comment), json!({}));
    Ok(audit::record(tx, entry).await?)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde's signature")]
fn words(value: &str, _context: &()) -> garde::Result {
    const CHARACTERS_MAX: usize = 10_000;
    if value.trim().is_empty() {
        return Err(garde::Error::new("is empty"));
    }
    if value.chars().count() > CHARACTERS_MAX {
        return Err(garde::Error::new(format!("has more than {CHARACTERS_MAX} characters")));
    }
    match unwritable(value) {
        None => Ok(()),
        Some(found) => Err(garde::Error::new(format!(
            "has the control character U+{:04X}: it is not text",
            u32::from(found)
        ))),
    }
}
