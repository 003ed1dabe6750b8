//! Pipelines that workspaces made. A version never changes; projects pin the one that they were begun with.

use crate::StoreError;
use crate::clean::int;
use chrono::{DateTime, Utc};
use groundwork_domain::pipeline::Pipeline;
use groundwork_domain::{Digest, UserId, WorkspaceId};
use rust_decimal::Decimal;
use serde::Serialize;
use sqlx::PgConnection;
use sqlx::types::Json;
use utoipa::ToSchema;
use uuid::Uuid;

/// One version of a workspace's pipeline.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The definition.
    pub pipeline: Pipeline,
    /// As it was uploaded: TOML.
    pub source: String,
    /// SHA-256 of the source.
    pub digest: String,
    /// Who uploaded it.
    pub created_by: Uuid,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// What became of an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It is the version that it says.
    New,
    /// The same text is that version already.
    Same,
    /// That version has another text; the next one would be this.
    Taken {
        /// The next free version.
        next: u32,
    },
}

/// The latest version of each of a workspace's pipelines, or all versions of one.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn list(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    only: Option<&str>,
) -> Result<Vec<Stored>, StoreError> {
    let rows = sqlx::query!(
        r#"select definition as "definition: Json<Pipeline>", source, digest, created_by, created_at
           from pipelines as p
           where workspace_id = $1 and case when $2::text is null
               then version = (select max(version) from pipelines as q where q.workspace_id = $1 and q.id = p.id)
               else id = $2 end
           order by id, version desc limit 500"#,
        workspace.0,
        only,
    )
    .fetch_all(conn)
    .await?;
    let stored = rows.into_iter().map(|row| Stored {
        pipeline: row.definition.0,
        source: row.source,
        digest: row.digest,
        created_by: row.created_by,
        created_at: row.created_at,
    });
    Ok(stored.collect())
}

/// One version of a workspace's pipeline; without a version the latest.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn find(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    id: &str,
    version: Option<u32>,
) -> Result<Option<Stored>, StoreError> {
    let all = list(conn, workspace, Some(id)).await?;
    Ok(all.into_iter().find(|one| version.is_none_or(|version| one.pipeline.version == version)))
}

/// Keeps a version of a pipeline.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn keep(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    pipeline: &Pipeline,
    source: &str,
    by: UserId,
) -> Result<Kept, StoreError> {
    let digest = Digest::of(source.as_bytes());
    let done = sqlx::query!(
        "insert into pipelines (workspace_id, id, version, title, description, source, definition, digest, created_by)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict (workspace_id, id, version) do nothing",
        workspace.0,
        pipeline.id,
        int(pipeline.version),
        pipeline.title,
        pipeline.description,
        source,
        Json(pipeline) as _,
        digest.0,
        by.0,
    )
    .execute(&mut *conn)
    .await?;
    if done.rows_affected() == 1 {
        return Ok(Kept::New);
    }
    let all = list(conn, workspace, Some(&pipeline.id)).await?;
    if all.iter().any(|one| one.pipeline.version == pipeline.version && one.digest == digest.0) {
        return Ok(Kept::Same);
    }
    let latest = all.iter().map(|one| one.pipeline.version).max().unwrap_or_default();
    Ok(Kept::Taken { next: latest + 1 })
}

/// What projects of a pipeline took before.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Experience {
    /// How many completed projects it is drawn from.
    pub projects: i64,
    /// US dollars, on the average.
    pub cost_usd: Decimal,
    /// Tokens read and written, on the average.
    pub tokens: i64,
    /// Milliseconds of model time, on the average.
    pub active_ms: i64,
}

/// What the last completed projects of a pipeline took in a workspace; of none: nothing is known.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn experience(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    pipeline: &str,
) -> Result<Option<Experience>, StoreError> {
    let row = sqlx::query_as!(
        Experience,
        r#"select count(*) as "projects!", coalesce(round(avg(cost_usd), 6), 0) as "cost_usd!",
                  coalesce(avg(input_tokens + output_tokens), 0)::bigint as "tokens!",
                  coalesce(avg(active_ms), 0)::bigint as "active_ms!"
           from (select cost_usd, input_tokens, output_tokens, active_ms from projects
                 where workspace_id = $1 and pipeline_id = $2 and completed_at is not null
                 order by completed_at desc limit 20) as latest"#,
        workspace.0,
        pipeline,
    )
    .fetch_one(conn)
    .await?;
    Ok((row.projects > 0).then(|| Experience { cost_usd: row.cost_usd.normalize(), ..row }))
}
