//! What stages read: the idea, questions with their answers, versions of what agents wrote.

use crate::clean::{count, int};
use crate::{StoreError, versions};
use groundwork_domain::document::files::{CodeFile, CodeManifest, CodePath};
use groundwork_domain::document::handoff::Handoff;
use groundwork_domain::document::{
    Answer, Finding, Layer, Prompt, PromptStage, Question, QuestionFormat, QuestionOption, Severity,
};
use groundwork_domain::work::ArtifactRef;
use groundwork_domain::{CommandId, Digest, ProjectId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use sqlx::types::Json;

/// One prompt of a set: the set's content is the JSON list of these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestEntry {
    /// 1, 2, …
    pub number: u32,
    /// Which version of that prompt.
    pub version: u32,
    /// Of the prompt's content.
    pub digest: Digest,
}

/// The text of the idea.
///
/// # Errors
/// [`StoreError::NotFound`], [`StoreError::Database`].
pub async fn idea(conn: &mut PgConnection, project: ProjectId) -> Result<String, StoreError> {
    sqlx::query_scalar!("select idea from projects where id = $1", project.0)
        .fetch_optional(conn)
        .await?
        .ok_or(StoreError::NotFound("project"))
}

/// All questions that count, in the order in which they were asked, each with its answer if there is one.
///
/// # Errors
/// [`StoreError::Corrupt`], [`StoreError::Database`].
pub async fn questions(
    conn: &mut PgConnection,
    project: ProjectId,
) -> Result<Vec<(Question, Option<Answer>)>, StoreError> {
    let rows = sqlx::query!(
        r#"select id, text, category, why, format, options as "options: Json<Vec<QuestionOption>>", state, answer_options,
               answer_text, assumption
           from questions where project_id = $1 and state <> 'superseded'
           order by created_at, stage, attempt, position"#,
        project.0,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let answer = (row.state == "answered").then(|| Answer {
                question_id: row.id.clone(),
                options: row.answer_options,
                text: row.answer_text,
                assumption: row.assumption,
            });
            let format: QuestionFormat = word("question", &row.format)?;
            let question = Question {
                id: row.id,
                text: row.text,
                category: row.category,
                why: row.why,
                format,
                options: row.options.0,
            };
            Ok((question, answer))
        })
        .collect()
}

/// The content of one version of an artifact: Markdown, or the manifest of a set of prompts.
///
/// # Errors
/// [`StoreError::NotFound`]; [`StoreError::Corrupt`] where it has another digest; [`StoreError::Database`].
pub async fn content(
    conn: &mut PgConnection,
    project: ProjectId,
    artifact: &ArtifactRef,
) -> Result<String, StoreError> {
    let content = sqlx::query_scalar!(
        "select content from artifacts where project_id = $1 and name = $2 and version = $3",
        project.0,
        artifact.name,
        int(artifact.version),
    )
    .fetch_optional(conn)
    .await?
    .ok_or(StoreError::NotFound("artifact"))?;
    verify("artifact", &content, &artifact.digest)?;
    Ok(content)
}

/// One version of an artifact, as what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loaded {
    /// Markdown.
    Document(String),
    /// A set of prompts, in order.
    Prompts(Vec<Prompt>),
    /// Files with their manifest.
    Files(CodeManifest, Vec<CodeFile>),
    /// What one agent handed over.
    Handoff(Box<Handoff>),
    /// A review, Markdown.
    Review(String),
}

