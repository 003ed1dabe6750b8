//! A private PostgreSQL cluster, on loopback, that may be killed and started again.

use super::home::Home;
use super::owner::{Owner, restrict};
use super::ports;
use super::process::{Identity, Process, Spec};
use super::wait;
use anyhow::{Context, Result, bail};
use nix::sys::signal::Signal;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::process::Command;
use uuid::Uuid;

/// Recovery after a kill under load included.
const START_SECONDS_MAX: u64 = 120;
/// A fast shutdown writes a checkpoint.
const STOP_SECONDS_MAX: u64 = 30;
const SUPERUSER: &str = "postgres";
const DATABASE: &str = "groundwork";

/// Whether a commit must outlive a power failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Yes: people's projects.
    Durable,
    /// No: throw-away clusters of tests. The death of the processes loses nothing in either.
    Volatile,
}

/// A cluster and the server that runs on it.
#[derive(Debug)]
pub struct Postgres {
    cluster: Cluster,
    port: u16,
    process: Process,
    found: bool,
}

#[derive(Clone, Debug)]
struct Cluster {
    binaries: PathBuf,
    directory: PathBuf,
    owner: Option<Owner>,
    password: String,
    durability: Durability,
    log: PathBuf,
}

impl Postgres {
    /// Makes the cluster where there is none, and starts the server unless it runs already. `port` is a wish.
    ///
    /// # Errors
    /// When PostgreSQL is not installed, cannot be run by any user here, or does not come up; the message holds the log's end.
    pub async fn start(home: &Home, port: u16, durability: Durability) -> Result<Self> {
        let cluster = Cluster::prepare(home, durability).await?;
        if let Some((identity, port)) = cluster.running()? {
            let process = Process::find("PostgreSQL", identity).context("PostgreSQL ended just now")?;
            let mut found = Self { cluster, port, process, found: true };
            found.await_ready().await?;
            return Ok(found);
        }
        let port = ports::free_or_other(port)?;
        let process = cluster.spawn(port)?;
        let mut started = Self { cluster, port, process, found: false };
        started.await_ready().await?;
        // Asking for a database that is there would leave an error in the log at every start.
        if !home.state()?.database_created {
            started.cluster.create_database(port).await?;
            home.remember(|state| state.database_created = true)?;
        }
        Ok(started)
    }

    /// URL of the database, as superuser and owner.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://{SUPERUSER}:{}@127.0.0.1:{}/{DATABASE}", self.cluster.password, self.port)
    }

    /// Lets servers log in as what they are, and gives the URL with which they do. The database must have been migrated.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn admit_servers(&self) -> Result<String> {
        let password = &self.cluster.password;
        groundwork_store::admit_servers(&self.url(), password).await.context("letting servers log in")?;
        Ok(format!("postgres://groundwork_app:{password}@127.0.0.1:{}/{DATABASE}", self.port))
    }

    /// The port that it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The pid of the postmaster.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.process.pid()
    }

    /// Whether it ran before we came.
    #[must_use]
    pub fn was_found(&self) -> bool {
        self.found
    }

    /// Where its files are.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.cluster.directory
    }

    /// Whether the postmaster runs now.
    pub fn is_alive(&mut self) -> bool {
        self.process.is_alive()
    }

    /// SIGKILL to the postmaster and every backend, and waits until all are gone.
    ///
    /// # Errors
    /// When one of them does not go away.
    pub async fn kill(&mut self) -> Result<()> {
        self.process.kill().await
    }

    /// Starts it again after `kill` or `stop`, on the same port, and waits until it answers.
    ///
    /// # Errors
    /// As `start`.
    pub async fn restart(&mut self) -> Result<()> {
        self.cluster.forget_stale_pid()?;
        self.process = self.cluster.spawn(self.port)?;
        self.found = false;
        self.await_ready().await
    }

    /// Shuts it down: connections end, nothing that was committed is lost.
    ///
    /// # Errors
    /// When it does not go away.
    pub async fn stop(&mut self) -> Result<()> {
        self.process.stop(Signal::SIGINT, Duration::from_secs(STOP_SECONDS_MAX)).await
    }

    async fn await_ready(&mut self) -> Result<()> {
        let limit = Duration::from_secs(START_SECONDS_MAX);
        wait::until("PostgreSQL", limit, async || {
            if !self.process.is_alive() {
                bail!("PostgreSQL ended while starting:\n{}", tail(&self.cluster.log));
            }
            let ready = self
                .cluster
                .tool("pg_isready")
                .args(["--quiet", "--host", "127.0.0.1", "--port"])
                .arg(self.port.to_string())
                .status()
                .await
                .context("running pg_isready")?;
            Ok(ready.success().then_some(()))
        })
        .await
    }
}

