//! Temporal's development server, with the settings that performance.md measured.

use super::home::Home;
use super::ports::{self, Ports};
use super::postgres::tail;
use super::process::{Identity, Process, Spec};
use super::wait;
use anyhow::{Context, Result, bail};
use nix::sys::signal::Signal;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

const START_SECONDS_MAX: u64 = 60;
const STOP_SECONDS_MAX: u64 = 15;

/// Settings of the database: they survive the death of the process, and may lose the last commits when power fails.
const PRAGMAS: [&str; 2] = ["journal_mode=WAL", "synchronous=NORMAL"];
/// The development server has one shard that is polled 20 times a second unless told otherwise, so every step would wait for a
/// tick of 50 ms; one partition a task queue spares forwarding between them.
const DYNAMIC_CONFIG: [&str; 4] = [
    "history.transferProcessorMaxPollRPS=2000",
    "history.timerProcessorMaxPollRPS=2000",
    "matching.numTaskqueueReadPartitions=1",
    "matching.numTaskqueueWritePartitions=1",
];
/// Collects garbage less often than Go's default of 100, for memory that a development machine has.
const GOGC: &str = "400";

/// A server and where it listens.
#[derive(Debug)]
pub struct Temporal {
    binary: PathBuf,
    database: PathBuf,
    log: PathBuf,
    port: u16,
    ui_port: u16,
    process: Process,
    found: bool,
}

impl Temporal {
    /// Starts the server on the home's database unless the one of an earlier run is still there. Ports are wishes.
    ///
    /// # Errors
    /// When there is no `temporal` binary, or the server does not come up; the message holds the log's end.
    pub async fn start(home: &Home, wished: Ports) -> Result<Self> {
        let binary = find_binary()?;
        let (database, log) = (home.temporal_file(), home.log("temporal"));
        let state = home.state()?;
        let left = state.temporal.and_then(|identity| Process::find("Temporal", identity));
        if let (Some(process), Some(Ports { temporal: port, temporal_ui: ui_port, .. })) = (left, state.ports)
        {
            let mut found = Self { binary, database, log, port, ui_port, process, found: true };
            found.await_ready().await?;
            return Ok(found);
        }
        let port = ports::free_or_other(wished.temporal)?;
        let ui_port = ports::free_or_other(wished.temporal_ui)?;
        let process = spawn(&binary, &database, &log, port, ui_port)?;
        let mut started = Self { binary, database, log, port, ui_port, process, found: false };
        started.remember(home)?;
        started.await_ready().await?;
        Ok(started)
    }

    /// `host:port` for TEMPORAL_ADDRESS.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Where people look.
    #[must_use]
    pub fn ui_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ui_port)
    }

    /// Its pid.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.process.pid()
    }

    /// Whether it ran before we came.
    #[must_use]
    pub fn was_found(&self) -> bool {
        self.found
    }

    /// The `temporal` executable, for tests that act as an operator.
    #[must_use]
    pub fn binary(&self) -> &Path {
        &self.binary
    }

    /// Whether it runs now.
    pub fn is_alive(&mut self) -> bool {
        self.process.is_alive()
    }

    /// SIGKILL, and waits until it is gone.
    ///
    /// # Errors
    /// When it does not go away.
    pub async fn kill(&mut self) -> Result<()> {
        self.process.kill().await
    }

    /// Starts it again after `kill` or `stop`, on the same database and ports, and waits until it answers.
    ///
    /// # Errors
    /// As `start`.
    pub async fn restart(&mut self) -> Result<()> {
        self.process = spawn(&self.binary, &self.database, &self.log, self.port, self.ui_port)?;
        self.found = false;
        self.await_ready().await
    }

    /// Writes down what runs, so that a later run finds it should this one be killed.
    ///
    /// # Errors
    /// When the home cannot be written.
    pub fn remember(&self, home: &Home) -> Result<()> {
        let identity: Identity = self.process.identity();
        home.remember(|state| {
            let ports = state.ports.get_or_insert_default();
            ports.temporal = self.port;
            ports.temporal_ui = self.ui_port;
            state.temporal = Some(identity);
        })
    }

    /// Asks it to end.
    ///
    /// # Errors
    /// When it does not go away.
    pub async fn stop(&mut self) -> Result<()> {
        self.process.stop(Signal::SIGTERM, Duration::from_secs(STOP_SECONDS_MAX)).await
    }

    async fn await_ready(&mut self) -> Result<()> {
        let address = self.address();
        wait::until("Temporal", Duration::from_secs(START_SECONDS_MAX), async || {
            if !self.process.is_alive() {
                bail!("Temporal ended while starting:\n{}", tail(&self.log));
            }
            // The port opens before the namespace is there; asking costs a process, so the port is asked first.
            if tokio::net::TcpStream::connect(&address).await.is_err() {
                return Ok(None);
            }
            let answer = Command::new(&self.binary)
                .args(["operator", "namespace", "describe", "--namespace", "default", "--address", &address])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .await
                .context("running temporal")?;
            Ok(answer.success().then_some(()))
        })
        .await
    }
}

fn spawn(binary: &Path, database: &Path, log: &Path, port: u16, ui_port: u16) -> Result<Process> {
    let mut args: Vec<OsString> =
        ["server", "start-dev", "--ip", "127.0.0.1", "--log-format", "json", "--log-level", "warn"]
            .map(Into::into)
            .to_vec();
    args.extend(["--port".into(), port.to_string().into(), "--ui-port".into(), ui_port.to_string().into()]);
    args.extend(["--db-filename".into(), database.as_os_str().to_owned()]);
    for pragma in PRAGMAS {
        args.extend(["--sqlite-pragma".into(), pragma.into()]);
    }
    for setting in DYNAMIC_CONFIG {
        args.extend(["--dynamic-config-value".into(), setting.into()]);
    }
    Process::spawn(&Spec {
        name: "Temporal".into(),
        program: binary.to_owned(),
        args,
        env: vec![("GOGC".into(), GOGC.into())],
        log: log.to_owned(),
        owner: None,
    })
}

/// `temporal` from PATH, else where `deploy/install-temporal.sh` puts it.
///
/// # Errors
/// When it is in neither place; the message says how to get it.
pub fn find_binary() -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let cache = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache/groundwork/bin"));
    std::env::split_paths(&path)
        .chain(cache)
        .map(|directory| directory.join("temporal"))
        .find(|binary| binary.is_file())
        .context("`temporal` is neither on PATH nor in ~/.cache/groundwork/bin: run deploy/install-temporal.sh, or set TEMPORAL_ADDRESS to a server of your own")
}
