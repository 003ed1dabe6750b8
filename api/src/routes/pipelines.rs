//! Pipelines: those that ship, and those that a workspace made. What one delivers and about what it costs is said before it is begun.

use crate::access;
use crate::app::App;
use crate::auth::CurrentUser;
use crate::extract::{Body, Path, Query};
use crate::openapi::{ReadProblems, WriteProblems};
use crate::pipelines;
use crate::problem::{ApiError, ApiResult, FieldError};
use crate::speaker::Speaker;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use garde::Validate;
use groundwork_domain::access::Permission;
use groundwork_domain::agent::{self, known_agents};
use groundwork_domain::limits::PIPELINE_BYTES_MAX;
use groundwork_domain::model::Models;
use groundwork_domain::pipeline::{Pipeline, Stage};
use groundwork_domain::{Timestamp, WorkspaceId};
use groundwork_store::pipelines::{self as stored, Experience, Kept, Stored};
use groundwork_store::workspaces::personal;
use groundwork_store::{Tx, audit};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Tokens that a stage is thought to read.
const PROMPT_TOKENS: u64 = 30_000;

/// In which workspace.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PlaceQuery {
    /// The workspace whose own pipelines are meant too; one's personal one when not said.
    workspace_id: Option<Uuid>,
    /// Which version of a workspace's pipeline; the latest when not said.
    version: Option<u32>,
}

/// A stage of a pipeline.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StageItem {
    /// Unique in its pipeline.
    id: String,
    /// The word for a project at this stage.
    status: String,
    /// What is done: ask, write, compose, review, implement, reply.
    #[schema(value_type = String)]
    verb: groundwork_domain::pipeline::Verb,
    /// Who does it.
    agent: String,
    /// Stages that come before.
    needs: Vec<String>,
    /// What it makes.
    produces: String,
    /// The gate behind it, where people decide.
    gate: Option<String>,
}

/// A pipeline as it can be chosen.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PipelineItem {
    /// What a new project names.
    id: String,
    /// Raised with every change.
    version: u32,
    /// For people.
    title: String,
    /// What it is for.
    description: String,
    /// `shipped`, or `workspace` for one that its members made.
    origin: &'static str,
    /// In the order of its file.
    stages: Vec<StageItem>,
    /// What comes out: names of artifacts.
    delivers: Vec<String>,
    /// What projects of it took before in this workspace; none: there were none yet.
    estimate: Option<Experience>,
    /// US dollars if every stage wrote as much as it may, once, by today's prices; none: some model has no price.
    at_most_usd: Option<Decimal>,
    /// Who uploaded it.
    created_by: Option<Uuid>,
    /// When.
    created_at: Option<DateTime<Utc>>,
}

/// The pipelines that a project can be begun with.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Pipelines {
    /// Those that ship first.
    items: Vec<PipelineItem>,
}

/// A pipeline with its source.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PipelineView {
    /// What lists show too.
    #[serde(flatten)]
    item: PipelineItem,
    /// As it was written: TOML.
    source: String,
    /// All versions of it, the latest first.
    versions: Vec<u32>,
}

/// The pipelines that a project can be begun with.
#[utoipa::path(get, operation_id = "list_pipelines", path = "/pipelines", tag = "projects", params(PlaceQuery),
    security(("bearer" = [])), responses((status = OK, body = Pipelines), ReadProblems))]
pub(crate) async fn list(
    State(app): State<App>,
    user: CurrentUser,
    Query(query): Query<PlaceQuery>,
) -> ApiResult<Json<Pipelines>> {
    let (mut tx, workspace) = enter(&app, user, query.workspace_id, Permission::ReadProject).await?;
    let mut items = Vec::new();
    for shipped in pipelines::shipped() {
        items.push(item(&app, &mut tx, workspace, &shipped.pipeline, None).await?);
    }
    for own in stored::list(&mut tx, workspace, None).await? {
        items.push(item(&app, &mut tx, workspace, &own.pipeline, Some(&own)).await?);
    }
    Ok(Json(Pipelines { items }))
}

/// One pipeline with its source: something to begin one's own from.
#[utoipa::path(get, operation_id = "get_pipeline", path = "/pipelines/{pipeline_id}", tag = "projects",
    params(("pipeline_id" = String, Path), PlaceQuery), security(("bearer" = [])),
    responses((status = OK, body = PipelineView), ReadProblems))]
pub(crate) async fn show(
    State(app): State<App>,
    user: CurrentUser,
    Path(id): Path<String>,
    Query(query): Query<PlaceQuery>,
) -> ApiResult<Json<PipelineView>> {
    let (mut tx, workspace) = enter(&app, user, query.workspace_id, Permission::ReadProject).await?;
    if let Some(shipped) = pipelines::shipped().iter().find(|shipped| shipped.pipeline.id == id) {
        let item = item(&app, &mut tx, workspace, &shipped.pipeline, None).await?;
        let versions = vec![item.version];
        return Ok(Json(PipelineView { item, source: shipped.source.to_owned(), versions }));
    }
    let all = stored::list(&mut tx, workspace, Some(&id)).await?;
    let versions = all.iter().map(|one| one.pipeline.version).collect();
    let wanted =
        all.into_iter().find(|one| query.version.is_none_or(|version| one.pipeline.version == version));
    let wanted = wanted.ok_or_else(|| ApiError::not_found("pipeline"))?;
    let item = item(&app, &mut tx, workspace, &wanted.pipeline, Some(&wanted)).await?;
    Ok(Json(PipelineView { item, source: wanted.source, versions }))
}

