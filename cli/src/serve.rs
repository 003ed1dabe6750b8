//! Our servers: each opens what it needs, tells where it listens, and ends when it is asked to.

use crate::args::SimulatorArguments;
use crate::failure::{Exit, Failure, Result};
use crate::logging;
use crate::settings::{Settings, previous_secrets, required_secret};
use crate::signals::shutdown_token;
use anyhow::Context as _;
use groundwork_api::Engine;
use groundwork_store::Store;
use secrecy::ExposeSecret as _;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// `groundwork api`
pub(crate) async fn api(settings: Settings) -> Result<()> {
    logging::start(&settings.log);
    let shutdown = shutdown_token()?;
    let store = open_store(&settings)?;
    let engine = Engine::from_environment()
        .map_err(|error| Failure::usage(format!("TEMPORAL_* cannot be used: {error}")))?;
    serve_api(settings, store, engine, shutdown).await
}

/// `groundwork worker`
pub(crate) async fn worker(settings: Settings) -> Result<()> {
    logging::start(&settings.log);
    let shutdown = shutdown_token()?;
    let store = open_store(&settings)?;
    let client = groundwork_worker::connect().await.map_err(unreachable)?;
    tracing::info!("worker runs");
    groundwork_worker::run(settings.worker, client, store, shutdown).await.context("the worker ended")?;
    Ok(())
}

/// `groundwork serve`: over one connection to Temporal, so that a project's first task need not travel.
pub(crate) async fn both(mut settings: Settings) -> Result<()> {
    logging::start(&settings.log);
    let metrics = groundwork_worker::temporal_metrics_address();
    settings.api.temporal_metrics_address = settings.api.temporal_metrics_address.or(metrics);
    let shutdown = shutdown_token()?;
    let store = open_store(&settings)?;
    let client = groundwork_worker::connect().await.map_err(unreachable)?;
    let engine = Engine::with_client(client.clone());
    let worker = groundwork_worker::run(settings.worker.clone(), client, store.clone(), shutdown.clone());
    let worker =
        end_with(shutdown.clone(), async { worker.await.context("the worker ended").map_err(Failure::from) });
    let api = end_with(shutdown.clone(), serve_api(settings, store, engine, shutdown));
    // Half a server would leave projects waiting without a word: whichever ends takes the other with it.
    let (worker, api) = tokio::join!(worker, api);
    worker.and(api)
}

/// `groundwork migrate`
pub(crate) async fn migrate(settings: Settings) -> Result<()> {
    logging::start(&settings.log);
    let url = required_secret("DATABASE_URL", "the database to migrate, as its owner")?;
    groundwork_store::migrate_at(url.expose_secret()).await.context("migrating the database")?;
    tracing::info!("the database is of this version");
    let client = groundwork_worker::connect().await.map_err(unreachable)?;
    groundwork_worker::register_search_attributes(&client).await.context("registering search attributes")?;
    tracing::info!("search attributes are registered");
    Ok(())
}

/// `groundwork simulator`
pub(crate) async fn simulator(arguments: &SimulatorArguments, settings: Settings) -> Result<()> {
    logging::start(&settings.log);
    let shutdown = shutdown_token()?;
    let listener = listen(SocketAddr::from((Ipv4Addr::LOCALHOST, arguments.port))).await?;
    let address = listener.local_addr()?;
    tracing::info!(%address, "simulator listens");
    let stopped = async move { shutdown.cancelled().await };
    groundwork_simulator::serve(listener, arguments.options.clone(), stopped)
        .await
        .context("the simulator ended")?;
    Ok(())
}

async fn serve_api(
    mut settings: Settings,
    store: Store,
    engine: Engine,
    shutdown: CancellationToken,
) -> Result<()> {
    settings.api.secret_key = required_secret("SECRET_KEY", "it signs access tokens; at least 32 bytes")?;
    settings.api.previous_secret_keys = previous_secrets()?;
    settings.api.models = settings.worker.models().map_err(|error| Failure::usage(error.to_string()))?;
    let listener = listen(settings.api.bind).await?;
    groundwork_api::serve(settings.api, store, engine, listener, shutdown).await.context("the api ended")?;
    Ok(())
}

async fn end_with(shutdown: CancellationToken, server: impl Future<Output = Result<()>>) -> Result<()> {
    let ended = server.await;
    shutdown.cancel();
    ended
}

fn open_store(settings: &Settings) -> Result<Store> {
    let url = required_secret("DATABASE_URL", "where projects are kept")?;
    let store = Store::connect(url.expose_secret(), settings.database.options())
        .map_err(|error| Failure::usage(format!("DATABASE_URL cannot be used: {error}")))?;
    tokio::spawn(warn_of_superuser(store.clone()));
    Ok(store)
}

/// Servers act as `groundwork_app` whoever they log in as; but only one that cannot be more is safe from a flaw in a statement.
async fn warn_of_superuser(store: Store) {
    if let Ok(true) = store.could_bypass_security().await {
        tracing::warn!(
            "DATABASE_URL names a role that bypasses row-level security; name groundwork_app instead"
        );
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        Failure::new(Exit::Failed, "address", format!("cannot listen on {address}: {error}"))
            .next("end what listens there, or name another address")
    })
}

fn unreachable(error: impl std::error::Error) -> Failure {
    Failure::new(Exit::Unreachable, "engine_unavailable", error.to_string())
}
