//! Waiting by asking again until a deadline: nothing here sleeps for a fixed time and hopes.

use anyhow::{Result, anyhow};
use std::time::{Duration, Instant};

/// Time between two questions.
const POLL: Duration = Duration::from_millis(50);

/// Asks `probe` until it answers with a value. An error of the probe ends the wait at once; `Ok(None)` means "not yet".
///
/// # Errors
/// The probe's own, or "`what` was not there after …" once `limit` has passed.
pub async fn until<T>(
    what: &str,
    limit: Duration,
    probe: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    until_every(POLL, what, limit, probe).await
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
