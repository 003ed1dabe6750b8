//! The routes, one file a resource. Every route is registered through `OpenApiRouter`, so that the document cannot drift.

mod accounts;
mod admin;
mod answer;
mod api_keys;
mod api_tokens;
mod artifacts;
mod audit;
mod budgets;
mod commands;
mod comments;
mod creation;
mod cursor;
mod events;
mod export;
mod features;
mod health;
mod hitl;
mod invitations;
mod links;
mod members;
mod oauth;
mod operations;
mod personal_data;
mod pipelines;
mod preview;
mod projects;
mod prompts;
mod provenance;
mod readings;
mod search;
mod second_factor;
mod sessions;
mod sign_in;
mod socket;
mod uploads;
mod usage;
mod workspaces;

pub(crate) use export::Format as ExportFormat;
pub(crate) use health::{Recent, Seen};

use crate::app::App;
use crate::{auth, idempotent, layers, limits, metrics, openapi, web};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What people do with their own account and keys.
fn people_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(accounts::me, accounts::update))
        .routes(routes!(accounts::stats))
        .routes(routes!(sign_in::log_out))
        .routes(routes!(sessions::list, sessions::end_others))
        .routes(routes!(sessions::end))
        .routes(routes!(sessions::change_password))
        .routes(routes!(api_tokens::list, api_tokens::create))
        .routes(routes!(api_tokens::delete))
        .routes(routes!(second_factor::show))
        .routes(routes!(second_factor::enable))
        .routes(routes!(second_factor::disable))
        .routes(routes!(second_factor::renew_recovery_codes))
        .routes(routes!(links::ask_for_address))
        .routes(routes!(oauth::link))
        .routes(routes!(oauth::list_identities))
        .routes(routes!(oauth::unlink))
        .routes(routes!(personal_data::export))
        .routes(routes!(personal_data::delete))
        .routes(routes!(api_keys::list))
        .routes(routes!(api_keys::show, api_keys::put, api_keys::delete))
        .routes(routes!(api_keys::list_of_workspace))
        .routes(routes!(
            api_keys::show_of_workspace,
            api_keys::put_of_workspace,
            api_keys::delete_of_workspace
        ))
}

/// Workspaces and who belongs to them.
fn workspaces_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(workspaces::list, workspaces::create))
        .routes(routes!(workspaces::show, workspaces::update, workspaces::delete))
        .routes(routes!(workspaces::archive))
        .routes(routes!(workspaces::restore))
        .routes(routes!(workspaces::transfer))
        .routes(routes!(members::list, members::invite))
        .routes(routes!(members::change_role, members::remove))
        .routes(routes!(invitations::list))
        .routes(routes!(invitations::revoke))
        .routes(routes!(invitations::mine))
        .routes(routes!(invitations::accept))
        .routes(routes!(invitations::decline))
        .routes(routes!(audit::list))
        .routes(routes!(audit::export))
        .routes(routes!(usage::show))
}

/// Projects: what they are begun with, what is said to them, what waits in them.
fn projects_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(projects::list, creation::create))
        .routes(routes!(projects::list_in_workspace, creation::create_in_workspace))
        .routes(routes!(projects::show, projects::rename, commands::delete))
        .routes(routes!(commands::command))
        .routes(routes!(commands::respond))
        .routes(routes!(commands::answer))
        .routes(routes!(commands::refine))
        .routes(routes!(commands::retry))
        .routes(routes!(commands::cancel))
        .routes(routes!(commands::pause))
        .routes(routes!(commands::resume))
        .routes(routes!(commands::archive))
        .routes(routes!(commands::restore))
        .routes(routes!(budgets::of_workspace, budgets::set_of_workspace))
        .routes(routes!(budgets::of_project, budgets::set_of_project))
        .routes(routes!(search::all))
        .routes(routes!(search::within))
        .routes(routes!(pipelines::list, pipelines::add))
        .routes(routes!(pipelines::show))
        .routes(routes!(hitl::inbox))
        .routes(routes!(hitl::of_project))
        .routes(routes!(hitl::respond))
        .routes(routes!(preview::show))
        .routes(routes!(commands::defer))
        .routes(routes!(events::events))
}

/// Features: projects of one pipeline under names of their own.
fn features_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(features::list, features::create))
        .routes(routes!(features::show, features::rename, features::delete))
        .routes(routes!(features::turns, features::chat))
        .routes(routes!(features::confirm))
        .routes(routes!(features::approve_spec))
        .routes(routes!(features::approve_plan))
        .routes(routes!(features::approve_tests))
        .routes(routes!(features::revise))
        .routes(routes!(features::retry))
        .routes(routes!(features::download))
}

