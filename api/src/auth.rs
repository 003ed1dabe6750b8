//! Who asks: passwords, tokens, and the check that every request passes.

pub(crate) mod cookies;
mod one_time;
mod password;
pub(crate) mod secrets;
mod token;

pub(crate) use one_time::OneTimeToken;
pub(crate) use password::Passwords;
pub(crate) use secrets::Secrets;
pub(crate) use token::Tokens;
pub use token::{SecretError, secret_from_file};

use crate::app::App;
use crate::problem::{ApiError, ApiResult};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use groundwork_domain::access::Reach;
use groundwork_domain::{Digest, UserId};
use groundwork_store::{api_tokens, sessions};
use uuid::Uuid;

/// What a request showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Credential {
    /// An access token of a session.
    Session,
    /// A personal API token.
    ApiToken,
}

/// The signed-in person of a request; there is none without [`require_user`] before the handler.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CurrentUser {
    pub(crate) id: UserId,
    pub(crate) credential: Credential,
    /// Id of the session or of the API token; streams ask from time to time whether it still stands.
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

/// A person who signed in themselves, for routes that change the account: API tokens are refused.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holder {
    pub(crate) id: UserId,
    pub(crate) session: Uuid,
}

impl Holder {
    pub(crate) fn of(user: CurrentUser) -> ApiResult<Self> {
        match user.credential {
            Credential::Session if user.reach.holds_account() => {
                Ok(Self { id: user.id, session: user.session })
            }
            Credential::Session | Credential::ApiToken => Err(ApiError::new(
                StatusCode::FORBIDDEN,
                "scope_missing",
                "No API token reaches the account itself. Sign in.",
            )),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Holder {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        Self::of(CurrentUser::from_request_parts(parts, state).await?)
    }
}

/// Lets only signed-in people pass.
pub(crate) async fn require_user(
    State(app): State<App>,
    mut request: Request,
    next: Next,
) -> ApiResult<Response> {
    let user = identify(&app, request.method(), request.headers()).await?;
    let user = user.ok_or_else(ApiError::unauthorized)?;
    request.extensions_mut().insert(user);
    Ok(next.run(request).await)
}

/// Who a request comes from, by its header or, where it has none, by its cookie. None: it shows nothing.
pub(crate) async fn identify(
    app: &App,
    method: &axum::http::Method,
    headers: &HeaderMap,
) -> ApiResult<Option<CurrentUser>> {
    let user = if headers.contains_key(AUTHORIZATION) {
        authenticate(app, bearer(headers).ok_or_else(ApiError::unauthorized)?).await?
    } else if let Some(token) = cookies::find(headers, cookies::ACCESS) {
        cookies::check_site(app, method, headers)?;
        authenticate(app, token).await?
    } else {
        return Ok(None);
    };
    tracing::Span::current().record("user_id", tracing::field::display(user.id));
    Ok(Some(user))
}

/// Whose token this is: a personal API token that stands, or an access token that is well signed, not expired, and whose
/// session still stands. One statement.
pub(crate) async fn authenticate(app: &App, token: &str) -> ApiResult<CurrentUser> {
    if token.starts_with(secrets::API_TOKEN) {
        let digest = Digest::of(token.as_bytes());
        let bearer = api_tokens::used(&app.store, &digest).await?.ok_or_else(ApiError::unauthorized)?;
        return Ok(CurrentUser {
            id: bearer.user,
            credential: Credential::ApiToken,
            session: bearer.token,
            reach: Reach::of(bearer.scopes),
        });
    }
    let claims = app.tokens.verify(token).ok_or_else(ApiError::unauthorized)?;
    let (id, session) = (claims.user(), claims.sid);
    if sessions::seen(&app.store, session, id).await? {
        Ok(CurrentUser { id, credential: Credential::Session, session, reach: Reach::ALL })
    } else {
        Err(ApiError::unauthorized())
    }
}

/// The token of an `Authorization: Bearer` header.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}
