//! Products of the pipelines build and handoff: files, handoffs, turns of a chat, titles, advice, questions to people.

use super::{NewResult, PersonAsked, Product, write};
use crate::clean::{self, int, long};
use crate::events::{LockedProject, NewEvent};
use crate::{StoreError, Tx};
use groundwork_domain::Digest;
use groundwork_domain::Timestamp;
use groundwork_domain::command::Actor;
use groundwork_domain::document::audit::Recommendation;
use groundwork_domain::document::files::{CodeFile, CodePath};
use groundwork_domain::event::{Cause, EventKind, event_id};
use groundwork_domain::request;
use groundwork_domain::work::{ArtifactRef, StageResult, StageTask};
use serde::Serialize;
use serde_json::json;
use sqlx::PgConnection;
use sqlx::types::Json;

/// Stores what has rows of its own, and gives the result.
pub(super) async fn store(
    conn: &mut PgConnection,
    locked: &mut LockedProject,
    new: &NewResult<'_>,
    product: &Product,
) -> Result<StageResult, StoreError> {
    Ok(match product {
        Product::Files { files, manifest } => {
            let artifact = write(&mut *conn, new, "code", &to_json(manifest)?, &[]).await?;
            keep_files(&mut *conn, new, &artifact, files).await?;
            locked.append(conn, written(new, files)).await?;
            let count = u32::try_from(files.len()).unwrap_or(u32::MAX);
            StageResult::Implemented { artifact, files: count, bytes: manifest.bytes() }
        }
        Product::Handoff(handoff) => {
            let artifact = write(conn, new, "handoff", &to_json(handoff)?, &[]).await?;
            StageResult::Written { artifact, stale_prompts: 0 }
        }
        Product::Chat { brief } => {
            let artifact = match brief {
                Some(brief) => Some(write(conn, new, "document", brief, &[]).await?),
                None => None,
            };
            StageResult::Replied { message: Digest::of(new.message.as_bytes()), artifact, title: None }
        }
        Product::Title(title) => StageResult::Replied {
            message: Digest::of(new.message.as_bytes()),
            artifact: None,
            title: Some(clean::text(title)),
        },
        Product::Advice { artifact, advice, .. } => StageResult::Advised {
            artifact: artifact.clone(),
            recommendation: advice.recommendation,
            reason: Digest::of(advice.reasons.join("\n").as_bytes()),
        },
        Product::Question(asked) => {
            StageResult::PersonAsked { request_id: asked.request_id, manifest: digest_of(asked) }
        }
        Product::Questions(_) | Product::Document { .. } | Product::Prompts(_) | Product::Review { .. } => {
            return Err(StoreError::Corrupt { what: "product", reason: "it is stored elsewhere".to_owned() });
        }
    })
}

/// Stores what refers to the result's row.
pub(super) async fn store_behind(conn: &mut PgConnection, new: &NewResult<'_>) -> Result<(), StoreError> {
    match &new.product {
        Product::Advice { .. } => advise(conn, new).await,
        Product::Question(asked) => ask(conn, new, asked).await,
        Product::Questions(_)
        | Product::Document { .. }
        | Product::Prompts(_)
        | Product::Review { .. }
        | Product::Files { .. }
        | Product::Handoff(_)
        | Product::Chat { .. }
        | Product::Title(_) => Ok(()),
    }
}

fn to_json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value)
        .map_err(|error| StoreError::Corrupt { what: "artifact", reason: error.to_string() })
}

/// Of what people read when they answer: what is stored.
fn digest_of(asked: &PersonAsked) -> Digest {
    let (question, reason) = (clean::text(&asked.question), clean::text(&asked.reason));
    request::question_digest(&question, &reason)
}

