//! The whole stack: PostgreSQL, Temporal, simulator, API and worker, each a process of its own that may be killed.

use crate::client::Client;
use crate::database::Database;
use crate::part::Part;
use crate::simulator::Simulator;
use crate::{binary, wait};
use anyhow::{Context, Result, bail};
use groundwork_cli::stack::{Durability, Home, Ports, Postgres, Spec, Temporal, temporal};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::Mutex;
use uuid::Uuid;

/// Keeps the directory of a stack, logs included, after it was dropped.
const KEEP: &str = "GROUNDWORK_TESTS_KEEP";
/// How long a part may take to come back after a kill, recovery of a database included.
const READY_MAX: Duration = Duration::from_secs(120);

/// What can be killed. The simulator cannot: it is the witness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Component {
    /// Our worker process.
    Worker,
    /// Our API process.
    Api,
    /// Temporal's server.
    Temporal,
    /// PostgreSQL, all of its processes.
    Postgres,
}

impl Component {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Worker, Self::Api, Self::Temporal, Self::Postgres];

    /// For tables and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Worker => "worker",
            Self::Api => "api",
            Self::Temporal => "temporal",
            Self::Postgres => "postgres",
        }
    }
}

/// The processes of a stack, for what measures them; of PostgreSQL the one that all others come from.
#[derive(Clone, Copy, Debug)]
pub struct Pids {
    /// Our worker.
    pub worker: i32,
    /// Our API.
    pub api: i32,
    /// The model provider.
    pub simulator: i32,
    /// Temporal's server.
    pub temporal: i32,
    /// The postmaster.
    pub postgres: i32,
}

/// How a stack is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// Of PostgreSQL. The death of processes loses nothing in either: what was written to files stays in the system's cache.
    pub durability: Durability,
    /// Flags of the simulator, `--call-ms=2000`.
    pub simulator: Vec<String>,
    /// Added to the environment of every process of ours: `GROUNDWORK__API__PROJECTS_MAX`, …
    pub env: Vec<(String, String)>,
    /// Where it listens, for who has to know before it starts ([`Ports::free`]); free ones otherwise.
    pub ports: Option<Ports>,
}

impl Default for Options {
    /// Answers at once, and waits for no disk: for end-to-end tests.
    fn default() -> Self {
        Self { durability: Durability::Volatile, simulator: Vec::new(), env: Vec::new(), ports: None }
    }
}

impl Options {
    /// For what kills: PostgreSQL runs as it does for people, with fsync. Not because SIGKILL would lose what only the
    /// system's cache has, but because commits that wait for the disk leave more room between two writes for a kill to
    /// fall into.
    #[must_use]
    pub fn durable(simulator: &[&str]) -> Self {
        let simulator = simulator.iter().map(|flag| (*flag).to_owned()).collect();
        Self { durability: Durability::Durable, simulator, env: Vec::new(), ports: None }
    }
}

/// A running stack. Dropped, it kills everything and removes its directory.
#[derive(Debug)]
pub struct Stack {
    // Fields are dropped in this order: ours first, then what they use, then the directory.
    worker: Mutex<Part>,
    api: Mutex<Part>,
    simulator: Mutex<Part>,
    temporal: Mutex<Temporal>,
    postgres: Mutex<Postgres>,
    binary: PathBuf,
    environment: Vec<(String, String)>,
    home: Home,
    ports: Ports,
    database_url: String,
    directory: TempDir,
}

impl Stack {
    /// Starts everything on free ports in a directory of its own, database and search attributes brought up to date.
    ///
    /// # Errors
    /// What did not come up, with the end of its log.
    pub async fn start(options: Options) -> Result<Self> {
        let binary = binary::find()?;
        let directory = directory()?;
        let home = Home::open(directory.path())?;
        let ports = options.ports.map_or_else(Ports::free, Ok)?;
        let (postgres, temporal) = tokio::try_join!(
            Postgres::start(&home, ports.postgres, options.durability),
            Temporal::start(&home, ports)
        )?;
        let database_url = postgres.url();
        let mut environment = environment(&home, &ports, &database_url, &temporal.address(), options.env)?;
        migrate(&spec(&binary, &home, &environment, "migrate", &["migrate"])).await?;
        // Servers log in as what they are, so that every test sees what they may.
        environment.push(("DATABASE_URL".to_owned(), postgres.admit_servers().await?));
        let spec = |name: &str, args: &[&str]| spec(&binary, &home, &environment, name, args);

        let port = ports.simulator.to_string();
        let mut flags = vec!["simulator", "--port", &port];
        flags.extend(options.simulator.iter().map(String::as_str));
        let simulated = format!("http://127.0.0.1:{port}/_simulator/health");
        let simulator = Part::start(spec("simulator", &flags), Some(simulated)).await?;
        let bind = format!("127.0.0.1:{}", ports.api);
        let health = format!("http://{bind}/healthz");
        let api = Part::start(spec("api", &["api", "--bind", &bind]), Some(health)).await?;
        let worker = Part::start(spec("worker", &["worker"]), None).await?;
        Ok(Self {
            worker: Mutex::new(worker),
            api: Mutex::new(api),
            simulator: Mutex::new(simulator),
            temporal: Mutex::new(temporal),
            postgres: Mutex::new(postgres),
            binary,
            environment,
            home,
            ports,
            database_url,
            directory,
        })
    }

