//! What agents wrote, as GETs and exports show it: prompts with their checklists, artifacts, findings.

use crate::StoreError;
use chrono::{DateTime, Utc};
use groundwork_domain::ProjectId;
use serde::Serialize;
use sqlx::PgConnection;
use sqlx::types::Json;
use std::collections::HashMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// One item of a prompt's checklist.
#[derive(Clone, Debug, Serialize, serde::Deserialize, ToSchema)]
pub struct ChecklistItem {
    /// 0, 1, …: its place in the list.
    pub position: i32,
    /// What is to be done.
    pub text: String,
    /// Whether somebody ticked it.
    pub checked: bool,
}

/// One version of a prompt.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PromptItem {
    /// Which version of which prompt.
    pub id: Uuid,
    /// 1, 2, …: its place in the order.
    pub number: i32,
    /// 1, 2, …
    pub version: i32,
    /// `setup`, `backend`, `frontend`, `integration` or `deployment`.
    pub stage: String,
    /// A few words.
    pub title: String,
    /// Requirement ids that it covers.
    pub covers: Vec<String>,
    /// Numbers of the prompts that must be done before.
    pub needs: Vec<i32>,
    /// The whole Markdown.
    pub content: String,
    /// What has to be true when it is done.
    #[schema(value_type = Vec<ChecklistItem>)]
    pub checklist: Json<Vec<ChecklistItem>>,
    /// SHA-256 of the content.
    pub digest: String,
    /// Whether this is the version that counts.
    pub is_current: bool,
    /// Whether something that it covers was changed since.
    pub is_stale: bool,
    /// When it was written.
    pub created_at: DateTime<Utc>,
}

/// The current prompts in order, or every version that ever counted, newest first within a number.
///
/// # Errors
/// Postgres's own.
pub async fn prompts(
    conn: &mut PgConnection,
    project: ProjectId,
    all_versions: bool,
) -> Result<Vec<PromptItem>, StoreError> {
    let prompts = sqlx::query_as!(
        PromptItem,
        r#"select p.id, p.number, p.version, p.stage, p.title, p.covers, p.needs, p.content,
                  coalesce((
                      select jsonb_agg(jsonb_build_object('position', item.ordinality - 1, 'text', item.text,
                                                          'checked', coalesce(c.checked, false))
                                       order by item.ordinality)
                      from unnest(p.checklist) with ordinality as item (text, ordinality)
                      left join prompt_checks c on c.project_id = p.project_id and c.number = p.number
                          and c.version = p.version and c.position = item.ordinality - 1
                  ), '[]') as "checklist!: Json<Vec<ChecklistItem>>",
                  p.digest as "digest!: String", p.is_current, p.is_stale, p.created_at
           from prompts p
           where p.project_id = $1 and ($2 or p.is_current)
           order by p.number, p.version desc"#,
        project.0,
        all_versions,
    )
    .fetch_all(conn)
    .await?;
    Ok(prompts)
}

/// An artifact without its content.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ArtifactItem {
    /// Names the artifact over all its versions.
    pub id: Uuid,
    /// Its name in the pipeline: `spec`, `prompts`, `review`.
    pub name: String,
    /// 1, 2, …
    pub version: i32,
    /// SHA-256 of the content.
    pub digest: String,
    /// `markdown` or `json`.
    pub format: String,
    /// `current` or `superseded`.
    pub state: String,
    /// The stage that wrote it.
    pub stage: String,
    /// The attempt that wrote it.
    pub attempt: i32,
    /// The agent that wrote it; `person` where somebody did.
    pub agent: String,
    /// The model that wrote it.
    pub model: Option<String>,
    /// What it was written from.
    #[schema(value_type = Vec<Object>)]
    pub sources: serde_json::Value,
    /// The person who wrote this version, where no agent did.
    pub author_id: Option<Uuid>,
    /// The version that a person made it from.
    pub base_version: Option<i32>,
    /// When.
    pub generated_at: DateTime<Utc>,
}

/// One version of an artifact.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Artifact {
    /// What lists show too.
    #[serde(flatten)]
    pub item: ArtifactItem,
    /// All of it.
    pub content: String,
}

/// Current artifacts, or all that ever counted, newest version first.
///
/// # Errors
/// Postgres's own.
pub async fn artifacts(
    conn: &mut PgConnection,
    project: ProjectId,
    all_versions: bool,
) -> Result<Vec<ArtifactItem>, StoreError> {
    let artifacts = sqlx::query_as!(
        ArtifactItem,
        r#"select id, name, version, digest as "digest!: String", format, state, stage, attempt, agent, model, sources,
                  author_id, base_version, generated_at
           from artifacts
           where project_id = $1 and (state = 'current' or ($2 and state = 'superseded'))
           order by generated_at, name, version desc"#,
        project.0,
        all_versions,
    )
    .fetch_all(conn)
    .await?;
    Ok(artifacts)
}

/// A text that counts now.
#[derive(Clone, Debug)]
pub struct Text {
    /// Its name in the pipeline.
    pub name: String,
    /// 1, 2, …
    pub version: i32,
    /// SHA-256 of the artifact.
    pub digest: String,
    /// The agent that wrote it; none where a person did.
    pub agent: Option<String>,
    /// Markdown; of a handoff the text that its agent wrote.
    pub content: String,
}

