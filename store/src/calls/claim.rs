//! Whose turn it is to make a call.

use super::{CallRequest, Claim, FinishedCall, LEASE};
use crate::StoreError;
use crate::clean::{count, int, large, long};
use crate::usage::{Entry, PurchaseEnd, Spending, book};
use groundwork_domain::Digest;
use groundwork_domain::model::Tokens;
use sqlx::PgConnection;
use uuid::Uuid;

/// Asks whose turn it is to make a call. A lease that ran out is taken over, and what its owner may have bought is
/// booked as assumed.
///
/// # Errors
/// [`StoreError::Corrupt`] where the key was used for other inputs; [`StoreError::Database`].
pub async fn claim(
    conn: &mut PgConnection,
    worker: Uuid,
    request: &CallRequest,
) -> Result<Claim, StoreError> {
    if insert(conn, worker, request).await? {
        return Ok(Claim::Yours { purchase: 1 });
    }
    let key = &request.key;
    let row = sqlx::query!(
        r#"select state, inputs_digest, prompt_digest, reply, parts, stop_reason, provider, model, output_tokens, simulated, purchase,
               worker_id, assumed_input_tokens, assumed_cost_usd, coalesce(lease_until > clock_timestamp(), false) as "is_alive!"
           from model_calls where project_id = $1 and stage = $2 and attempt = $3 and call_no = $4 for update"#,
        key.project_id.0,
        key.stage.0,
        int(key.attempt),
        int(key.call_no),
    )
    .fetch_optional(&mut *conn)
    .await?
    .ok_or(StoreError::NotFound("model call"))?;
    if row.inputs_digest != request.inputs_digest.0 {
        return Err(StoreError::Corrupt {
            what: "model call",
            reason: format!("{key} was for other inputs"),
        });
    }
    match (row.state.as_str(), row.worker_id) {
        ("finished", _) => Ok(Claim::Finished(Box::new(FinishedCall {
            reply: row.reply.unwrap_or_default(),
            parts: row.parts,
            stop_reason: row.stop_reason,
            provider: row.provider,
            model: row.model,
            output_tokens: large(row.output_tokens),
            prompt_digest: Digest(row.prompt_digest),
            simulated: row.simulated,
        }))),
        ("leased", Some(owner)) if row.is_alive => Ok(Claim::Leased { worker: owner }),
        ("leased", _) => {
            let spending = Spending {
                provider: row.provider,
                model: row.model,
                tokens: Tokens { input: large(row.assumed_input_tokens), ..Tokens::default() },
                cost_usd: row.assumed_cost_usd,
                estimated: true,
                simulated: row.simulated,
                duration_ms: 0,
            };
            book(conn, &entry(request, count(row.purchase), PurchaseEnd::Lost, &spending)).await?;
            take(conn, worker, request).await
        }
        _ => take(conn, worker, request).await,
    }
}

fn entry<'a>(request: &'a CallRequest, purchase: u32, end: PurchaseEnd, spending: &'a Spending) -> Entry<'a> {
    Entry {
        workspace_id: request.workspace_id,
        user_id: request.user_id,
        key: &request.key,
        purchase,
        agent: &request.agent,
        end,
        spending,
    }
}

async fn insert(conn: &mut PgConnection, worker: Uuid, request: &CallRequest) -> Result<bool, StoreError> {
    let key = &request.key;
    let done = sqlx::query!(
        "insert into model_calls (workspace_id, project_id, user_id, stage, attempt, call_no, inputs_digest, prompt_digest,
             agent, provider, model, parameters, state, worker_id, lease_until, assumed_input_tokens, assumed_cost_usd)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'leased', $13,
             clock_timestamp() + $14 * interval '1 millisecond', $15, $16)
         on conflict (project_id, stage, attempt, call_no) do nothing",
        request.workspace_id.0,
        key.project_id.0,
        request.user_id.0,
        key.stage.0,
        int(key.attempt),
        int(key.call_no),
        request.inputs_digest.0,
        request.prompt_digest.0,
        request.agent,
        request.provider,
        request.model,
        request.parameters,
        worker,
        lease_ms(),
        long(request.assumed_input_tokens),
        request.assumed_cost_usd,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes a row that is locked and whose call nobody makes.
async fn take(conn: &mut PgConnection, worker: Uuid, request: &CallRequest) -> Result<Claim, StoreError> {
    let key = &request.key;
    let purchase = sqlx::query_scalar!(
        "update model_calls
         set state = 'leased', worker_id = $5, lease_until = clock_timestamp() + $6 * interval '1 millisecond',
             purchase = purchase + 1, prompt_digest = $7, provider = $8, model = $9, parameters = $10, error = null,
             assumed_input_tokens = $11, assumed_cost_usd = $12, started_at = clock_timestamp(), finished_at = null
         where project_id = $1 and stage = $2 and attempt = $3 and call_no = $4
         returning purchase",
        key.project_id.0,
        key.stage.0,
        int(key.attempt),
        int(key.call_no),
        worker,
        lease_ms(),
        request.prompt_digest.0,
        request.provider,
        request.model,
        request.parameters,
        long(request.assumed_input_tokens),
        request.assumed_cost_usd,
    )
    .fetch_one(conn)
    .await?;
    Ok(Claim::Yours { purchase: count(purchase) })
}

fn lease_ms() -> f64 {
    LEASE.as_secs_f64() * 1000.0
}
