//! The command line. Its texts are the manual that people read first.

mod client;
mod decisions;
mod operations;
mod texts;
mod workspace;

pub(crate) use client::*;
pub(crate) use decisions::*;
pub(crate) use operations::*;
pub(crate) use texts::*;
pub(crate) use workspace::*;

use crate::failure::EXIT_CODES;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Groundwork turns an idea into a plan that a coding agent builds from.
#[derive(Debug, Parser)]
#[command(name = "groundwork", version, about, after_help = EXIT_CODES, max_term_width = 100)]
pub(crate) struct Arguments {
    /// Settings: this file, then GROUNDWORK__SECTION__KEY, then flags.
    #[arg(
        long,
        global = true,
        env = "GROUNDWORK_CONFIG",
        default_value = "groundwork.toml",
        value_name = "FILE"
    )]
    pub(crate) config: PathBuf,
    /// How the log is written.
    #[arg(long, global = true, value_enum)]
    pub(crate) log_format: Option<LogFormat>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Form of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the whole stack on this machine, until Ctrl-C.
    Dev(StackArguments),
    /// Take an idea through the whole stack into a folder, and stop what was started.
    Demo(DemoArguments),
    /// Serve the HTTP API.
    Api(BindArguments),
    /// Run workflows and model calls.
    Worker,
    /// API and worker in one process, which starts projects faster.
    Serve(BindArguments),
    /// Bring database and search attributes to this version.
    Migrate,
    /// Serve a model provider that needs neither key nor network.
    Simulator(SimulatorArguments),

    #[command(flatten)]
    Client(ClientCommand),
}

#[derive(Debug, Args)]
pub(crate) struct ProjectArguments {
    /// The project's id, or the first characters of it.
    pub(crate) project: String,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Debug, Args)]
pub(crate) struct StackArguments {
    /// Where everything is kept [default: .groundwork].
    #[arg(long, value_name = "DIRECTORY")]
    pub(crate) directory: Option<PathBuf>,
    /// Use five ports from here on: API, Temporal, its UI, PostgreSQL, simulator.
    #[arg(long, value_name = "PORT")]
    pub(crate) port_base: Option<u16>,
    /// Passed on to the simulator, `--simulator=--latency-ms=500`; may be repeated.
    #[arg(long = "simulator", value_name = "FLAG", allow_hyphen_values = true)]
    pub(crate) simulator: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// The idea.
    #[arg(long, value_name = "FILE", default_value = "deploy/demo/idea.md")]
    pub(crate) idea_file: PathBuf,
    /// Where the folder with the package goes.
    #[arg(long, value_name = "DIRECTORY", default_value = "out")]
    pub(crate) out: PathBuf,
    /// Ask you the questions instead of answering them by script.
    #[arg(long)]
    pub(crate) interactive: bool,
    #[command(flatten)]
    pub(crate) stack: StackArguments,
}

#[derive(Debug, Args)]
pub(crate) struct BindArguments {
    /// Where to listen, `host:port` [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) bind: Option<std::net::SocketAddr>,
}

#[derive(Debug, Args)]
pub(crate) struct SimulatorArguments {
    /// Where to listen, on loopback; 0 for any free port.
    #[arg(long, default_value_t = 8089)]
    pub(crate) port: u16,
    #[command(flatten)]
    pub(crate) options: groundwork_simulator::Options,
}

#[derive(Debug, Args)]
pub(crate) struct LoginArguments {
    /// Who you are.
    #[arg(long)]
    pub(crate) email: Option<String>,
    /// Read the password from standard input instead of asking; GROUNDWORK_PASSWORD works too.
    #[arg(long)]
    pub(crate) password_stdin: bool,
    /// The code of your second factor, or a recovery code, instead of being asked for it.
    #[arg(long)]
    pub(crate) code: Option<String>,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Debug, Args)]
pub(crate) struct SignupArguments {
    /// What you are called.
    #[arg(long)]
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) login: LoginArguments,
}

#[derive(Debug, Args)]
pub(crate) struct NewArguments {
    /// The idea, in words.
    #[arg(long, conflicts_with = "idea_file", required_unless_present = "idea_file")]
    pub(crate) idea: Option<String>,
    /// A file with the idea; `-` for standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) idea_file: Option<PathBuf>,
    /// What to call it [default: from the idea's first line].
    #[arg(long)]
    pub(crate) title: Option<String>,
    /// What is to come out.
    #[arg(long, default_value = "promptr")]
    pub(crate) pipeline: String,
    /// Follow it at once.
    #[arg(long)]
    pub(crate) watch: bool,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    /// Only those in this phase: working, awaiting_input, paused, completed, failed, cancelled.
    #[arg(long)]
    pub(crate) phase: Option<String>,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Debug, Args)]
pub(crate) struct WatchArguments {
    /// The project's id, or the first characters of it.
    pub(crate) project: String,
    /// Show what agents are writing while they write it.
    #[arg(long)]
    pub(crate) text: bool,
    /// Begin after this event instead of with what happens now; 0 for the whole story.
    #[arg(long, value_name = "SEQUENCE")]
    pub(crate) after: Option<u64>,
    /// Go on when the project waits for you, until it completes, fails or is cancelled.
    #[arg(long)]
    pub(crate) to_end: bool,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Debug, Args)]
pub(crate) struct AnswerArguments {
    /// The project's id, or the first characters of it.
    pub(crate) project: String,
    /// One answer: `Q1=A`, `Q2=A,C` or `Q3=words of your own`; may be repeated.
    #[arg(long = "set", value_name = "QUESTION=ANSWER")]
    pub(crate) set: Vec<String>,
    /// A file with one answer a line, as for --set; `-` for standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Take the recommendation for every question that is not answered here.
    #[arg(long)]
    pub(crate) recommended: bool,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Debug, Args)]
pub(crate) struct RefineArguments {
    /// The project's id, or the first characters of it.
    pub(crate) project: String,
    /// What to rewrite: a heading, a requirement (`FR-003`) or a prompt (`02`).
    pub(crate) target: String,
    /// What to change, in words.
    pub(crate) request: String,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Debug, Args)]
pub(crate) struct RetryArguments {
    /// The project's id, or the first characters of it.
    pub(crate) project: String,
    /// Another model, for this attempt.
    #[arg(long)]
    pub(crate) model: Option<String>,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    /// The project's id, or the first characters of it.
    pub(crate) project: String,
    /// The folder, or a file ending in `.zip`; must not exist yet.
    #[arg(long, value_name = "PATH")]
    pub(crate) out: PathBuf,
    /// Write over what is there.
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