/// What people and agents wrote.
fn texts_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(uploads::list, uploads::add))
        .routes(routes!(uploads::show, uploads::delete))
        .routes(routes!(readings::questions))
        .routes(routes!(readings::conversation))
        .routes(routes!(artifacts::list))
        .routes(routes!(artifacts::show, artifacts::edit))
        .routes(routes!(artifacts::list_versions))
        .routes(routes!(artifacts::compare))
        .routes(routes!(provenance::show))
        .routes(routes!(provenance::bundle))
        .routes(routes!(comments::list, comments::add))
        .routes(routes!(comments::edit, comments::delete))
        .routes(routes!(comments::resolve))
        .routes(routes!(readings::findings))
        .routes(routes!(prompts::list))
        .routes(routes!(prompts::tick))
        .routes(routes!(export::export))
        .routes(routes!(export::list))
}

/// For the people who operate the installation.
fn operators_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(admin::workspaces))
        .routes(routes!(admin::health))
        .routes(routes!(admin::restore_user))
        .routes(routes!(admin::set_plan))
        .routes(routes!(operations::failed))
        .routes(routes!(operations::replay))
        .routes(routes!(operations::replay_all))
        .routes(routes!(operations::pause_all))
        .routes(routes!(operations::resume_all))
        .routes(routes!(operations::troubles, operations::look_now))
}

/// Everything under `/api/v1`, without the layers around it.
pub(crate) fn surface(app: Option<&App>) -> OpenApiRouter<App> {
    let signed_in = OpenApiRouter::new()
        .merge(people_routes())
        .merge(workspaces_routes())
        .merge(projects_routes())
        .merge(features_routes())
        .merge(texts_routes())
        .merge(operators_routes());
    let signed_in = match app {
        Some(app) => signed_in
            .layer(from_fn_with_state(app.clone(), idempotent::answer_once))
            .layer(from_fn_with_state(app.clone(), limits::of_user))
            .layer(from_fn_with_state(app.clone(), auth::require_user))
            .layer(from_fn_with_state(app.clone(), limits::of_refused)),
        None => signed_in,
    };
    let open = OpenApiRouter::new()
        .routes(routes!(accounts::sign_up))
        .routes(routes!(accounts::register))
        .routes(routes!(sign_in::log_in))
        .routes(routes!(sign_in::refresh))
        .routes(routes!(second_factor::verify))
        .routes(routes!(links::send_verification))
        .routes(routes!(links::verify_email))
        .routes(routes!(links::ask_for_password))
        .routes(routes!(links::set_password))
        .routes(routes!(links::ask_for_magic_link))
        .routes(routes!(links::verify_magic_link))
        .routes(routes!(links::change_address))
        .routes(routes!(oauth::list))
        .routes(routes!(oauth::start))
        .routes(routes!(oauth::callback))
        .routes(routes!(oauth::exchange))
        .routes(routes!(socket::connect))
        .routes(routes!(openapi::show));
    let open = match app {
        Some(app) => open.layer(from_fn_with_state(app.clone(), limits::of_address)),
        None => open,
    };
    // Health is asked for by whatever watches over this process, from one address and often.
    OpenApiRouter::with_openapi(openapi::document())
        .routes(routes!(health::healthz))
        .routes(routes!(health::health))
        .merge(open)
        .merge(signed_in)
}

/// What the document names: everything under `/api/v1`, and what has its place elsewhere.
pub(crate) fn documented(app: Option<&App>) -> OpenApiRouter<App> {
    OpenApiRouter::new().nest(openapi::PREFIX, surface(app)).routes(routes!(sign_in::keys))
}

/// The whole server: the surface, its aliases at the root, the web application, and the layers around them.
pub(crate) fn router(app: &App) -> Router {
    let (documented, _) = documented(Some(app)).split_for_parts();
    let documented = match app.settings.metrics_bind {
        // They have a listener of their own.
        Some(_) => documented,
        None => documented.route("/metrics", get(metrics::show)),
    };
    documented
        .route("/healthz", get(health::healthz))
        .route("/health", get(health::health))
        .route("/ws", get(socket::connect).layer(from_fn_with_state(app.clone(), limits::of_address)))
        .fallback(web::serve)
        .method_not_allowed_fallback(layers::method_not_allowed)
        .layer(DefaultBodyLimit::max(app.settings.body_bytes_max))
        .layer(from_fn_with_state(app.clone(), layers::limit_time))
        .layer(CatchPanicLayer::custom(layers::panicked))
        .layer(layers::cors(&app.settings.cors_origins))
        .layer(from_fn(layers::secure))
        .layer(from_fn(layers::identify))
        .with_state(app.clone())
}

/// What is served where `metrics_bind` says.
pub(crate) fn metrics_router(app: &App) -> Router {
    Router::new()
        .route("/metrics", get(metrics::show))
        .fallback(layers::not_found)
        .method_not_allowed_fallback(layers::method_not_allowed)
        .layer(from_fn_with_state(app.clone(), layers::limit_time))
        .layer(CatchPanicLayer::custom(layers::panicked))
        .layer(from_fn(layers::secure))
        .layer(from_fn(layers::identify))
        .with_state(app.clone())
}
