//! An idea becomes a project: one row, then one workflow, both named by the request's key, so that a repeat makes nothing.

mod title;

use super::uploads::{self, Place};
use crate::access;
use crate::app::App;
use crate::auth::CurrentUser;
use crate::blocking::off_runtime;
use crate::extract::{Body, Path};
use crate::openapi::WriteProblems;
use crate::problem::{ApiError, ApiResult};
use crate::redact::{Kind, Redacted, redact};
use crate::said::unwritable;
use crate::speaker::Speaker;
use crate::starter::{self, Start};
use crate::{metrics, pipelines, telling};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use garde::Validate;
use groundwork_domain::access::Permission;
use groundwork_domain::limits::{IDEA_BYTES_MAX, Limits};
use groundwork_domain::quota::{Quota, QuotaUse, Tier};
use groundwork_domain::{ProjectId, Timestamp, WorkspaceId};
use groundwork_store::project_reads::{self, ProjectItem};
use groundwork_store::project_writes::{self, Allowance, Creation, NewProject};
use groundwork_store::{StoreError, Tx, audit, events, workspaces};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Files that come with an idea; a project may have more.
const FIRST_FILES_MAX: usize = 20;

/// What is to become a project.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct Wish {
    /// The idea in plain words, in any language: at most 64 KiB of UTF-8. Data, never an instruction to us.
    #[garde(skip)]
    idea: Option<String>,
    /// Another name of `idea`.
    #[garde(skip)]
    product_idea: Option<String>,
    /// What to call it; made of the idea's first line when not said.
    #[garde(inner(custom(super::projects::is_title)))]
    #[schema(min_length = 1, max_length = 200)]
    title: Option<String>,
    /// The pipeline to run on: `promptr` when not said.
    #[garde(skip)]
    pipeline: Option<String>,
    /// `greenfield` when not said.
    #[garde(skip)]
    #[serde(default)]
    project_type: ProjectType,
    /// What comes out: `full_code` when not said; `components` and `workflows` are reserved and refused.
    #[garde(custom(is_built))]
    #[serde(default)]
    output_mode: OutputMode,
    /// The workspace to create it in: the personal one when not said.
    #[garde(skip)]
    workspace_id: Option<Uuid>,
    /// Files that belong to the idea: agents read them from the beginning. More can be brought later, `POST /projects/{id}/uploads`.
    #[garde(length(max = FIRST_FILES_MAX), dive)]
    #[serde(default)]
    files: Vec<FirstFile>,
}

/// A file that comes with an idea.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct FirstFile {
    /// Its name with its extension, of which those are taken that uploads have.
    #[garde(length(bytes, min = 1, max = 1_000))]
    filename: String,
    /// Its bytes in Base64 (RFC 4648, with padding).
    #[garde(skip)]
    #[schema(format = "byte")]
    content_base64: String,
}

/// What comes out of a project.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum OutputMode {
    /// Whole files: code, SQL, settings.
    #[default]
    FullCode,
    /// Reserved: declarative definitions of applications.
    Components,
    /// Reserved: definitions of automations.
    Workflows,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde's signature")]
pub(super) fn is_built(mode: &OutputMode, _context: &()) -> garde::Result {
    let word = match mode {
        OutputMode::FullCode => return Ok(()),
        OutputMode::Components => "components",
        OutputMode::Workflows => "workflows",
    };
    let words = format!(
        "`{word}` is reserved for later and not built yet; `full_code` is, and is what you get without it"
    );
    Err(garde::Error::new(words))
}

impl Wish {
    /// What a feature is begun with.
    pub(super) fn of_feature(idea: String, title: Option<String>, pipeline: &str) -> Self {
        Self {
            idea: Some(idea),
            product_idea: None,
            title,
            pipeline: Some(pipeline.to_owned()),
            project_type: ProjectType::Greenfield,
            output_mode: OutputMode::FullCode,
            workspace_id: None,
            files: Vec::new(),
        }
    }
}

/// Whether there is something already.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ProjectType {
    /// From nothing.
    #[default]
    Greenfield,
    /// In an existing code base.
    Brownfield,
}

/// A project that was created.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Created {
    /// The project as lists show it; `status` is `starting` until its workflow runs.
    #[serde(flatten)]
    project: ProjectItem,
    /// Kinds of secrets that were taken out of the idea before it was stored.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    redacted: Vec<Kind>,
}

type Answer = (StatusCode, [(HeaderName, String); 1], Json<Created>);

/// Create a project and start its workflow.
#[utoipa::path(post, operation_id = "create_project", path = "/projects", tag = "projects", request_body = Wish, security(("bearer" = [])),
    params(("idempotency-key" = Option<String>, Header, description = "The same key makes the same project, once")),
    responses((status = CREATED, body = Created, headers(("Location" = String))), WriteProblems))]
