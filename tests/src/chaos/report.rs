//! What was counted, as a table for people and as JSON for programs.

use super::checks::{by_key, causes_between};
use super::kills::Kill;
use super::record::Record;
use super::{Plan, by_component};
use crate::simulator::Call;
use crate::stack::Component;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Repeated keys that the table names; all of them are in the JSON.
const REPEATS_SHOWN: usize = 12;

/// A key that was asked for more than once, and why.
#[derive(Clone, Debug)]
pub struct Repeat {
    /// The key.
    pub key: String,
    /// How often.
    pub times: usize,
    /// Who was killed between the first call and the last; nobody would be a fault.
    pub killed: Vec<&'static str>,
}

/// The outcome of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// What was asked for.
    pub plan: Plan,
    /// Everything that is wrong, in sentences.
    pub wrong: Vec<String>,
    /// Kills by process.
    pub kills: Vec<(Component, usize)>,
    /// Kills that landed while model calls ran.
    pub kills_during_calls: usize,
    /// Most calls that ran at the moment of a kill.
    pub calls_at_kill_max: usize,
    /// Projects that are completed.
    pub completed: usize,
    /// Calls that the simulator saw, of the projects under fire.
    pub calls: usize,
    /// Keys that it saw.
    pub keys: usize,
    /// Keys that it saw more than once.
    pub repeats: Vec<Repeat>,
    /// Purchases booked, by outcome.
    pub purchases: Vec<(String, usize)>,
    /// Events in all logs.
    pub events: usize,
    /// From the kill of a worker to the next start of a call that it had in its hands, in milliseconds: of each such call.
    pub recoveries_ms: Vec<i64>,
    /// Processes of ours that ended without being killed, and were started again.
    pub ended_by_themselves: u32,
    /// The whole run, stack and run without kills included.
    pub seconds: u64,
}

impl Report {
    /// Counts.
    #[must_use]
    pub fn new(plan: Plan, records: &[Record], kills: &[Kill], calls: &[Call]) -> Self {
        let keys = by_key(records, calls);
        let running = |kill: &Kill| calls.iter().filter(|call| call.ran_at(kill.before_ms)).count();
        let repeats = keys.iter().filter(|(_, calls)| calls.len() > 1).map(|(key, calls)| Repeat {
            key: (*key).to_owned(),
            times: calls.len(),
            killed: match (calls.first(), calls.last()) {
                (Some(first), Some(last)) => causes_between(kills, first.started_ms, last.started_ms)
                    .into_iter()
                    .map(Component::as_str)
                    .collect(),
                _ => Vec::new(),
            },
        });
        let mut recoveries_ms: Vec<i64> = keys.values().flat_map(|calls| recoveries(calls, kills)).collect();
        recoveries_ms.sort_unstable();
        Self {
            plan,
            wrong: Vec::new(),
            kills: by_component(kills),
            kills_during_calls: kills.iter().filter(|kill| running(kill) > 0).count(),
            calls_at_kill_max: kills.iter().map(running).max().unwrap_or_default(),
            completed: records.iter().filter(|record| record.row.phase == "completed").count(),
            calls: keys.values().map(Vec::len).sum(),
            keys: keys.len(),
            repeats: repeats.collect(),
            purchases: outcomes(records),
            events: records.iter().map(|record| record.events.len()).sum(),
            recoveries_ms,
            ended_by_themselves: 0,
            seconds: 0,
        }
    }

    /// The value below which so many percent of the recoveries lie.
    #[must_use]
    pub fn recovery_ms(&self, percent: usize) -> Option<i64> {
        crate::recovery::percentile(&self.recoveries_ms, percent)
    }

    /// Keys that were called again though no worker died meanwhile: the server's or the database's death alone should
    /// cost no call, since a worker keeps what it has until it can be stored.
    #[must_use]
    pub fn avoidable(&self) -> usize {
        let worker = Component::Worker.as_str();
        self.repeats.iter().filter(|repeat| !repeat.killed.contains(&worker)).count()
    }

