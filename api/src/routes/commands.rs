//! What people say to a project. Every route here is a view of one thing: a command, delivered as an update.

use crate::app::App;
use crate::extract::{Body, OptionalBody, Path};
use crate::openapi::WriteProblems;
use crate::said;
use crate::speaker::Speaker;
use crate::telling::{Answer, CommandAnswer, say};
use axum::extract::State;
use garde::Validate;
use groundwork_domain::ProjectId;
use groundwork_domain::command::CommandBody;
use serde::Deserialize;
use utoipa::ToSchema;

/// Say anything that can be said to a project.
#[utoipa::path(post, operation_id = "send_command", path = "/projects/{project_id}/commands", tag = "commands", params(("project_id" = Uuid, Path)),
    request_body = said::Said, security(("bearer" = [])),
    responses((status = OK, body = CommandAnswer), WriteProblems))]
pub(crate) async fn command(
    State(app): State<App>,
    speaker: Speaker,
    Path(project): Path<ProjectId>,
    Body(said): Body<said::Said>,
) -> Answer {
    say(&app, &speaker, project, said).await
}

/// Answer all questions, or several, at once.
#[utoipa::path(patch, operation_id = "answer_questions", path = "/projects/{project_id}/respond", tag = "commands", params(("project_id" = Uuid, Path)),
    request_body = said::Answers, security(("bearer" = [])),
    responses((status = OK, body = CommandAnswer), WriteProblems))]
pub(crate) async fn respond(
    State(app): State<App>,
    speaker: Speaker,
    Path(project): Path<ProjectId>,
    Body(answers): Body<said::Answers>,
) -> Answer {
    say(&app, &speaker, project, CommandBody::from(answers)).await
}

/// Answer one question.
#[utoipa::path(post, operation_id = "answer_question", path = "/projects/{project_id}/answers", tag = "commands", params(("project_id" = Uuid, Path)),
    request_body = said::OneAnswer, security(("bearer" = [])),
    responses((status = OK, body = CommandAnswer), WriteProblems))]
pub(crate) async fn answer(
    State(app): State<App>,
    speaker: Speaker,
    Path(project): Path<ProjectId>,
    Body(answer): Body<said::OneAnswer>,
) -> Answer {
    let answers = vec![answer.into()];
    say(&app, &speaker, project, CommandBody::Answer { answers, recommendations_for_rest: false }).await
}

/// Have one named section or prompt rewritten.
#[utoipa::path(post, operation_id = "refine_project", path = "/projects/{project_id}/refine", tag = "commands", params(("project_id" = Uuid, Path)),
    request_body = said::Refinement, security(("bearer" = [])),
    responses((status = OK, body = CommandAnswer), WriteProblems))]
pub(crate) async fn refine(
    State(app): State<App>,
    speaker: Speaker,
    Path(project): Path<ProjectId>,
    Body(wish): Body<said::Refinement>,
) -> Answer {
    say(&app, &speaker, project, CommandBody::from(wish)).await
}

/// The failed stage again, also with another model.
#[utoipa::path(post, operation_id = "retry_project", path = "/projects/{project_id}/retry", tag = "commands", params(("project_id" = Uuid, Path)),
    request_body(content = inline(Option<RetryWish>)), security(("bearer" = [])),
    responses((status = OK, body = CommandAnswer), WriteProblems))]
pub(crate) async fn retry(
    State(app): State<App>,
    speaker: Speaker,
    Path(project): Path<ProjectId>,
    OptionalBody(wish): OptionalBody<RetryWish>,
) -> Answer {
    say(&app, &speaker, project, wish.command()).await
}

/// How to try again.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
pub(crate) struct RetryWish {
    /// A model for this attempt instead of the agent's own.
    #[garde(length(bytes, max = 100))]
    model: Option<String>,
}

impl RetryWish {
    /// As it is told to the project.
    pub(super) fn command(self) -> CommandBody {
        CommandBody::Retry { model: self.model }
    }
}

