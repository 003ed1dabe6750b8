//! What one worker process does beside its activities: renews leases, sends running texts, reports providers, seals keys anew.

use crate::rotation::Rotated;
use crate::workshop::Workshop;
use groundwork_agents::breaker::BreakerState;
use groundwork_store::health::{self, ProviderHealth};
use groundwork_store::{StoreError, calls};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

const RENEW_EVERY: Duration = Duration::from_secs(1);
const FLUSH_EVERY: Duration = Duration::from_millis(150);
const REPORT_EVERY: Duration = Duration::from_secs(5);
/// The first look is at the start: a secret changes with a restart.
const ROTATE_EVERY: Duration = Duration::from_secs(3_600);

/// Starts the four; each ends with the workshop.
pub(crate) fn start(workshop: &Arc<Workshop>) -> Vec<JoinHandle<()>> {
    let weak = || Arc::downgrade(workshop);
    vec![
        tokio::spawn(every(RENEW_EVERY, weak(), renew)),
        tokio::spawn(every(FLUSH_EVERY, weak(), flush)),
        tokio::spawn(every(REPORT_EVERY, weak(), report)),
        tokio::spawn(every(ROTATE_EVERY, weak(), rotate)),
    ]
}

async fn every<F>(period: Duration, workshop: Weak<Workshop>, work: impl Fn(Arc<Workshop>) -> F)
where
    F: Future<Output = ()>,
{
    let mut tick = interval(period);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let Some(workshop) = workshop.upgrade() else { return };
        work(workshop).await;
    }
}

async fn renew(workshop: Arc<Workshop>) {
    let held = workshop.leases.all();
    if held.is_empty() {
        return;
    }
    // A statement that hangs must not keep the next one from being tried while the leases still live.
    let renewed =
        tokio::time::timeout(RENEW_EVERY, calls::renew(&workshop.store, workshop.worker_id, &held)).await;
    match renewed {
        Ok(Ok(count)) if count < held.len() as u64 => {
            tracing::info!(held = held.len(), renewed = count, "calls have ended or were taken over");
        }
        Ok(Ok(_)) => {}
        Ok(Err(error)) => warn("leases not renewed", &error),
        Err(_) => tracing::warn!("leases not renewed: the database is slow"),
    }
}

async fn flush(workshop: Arc<Workshop>) {
    workshop.deltas.flush(&workshop.store).await;
}

async fn report(workshop: Arc<Workshop>) {
    let instant = |at: groundwork_domain::Timestamp| chrono::DateTime::from_timestamp_millis(at.0);
    let seen: Vec<_> = workshop
        .agents
        .health()
        .into_iter()
        .filter(|health| health.configured)
        .map(|health| ProviderHealth {
            provider: health.provider.as_str().to_owned(),
            breaker: match health.breaker {
                BreakerState::Closed => "closed",
                BreakerState::Open => "open",
                BreakerState::HalfOpen => "half_open",
            }
            .to_owned(),
            consecutive_failures: health.failures,
            last_error: health.last_error,
            last_failure_at: health.last_error_at.and_then(instant),
            last_success_at: health.last_success_at.and_then(instant),
        })
        .collect();
    if let Err(error) = health::report(&workshop.store, workshop.worker_id, &seen).await {
        warn("provider health not reported", &error);
    }
}

async fn rotate(workshop: Arc<Workshop>) {
    match workshop.rotate_keys().await {
        Ok(Rotated { sealed: 0, unopened: 0 }) => {}
        Ok(Rotated { sealed, unopened: 0 }) => {
            tracing::info!(
                sealed,
                "provider keys are sealed anew: SECRET_KEYS_PREVIOUS is no longer needed for them"
            );
        }
        Ok(Rotated { sealed, unopened }) => {
            tracing::warn!(
                sealed,
                unopened,
                "some provider keys open with no secret: put theirs into SECRET_KEYS_PREVIOUS, or have them stored again"
            );
        }
        Err(error) => warn("provider keys not sealed anew", &error),
    }
}

fn warn(what: &str, error: &StoreError) {
    tracing::warn!(error = error as &dyn std::error::Error, "{what}");
}
