//! `publish`: notices, people's texts, read model and state snapshot in one transaction.
//!
//! What happened is stored whenever it comes; the read model only by a publication newer than the last. So a local
//! activity whose task was lost, and the one that is retried in its place, may both run, in any order.

mod sync;
mod texts;

use crate::artifacts::questions;
use crate::clean::{self, instant};
use crate::events::{LockedProject, NewEvent, position_columns};
use crate::{Store, StoreError};
use groundwork_domain::event::{EventKind, Notice};
use groundwork_domain::publication::{Publication, task_id};
use groundwork_domain::quota::{Quota, QuotaUse};
use groundwork_domain::{Lifecycle, ProjectId};
use serde_json::{Value, json};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

/// Writes a publication. Idempotent. Returns the number of the project's last event.
///
/// # Errors
/// [`StoreError::NotFound`] where the workspace has no such project; [`StoreError::Database`].
pub async fn publish(store: &Store, publication: &Publication) -> Result<u64, StoreError> {
    let project = publication.project_id;
    let mut tx = store.workspace(publication.workspace_id).await?;
    let mut locked = LockedProject::lock(&mut tx, publication.workspace_id, project).await?;
    let turns = texts::store(&mut tx, &locked, publication).await?;
    locked.say(&mut tx, turns).await?;
    if publication.position > locked.position {
        write_view(&mut tx, publication).await?;
    }
    let mut events = Vec::with_capacity(publication.notices.len());
    for notice in &publication.notices {
        let payload = hydrate(&mut tx, publication, notice).await?;
        events.push(NewEvent::of_notice(project, notice, payload));
        events.extend(refinements_near(publication, notice));
    }
    locked.append(&mut tx, events).await?;
    let last = locked.release(&mut tx).await?;
    tx.commit().await?;
    Ok(last)
}

/// The row that GETs show. Sums of money and tokens are the ledger's, not the workflow's.
async fn write_view(conn: &mut PgConnection, publication: &Publication) -> Result<(), StoreError> {
    let view = &publication.view;
    let summary = &view.summary;
    let (run, history_length, nth) = position_columns(publication.position);
    // Publications of an older build say only whether it was deleted.
    let lifecycle = if summary.deleted { Lifecycle::Deleted } else { summary.lifecycle };
    sqlx::query!(
        "update projects
         set phase = $2, status = $3, stage = $4, waiting_for = $5, refinements_used = $6, refinements_max = $7,
             summary = $8, failure = $9, completed_at = $10, last_activity_at = $11, snapshot = $12, run = $13,
             history_length = $14, publication_no = $17, simulated = simulated or $15, updated_at = now(),
             parked = parked and not (lifecycle <> 'active' and $16 = 'active'),
             lifecycle = $16,
             deleted_at = case when $16 = 'deleted' then coalesce(deleted_at, now()) end,
             workflow_state = case when $16 = 'active' then 'started' else 'closed' end
         where id = $1",
        publication.project_id.0,
        summary.phase.as_str(),
        summary.status,
        summary.stage.as_ref().map(|stage| stage.0.as_str()),
        summary.waiting_for,
        clean::int(summary.refinements_used),
        clean::int(summary.refinements_max),
        Json(summary) as _,
        view.failure.as_ref().map(Json) as _,
        view.completed_at.map(instant),
        instant(view.last_activity_at),
        clean::json(publication.snapshot.clone()),
        run,
        history_length,
        view.used.simulated,
        lifecycle.as_str(),
        nth,
    )
    .execute(&mut *conn)
    .await?;
    sync::tasks(conn, publication).await?;
    sync::failures(conn, publication).await?;
    sync::requests(conn, publication).await?;
    sync::artifacts(conn, publication).await
}

/// That few refinements are left (B-18), once a project, as for all limits. It is said here and not by the state machine, so that recorded
/// histories stay as they are.
fn refinements_near(publication: &Publication, notice: &Notice) -> Option<NewEvent> {
    let summary = &publication.view.summary;
    let near =
        QuotaUse { quota: Quota::Refinements, used: summary.refinements_used, most: summary.refinements_max };
    (notice.kind == EventKind::RefinementCompleted && near.is_near())
        .then(|| NewEvent::of_limit(publication.project_id, &near, notice.at))
}

