//! Where a version of an artifact comes from: what it was written from, by which calls to which models, what reviews found in it and what
//! people decided on it.

use crate::StoreError;
use crate::project_texts::{ArtifactItem, FindingItem};
use chrono::{DateTime, Utc};
use groundwork_domain::ProjectId;
use rust_decimal::Decimal;
use serde::Serialize;
use sqlx::PgConnection;
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

/// Where a version comes from that counts or once counted.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn of_version(
    conn: &mut PgConnection,
    project: ProjectId,
    artifact: ArtifactItem,
) -> Result<Provenance, StoreError> {
    let row = sqlx::query!(
        "select prompt_digest, command_id from artifacts where project_id = $1 and name = $2 and version = $3",
        project.0,
        artifact.name,
        artifact.version,
    )
    .fetch_optional(&mut *conn)
    .await?;
    let (prompt_digest, written_by) = row.map_or((None, None), |row| (row.prompt_digest, row.command_id));
    // A person's version has the stage and attempt of what it was made from, and no calls of its own.
    let calls = match artifact.author_id {
        Some(_) => Vec::new(),
        None => calls(&mut *conn, project, &artifact.stage, artifact.attempt).await?,
    };
    Ok(Provenance {
        prompt_digest,
        attempts: artifact.attempt,
        calls,
        findings: findings(&mut *conn, project, &artifact.digest).await?,
        decisions: decisions(conn, project, Some((&artifact.digest, written_by))).await?,
        artifact,
    })
}

async fn calls(
    conn: &mut PgConnection,
    project: ProjectId,
    stage: &str,
    attempt: i32,
) -> Result<Vec<CallItem>, StoreError> {
    Ok(sqlx::query_as!(
        CallItem,
        r#"select call_no, state, provider, model, parameters, inputs_digest as "inputs_digest!: String",
                  prompt_digest as "prompt_digest!: String",
                  encode(sha256(convert_to(reply, 'UTF8')), 'hex') as reply_digest,
                  input_tokens + cache_write_5m_tokens + cache_write_1h_tokens + cache_read_tokens as "input_tokens!",
                  output_tokens, cost_usd, estimated, simulated, carried_from, started_at, finished_at
           from model_calls where project_id = $1 and stage = $2 and attempt = $3 order by call_no"#,
        project.0,
        stage,
        attempt,
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|call| CallItem { cost_usd: call.cost_usd.normalize(), ..call })
    .collect())
}

async fn findings(
    conn: &mut PgConnection,
    project: ProjectId,
    digest: &str,
) -> Result<Vec<FindingItem>, StoreError> {
    Ok(sqlx::query_as!(
        FindingItem,
        "select f.id, f.review_version, f.severity, f.layer, f.prompts, f.requirements, f.problem, f.fix, f.state
         from findings f
         join artifacts a on a.project_id = f.project_id and a.name = f.review and a.version = f.review_version
         where f.project_id = $1 and f.state <> 'reported'
           and a.sources @> jsonb_build_array(jsonb_build_object('source', 'artifact', 'digest', $2::text))
         order by f.review, f.review_version, f.position",
        project.0,
        digest,
    )
    .fetch_all(conn)
    .await?)
}

/// What people decided in a project, in order; of one version what they decided on its text, and the amendment that put it in place: its
/// digest, and the command that wrote it.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn decisions(
    conn: &mut PgConnection,
    project: ProjectId,
    of: Option<(&str, Option<Uuid>)>,
) -> Result<Vec<DecisionItem>, StoreError> {
    let (digest, written_by) = of.unzip();
    Ok(sqlx::query_as!(
        DecisionItem,
        r#"select command_id, request_id, gate, digest as "digest!: String", decision, comment, role, actor, actor_id, at
           from gate_decisions
           where project_id = $1 and ($2::text is null or digest = $2 or command_id = $3) order by at, command_id"#,
        project.0,
        digest,
        written_by.flatten(),
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
