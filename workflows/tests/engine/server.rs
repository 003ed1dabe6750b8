//! A Temporal development server of this test's own, on free ports.

use crate::PATIENCE;
use anyhow::{Context as _, Result, bail};
use groundwork_workflows::attributes::ALL;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};
use temporalio_client::{Client, ClientOptions, Connection, ConnectionOptions, GrpcCompression};

const STARTS_MAX: u32 = 3;

pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
    _directory: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Starts one; on another port where somebody else took the one that was free.
    pub(crate) async fn start() -> Result<Self> {
        let mut last = None;
        for _ in 0..STARTS_MAX {
            let mut server = Self::spawn(free_port()?)?;
            match server.until_it_answers().await {
                Ok(()) => return Ok(server),
                Err(error) => last = Some(error),
            }
        }
        Err(last.context("no start was tried")?)
    }

    fn spawn(port: u16) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let address = format!("127.0.0.1:{port}");
        let mut command = Command::new(binary()?);
        command.args(["server", "start-dev", "--headless", "--ip", "127.0.0.1", "--log-level", "error"]);
        command.args(["--port", &port.to_string()]);
        for setting in ["history.transferProcessorMaxPollRPS=2000", "history.timerProcessorMaxPollRPS=2000"] {
            command.args(["--dynamic-config-value", setting]);
        }
        for (name, double) in ALL {
            let kind = if double { "Double" } else { "Keyword" };
            command.arg("--search-attribute").arg(format!("{name}={kind}"));
        }
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().context("temporal server")?;
        Ok(Self { child, address, _directory: directory })
    }

    async fn until_it_answers(&mut self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.client().await;
            // Whoever answers in the place of one that ended is another test's.
            if let Some(status) = self.child.try_wait()? {
                bail!("the server on {} ended: {status}", self.address);
            }
            match answer {
                Ok(_) => return Ok(()),
                Err(error) if Instant::now() > deadline => {
                    return Err(error.context("the server does not answer"));
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }

    pub(crate) async fn client(&self) -> Result<Client> {
        let options = ConnectionOptions::new(format!("http://{}", self.address).parse::<url::Url>()?)
            .grpc_compression(GrpcCompression::None)
            .build();
        let connection = Connection::connect(options).await?;
        Ok(Client::new(connection, ClientOptions::new("default").build())?)
    }

    /// Runs the `temporal` command line tool against this server.
    pub(crate) fn cli(&self, arguments: &[&str]) -> Result<String> {
        let output = Command::new(binary()?).args(arguments).args(["--address", &self.address]).output()?;
        if !output.status.success() {
            bail!("temporal {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// A free port below the range from which the system takes the ports of outgoing connections, and above those of the stacks
/// of other tests (`groundwork_cli::stack::Ports::free`). Processes that start after one another are far from each other.
fn free_port() -> Result<u16> {
    const LOW: u16 = 30_000;
    const COUNT: u16 = 2_700;
    const APART: u32 = 127;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let seed = u16::try_from(std::process::id().wrapping_mul(APART) % u32::from(COUNT))?;
    for _ in 0..COUNT {
        let port = LOW + (seed + NEXT.fetch_add(1, Ordering::Relaxed) % COUNT) % COUNT;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no free port between {LOW} and {}", LOW + COUNT)
}

/// The `temporal` tool: from TEMPORAL_BIN, PATH, or where `deploy/install-temporal.sh` puts it.
fn binary() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("TEMPORAL_BIN") {
        return Ok(path.into());
    }
    let in_path = std::env::var_os("PATH")
        .into_iter()
        .flat_map(|path| std::env::split_paths(&path).collect::<Vec<_>>());
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache/groundwork/bin"));
    in_path
        .chain(home)
        .map(|directory| directory.join("temporal"))
        .find(|path| path.is_file())
        .context("no `temporal` tool: run deploy/install-temporal.sh")
}