/// A question that is to stand behind the others.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct DeferWish {
    /// `Q1`, …
    #[garde(length(bytes, min = 1, max = 100))]
    question_id: String,
}

/// Put an open question behind the others; it comes back when they are answered.
#[utoipa::path(post, operation_id = "defer_question", path = "/projects/{project_id}/defer-question", tag = "commands", params(("project_id" = Uuid, Path)),
    request_body = DeferWish, security(("bearer" = [])),
    responses((status = OK, body = CommandAnswer), WriteProblems))]
pub(crate) async fn defer(
    State(app): State<App>,
    speaker: Speaker,
    Path(project): Path<ProjectId>,
    Body(wish): Body<DeferWish>,
) -> Answer {
    say(&app, &speaker, project, CommandBody::Defer { question_id: wish.question_id }).await
}

/// Stop for good; what is there stays readable.
#[utoipa::path(post, operation_id = "cancel_project", path = "/projects/{project_id}/cancel", tag = "commands", params(("project_id" = Uuid, Path)),
    security(("bearer" = [])), responses((status = OK, body = CommandAnswer), WriteProblems))]
pub(crate) async fn cancel(
    State(app): State<App>,
    speaker: Speaker,
    Path(project): Path<ProjectId>,
) -> Answer {
    say(&app, &speaker, project, CommandBody::Cancel).await
}

/// Stop starting work for a while.
#[utoipa::path(post, operation_id = "pause_project", path = "/projects/{project_id}/pause", tag = "commands", params(("project_id" = Uuid, Path)),
    security(("bearer" = [])), responses((status = OK, body = CommandAnswer), WriteProblems))]
pub(crate) async fn pause(
    State(app): State<App>,
    speaker: Speaker,
    Path(project): Path<ProjectId>,
) -> Answer {
    say(&app, &speaker, project, CommandBody::Pause).await
}

/// Go on after a pause.
#[utoipa::path(post, operation_id = "resume_project", path = "/projects/{project_id}/resume", tag = "commands", params(("project_id" = Uuid, Path)),
    security(("bearer" = [])), responses((status = OK, body = CommandAnswer), WriteProblems))]
pub(crate) async fn resume(
    State(app): State<App>,
    speaker: Speaker,
    Path(project): Path<ProjectId>,
) -> Answer {
    say(&app, &speaker, project, CommandBody::Resume).await
}

/// Put a project away as it is: it can be read and exported, and taken back.
#[utoipa::path(post, operation_id = "archive_project", path = "/projects/{project_id}/archive", tag = "projects", params(("project_id" = Uuid, Path)),
    security(("bearer" = [])), responses((status = OK, body = CommandAnswer), WriteProblems))]
pub(crate) async fn archive(
    State(app): State<App>,
    speaker: Speaker,
    Path(project): Path<ProjectId>,
) -> Answer {
    say(&app, &speaker, project, CommandBody::Archive).await
}

/// Take back a project that was archived, or deleted not too long ago. It goes on where it stood.
#[utoipa::path(post, operation_id = "restore_project", path = "/projects/{project_id}/restore", tag = "projects", params(("project_id" = Uuid, Path)),
    security(("bearer" = [])), responses((status = OK, body = CommandAnswer), WriteProblems))]
pub(crate) async fn restore(
    State(app): State<App>,
    speaker: Speaker,
    Path(project): Path<ProjectId>,
) -> Answer {
    say(&app, &speaker, project, CommandBody::Restore).await
}

/// Delete a project. Admins may, and who created it. It can be restored for a time; then its texts are erased.
#[utoipa::path(delete, operation_id = "delete_project", path = "/projects/{project_id}", tag = "projects", params(("project_id" = Uuid, Path)),
    security(("bearer" = [])), responses((status = OK, body = CommandAnswer), WriteProblems))]
pub(crate) async fn delete(
    State(app): State<App>,
    speaker: Speaker,
    Path(project): Path<ProjectId>,
) -> Answer {
    say(&app, &speaker, project, CommandBody::Delete).await
}
