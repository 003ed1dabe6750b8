//! Checkpoints of model calls: claimed before they are made, finished once, never bought twice.
//!
//! The database's clock decides whether a lease is alive, so that workers' clocks need not agree.

mod claim;

use crate::clean::{self, int, large, long};
use crate::usage::{Entry, PurchaseEnd, Spending, book};
use crate::{Store, StoreError};
use groundwork_domain::{Digest, ProjectId, StageId, UserId, WorkspaceId};
use rust_decimal::Decimal;
use serde_json::Value;
use sqlx::PgConnection;
use std::fmt;
use std::time::Duration;
use uuid::Uuid;

pub use claim::claim;

/// How long a worker is believed to live after it last said so.
pub const LEASE: Duration = Duration::from_secs(5);

/// Names a call: the same work under the same key is bought once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CallKey {
    /// The project.
    pub project_id: ProjectId,
    /// The stage.
    pub stage: StageId,
    /// Its attempt: 1, 2, …
    pub attempt: u32,
    /// 1 for the call itself, 2 and 3 for repair turns.
    pub call_no: u32,
}

impl fmt::Display for CallKey {
    /// As the header `x-groundwork-call-key` has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}", self.project_id, self.stage, self.attempt, self.call_no)
    }
}

/// A call that somebody wants to make.
#[derive(Clone, Debug)]
pub struct CallRequest {
    /// The tenant.
    pub workspace_id: WorkspaceId,
    /// Whose usage it is.
    pub user_id: UserId,
    /// Its name.
    pub key: CallKey,
    /// Of what the stage reads, not of the rendered prompt.
    pub inputs_digest: Digest,
    /// Of the rendered prompt.
    pub prompt_digest: Digest,
    /// The agent.
    pub agent: String,
    /// The provider that will be asked first.
    pub provider: String,
    /// The model that will be asked first.
    pub model: String,
    /// What else shapes the reply: output cap, effort.
    pub parameters: Value,
    /// What is booked if the call is lost with its worker: tokens read.
    pub assumed_input_tokens: u64,
    /// What is booked if the call is lost with its worker: US dollars.
    pub assumed_cost_usd: Decimal,
}

/// A call that was paid for.
#[derive(Clone, Debug, PartialEq)]
pub struct FinishedCall {
    /// The whole text.
    pub reply: String,
    /// Its pieces, where they are more than text: calls of tools, thinking. Read by `agents` alone.
    pub parts: Option<Value>,
    /// Why the model stopped.
    pub stop_reason: Option<String>,
    /// Who sold it.
    pub provider: String,
    /// The model that answered.
    pub model: String,
    /// Tokens that the model wrote.
    pub output_tokens: u64,
    /// Of the prompt that it answered.
    pub prompt_digest: Digest,
    /// True where a simulator answered.
    pub simulated: bool,
}

/// Whose turn it is to make a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Claim {
    /// Nobody's: it was paid for.
    Finished(Box<FinishedCall>),
    /// Somebody makes it now; ask again after a moment.
    Leased {
        /// Which worker process.
        worker: Uuid,
    },
    /// The caller's, as purchase number so and so under this key.
    Yours {
        /// 1, 2, …
        purchase: u32,
    },
}

/// A call that is being made: what its end is booked to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The tenant.
    pub workspace_id: WorkspaceId,
    /// Whose usage it is.
    pub user_id: UserId,
    /// Its name.
    pub key: CallKey,
    /// Which purchase under that name.
    pub purchase: u32,
    /// The agent.
    pub agent: String,
}

/// A reply on its way to the database.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The whole text.
    pub text: String,
    /// Its pieces, where they are more than text.
    pub parts: Option<Value>,
    /// Why the model stopped.
    pub stop_reason: Option<String>,
    /// What it took.
    pub spending: Spending,
    /// True where the model has no price.
    pub unpriced: bool,
    /// The provider's usage as it came.
    pub raw_usage: Option<Value>,
    /// The provider's name for the request.
    pub request_id: Option<String>,
}

/// Stores a reply and books what it took. Idempotent. Returns the reply that counts: another one where that was stored
/// first, for a finished call is never written again.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn finish(conn: &mut PgConnection, held: &Held, reply: &Reply) -> Result<FinishedCall, StoreError> {
    let (key, spending) = (&held.key, &reply.spending);
    let tokens = &spending.tokens;
    // The order of locks is the call's row, then the project's, as in `claim`.
    let stored = sqlx::query!(
        "update model_calls
         set state = 'finished', worker_id = null, lease_until = null, reply = $5, stop_reason = $6, provider = $7,
             model = $8, input_tokens = $9, cache_write_5m_tokens = $10, cache_write_1h_tokens = $11,
             cache_read_tokens = $12, output_tokens = $13, raw_usage = $14, cost_usd = $15, unpriced = $16,
             estimated = $17, simulated = $18, request_id = $19, duration_ms = $20, finished_at = clock_timestamp(),
             error = null, parts = $21
         where project_id = $1 and stage = $2 and attempt = $3 and call_no = $4 and state <> 'finished'",
        key.project_id.0,
        key.stage.0,
        int(key.attempt),
        int(key.call_no),
        clean::text(&reply.text),
        reply.stop_reason,
        spending.provider,
        spending.model,
        long(tokens.input),
        long(tokens.cache_write_5m),
        long(tokens.cache_write_1h),
        long(tokens.cache_read),
        long(tokens.output),
        reply.raw_usage.clone().map(clean::json),
        spending.cost_usd,
        reply.unpriced,
        spending.estimated,
        spending.simulated,
        reply.request_id,
        long(spending.duration_ms),
        reply.parts.clone().map(clean::json),
    )
    .execute(&mut *conn)
    .await?
    .rows_affected()
        == 1;
    let end = if stored { PurchaseEnd::Finished } else { PurchaseEnd::Late };
    book(conn, &booking(held, end, spending)).await?;
    finished(conn, key).await?.ok_or(StoreError::NotFound("model call"))
}

