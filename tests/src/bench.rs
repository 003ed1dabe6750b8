//! Bench: what Groundwork costs and how long it makes people wait, on a release build, against a bare workflow on the same
//! server. docs/bench.md says how each figure is taken and what was reached.
//!
//! Every round of every measure gets a stack of its own, so none is slowed by what another one left in the database, and the
//! measures take turns: a machine that is busy for a minute spoils one round of several of them, not all rounds of one.
//!
//! - [`throughput`], [`next_stage`], [`overhead`], [`streaming`], [`reads`], [`logins`], [`guards`], [`decisions`], [`parked`], [`history`], [`web`]: the measures
//! - [`bare`] is the workflow that Groundwork is compared with, [`walk`] one project through the API
//! - [`load`] reads from /proc who used the processors, [`figures`] and [`report`] say what came out

pub mod bare;
pub mod decisions;
pub mod events;
pub mod figures;
pub mod guards;
pub mod history;
pub mod load;
pub mod logins;
pub mod next_stage;
pub mod overhead;
pub mod parked;
pub mod reads;
pub mod report;
pub mod steady;
pub mod streaming;
pub mod throughput;
pub mod walk;
pub mod web;

use crate::chaos::say;
use crate::client::Client;
use crate::stack::{Options, Stack};
use anyhow::{Context, Result};
use clap::ValueEnum;
use figures::Round;
use groundwork_cli::stack::Durability;
use report::Report;
use std::time::Instant;

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Measure {
    /// Projects a second at zero model latency, against a bare workflow.
    Throughput,
    /// From an answer to the start of the next stage.
    NextStage,
    /// Wall time over model time.
    Overhead,
    /// Running texts to many streams.
    Streaming,
    /// GETs at a steady rate.
    Reads,
    /// Logins, and what those who read feel of them.
    Logins,
    /// What sign-in and row-level security cost a GET.
    Guards,
    /// Decisions at gates, an implementer's run, a rewind.
    Decisions,
    /// Memory with many projects that wait for people.
    Parked,
    /// Events and bytes of a project's history.
    History,
    /// How soon pages are there, and how soon they answer, in Chromium.
    Web,
}

impl Measure {
    /// All of them, in the order in which they take turns.
    pub const ALL: [Self; 11] = [
        Self::Throughput,
        Self::NextStage,
        Self::Overhead,
        Self::Streaming,
        Self::Reads,
        Self::Logins,
        Self::Guards,
        Self::Decisions,
        Self::History,
        Self::Web,
        Self::Parked,
    ];

    /// For tables and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Throughput => "throughput",
            Self::NextStage => "next-stage",
            Self::Overhead => "overhead",
            Self::Streaming => "streaming",
            Self::Reads => "reads",
            Self::Logins => "logins",
            Self::Guards => "guards",
            Self::Decisions => "decisions",
            Self::Parked => "parked",
            Self::History => "history",
            Self::Web => "web",
        }
    }

    /// Memory does not vary from run to run, and thousands of projects take minutes.
    fn rounds(self, wanted: usize) -> usize {
        if self == Self::Parked { 1 } else { wanted }
    }
}

/// How much of everything.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Clients at once of the throughput.
    pub clients: usize,
    /// Seconds before counting begins, and seconds of counting.
    pub throughput_seconds: (u64, u64),
    /// Projects one after the other for the next stage.
    pub next_stage_projects: usize,
    /// Projects of the overhead, ten a second.
    pub overhead_projects: usize,
    /// Calls and streams at once.
    pub streams: usize,
    /// Seconds of reading.
    pub reads_seconds: u64,
    /// Seconds of reading without logins, and the same beside them.
    pub logins_seconds: u64,
    /// Seconds of each turn of the two servers.
    pub guards_seconds: u64,
    /// Features one after the other.
    pub features: usize,
    /// Files that the implementer of the last of them writes.
    pub files: u32,
    /// Projects that wait for people.
    pub parked_projects: usize,
    /// Projects whose history is looked at.
    pub history_projects: usize,
}

impl Sizes {
    /// What the aims speak of.
    pub const FULL: Self = Self {
        clients: 100,
        throughput_seconds: (5, 20),
        next_stage_projects: 100,
        overhead_projects: 100,
        streams: 200,
        reads_seconds: 20,
        logins_seconds: 15,
        guards_seconds: 5,
        features: 20,
        files: 200,
        parked_projects: 5_000,
        history_projects: 40,
    };
    /// To see that everything works; its figures say nothing.
    pub const QUICK: Self = Self {
        clients: 10,
        throughput_seconds: (1, 4),
        next_stage_projects: 10,
        overhead_projects: 10,
        streams: 10,
        reads_seconds: 3,
        logins_seconds: 3,
        guards_seconds: 1,
        features: 2,
        files: 40,
        parked_projects: 100,
        history_projects: 20,
    };
}

/// What is to be measured.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Rounds; medians are reported.
    pub rounds: usize,
    /// Which measures.
    pub measures: Vec<Measure>,
    /// How much.
    pub sizes: Sizes,
}

/// Measures everything, round by round.
///
/// # Errors
/// When a measure could not be taken. That an aim was missed is no error.
pub async fn run(plan: Plan) -> Result<Report> {
    let mut rounds = Vec::new();
    for number in 1..=plan.rounds {
        for measure in Measure::ALL.into_iter().filter(|measure| plan.measures.contains(measure)) {
            if number > measure.rounds(plan.rounds) {
                continue;
            }
            if let (Measure::Web, Some(why)) = (measure, web::lacks()) {
                say(&format!("round {number} of web is skipped: {why}"));
                continue;
            }
            let began = Instant::now();
            let what = || format!("round {number} of {}", measure.as_str());
            let round = take(measure, &plan.sizes).await.with_context(what)?;
            say(&format!("{}, {} s: {round}", what(), began.elapsed().as_secs()));
            rounds.push(round);
        }
    }
    Ok(Report { rounds })
}

async fn take(measure: Measure, sizes: &Sizes) -> Result<Round> {
    match measure {
        Measure::Throughput => throughput::round(sizes).await,
        Measure::NextStage => next_stage::round(sizes).await,
        Measure::Overhead => overhead::round(sizes).await,
        Measure::Streaming => streaming::round(sizes).await,
        Measure::Reads => reads::round(sizes).await,
        Measure::Logins => logins::round(sizes).await,
        Measure::Guards => guards::round(sizes).await,
        Measure::Decisions => decisions::round(sizes).await,
        Measure::Parked => parked::round(sizes).await,
        Measure::History => history::round(sizes).await,
        Measure::Web => web::round(sizes).await,
    }
}

/// A stack as people run it, PostgreSQL with fsync, and no limit that would end a bench: none of the calls waits for another.
async fn stack(simulator: &[&str]) -> Result<Stack> {
    let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Stack::start(Options {
        durability: Durability::Durable,
        simulator: simulator.iter().map(|flag| (*flag).to_owned()).collect(),
        env: vec![
            set("GROUNDWORK__WORKER__PROVIDER_CALLS", "500"),
            set("GROUNDWORK__API__READ_MODEL_MS_MAX", "1000"),
        ],
        ports: None,
    })
    .await
    .context("starting the stack")
}

/// Makes accounts, one after the other: each costs a core for a quarter of a second.
async fn people(stack: &Stack, count: usize) -> Result<Vec<Client>> {
    let mut people = Vec::with_capacity(count);
    for number in 0..count {
        people.push(stack.client().sign_up(&format!("bench-{number}")).await?);
    }
    Ok(people)
}
