//! `make eval`: ten ideas through the agents, without Temporal and Postgres, and what can be measured of the result.
//!
//! Providers come from the environment as everywhere: `ANTHROPIC_API_KEY`, `OPENAI_API_KEY`, `ANTHROPIC_BASE_URL`,
//! `OPENAI_BASE_URL` (the simulator's address for a run without keys).
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

mod case;
mod measure;
mod person;
mod run;

use anyhow::{Context, bail};
use case::Case;
use groundwork_agents::{Agents, AgentsSettings};
use measure::Measures;
use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "eval [--ideas FOLDER] [--only NAME] [--reader] [--json FILE]
Runs the ideas of a folder (agents/eval by default) through the agents and prints what can be measured.
--reader also asks a model, prompt by prompt, whether it could follow it (not with the simulator).";

struct Options {
    ideas: PathBuf,
    only: Option<String>,
    reader: bool,
    json: Option<PathBuf>,
}

fn options() -> anyhow::Result<Option<Options>> {
    let ideas = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/eval"));
    let mut options = Options { ideas, only: None, reader: false, json: None };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().with_context(|| format!("{word} needs a value\n{USAGE}"));
        match word.as_str() {
            "--ideas" => options.ideas = value()?.into(),
            "--only" => options.only = Some(value()?),
            "--reader" => options.reader = true,
            "--json" => options.json = Some(value()?.into()),
            "--help" | "-h" => return Ok(None),
            other => bail!("`{other}` is not known\n{USAGE}"),
        }
    }
    Ok(Some(options))
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let Some(options) = options()? else {
        println!("{USAGE}");
        return Ok(ExitCode::SUCCESS);
    };
    let mut cases = Case::read_folder(&options.ideas)?;
    if let Some(only) = &options.only {
        cases.retain(|case| case.name.contains(only.as_str()));
    }
    if cases.is_empty() {
        bail!("no idea in {} has that name", options.ideas.display());
    }
    let agents = Agents::new(AgentsSettings::from_variables(|name| std::env::var(name).ok()))?;
    let mut all = Vec::new();
    println!("{}", Measures::HEAD);
    for case in &cases {
        let measures = run::run(&agents, case, options.reader).await;
        println!("{}", measures.row());
        all.push(measures);
    }
    println!("{}", measure::totals(&all));
    if let Some(path) = &options.json {
        let report = measure::report(&all)?;
        std::fs::write(path, report).with_context(|| format!("{} cannot be written", path.display()))?;
        println!("written to {}", path.display());
    }
    // The table has said which idea became no package, and why.
    let failed = all.iter().any(|measures| measures.failure.is_some());
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
