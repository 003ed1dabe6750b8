//! Our own processes: the same binary in its several roles, told by its environment as in production.

use super::home::Home;
use super::postgres::tail;
use super::process::{Identity, Process, Spec};
use super::wait;
use anyhow::{Context, Result, bail};
use nix::sys::signal::Signal;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const START_SECONDS_MAX: u64 = 60;
/// A worker lets running activities end.
const STOP_SECONDS_MAX: u64 = 20;

/// What a process of ours does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// API and worker in one process.
    Serve,
    /// The HTTP API.
    Api,
    /// Workflows and model calls.
    Worker,
    /// The simulated model provider.
    Simulator,
}

impl Role {
    /// The subcommand.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Serve => "serve",
            Self::Api => "api",
            Self::Worker => "worker",
            Self::Simulator => "simulator",
        }
    }

    /// What is asked for to see whether it is up; `None` where nothing listens.
    fn probe(self) -> Option<&'static str> {
        match self {
            Self::Serve | Self::Api => Some("/healthz"),
            Self::Simulator => Some("/_simulator/health"),
            Self::Worker => None,
        }
    }
}

/// One process of ours.
#[derive(Debug)]
pub struct Server {
    role: Role,
    port: u16,
    spec: Spec,
    process: Process,
}

impl Server {
    /// Starts it and waits until it answers. `port` is where it listens, and is not used by a worker; `name` tells several of one
    /// role apart in logs; `extra` are more arguments.
    ///
    /// # Errors
    /// When there is no binary, or it does not come up; the message holds the log's end.
    pub async fn start(
        home: &Home,
        role: Role,
        name: &str,
        port: u16,
        env: Vec<(String, String)>,
        extra: &[String],
    ) -> Result<Self> {
        let mut args: Vec<OsString> = vec![role.as_str().into()];
        match role {
            Role::Serve | Role::Api => args.extend(["--bind".into(), format!("127.0.0.1:{port}").into()]),
            Role::Simulator => args.extend(["--port".into(), port.to_string().into()]),
            Role::Worker => {}
        }
        args.extend(extra.iter().map(Into::into));
        let spec =
            Spec { name: name.to_owned(), program: binary()?, args, env, log: home.log(name), owner: None };
        let process = Process::spawn(&spec)?;
        let mut server = Self { role, port, spec, process };
        server.await_ready().await?;
        Ok(server)
    }

    /// What it is called in messages and logs.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// What it does.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// Its pid, which is also its process group.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.process.pid()
    }

    /// Its pid and start.
    #[must_use]
    pub fn identity(&self) -> Identity {
        self.process.identity()
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
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

    /// Starts it again after `kill` or `stop`, with the same arguments and environment, and waits until it answers.
    ///
    /// # Errors
    /// As `start`.
    pub async fn restart(&mut self) -> Result<()> {
        self.process = Process::spawn(&self.spec)?;
        self.await_ready().await
    }

    /// Asks it to end and waits until it has.
    ///
    /// # Errors
    /// When it does not go away.
    pub async fn stop(&mut self) -> Result<()> {
        self.process.stop(Signal::SIGTERM, Duration::from_secs(STOP_SECONDS_MAX)).await
    }

    async fn await_ready(&mut self) -> Result<()> {
        let (role, port) = (self.role, self.port);
        let Some(path) = role.probe() else { return Ok(()) };
        let what = format!("groundwork {}", role.as_str());
        wait::until(&what, Duration::from_secs(START_SECONDS_MAX), async || {
            if !self.process.is_alive() {
                bail!("groundwork {} ended while starting:\n{}", role.as_str(), tail(&self.spec.log));
            }
            Ok(answers(port, path).await.then_some(()))
        })
        .await
    }
}

/// Whether something on this port speaks HTTP and answers a GET with success.
async fn answers(port: u16, path: &str) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut status = [0; 12];
        stream.read_exact(&mut status).await?;
        std::io::Result::Ok(status.starts_with(b"HTTP/1.1 2"))
    };
    matches!(tokio::time::timeout(Duration::from_secs(5), ask).await, Ok(Ok(true)))
}

/// Ends processes of ours that an earlier, killed run left behind: they may be of an older build and hold our ports. Says how many.
///
/// # Errors
/// When one does not go away.
pub async fn end_left_over(left: &[Identity]) -> Result<usize> {
    let mut ended = 0;
    for mut process in
        left.iter().filter_map(|identity| Process::find("a process of an earlier run", *identity))
    {
        process.stop(Signal::SIGTERM, Duration::from_secs(STOP_SECONDS_MAX)).await?;
        ended += 1;
    }
    Ok(ended)
}

/// Runs a subcommand to its end.
///
/// # Errors
/// When it fails; the message holds what it said.
pub async fn run(arguments: &[&str], env: &[(String, String)]) -> Result<()> {
    let output = tokio::process::Command::new(binary()?)
        .args(arguments)
        .envs(env.iter().map(|(key, value)| (key, value)))
        .stdin(std::process::Stdio::null())
        .output()
        .await
        .context("running groundwork")?;
    if output.status.success() {
        return Ok(());
    }
    bail!(
        "groundwork {} failed:\n{}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr).trim_end()
    )
}

/// The `groundwork` binary: GROUNDWORK_BIN, this very program, or the one that cargo built beside this test.
///
/// # Errors
/// When there is none.
pub fn binary() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("GROUNDWORK_BIN") {
        return Ok(path.into());
    }
    let this = std::env::current_exe().context("finding this program")?;
    if this.file_stem().is_some_and(|name| name == "groundwork") {
        return Ok(this);
    }
    // target/debug/deps/test-… or target/debug/bench
    this.ancestors()
        .skip(1)
        .take(2)
        .map(|directory| directory.join("groundwork"))
        .find(|path| path.is_file())
        .context("the `groundwork` binary is not built: cargo build -p groundwork-cli")
}
