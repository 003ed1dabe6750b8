//! Waiting by asking again until a deadline. Every wait names what it waits for.

use anyhow::{Result, anyhow};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

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

/// As [`until`], with a pause of one's own: short where an instant must be hit, long where many wait at once.
///
/// # Errors
/// As [`until`].
pub async fn until_every<T>(
    pause: Duration,
    what: &str,
    limit: Duration,
    mut probe: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let start = Instant::now();
    loop {
        if let Some(value) = probe().await? {
            return Ok(value);
        }
        if start.elapsed() > limit {
            return Err(anyhow!("{what}: not there after {} s", limit.as_secs()));
        }
        tokio::time::sleep(pause).await;
    }
}

/// Milliseconds since 1970 by this machine's clock, which the simulator and PostgreSQL use too.
#[must_use]
pub fn now_ms() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
}
