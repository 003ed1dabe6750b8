//! The tables as their owner sees them: past row-level security, past the API. For assertions only, so the statements are
//! not checked at compile time as those of `store` are: a wrong one fails the test that uses it.

use anyhow::{Context, Result};
use rust_decimal::Decimal;
use serde_json::Value;
use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::{FromRow, Postgres, Transaction};
use std::time::Duration;
use uuid::Uuid;

const CONNECTIONS_MAX: u32 = 4;
/// A database that was killed is back sooner.
const ACQUIRE_MAX: Duration = Duration::from_secs(60);

/// A connection pool of the owner. Clones share it.
#[derive(Clone, Debug)]
pub struct Database {
    pool: PgPool,
}

/// A row of `events`.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Event {
    /// 1, 2, … in its project.
    pub seq: i64,
    /// Its identity.
    pub event_id: Uuid,
    /// Its kind.
    pub kind: String,
    /// What brought it about.
    pub cause: String,
    /// Tells apart several of one kind with one cause.
    pub item: Option<String>,
}

/// A row of `model_calls`: the newest purchase under a key.
#[derive(Clone, Debug, FromRow)]
pub struct ModelCall {
    /// As the simulator sees it in a header.
    pub key: String,
    /// `leased`, `finished` or `failed`.
    pub state: String,
    /// Purchases under this key so far.
    pub purchase: i32,
    /// The provider's name for the request whose reply is stored.
    pub request_id: Option<String>,
    /// When the reply was stored, in milliseconds since 1970, rounded up.
    pub finished_ms: Option<i64>,
    /// Tokens read, cached ones included.
    pub input_tokens: i64,
    /// Tokens written.
    pub output_tokens: i64,
    /// US dollars.
    pub cost_usd: Decimal,
}

/// A row of `usage_entries`: one purchase.
#[derive(Clone, Debug, FromRow)]
pub struct Purchase {
    /// As in [`ModelCall::key`].
    pub key: String,
    /// 1, 2, … under that key.
    pub purchase: i32,
    /// `finished`, `failed`, `abandoned`, `lost` or `late`.
    pub outcome: String,
    /// Tokens read, cached ones included.
    pub input_tokens: i64,
    /// Tokens written.
    pub output_tokens: i64,
    /// US dollars.
    pub cost_usd: Decimal,
}

/// What the row of a project says.
#[derive(Clone, Debug, FromRow)]
pub struct ProjectRow {
    /// The pipeline's id.
    pub pipeline_id: String,
    /// The canonical phase.
    pub phase: String,
    /// `starting`, `started` or `closed`.
    pub workflow_state: String,
    /// The domain's `Summary`, as it was last published.
    pub summary: Option<Value>,
    /// Sum of the ledger.
    pub cost_usd: Decimal,
    /// Sum of the ledger, cached ones included.
    pub input_tokens: i64,
    /// Sum of the ledger.
    pub output_tokens: i64,
    /// Rows of the ledger.
    pub model_calls: i32,
    /// The number that the next event will get.
    pub next_seq: i64,
}

impl Database {
    /// Connects when it is first asked.
    ///
    /// # Panics
    /// Where `url` is no URL of a database.
    #[must_use]
    #[expect(clippy::expect_used, reason = "the harness made the URL itself")]
    pub fn new(url: &str) -> Self {
        let options = PgPoolOptions::new().max_connections(CONNECTIONS_MAX).acquire_timeout(ACQUIRE_MAX);
        Self { pool: options.connect_lazy(url).expect("a database URL") }
    }

    /// The pool, for what is not here.
    #[must_use]
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// The row of a project.
    ///
    /// # Errors
    /// When there is none, or the database is away.
    pub async fn project(&self, id: Uuid) -> Result<ProjectRow> {
        let sql = "select pipeline_id, phase, workflow_state, summary, cost_usd, input_tokens, output_tokens, model_calls, next_seq
                   from projects where id = $1";
        sqlx::query_as(sql).bind(id).fetch_one(&self.pool).await.context("reading a project's row")
    }

