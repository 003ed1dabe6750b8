//! The simulator as a process of its own: `cargo run -p groundwork-simulator --example serve -- --port 8090`.
//! Prints its address as the first line, which is how scripts learn the port that `--port 0` was given.

use clap::Parser;
use groundwork_simulator::{Options, serve};
use std::io::Write as _;

#[derive(Parser)]
struct Arguments {
    /// Port on loopback; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    #[command(flatten)]
    options: Options,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", arguments.port)).await?;
    writeln!(std::io::stdout(), "http://{}", listener.local_addr()?)?;
    let interrupted = async {
        // Without a signal handler the process still ends by signal; it only says no goodbye.
        drop(tokio::signal::ctrl_c().await);
    };
    serve(listener, arguments.options, interrupted).await?;
    Ok(())
}
