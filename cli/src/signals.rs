//! Ctrl-C and SIGTERM: both ask to end.

use anyhow::{Context as _, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Requests to end, from the terminal or from whoever started us.
pub(crate) struct Requests {
    interrupt: Signal,
    terminate: Signal,
}

impl Requests {
    /// From now on these signals end nothing by themselves.
    pub(crate) fn listen() -> Result<Self> {
        let listen = |kind| signal(kind).context("listening for signals");
        Ok(Self { interrupt: listen(SignalKind::interrupt())?, terminate: listen(SignalKind::terminate())? })
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// A token that is cancelled by the first request to end; the second ends the process on the spot.
pub(crate) fn shutdown_token() -> Result<CancellationToken> {
    let mut requests = Requests::listen()?;
    let token = CancellationToken::new();
    let cancelled = token.clone();
    tokio::spawn(async move {
        requests.next().await;
        tracing::info!("asked to end; once more ends at once");
        cancelled.cancel();
        requests.next().await;
        std::process::exit(130);
    });
    Ok(token)
}
