//! The HTTP surface: accounts, projects, commands, texts, live streams, health, metrics.
//!
//! Must never enter: SQL (that is `store`), a decision about what happens next (that is `domain`, run by the workflow), a call
//! to a model. GETs read Postgres only, so they are served while Temporal and the workers are away.

mod access;
mod app;
mod auth;
mod engine;
mod entrance;
mod extract;
mod idempotent;
mod layers;
mod live;
mod mail;
mod metrics;
mod oauth;
mod openapi;
mod origin;
mod package;
mod pipelines;
mod problem;
mod routes;
mod said;
mod second_factor;
mod settings;
mod shelf;
mod speaker;
mod starter;
mod throttle;

pub use app::AppError;
pub use auth::{SecretError, secret_from_file};
pub use engine::{Engine, EngineError};
pub use openapi::openapi;
pub use problem::{FieldError, Problem};
pub use settings::{
    EmailVerification, Identity, MailSettings, ProviderKind, ProviderSettings, Settings, SettingsError,
    SignInSettings, Upkeep,
};

use app::App;
use groundwork_store::Store;
use std::future::IntoFuture as _;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Serves the API on `listener` until `shutdown` is cancelled; then open streams are told to come back, and requests that are
/// under way are answered. In the background it listens for events and starts projects that were left behind.
///
/// # Errors
/// [`AppError`] where it cannot begin, or the listener breaks.
pub async fn serve(
    settings: Settings,
    store: Store,
    engine: Engine,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> Result<(), AppError> {
    let app = App::new(settings, store, engine, shutdown.clone())?;
    tracing::info!(address = %listener.local_addr()?, "api listens");
    let background = tokio::spawn(background(app.clone(), shutdown.clone()));
    let drain = Duration::from_millis(app.settings.drain_ms_max);
    let service = routes::router(&app).into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service).with_graceful_shutdown(shutdown.clone().cancelled_owned());
    tokio::select! {
        served = serving.into_future() => served?,
        () = drained(&shutdown, drain) => tracing::warn!("left connections that did not end"),
    }
    shutdown.cancel();
    // It only waits for the same token.
    let _ = background.await;
    Ok(())
}

/// The end of patience with connections that are still open after `shutdown`.
async fn drained(shutdown: &CancellationToken, drain: Duration) {
    shutdown.cancelled().await;
    tokio::time::sleep(drain).await;
}

async fn background(app: App, shutdown: CancellationToken) {
    tokio::join!(
        app.hub.clone().listen(shutdown.clone()),
        mail::send(app.clone(), shutdown.clone()),
        starter::sweep(app.clone(), shutdown.clone()),
        shelf::sweep(app, shutdown),
    );
}
