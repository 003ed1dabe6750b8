//! A circuit breaker for each provider: so many failures in a row open it, after a while one probe may pass.

use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// When a breaker opens and for how long (requirement P-06).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerSettings {
    /// Failures in a row that open it.
    pub failures_max: u32,
    /// How long it stays open; a longer delay that the provider asks for counts instead.
    pub open_for: Duration,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self { failures_max: 5, open_for: Duration::from_secs(30) }
    }
}

/// What a breaker does with the next call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakerState {
    /// It passes.
    Closed,
    /// It is refused.
    Open,
    /// One probe passes, the others are refused.
    HalfOpen,
}

#[derive(Debug)]
struct Inner {
    failures: u32,
    open_until: Option<Instant>,
    probing: bool,
}

/// A breaker; clones share their state.
#[derive(Clone, Debug)]
pub struct Breaker {
    settings: BreakerSettings,
    inner: Arc<Mutex<Inner>>,
}

/// Leave to make one call. Dropped without a word (the call was cancelled) it changes nothing but frees the probe's place.
#[derive(Debug)]
pub struct Permit {
    breaker: Breaker,
    probe: bool,
    settled: bool,
}

impl Breaker {
    /// A closed breaker.
    #[must_use]
    pub fn new(settings: BreakerSettings) -> Self {
        let inner = Inner { failures: 0, open_until: None, probing: false };
        Self { settings, inner: Arc::new(Mutex::new(inner)) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing panics while it is held; if something did, the numbers are still numbers.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leave to call now, or how long to wait.
    ///
    /// # Errors
    /// It is open, or its probe is under way: the time until it may be asked again.
    pub fn permit(&self, now: Instant) -> Result<Permit, Duration> {
        let mut inner = self.lock();
        let probe = match inner.open_until {
            None => false,
            Some(until) if now < until => return Err(until - now),
            Some(_) if inner.probing => return Err(Duration::from_secs(1).min(self.settings.open_for)),
            Some(_) => true,
        };
        inner.probing |= probe;
        Ok(Permit { breaker: self.clone(), probe, settled: false })
    }

    /// What it would do now.
    #[must_use]
    pub fn state(&self, now: Instant) -> BreakerState {
        match self.lock().open_until {
            None => BreakerState::Closed,
            Some(until) if now < until => BreakerState::Open,
            Some(_) => BreakerState::HalfOpen,
        }
    }

    /// Failures in a row.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.lock().failures
    }

    /// How long it stays open; zero when it is not.
    #[must_use]
    pub fn open_for(&self, now: Instant) -> Duration {
        self.lock().open_until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now))
    }
}

impl Permit {
    /// The provider answered, whatever it said.
    pub fn succeeded(mut self) {
        self.settled = true;
        let mut inner = self.breaker.lock();
        inner.failures = 0;
        inner.open_until = None;
        inner.probing = false;
    }

    /// The provider failed; gives whether the breaker is open now. `retry_after` is the provider's own delay.
    pub fn failed(mut self, now: Instant, retry_after: Option<Duration>) -> bool {
        self.settled = true;
        let settings = self.breaker.settings;
        let mut inner = self.breaker.lock();
        inner.failures = inner.failures.saturating_add(1);
        if self.probe {
            inner.probing = false;
        }
        if self.probe || inner.failures >= settings.failures_max {
            // A provider that asks for an hour is asked again after ten times the usual delay all the same.
            let delay = retry_after.unwrap_or_default().clamp(settings.open_for, settings.open_for * 10);
            inner.open_until = Some(now + delay);
        }
        inner.open_until.is_some()
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.probe && !self.settled {
            self.breaker.lock().probing = false;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const HALF_MINUTE: Duration = Duration::from_secs(30);

    fn opened(now: Instant) -> Breaker {
        let breaker = Breaker::new(BreakerSettings::default());
        for failure in 1..=5 {
            assert_eq!(breaker.permit(now).unwrap().failed(now, None), failure == 5);
        }
        breaker
    }

    #[test]
    fn five_failures_open_it_for_half_a_minute() {
        let now = Instant::now();
        let breaker = opened(now);
        assert_eq!(breaker.state(now), BreakerState::Open);
        assert_eq!(breaker.permit(now).unwrap_err(), HALF_MINUTE);
        assert_eq!(breaker.state(now + HALF_MINUTE), BreakerState::HalfOpen);
    }

    #[test]
    fn a_success_in_between_starts_the_count_again() {
        let now = Instant::now();
        let breaker = Breaker::new(BreakerSettings::default());
        for _ in 0..4 {
            breaker.permit(now).unwrap().failed(now, None);
        }
        breaker.permit(now).unwrap().succeeded();
        for _ in 0..4 {
            assert!(!breaker.permit(now).unwrap().failed(now, None));
        }
        assert_eq!(breaker.state(now), BreakerState::Closed);
    }

    #[test]
    fn half_open_lets_one_probe_pass_and_its_outcome_decides() {
        let now = Instant::now();
        let later = now + HALF_MINUTE;
        let breaker = opened(now);
        let probe = breaker.permit(later).unwrap();
        assert!(breaker.permit(later).is_err(), "one probe at a time");
        assert!(probe.failed(later, None));
        assert_eq!(breaker.permit(later).unwrap_err(), HALF_MINUTE, "a failed probe opens it again");

        let probe = breaker.permit(later + HALF_MINUTE).unwrap();
        probe.succeeded();
        assert_eq!(breaker.state(later), BreakerState::Closed);
    }

    #[test]
    fn a_dropped_probe_frees_its_place() {
        let now = Instant::now();
        let breaker = opened(now);
        let later = now + HALF_MINUTE;
        drop(breaker.permit(later).unwrap());
        assert!(breaker.permit(later).is_ok());
    }

    #[test]
    fn the_providers_own_delay_counts_within_reason() {
        let now = Instant::now();
        let breaker = Breaker::new(BreakerSettings { failures_max: 1, open_for: HALF_MINUTE });
        breaker.permit(now).unwrap().failed(now, Some(Duration::from_secs(90)));
        assert_eq!(breaker.permit(now).unwrap_err(), Duration::from_secs(90));
        let breaker = Breaker::new(BreakerSettings { failures_max: 1, open_for: HALF_MINUTE });
        breaker.permit(now).unwrap().failed(now, Some(Duration::from_secs(86_400)));
        assert_eq!(breaker.permit(now).unwrap_err(), HALF_MINUTE * 10);
    }
}
