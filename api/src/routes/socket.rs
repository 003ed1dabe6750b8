//! One WebSocket a client (M-01): it says who it is, subscribes to projects, and gets what happens in all of them.

mod session;
mod words;

use crate::app::App;
use crate::auth::{self, CurrentUser, cookies};
use crate::openapi::PublicProblems;
use crate::problem::{ApiError, ApiResult};
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;

/// The subprotocol that we answer with; a token may stand beside it as `bearer.<token>`.
const PROTOCOL: &str = "groundwork";

/// Open a WebSocket. The token comes in the `Authorization` header, beside the subprotocol `groundwork` as `bearer.<token>`,
/// or in the first message: `{"type": "auth", "token": "…"}`; a browser's cookie is taken from our own pages. Then `{"type": "subscribe", "project_id": "…", "after": 0}`.
#[utoipa::path(get, operation_id = "open_socket", path = "/ws", tag = "live",
    responses((status = SWITCHING_PROTOCOLS, description = "The stream is open"),
        (status = UNAUTHORIZED, description = "The token is not one of ours", body = crate::problem::Problem,
            content_type = "application/problem+json"),
        (status = FORBIDDEN, description = "A cookie came from another site", body = crate::problem::Problem,
            content_type = "application/problem+json"),
        (status = UPGRADE_REQUIRED, description = "This is a WebSocket", body = crate::problem::Problem,
            content_type = "application/problem+json"),
        PublicProblems))]
pub(crate) async fn connect(
    State(app): State<App>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> ApiResult<Response> {
    let upgrade = upgrade.map_err(|rejection| {
        let words = format!("This path speaks WebSocket: {rejection}.");
        ApiError::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required", words)
    })?;
    let user: Option<CurrentUser> = match token(&headers) {
        Some(token) => Some(auth::authenticate(&app, token).await?),
        None => match cookies::find(&headers, cookies::ACCESS) {
            Some(token) => {
                cookies::check_socket(&app, &headers)?;
                Some(auth::authenticate(&app, token).await?)
            }
            None => None,
        },
    };
    let bytes_max = app.settings.socket_message_bytes_max;
    Ok(upgrade
        .protocols([PROTOCOL])
        .max_message_size(bytes_max)
        .max_frame_size(bytes_max)
        .on_upgrade(move |socket| session::run(app, socket, user)))
}

fn token(headers: &HeaderMap) -> Option<&str> {
    let in_protocols = || {
        let offered = headers.get(header::SEC_WEBSOCKET_PROTOCOL)?.to_str().ok()?;
        offered.split(',').find_map(|protocol| protocol.trim().strip_prefix("bearer."))
    };
    auth::bearer(headers).or_else(in_protocols)
}