/// One version of an artifact, whatever it is.
///
/// # Errors
/// As [`content`].
pub async fn load(
    conn: &mut PgConnection,
    project: ProjectId,
    artifact: &ArtifactRef,
) -> Result<Loaded, StoreError> {
    let kind = sqlx::query_scalar!(
        "select kind from artifacts where project_id = $1 and name = $2 and version = $3",
        project.0,
        artifact.name,
        int(artifact.version),
    )
    .fetch_optional(&mut *conn)
    .await?
    .ok_or(StoreError::NotFound("artifact"))?;
    if kind == "prompts" {
        return Ok(Loaded::Prompts(prompts(conn, project, artifact).await?));
    }
    let content = content(&mut *conn, project, artifact).await?;
    match kind.as_str() {
        "code" => {
            let manifest: CodeManifest = json("manifest of files", &content)?;
            let files = files(conn, project, artifact, &manifest).await?;
            Ok(Loaded::Files(manifest, files))
        }
        "handoff" => Ok(Loaded::Handoff(Box::new(json("handoff", &content)?))),
        "review" => Ok(Loaded::Review(content)),
        _ => Ok(Loaded::Document(content)),
    }
}

fn json<T: DeserializeOwned>(what: &'static str, content: &str) -> Result<T, StoreError> {
    serde_json::from_str(content).map_err(|error| StoreError::Corrupt { what, reason: error.to_string() })
}

/// The files of a version of an artifact, in the order of their paths, each with the digest that its manifest has.
///
/// # Errors
/// [`StoreError::Corrupt`] where they are not those of the manifest; [`StoreError::Database`].
pub async fn files(
    conn: &mut PgConnection,
    project: ProjectId,
    artifact: &ArtifactRef,
    manifest: &CodeManifest,
) -> Result<Vec<CodeFile>, StoreError> {
    let rows = sqlx::query!(
        r#"select path, content from artifact_files
           where project_id = $1 and name = $2 and version = $3 order by path collate "C""#,
        project.0,
        artifact.name,
        int(artifact.version),
    )
    .fetch_all(conn)
    .await?;
    let corrupt = |reason: String| StoreError::Corrupt { what: "file", reason };
    if rows.len() != manifest.files.len() {
        return Err(corrupt(format!("{} files instead of {}", rows.len(), manifest.files.len())));
    }
    rows.into_iter()
        .zip(&manifest.files)
        .map(|(row, entry)| {
            verify("file", &row.content, &entry.digest)?;
            let path =
                CodePath::parse(&row.path).map_err(|fault| corrupt(format!("{}: {fault}", row.path)))?;
            if path != entry.path {
                return Err(corrupt(format!("{path} instead of {}", entry.path)));
            }
            Ok(CodeFile { path, content: row.content })
        })
        .collect()
}

/// The files of a project that count now, with the version that they are; none where none were written yet.
///
/// # Errors
/// As [`files`].
pub async fn current_files(
    conn: &mut PgConnection,
    project: ProjectId,
) -> Result<Option<(ArtifactRef, Vec<CodeFile>)>, StoreError> {
    let Some(artifact) = versions::current_code(conn, project).await? else { return Ok(None) };
    match load(conn, project, &artifact).await? {
        Loaded::Files(_, files) => Ok(Some((artifact, files))),
        Loaded::Document(_) | Loaded::Prompts(_) | Loaded::Handoff(_) | Loaded::Review(_) => Ok(None),
    }
}

/// The prompts of a set, in order.
///
/// # Errors
/// As [`content`].
pub async fn prompts(
    conn: &mut PgConnection,
    project: ProjectId,
    set: &ArtifactRef,
) -> Result<Vec<Prompt>, StoreError> {
    let manifest = manifest(&content(&mut *conn, project, set).await?)?;
    let (numbers, versions): (Vec<_>, Vec<_>) =
        manifest.iter().map(|entry| (int(entry.number), int(entry.version))).unzip();
    let rows = sqlx::query!(
        r#"select prompts.number, stage, title, covers, needs, content, checklist
           from prompts join unnest($2::integer[], $3::integer[]) as wanted (number, version)
               on prompts.number = wanted.number and prompts.version = wanted.version
           where project_id = $1 order by prompts.number"#,
        project.0,
        &numbers,
        &versions,
    )
    .fetch_all(conn)
    .await?;
    if rows.len() != manifest.len() {
        return Err(StoreError::NotFound("prompt"));
    }
    rows.into_iter()
        .zip(&manifest)
        .map(|(row, entry)| {
            verify("prompt", &row.content, &entry.digest)?;
            Ok(Prompt {
                number: count(row.number),
                stage: word::<PromptStage>("prompt", &row.stage)?,
                title: row.title,
                covers: row.covers,
                needs: row.needs.into_iter().map(count).collect(),
                content: row.content,
                checklist: row.checklist,
            })
        })
        .collect()
}