impl Cluster {
    async fn prepare(home: &Home, durability: Durability) -> Result<Self> {
        let owner = Owner::instead_of_root()?;
        let directory = directory(home, owner.as_ref())?;
        std::fs::create_dir_all(&directory).with_context(|| format!("making {}", directory.display()))?;
        restrict(&directory)?;
        if let Some(owner) = &owner {
            owner.take(&directory)?;
        }
        let password = home.remember(|state| {
            state.postgres_directory = Some(directory.clone());
            state.postgres_password.get_or_insert_with(|| Uuid::new_v4().simple().to_string()).clone()
        })?;
        let log = home.log("postgres");
        let cluster = Self { binaries: binaries()?, directory, owner, password, durability, log };
        if !cluster.data().exists() {
            home.remember(|state| state.database_created = false)?;
            cluster.initialise().await?;
        }
        Ok(cluster)
    }

    fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// Into a directory beside the final one: an initdb that was killed half-way must not look like a cluster.
    async fn initialise(&self) -> Result<()> {
        let part = self.directory.join("data.part");
        let password_file = self.directory.join("password");
        if part.exists() {
            std::fs::remove_dir_all(&part).with_context(|| format!("removing {}", part.display()))?;
        }
        super::home::write_private(&password_file, self.password.as_bytes())?;
        if let Some(owner) = &self.owner {
            owner.take(&password_file)?;
        }
        let mut initdb = self.tool("initdb");
        initdb
            .args(["--encoding=UTF8", "--locale=C", "--auth=scram-sha-256", "--username", SUPERUSER])
            .arg("--pwfile")
            .arg(&password_file)
            .arg("--pgdata")
            .arg(&part);
        if self.durability == Durability::Volatile {
            initdb.arg("--no-sync");
        }
        let output = initdb.output().await.context("running initdb");
        std::fs::remove_file(&password_file)?;
        let output = output?;
        if !output.status.success() {
            bail!("initdb failed:\n{}", String::from_utf8_lossy(&output.stderr));
        }
        std::fs::rename(&part, self.data()).context("naming the new cluster")
    }

    fn spawn(&self, port: u16) -> Result<Process> {
        let mut args = vec!["-D".into(), self.data().into_os_string(), "-p".into(), port.to_string().into()];
        let mut settings = vec![
            "listen_addresses=127.0.0.1",
            // A socket's path may have 107 bytes, and a checkout may lie deep.
            "unix_socket_directories=",
            "max_connections=300",
        ];
        if self.durability == Durability::Volatile {
            // Not synchronous_commit=off: commits that still are in shared memory die with the processes.
            settings.extend(["fsync=off", "full_page_writes=off"]);
        }
        for setting in settings {
            args.extend(["-c".into(), setting.into()]);
        }
        Process::spawn(&Spec {
            name: "PostgreSQL".into(),
            program: self.binaries.join("postgres"),
            args,
            env: vec![("LC_ALL".into(), "C".into())],
            log: self.log.clone(),
            owner: self.owner.clone(),
        })
    }

