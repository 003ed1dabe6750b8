//! What workers see of model providers, for the API to show.

use crate::clean::{count, int};
use crate::{Store, StoreError};
use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

/// One provider as one worker sees it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProviderHealth {
    /// The provider.
    pub provider: String,
    /// `closed` (calls go through), `open` (none do), `half_open` (one may try).
    pub breaker: String,
    /// Failures since the last success.
    pub consecutive_failures: u32,
    /// The code of the last failure.
    pub last_error: Option<String>,
    /// When it failed last.
    pub last_failure_at: Option<DateTime<Utc>>,
    /// When it last answered.
    pub last_success_at: Option<DateTime<Utc>>,
}

/// Writes what a worker sees.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn report(store: &Store, worker: Uuid, seen: &[ProviderHealth]) -> Result<(), StoreError> {
    for health in seen {
        sqlx::query!(
            "insert into provider_health (provider, worker_id, breaker, consecutive_failures, last_error, last_failure_at,
                 last_success_at)
             values ($1, $2, $3, $4, $5, $6, $7)
             on conflict (provider, worker_id) do update
             set breaker = excluded.breaker, consecutive_failures = excluded.consecutive_failures,
                 last_error = excluded.last_error, last_failure_at = excluded.last_failure_at,
                 last_success_at = excluded.last_success_at, updated_at = now()",
            health.provider,
            worker,
            health.breaker,
            int(health.consecutive_failures),
            health.last_error,
            health.last_failure_at,
            health.last_success_at,
        )
        .execute(store.pool())
        .await?;
    }
    Ok(())
}

/// What workers that reported in the last `within_seconds` see: one row a provider, the worst of their views.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn seen(store: &Store, within_seconds: u32) -> Result<Vec<ProviderHealth>, StoreError> {
    let rows = sqlx::query!(
        "select distinct on (provider) provider, breaker, consecutive_failures, last_error, last_failure_at, last_success_at
         from provider_health
         where updated_at > now() - $1 * interval '1 second'
         order by provider, consecutive_failures desc, updated_at desc",
        f64::from(within_seconds),
    )
    .fetch_all(store.pool())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| ProviderHealth {
            provider: row.provider,
            breaker: row.breaker,
            consecutive_failures: count(row.consecutive_failures),
            last_error: row.last_error,
            last_failure_at: row.last_failure_at,
            last_success_at: row.last_success_at,
        })
        .collect())
}
