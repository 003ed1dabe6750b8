//! `.groundwork/`: everything the local stack keeps, and how a later run finds what an earlier one left.

use super::owner::restrict;
use super::ports::Ports;
use super::process::Identity;
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The directory of one local stack. Absolute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home(PathBuf);

/// What is remembered between runs, in `stack.json`, readable by its owner only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// The ports that were used last.
    pub ports: Option<Ports>,
    /// Where the API answers; only while it does.
    pub api_url: Option<String>,
    /// The pid of the running `groundwork dev`.
    pub dev: Option<Identity>,
    /// Our own processes: simulator, API, worker.
    pub servers: Vec<Identity>,
    /// Where the PostgreSQL cluster is: inside this directory, unless the user that must run it cannot come here.
    pub postgres_directory: Option<PathBuf>,
    /// The Temporal server.
    pub temporal: Option<Identity>,
    /// Whether the cluster has our database.
    pub database_created: bool,
    /// PostgreSQL's superuser password.
    pub postgres_password: Option<String>,
    /// What tokens are signed with where `SECRET_KEY` is not set.
    pub secret_key: Option<String>,
    /// Password of the account that `groundwork demo` signs up.
    pub demo_password: Option<String>,
}

/// Held as long as one `groundwork dev` uses the directory; the system lets go of it when the process ends.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held, not read")] File);

impl Home {
    /// Opens the directory, making it where it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(directory: &Path) -> Result<Self> {
        for part in ["logs", "temporal"] {
            let path = directory.join(part);
            std::fs::create_dir_all(&path).with_context(|| format!("making {}", path.display()))?;
        }
        let path = directory.canonicalize().with_context(|| format!("finding {}", directory.display()))?;
        Ok(Self(path))
    }

    /// The directory itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Where one process's output goes.
    #[must_use]
    pub fn log(&self, name: &str) -> PathBuf {
        self.0.join("logs").join(format!("{name}.log"))
    }

    /// Temporal's SQLite file.
    #[must_use]
    pub fn temporal_file(&self) -> PathBuf {
        self.0.join("temporal").join("temporal.db")
    }

    /// What an earlier run remembered; nothing in a new directory.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn state(&self) -> Result<State> {
        let path = self.0.join("stack.json");
        match std::fs::read(&path) {
            Ok(bytes) => {
                serde_json::from_slice(&bytes).with_context(|| format!("reading {}", path.display()))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(State::default()),
            Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
        }
    }

    /// Changes what is remembered, all of it or nothing.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn remember<T>(&self, change: impl FnOnce(&mut State) -> T) -> Result<T> {
        let mut state = self.state()?;
        let value = change(&mut state);
        write_private(&self.0.join("stack.json"), &serde_json::to_vec_pretty(&state)?)?;
        Ok(value)
    }

    /// Takes the directory for this process.
    ///
    /// # Errors
    /// When another `groundwork dev` has it; the message says which.
    pub fn lock(&self) -> Result<Lock> {
        let file = OpenOptions::new().create(true).append(true).open(self.0.join("lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock(file)),
            Err(TryLockError::Error(error)) => Err(error).context("locking"),
            Err(TryLockError::WouldBlock) => {
                let state = self.state().unwrap_or_default();
                let who = state.dev.map_or_else(String::new, |dev| format!(" (pid {})", dev.pid));
                let url = state.api_url.map_or_else(String::new, |url| format!(" at {url}"));
                bail!("{} is in use by another groundwork{who}{url}", self.0.display())
            }
        }
    }
}

/// Writes a file that its owner alone may read, by way of a second file, so that a crash leaves the old or the new one.
///
/// # Errors
/// When the file system refuses.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<()> {
    let part = path.with_extension("part");
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&part)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&part, path)
    };
    write().with_context(|| format!("writing {}", path.display()))
}

/// A directory that only its owner may look into.
///
/// # Errors
/// When the file system refuses.
pub fn make_private(directory: &Path) -> Result<()> {
    std::fs::create_dir_all(directory).with_context(|| format!("making {}", directory.display()))?;
    restrict(directory)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn what_is_remembered_is_private_and_comes_back() {
        let directory = tempfile::tempdir().expect("a directory");
        let home = Home::open(&directory.path().join("home")).expect("a home");
        home.remember(|state| state.secret_key = Some("s".into())).expect("written");
        home.remember(|state| state.ports = Some(Ports::from_base(4000))).expect("written");
        let state = home.state().expect("read");
        assert_eq!((state.secret_key.as_deref(), state.ports), (Some("s"), Some(Ports::from_base(4000))));
        let mode = std::fs::metadata(home.path().join("stack.json")).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_second_stack_in_the_same_directory_is_refused_with_a_reason() {
        let directory = tempfile::tempdir().expect("a directory");
        let home = Home::open(directory.path()).expect("a home");
        let lock = home.lock().expect("the lock");
        home.remember(|state| state.api_url = Some("http://127.0.0.1:1".into())).expect("written");
        let refusal = home.lock().expect_err("a refusal").to_string();
        assert!(refusal.contains("in use by another groundwork at http://127.0.0.1:1"), "{refusal}");
        drop(lock);
        home.lock().expect("free again");
    }
}