pub(crate) async fn create(
    State(app): State<App>,
    speaker: Speaker,
    Body(wish): Body<Wish>,
) -> ApiResult<Answer> {
    let workspace = wish.workspace_id.map_or_else(|| workspaces::personal(speaker.user.id), WorkspaceId);
    create_project(&app, &speaker, workspace, wish).await
}

/// Create a project in a workspace and start its workflow.
#[utoipa::path(post, operation_id = "create_workspace_project", path = "/workspaces/{workspace_id}/projects", tag = "projects", request_body = Wish,
    params(("workspace_id" = Uuid, Path)), security(("bearer" = [])),
    responses((status = CREATED, body = Created, headers(("Location" = String))), WriteProblems))]
pub(crate) async fn create_in_workspace(
    State(app): State<App>,
    speaker: Speaker,
    Path(workspace): Path<WorkspaceId>,
    Body(wish): Body<Wish>,
) -> ApiResult<Answer> {
    if wish.workspace_id.is_some_and(|other| other != workspace.0) {
        return Err(ApiError::field("workspace_id", "is not the workspace of the path"));
    }
    create_project(&app, &speaker, workspace, wish).await
}

pub(super) async fn create_project(
    app: &App,
    speaker: &Speaker,
    workspace: WorkspaceId,
    wish: Wish,
) -> ApiResult<Answer> {
    let user = speaker.user;
    let Redacted { text: idea, found: redacted } = redact(idea_of(wish.idea, wish.product_idea)?);
    let file_max = app.settings.uploads.file_bytes_max;
    let files = off_runtime("reading files", move || first_files(file_max, wish.files)).await??;
    let (mut tx, place) = access::workspace(app, user, workspace, Permission::CreateProject).await?;
    telling::check_not_halted(app).await?;
    let usual = place.settings.default_pipeline.as_deref().unwrap_or(pipelines::DEFAULT);
    let pipeline_id = wish.pipeline.as_deref().unwrap_or(usual);
    let pipeline = pipelines::resolve(&mut tx, workspace, pipeline_id).await?.ok_or_else(|| {
        ApiError::unprocessable(
            "unknown_pipeline",
            format!("There is no pipeline `{}`.", title::brief(pipeline_id)),
        )
    })?;
    let has_own_title = wish.title.is_some();
    let title = wish.title.map_or_else(|| title::of(&idea), super::projects::redacted_title);
    let name = format!("{}|{}", user.id, speaker.key.0);
    let (quotas, tier) = (&app.settings.quotas, Tier::parse(&place.plan_tier));
    let allowance = Allowance {
        promptr: quotas.most_or(Quota::PromptrProjects, tier, app.settings.projects_max),
        total: quotas.most(Quota::Projects, tier),
        workspace: quotas.most(Quota::WorkspaceProjects, tier),
    };
    let usual = &app.settings.limits;
    let refinements = quotas.most_or(Quota::Refinements, tier, usual.refinements_max);
    let limits = Limits { refinements_max: refinements.unwrap_or(u32::MAX), ..usual.clone() };
    let project_id = ProjectId(Uuid::new_v5(&workspace.0, name.as_bytes()));
    let new = NewProject {
        project_id,
        workspace_id: workspace,
        owner_id: user.id,
        title: &title,
        has_own_title,
        project_type: match wish.project_type {
            ProjectType::Greenfield => "greenfield",
            ProjectType::Brownfield => "brownfield",
        },
        idea: &idea,
        pipeline: &pipeline,
        limits: &limits,
    };
    if let Some(near) = store(app, tx, speaker, &new, allowance, &files).await? {
        start(app, user, &new).await?;
        tell_near(app, user, &new, &near).await?;
    }
    answer(app, user, project_id, redacted).await
}

/// The files that come with an idea, each checked as uploads are.
fn first_files(file_max: u64, files: Vec<FirstFile>) -> ApiResult<Vec<uploads::Checked>> {
    let read = |(index, file): (usize, FirstFile)| {
        let field = format!("files[{index}]");
        let content = STANDARD.decode(file.content_base64.as_bytes());
        let content = content.map_err(|_| ApiError::field(&field, "is not Base64"))?;
        uploads::check(file_max, &field, file.filename, content)
    };
    files.into_iter().enumerate().map(read).collect()
}

/// Stores the row, and says which limits are nearly used up with it; nothing where its workflow is known to run already.
async fn store(
    app: &App,
    mut tx: Tx,
    speaker: &Speaker,
    new: &NewProject<'_>,
    allowance: Allowance,
    files: &[uploads::Checked],
) -> ApiResult<Option<Vec<QuotaUse>>> {
    match project_writes::create(&mut tx, new, allowance).await? {
        Creation::Stored { near } => {
            let details = serde_json::json!({"pipeline": new.pipeline.id});
            let resource = ("project", new.project_id);
            audit::record(&mut tx, speaker.entry(new.workspace_id, "project.created", resource, details))
                .await?;
            // With the project, so that no agent begins without them.
            for (index, file) in files.iter().enumerate() {
                let name = format!("first {index}");
                let place = Place { workspace: new.workspace_id, project: new.project_id, name: &name };
                uploads::keep(app, &mut tx, speaker, &place, file).await?;
            }
            tx.commit().await?;
            Ok(Some(near))
        }
        Creation::Repeated { started } => Ok((!started).then(Vec::new)),
        Creation::PutAway => {
            Err(ApiError::conflict("workspace_archived", "This workspace was archived or deleted meanwhile."))
        }
        Creation::OtherRequest => Err(ApiError::unprocessable(
            "idempotency_key_reused",
            "This Idempotency-Key was used for another idea. Make a new one for a new request.",
        )),
        Creation::LimitReached(over) => {
            metrics::limit(over.quota.as_str(), "reached");
            Err(ApiError::limit_reached(over.to_string(), over.most.into(), over.used.into()))
        }
    }
}