fn booking<'a>(held: &'a Held, end: PurchaseEnd, spending: &'a Spending) -> Entry<'a> {
    Entry {
        workspace_id: held.workspace_id,
        user_id: held.user_id,
        key: &held.key,
        purchase: held.purchase,
        agent: &held.agent,
        end,
        spending,
    }
}

/// The call of that name, if it was paid for.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn finished(conn: &mut PgConnection, key: &CallKey) -> Result<Option<FinishedCall>, StoreError> {
    let row = sqlx::query!(
        r#"select reply as "reply!", parts, stop_reason, provider, model, output_tokens, prompt_digest, simulated
           from model_calls
           where project_id = $1 and stage = $2 and attempt = $3 and call_no = $4 and state = 'finished'"#,
        key.project_id.0,
        key.stage.0,
        int(key.attempt),
        int(key.call_no),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| FinishedCall {
        reply: row.reply,
        parts: row.parts,
        stop_reason: row.stop_reason,
        provider: row.provider,
        model: row.model,
        output_tokens: large(row.output_tokens),
        prompt_digest: Digest(row.prompt_digest),
        simulated: row.simulated,
    }))
}

/// Gives a call back without a reply, so that the next attempt may make it at once. `spending` is what had been bought
/// until then, if anything.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn give_up(
    conn: &mut PgConnection,
    held: &Held,
    end: PurchaseEnd,
    error: &Value,
    spending: Option<&Spending>,
) -> Result<(), StoreError> {
    let key = &held.key;
    sqlx::query!(
        "update model_calls
         set state = 'failed', worker_id = null, lease_until = null, error = $6, finished_at = clock_timestamp()
         where project_id = $1 and stage = $2 and attempt = $3 and call_no = $4 and purchase = $5 and state = 'leased'",
        key.project_id.0,
        key.stage.0,
        int(key.attempt),
        int(key.call_no),
        int(held.purchase),
        clean::json(error.clone()),
    )
    .execute(&mut *conn)
    .await?;
    if let Some(spending) = spending {
        book(conn, &booking(held, end, spending)).await?;
    }
    Ok(())
}

/// Lets an attempt use the finished calls of an earlier one that read the same: all of them, or those before the one that was
/// the cause of its failure, since what comes behind a call was asked with its reply in mind.
/// Returns how many there are. Idempotent.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn carry_over(
    conn: &mut PgConnection,
    project: ProjectId,
    stage: &StageId,
    (from, to): (u32, u32),
    cause_call: Option<u32>,
    inputs_digest: &Digest,
) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "insert into model_calls (workspace_id, project_id, user_id, stage, attempt, call_no, inputs_digest, prompt_digest,
             agent, provider, model, parameters, state, reply, parts, stop_reason, input_tokens, cache_write_5m_tokens,
             cache_write_1h_tokens, cache_read_tokens, output_tokens, raw_usage, cost_usd, unpriced, estimated, simulated,
             request_id, started_at, finished_at, duration_ms, carried_from)
         select workspace_id, project_id, user_id, stage, $4, call_no, inputs_digest, prompt_digest, agent, provider, model,
             parameters, state, reply, parts, stop_reason, input_tokens, cache_write_5m_tokens, cache_write_1h_tokens,
             cache_read_tokens, output_tokens, raw_usage, cost_usd, unpriced, estimated, simulated, request_id, started_at,
             finished_at, duration_ms, coalesce(carried_from, attempt)
         from model_calls
         where project_id = $1 and stage = $2 and attempt = $3 and state = 'finished' and inputs_digest = $6
           and ($5::integer is null or call_no < $5)
         on conflict (project_id, stage, attempt, call_no) do nothing",
        project.0,
        stage.0,
        int(from),
        int(to),
        cause_call.map(int),
        inputs_digest.0,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Says that the worker lives, for all calls that it makes: one statement. Returns how many of them it still holds.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn renew(store: &Store, worker: Uuid, held: &[Held]) -> Result<u64, StoreError> {
    let (mut projects, mut stages, mut attempts, mut calls, mut purchases) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for Held { key, purchase, .. } in held {
        projects.push(key.project_id.0);
        stages.push(key.stage.0.clone());
        attempts.push(int(key.attempt));
        calls.push(int(key.call_no));
        purchases.push(int(*purchase));
    }
    let renewed = sqlx::query_scalar!(
        r#"select renew_leases($1, $2, $3, $4, $5, $6, $7) as "renewed!""#,
        worker,
        &projects,
        &stages,
        &attempts,
        &calls,
        &purchases,
        i64::try_from(LEASE.as_millis()).unwrap_or(i64::MAX),
    )
    .fetch_one(store.pool())
    .await?;
    Ok(large(renewed))
}

/// Whether anybody still waits for this attempt. One that the read model does not show yet is wanted.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn is_wanted(
    conn: &mut PgConnection,
    project: ProjectId,
    stage: &StageId,
    attempt: u32,
) -> Result<bool, StoreError> {
    let wanted = sqlx::query_scalar!(
        r#"select lifecycle = 'active' and phase <> 'cancelled' and not exists (
               select from tasks
               where project_id = $1 and stage = $2
                 and (attempt > $3 or attempt = $3 and status in ('completed', 'failed', 'superseded', 'cancelled'))
           ) as "wanted!"
           from projects where id = $1"#,
        project.0,
        stage.0,
        int(attempt),
    )
    .fetch_optional(conn)
    .await?;
    Ok(wanted.unwrap_or(false))
}
