//! What Groundwork adds to the time that models take: projects that come at a steady rate, calls that take two seconds.

use super::figures::{Aim, Reading, Round, ms, percentile, real};
use super::load::{Load, Meter};
use super::walk::{Walk, walk};
use super::{Measure, Sizes};
use crate::stack::Stack;
use anyhow::{Context, Result};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

const CALL_MS: u32 = 2_000;
/// Ten projects a second.
const START_EVERY: Duration = Duration::from_millis(100);
const PEOPLE: usize = 10;
/// Of issue 3.
const RATIO_AIM: Aim = Aim::AtMost(1.03);

/// One round.
///
/// # Errors
/// When a project does not come to its end.
pub async fn round(sizes: &Sizes) -> Result<Round> {
    let stack = super::stack(&[&format!("--call-ms={CALL_MS}")]).await?;
    let people = super::people(&stack, PEOPLE).await?;
    let meter = Meter::of(&stack).await;
    let first = meter.sample()?;
    let mut tasks = JoinSet::new();
    let mut tick = tokio::time::interval(START_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for number in 0..sizes.overhead_projects {
        tick.tick().await;
        let person = people[number % people.len()].clone();
        tasks.spawn(async move { walk(&person, number).await });
    }
    let mut walks = Vec::new();
    while let Some(walk) = tasks.join_next().await {
        walks.push(walk.context("a project's task")??);
    }
    let load = Load::between(&first, &meter.sample()?);
    let (mut walls, mut models, mut ratios) = (0.0, 0.0, Vec::new());
    for walk in &walks {
        let (wall, model) = (ms(walk.without_person()), model_ms(&stack, walk).await?);
        walls += wall;
        models += model;
        ratios.push(wall / model);
    }
    let each = real(u64::try_from(walks.len())?).max(1.0);
    let readings = vec![
        Reading::new("wall time over model time", walls / models, "").aim(RATIO_AIM),
        Reading::new("wall time over model time, p95 of projects", percentile(&ratios, 95), ""),
        Reading::new("model time of a project, mean", models / each, "ms"),
        Reading::new("added to a project, mean", (walls - models) / each, "ms"),
    ];
    Ok(Round { measure: Measure::Overhead, readings, load })
}

/// Time that a project's calls took, one after the other as they are.
async fn model_ms(stack: &Stack, walk: &Walk) -> Result<f64> {
    let calls = stack.simulator().calls_of_project(walk.id).await?;
    let sum: i64 = calls.iter().filter_map(|call| Some(call.ended_ms? - call.started_ms)).sum();
    Ok(real(u64::try_from(sum)?))
}
