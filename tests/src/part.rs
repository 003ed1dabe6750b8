//! One of our own processes, and what a supervisor does for it: starts it again when it ended.

use anyhow::{Result, bail};
use groundwork_cli::stack::{Process, Spec};
use nix::sys::signal::Signal;
use std::path::Path;
use std::time::Duration;

use crate::wait;

const READY_MAX: Duration = Duration::from_secs(120);
const STOP_MAX: Duration = Duration::from_secs(15);

/// A process of the `groundwork` binary.
#[derive(Debug)]
pub struct Part {
    spec: Spec,
    /// Answers, with whatever status, once the process serves. Processes that serve nothing have none.
    probe: Option<String>,
    process: Process,
    is_wanted: bool,
    ended_by_itself: u32,
}

impl Part {
    /// Starts it and waits until it serves.
    ///
    /// # Errors
    /// When it ends instead; the message holds the log's end.
    pub async fn start(spec: Spec, probe: Option<String>) -> Result<Self> {
        let process = Process::spawn(&spec)?;
        let mut part = Self { spec, probe, process, is_wanted: true, ended_by_itself: 0 };
        part.await_ready().await?;
        Ok(part)
    }

    /// SIGKILL to it and all that it started; it stays down until `restart`.
    ///
    /// # Errors
    /// When it does not go away.
    pub async fn kill(&mut self) -> Result<()> {
        self.is_wanted = false;
        self.process.kill().await
    }

    /// Asks it to end, as an orchestrator does, and kills it after 15 s; it stays down until `restart`.
    ///
    /// # Errors
    /// When it does not go away.
    pub async fn stop(&mut self) -> Result<()> {
        self.is_wanted = false;
        self.process.stop(Signal::SIGTERM, STOP_MAX).await
    }

    /// Starts it again. It may end at once because something that it needs is away: `tend` starts it again then.
    ///
    /// # Errors
    /// When it cannot be executed.
    pub fn restart(&mut self) -> Result<()> {
        self.process = Process::spawn(&self.spec)?;
        self.is_wanted = true;
        Ok(())
    }

    /// Starts it again if it ended by itself. True if it had.
    ///
    /// # Errors
    /// When it cannot be executed.
    pub fn tend(&mut self) -> Result<bool> {
        if !self.is_wanted || self.process.is_alive() {
            return Ok(false);
        }
        self.ended_by_itself += 1;
        self.process = Process::spawn(&self.spec)?;
        Ok(true)
    }

    /// Sends it a signal.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        self.process.signal(signal)
    }

    /// Its pid.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.process.pid()
    }

    /// How often it ended without being killed.
    #[must_use]
    pub fn ended_by_itself(&self) -> u32 {
        self.ended_by_itself
    }

    /// Where it writes its log.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.spec.log
    }

    /// True once it serves. A process without a probe serves while it lives.
    pub async fn is_ready(&mut self) -> bool {
        let is_alive = self.process.is_alive();
        match &self.probe {
            None => is_alive,
            Some(url) => is_alive && reqwest::Client::new().get(url).timeout(STOP_MAX).send().await.is_ok(),
        }
    }

    async fn await_ready(&mut self) -> Result<()> {
        let name = self.spec.name.clone();
        wait::until(&name, READY_MAX, async || {
            if self.is_ready().await {
                return Ok(Some(()));
            }
            if !self.process.is_alive() {
                bail!("{name} ended while starting:\n{}", tail(&self.spec.log));
            }
            Ok(None)
        })
        .await
    }
}

/// The last lines of a log.
#[must_use]
pub fn tail(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
