//! The ledger: what every purchase took. Append-only; the project's sums are raised in the same transaction.

use crate::StoreError;
use crate::calls::CallKey;
use crate::clean::{int, large, long};
use groundwork_domain::model::Tokens;
use groundwork_domain::work::Used;
use groundwork_domain::{ProjectId, StageId, UserId, WorkspaceId};
use rust_decimal::Decimal;
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// How a purchase ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PurchaseEnd {
    /// Its reply is stored.
    Finished,
    /// The provider broke it off after it had begun.
    Failed,
    /// We closed the stream: the project no longer wanted it, or its time was up.
    Abandoned,
    /// Its worker died; what it took is assumed.
    Lost,
    /// Its reply came when another one was stored already.
    Late,
}

impl PurchaseEnd {
    fn as_str(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::Abandoned => "abandoned",
            Self::Lost => "lost",
            Self::Late => "late",
        }
    }
}

/// What a purchase took.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spending {
    /// Who sold it.
    pub provider: String,
    /// The model that answered.
    pub model: String,
    /// The five counters.
    pub tokens: Tokens,
    /// US dollars.
    pub cost_usd: Decimal,
    /// True where the counters are not the provider's own.
    pub estimated: bool,
    /// True where a simulator answered.
    pub simulated: bool,
    /// Milliseconds from request to end.
    pub duration_ms: u64,
}

/// One row of the ledger.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) workspace_id: WorkspaceId,
    pub(crate) user_id: UserId,
    pub(crate) key: &'a CallKey,
    pub(crate) purchase: u32,
    pub(crate) agent: &'a str,
    pub(crate) end: PurchaseEnd,
    pub(crate) spending: &'a Spending,
}

/// Books a purchase; a second booking of the same purchase changes nothing.
pub(crate) async fn book(conn: &mut PgConnection, entry: &Entry<'_>) -> Result<(), StoreError> {
    let Entry { key, spending, .. } = entry;
    let tokens = &spending.tokens;
    let id = Uuid::new_v5(&key.project_id.0, format!("{key}/{}", entry.purchase).as_bytes());
    let input = tokens.input + tokens.cache_write_5m + tokens.cache_write_1h + tokens.cache_read;
    sqlx::query!(
        "with booked as (
             insert into usage_entries (id, workspace_id, project_id, user_id, stage, attempt, call_no, purchase, agent,
                 provider, model, outcome, input_tokens, cache_write_5m_tokens, cache_write_1h_tokens, cache_read_tokens,
                 output_tokens, cost_usd, estimated, simulated, duration_ms, started_at, ended_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21::bigint,
                 clock_timestamp() - $21::bigint * interval '1 millisecond', clock_timestamp())
             on conflict (id) do nothing
             returning 1
         )
         update projects
         set cost_usd = cost_usd + $18, input_tokens = input_tokens + $22, output_tokens = output_tokens + $17,
             active_ms = active_ms + case when $12 = 'lost' then 0 else $21::bigint end,
             model_calls = model_calls + 1, simulated = simulated or $20
         where id = $3 and exists (select from booked)",
        id,
        entry.workspace_id.0,
        key.project_id.0,
        entry.user_id.0,
        key.stage.0,
        int(key.attempt),
        int(key.call_no),
        int(entry.purchase),
        entry.agent,
        spending.provider,
        spending.model,
        entry.end.as_str(),
        long(tokens.input),
        long(tokens.cache_write_5m),
        long(tokens.cache_write_1h),
        long(tokens.cache_read),
        long(tokens.output),
        spending.cost_usd,
        spending.estimated,
        spending.simulated,
        long(spending.duration_ms),
        long(input),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What all purchases of an attempt took; the time of calls that were lost with their worker is not counted.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn of_attempt(
    conn: &mut PgConnection,
    project: ProjectId,
    stage: &StageId,
    attempt: u32,
) -> Result<Used, StoreError> {
    let row = sqlx::query!(
        r#"select coalesce(sum(input_tokens + cache_write_5m_tokens + cache_write_1h_tokens + cache_read_tokens), 0)::bigint
               as "input!",
               coalesce(sum(output_tokens), 0)::bigint as "output!",
               coalesce(sum(cost_usd), 0) as "cost!",
               coalesce(sum(duration_ms) filter (where outcome <> 'lost'), 0)::bigint as "active_ms!",
               count(*)::integer as "calls!",
               coalesce(bool_or(simulated), false) as "simulated!"
           from usage_entries where project_id = $1 and stage = $2 and attempt = $3"#,
        project.0,
        stage.0,
        int(attempt),
    )
    .fetch_one(conn)
    .await?;
    Ok(Used {
        input_tokens: large(row.input),
        output_tokens: large(row.output),
        cost_usd: row.cost.normalize(),
        active_ms: large(row.active_ms),
        calls: crate::clean::count(row.calls),
        simulated: row.simulated,
    })
}

/// What was used and what it cost, in one project or one month.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UsageLine {
    /// The project; none in a sum over all.
    pub project_id: Option<Uuid>,
    /// What the project is called.
    pub title: Option<String>,
    /// The month, as `2026-11`, in UTC; none in a sum over all time.
    pub month: Option<String>,
    /// Tokens read by models, also from caches.
    pub input_tokens: i64,
    /// Tokens written by models.
    pub output_tokens: i64,
    /// US dollars.
    pub cost_usd: Decimal,
    /// Calls to models.
    pub calls: i64,
}