    /// Events of a project, in order.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn events(&self, project: Uuid) -> Result<Vec<Event>> {
        let sql = "select seq, event_id, kind, cause, item from events where project_id = $1 order by seq";
        sqlx::query_as(sql).bind(project).fetch_all(&self.pool).await.context("reading events")
    }

    /// Kinds of a project's events, oldest first.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn kinds(&self, project: Uuid) -> Result<Vec<String>> {
        Ok(self.events(project).await?.into_iter().map(|event| event.kind).collect())
    }

    /// Takes an address as shown to be its owner's: mail has tests of its own.
    ///
    /// # Errors
    /// When nobody has it, or the database is away.
    pub async fn verify(&self, email: &str) -> Result<()> {
        let query = sqlx::query("update users set email_verified_at = now() where email = $1").bind(email);
        let changed = query.execute(&self.pool).await?.rows_affected();
        anyhow::ensure!(changed == 1, "{changed} accounts of {email}");
        Ok(())
    }

    /// Calls of a project.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn model_calls(&self, project: Uuid) -> Result<Vec<ModelCall>> {
        let sql = "select format('%s/%s/%s/%s', project_id, stage, attempt, call_no) as key, state, purchase, request_id,
                       ceil(extract(epoch from finished_at) * 1000)::bigint as finished_ms,
                       input_tokens + cache_write_5m_tokens + cache_write_1h_tokens + cache_read_tokens as input_tokens,
                       output_tokens, cost_usd
                   from model_calls where project_id = $1 order by stage, attempt, call_no";
        sqlx::query_as(sql).bind(project).fetch_all(&self.pool).await.context("reading model calls")
    }

    /// Writes down that operators have paused everything, and tells no project.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn halt(&self) -> Result<()> {
        sqlx::query("select set_halted(true)").execute(&self.pool).await.context("pausing everything")?;
        Ok(())
    }

    /// The state of one call: none before it was claimed.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn call_state(&self, key: &str) -> Result<Option<String>> {
        let sql = "select state from model_calls where format('%s/%s/%s/%s', project_id, stage, attempt, call_no) = $1";
        sqlx::query_scalar(sql).bind(key).fetch_optional(&self.pool).await.context("reading a call's state")
    }

    /// The ledger of a project.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn purchases(&self, project: Uuid) -> Result<Vec<Purchase>> {
        let sql = "select format('%s/%s/%s/%s', project_id, stage, attempt, call_no) as key, purchase, outcome,
                       input_tokens + cache_write_5m_tokens + cache_write_1h_tokens + cache_read_tokens as input_tokens,
                       output_tokens, cost_usd
                   from usage_entries where project_id = $1 order by stage, attempt, call_no, purchase";
        sqlx::query_as(sql).bind(project).fetch_all(&self.pool).await.context("reading the ledger")
    }

    /// How many results the attempts of a stage have.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn results(&self, project: Uuid, stage: &str) -> Result<i64> {
        let sql = "select count(*) from stage_results where project_id = $1 and stage = $2";
        let query = sqlx::query_scalar(sql).bind(project).bind(stage);
        query.fetch_one(&self.pool).await.context("counting results")
    }

    /// Everything that people read of a project, as lines of text that two projects of the same idea have in common: each
    /// begins with what it is, so that a difference names itself.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn content(&self, project: Uuid) -> Result<Vec<String>> {
        let sql = "
            select line from (
                select 1, name, version, format('artifact %s v%s (%s, %s/%s) %s', name, version, state, stage, attempt, content)
                from artifacts where project_id = $1
                union all
                select 2, number::text, version, format('prompt %s v%s (current %s, stale %s) %s | %s | %s | %s', number,
                    version, is_current, is_stale, title, covers, checklist, content)
                from prompts where project_id = $1
                union all
                select 3, id, attempt, format('question %s (%s) %s | %s | %s | %s %s', id, state, text, why, options,
                    answer_options, assumption)
                from questions where project_id = $1
                union all
                select 4, id, review_version, format('finding %s v%s (%s, %s) %s | %s', id, review_version, severity, state,
                    problem, fix)
                from findings where project_id = $1
                union all
                select 5, lpad(sequence_number::text, 6, '0'), 0, format('turn %s (%s %s) %s', sequence_number, kind,
                    agent_role, content)
                from conversation_turns where project_id = $1
            ) as lines (part, name, version, line)
            order by part, name, version";
        sqlx::query_scalar(sql).bind(project).fetch_all(&self.pool).await.context("reading contents")
    }

    /// Rows that belong to a project and not to its log: leases that nobody gave back.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn leases(&self) -> Result<Vec<String>> {
        let sql = "select format('%s/%s/%s/%s', project_id, stage, attempt, call_no) from model_calls where state = 'leased'";
        sqlx::query_scalar(sql).fetch_all(&self.pool).await.context("reading leases")
    }

    /// Keeps everybody from writing to a table, until the transaction that is returned ends. Reading goes on.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn lock_writes(&self, table: &'static str) -> Result<Transaction<'static, Postgres>> {
        let mut transaction = self.pool.begin().await?;
        // A name of ours, not a value: `lock table` takes no parameters.
        let sql = sqlx::AssertSqlSafe(format!("lock table {table} in exclusive mode"));
        sqlx::query(sql).execute(&mut *transaction).await.context("locking a table")?;
        Ok(transaction)
    }

    /// How many statements wait for a lock on that table.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn waiting_for(&self, table: &str) -> Result<i64> {
        let sql = "select count(*) from pg_locks where not granted and relation = $1::regclass";
        sqlx::query_scalar(sql).bind(table).fetch_one(&self.pool).await.context("reading locks")
    }
}
