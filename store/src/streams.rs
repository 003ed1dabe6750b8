//! Running texts: deltas to listeners, and the last 64 KiB of each for whoever comes late.

use crate::clean::{self, int, large, long};
use crate::{Store, StoreError};
use groundwork_domain::{ProjectId, StageId, WorkspaceId};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

/// Bytes of a running text that are kept.
pub const TAIL_BYTES: u64 = 64 * 1024;
/// Bytes of a notification's payload; Postgres refuses 8,000.
const PAYLOAD_BYTES_MAX: usize = 7_900;
/// Bytes that the fields beside the text may take.
const ENVELOPE_BYTES_MAX: usize = 300;

/// A piece of a running text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// The tenant.
    pub workspace_id: WorkspaceId,
    /// The project.
    pub project_id: ProjectId,
    /// The stage.
    pub stage: StageId,
    /// Its attempt.
    pub attempt: u32,
    /// Bytes of UTF-8 before it. A chunk at 0 begins the text anew.
    pub offset: u64,
    /// The piece.
    pub text: String,
}

/// Payload of a notification on `groundwork_deltas`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delta {
    /// The project.
    pub project_id: ProjectId,
    /// The stage.
    pub stage: StageId,
    /// Its attempt.
    pub attempt: u32,
    /// Bytes of UTF-8 before it.
    pub offset: u64,
    /// The piece.
    pub text: String,
}

/// What a late client starts with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tail {
    /// The stage.
    pub stage: String,
    /// Its attempt.
    pub attempt: u32,
    /// Bytes of UTF-8 before it.
    pub offset: u64,
    /// About the last 64 KiB.
    pub text: String,
}

/// Sends and keeps all chunks of a worker in one transaction and one round trip.
///
/// # Errors
/// [`StoreError::Database`]; the chunks are lost to listeners then, which is all right.
pub async fn flush(store: &Store, chunks: &[Chunk]) -> Result<(), StoreError> {
    if chunks.is_empty() {
        return Ok(());
    }
    let mut payloads = Vec::new();
    let (mut workspaces, mut projects, mut stages) = (Vec::new(), Vec::new(), Vec::new());
    let (mut attempts, mut offsets, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    for chunk in chunks {
        payloads.extend(split(chunk).iter().filter_map(|delta| serde_json::to_string(delta).ok()));
        workspaces.push(chunk.workspace_id.0);
        projects.push(chunk.project_id.0);
        stages.push(chunk.stage.0.clone());
        attempts.push(int(chunk.attempt));
        offsets.push(long(chunk.offset));
        texts.push(clean::text(&chunk.text));
    }
    sqlx::query!(
        "select flush_streams($1, $2, $3, $4, $5, $6, $7, $8)",
        &workspaces,
        &projects,
        &stages,
        &attempts,
        &offsets,
        &texts,
        &payloads,
        long(TAIL_BYTES),
    )
    .execute(store.pool())
    .await?;
    Ok(())
}

/// Cuts a chunk at character boundaries into payloads that Postgres takes, counting what JSON escapes.
fn split(chunk: &Chunk) -> Vec<Delta> {
    let delta = |offset: usize, text: &str| Delta {
        project_id: chunk.project_id,
        stage: chunk.stage.clone(),
        attempt: chunk.attempt,
        offset: chunk.offset + offset as u64,
        text: text.to_owned(),
    };
    let room = PAYLOAD_BYTES_MAX - ENVELOPE_BYTES_MAX;
    let (mut deltas, mut start, mut size) = (Vec::new(), 0, 0);
    for (at, character) in chunk.text.char_indices() {
        let cost = match character {
            '"' | '\\' | '\n' | '\r' | '\t' => 2,
            control if control.is_control() => 6,
            other => other.len_utf8(),
        };
        if size + cost > room {
            deltas.push(delta(start, &chunk.text[start..at]));
            (start, size) = (at, 0);
        }
        size += cost;
    }
    deltas.push(delta(start, &chunk.text[start..]));
    deltas
}

/// The running texts of a project.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn tails(conn: &mut PgConnection, project: ProjectId) -> Result<Vec<Tail>, StoreError> {
    let rows = sqlx::query!(
        r#"select stage, attempt, min(start_offset) as "offset!", string_agg(text, '' order by start_offset) as "text!"
           from stream_tail where project_id = $1 group by stage, attempt order by stage, attempt"#,
        project.0,
    )
    .fetch_all(conn)
    .await?;
    let tail = |stage, attempt, offset, text| Tail {
        stage,
        attempt: clean::count(attempt),
        offset: large(offset),
        text,
    };
    Ok(rows.into_iter().map(|row| tail(row.stage, row.attempt, row.offset, row.text)).collect())
}

/// Forgets the running text of an attempt: it is stored whole, or will not go on.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn forget(
    conn: &mut PgConnection,
    project: ProjectId,
    stage: &StageId,
    attempt: u32,
) -> Result<(), StoreError> {
    sqlx::query!(
        "delete from stream_tail where project_id = $1 and stage = $2 and attempt = $3",
        project.0,
        stage.0,
        int(attempt),
    )
    .execute(conn)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_stay_below_the_limit_and_join_to_the_text() {
        let text = "\"\u{1}ü😀\n".repeat(4_000);
        let chunk = Chunk {
            workspace_id: WorkspaceId(uuid::Uuid::nil()),
            project_id: ProjectId(uuid::Uuid::nil()),
            stage: StageId("s".repeat(64)),
            attempt: u32::MAX,
            offset: 5,
            text: text.clone(),
        };
        let deltas = split(&chunk);
        let mut joined = String::new();
        for delta in &deltas {
            assert_eq!(delta.offset, 5 + joined.len() as u64);
            assert!(serde_json::to_string(delta).unwrap().len() < PAYLOAD_BYTES_MAX);
            joined.push_str(&delta.text);
        }
        assert_eq!(joined, text);
    }
}
