//! How long the death of a worker is felt: from SIGKILL in the middle of a model call to the start of the next attempt,
//! with Temporal and PostgreSQL up and a new worker started at once.

use crate::client::Client;
use crate::driver::{self, Errand};
use crate::simulator::Call;
use crate::stack::{Component, Stack};
use crate::wait;
use anyhow::{Context, Result};
use serde_json::json;
use std::time::Duration;
use uuid::Uuid;

/// Flag of the simulator for [`measure`]: the architect falls silent in the middle of every answer, for longer than the
/// kill takes to come; nobody else takes any time.
pub const STALL: &str = "--fault=stall,agent=architect,stall_ms=6000";
/// Pause between two looks at a call that is waited for.
const LOOK_EVERY: Duration = Duration::from_millis(10);
const CALL_MAX: Duration = Duration::from_secs(120);

/// Kills the worker in the middle of a call, so many times, one project after the other. Milliseconds of each, sorted.
///
/// # Errors
/// When a project does not come to its call, or the call is not made again.
pub async fn measure(stack: &Stack, times: u32) -> Result<Vec<i64>> {
    let client = stack.client().sign_up("recovery").await?.patient(CALL_MAX);
    let mut all = Vec::new();
    for number in 0..times {
        // Spread over the call: a worker sends its heartbeats and renews its leases once a second.
        let into_call = Duration::from_millis(500 + u64::from(number) * 137 % 2_000);
        all.push(
            once(stack, &client, number, into_call).await.with_context(|| format!("kill {}", number + 1))?,
        );
    }
    all.sort_unstable();
    Ok(all)
}

async fn once(stack: &Stack, client: &Client, number: u32, into_call: Duration) -> Result<i64> {
    let errand = Errand {
        key: format!("recovery-{number}"),
        idea: format!("An app for crew number {number} that finds out how quickly it is back at work."),
        style: driver::Style::Recommended,
        pipeline: driver::Pipeline::Promptr,
    };
    let id = driver::begin(client, &errand).await?;
    client
        .command(id, &format!("{}-answer", errand.key), &json!({"command": "accept_recommendations"}))
        .await?
        .ok()?;
    let key = until_called(stack, id, "spec").await?.key().to_owned();
    tokio::time::sleep(into_call).await;
    let killed_ms = wait::now_ms();
    stack.kill(Component::Worker).await?;
    stack.restart(Component::Worker).await?;
    let again = until_called_times(stack, &key, 2).await?;
    // The machine is to be idle when the next one is measured.
    client.command(id, &format!("{}-cancel", errand.key), &json!({"command": "cancel"})).await?.ok()?;
    crate::chaos::until_quiet(stack).await?;
    Ok(again.started_ms - killed_ms)
}

/// Waits until a stage's first call runs.
///
/// # Errors
/// When it does not come to that within two minutes.
pub async fn until_called(stack: &Stack, project: Uuid, stage: &str) -> Result<Call> {
    until_called_times(stack, &format!("{project}/{stage}"), 1).await
}

/// Waits until a key, or a prefix of keys, was called so many times, and returns the last of those calls.
///
/// # Errors
/// When it does not come to that within two minutes.
pub async fn until_called_times(stack: &Stack, key: &str, times: usize) -> Result<Call> {
    let simulator = stack.simulator();
    wait::until_every(LOOK_EVERY, &format!("call {times} of {key}"), CALL_MAX, async || {
        Ok(simulator.calls_of(key).await?.into_iter().nth(times - 1))
    })
    .await
}

/// The value below or at which so many percent of the sorted values lie (nearest rank).
#[must_use]
pub fn percentile(sorted: &[i64], percent: usize) -> Option<i64> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.max(1) - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::percentile;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let values: Vec<i64> = (1..=20).collect();
        assert_eq!([50, 95, 100].map(|percent| percentile(&values, percent)), [Some(10), Some(19), Some(20)]);
        assert_eq!(percentile(&[7], 95), Some(7));
        assert_eq!(percentile(&[], 95), None);
    }
}
