//! The HTTP server: routes, and its beginning and end.

use crate::exchange::{ApiError, ErrorKind, Provider};
use crate::handle::{self, Received, Shared};
use crate::options::Options;
use crate::{SIMULATED_HEADER, control, models};
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt as _;
use axum::{Json, Router};
use bytes::Bytes;
use serde_json::json;
use std::future::Future;
use std::io;
use std::sync::Arc;
use tokio::net::TcpListener;

/// Bytes of a request; Anthropic's limit.
const BODY_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Serves until `shutdown` resolves; answers that are under way then break off.
///
/// # Errors
/// When the listener fails for good.
pub async fn serve(
    listener: TcpListener,
    options: Options,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let shared = Shared::new(options);
    let closing = shared.closing.clone();
    let stopped = async move {
        shutdown.await;
        closing.cancel();
    };
    let listener = listener.tap_io(|connection| {
        // Deltas are small: without this they would wait for each other.
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "no TCP_NODELAY");
        }
    });
    axum::serve(listener, routes(shared)).with_graceful_shutdown(stopped).await
}

/// The same as a router, for servers of one's own.
pub fn router(options: Options) -> Router {
    routes(Shared::new(options))
}

fn routes(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/v1/messages", post(messages))
        .route("/v1/messages/count_tokens", post(count_tokens))
        .route("/v1/chat/completions", post(completions))
        .route("/v1/models", get(list_models))
        .route("/v1/models/{id}", get(show_model))
        .merge(control::routes())
        .fallback(nothing_here)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(map_response(mark))
        .with_state(shared)
}

/// Says on everything that it is simulated.
async fn mark(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(HeaderName::from_static(SIMULATED_HEADER), HeaderValue::from_static("true"));
    response
}

fn received(body: Result<Bytes, BytesRejection>) -> Received {
    body.map_err(|rejection| {
        let kind = match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => ErrorKind::TooLarge,
            _ => ErrorKind::InvalidRequest,
        };
        ApiError::new(kind, rejection.body_text())
    })
}

type Body = Result<Bytes, BytesRejection>;

async fn messages(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Body) -> Response {
    handle::call(shared, Provider::Anthropic, headers, received(body)).await
}

async fn completions(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Body) -> Response {
    handle::call(shared, Provider::OpenAi, headers, received(body)).await
}

async fn count_tokens(headers: HeaderMap, body: Body) -> Response {
    match handle::count_tokens(&headers, received(body)) {
        Ok(input_tokens) => Json(json!({"input_tokens": input_tokens})).into_response(),
        Err(error) => handle::error_response(Provider::Anthropic, &error, "req_simulated_count_tokens"),
    }
}

async fn list_models(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    match handle::account(caller(&headers), &headers) {
        Ok(_) => Json(models::list(&shared.options.models)).into_response(),
        Err(error) => handle::error_response(caller(&headers), &error, "req_simulated_models"),
    }
}

async fn show_model(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let provider = caller(&headers);
    let found = handle::account(provider, &headers).and_then(|_| {
        let is_known = models::is_known(provider, &id, &shared.options.models);
        is_known.then(|| models::entry(&id)).ok_or_else(|| handle::unknown_model(provider, &id))
    });
    match found {
        Ok(entry) => Json(entry).into_response(),
        Err(error) => handle::error_response(provider, &error, "req_simulated_models"),
    }
}

/// Both providers have `/v1/models`; only Anthropic's clients name a version.
fn caller(headers: &HeaderMap) -> Provider {
    if headers.contains_key("anthropic-version") { Provider::Anthropic } else { Provider::OpenAi }
}

async fn nothing_here(headers: HeaderMap) -> Response {
    let error = ApiError::new(ErrorKind::NotFound, "No such endpoint (simulated provider).");
    let error = ApiError { code: Some("unknown_url"), ..error };
    handle::error_response(caller(&headers), &error, "req_simulated_nothing")
}
