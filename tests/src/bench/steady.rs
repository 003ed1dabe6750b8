//! GETs at a steady rate, whether or not the ones before are answered yet: what waits behind a slow one counts as slow.

use super::figures::ms;
use crate::client::Client;
use anyhow::{Context, Result};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// 200 a second.
const EVERY: Duration = Duration::from_millis(5);
/// Not counted: connections open and caches fill.
const WARM: u32 = 400;

/// Milliseconds of each GET, from the instant at which it was due to its last byte; the paths take turns.
///
/// # Errors
/// When a GET is not answered with success.
pub async fn read(person: &Client, paths: &[String], seconds: u64) -> Result<Vec<f64>> {
    let count = WARM + u32::try_from(seconds)? * 200;
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for (number, path) in (0..count).zip(paths.iter().cycle()) {
        let due = began + EVERY * number;
        sleep_until(due).await;
        let (person, path) = (person.clone(), path.clone());
        tasks.spawn(async move {
            person.get(&path).await?.ok().with_context(|| path.clone())?;
            anyhow::Ok((number >= WARM).then(|| ms(due.elapsed())))
        });
    }
    let mut times = Vec::new();
    while let Some(time) = tasks.join_next().await {
        times.extend(time.context("a reader")??);
    }
    Ok(times)
}
