//! What is known of a provider, for people and for other processes.

use crate::breaker::BreakerState;
use groundwork_domain::ids::Timestamp;
use groundwork_domain::model::ProviderId;
use serde::{Deserialize, Serialize};

/// How a provider does, for the table `provider_health` and `GET /healthz`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderHealth {
    /// Which one.
    pub provider: ProviderId,
    /// False where neither a key nor an address is set.
    pub configured: bool,
    /// What its circuit breaker does with the next call.
    pub breaker: BreakerState,
    /// Failures in a row.
    pub failures: u32,
    /// Milliseconds until it may be tried again; 0 unless the breaker is open.
    pub open_for_ms: u64,
    /// Calls since this process started.
    pub calls: u64,
    /// Calls that failed since this process started, whoever was to blame.
    pub calls_failed: u64,
    /// [`crate::CallError::code`] of the last failure.
    pub last_error: Option<String>,
    /// When it was.
    pub last_error_at: Option<Timestamp>,
    /// When it last answered well.
    pub last_success_at: Option<Timestamp>,
}

impl ProviderHealth {
    /// A provider that is not set up.
    pub(super) fn absent(provider: ProviderId) -> Self {
        Self {
            provider,
            configured: false,
            breaker: BreakerState::Closed,
            failures: 0,
            open_for_ms: 0,
            calls: 0,
            calls_failed: 0,
            last_error: None,
            last_error_at: None,
            last_success_at: None,
        }
    }
}