    /// The server that runs on this cluster, as its own pid file says: pid in line 1, port in line 4.
    fn running(&self) -> Result<Option<(Identity, u16)>> {
        self.forget_stale_pid()?;
        let Ok(text) = std::fs::read_to_string(self.pid_file()) else { return Ok(None) };
        let mut lines = text.lines();
        let pid: i32 =
            lines.next().unwrap_or_default().trim().parse().context("the pid in postmaster.pid")?;
        let port: u16 =
            lines.nth(2).unwrap_or_default().trim().parse().context("the port in postmaster.pid")?;
        Ok(Some((Identity::of(pid), port)))
    }

    /// PostgreSQL refuses to start while the pid in this file belongs to any process of its user, even one that has nothing to do
    /// with it: after a SIGKILL that may be somebody else's.
    fn forget_stale_pid(&self) -> Result<()> {
        let path = self.pid_file();
        let Ok(text) = std::fs::read_to_string(&path) else { return Ok(()) };
        let pid = text.lines().next().unwrap_or_default().trim();
        let command = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let data = self.data();
        if String::from_utf8_lossy(&command).contains(&*data.to_string_lossy()) {
            return Ok(());
        }
        std::fs::remove_file(&path).with_context(|| format!("removing {}", path.display()))
    }

    fn pid_file(&self) -> PathBuf {
        self.data().join("postmaster.pid")
    }

    async fn create_database(&self, port: u16) -> Result<()> {
        let output = self
            .tool("createdb")
            .args(["--host", "127.0.0.1", "--username", SUPERUSER, "--port"])
            .arg(port.to_string())
            .arg(DATABASE)
            .output()
            .await
            .context("running createdb")?;
        let error = String::from_utf8_lossy(&output.stderr);
        if output.status.success() || error.contains("already exists") {
            return Ok(());
        }
        bail!(
            "createdb failed: {error}\n(where .groundwork/stack.json was removed, remove {} too)",
            self.directory.display()
        )
    }

    fn tool(&self, name: &str) -> Command {
        let mut command = Command::new(self.binaries.join(name));
        command.env("LC_ALL", "C").env("PGPASSWORD", &self.password).stdin(std::process::Stdio::null());
        if let Some(owner) = &self.owner {
            command.uid(owner.uid).gid(owner.gid).current_dir("/");
        }
        command
    }
}

/// Inside the home where the owner can come there, else under /var/tmp, with a link to it.
fn directory(home: &Home, owner: Option<&Owner>) -> Result<PathBuf> {
    if let Some(remembered) = home.state()?.postgres_directory.filter(|path| path.exists()) {
        return Ok(remembered);
    }
    let inside = home.path().join("postgres");
    match owner {
        Some(owner) if !owner.reaches(home.path()) => {
            let outside = PathBuf::from(format!("/var/tmp/groundwork-{}", Uuid::new_v4().simple()));
            std::fs::create_dir(&outside).with_context(|| format!("making {}", outside.display()))?;
            // Only a signpost: a link of an earlier, forgotten cluster may be in its place.
            let _ = std::fs::remove_file(&inside);
            let _ = std::os::unix::fs::symlink(&outside, &inside);
            Ok(outside)
        }
        Some(_) | None => Ok(inside),
    }
}

/// The newest of Debian's directories that has a server, else the directory of `initdb` on PATH.
fn binaries() -> Result<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, path)| path.join("initdb").exists() && path.join("postgres").exists())
        .collect();
    versions.sort();
    if let Some((_, path)) = versions.pop() {
        return Ok(path);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .filter_map(|directory| directory.join("initdb").canonicalize().ok())
        .filter(|initdb| initdb.metadata().is_ok_and(|metadata| metadata.mode() & 0o111 != 0))
        .find_map(|initdb| initdb.parent().map(Path::to_owned))
        .context("PostgreSQL's server binaries (initdb, postgres) were found neither in /usr/lib/postgresql/*/bin nor on PATH: install PostgreSQL 15 or newer, or set DATABASE_URL to a server of your own")
}

/// The last lines of a log.
pub(super) fn tail(path: &Path) -> String {
    let text = std::fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    let last = lines[lines.len().saturating_sub(12)..].join("\n");
    format!("{last}\n(the whole log: {})", path.display())
}