/// Use of the transaction's workspace by project (those that cost most first) and by month (the latest first). At most
/// 1,000 projects and 120 months.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn of_workspace(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
) -> Result<(Vec<UsageLine>, Vec<UsageLine>), StoreError> {
    let by_project = sqlx::query_as!(
        UsageLine,
        r#"select u.project_id as "project_id?", p.title as "title?", null::text as month,
                  sum(u.input_tokens + u.cache_write_5m_tokens + u.cache_write_1h_tokens + u.cache_read_tokens)::bigint
                      as "input_tokens!",
                  sum(u.output_tokens)::bigint as "output_tokens!", sum(u.cost_usd) as "cost_usd!", count(*) as "calls!"
           from usage_entries u join projects p on p.id = u.project_id
           where u.workspace_id = $1
           group by u.project_id, p.title order by sum(u.cost_usd) desc, u.project_id limit 1000"#,
        workspace.0
    )
    .fetch_all(&mut *conn)
    .await?;
    let by_month = sqlx::query_as!(
        UsageLine,
        r#"select null::uuid as project_id, null::text as title, to_char(ended_at at time zone 'UTC', 'YYYY-MM') as month,
                  sum(input_tokens + cache_write_5m_tokens + cache_write_1h_tokens + cache_read_tokens)::bigint
                      as "input_tokens!",
                  sum(output_tokens)::bigint as "output_tokens!", sum(cost_usd) as "cost_usd!", count(*) as "calls!"
           from usage_entries
           where workspace_id = $1
           group by 3 order by 3 desc limit 120"#,
        workspace.0
    )
    .fetch_all(conn)
    .await?;
    let shown = |line: UsageLine| UsageLine { cost_usd: line.cost_usd.normalize(), ..line };
    Ok((by_project.into_iter().map(shown).collect(), by_month.into_iter().map(shown).collect()))
}

/// What the last attempt of a stage took that made calls.
#[derive(Clone, Debug, PartialEq)]
pub struct StageUsage {
    /// The stage.
    pub stage: String,
    /// Its attempt.
    pub attempt: i32,
    /// Tokens read and written.
    pub tokens: i64,
    /// US dollars.
    pub cost_usd: Decimal,
    /// Milliseconds of model time.
    pub active_ms: i64,
}

/// What the last attempts of a project's stages took, stage by stage.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn last_of_stages(
    conn: &mut PgConnection,
    project: ProjectId,
) -> Result<Vec<StageUsage>, StoreError> {
    let rows = sqlx::query_as!(
        StageUsage,
        r#"select distinct on (stage) stage, attempt,
                  sum(input_tokens + cache_write_5m_tokens + cache_write_1h_tokens + cache_read_tokens + output_tokens)::bigint
                      as "tokens!",
                  sum(cost_usd) as "cost_usd!", sum(duration_ms)::bigint as "active_ms!"
           from usage_entries where project_id = $1 group by stage, attempt order by stage, attempt desc"#,
        project.0,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| StageUsage { cost_usd: row.cost_usd.normalize(), ..row }).collect())
}
