//! One process of the local stack, in a process group of its own, addressable by its pid.

use super::owner::Owner;
use super::wait;
use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::fs::OpenOptions;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How long a process that got SIGKILL may take to disappear.
const KILL_SECONDS_MAX: u64 = 10;

/// What to start.
#[derive(Clone, Debug)]
pub struct Spec {
    /// For messages.
    pub name: String,
    /// The executable.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Added to this process's environment.
    pub env: Vec<(String, String)>,
    /// Where its output is appended.
    pub log: PathBuf,
    /// Who runs it, in place of root.
    pub owner: Option<Owner>,
}

/// A pid and the instant at which it began, so that a number which the system gave to somebody else is not taken for ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The pid.
    pub pid: i32,
    /// Clock ticks between boot and its start; absent where there is no /proc.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_ticks: Option<u64>,
}

impl Identity {
    /// What runs under this pid now.
    #[must_use]
    pub fn of(pid: i32) -> Self {
        Self { pid, started_ticks: stat(pid).map(|stat| stat.started_ticks) }
    }

    /// Whether this very process runs now. One that ended and was not waited for does not.
    #[must_use]
    pub fn is_alive(self) -> bool {
        match (self.started_ticks, stat(self.pid)) {
            (Some(started), Some(now)) => now.started_ticks == started && now.state != 'Z',
            (Some(_), None) => false,
            // EPERM means that it exists and belongs to somebody else.
            (None, _) => matches!(kill(Pid::from_raw(self.pid), None), Ok(()) | Err(Errno::EPERM)),
        }
    }
}

/// A process that was started here, or by an earlier run and found again. Dropped, it is killed with what it started,
/// so that a test which panics leaves nothing behind; `leave` lets it live on.
#[derive(Debug)]
pub struct Process {
    name: String,
    identity: Identity,
    child: Option<Child>,
    left: bool,
}

impl Process {
    /// Starts it, its output going to the log, in a process group of its own: Ctrl-C in the terminal reaches us only.
    ///
    /// # Errors
    /// When the log cannot be opened or the program cannot be executed.
    pub fn spawn(spec: &Spec) -> Result<Self> {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&spec.log)
            .with_context(|| format!("opening {}", spec.log.display()))?;
        let mut command = Command::new(&spec.program);
        command
            .args(&spec.args)
            .envs(spec.env.iter().map(|(key, value)| (key, value)))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0);
        if let Some(owner) = &spec.owner {
            // The directory we were started in may be closed to that user.
            command.uid(owner.uid).gid(owner.gid).current_dir("/");
        }
        let child = command
            .spawn()
            .with_context(|| format!("starting {} ({})", spec.name, spec.program.display()))?;
        let pid = i32::try_from(child.id()).context("a pid beyond i32")?;
        Ok(Self { name: spec.name.clone(), identity: Identity::of(pid), child: Some(child), left: false })
    }

    /// A process that an earlier run started, if it still runs.
    #[must_use]
    pub fn find(name: &str, identity: Identity) -> Option<Self> {
        identity.is_alive().then(|| Self { name: name.to_owned(), identity, child: None, left: false })
    }

    /// Its pid, which is also its process group.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.identity.pid
    }

    /// Its pid and start.
    #[must_use]
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// Whether it runs now.
    pub fn is_alive(&mut self) -> bool {
        match &mut self.child {
            Some(child) => matches!(child.try_wait(), Ok(None)),
            None => self.identity.is_alive(),
        }
    }

    /// Sends it a signal; one that has ended already is no error.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        send(self.identity.pid, signal).with_context(|| format!("sending {signal} to {}", self.name))
    }

    /// Asks it to end with `signal` and kills it with what it started once `grace` has passed.
    ///
    /// # Errors
    /// When it does not go away.
    pub async fn stop(&mut self, signal: Signal, grace: Duration) -> Result<()> {
        if self.is_alive() {
            self.signal(signal)?;
        }
        let what = format!("the end of {}", self.name);
        match wait::until(&what, grace, async || Ok((!self.is_alive()).then_some(()))).await {
            Ok(()) => Ok(()),
            Err(_) => self.kill().await,
        }
    }

    /// SIGKILL to it and to all that it started, and waits until all of them are gone.
    ///
    /// # Errors
    /// When one of them does not go away.
    pub async fn kill(&mut self) -> Result<()> {
        let victims = self.kill_now();
        let what = format!("the death of {}", self.name);
        wait::until(&what, Duration::from_secs(KILL_SECONDS_MAX), async || {
            Ok((!self.is_alive() && !victims.iter().any(|victim| victim.is_alive())).then_some(()))
        })
        .await
    }

    /// Lets it live on when this value is dropped.
    pub fn leave(&mut self) {
        self.left = true;
    }

    /// Stops it first, so that nothing is started while the list is made, then kills the whole tree. A process group would not
    /// do: every PostgreSQL backend is a session of its own.
    fn kill_now(&mut self) -> Vec<Identity> {
        if !self.is_alive() {
            return Vec::new();
        }
        let pid = self.identity.pid;
        // Each of these may have ended by itself in the meantime.
        let _ = send(pid, Signal::SIGSTOP);
        let victims: Vec<Identity> = descendants(pid).into_iter().map(Identity::of).collect();
        let _ = send(pid, Signal::SIGKILL);
        for victim in &victims {
            let _ = send(victim.pid, Signal::SIGKILL);
        }
        victims
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.left {
            self.kill_now();
            if let Some(child) = &mut self.child {
                let _ = child.wait();
            }
        }
    }
}

