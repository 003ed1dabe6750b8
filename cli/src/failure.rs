//! How a command ends when it does not end well: a code for scripts, a sentence, and what to do next.

use serde_json::{Value, json};
use std::fmt;

/// Exit codes; contracts, so they only ever gain values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Something went wrong that no other code says.
    Failed = 1,
    /// The command line, or a file that it names, cannot be used. clap exits with the same code.
    Usage = 2,
    /// The server understood and refused: wrong state, not found, not allowed, too large, limit reached.
    Refused = 3,
    /// Nobody is signed in, or the session is over.
    NotSignedIn = 4,
    /// The server, or something that it needs, does not answer.
    Unreachable = 5,
    /// The project itself ended badly: failed or cancelled.
    ProjectFailed = 6,
    /// Ctrl-C.
    Interrupted = 130,
}

/// The table at the end of `groundwork --help`.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    something went wrong
  2    the command line, or a file that it names, cannot be used
  3    refused: wrong state, not found, not allowed, too large, limit reached
  4    not signed in
  5    the server, or something that it needs, does not answer
  6    the project failed or was cancelled
  130  interrupted";

/// Why a command ends badly.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What a script sees.
    pub(crate) exit: Exit,
    /// The kind, as the server's problem documents have it.
    pub(crate) code: String,
    /// What happened.
    pub(crate) message: String,
    /// What to do now.
    pub(crate) next: Option<String>,
    /// Commands that the project would take now.
    pub(crate) allowed: Vec<String>,
}

pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

impl Failure {
    pub(crate) fn new(exit: Exit, code: &str, message: impl Into<String>) -> Self {
        Self { exit, code: code.to_owned(), message: message.into(), next: None, allowed: Vec::new() }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, "usage", message)
    }

    /// Adds what to do now.
    pub(crate) fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    pub(crate) fn json(&self) -> Value {
        json!({ "error": {
            "code": self.code,
            "message": self.message,
            "next": self.next,
            "allowed": self.allowed,
            "exit": self.exit as u8,
        } })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        if let Some(next) = &self.next {
            write!(f, "\n  next: {next}")?;
        }
        if !self.allowed.is_empty() {
            write!(f, "\n  possible now: {}", self.allowed.join(", "))?;
        }
        Ok(())
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        // The whole chain: the cause is what people can act on.
        Self::new(Exit::Failed, "failed", format!("{error:#}"))
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(Exit::Failed, "failed", error.to_string())
    }
}
