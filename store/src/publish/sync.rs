//! Makes the tables agree with what the state machine holds for current.

use crate::StoreError;
use crate::artifacts::manifest;
use crate::clean::{self, instant, int};
use crate::events::actor_columns;
use groundwork_domain::ProjectId;
use groundwork_domain::document::audit::Recommendation;
use groundwork_domain::publication::Publication;
use sqlx::PgConnection;

/// One row an attempt.
pub(super) async fn tasks(conn: &mut PgConnection, publication: &Publication) -> Result<(), StoreError> {
    let (mut stages, mut attempts, mut agents, mut states) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for task in &publication.view.tasks {
        stages.push(task.stage.0.clone());
        attempts.push(int(task.attempt));
        agents.push(task.agent.clone());
        states.push(task.status.as_str().to_owned());
    }
    sqlx::query!(
        "insert into tasks (workspace_id, project_id, stage, attempt, agent, status, position)
         select $1, $2, stage, attempt, agent, status, position
         from unnest($3::text[], $4::integer[], $5::text[], $6::text[]) with ordinality
             as task (stage, attempt, agent, status, position)
         on conflict (project_id, stage, attempt) do update
         set agent = excluded.agent, status = excluded.status, position = excluded.position, updated_at = now()
         where tasks.status <> excluded.status or tasks.position <> excluded.position",
        publication.workspace_id.0,
        publication.project_id.0,
        &stages,
        &attempts,
        &agents,
        &states,
    )
    .execute(&mut *conn)
    .await?;
    // A worker that died, or a call that was closed, may have left a text that nobody will write on.
    sqlx::query!(
        "delete from stream_tail as tail
         where project_id = $1 and not exists (
             select from tasks
             where tasks.project_id = $1 and tasks.stage = tail.stage and tasks.attempt = tail.attempt
               and tasks.status = 'working')",
        publication.project_id.0,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// One row a stage that is failed now: its dead letter. What is failed no more has none.
pub(super) async fn failures(conn: &mut PgConnection, publication: &Publication) -> Result<(), StoreError> {
    let view = &publication.view;
    // Publications of an older build name the latest failure only.
    let others = view.failures.iter();
    let failures: Vec<_> =
        if view.failures.is_empty() { view.failure.iter().collect() } else { others.collect() };
    let stages: Vec<_> = failures.iter().map(|failure| failure.stage.0.clone()).collect();
    sqlx::query!(
        "delete from stage_failures where project_id = $1 and stage <> all($2)",
        publication.project_id.0,
        &stages,
    )
    .execute(&mut *conn)
    .await?;
    for failure in failures {
        sqlx::query!(
            "insert into stage_failures (workspace_id, project_id, stage, attempt, code, is_permanent, calls, failed_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8)
             on conflict (project_id, stage) do update
             set attempt = excluded.attempt, code = excluded.code, is_permanent = excluded.is_permanent,
                 calls = excluded.calls, failed_at = excluded.failed_at",
            publication.workspace_id.0,
            publication.project_id.0,
            failure.stage.0,
            int(failure.attempt),
            clean::text(&failure.failure.code),
            failure.failure.permanent,
            int(failure.failure.calls),
            instant(failure.at),
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

struct Row {
    name: String,
    version: i32,
    kind: String,
    content: String,
    makes_stale: Vec<i32>,
}

/// Marks which versions are current, and what follows from those that have just become so or are so no more.
pub(super) async fn artifacts(conn: &mut PgConnection, publication: &Publication) -> Result<(), StoreError> {
    let project = publication.project_id;
    let (names, versions): (Vec<_>, Vec<_>) = publication
        .view
        .artifacts
        .iter()
        .map(|artifact| (artifact.name.clone(), int(artifact.version)))
        .unzip();
    withdraw(conn, project, &names).await?;
    let new = sqlx::query_as!(
        Row,
        r#"select artifact.name, artifact.version, artifact.kind,
               case when artifact.kind = 'prompts' then artifact.content else '' end as "content!", artifact.makes_stale
           from artifacts as artifact
           join unnest($2::text[], $3::integer[]) as wanted (name, version)
               on artifact.name = wanted.name and artifact.version = wanted.version
           where artifact.project_id = $1 and artifact.state <> 'current'"#,
        project.0,
        &names,
        &versions,
    )
    .fetch_all(&mut *conn)
    .await?;
    // What was replaced first: a name has one current version at any time.
    let replaced: Vec<_> = new.iter().map(|row| row.name.clone()).collect();
    if replaced.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "update artifacts set state = 'superseded' where project_id = $1 and name = any($2) and state = 'current'",
        project.0,
        &replaced,
    )
    .execute(&mut *conn)
    .await?;
    for row in &new {
        sqlx::query!(
            "update artifacts set state = 'current' where project_id = $1 and name = $2 and version = $3",
            project.0,
            row.name,
            row.version,
        )
        .execute(&mut *conn)
        .await?;
        match row.kind.as_str() {
            "prompts" => prompts(conn, project, &row.content).await?,
            "review" => findings(conn, project, &row.name, row.version).await?,
            _ => {}
        }
        mark_stale(conn, project, &row.makes_stale).await?;
    }
    Ok(())
}

/// What the state machine holds no more was taken back (revise, rewind, edit, an amended answer): nobody is given it as
/// the present one, whether or not something takes its place.
async fn withdraw(conn: &mut PgConnection, project: ProjectId, held: &[String]) -> Result<(), StoreError> {
    let gone = sqlx::query!(
        "update artifacts set state = 'superseded'
         where project_id = $1 and state = 'current' and name <> all($2)
         returning name, kind",
        project.0,
        held,
    )
    .fetch_all(&mut *conn)
    .await?;
    for row in &gone {
        match row.kind.as_str() {
            "prompts" => current_prompts(conn, project, &[], &[]).await?,
            "review" => close_findings(conn, project, &row.name).await?,
            _ => {}
        }
    }
    Ok(())
}

/// A review that counts no more asks for nothing.
async fn close_findings(conn: &mut PgConnection, project: ProjectId, review: &str) -> Result<(), StoreError> {
    sqlx::query!(
        "update findings set state = 'superseded'
         where project_id = $1 and review = $2 and state in ('open', 'reported')",
        project.0,
        review,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The set's versions become current; a prompt that was written anew is not stale.
async fn prompts(conn: &mut PgConnection, project: ProjectId, content: &str) -> Result<(), StoreError> {
    let (numbers, versions): (Vec<_>, Vec<_>) =
        manifest(content)?.iter().map(|entry| (int(entry.number), int(entry.version))).unzip();
    current_prompts(conn, project, &numbers, &versions).await
}

/// These versions are current, and no others.
async fn current_prompts(
    conn: &mut PgConnection,
    project: ProjectId,
    numbers: &[i32],
    versions: &[i32],
) -> Result<(), StoreError> {
    sqlx::query!(
        "update prompts set is_current = false
         where project_id = $1 and is_current and not exists (
             select from unnest($2::integer[], $3::integer[]) as wanted (number, version)
             where wanted.number = prompts.number and wanted.version = prompts.version)",
        project.0,
        numbers,
        versions,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "update prompts set is_current = true
         from unnest($2::integer[], $3::integer[]) as wanted (number, version)
         where project_id = $1 and prompts.number = wanted.number and prompts.version = wanted.version and not is_current",
        project.0,
        numbers,
        versions,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What an earlier review wanted of the writer is mended, for what is left of it stands in this one.
async fn findings(
    conn: &mut PgConnection,
    project: ProjectId,
    review: &str,
    version: i32,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update findings
         set state = case
             when review_version = $3 then 'open'
             when layer = 'prompt' then 'mended'
             else 'superseded'
         end
         where project_id = $1 and review = $2
           and (review_version = $3 or review_version < $3 and state in ('open', 'reported'))",
        project.0,
        review,
        version,
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn mark_stale(conn: &mut PgConnection, project: ProjectId, numbers: &[i32]) -> Result<(), StoreError> {
    if numbers.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "update prompts set is_stale = true where project_id = $1 and is_current and number = any($2)",
        project.0,
        numbers,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// One row a request to people. What the advisor and the asking agent wrote lies beside their results.
pub(super) async fn requests(conn: &mut PgConnection, publication: &Publication) -> Result<(), StoreError> {
    for request in &publication.view.requests {
        let approvals = serde_json::to_value(&request.approvals)
            .map_err(|error| StoreError::Corrupt { what: "approvals", reason: error.to_string() })?;
        let artifact = request.artifact.as_ref();
        sqlx::query!(
            r#"insert into hitl_requests (id, workspace_id, project_id, kind, gate, stage, attempt, digest, artifact_name,
                 artifact_version, request_content, status, role_least, approvals_needed, approvals, four_eyes, operators,
                 deadline_at, recommendation, reason, response_content, decided_by, decided_at, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,
                 coalesce((select question from agent_questions where request_id = $1), ''), $11, $12, $13, $14, $15, $16, $17,
                 $18, (select array_to_string(reasons, e'\n') from advice where request_id = $1 order by attempt desc limit 1),
                 (select comment from gate_decisions where request_id = $1 order by at desc limit 1), $19, $20, $21)
             on conflict (id) do update
             set digest = excluded.digest, artifact_name = excluded.artifact_name,
                 artifact_version = excluded.artifact_version, request_content = excluded.request_content,
                 status = excluded.status, approvals = excluded.approvals, deadline_at = excluded.deadline_at,
                 recommendation = excluded.recommendation, reason = excluded.reason,
                 response_content = excluded.response_content, decided_by = excluded.decided_by,
                 decided_at = excluded.decided_at, updated_at = now()"#,
            request.request_id,
            publication.workspace_id.0,
            publication.project_id.0,
            request.kind.as_str(),
            request.gate,
            request.stage.0,
            int(request.attempt),
            request.digest.0,
            artifact.map(|artifact| artifact.name.as_str()),
            artifact.map(|artifact| int(artifact.version)),
            request.status.as_str(),
            request.role.as_str(),
            int(request.approvals_needed),
            approvals,
            request.four_eyes,
            request.operators,
            request.deadline.map(instant),
            request.recommendation.map(recommendation_word),
            request.decided_by.and_then(|actor| actor_columns(actor).1),
            request.decided_at.map(instant),
            instant(request.created_at),
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

fn recommendation_word(recommendation: Recommendation) -> &'static str {
    match recommendation {
        Recommendation::Approve => "approve",
        Recommendation::Revise => "revise",
    }
}
