//! Versions of artifacts: the list of them, and those that people write.

use crate::StoreError;
use crate::clean::{self, count};
use crate::events::LockedProject;
use crate::project_texts::ArtifactItem;
use groundwork_domain::work::ArtifactRef;
use groundwork_domain::{CommandId, Digest, ProjectId, UserId, WorkspaceId};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

/// The versions of an artifact that count or once counted, the newest first.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn list(
    conn: &mut PgConnection,
    artifact: Uuid,
    rows_max: i64,
) -> Result<Vec<ArtifactItem>, StoreError> {
    Ok(sqlx::query_as!(
        ArtifactItem,
        r#"select id, name, version, digest as "digest!: String", format, state, stage, attempt, agent, model, sources,
                  author_id, base_version, generated_at
           from artifacts where id = $1 and state <> 'written' order by version desc limit $2"#,
        artifact,
        rows_max,
    )
    .fetch_all(conn)
    .await?)
}

/// A text that a person wrote, on its way to become a version.
#[derive(Clone, Debug)]
pub struct NewVersion<'a> {
    /// The tenant.
    pub workspace: WorkspaceId,
    /// The project.
    pub project: ProjectId,
    /// The artifact's name in the pipeline.
    pub name: &'a str,
    /// The stage that makes it.
    pub stage: &'a str,
    /// The version that it was made from, if it was made from one.
    pub base: Option<&'a ArtifactRef>,
    /// All of it: Markdown.
    pub content: &'a str,
    /// Who wrote it.
    pub by: UserId,
    /// The command that will name it: the same command stores it once.
    pub command: CommandId,
}

/// Stores a person's text as the next version, `written` until a command makes it current.
///
/// # Errors
/// [`StoreError::NotFound`], [`StoreError::Database`].
pub async fn write(conn: &mut PgConnection, new: &NewVersion<'_>) -> Result<ArtifactRef, StoreError> {
    // Agents store their versions under the same lock: the number is free until this commits.
    LockedProject::lock(&mut *conn, new.workspace, new.project).await?;
    let content = clean::text(new.content);
    let digest = Digest::of(content.as_bytes());
    sqlx::query!(
        "insert into artifacts (workspace_id, project_id, name, version, digest, kind, format, content, stage, attempt,
             agent, sources, author_id, command_id, base_version)
         select $1, $2, $3, coalesce(max(version), 0) + 1, $4, 'document', 'markdown', $5, $6, coalesce(max(attempt), 1),
             'person', $7, $8, $9, $10
         from artifacts where project_id = $2 and name = $3
         on conflict (project_id, command_id) where command_id is not null do nothing",
        new.workspace.0,
        new.project.0,
        new.name,
        digest.0,
        content,
        new.stage,
        Json(new.base.map_or_else(Vec::new, |base| vec![groundwork_domain::work::Source::Artifact(base.clone())])) as _,
        new.by.0,
        new.command.0,
        new.base.map(|base| clean::int(base.version)),
    )
    .execute(&mut *conn)
    .await?;
    let stored = sqlx::query!(
        "select name, version, digest from artifacts where project_id = $1 and command_id = $2",
        new.project.0,
        new.command.0,
    )
    .fetch_one(conn)
    .await?;
    Ok(ArtifactRef { name: stored.name, version: count(stored.version), digest: Digest(stored.digest) })
}

/// What a command wrote when it was said before, and the version that it was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The version.
    pub artifact: ArtifactRef,
    /// The digest of what it was made from.
    pub base: Option<Digest>,
}

/// The version that a command wrote, if it was said before: whether it was applied is the rules' to say.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn of_command(
    conn: &mut PgConnection,
    project: ProjectId,
    command: CommandId,
) -> Result<Option<Written>, StoreError> {
    let row = sqlx::query!(
        r#"select a.name, a.version, a.digest, base.digest as "base?: String"
           from artifacts a
           left join artifacts base
               on base.project_id = a.project_id and base.name = a.name and base.version = a.base_version
           where a.project_id = $1 and a.command_id = $2"#,
        project.0,
        command.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Written {
        artifact: ArtifactRef { name: row.name, version: count(row.version), digest: Digest(row.digest) },
        base: row.base.map(Digest),
    }))
}

/// Where an artifact stands: what an edit of it must know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The version that counts.
    pub current: ArtifactRef,
    /// `document`, `prompts`, `review`, …
    pub kind: String,
    /// The stage that makes it.
    pub stage: String,
}

/// The version of an artifact that counts now.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn standing(
    conn: &mut PgConnection,
    project: ProjectId,
    name: &str,
) -> Result<Option<Standing>, StoreError> {
    let row = sqlx::query!(
        "select name, version, digest, kind, stage from artifacts
         where project_id = $1 and name = $2 and state = 'current'",
        project.0,
        name,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Standing {
        current: ArtifactRef { name: row.name, version: count(row.version), digest: Digest(row.digest) },
        kind: row.kind,
        stage: row.stage,
    }))
}

/// The files of a project that count now, as their manifest's version; none where there are none yet.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn current_code(
    conn: &mut PgConnection,
    project: ProjectId,
) -> Result<Option<ArtifactRef>, StoreError> {
    let row = sqlx::query!(
        "select name, version, digest from artifacts
         where project_id = $1 and kind = 'code' and state = 'current' order by generated_at desc limit 1",
        project.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| ArtifactRef { name: row.name, version: count(row.version), digest: Digest(row.digest) }))
}
