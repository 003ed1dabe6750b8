//! What people decide.

use super::Connection;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// At which gate, and on what.
#[derive(Debug, Args)]
pub(crate) struct GateArguments {
    /// The project's id, or the first characters of it.
    pub(crate) project: String,
    /// The gate, where several wait.
    #[arg(long)]
    pub(crate) gate: Option<String>,
    /// The digest of what you read [default: what waits there now, which is shown]. Something else there now: refused.
    #[arg(long)]
    pub(crate) digest: Option<String>,
    /// Why; request-changes hands it to the agent.
    #[arg(long, short = 'm')]
    pub(crate) comment: Option<String>,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

/// What is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Decision {
    /// Go on.
    Approve,
    /// Once more, with the comment.
    RequestChanges,
    /// The end, until `revise`.
    Reject,
    /// Go on with the text of --file.
    Amend,
}

impl Decision {
    /// The word on the wire.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::RequestChanges => "request_changes",
            Self::Reject => "reject",
            Self::Amend => "amend",
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct DecideArguments {
    /// What to decide.
    #[arg(value_enum)]
    pub(crate) decision: Decision,
    #[command(flatten)]
    pub(crate) gate: GateArguments,
    /// With amend: the text that takes the place of the agent's; `-` for standard input.
    #[arg(long, value_name = "FILE", required_if_eq("decision", "amend"))]
    pub(crate) file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct AmendArguments {
    #[command(flatten)]
    pub(crate) gate: GateArguments,
    /// The text that takes the place of the agent's; `-` for standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct RespondArguments {
    /// The request's id; `inbox` shows it.
    pub(crate) request: uuid::Uuid,
    /// approve, reject (once more, with your words) or amend (your words in place of the agent's).
    pub(crate) action: String,
    /// What to say.
    #[arg(long, short = 'm')]
    pub(crate) text: Option<String>,
    /// What to say, from a file; `-` for standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "text")]
    pub(crate) file: Option<PathBuf>,
    /// The digest of what you read [default: what it asks about now, which is shown]. Something else there now: refused.
    #[arg(long)]
    pub(crate) digest: Option<String>,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Debug, Args)]
pub(crate) struct ReviseArguments {
    /// The project's id, or the first characters of it.
    pub(crate) project: String,
    /// The new brief; `-` for standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) brief_file: PathBuf,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Debug, Args)]
pub(crate) struct RewindArguments {
    /// The project's id, or the first characters of it.
    pub(crate) project: String,
    /// The stage to go back to; `preview PROJECT rewind STAGE` shows what that redoes.
    pub(crate) stage: String,
    /// Another model for that stage; `diff` compares what the two wrote.
    #[arg(long)]
    pub(crate) model: Option<String>,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Debug, Args)]
pub(crate) struct PreviewArguments {
    /// The project's id, or the first characters of it.
    pub(crate) project: String,
    /// revise, rewind, retry, or amend_answer.
    pub(crate) command: String,
    /// The stage of rewind, or the question of amend_answer.
    pub(crate) target: Option<String>,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Debug, Args)]
pub(crate) struct ChatArguments {
    /// The project's id, or the first characters of it.
    pub(crate) project: String,
    /// What to say; without it, what was said so far is shown.
    pub(crate) message: Option<String>,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Debug, Args)]
pub(crate) struct ConfirmArguments {
    /// The project's id, or the first characters of it.
    pub(crate) project: String,
    /// The digest of the brief that you read [default: the present one, which is shown].
    #[arg(long)]
    pub(crate) digest: Option<String>,
    #[command(flatten)]
    pub(crate) connection: Connection,
}