    /// URL of the API, without a path.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.api)
    }

    /// A client of the API that is nobody yet.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::new(&self.url())
    }

    /// The simulator's log and faults.
    #[must_use]
    pub fn simulator(&self) -> Simulator {
        Simulator::new(&format!("http://127.0.0.1:{}", self.ports.simulator))
    }

    /// The database, as its owner.
    #[must_use]
    pub fn database(&self) -> Database {
        Database::new(&self.database_url)
    }

    /// `host:port` of Temporal.
    #[must_use]
    pub fn temporal_address(&self) -> String {
        format!("127.0.0.1:{}", self.ports.temporal)
    }

    /// What the `temporal` command line tool prints, as an operator runs it.
    ///
    /// # Errors
    /// When it fails, with what it said.
    pub fn temporal(&self, arguments: &[&str]) -> Result<String> {
        let output = Command::new(temporal::find_binary()?)
            .args(arguments)
            .args(["--address", &self.temporal_address()])
            .output()
            .context("running temporal")?;
        if !output.status.success() {
            bail!("temporal {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        }
        String::from_utf8(output.stdout).context("what temporal printed")
    }

    /// Signals a project's workflow, as an operator does.
    ///
    /// # Errors
    /// As [`Self::temporal`].
    pub fn signal(&self, project: Uuid, name: &str, payload: &Value) -> Result<()> {
        let (id, input) = (format!("project-{project}"), payload.to_string());
        self.temporal(&["workflow", "signal", "--workflow-id", &id, "--name", name, "--input", &input])?;
        Ok(())
    }

    /// Where the logs are.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.directory.path().join("logs")
    }

    /// The environment of our processes, for further ones (`groundwork` commands).
    #[must_use]
    pub fn environment(&self) -> &[(String, String)] {
        &self.environment
    }

    /// The `groundwork` executable.
    #[must_use]
    pub fn binary(&self) -> &Path {
        &self.binary
    }

    /// Our worker process.
    #[must_use]
    pub fn worker(&self) -> &Mutex<Part> {
        &self.worker
    }

    /// Our API process.
    #[must_use]
    pub fn api(&self) -> &Mutex<Part> {
        &self.api
    }

    /// The processes that run now.
    pub async fn pids(&self) -> Pids {
        Pids {
            worker: self.worker.lock().await.pid(),
            api: self.api.lock().await.pid(),
            simulator: self.simulator.lock().await.pid(),
            temporal: self.temporal.lock().await.pid(),
            postgres: self.postgres.lock().await.pid(),
        }
    }

    /// Starts one more worker process beside the one that the stack has.
    ///
    /// # Errors
    /// When it ends at once.
    pub async fn another_worker(&self) -> Result<Part> {
        Part::start(spec(&self.binary, &self.home, &self.environment, "worker-2", &["worker"]), None).await
    }

    /// Kills one part with SIGKILL; it is down when this returns.
    ///
    /// # Errors
    /// When a process does not go away.
    pub async fn kill(&self, component: Component) -> Result<()> {
        match component {
            Component::Worker => self.worker.lock().await.kill().await,
            Component::Api => self.api.lock().await.kill().await,
            Component::Temporal => self.temporal.lock().await.kill().await,
            Component::Postgres => self.postgres.lock().await.kill().await,
        }
    }

    /// Starts a part again and waits until it serves. One of ours that ends because what it needs is away is started
    /// again, as any supervisor does.
    ///
    /// # Errors
    /// When it does not serve within two minutes.
    pub async fn restart(&self, component: Component) -> Result<()> {
        match component {
            Component::Temporal => self.temporal.lock().await.restart().await,
            Component::Postgres => self.postgres.lock().await.restart().await,
            Component::Worker => self.revive(&self.worker).await,
            Component::Api => self.revive(&self.api).await,
        }
    }

    async fn revive(&self, part: &Mutex<Part>) -> Result<()> {
        part.lock().await.restart()?;
        wait::until("a restarted process", READY_MAX, async || {
            let mut part = part.lock().await;
            part.tend()?;
            Ok(part.is_ready().await.then_some(()))
        })
        .await
    }

    /// Starts again what of ours ended without being killed.
    ///
    /// # Errors
    /// When a process cannot be executed.
    pub async fn tend(&self) -> Result<()> {
        self.worker.lock().await.tend()?;
        self.api.lock().await.tend()?;
        // A simulator that ended has forgotten what it saw: nothing that is said later could be believed.
        if self.simulator.lock().await.tend()? {
            bail!("the simulator ended by itself; its log is in {}", self.logs().display());
        }
        Ok(())
    }

    /// How often worker and API ended without being killed.
    pub async fn ended_by_themselves(&self) -> u32 {
        self.worker.lock().await.ended_by_itself() + self.api.lock().await.ended_by_itself()
    }

    /// Keeps the directory, for people who want to read the logs.
    pub fn keep(&mut self) {
        self.directory.disable_cleanup(true);
    }
}

