//! Where a version of an artifact comes from: what it was written from, by which calls to which models, what reviews found in it and what
//! people decided on it.

use crate::StoreError;
use crate::project_texts::{ArtifactItem, FindingItem};
use chrono::{DateTime, Utc};
use groundwork_domain::ProjectId;
use rust_decimal::Decimal;
use serde::Serialize;
use sqlx::PgConnection;
use std::collections::HashMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// A call to a model that an attempt made.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CallItem {
    /// 1 for the call itself, more for repairs and turns of tools.
    pub call_no: i32,
    /// `finished`, `failed` or `leased`.
    pub state: String,
    /// Who sold it.
    pub provider: String,
    /// The model that answered.
    pub model: String,
    /// What else shaped the reply.
    #[schema(value_type = Object)]
    pub parameters: serde_json::Value,
    /// SHA-256 over what the stage read.
    pub inputs_digest: String,
    /// SHA-256 of the rendered prompt.
    pub prompt_digest: String,
    /// SHA-256 of the reply.
    pub reply_digest: Option<String>,
    /// Tokens read, cached ones included.
    pub input_tokens: i64,
    /// Tokens written.
    pub output_tokens: i64,
    /// US dollars.
    pub cost_usd: Decimal,
    /// Whether the counters are not the provider's own.
    pub estimated: bool,
    /// Whether a simulator answered.
    pub simulated: bool,
    /// The failed attempt that bought it first.
    pub carried_from: Option<i32>,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
}

/// What a person decided on a version.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DecisionItem {
    /// The command that carried it.
    pub command_id: Uuid,
    /// The request that it settles.
    pub request_id: Uuid,
    /// The gate.
    pub gate: String,
    /// SHA-256 of what was read.
    pub digest: String,
    /// `approve`, `amend`, `request_changes` or `reject`.
    pub decision: String,
    /// Why.
    pub comment: Option<String>,
    /// As what: the role at that time.
    pub role: Option<String>,
    /// `user`, `operator` or `system`.
    pub actor: String,
    /// Who.
    pub actor_id: Option<Uuid>,
    /// When.
    pub at: DateTime<Utc>,
}

/// What an agent asked a person in the middle of its work.
#[derive(Clone, Debug, Serialize)]
pub struct AskedItem {
    /// The request that decisions name.
    pub request_id: Uuid,
    /// The stage, which is the gate that decisions name.
    pub stage: String,
    /// The attempt that asked.
    pub attempt: i32,
    /// The question.
    pub question: String,
    /// Why it was asked.
    pub reason: String,
    /// SHA-256 of question and reason, each behind its length in bytes (64 bits, big-endian).
    pub digest: String,
    /// When.
    pub asked_at: DateTime<Utc>,
}

/// Where a version of an artifact comes from.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Provenance {
    /// The version; its `sources` are what it was written from, with digests.
    pub artifact: ArtifactItem,
    /// SHA-256 of the prompt that it was written with; none: a person wrote it.
    pub prompt_digest: Option<String>,
    /// Attempts of its stage up to the one that wrote it.
    pub attempts: i32,
    /// The calls of the attempt that wrote it.
    pub calls: Vec<CallItem>,
    /// What reviews of exactly this version found.
    pub findings: Vec<FindingItem>,
    /// What people decided on exactly this version, and the amendment that put it in place.
    pub decisions: Vec<DecisionItem>,
}

/// Where versions come from that count or once counted, in their order: four queries, however many they are.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn of_versions(
    conn: &mut PgConnection,
    project: ProjectId,
    versions: Vec<ArtifactItem>,
) -> Result<Vec<Provenance>, StoreError> {
    let mut writings = writings(&mut *conn, project, &versions).await?;
    let calls = calls(&mut *conn, project, &versions).await?;
    let findings = findings(&mut *conn, project, &versions).await?;
    let decisions = decisions(conn, project).await?;
    let of_version = |artifact: ArtifactItem| {
        let writing = writings.remove(&(artifact.name.clone(), artifact.version)).unwrap_or_default();
        // A person's version has the stage and attempt of what it was made from, and no calls of its own.
        let by_agent = artifact.author_id.is_none().then(|| (artifact.stage.clone(), artifact.attempt));
        let put_in_place = |decision: &DecisionItem| Some(decision.command_id) == writing.command_id;
        let concerns =
            |decision: &&DecisionItem| decision.digest == artifact.digest || put_in_place(decision);
        Provenance {
            prompt_digest: writing.prompt_digest,
            attempts: artifact.attempt,
            calls: by_agent.and_then(|attempt| calls.get(&attempt).cloned()).unwrap_or_default(),
            findings: findings.get(&artifact.digest).cloned().unwrap_or_default(),
            decisions: decisions.iter().filter(concerns).cloned().collect(),
            artifact,
        }
    };
    Ok(versions.into_iter().map(of_version).collect())
}

/// How a version was written: by a prompt, or by a person's command.
#[derive(Default)]
struct Writing {
    prompt_digest: Option<String>,
    command_id: Option<Uuid>,
}

