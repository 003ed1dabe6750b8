//! Waiting by asking again until a deadline. Every wait names what it waits for.

use anyhow::Result;
pub use groundwork_cli::stack::wait::until_every;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Asks every 100 ms until `probe` answers with a value. An error of the probe ends the wait; `Ok(None)` means "not yet".
///
/// # Errors
/// The probe's own, or that `what` was not there within `limit`.
pub async fn until<T>(
    what: &str,
    limit: Duration,
    probe: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    until_every(Duration::from_millis(100), what, limit, probe).await
}

/// Milliseconds since 1970 by this machine's clock, which the simulator and PostgreSQL use too.
#[must_use]
pub fn now_ms() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
}