/// All files in one statement: there may be hundreds.
async fn keep_files(
    conn: &mut PgConnection,
    new: &NewResult<'_>,
    artifact: &ArtifactRef,
    files: &[CodeFile],
) -> Result<(), StoreError> {
    let (mut paths, mut digests, mut bytes, mut contents) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for file in files {
        paths.push(file.path.to_string());
        digests.push(Digest::of(file.content.as_bytes()).0);
        bytes.push(long(file.content.len() as u64));
        contents.push(file.content.clone());
    }
    sqlx::query!(
        "insert into artifact_files (workspace_id, project_id, name, version, path, digest, bytes, content)
         select $1, $2, $3, $4, path, digest, bytes, content
         from unnest($5::text[], $6::text[], $7::bigint[], $8::text[]) as files (path, digest, bytes, content)",
        new.task.workspace_id.0,
        new.task.project_id.0,
        artifact.name,
        int(artifact.version),
        &paths,
        &digests,
        &bytes,
        &contents,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Tells that an attempt has written these files, before it is done. What was told before is told once.
///
/// # Errors
/// [`StoreError::NotFound`], [`StoreError::Database`].
pub async fn tell_written(
    mut tx: Tx,
    task: &StageTask,
    files: &[(CodePath, u64)],
    at: Timestamp,
) -> Result<(), StoreError> {
    let mut locked = LockedProject::lock(&mut tx, task.workspace_id, task.project_id).await?;
    let events = files.iter().map(|(path, bytes)| file_event(task, path, *bytes, at)).collect();
    locked.append(&mut tx, events).await?;
    locked.release(&mut tx).await?;
    tx.commit().await
}

/// An event a file.
fn written(new: &NewResult<'_>, files: &[CodeFile]) -> Vec<NewEvent> {
    let event = |file: &CodeFile| file_event(new.task, &file.path, file.content.len() as u64, new.at);
    files.iter().map(event).collect()
}

fn file_event(task: &StageTask, path: &CodePath, bytes: u64, at: Timestamp) -> NewEvent {
    let cause = Cause::Stage { stage: task.stage.clone(), attempt: task.attempt, parked: 0 };
    let kind = EventKind::FileWritten;
    NewEvent {
        event_id: event_id(task.project_id, &cause, kind, Some(path.as_str())),
        kind,
        cause,
        item: Some(path.to_string()),
        actor: Actor::System,
        at,
        payload: json!({"stage": task.stage, "attempt": task.attempt, "path": path, "bytes": bytes}),
    }
}

async fn advise(conn: &mut PgConnection, new: &NewResult<'_>) -> Result<(), StoreError> {
    let Product::Advice { gate, request_id, artifact, advice } = &new.product else { return Ok(()) };
    let recommendation = match advice.recommendation {
        Recommendation::Approve => "approve",
        Recommendation::Revise => "revise",
    };
    let reasons: Vec<String> = advice.reasons.iter().map(|reason| clean::text(reason)).collect();
    sqlx::query!(
        "insert into advice (workspace_id, project_id, stage, attempt, gate, request_id, artifact_name, artifact_version,
             artifact_digest, recommendation, reasons, model, prompt_digest)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        new.task.workspace_id.0,
        new.task.project_id.0,
        new.task.stage.0,
        int(new.task.attempt),
        gate,
        request_id,
        artifact.name,
        int(artifact.version),
        artifact.digest.0,
        recommendation,
        &reasons,
        new.model,
        new.prompt_digest.map(|digest| digest.0.as_str()),
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn ask(conn: &mut PgConnection, new: &NewResult<'_>, asked: &PersonAsked) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into agent_questions (workspace_id, project_id, stage, attempt, request_id, question, reason, digest, call_id,
             work, answers)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        new.task.workspace_id.0,
        new.task.project_id.0,
        new.task.stage.0,
        int(new.task.attempt),
        asked.request_id,
        clean::text(&asked.question),
        clean::text(&asked.reason),
        digest_of(asked).0,
        clean::text(&asked.call_id),
        Json(&asked.work) as _,
        Json(&asked.answers) as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}