/// Completes a payload with what lies in Postgres.
async fn hydrate(
    conn: &mut PgConnection,
    publication: &Publication,
    notice: &Notice,
) -> Result<Value, StoreError> {
    let project = publication.project_id;
    let mut payload = notice.payload.clone();
    name_task(project, notice.kind, &mut payload);
    let (name, value) = match notice.kind {
        EventKind::QuestionsReady => ("questions", asked(conn, project, &payload).await?),
        EventKind::SpecReady => ("spec", spec(publication, &payload)),
        EventKind::RefinementCompleted => ("stale_prompts", stale(conn, project).await?),
        EventKind::WorkflowCompleted => ("findings", open_findings(conn, project).await?),
        EventKind::HitlRequest => ("question", question(conn, &payload).await?),
        EventKind::GateAdvised => ("reason", reason(conn, &payload).await?),
        _ => return Ok(payload),
    };
    if let Value::Object(fields) = &mut payload {
        fields.insert(name.to_owned(), value);
    }
    Ok(payload)
}

/// Events about an attempt name it as a task.
fn name_task(project: ProjectId, kind: EventKind, payload: &mut Value) {
    let is_about_a_task = matches!(
        kind,
        EventKind::TaskStart
            | EventKind::TaskProgress
            | EventKind::TaskComplete
            | EventKind::AgentStatusUpdate
            | EventKind::HitlRequest
    );
    let attempt = payload["attempt"].as_u64().and_then(|attempt| u32::try_from(attempt).ok());
    if let (true, Some(stage), Some(attempt)) = (is_about_a_task, payload["stage"].as_str(), attempt) {
        payload["task_id"] = json!(task_id(project, stage, attempt));
    }
}

/// The questions that the notice names, with their texts.
async fn asked(conn: &mut PgConnection, project: ProjectId, payload: &Value) -> Result<Value, StoreError> {
    let named: Vec<&str> =
        payload["question_ids"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let all = questions(conn, project).await?;
    let asked: Vec<_> = all
        .into_iter()
        .map(|(question, _)| question)
        .filter(|question| named.is_empty() || named.contains(&question.id.as_str()))
        .collect();
    Ok(json!(asked))
}

fn spec(publication: &Publication, payload: &Value) -> Value {
    match &payload["spec"] {
        Value::Null => json!(publication.view.artifacts.iter().find(|artifact| artifact.name == "spec")),
        reference => reference.clone(),
    }
}

/// What the agent asks a person.
async fn question(conn: &mut PgConnection, payload: &Value) -> Result<Value, StoreError> {
    let Some(request) = request_of(payload) else { return Ok(Value::Null) };
    let question = sqlx::query_scalar!("select question from agent_questions where request_id = $1", request)
        .fetch_optional(conn)
        .await?;
    Ok(json!(question))
}

/// Why the advisor says so.
async fn reason(conn: &mut PgConnection, payload: &Value) -> Result<Value, StoreError> {
    let Some(request) = request_of(payload) else { return Ok(Value::Null) };
    let reason = sqlx::query_scalar!(
        "select array_to_string(reasons, e'\\n') from advice where request_id = $1 order by attempt desc limit 1",
        request,
    )
    .fetch_optional(conn)
    .await?;
    Ok(json!(reason.flatten()))
}

fn request_of(payload: &Value) -> Option<Uuid> {
    payload["request_id"].as_str()?.parse().ok()
}

/// Numbers of the prompts that do not fit any more what they cover.
async fn stale(conn: &mut PgConnection, project: ProjectId) -> Result<Value, StoreError> {
    let numbers = sqlx::query_scalar!(
        "select number from prompts where project_id = $1 and is_current and is_stale order by number",
        project.0,
    )
    .fetch_all(conn)
    .await?;
    Ok(json!(numbers))
}

/// What is left for a person to look at.
async fn open_findings(conn: &mut PgConnection, project: ProjectId) -> Result<Value, StoreError> {
    let findings = sqlx::query_scalar!(
        r#"select jsonb_build_object('id', id, 'severity', severity, 'layer', layer, 'prompts', prompts,
               'requirements', requirements, 'problem', problem, 'fix', fix) as "finding!"
           from findings where project_id = $1 and state = 'open' order by review, position"#,
        project.0,
    )
    .fetch_all(conn)
    .await?;
    Ok(Value::Array(findings))
}
