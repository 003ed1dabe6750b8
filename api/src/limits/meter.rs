//! Counts down leases of budgets that lie in Postgres.

use crate::metrics;
use groundwork_domain::Digest;
use groundwork_domain::quota::{Quota, Quotas, Tier, Window, is_near};
use groundwork_store::rates::{self, Taken};
use groundwork_store::{Store, StoreError};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// So many leases are remembered at most; then those that are over are forgotten, or else all.
const LEASES_MAX: usize = 50_000;
/// Shares of a window's budget that are taken at once.
const SHARES: u32 = 10;

/// What is known of a counter after a request was counted, or refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) quota: Quota,
    pub(crate) most: u32,
    /// By all replicas, as of this replica's last look.
    pub(crate) used: u32,
    pub(crate) resets_in: Duration,
}

impl Reading {
    /// Whole seconds, at least one.
    pub(crate) fn resets_in_s(self) -> u32 {
        u32::try_from(self.resets_in.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX).max(1)
    }
}

/// Budget that this replica has taken and not used yet.
#[derive(Clone, Copy, Debug)]
struct Lease {
    left: u32,
    /// In this window by all replicas, with what is left here.
    taken: u32,
    ends_at: Instant,
}

/// Counts requests of one process against limits of all.
#[derive(Debug)]
pub(crate) struct Meter {
    store: Store,
    quotas: Quotas,
    leases: Mutex<HashMap<String, Lease>>,
}

impl Meter {
    pub(crate) fn new(store: Store, quotas: Quotas) -> Self {
        Self { store, quotas, leases: Mutex::default() }
    }

    /// Counts one of `subject`. None: there is no limit, or nobody can say.
    ///
    /// An error: there is nothing left.
    pub(crate) async fn count(&self, quota: Quota, subject: &str) -> Result<Option<Reading>, Reading> {
        let (Some(most), Window::Seconds(window_s)) =
            (self.quotas.most(quota, Tier::Free), quota.definition().window)
        else {
            return Ok(None);
        };
        let key = Digest::of_parts([quota.as_str().as_bytes(), subject.as_bytes()]);
        let outcome = match self.count_down(&key, most) {
            Some(outcome) => outcome,
            None => match self.take(quota, &key, most, window_s).await {
                Ok(outcome) => outcome,
                Err(error) => {
                    tracing::debug!(%error, "a request was not counted");
                    return Ok(None);
                }
            },
        };
        let reading = |lease: Lease| Reading {
            quota,
            most,
            used: lease.taken.saturating_sub(lease.left),
            resets_in: lease.ends_at.saturating_duration_since(Instant::now()),
        };
        match outcome {
            Ok(lease) => Ok(Some(reading(lease))),
            Err(lease) => {
                metrics::limit(quota.as_str(), "reached");
                Err(reading(lease))
            }
        }
    }

    /// From what this replica has; none where it must ask.
    fn count_down(&self, key: &Digest, most: u32) -> Option<Result<Lease, Lease>> {
        let mut leases = self.leases();
        let lease = leases.get_mut(&key.0).filter(|lease| lease.ends_at > Instant::now())?;
        if lease.left > 0 {
            lease.left -= 1;
            return Some(Ok(*lease));
        }
        (lease.taken >= most).then_some(Err(*lease))
    }

    async fn take(
        &self,
        quota: Quota,
        key: &Digest,
        most: u32,
        window_s: u32,
    ) -> Result<Result<Lease, Lease>, StoreError> {
        let taken = rates::take(&self.store, key, (most / SHARES).max(1), most, window_s).await?;
        notice(quota, key, most, taken);
        let mut leases = self.leases();
        let now = Instant::now();
        if leases.len() >= LEASES_MAX {
            leases.retain(|_, lease| lease.ends_at > now);
            if leases.len() >= LEASES_MAX {
                leases.clear();
            }
        }
        let Taken { granted, used, resets_in } = taken;
        let fresh = Lease { left: 0, taken: used, ends_at: now + resets_in };
        let lease = leases.entry(key.0.clone()).or_insert(fresh);
        if lease.ends_at <= now {
            *lease = fresh;
        }
        lease.left += granted;
        lease.taken = lease.taken.max(used);
        if lease.left == 0 {
            return Ok(Err(*lease));
        }
        lease.left -= 1;
        Ok(Ok(*lease))
    }

    /// Whatever a thread that panicked left there is a count like any other.
    fn leases(&self) -> MutexGuard<'_, HashMap<String, Lease>> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Once a window over all replicas, when four fifths of a limit are handed out: for the operator (B-18); the person sees it in the
/// answers' headers. Whoever takes the share that passes the mark says so.
fn notice(quota: Quota, key: &Digest, most: u32, taken: Taken) {
    let Taken { granted, used, .. } = taken;
    if is_near(used.into(), most.into()) && !is_near(used.saturating_sub(granted).into(), most.into()) {
        metrics::limit(quota.as_str(), "near");
        tracing::info!(limit = quota.as_str(), counter = %key, used, most, "limit_near");
    }
}
