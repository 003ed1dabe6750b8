//! Memory of worker and API while thousands of projects wait for people.

use super::figures::{Aim, Reading, Round, real};
use super::load::{Load, Meter};
use super::{Measure, Sizes};
use crate::client::Client;
use crate::database::Database;
use crate::{driver, wait};
use anyhow::{Context, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;
use uuid::Uuid;

const PEOPLE: usize = 10;
/// Projects that have been created and do not ask yet, at most.
const UNDER_WAY_MAX: usize = 50;
/// Pause between two looks at how many ask.
const LOOK_EVERY: Duration = Duration::from_millis(100);
const ALL_MAX: Duration = Duration::from_secs(1_800);
/// Until what was only needed for a moment is given back.
const SETTLE: Duration = Duration::from_secs(10);
/// Of issue 3, in megabytes.
const MEMORY_AIM: Aim = Aim::Under(200.0);
const MEGABYTE: f64 = 1_000_000.0;

/// The one round.
///
/// # Errors
/// When a project does not come to ask.
pub async fn round(sizes: &Sizes) -> Result<Round> {
    let stack = super::stack(&[]).await?;
    let people = super::people(&stack, PEOPLE).await?;
    let database = stack.database();
    let meter = Meter::of(&stack).await;
    let (first, before) = (meter.sample()?, meter.resident()?);
    park(people, &database, sizes.parked_projects).await?;
    let load = Load::between(&first, &meter.sample()?);
    tokio::time::sleep(SETTLE).await;
    let (worker, api) = meter.resident()?;
    let count = real(u64::try_from(sizes.parked_projects)?);
    let megabytes = |bytes: u64| real(bytes) / MEGABYTE;
    let readings = vec![
        Reading::new("memory of worker and API, all parked", megabytes(worker + api), "MB").aim(MEMORY_AIM),
        Reading::new("of this the worker's", megabytes(worker), "MB"),
        Reading::new("of this the API's", megabytes(api), "MB"),
        Reading::new("memory of both before", megabytes(before.0 + before.1), "MB"),
        Reading::new("projects parked", count, ""),
        Reading::new("projects created until they ask", count / load.seconds, "projects/s"),
    ];
    Ok(Round { measure: Measure::Parked, readings, load })
}

/// Creates so many projects, as fast as they come to ask.
async fn park(people: Vec<Client>, database: &Database, count: usize) -> Result<()> {
    let (next, asking) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut creators = JoinSet::new();
    for person in people {
        let (next, asking) = (Arc::clone(&next), Arc::clone(&asking));
        creators.spawn(create(person, next, asking, count));
    }
    let watch = wait::until_every(LOOK_EVERY, "all projects to ask", ALL_MAX, async || {
        asking.store(waiting(database).await?, Ordering::Relaxed);
        Ok((asking.load(Ordering::Relaxed) >= count).then_some(()))
    });
    let create = async {
        while let Some(creator) = creators.join_next().await {
            creator.context("who creates projects")??;
        }
        anyhow::Ok(())
    };
    tokio::try_join!(watch, create)?;
    Ok(())
}

async fn create(
    person: Client,
    next: Arc<AtomicUsize>,
    asking: Arc<AtomicUsize>,
    count: usize,
) -> Result<()> {
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= count {
            return Ok(());
        }
        while number > asking.load(Ordering::Relaxed) + UNDER_WAY_MAX {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        person.create(&Uuid::new_v4().to_string(), &driver::errand(number).idea).await?;
    }
}

async fn waiting(database: &Database) -> Result<usize> {
    let sql = "select count(*) from projects where phase = 'awaiting_input'";
    let count: i64 = sqlx::query_scalar(sql).fetch_one(database.pool()).await.context("counting projects")?;
    Ok(usize::try_from(count)?)
}
