//! The `groundwork` program, as a person with a terminal runs it.

use crate::stack::Stack;
use crate::{client, wait};
use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Duration;
use tempfile::TempDir;
use uuid::Uuid;

/// How long agents may be at work before a command can be carried out.
const PATIENCE: Duration = Duration::from_secs(150);

/// The `groundwork` program with credentials and a folder of its own.
#[derive(Debug)]
pub struct Cli<'a> {
    stack: &'a Stack,
    home: TempDir,
}

impl<'a> Cli<'a> {
    /// Makes an account, and is that person.
    ///
    /// # Errors
    /// When it is refused.
    pub fn sign_up(stack: &'a Stack, name: &str) -> Result<Self> {
        Self::sign_up_as(stack, &format!("{name}-{}@example.com", Uuid::new_v4().simple()), name)
    }

    /// The same with an address of one's own.
    ///
    /// # Errors
    /// When it is refused.
    pub fn sign_up_as(stack: &'a Stack, email: &str, name: &str) -> Result<Self> {
        let cli = Self { stack, home: TempDir::new()? };
        cli.run(&["signup", "--email", email, "--name", name])?;
        Ok(cli)
    }

    /// Of a file in the folder.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Runs a command to its end, whatever that is.
    ///
    /// # Errors
    /// When it cannot be executed.
    pub fn output(&self, arguments: &[&str]) -> Result<Output> {
        let command = Command::new(self.stack.binary())
            .args(arguments)
            .current_dir(self.home.path())
            .env("GROUNDWORK_SERVER", self.stack.url())
            .env("GROUNDWORK_CREDENTIALS", self.path("credentials.toml"))
            .env("GROUNDWORK_PASSWORD", client::PASSWORD)
            .output()?;
        Ok(command)
    }

    /// What a command prints.
    ///
    /// # Errors
    /// When it fails, with all that it said.
    pub fn run(&self, arguments: &[&str]) -> Result<String> {
        let output = self.output(arguments)?;
        let (out, err) =
            (String::from_utf8(output.stdout)?, String::from_utf8_lossy(&output.stderr).into_owned());
        if !output.status.success() {
            bail!("groundwork {arguments:?}: {}\n{out}{err}", output.status);
        }
        Ok(out)
    }

    /// What a command prints for programs.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn json(&self, arguments: &[&str]) -> Result<Value> {
        let text = self.run(&[arguments, &["--json"]].concat())?;
        serde_json::from_str(&text).with_context(|| format!("{arguments:?}: {text}"))
    }

    /// Repeats a command until it succeeds: agents may still be at work.
    ///
    /// # Errors
    /// What it said last.
    pub async fn at_last(&self, arguments: &[&str]) -> Result<String> {
        let mut last = String::new();
        wait::until(arguments[0], PATIENCE, async || match self.run(arguments) {
            Ok(text) => Ok(Some(text)),
            Err(error) => {
                last = format!("{error:#}");
                Ok(None)
            }
        })
        .await
        .with_context(|| last)
    }
}
