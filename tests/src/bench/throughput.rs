//! Projects a second with many clients and no model time: first bare workflows, then projects, on the same server. The
//! projects have four stages, as the bare workflow has four activities: no idea is taken that needs mending.

use super::figures::{Aim, Reading, Round, real};
use super::load::{Load, Meter};
use super::{Measure, Sizes, bare, walk};
use anyhow::{Context, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Accounts that the clients share: each costs a core for a quarter of a second to make.
const PEOPLE: usize = 20;
/// Ideas that take turns.
const IDEAS: usize = 5;
/// Of issue 3.
const RATIO_AIM: Aim = Aim::AtLeast(0.6);

/// One round: bare, then ours.
///
/// # Errors
/// When a workflow or a project does not come to its end.
pub async fn round(sizes: &Sizes) -> Result<Round> {
    let stack = super::stack(&[]).await?;
    let people = super::people(&stack, PEOPLE).await?;
    let ideas = walk::plain_ideas(&people[0], IDEAS).await?;
    let meter = Meter::of(&stack).await;

    let worker = bare::BareWorker::start(stack.temporal_address())?;
    let client = bare::connect(&stack.temporal_address()).await?;
    let bare = drive(sizes, meter, move |_| {
        let client = client.clone();
        async move { bare::walk(&client).await }
    });
    let bare = bare.await.context("bare workflows")?;
    tokio::task::spawn_blocking(move || worker.end()).await??;

    let ours = drive(sizes, meter, move |number| {
        let (person, idea) = (people[number % people.len()].clone(), ideas[number % ideas.len()]);
        async move { walk::walk(&person, idea).await.map(|_| ()) }
    });
    let ours = ours.await.context("projects")?;
    let mut readings = vec![
        Reading::new("projects over bare workflows", ours.rate() / bare.rate(), "").aim(RATIO_AIM),
        Reading::new("projects", ours.rate(), "projects/s"),
        Reading::new("bare workflows", bare.rate(), "workflows/s"),
    ];
    readings.extend(bare.cpu("a bare workflow"));
    readings.extend(ours.cpu("a project"));
    Ok(Round { measure: Measure::Throughput, readings, load: ours.load })
}

/// What was done while it was counted.
struct Driven {
    count: f64,
    load: Load,
}

impl Driven {
    fn rate(&self) -> f64 {
        self.count / self.load.seconds
    }

    /// Processor time for one of them, by process; what cannot be seen in 10 ms ticks is left out.
    fn cpu(&self, what: &str) -> Vec<Reading> {
        let each = self.load.ms_for_each(self.count).into_iter().filter(|(_, ms)| *ms >= 0.1);
        each.map(|(name, ms)| Reading::new(format!("cpu of {name} for {what}"), ms, "ms")).collect()
    }
}

/// Keeps all clients busy and counts what they complete, after a while in which caches and connections fill.
async fn drive<F>(
    sizes: &Sizes,
    meter: Meter,
    work: impl Fn(usize) -> F + Send + Sync + 'static,
) -> Result<Driven>
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    let (warm, counted) = sizes.throughput_seconds;
    let (work, completed, numbers) =
        (Arc::new(work), Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let over = CancellationToken::new();
    let mut clients = JoinSet::new();
    for _ in 0..sizes.clients {
        let (work, completed, numbers, over) =
            (Arc::clone(&work), Arc::clone(&completed), Arc::clone(&numbers), over.clone());
        clients.spawn(async move {
            while !over.is_cancelled() {
                let number = numbers.fetch_add(1, Ordering::Relaxed);
                work(usize::try_from(number)?).await?;
                completed.fetch_add(1, Ordering::Relaxed);
            }
            anyhow::Ok(())
        });
    }
    let count = async {
        tokio::time::sleep(Duration::from_secs(warm)).await;
        let first = (meter.sample()?, completed.load(Ordering::Relaxed));
        tokio::time::sleep(Duration::from_secs(counted)).await;
        let last = (meter.sample()?, completed.load(Ordering::Relaxed));
        over.cancel();
        anyhow::Ok(Driven { count: real(last.1 - first.1), load: Load::between(&first.0, &last.0) })
    };
    let ended = async {
        while let Some(client) = clients.join_next().await {
            client.context("a client")??;
        }
        anyhow::Ok(())
    };
    let (driven, ()) = tokio::try_join!(count, ended)?;
    Ok(driven)
}
