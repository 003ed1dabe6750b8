//! `make bench`: what Groundwork costs, as a table and as `bench.json`. That an aim is missed is said, and is no failure.
#![expect(clippy::print_stdout, reason = "a program that prints its findings")]

use anyhow::{Context, Result};
use clap::Parser;
use groundwork_tests::bench::{self, Measure, Plan, Sizes};
use std::path::PathBuf;
use std::process::ExitCode;

/// Measures the whole stack, against a bare workflow on the same Temporal server.
#[derive(Debug, Parser)]
struct Arguments {
    /// Rounds of every measure but `parked`; medians are reported.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Only this measure; may be repeated.
    #[arg(long, value_name = "MEASURE")]
    only: Vec<Measure>,
    /// One round of everything, small: to see that it works. The figures say nothing.
    #[arg(long)]
    quick: bool,
    /// Folder for `bench.json`.
    #[arg(long, default_value = "out")]
    out: PathBuf,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    // Dropped when Ctrl-C comes first, and with it the stack: nothing is left running.
    tokio::select! {
        done = run(&arguments) => done.map(|()| ExitCode::SUCCESS),
        _ = tokio::signal::ctrl_c() => Ok(ExitCode::from(130)),
    }
}

async fn run(arguments: &Arguments) -> Result<()> {
    if cfg!(debug_assertions) {
        println!("not a release build: these figures say nothing");
    }
    let measures = if arguments.only.is_empty() { Measure::ALL.to_vec() } else { arguments.only.clone() };
    let plan = Plan {
        rounds: if arguments.quick { 1 } else { arguments.rounds },
        measures,
        sizes: if arguments.quick { Sizes::QUICK } else { Sizes::FULL },
    };
    let report = bench::run(plan).await?;
    print!("{}", report.table());
    std::fs::create_dir_all(&arguments.out).with_context(|| format!("making {}", arguments.out.display()))?;
    let path = arguments.out.join("bench.json");
    std::fs::write(&path, serde_json::to_vec_pretty(&report.json())?)
        .with_context(|| format!("writing {}", path.display()))?;
    println!("{}", path.display());
    Ok(())
}
