//! A Temporal development server of this test's own, on free ports.

use anyhow::{Context as _, Result, bail};
use groundwork_workflows::attributes::ALL;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use temporalio_client::{Client, ClientOptions, Connection, ConnectionOptions, GrpcCompression};

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
    pub(crate) async fn start() -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let port = free_port()?;
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
        let server = Self { child, address, _directory: directory };
        server.client().await?;
        Ok(server)
    }

    pub(crate) async fn client(&self) -> Result<Client> {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let options = ConnectionOptions::new(format!("http://{}", self.address).parse::<url::Url>()?)
                .grpc_compression(GrpcCompression::None)
                .build();
            match Connection::connect(options).await {
                Ok(connection) => return Ok(Client::new(connection, ClientOptions::new("default").build())?),
                Err(error) if Instant::now() > deadline => bail!("the server does not answer: {error}"),
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
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

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
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
