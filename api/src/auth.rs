//! Who asks: passwords, tokens, and the check that every request passes.

mod password;
mod token;

pub(crate) use password::Passwords;
pub(crate) use token::Tokens;
pub use token::{SecretError, secret_from_file};

use crate::app::App;
use crate::problem::{ApiError, ApiResult};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use groundwork_domain::UserId;
use groundwork_domain::access::Reach;
use groundwork_store::sessions;
use uuid::Uuid;

/// The signed-in person of a request; there is none without [`require_user`] before the handler.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CurrentUser {
    pub(crate) id: UserId,
    pub(crate) session: Uuid,
    /// What their credentials reach; their role says what they may.
    pub(crate) reach: Reach,
}

impl<S: Sync> FromRequestParts<S> for CurrentUser {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        parts.extensions.get::<Self>().copied().ok_or_else(ApiError::unauthorized)
    }
}

/// Lets only signed-in people pass.
pub(crate) async fn require_user(
    State(app): State<App>,
    mut request: Request,
    next: Next,
) -> ApiResult<Response> {
    let token = bearer(request.headers()).ok_or_else(ApiError::unauthorized)?;
    let user = authenticate(&app, token).await?;
    tracing::Span::current().record("user_id", tracing::field::display(user.id));
    request.extensions_mut().insert(user);
    Ok(next.run(request).await)
}

/// Whose token this is: well signed, not expired, and its session still stands.
pub(crate) async fn authenticate(app: &App, token: &str) -> ApiResult<CurrentUser> {
    let claims = app.tokens.verify(token).ok_or_else(ApiError::unauthorized)?;
    let user = CurrentUser { id: claims.user(), session: claims.sid, reach: Reach::ALL };
    if sessions::stands(&app.store, user.session, user.id).await? {
        Ok(user)
    } else {
        Err(ApiError::unauthorized())
    }
}

/// The token of an `Authorization: Bearer` header.
pub(crate) fn bearer(headers: &axum::http::HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}
