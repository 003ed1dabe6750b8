//! Who uses the processors and the memory, as /proc has it.

use crate::stack::{Pids, Stack};
use crate::wait::now_ms;
use anyhow::{Context, Result};
use groundwork_cli::stack::process::descendants;
use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::time::Instant;

/// Linux reports processor time in ticks of 10 ms, whatever the kernel's own tick is.
const TICK_MS: u64 = 10;
/// Everything on the machine that is not of the bench.
pub const OTHERS: &str = "others";

/// Processor time of all processes up to an instant, in milliseconds by name.
#[derive(Clone, Debug)]
pub struct Sample {
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    at: Instant,
    cpu_ms: BTreeMap<&'static str, u64>,
}

/// Takes samples of a stack and of this process.
#[derive(Clone, Copy, Debug)]
pub struct Meter {
    pids: Pids,
}

impl Meter {
    /// Of this stack, whose processes must not be restarted meanwhile.
    pub async fn of(stack: &Stack) -> Self {
        Self { pids: stack.pids().await }
    }

    /// What was used so far.
    ///
    /// # Errors
    /// When a process is gone.
    pub fn sample(&self) -> Result<Sample> {
        let (at, at_ms) = (Instant::now(), now_ms());
        let Pids { worker, api, simulator, temporal, postgres } = self.pids;
        let mut cpu_ms = BTreeMap::new();
        for (name, pid) in
            [("worker", worker), ("api", api), ("simulator", simulator), ("temporal", temporal)]
        {
            cpu_ms.insert(name, own_ms(pid).with_context(|| format!("{name} is gone"))?);
        }
        // Backends that have ended are in the postmaster's account of its children.
        let backends: u64 = descendants(postgres).into_iter().filter_map(|pid| own_ms(pid).ok()).sum();
        let postmaster = own_ms(postgres).context("postgres is gone")? + ended_children_ms(postgres)?;
        cpu_ms.insert("postgres", postmaster + backends);
        cpu_ms.insert("bench", own_ms(i32::try_from(std::process::id())?)?);
        let known: u64 = cpu_ms.values().sum();
        cpu_ms.insert(OTHERS, machine_ms()?.saturating_sub(known));
        Ok(Sample { at_ms, at, cpu_ms })
    }

    /// Resident memory of worker and API, in bytes.
    ///
    /// # Errors
    /// When one is gone.
    pub fn resident(&self) -> Result<(u64, u64)> {
        Ok((resident(self.pids.worker)?, resident(self.pids.api)?))
    }
}

/// Processors in use between two samples, by name.
#[derive(Clone, Debug, Default)]
pub struct Load {
    /// Seconds between them.
    pub seconds: f64,
    /// Seconds of processor time a second.
    pub cores: BTreeMap<&'static str, f64>,
}

impl Load {
    /// What was used from one sample to a later one.
    #[must_use]
    pub fn between(first: &Sample, last: &Sample) -> Self {
        let seconds = last.at.duration_since(first.at).as_secs_f64().max(0.001);
        let used = |name: &str| {
            let of = |sample: &Sample| sample.cpu_ms.get(name).copied().unwrap_or_default();
            super::figures::real(of(last).saturating_sub(of(first))) / 1000.0
        };
        let cores = first.cpu_ms.keys().map(|name| (*name, used(name) / seconds)).collect();
        Self { seconds, cores }
    }

    /// Cores that one of them used.
    #[must_use]
    pub fn of(&self, name: &str) -> f64 {
        self.cores.get(name).copied().unwrap_or_default()
    }

    /// Cores in use, whoever used them.
    #[must_use]
    pub fn busy(&self) -> f64 {
        self.cores.values().sum()
    }

    /// Milliseconds of processor time of each for one of `count` things that were done meanwhile.
    #[must_use]
    pub fn ms_for_each(&self, count: f64) -> BTreeMap<&'static str, f64> {
        let each = |cores: &f64| cores * self.seconds * 1000.0 / count.max(1.0);
        self.cores.iter().map(|(name, cores)| (*name, each(cores))).collect()
    }
}

impl Display for Load {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} of {} cores busy (", self.busy(), processors())?;
        let mut parts: Vec<_> = self.cores.iter().filter(|(_, cores)| **cores >= 0.005).collect();
        parts.sort_by(|one, other| other.1.total_cmp(one.1));
        let parts: Vec<_> = parts.iter().map(|(name, cores)| format!("{name} {cores:.2}")).collect();
        write!(f, "{})", parts.join(", "))
    }
}

/// Processors of this machine.
#[must_use]
pub fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Fields of /proc/<pid>/stat from the state on: the name before it may hold anything.
fn stat(pid: i32) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, fields) = text.rsplit_once(')').context("no process")?;
    Ok(fields.split_whitespace().map(str::to_owned).collect())
}

fn ticks_ms(fields: &[String], indexes: [usize; 2]) -> u64 {
    let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<u64>().ok());
    indexes.into_iter().filter_map(ticks).sum::<u64>() * TICK_MS
}

/// utime and stime.
fn own_ms(pid: i32) -> Result<u64> {
    Ok(ticks_ms(&stat(pid)?, [11, 12]))
}

/// cutime and cstime.
fn ended_children_ms(pid: i32) -> Result<u64> {
    Ok(ticks_ms(&stat(pid)?, [13, 14]))
}

/// Everything but idle and waiting for disks, of all processors.
fn machine_ms() -> Result<u64> {
    let text = std::fs::read_to_string("/proc/stat")?;
    let line = text.lines().next().context("/proc/stat is empty")?;
    let fields: Vec<u64> = line.split_whitespace().skip(1).filter_map(|field| field.parse().ok()).collect();
    // user nice system idle iowait irq softirq steal; guests are in user already.
    Ok([0, 1, 2, 5, 6].into_iter().filter_map(|index: usize| fields.get(index)).sum::<u64>() * TICK_MS)
}

fn resident(pid: i32) -> Result<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).context("a process is gone")?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kb: u64 = line.trim().trim_end_matches("kB").trim().parse().context("VmRSS")?;
    Ok(kb * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_found_in_proc() {
        let pid = i32::try_from(std::process::id()).expect("a pid");
        assert!(resident(pid).expect("memory") > 1_000_000);
        assert!(machine_ms().expect("the machine") >= own_ms(pid).expect("this process"));
    }
}