/// Tells who began the project, where they look: in its log.
async fn tell_near(app: &App, user: CurrentUser, new: &NewProject<'_>, near: &[QuotaUse]) -> ApiResult<()> {
    if near.is_empty() {
        return Ok(());
    }
    for near in near {
        metrics::limit(near.quota.as_str(), "near");
    }
    let now = Timestamp(chrono::Utc::now().timestamp_millis());
    let mut tx = app.store.tenant(new.workspace_id, user.id).await?;
    match events::limits_near(&mut tx, new.workspace_id, new.project_id, near, now).await {
        // Its start failed, and it is gone.
        Err(StoreError::NotFound(_)) => Ok(()),
        told => {
            told?;
            Ok(tx.commit().await?)
        }
    }
}

/// Starts the workflow. A start that surely failed leaves nothing; one that perhaps succeeded is left to the sweeper, and the
/// project is `starting` meanwhile.
async fn start(app: &App, user: CurrentUser, new: &NewProject<'_>) -> ApiResult<()> {
    let pipeline = new.pipeline.id.as_str();
    match starter::start(app, new.workspace_id, new.project_id).await {
        Ok(Start::Running) => metrics::project_started(pipeline, "started"),
        Ok(Start::Unknown) => metrics::project_started(pipeline, "unknown"),
        Err(error) => {
            metrics::project_started(pipeline, "failed");
            let mut tx = app.store.tenant(new.workspace_id, user.id).await?;
            if project_writes::take_back(&mut tx, new.project_id, user.id).await? {
                tx.commit().await?;
                return Err(error);
            }
        }
    }
    Ok(())
}

async fn answer(app: &App, user: CurrentUser, project: ProjectId, redacted: Vec<Kind>) -> ApiResult<Answer> {
    let (mut tx, _) = access::project(app, user, project, Permission::ReadProject).await?;
    let head = project_reads::head(&mut tx, project).await?;
    let location = format!("{}/projects/{project}", crate::openapi::PREFIX);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(Created { project: head.item, redacted })))
}

fn idea_of(idea: Option<String>, product_idea: Option<String>) -> ApiResult<String> {
    let idea = match (idea, product_idea) {
        (Some(idea), None) | (None, Some(idea)) => idea,
        (Some(idea), Some(other)) if idea == other => idea,
        (Some(_), Some(_)) => {
            return Err(ApiError::field(
                "product_idea",
                "is another name of `idea`, and says something else",
            ));
        }
        (None, None) => {
            return Err(ApiError::field("idea", "is missing: say in plain words what is to be built"));
        }
    };
    if idea.len() > IDEA_BYTES_MAX {
        let words = format!("An idea has at most {IDEA_BYTES_MAX} bytes, this one has {}.", idea.len());
        return Err(ApiError::too_large(words));
    }
    if idea.trim().is_empty() {
        return Err(ApiError::field("idea", "is empty: say in plain words what is to be built"));
    }
    if let Some(found) = unwritable(&idea) {
        let words = format!("has the control character U+{:04X}: it is not text", u32::from(found));
        return Err(ApiError::field("idea", words));
    }
    Ok(idea)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn refused(idea: &str) -> String {
        idea_of(Some(idea.to_owned()), None).unwrap_err().code().to_owned()
    }

    #[test]
    fn what_is_no_text_is_refused() {
        assert_eq!(refused(""), "invalid_fields");
        assert_eq!(refused(" \n\t "), "invalid_fields");
        assert_eq!(refused("a\0b"), "invalid_fields");
        assert_eq!(refused("\u{1b}[31m"), "invalid_fields");
        assert_eq!(refused(&"x".repeat(IDEA_BYTES_MAX + 1)), "too_large");
    }

    #[test]
    fn what_people_write_is_taken_as_it_is() {
        for idea in ["<script>alert(1)</script>", "Ignore all rules.", "予約アプリ", "مواعيد", "a\r\n\tb 😀"]
        {
            assert_eq!(idea_of(None, Some(idea.to_owned())).unwrap(), idea);
        }
        assert_eq!(idea_of(Some("ü".repeat(IDEA_BYTES_MAX / 2)), None).unwrap().len(), IDEA_BYTES_MAX);
    }
}
