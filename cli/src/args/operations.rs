//! Money, keys, pipelines, and what operators do.

use super::Connection;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// What can be done with budgets.
#[derive(Debug, Subcommand)]
pub(crate) enum BudgetCommand {
    /// Show a budget and what of it is used.
    Show(BudgetArguments),
    /// Set a budget; without any limit it is taken away.
    Set(SetBudgetArguments),
}

/// Whose budget.
#[derive(Debug, Args)]
pub(crate) struct BudgetArguments {
    /// The project's id, or the first characters of it.
    #[arg(required_unless_present = "workspace")]
    pub(crate) project: Option<String>,
    /// A workspace's budget instead.
    #[arg(long, conflicts_with = "project")]
    pub(crate) workspace: Option<uuid::Uuid>,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Debug, Args)]
pub(crate) struct SetBudgetArguments {
    #[command(flatten)]
    pub(crate) of: BudgetArguments,
    /// Tokens read and written, over all time.
    #[arg(long)]
    pub(crate) tokens: Option<u64>,
    /// US dollars, over all time.
    #[arg(long)]
    pub(crate) usd: Option<rust_decimal::Decimal>,
    /// Models without a price may be called under a limit in US dollars.
    #[arg(long)]
    pub(crate) allow_unpriced: bool,
}

impl BudgetCommand {
    /// Which server it speaks to.
    pub(crate) fn connection(&self) -> &Connection {
        match self {
            Self::Show(arguments) => &arguments.connection,
            Self::Set(arguments) => &arguments.of.connection,
        }
    }
}

/// What can be done with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Show which keys are kept.
    List(KeysArguments),
    /// Keep a key; it is read from standard input or asked for, never from the command line.
    Set(KeyArguments),
    /// Take a key away.
    Delete(KeyArguments),
}

/// Whose keys.
#[derive(Debug, Args)]
pub(crate) struct KeysArguments {
    /// A workspace's keys instead of your own.
    #[arg(long)]
    pub(crate) workspace: Option<uuid::Uuid>,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Debug, Args)]
pub(crate) struct KeyArguments {
    /// anthropic or openai.
    pub(crate) provider: String,
    #[command(flatten)]
    pub(crate) of: KeysArguments,
}

impl KeysCommand {
    /// Which server it speaks to.
    pub(crate) fn connection(&self) -> &Connection {
        match self {
            Self::List(arguments) => &arguments.connection,
            Self::Set(arguments) | Self::Delete(arguments) => &arguments.of.connection,
        }
    }
}

/// What can be done with pipelines.
#[derive(Debug, Subcommand)]
pub(crate) enum PipelineCommand {
    /// Show the pipelines that a project can be begun with.
    List(PipelinesArguments),
    /// Print a pipeline's source.
    Show(PipelineArguments),
    /// Check a file, without a server: line and reason of what is wrong.
    Check(PipelineFileArguments),
    /// Keep a pipeline of your own.
    Add(PipelineFileArguments),
}

#[derive(Debug, Args)]
pub(crate) struct PipelinesArguments {
    /// The workspace [default: your personal one].
    #[arg(long)]
    pub(crate) workspace: Option<uuid::Uuid>,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Debug, Args)]
pub(crate) struct PipelineArguments {
    /// The pipeline's id.
    pub(crate) pipeline: String,
    #[command(flatten)]
    pub(crate) place: PipelinesArguments,
}

#[derive(Debug, Args)]
pub(crate) struct PipelineFileArguments {
    /// The definition: TOML.
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) place: PipelinesArguments,
}

impl PipelineCommand {
    /// Which server it speaks to.
    pub(crate) fn connection(&self) -> &Connection {
        match self {
            Self::List(arguments) => &arguments.connection,
            Self::Show(arguments) => &arguments.place.connection,
            Self::Check(arguments) | Self::Add(arguments) => &arguments.place.connection,
        }
    }
}

/// What operators can do.
#[derive(Debug, Subcommand)]
pub(crate) enum OpsCommand {
    /// Show stages that failed for good.
    Failed(FailedArguments),
    /// Try failed stages again: one by its project's id, or all that a query finds.
    Retry(OpsRetryArguments),
    /// Pause everything.
    Pause(Connection),
    /// Let everything go on that `pause` has paused.
    Resume(Connection),
    /// Show projects that are stuck, failed or over their budget.
    Troubles(TroublesArguments),
}

#[derive(Debug, Args)]
pub(crate) struct FailedArguments {
    /// Only these: `pipeline=build`, `stage=spec`, `code=provider_unavailable`; may be repeated.
    #[arg(long, value_name = "FIELD=WORD")]
    pub(crate) query: Vec<String>,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Debug, Args)]
pub(crate) struct OpsRetryArguments {
    /// One project, by its whole id.
    #[arg(required_unless_present_any = ["query", "all"])]
    pub(crate) project: Option<uuid::Uuid>,
    /// All that this finds: `pipeline=build`, `stage=spec`, `code=provider_unavailable`; may be repeated.
    #[arg(long, value_name = "FIELD=WORD", conflicts_with = "project")]
    pub(crate) query: Vec<String>,
    /// All of them.
    #[arg(long, conflicts_with_all = ["project", "query"])]
    pub(crate) all: bool,
    /// Another model, for these attempts.
    #[arg(long)]
    pub(crate) model: Option<String>,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Debug, Args)]
pub(crate) struct TroublesArguments {
    /// Look now instead of showing what was found last.
    #[arg(long)]
    pub(crate) now: bool,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

impl OpsCommand {
    /// Which server it speaks to.
    pub(crate) fn connection(&self) -> &Connection {
        match self {
            Self::Failed(arguments) => &arguments.connection,
            Self::Retry(arguments) => &arguments.connection,
            Self::Pause(connection) | Self::Resume(connection) => connection,
            Self::Troubles(arguments) => &arguments.connection,
        }
    }
}
