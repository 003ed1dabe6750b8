//! What is refused before the workflow is asked: it would fail of it, or knows nothing of it.

use crate::app::App;
use crate::problem::{ApiError, ApiResult};
use groundwork_domain::ProjectId;
use groundwork_domain::command::{CommandBody, Rejection, RejectionCode};
use groundwork_domain::work::Target;
use groundwork_store::{Tx, artifacts, operations};

/// When to ask again while operators have paused everything.
const HALTED_RETRY_AFTER_S: u32 = 60;

/// Whether a command may be said.
pub(super) async fn check(app: &App, tx: &mut Tx, project: ProjectId, body: &CommandBody) -> ApiResult<()> {
    // The rules refuse it too; but what is far longer never arrives there, since the engine's own limits come first.
    if let Some(message) = body.too_long() {
        return Err(ApiError::too_large(message));
    }
    check_target(tx, project, body).await?;
    if let CommandBody::Retry { model } | CommandBody::Rewind { model, .. } = body {
        check_model(app, model.as_deref())?;
    }
    if starts_work(body) {
        check_not_halted(app).await?;
    }
    Ok(())
}

/// A section that the specification does not have is refused before a refinement is begun: the rules know no headings.
async fn check_target(tx: &mut Tx, project: ProjectId, body: &CommandBody) -> ApiResult<()> {
    let CommandBody::Refine { target, .. } = body else { return Ok(()) };
    let Some(section @ Target::Section { .. }) = Target::parse(target) else { return Ok(()) };
    let Some(spec) = artifacts::current(tx, project, "spec").await? else { return Ok(()) };
    if section.is_section_of(&artifacts::content(tx, project, &spec).await?) {
        return Ok(());
    }
    let message = "The specification has no such section. Name one of its headings, a requirement's id (FR-003) or a prompt's number.";
    Err(Rejection { code: RejectionCode::UnknownTarget, message: message.to_owned(), allowed: Vec::new() }
        .into())
}

/// A model that no worker knows is refused before a stage fails of it.
pub(crate) fn check_model(app: &App, name: Option<&str>) -> ApiResult<()> {
    let Some(name) = name else { return Ok(()) };
    match app.settings.models.find(name, "model") {
        Ok(_) => Ok(()),
        Err(unknown) => {
            let words = format!("There is no model `{}`; known: {}.", unknown.name, unknown.known);
            Err(ApiError::unprocessable("unknown_model", words))
        }
    }
}

/// Nothing new is begun while operators have paused everything. What is decided in a project that they paused is taken, and
/// carried out later.
pub(crate) async fn check_not_halted(app: &App) -> ApiResult<()> {
    if operations::halted_since(&app.store).await?.is_none() {
        return Ok(());
    }
    let words = "The operators of this installation have paused everything: nothing new is started until they let it go on. Nothing \
                 was changed; ask again later.";
    Err(ApiError::unavailable("paused_by_operators", words, HALTED_RETRY_AFTER_S))
}

/// Whether it would start work in a project that stands still.
fn starts_work(body: &CommandBody) -> bool {
    match body {
        CommandBody::Refine { .. }
        | CommandBody::Retry { .. }
        | CommandBody::Rewind { .. }
        | CommandBody::Revise { .. }
        | CommandBody::AmendAnswer { .. }
        | CommandBody::Resume
        | CommandBody::Restore => true,
        CommandBody::Answer { .. }
        | CommandBody::AcceptRecommendations
        | CommandBody::Defer { .. }
        | CommandBody::Message { .. }
        | CommandBody::ConfirmBrief { .. }
        | CommandBody::Decide { .. }
        | CommandBody::Edit { .. }
        | CommandBody::SetBudget { .. }
        | CommandBody::Pause
        | CommandBody::Cancel
        | CommandBody::Archive
        | CommandBody::Delete => false,
    }
}