    /// For people.
    #[must_use]
    pub fn table(&self) -> String {
        let kills: Vec<_> =
            self.kills.iter().map(|(part, count)| format!("{} {count}", part.as_str())).collect();
        let purchases: Vec<_> =
            self.purchases.iter().map(|(outcome, count)| format!("{outcome} {count}")).collect();
        let recovery = [50, 95, 100].map(|percent| {
            self.recovery_ms(percent)
                .map_or_else(|| "–".to_owned(), |ms| format!("{:.1} s", ms as f64 / 1000.0))
        });
        let rows = [
            ("seed", self.plan.seed.to_string()),
            ("projects", format!("{} of {} completed", self.completed, self.plan.projects)),
            (
                "kills",
                format!(
                    "{} ({})",
                    self.kills.iter().map(|(_, count)| count).sum::<usize>(),
                    kills.join(", ")
                ),
            ),
            (
                "  while model calls ran",
                format!("{} (at most {} calls)", self.kills_during_calls, self.calls_at_kill_max),
            ),
            ("model calls", format!("{} of {} keys, {} ms each", self.calls, self.keys, self.plan.call_ms)),
            (
                "  keys called again",
                format!("{}, {} of them without a worker's death", self.repeats.len(), self.avoidable()),
            ),
            ("purchases booked", purchases.join(", ")),
            ("events", self.events.to_string()),
            (
                "worker killed in a call",
                format!(
                    "{} times; called again after p50 {}, p95 {}, at most {}",
                    self.recoveries_ms.len(),
                    recovery[0],
                    recovery[1],
                    recovery[2]
                ),
            ),
            ("ended by themselves", self.ended_by_themselves.to_string()),
            ("seconds", self.seconds.to_string()),
        ];
        let mut table = String::new();
        // Writing to a String cannot fail.
        for (name, value) in rows {
            let _ = writeln!(table, "{name:<26} {value}");
        }
        for repeat in self.repeats.iter().take(REPEATS_SHOWN) {
            let _ =
                writeln!(table, "  {} × {} (killed: {})", repeat.times, repeat.key, repeat.killed.join(", "));
        }
        if self.repeats.len() > REPEATS_SHOWN {
            let _ = writeln!(table, "  … {} more in the JSON", self.repeats.len() - REPEATS_SHOWN);
        }
        for sentence in &self.wrong {
            let _ = writeln!(table, "WRONG {sentence}");
        }
        let verdict = match self.wrong.len() {
            0 => "nothing lost, nothing bought twice".to_owned(),
            count => format!("{count} things are wrong"),
        };
        let _ = writeln!(table, "{verdict}");
        table
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> Value {
        let pairs = |pairs: &[(String, usize)]| -> Value {
            pairs
                .iter()
                .map(|(name, count)| (name.clone(), json!(count)))
                .collect::<serde_json::Map<_, _>>()
                .into()
        };
        let kills: Vec<_> =
            self.kills.iter().map(|(part, count)| (part.as_str().to_owned(), *count)).collect();
        json!({
            "seed": self.plan.seed,
            "call_ms": self.plan.call_ms,
            "projects": self.plan.projects,
            "projects_completed": self.completed,
            "kills": pairs(&kills),
            "kills_during_calls": self.kills_during_calls,
            "calls_at_kill_max": self.calls_at_kill_max,
            "calls": self.calls,
            "keys": self.keys,
            "keys_repeated": self.repeats.iter().map(|repeat| json!({
                "key": repeat.key, "times": repeat.times, "killed": repeat.killed,
            })).collect::<Vec<_>>(),
            "keys_repeated_without_worker_killed": self.avoidable(),
            "purchases": pairs(&self.purchases),
            "events": self.events,
            "recovery_ms": {
                "count": self.recoveries_ms.len(), "p50": self.recovery_ms(50), "p95": self.recovery_ms(95),
                "max": self.recovery_ms(100),
            },
            "ended_by_themselves": self.ended_by_themselves,
            "seconds": self.seconds,
            "wrong": self.wrong,
        })
    }
}

/// Calls that ran when a worker was killed, and how long it took until each was made again. Those that were finished by
/// then, or whose stage was, were not made again and count no time.
fn recoveries(calls: &[&Call], kills: &[Kill]) -> Vec<i64> {
    let was_hit =
        |call: &Call, kill: &&Kill| kill.component == Component::Worker && call.ran_at(kill.before_ms);
    calls
        .windows(2)
        .filter_map(|pair| {
            let kill = kills.iter().find(|kill| was_hit(pair[0], kill))?;
            Some(pair[1].started_ms - kill.before_ms)
        })
        .collect()
}

fn outcomes(records: &[Record]) -> Vec<(String, usize)> {
    let mut counts = std::collections::BTreeMap::<String, usize>::new();
    for purchase in records.iter().flat_map(|record| &record.purchases) {
        *counts.entry(purchase.outcome.clone()).or_default() += 1;
    }
    counts.into_iter().collect()
}