/// The findings of one version of a review, in order.
///
/// # Errors
/// [`StoreError::Corrupt`], [`StoreError::Database`].
pub async fn findings(
    conn: &mut PgConnection,
    project: ProjectId,
    review: &str,
    version: u32,
) -> Result<Vec<Finding>, StoreError> {
    let rows = sqlx::query!(
        "select id, severity, layer, prompts, requirements, problem, fix
         from findings where project_id = $1 and review = $2 and review_version = $3 order by position",
        project.0,
        review,
        int(version),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Finding {
                id: row.id,
                severity: word::<Severity>("finding", &row.severity)?,
                layer: word::<Layer>("finding", &row.layer)?,
                prompts: row.prompts.into_iter().map(count).collect(),
                requirements: row.requirements,
                problem: row.problem,
                fix: row.fix,
            })
        })
        .collect()
}

/// The model that wrote a version of an artifact; none where no model did.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn model(
    conn: &mut PgConnection,
    project: ProjectId,
    artifact: &ArtifactRef,
) -> Result<Option<String>, StoreError> {
    let model = sqlx::query_scalar!(
        "select model from artifacts where project_id = $1 and name = $2 and version = $3",
        project.0,
        artifact.name,
        int(artifact.version),
    )
    .fetch_optional(conn)
    .await?;
    Ok(model.flatten())
}

/// The version of an artifact that counts now.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn current(
    conn: &mut PgConnection,
    project: ProjectId,
    name: &str,
) -> Result<Option<ArtifactRef>, StoreError> {
    let row = sqlx::query!(
        "select name, version, digest from artifacts where project_id = $1 and name = $2 and state = 'current'",
        project.0,
        name,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| ArtifactRef { name: row.name, version: count(row.version), digest: Digest(row.digest) }))
}

/// The prompts that count now, in order; empty where there are none yet.
///
/// # Errors
/// As [`content`].
pub async fn current_prompts(conn: &mut PgConnection, project: ProjectId) -> Result<Vec<Prompt>, StoreError> {
    let name = sqlx::query_scalar!(
        "select name from artifacts where project_id = $1 and kind = 'prompts' and state = 'current' limit 1",
        project.0,
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(name) = name else { return Ok(Vec::new()) };
    match current(&mut *conn, project, &name).await? {
        Some(set) => prompts(conn, project, &set).await,
        None => Ok(Vec::new()),
    }
}

/// A person's words to a refinement; `None` until `publish` has stored them.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn refinement_request(
    conn: &mut PgConnection,
    project: ProjectId,
    command: CommandId,
) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar!(
        "select request from refinements where project_id = $1 and command_id = $2",
        project.0,
        command.0,
    )
    .fetch_optional(conn)
    .await?)
}

/// Reads the content of a set of prompts.
pub(crate) fn manifest(content: &str) -> Result<Vec<ManifestEntry>, StoreError> {
    serde_json::from_str(content)
        .map_err(|error| StoreError::Corrupt { what: "manifest", reason: error.to_string() })
}

/// Reads a word that a check constrains to an enum's wire names.
fn word<T: DeserializeOwned>(what: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_value(serde_json::Value::String(text.to_owned()))
        .map_err(|error| StoreError::Corrupt { what, reason: error.to_string() })
}

fn verify(what: &'static str, content: &str, digest: &Digest) -> Result<(), StoreError> {
    let found = Digest::of(content.as_bytes());
    if found == *digest {
        return Ok(());
    }
    Err(StoreError::Corrupt { what, reason: format!("digest {found} instead of {digest}") })
}
