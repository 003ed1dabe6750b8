//! The `groundwork` program: servers, the local stack, and commands for people and scripts.
//!
//! It is a library beside a binary because the end-to-end tests start and kill the same processes ([`stack`]). Project
//! commands are a client of the HTTP API. Must never enter: SQL, Temporal's client, a model provider, a rule about projects.
//!
//! - `args` the command line, `settings` what an installation can set, `failure` how commands end
//! - `serve` our servers, `dev` and `demo` the stack on one machine, [`stack`] its processes
//! - `commands` what people do with projects, `client` the API as a program sees it, `output` the only writer
//! - `bundle` whether a provenance bundle holds together, without any server

pub mod stack;

mod args;
mod bundle;
mod client;
mod commands;
mod credentials;
mod demo;
mod dev;
mod failure;
mod logging;
mod output;
mod serve;
mod settings;
mod signals;

use anyhow::Context as _;
use args::{Arguments, Command, LogFormat};
use clap::{Parser as _, ValueEnum as _};
use failure::Result;
use output::Output;
use settings::Settings;
use std::process::ExitCode;

/// Reads the command line and does what it says.
#[must_use]
pub fn main() -> ExitCode {
    // Before anything could use TLS. It fails only where a provider is installed already, and then there is one.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let arguments = Arguments::parse();
    let output = Output::new(json(&arguments.command));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let done = match runtime.context("starting the async runtime") {
        Ok(runtime) => runtime.block_on(run(&arguments)),
        Err(error) => Err(error.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.failure(&failure);
            ExitCode::from(failure.exit as u8)
        }
    }
}

async fn run(arguments: &Arguments) -> Result<()> {
    match &arguments.command {
        Command::Dev(stack) => dev::dev(stack, &load(arguments, None)?).await,
        Command::Demo(demo) => demo::demo(demo, &load(arguments, None)?).await,
        Command::Api(bind) => serve::api(load(arguments, bind.bind)?).await,
        Command::Worker => serve::worker(load(arguments, None)?).await,
        Command::Serve(bind) => serve::both(load(arguments, bind.bind)?).await,
        Command::Migrate => serve::migrate(load(arguments, None)?).await,
        Command::Simulator(simulator) => serve::simulator(simulator, load(arguments, None)?).await,
        Command::Client(command) => commands::run(command).await,
    }
}

fn load(arguments: &Arguments, bind: Option<std::net::SocketAddr>) -> Result<Settings> {
    let format = arguments.log_format.and_then(|format: LogFormat| format.to_possible_value());
    let flags = [
        ("api.bind", bind.map(|bind| bind.to_string())),
        ("log.format", format.map(|format| format.get_name().to_owned())),
    ];
    settings::load(&arguments.config, &flags)
}

/// Whether a command speaks JSON, so that its failure does too.
fn json(command: &Command) -> bool {
    match command {
        Command::Client(command) => command.connection().json,
        Command::Dev(_)
        | Command::Demo(_)
        | Command::Api(_)
        | Command::Worker
        | Command::Serve(_)
        | Command::Migrate
        | Command::Simulator(_) => false,
    }
}
