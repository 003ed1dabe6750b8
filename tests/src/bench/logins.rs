//! Logins as fast as they go, while others read: hashing is meant to be slow, and must not make anybody else wait.

use super::figures::{Reading, Round, percentile};
use super::load::{Load, Meter};
use super::{Measure, Sizes, steady, walk};
use crate::client::Client;
use anyhow::{Context, Result};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// People who sign in without a pause.
const CLIENTS: usize = 8;

/// One round.
///
/// # Errors
/// When a login or a GET is not answered with success.
pub async fn round(sizes: &Sizes) -> Result<Round> {
    let stack = super::stack(&[]).await?;
    let reader = stack.client().sign_up("reader").await?;
    let project = walk::walk(&reader, 0).await?.id;
    let paths = [format!("/projects/{project}"), "/projects?limit=20".to_owned()];
    let people = super::people(&stack, CLIENTS).await?;
    let alone = steady::read(&reader, &paths, sizes.logins_seconds).await?;

    let meter = Meter::of(&stack).await;
    let first = meter.sample()?;
    let (stop, began) = (CancellationToken::new(), Instant::now());
    let mut tasks = JoinSet::new();
    for person in people {
        let stop = stop.clone();
        tasks.spawn(async move { log_in(&person, &stop).await });
    }
    let beside = steady::read(&reader, &paths, sizes.logins_seconds).await?;
    let took = began.elapsed();
    stop.cancel();
    let load = Load::between(&first, &meter.sample()?);
    let mut times = Vec::new();
    while let Some(logins) = tasks.join_next().await {
        times.extend(logins.context("a person's task")??);
    }
    let readings = vec![
        Reading::new("logins", per_second(times.len(), took), "logins/s"),
        Reading::new("login, p50", percentile(&times, 50), "ms"),
        Reading::new("GET beside logins, p95", percentile(&beside, 95), "ms"),
        Reading::new("GET without logins, p95", percentile(&alone, 95), "ms"),
        Reading::new("GET p95 beside logins over without", ratio(&beside, &alone, 95), ""),
        Reading::new("GET p50 beside logins over without", ratio(&beside, &alone, 50), ""),
    ];
    Ok(Round { measure: Measure::Logins, readings, load })
}

/// Milliseconds of each login until told to stop.
async fn log_in(person: &Client, stop: &CancellationToken) -> Result<Vec<f64>> {
    let mut times = Vec::new();
    while !stop.is_cancelled() {
        let began = Instant::now();
        person.log_in_again().await?;
        times.push(super::figures::ms(began.elapsed()));
    }
    Ok(times)
}

fn ratio(these: &[f64], those: &[f64], percent: usize) -> f64 {
    percentile(these, percent) / percentile(those, percent)
}

#[expect(clippy::cast_precision_loss, reason = "a count of logins")]
fn per_second(count: usize, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}
