//! Connections: each has so long to say what it wants and to take what it is told, and there are so many at most. (`axum::serve`
//! sets no time for either, so that a client which sends a byte now and then, or reads nothing, would hold one for ever.)

mod places;
mod progress;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use ipnet::IpNet;
use places::Places;
use progress::Progressing;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// Bytes of a request's head.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// Pause where a connection cannot be taken, for want of file descriptors above all.
const PAUSE: Duration = Duration::from_millis(500);

/// How connections are kept.
#[derive(Clone, Debug)]
pub(crate) struct Patience {
    /// How long a request's head may take, and a connection be idle.
    pub(crate) head_max: Duration,
    /// How long bytes of an answer may wait while the client takes none of them.
    pub(crate) stall_max: Duration,
    /// How long open connections have to end after the process was told to.
    pub(crate) drain_max: Duration,
    /// Connections at once; further ones wait in the system's queue.
    pub(crate) connections_max: u32,
    /// Connections of one client's address at once; 0: any number.
    pub(crate) of_address_max: u32,
    /// Proxies, which speak for many clients: of one of them there may be any number.
    pub(crate) proxies: Vec<IpNet>,
}

/// Answers on `listener` until `shutdown`; returns when all connections have ended, or patience has.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    patience: Patience,
    shutdown: &CancellationToken,
) {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(patience.head_max).max_buf_size(HEAD_BYTES_MAX);
    let places = Arc::new(Semaphore::new(patience.connections_max as usize));
    let of_addresses = Places::new(patience.of_address_max, patience.proxies);
    while let Some((stream, peer)) = shutdown.run_until_cancelled(accept(&listener)).await {
        // Whoever has that many already is not answered: an answer would have to wait to be read, too.
        let Some(of_address) = of_addresses.take(peer.ip()) else { continue };
        let Some(Ok(place)) = shutdown.run_until_cancelled(places.clone().acquire_owned()).await else {
            break;
        };
        let service = router.clone().map_request(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            request
        });
        let connection = builder.serve_connection(
            TokioIo::new(Progressing::new(stream, patience.stall_max)),
            TowerToHyperService::new(service),
        );
        let shutdown = shutdown.clone();
        tokio::spawn(async move {
            let mut connection = pin!(connection.with_upgrades());
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                () = shutdown.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = ended {
                tracing::trace!(%error, "a connection ended early");
            }
            drop((place, of_address));
        });
    }
    drop(listener);
    // All places are free when all connections have ended.
    let ended = places.acquire_many(patience.connections_max);
    if tokio::time::timeout(patience.drain_max, ended).await.is_err() {
        tracing::warn!("left connections that did not end");
    }
}

/// The next connection; what cannot be taken is tried again.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Answers are small: none waits for the acknowledgement of the one before.
                let _ = stream.set_nodelay(true);
                return (stream, peer);
            }
            Err(error) if is_of_one(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be taken");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Whether only the connection that was about to be taken is concerned.
fn is_of_one(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