/// All texts of a project that count now, the earliest first: documents, handoffs, reviews.
///
/// # Errors
/// Postgres's own.
pub async fn texts(conn: &mut PgConnection, project: ProjectId) -> Result<Vec<Text>, StoreError> {
    let texts = sqlx::query_as!(
        Text,
        r#"select name, version, digest as "digest!: String", agent,
                  case when kind = 'handoff' then coalesce(content::jsonb ->> 'body', content) else content end as "content!"
           from artifacts
           where project_id = $1 and state = 'current' and kind in ('document', 'handoff', 'review')
           order by generated_at, name"#,
        project.0,
    )
    .fetch_all(conn)
    .await?;
    Ok(texts)
}

/// Which artifact is meant.
#[derive(Clone, Copy, Debug)]
pub enum Named<'a> {
    /// By its id.
    Id(Uuid),
    /// By its project and its name in the pipeline.
    Name(ProjectId, &'a str),
}

/// A version of an artifact that counts or once counted; without a version the current one.
///
/// # Errors
/// Postgres's own.
pub async fn artifact(
    conn: &mut PgConnection,
    which: Named<'_>,
    version: Option<i32>,
) -> Result<Option<Artifact>, StoreError> {
    let (id, project, name) = match which {
        Named::Id(id) => (Some(id), None, None),
        Named::Name(project, name) => (None, Some(project.0), Some(name)),
    };
    let row = sqlx::query!(
        r#"select id, name, version, digest as "digest!: String", format, state, stage, attempt, agent, model, sources,
                  author_id, base_version, generated_at, content
           from artifacts
           where ($1::uuid is null or id = $1) and ($2::uuid is null or (project_id = $2 and name = $3))
             and ((state = 'current' and $4::integer is null) or (state <> 'written' and version = $4))"#,
        id,
        project,
        name,
        version,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Artifact {
        item: ArtifactItem {
            id: row.id,
            name: row.name,
            version: row.version,
            digest: row.digest,
            format: row.format,
            state: row.state,
            stage: row.stage,
            attempt: row.attempt,
            agent: row.agent,
            model: row.model,
            sources: row.sources,
            author_id: row.author_id,
            base_version: row.base_version,
            generated_at: row.generated_at,
        },
        content: row.content,
    }))
}

/// Every version of every artifact that counts or once counted, with its content, in the order in which they were written.
///
/// # Errors
/// Postgres's own.
pub async fn all_versions(conn: &mut PgConnection, project: ProjectId) -> Result<Vec<Artifact>, StoreError> {
    let items = artifacts(&mut *conn, project, true).await?;
    let contents = sqlx::query!(
        "select name, version, content from artifacts where project_id = $1 and state in ('current', 'superseded')",
        project.0,
    )
    .fetch_all(conn)
    .await?;
    let mut contents: HashMap<(String, i32), String> =
        contents.into_iter().map(|row| ((row.name, row.version), row.content)).collect();
    let whole = |item: ArtifactItem| {
        contents.remove(&(item.name.clone(), item.version)).map(|content| Artifact { item, content })
    };
    Ok(items.into_iter().filter_map(whole).collect())
}

/// A file of a version that is a set of files.
#[derive(Clone, Debug)]
pub struct FileOfVersion {
    /// The artifact that the version is one of.
    pub name: String,
    /// 1, 2, …
    pub version: i32,
    /// Its path in the set.
    pub path: String,
    /// All of it, as it is kept.
    pub content: String,
}

/// The files of all versions that count or once counted, as they are kept: nothing is checked.
///
/// # Errors
/// Postgres's own.
pub async fn all_files(
    conn: &mut PgConnection,
    project: ProjectId,
) -> Result<Vec<FileOfVersion>, StoreError> {
    let files = sqlx::query_as!(
        FileOfVersion,
        r#"select f.name, f.version, f.path, f.content
           from artifact_files f join artifacts a using (project_id, name, version)
           where project_id = $1 and a.state in ('current', 'superseded')
           order by f.name, f.version, f.path collate "C""#,
        project.0,
    )
    .fetch_all(conn)
    .await?;
    Ok(files)
}

/// Something that a review found wrong.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FindingItem {
    /// `C1`, … from a reviewer; `K1`, … from a check by code.
    pub id: String,
    /// Version of the review that found it.
    pub review_version: i32,
    /// `minor`, `major` or `blocker`.
    pub severity: String,
    /// Which text is wrong: `prompt`, `spec` or `intent`.
    pub layer: String,
    /// Numbers of the prompts that it speaks of.
    pub prompts: Vec<i32>,
    /// Requirement ids that it speaks of.
    pub requirements: Vec<String>,
    /// What is wrong.
    pub problem: String,
    /// What would mend it.
    pub fix: String,
    /// `open`, `mended` or `superseded`.
    pub state: String,
}

/// What reviews found, and what became of it: the latest review first.
///
/// # Errors
/// Postgres's own.
pub async fn findings(conn: &mut PgConnection, project: ProjectId) -> Result<Vec<FindingItem>, StoreError> {
    let findings = sqlx::query_as!(
        FindingItem,
        "select id, review_version, severity, layer, prompts, requirements, problem, fix, state
         from findings where project_id = $1 and state <> 'reported' order by review_version desc, position",
        project.0
    )
    .fetch_all(conn)
    .await?;
    Ok(findings)
}
