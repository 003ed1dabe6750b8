//! Health of the API, the database, the workflow engine and the model providers (T-06). Open to all, so it names no ids.

use crate::app::App;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use groundwork_store::health;
use serde::Serialize;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use utoipa::ToSchema;

/// How long a part may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(1);
/// A worker that has not reported for so long is not asked about its providers.
const REPORTS_WITHIN_S: u32 = 120;
/// What was seen is told for so long: anybody may ask, and as often as they like.
const KEPT: Duration = Duration::from_secs(1);

/// How a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    /// It answers.
    Ok,
    /// Some of it answers.
    Degraded,
    /// It does not answer.
    Down,
    /// Nobody has looked lately.
    Unknown,
}

/// How everything is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// This process; `down` while it ends.
    api_status: Status,
    /// Postgres.
    db_status: Status,
    /// Temporal.
    workflow_status: Status,
    /// Model providers, all together.
    llm_status: Status,
    /// Model providers, one by one, as workers see them.
    llm_providers: Vec<Provider>,
    /// Of this program.
    version: &'static str,
}

/// A model provider as workers see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Provider {
    /// Its name.
    provider: String,
    /// `down` while its circuit breaker is open, `degraded` while it is tried.
    status: Status,
}

/// How everything is. 503 only where the API itself cannot serve.
#[utoipa::path(get, path = "/healthz", tag = "operations",
    responses((status = OK, body = Health), (status = SERVICE_UNAVAILABLE, body = Health)))]
pub(crate) async fn healthz(State(app): State<App>) -> (StatusCode, Json<Health>) {
    let Seen { db_status, workflow_status, llm_providers } =
        app.health.get(KEPT, async || look(&app).await).await;
    let is_ending = app.shutdown.is_cancelled();
    let health = Health {
        api_status: if is_ending { Status::Down } else { Status::Ok },
        db_status,
        workflow_status,
        llm_status: together(&llm_providers),
        llm_providers,
        version: env!("CARGO_PKG_VERSION"),
    };
    let status = if is_ending { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    (status, Json(health))
}

/// How the parts outside of this process are.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    db_status: Status,
    workflow_status: Status,
    llm_providers: Vec<Provider>,
}

/// What was seen last, and when. Who comes while somebody looks waits for what they see.
#[derive(Debug)]
pub(crate) struct Recent<T>(Mutex<Option<(Instant, T)>>);

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Recent<T> {
    async fn get(&self, kept: Duration, look: impl AsyncFnOnce() -> T) -> T {
        let mut last = self.0.lock().await;
        if let Some((at, seen)) = last.as_ref()
            && at.elapsed() < kept
        {
            return seen.clone();
        }
        let seen = look().await;
        *last = Some((Instant::now(), seen.clone()));
        seen
    }
}

async fn look(app: &App) -> Seen {
    let (db, workflow, providers) = tokio::join!(
        tokio::time::timeout(PATIENCE, app.store.ping()),
        app.engine.health(PATIENCE),
        tokio::time::timeout(PATIENCE, health::seen(&app.store, REPORTS_WITHIN_S)),
    );
    let llm_providers = providers
        .ok()
        .and_then(Result::ok)
        .unwrap_or_default()
        .into_iter()
        .map(|seen| Provider { provider: seen.provider, status: of_breaker(&seen.breaker) })
        .collect();
    Seen { db_status: of(matches!(db, Ok(Ok(())))), workflow_status: of(workflow.is_ok()), llm_providers }
}

/// How everything is, under its other name.
#[utoipa::path(get, path = "/health", tag = "operations",
    responses((status = OK, body = Health), (status = SERVICE_UNAVAILABLE, body = Health)))]
pub(crate) async fn health(state: State<App>) -> (StatusCode, Json<Health>) {
    healthz(state).await
}

fn of(is_there: bool) -> Status {
    if is_there { Status::Ok } else { Status::Down }
}

fn of_breaker(breaker: &str) -> Status {
    match breaker {
        "closed" => Status::Ok,
        "half_open" => Status::Degraded,
        _ => Status::Down,
    }
}

fn together(providers: &[Provider]) -> Status {
    if providers.is_empty() {
        Status::Unknown
    } else if providers.iter().all(|one| one.status == Status::Ok) {
        Status::Ok
    } else if providers.iter().all(|one| one.status == Status::Down) {
        Status::Down
    } else {
        Status::Degraded
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[tokio::test]
    async fn many_who_ask_make_one_look() {
        let (recent, looks) = (Recent::default(), AtomicU32::new(0));
        let look = async || {
            tokio::task::yield_now().await;
            looks.fetch_add(1, Ordering::Relaxed)
        };
        let asked = (0..600).map(|_| recent.get(Duration::from_secs(3_600), look));
        assert!(futures::future::join_all(asked).await.into_iter().all(|seen| seen == 0));
        assert_eq!(recent.get(Duration::ZERO, look).await, 1);
    }
}
