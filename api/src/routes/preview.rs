//! What a command would do again, and about what that would cost, before it is said.

use crate::access;
use crate::app::App;
use crate::auth::CurrentUser;
use crate::extract::{Path, Query};
use crate::openapi::ReadProblems;
use crate::problem::{ApiError, ApiResult};
use crate::telling;
use axum::Json;
use axum::extract::State;
use chrono::Utc;
use groundwork_domain::access::{Permission, Role};
use groundwork_domain::command::{Actor, Command, CommandBody};
use groundwork_domain::document::Answer;
use groundwork_domain::pipeline::advice_stage;
use groundwork_domain::request::Decision;
use groundwork_domain::work::ArtifactRef;
use groundwork_domain::{CommandId, Digest, ProjectId, StageId, Timestamp};
use groundwork_store::{Tx, hitl, shelving, usage, versions};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Which command.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PreviewQuery {
    /// `revise`, `rewind`, `retry`, `amend_answer`, `edit` or `request_changes`.
    command: String,
    /// The stage of `rewind`, the question of `amend_answer`, the artifact of `edit`, the gate of `request_changes`.
    target: Option<String>,
}

/// A stage that would be done again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StagePreview {
    /// Which.
    stage: String,
    /// Its agent.
    agent: String,
    /// The attempt that it has now.
    attempt: u32,
    /// US dollars that its last attempt took, with the advice at its gate; none: it made no calls yet.
    last_cost_usd: Option<Decimal>,
    /// Tokens that its last attempt took.
    last_tokens: Option<i64>,
    /// Milliseconds of model time that its last attempt took.
    last_active_ms: Option<i64>,
}

/// A version that would no longer count.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SupersededItem {
    /// The artifact's name.
    name: String,
    /// Its version.
    version: u32,
    /// SHA-256 of it.
    digest: String,
}

/// What a command would do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PreviewAnswer {
    /// The command.
    command: String,
    /// Stages that were begun and would be done again, in the order of the pipeline.
    stages: Vec<StagePreview>,
    /// Versions that would no longer count; they stay readable.
    superseded: Vec<SupersededItem>,
    /// Decisions that would be void.
    requests_superseded: Vec<Uuid>,
    /// US dollars, by what these stages took last.
    cost_usd: Decimal,
    /// Tokens, by what these stages took last.
    tokens: i64,
    /// Milliseconds of model time, by what these stages took last.
    active_ms: i64,
}

/// What a command would redo and about what it would cost. Nothing changes; a command that would be refused is refused here too.
#[utoipa::path(get, operation_id = "preview_command", path = "/projects/{project_id}/preview", tag = "commands",
    params(("project_id" = Uuid, Path), PreviewQuery), security(("bearer" = [])),
    responses((status = OK, body = PreviewAnswer),
        (status = CONFLICT, description = "It would be refused", body = crate::problem::Problem, content_type = "application/problem+json"),
        ReadProblems))]
pub(crate) async fn show(
    State(app): State<App>,
    user: CurrentUser,
    Path(project): Path<ProjectId>,
    Query(query): Query<PreviewQuery>,
) -> ApiResult<Json<PreviewAnswer>> {
    let (mut tx, standing) = access::project(&app, user, project, Permission::ReadProject).await?;
    // What an editor may do is foreseen for whoever may look.
    let body = body(&mut tx, project, standing.role.max(Role::Editor), &query).await?;
    let state = shelving::snapshot(&mut tx, project)
        .await?
        .ok_or_else(|| ApiError::conflict("nothing_to_redo", "Nothing has happened in this project yet."))?;
    let command =
        Command { command_id: CommandId(Uuid::new_v4()), actor: Actor::User { user_id: user.id }, body };
    let foreseen = state.preview(&command, Timestamp(Utc::now().timestamp_millis()))?;
    let took = usage::last_of_stages(&mut tx, project).await?;
    let stages: Vec<_> = foreseen
        .stages
        .into_iter()
        .map(|stage| {
            // Its gate's adviser is asked anew as well.
            let advice = advice_stage(&stage.stage).0;
            let last: Vec<_> =
                took.iter().filter(|took| took.stage == stage.stage.0 || took.stage == advice).collect();
            let is_known = !last.is_empty();
            StagePreview {
                last_cost_usd: is_known.then(|| last.iter().map(|last| last.cost_usd).sum()),
                last_tokens: is_known.then(|| last.iter().map(|last| last.tokens).sum()),
                last_active_ms: is_known.then(|| last.iter().map(|last| last.active_ms).sum()),
                stage: stage.stage.0,
                agent: stage.agent,
                attempt: stage.attempt,
            }
        })
        .collect();
    let superseded = foreseen.superseded.into_iter().map(|one| SupersededItem {
        name: one.name,
        version: one.version,
        digest: one.digest.0,
    });
    Ok(Json(PreviewAnswer {
        command: query.command,
        superseded: superseded.collect(),
        requests_superseded: foreseen.requests_superseded,
        cost_usd: stages.iter().filter_map(|stage| stage.last_cost_usd).sum::<Decimal>().normalize(),
        tokens: stages.iter().filter_map(|stage| stage.last_tokens).sum(),
        active_ms: stages.iter().filter_map(|stage| stage.last_active_ms).sum(),
        stages,
    }))
}

/// The command as it would be said; of texts only that there are some.
async fn body(tx: &mut Tx, project: ProjectId, role: Role, query: &PreviewQuery) -> ApiResult<CommandBody> {
    let target = || {
        let missing =
            || ApiError::bad_request("invalid_query", "target is missing: say what the command names.");
        query.target.clone().filter(|target| !target.is_empty()).ok_or_else(missing)
    };
    Ok(match query.command.as_str() {
        "revise" => CommandBody::Revise { brief: None },
        "rewind" => CommandBody::Rewind { stage: StageId(target()?), model: None },
        "retry" => CommandBody::Retry { model: None },
        "amend_answer" => {
            let text = Some("another answer".to_owned());
            let answer = Answer { question_id: target()?, options: Vec::new(), text, assumption: None };
            CommandBody::AmendAnswer { answer }
        }
        "edit" => {
            let standing = versions::standing(tx, project, &target()?).await?;
            let standing = standing.ok_or_else(|| ApiError::not_found("artifact"))?;
            telling::check_is_text(&standing)?;
            let current = standing.current;
            let digest = Digest::of(b"another text");
            let next = ArtifactRef { name: current.name, version: current.version + 1, digest };
            CommandBody::Edit { base: current.digest, artifact: next }
        }
        "request_changes" => {
            let gate = target()?;
            let waiting = hitl::waiting(tx, project, &gate).await?;
            let waiting = waiting.ok_or_else(|| ApiError::not_found("gate that waits"))?;
            CommandBody::Decide {
                gate,
                digest: Digest(waiting.digest),
                decision: Decision::RequestChanges,
                comment: Some("changes".to_owned()),
                artifact: None,
                role: Some(role),
            }
        }
        _ => {
            let words = "command is revise, rewind, retry, amend_answer, edit or request_changes.";
            return Err(ApiError::bad_request("invalid_query", words));
        }
    })
}
