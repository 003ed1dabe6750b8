//! The HTTP surface: accounts, projects, commands, texts, live streams, health, metrics.
//!
//! Must never enter: SQL (that is `store`), a decision about what happens next (that is `domain`, run by the workflow), a call
//! to a model. GETs read Postgres only, so they are served while Temporal and the workers are away.

mod access;
mod app;
mod auth;
mod blocking;
mod budget_raise;
mod bundle;
mod chat;
mod diff;
mod egress;
mod engine;
mod entrance;
mod extract;
mod file_kind;
mod halt;
mod idempotent;
mod layers;
mod limits;
mod live;
mod mail;
mod metrics;
mod oauth;
mod openapi;
mod origin;
mod package;
mod pipelines;
mod problem;
mod redact;
mod routes;
mod said;
mod second_factor;
mod serving;
mod settings;
mod shelf;
mod speaker;
mod starter;
mod supervisor;
mod telling;
mod throttle;
mod web;

pub use app::AppError;
pub use auth::{SecretError, secret_from_file};
pub use egress::{Egress, EgressError};
pub use engine::{Engine, EngineError};
pub use openapi::openapi;
pub use problem::{FieldError, Problem};
pub use settings::{
    EmailVerification, Identity, MailSettings, ProviderKind, ProviderSettings, Settings, SettingsError,
    SignInSettings, Upkeep, UploadSettings,
};

use app::App;
use groundwork_store::Store;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Serves the API on `listener` until `shutdown` is cancelled; then open streams are told to come back, and requests that are
/// under way are answered. In the background it listens for events and starts projects that were left behind.
///
/// # Errors
/// [`AppError`] where it cannot begin, or the listener says no address.
pub async fn serve(
    settings: Settings,
    store: Store,
    engine: Engine,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> Result<(), AppError> {
    let app = App::new(settings, store, engine, shutdown.clone())?;
    tracing::info!(address = %listener.local_addr()?, "api listens");
    let metrics = match app.settings.metrics_bind {
        Some(address) => Some(TcpListener::bind(address).await?),
        None => None,
    };
    let background = tokio::spawn(background(app.clone(), shutdown.clone()));
    let patience = serving::Patience {
        head_max: Duration::from_millis(app.settings.head_ms_max),
        stall_max: Duration::from_millis(app.settings.stall_ms_max),
        drain_max: Duration::from_millis(app.settings.drain_ms_max),
        connections_max: app.settings.connections_max,
        of_address_max: app.settings.connections_per_address_max,
        proxies: app.settings.trusted_proxies.clone(),
    };
    let of_metrics = async {
        if let Some(listener) = metrics {
            serving::serve(listener, routes::metrics_router(&app), patience.clone(), &shutdown).await;
        }
    };
    tokio::join!(serving::serve(listener, routes::router(&app), patience.clone(), &shutdown), of_metrics);
    shutdown.cancel();
    // It only waits for the same token.
    let _ = background.await;
    Ok(())
}

async fn background(app: App, shutdown: CancellationToken) {
    tokio::join!(
        app.hub.clone().listen(shutdown.clone()),
        mail::send(app.clone(), shutdown.clone()),
        starter::sweep(app.clone(), shutdown.clone()),
        shelf::sweep(app.clone(), shutdown.clone()),
        supervisor::run(app, shutdown),
    );
}