fn spec(binary: &Path, home: &Home, environment: &[(String, String)], name: &str, args: &[&str]) -> Spec {
    Spec {
        name: name.to_owned(),
        program: binary.to_owned(),
        args: args.iter().map(Into::into).collect(),
        env: environment.to_vec(),
        log: home.log(name),
        owner: None,
    }
}

/// Under the system's directory for temporary files, open to the user that runs PostgreSQL in place of root.
fn directory() -> Result<TempDir> {
    let mut directory = tempfile::Builder::new()
        .prefix("groundwork-")
        .permissions(std::fs::Permissions::from_mode(0o755))
        .tempdir()
        .context("making a directory")?;
    directory.disable_cleanup(std::env::var_os(KEEP).is_some());
    Ok(directory)
}

fn environment(
    home: &Home,
    ports: &Ports,
    database_url: &str,
    temporal: &str,
    more: Vec<(String, String)>,
) -> Result<Vec<(String, String)>> {
    let config = home.path().join("groundwork.toml");
    std::fs::write(&config, "").with_context(|| format!("writing {}", config.display()))?;
    let simulator = format!("http://127.0.0.1:{}", ports.simulator);
    let pairs = [
        ("GROUNDWORK_CONFIG", config.to_string_lossy().into_owned()),
        ("DATABASE_URL", database_url.to_owned()),
        ("TEMPORAL_ADDRESS", temporal.to_owned()),
        ("TEMPORAL_NAMESPACE", "default".to_owned()),
        ("ANTHROPIC_API_KEY", "sk-ant-simulated".to_owned()),
        ("ANTHROPIC_BASE_URL", simulator.clone()),
        ("OPENAI_API_KEY", "sk-simulated".to_owned()),
        ("OPENAI_BASE_URL", format!("{simulator}/v1")),
        // Tokens must stay good when the API is killed.
        ("SECRET_KEY", "a key for tests that is longer than 32 bytes".to_owned()),
        ("GROUNDWORK__API__PROJECTS_MAX", "1000000".to_owned()),
        // Who was answered reads what was done, on a busy machine too; less than the time that a request may take.
        ("GROUNDWORK__API__READ_MODEL_MS_MAX", "20000".to_owned()),
        // Limits have tests of their own (api/tests/it/limits.rs); here they would only be in the way.
        ("GROUNDWORK__API__QUOTAS__PROJECTS__FREE", "0".to_owned()),
        ("GROUNDWORK__API__QUOTAS__SIGN_UPS__FREE", "0".to_owned()),
        ("GROUNDWORK__API__QUOTAS__ANONYMOUS_REQUESTS__FREE", "0".to_owned()),
        ("GROUNDWORK__API__QUOTAS__REQUESTS__FREE", "0".to_owned()),
    ];
    let pairs = pairs.into_iter().map(|(name, value)| (name.to_owned(), value));
    Ok(pairs.chain(more).collect())
}

async fn migrate(spec: &Spec) -> Result<()> {
    let output = tokio::process::Command::new(&spec.program)
        .args(&spec.args)
        .envs(spec.env.iter().map(|(name, value)| (name, value)))
        .stdin(std::process::Stdio::null())
        .output()
        .await
        .context("running groundwork migrate")?;
    if !output.status.success() {
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        bail!("groundwork migrate failed:\n{out}{err}");
    }
    Ok(())
}
