//! Files that agents wrote, as they are taken away. They are never run.

use crate::StoreError;
use crate::clean::count;
use groundwork_domain::work::ArtifactRef;
use groundwork_domain::{Digest, ProjectId};
use sqlx::PgConnection;

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeFile {
    /// Below the project's folder, with `/`.
    pub path: String,
    /// SHA-256 of the content.
    pub digest: String,
    /// All of it.
    pub content: String,
}

/// The current files of a project in the order of their paths, with the version that they are of; none where there are none yet.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn current(
    conn: &mut PgConnection,
    project: ProjectId,
) -> Result<Option<(ArtifactRef, Vec<CodeFile>)>, StoreError> {
    let version = sqlx::query!(
        "select name, version, digest from artifacts
         where project_id = $1 and kind = 'code' and state = 'current' order by generated_at desc limit 1",
        project.0,
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(version) = version else { return Ok(None) };
    let files = sqlx::query_as!(
        CodeFile,
        r#"select path, digest as "digest!: String", content from artifact_files
           where project_id = $1 and name = $2 and version = $3 order by path collate "C""#,
        project.0,
        version.name,
        version.version,
    )
    .fetch_all(conn)
    .await?;
    let artifact =
        ArtifactRef { name: version.name, version: count(version.version), digest: Digest(version.digest) };
    Ok(Some((artifact, files)))
}