/// A pipeline on its way in.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct PipelineWish {
    /// The definition: TOML, at most 32 KiB.
    #[garde(length(bytes, min = 1, max = PIPELINE_BYTES_MAX))]
    source: String,
    /// Whose it is to be; one's personal workspace when not said.
    #[garde(skip)]
    workspace_id: Option<Uuid>,
    /// Only say whether it could be used.
    #[garde(skip)]
    #[serde(default)]
    check_only: bool,
}

/// Keep a pipeline of one's own. It is read whole first; what is wrong with it is said with its line. A version never changes.
#[utoipa::path(post, operation_id = "add_pipeline", path = "/pipelines", tag = "projects", request_body = PipelineWish,
    security(("bearer" = [])),
    responses((status = CREATED, body = PipelineItem), (status = OK, body = PipelineItem, description = "It was there, or was only checked"),
        WriteProblems))]
pub(crate) async fn add(
    State(app): State<App>,
    speaker: Speaker,
    Body(wish): Body<PipelineWish>,
) -> ApiResult<(StatusCode, Json<PipelineItem>)> {
    let (mut tx, workspace) = enter(&app, speaker.user, wish.workspace_id, Permission::CreateProject).await?;
    let pipeline = Pipeline::parse(&wish.source, &known_agents()).map_err(|error| {
        let words = format!("The pipeline cannot be used: {error}.");
        let errors = vec![FieldError { field: format!("source:{}", error.line), message: error.reason }];
        ApiError::unprocessable("invalid_pipeline", words).with_errors(errors)
    })?;
    if pipelines::find(&pipeline.id).is_some() {
        let words = format!("`{}` is a pipeline that ships: give yours another id", pipeline.id);
        return Err(ApiError::field("source", words));
    }
    if wish.check_only {
        return Ok((StatusCode::OK, Json(item(&app, &mut tx, workspace, &pipeline, None).await?)));
    }
    let kept = stored::keep(&mut tx, workspace, &pipeline, &wish.source, speaker.user.id).await?;
    let status = match kept {
        Kept::New => StatusCode::CREATED,
        Kept::Same => StatusCode::OK,
        Kept::Taken { next } => {
            let words = format!(
                "Version {} of `{}` is kept and never changes: make this version {next}.",
                pipeline.version, pipeline.id
            );
            return Err(ApiError::conflict("version_exists", words));
        }
    };
    if kept == Kept::New {
        let details = json!({"version": pipeline.version});
        let entry = speaker.entry(workspace, "pipeline.added", ("pipeline", &pipeline.id), details);
        audit::record(&mut tx, entry).await?;
    }
    let own = stored::find(&mut tx, workspace, &pipeline.id, Some(pipeline.version)).await?;
    let item = item(&app, &mut tx, workspace, &pipeline, own.as_ref()).await?;
    tx.commit().await?;
    Ok((status, Json(item)))
}

async fn enter(
    app: &App,
    user: CurrentUser,
    workspace: Option<Uuid>,
    permission: Permission,
) -> ApiResult<(Tx, WorkspaceId)> {
    let workspace = workspace.map_or_else(|| personal(user.id), WorkspaceId);
    let (tx, _) = access::workspace(app, user, workspace, permission).await?;
    Ok((tx, workspace))
}

async fn item(
    app: &App,
    tx: &mut Tx,
    workspace: WorkspaceId,
    pipeline: &Pipeline,
    own: Option<&Stored>,
) -> ApiResult<PipelineItem> {
    let last = |stage: &&Stage| !pipeline.stages.iter().any(|other| other.needs.contains(&stage.id));
    Ok(PipelineItem {
        id: pipeline.id.clone(),
        version: pipeline.version,
        title: pipeline.title.clone(),
        description: pipeline.description.clone(),
        origin: if pipelines::find(&pipeline.id).is_some() { "shipped" } else { "workspace" },
        stages: pipeline.stages.iter().map(stage).collect(),
        delivers: pipeline.stages.iter().filter(last).map(|stage| stage.produces.clone()).collect(),
        estimate: stored::experience(tx, workspace, &pipeline.id).await?,
        at_most_usd: at_most(pipeline, &app.settings.models),
        created_by: own.map(|own| own.created_by),
        created_at: own.map(|own| own.created_at),
    })
}

/// Each stage once, with the first model of its agent's tier, a long prompt and all the output that the agent may give.
fn at_most(pipeline: &Pipeline, models: &Models) -> Option<Decimal> {
    let now = Timestamp(Utc::now().timestamp_millis());
    let mut sum = Decimal::ZERO;
    for stage in &pipeline.stages {
        let own = pipeline.agents.iter().find(|agent| agent.id == stage.agent);
        let caps = own.map(|agent| (agent.tier, agent.output_tokens_max));
        let caps =
            caps.or_else(|| agent::find(&stage.agent).map(|agent| (agent.tier, agent.output_tokens_max)));
        // A stage without an agent is code.
        let Some((tier, output_tokens_max)) = caps else { continue };
        let model = models.tier(tier).next()?;
        sum += model.cost_max(PROMPT_TOKENS, output_tokens_max, now)?;
    }
    Some(sum.round_dp(4).normalize())
}

fn stage(stage: &Stage) -> StageItem {
    StageItem {
        id: stage.id.0.clone(),
        status: stage.status.clone(),
        verb: stage.verb,
        agent: stage.agent.clone(),
        needs: stage.needs.iter().map(|need| need.0.clone()).collect(),
        produces: stage.produces.clone(),
        gate: stage.gate.as_ref().map(|gate| gate.name.clone()),
    }
}