fn send(pid: i32, signal: Signal) -> Result<()> {
    match kill(Pid::from_raw(pid), signal) {
        Ok(()) | Err(Errno::ESRCH) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

struct Stat {
    state: char,
    parent: i32,
    started_ticks: u64,
}

fn stat(pid: i32) -> Option<Stat> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the name in parentheses, and a name may contain both spaces and parentheses.
    let mut fields = text.get(text.rfind(')')? + 1..)?.split_whitespace();
    let state = fields.next()?.chars().next()?;
    let parent = fields.next()?.parse().ok()?;
    let started_ticks = fields.nth(17)?.parse().ok()?;
    Some(Stat { state, parent, started_ticks })
}

/// All processes below `root`, children before grandchildren; none where there is no /proc.
#[must_use]
pub fn descendants(root: i32) -> Vec<i32> {
    let Ok(entries) = std::fs::read_dir(Path::new("/proc")) else { return Vec::new() };
    let all: Vec<(i32, i32)> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok())
        .filter_map(|pid| Some((pid, stat(pid)?.parent)))
        .collect();
    let mut found = vec![root];
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        found.extend(all.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    found.split_off(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, log: &Path) -> Process {
        let spec = Spec {
            name: "shell".into(),
            program: "/bin/sh".into(),
            args: vec!["-c".into(), script.into()],
            env: Vec::new(),
            log: log.to_owned(),
            owner: None,
        };
        Process::spawn(&spec).expect("a shell")
    }

    #[tokio::test]
    async fn kill_takes_children_that_left_the_process_group_too() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut process = shell("setsid sleep 600 & wait", &directory.path().join("log"));
        let pid = process.pid();
        let children = wait::until("its child", Duration::from_secs(60), async || {
            let children: Vec<Identity> = descendants(pid).into_iter().map(Identity::of).collect();
            Ok((!children.is_empty()).then_some(children))
        })
        .await
        .expect("a child");
        process.kill().await.expect("all gone");
        assert!(!process.is_alive());
        assert!(children.iter().all(|child| !child.is_alive()));
    }

    #[tokio::test]
    async fn stop_kills_what_does_not_listen() {
        let directory = tempfile::tempdir().expect("a directory");
        let log = directory.path().join("log");
        let mut process = shell("trap '' TERM; echo deaf; while :; do sleep 1; done", &log);
        wait::until("the trap", Duration::from_secs(60), async || {
            Ok(std::fs::read_to_string(&log)?.contains("deaf").then_some(()))
        })
        .await
        .expect("a deaf shell");
        process.stop(Signal::SIGTERM, Duration::from_millis(200)).await.expect("gone");
        assert!(!process.is_alive());
    }

    #[test]
    fn another_process_under_the_same_pid_is_not_ours() {
        let mut other = Identity::of(i32::try_from(std::process::id()).expect("a pid"));
        assert!(other.is_alive());
        other.started_ticks = other.started_ticks.map(|ticks| ticks + 1);
        assert!(other.started_ticks.is_none() || !other.is_alive());
    }
}
