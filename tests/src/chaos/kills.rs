//! Who is killed when: random by a seed, never while nothing runs, every process among the victims.

use super::say;
use crate::simulator::Simulator;
use crate::stack::{Component, Stack};
use crate::wait;
use anyhow::{Context, Result};
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Victims of five kills, in random order: the worker twice, since it is the one that has money in its hands.
const DECK: [Component; 5] =
    [Component::Worker, Component::Worker, Component::Postgres, Component::Temporal, Component::Api];
/// Between two kills.
const GAP_MS: std::ops::Range<u64> = 200..2_500;
/// Between a kill and the restart of its victim.
const DOWN_MS: std::ops::Range<u64> = 50..1_200;
/// Pause between two looks whether a model call runs.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// After a worker's death no call runs for some seconds. No call for longer than this: people hold the projects up.
const IDLE_MAX: Duration = Duration::from_secs(8);
/// No call for so many times that long, though all people have answered: there is nothing left to do.
const IDLE_TIMES_MAX: u32 = 6;

/// One kill.
#[derive(Clone, Debug)]
pub struct Kill {
    /// The victim.
    pub component: Component,
    /// Before the signal was sent, in milliseconds since 1970.
    pub before_ms: i64,
    /// When all its processes were gone.
    pub gone_ms: i64,
    /// When it served again.
    pub ready_ms: i64,
}

/// Kills until enough kills have landed while model calls ran, or until `over`.
#[derive(Debug)]
pub struct Killer {
    stack: Arc<Stack>,
    simulator: Simulator,
    wanted: usize,
    random: StdRng,
    deck: Vec<Component>,
    over: CancellationToken,
    landed: usize,
    progress: watch::Sender<usize>,
}

impl Killer {
    /// A killer, and how far it is: from 0 to `wanted`, with every kill that lands.
    #[must_use]
    pub fn new(
        stack: Arc<Stack>,
        wanted: usize,
        seed: u64,
        over: CancellationToken,
    ) -> (Self, watch::Receiver<usize>) {
        let (progress, far) = watch::channel(0);
        let random = StdRng::seed_from_u64(seed);
        let simulator = stack.simulator();
        (Self { stack, simulator, wanted, random, deck: Vec::new(), over, landed: 0, progress }, far)
    }

    /// Kills. Victims come back after a moment, each for itself, so that two may be down at once.
    ///
    /// # Errors
    /// When a process does not go away or does not come back.
    pub async fn run(mut self) -> Result<Vec<Kill>> {
        let mut returning: BTreeMap<Component, JoinHandle<Result<Kill>>> = BTreeMap::new();
        let mut kills = Vec::new();
        while self.landed < self.wanted && !self.over.is_cancelled() {
            let component = self.next_victim();
            if let Some(back) = returning.remove(&component) {
                kills.push(back.await.context("a restart")??);
            }
            let gap = self.milliseconds(GAP_MS);
            if !self.in_the_middle(gap).await? {
                break;
            }
            let before_ms = wait::now_ms();
            self.stack.kill(component).await?;
            let gone_ms = wait::now_ms();
            let running = self.simulator.calls().await?.iter().filter(|call| call.ran_at(before_ms)).count();
            self.landed += usize::from(running > 0);
            self.progress.send_modify(|progress| *progress = self.landed.max(*progress));
            say(&format!(
                "kill {:>2}: {:<8} while {running} model calls ran",
                self.landed,
                component.as_str()
            ));
            let (stack, down) = (Arc::clone(&self.stack), self.milliseconds(DOWN_MS));
            returning.insert(
                component,
                tokio::task::spawn_local(bring_back(stack, component, down, before_ms, gone_ms)),
            );
        }
        for back in returning.into_values() {
            kills.push(back.await.context("a restart")??);
        }
        kills.sort_by_key(|kill| kill.before_ms);
        Ok(kills)
    }

    fn next_victim(&mut self) -> Component {
        if self.deck.is_empty() {
            self.deck = DECK.to_vec();
            self.deck.shuffle(&mut self.random);
        }
        self.deck.pop().unwrap_or(Component::Worker)
    }

    fn milliseconds(&mut self, range: std::ops::Range<u64>) -> Duration {
        Duration::from_millis(self.random.random_range(range))
    }

    /// Waits until calls run after a gap that begins when calls run: a kill at once would meet those only that have just
    /// begun. Where calls are too short for the gap, it is halved. False when there are none any more.
    async fn in_the_middle(&self, mut gap: Duration) -> Result<bool> {
        let mut idle_times = 0;
        while !self.over.is_cancelled() && idle_times < IDLE_TIMES_MAX {
            if !self.a_call_runs(IDLE_MAX).await? {
                idle_times += 1;
                self.progress.send_modify(|progress| *progress += 1);
                continue;
            }
            tokio::time::sleep(gap).await;
            if self.a_call_runs(Duration::ZERO).await? {
                return Ok(true);
            }
            gap /= 2;
        }
        Ok(false)
    }

    async fn a_call_runs(&self, limit: Duration) -> Result<bool> {
        let deadline = Instant::now() + limit;
        while !self.over.is_cancelled() {
            if self.simulator.calls().await?.iter().any(|call| call.ended_ms.is_none()) {
                return Ok(true);
            }
            if Instant::now() >= deadline {
                return Ok(false);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(false)
    }
}

async fn bring_back(
    stack: Arc<Stack>,
    component: Component,
    down: Duration,
    before_ms: i64,
    gone_ms: i64,
) -> Result<Kill> {
    tokio::time::sleep(down).await;
    stack.restart(component).await.with_context(|| format!("restarting {}", component.as_str()))?;
    Ok(Kill { component, before_ms, gone_ms, ready_ms: wait::now_ms() })
}