async fn writings(
    conn: &mut PgConnection,
    project: ProjectId,
    versions: &[ArtifactItem],
) -> Result<HashMap<(String, i32), Writing>, StoreError> {
    let names: Vec<String> = versions.iter().map(|version| version.name.clone()).collect();
    let numbers: Vec<i32> = versions.iter().map(|version| version.version).collect();
    let rows = sqlx::query!(
        "select a.name, a.version, a.prompt_digest, a.command_id
         from artifacts a join unnest($2::text[], $3::integer[]) as wanted (name, version) using (name, version)
         where a.project_id = $1",
        project.0,
        &names,
        &numbers,
    )
    .fetch_all(conn)
    .await?;
    let writing = |prompt_digest, command_id| Writing { prompt_digest, command_id };
    Ok(rows
        .into_iter()
        .map(|row| ((row.name, row.version), writing(row.prompt_digest, row.command_id)))
        .collect())
}

/// The calls of each attempt that wrote one of the versions, in their order.
async fn calls(
    conn: &mut PgConnection,
    project: ProjectId,
    versions: &[ArtifactItem],
) -> Result<HashMap<(String, i32), Vec<CallItem>>, StoreError> {
    let by_agents = || versions.iter().filter(|version| version.author_id.is_none());
    let stages: Vec<String> = by_agents().map(|version| version.stage.clone()).collect();
    let attempts: Vec<i32> = by_agents().map(|version| version.attempt).collect();
    let rows = sqlx::query!(
        r#"select stage, attempt, call_no, state, provider, model, parameters, inputs_digest as "inputs_digest!: String",
                  prompt_digest as "prompt_digest!: String",
                  encode(sha256(convert_to(reply, 'UTF8')), 'hex') as reply_digest,
                  input_tokens + cache_write_5m_tokens + cache_write_1h_tokens + cache_read_tokens as "input_tokens!",
                  output_tokens, cost_usd, estimated, simulated, carried_from, started_at, finished_at
           from model_calls
           where project_id = $1 and (stage, attempt) in (select * from unnest($2::text[], $3::integer[]))
           order by call_no"#,
        project.0,
        &stages,
        &attempts,
    )
    .fetch_all(conn)
    .await?;
    let mut calls: HashMap<(String, i32), Vec<CallItem>> = HashMap::new();
    for row in rows {
        calls.entry((row.stage, row.attempt)).or_default().push(CallItem {
            call_no: row.call_no,
            state: row.state,
            provider: row.provider,
            model: row.model,
            parameters: row.parameters,
            inputs_digest: row.inputs_digest,
            prompt_digest: row.prompt_digest,
            reply_digest: row.reply_digest,
            input_tokens: row.input_tokens,
            output_tokens: row.output_tokens,
            cost_usd: row.cost_usd.normalize(),
            estimated: row.estimated,
            simulated: row.simulated,
            carried_from: row.carried_from,
            started_at: row.started_at,
            finished_at: row.finished_at,
        });
    }
    Ok(calls)
}

/// What reviews of each version found, under the version's digest.
async fn findings(
    conn: &mut PgConnection,
    project: ProjectId,
    versions: &[ArtifactItem],
) -> Result<HashMap<String, Vec<FindingItem>>, StoreError> {
    let digests: Vec<String> = versions.iter().map(|version| version.digest.clone()).collect();
    let rows = sqlx::query!(
        r#"select reviewed.digest as "digest!", f.id, f.review_version, f.severity, f.layer, f.prompts, f.requirements,
                  f.problem, f.fix, f.state
           from (select distinct unnest($2::text[]) as digest) reviewed
           join artifacts a on a.project_id = $1
             and a.sources @> jsonb_build_array(jsonb_build_object('source', 'artifact', 'digest', reviewed.digest))
           join findings f
             on f.project_id = a.project_id and f.review = a.name and f.review_version = a.version and f.state <> 'reported'
           order by f.review, f.review_version, f.position"#,
        project.0,
        &digests,
    )
    .fetch_all(conn)
    .await?;
    let mut findings: HashMap<String, Vec<FindingItem>> = HashMap::new();
    for row in rows {
        findings.entry(row.digest).or_default().push(FindingItem {
            id: row.id,
            review_version: row.review_version,
            severity: row.severity,
            layer: row.layer,
            prompts: row.prompts,
            requirements: row.requirements,
            problem: row.problem,
            fix: row.fix,
            state: row.state,
        });
    }
    Ok(findings)
}

/// What people decided in a project, in order.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn decisions(conn: &mut PgConnection, project: ProjectId) -> Result<Vec<DecisionItem>, StoreError> {
    Ok(sqlx::query_as!(
        DecisionItem,
        r#"select command_id, request_id, gate, digest as "digest!: String", decision, comment, role, actor, actor_id, at
           from gate_decisions where project_id = $1 order by at, command_id"#,
        project.0,
    )
    .fetch_all(conn)
    .await?)
}

/// What agents asked people in a project, in order.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn asked(conn: &mut PgConnection, project: ProjectId) -> Result<Vec<AskedItem>, StoreError> {
    Ok(sqlx::query_as!(
        AskedItem,
        r#"select request_id, stage, attempt, question, reason, digest as "digest!: String", asked_at
           from agent_questions where project_id = $1 order by asked_at, request_id"#,
        project.0,
    )
    .fetch_all(conn)
    .await?)
}
