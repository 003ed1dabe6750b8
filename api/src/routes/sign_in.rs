//! Login, refresh, logout; and the key that tokens are verified with.

use crate::app::App;
use crate::auth::{Holder, cookies, secrets};
use crate::entrance::{self, Carrier, SignInAnswer, TokenSet, of_account, of_session};
use crate::extract::{Body, OptionalBody};
use crate::idempotent::IDEMPOTENCY_KEY;
use crate::openapi::{PublicProblems, WriteProblems};
use crate::origin::RequestOrigin;
use crate::problem::{ApiError, ApiResult};
use crate::throttle::{self, Attempt};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse};
use garde::Validate;
use groundwork_domain::{Digest, UserId};
use groundwork_store::audit::Origin;
use groundwork_store::sessions::{Rotate, Rotation};
use groundwork_store::{accounts, audit, sessions, workspaces};
use jsonwebtoken::jwk::JwkSet;
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

/// Who comes back.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct LogIn {
    /// As at sign-up; upper and lower case are the same.
    #[garde(length(bytes, max = 1_024))]
    email: String,
    /// As at sign-up.
    #[garde(length(bytes, max = 1_024))]
    password: String,
    /// Whether the tokens shall come as cookies, for browsers, and not in the body.
    #[garde(skip)]
    #[serde(default)]
    cookie: bool,
}

/// Who wants to go on.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
pub(crate) struct Refresh {
    /// The refresh token; browsers leave it out and send their cookie.
    #[garde(skip)]
    #[schema(value_type = Option<String>)]
    refresh_token: Option<SecretString>,
}

/// Log in. Unknown addresses and wrong passwords give the same answer in the same time. Where a second factor is on, the
/// answer is a challenge, for `POST /auth/2fa/verify`.
#[utoipa::path(post, path = "/auth/login", tag = "accounts", request_body = LogIn,
    responses((status = OK, body = SignInAnswer), (status = UNAUTHORIZED, description = "Not these credentials",
        body = crate::problem::Problem, content_type = "application/problem+json"), PublicProblems))]
pub(crate) async fn log_in(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    headers: HeaderMap,
    Body(wish): Body<LogIn>,
) -> ApiResult<SignInAnswer> {
    let carrier = Carrier::wished(&app, &headers, wish.cookie)?;
    let email = wish.email.trim().to_lowercase();
    let counted = throttle::count(&app, Attempt::Password { email: &email }, origin.ip).await?;
    let (user, hash) = accounts::login_lookup(&app.store, &email).await?.unzip();
    let matches = app.passwords.matches(&wish.password, hash).await?;
    let Some(user) = user.filter(|_| matches) else {
        note_failure(&app, user, origin);
        return Err(ApiError::new(
            StatusCode::UNAUTHORIZED,
            "wrong_credentials",
            "The email address or the password is wrong.",
        ));
    };
    counted.forgive(&app).await?;
    entrance::enter(&app, user, &origin, carrier).await
}

/// Leaves a trace for the person whose password was tried. Beside the answer, which takes as long for people who are not there.
fn note_failure(app: &App, user: Option<UserId>, origin: Origin) {
    let Some(user) = user else { return };
    let app = app.clone();
    tokio::spawn(async move {
        let noted = async {
            let mut tx = app.store.tenant(workspaces::personal(user), user).await?;
            audit::record(&mut tx, of_account("login.failed", user, &origin)).await?;
            tx.commit().await
        };
        if let Err(error) = noted.await {
            tracing::warn!(error = &error as &dyn std::error::Error, "a failed login was not noted");
        }
    });
}

/// Get new tokens for a refresh token, which is spent by that. A spent one that is shown again ends its session: somebody has
/// a copy. A request whose answer was lost can be repeated for a minute under its Idempotency-Key.
#[utoipa::path(post, path = "/auth/refresh", tag = "accounts", request_body = Refresh,
    params(("idempotency-key" = Option<String>, Header, description = "A repeat with it within a minute gets the same successor")),
    responses((status = OK, body = TokenSet), (status = UNAUTHORIZED, description = "Not a refresh token that stands",
        body = crate::problem::Problem, content_type = "application/problem+json"), PublicProblems))]
pub(crate) async fn refresh(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    headers: HeaderMap,
    OptionalBody(wish): OptionalBody<Refresh>,
) -> ApiResult<TokenSet> {
    let (presented, carrier) = presented(&app, &headers, wish)?;
    let digest = secrets::digest(&presented);
    let owner = sessions::refresh_owner(&app.store, &digest).await?;
    let (session, user) = owner.ok_or_else(not_standing)?;
    let key = headers.get(IDEMPOTENCY_KEY).and_then(|value| value.to_str().ok());
    let successor = app.secrets.successor(&presented, key);
    let key = key.map(|key| Digest::of(key.as_bytes()));
    let wish = Rotate {
        presented: &digest,
        user,
        session,
        successor: &secrets::digest(&successor),
        key: key.as_ref(),
        grace_s: app.settings.identity.refresh_grace_s,
        origin: &origin,
    };
    let mut tx = app.store.tenant(workspaces::personal(user), user).await?;
    let rotation = sessions::rotate(&mut tx, wish).await?;
    if rotation == Rotation::Replayed {
        audit::record(&mut tx, of_session("session.replayed", user, session, &origin)).await?;
        tracing::warn!(%session, user_id = %user, "a spent refresh token came again; its session was ended");
    }
    tx.commit().await?;
    match rotation {
        Rotation::Rotated(ends) | Rotation::Repeated(ends) => {
            entrance::tokens(&app, user, session, ends, &successor, carrier)
        }
        Rotation::Replayed | Rotation::Ended => Err(not_standing()),
    }
}

fn presented(app: &App, headers: &HeaderMap, wish: Refresh) -> ApiResult<(SecretString, Carrier)> {
    if let Some(token) = wish.refresh_token {
        return Ok((token, Carrier::Body));
    }
    let cookie = cookies::find(headers, cookies::REFRESH).ok_or_else(not_standing)?;
    cookies::check_site(app, &Method::POST, headers)?;
    Ok((cookie.to_owned().into(), Carrier::Cookies))
}

fn not_standing() -> ApiError {
    ApiError::new(
        StatusCode::UNAUTHORIZED,
        "invalid_refresh_token",
        "This refresh token does not hold, or not any more. Log in again.",
    )
}

/// Log out: the session ends, and with it every token of it.
#[utoipa::path(post, path = "/auth/logout", tag = "accounts", security(("bearer" = [])),
    responses((status = NO_CONTENT, description = "The session has ended"), WriteProblems))]
pub(crate) async fn log_out(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    holder: Holder,
) -> ApiResult<impl IntoResponse> {
    let mut tx = app.store.tenant(workspaces::personal(holder.id), holder.id).await?;
    sessions::end(&mut tx, holder.session, holder.id).await?;
    audit::record(&mut tx, of_session("session.closed", holder.id, holder.session, &origin)).await?;
    tx.commit().await?;
    let clear = cookies::clear().map(|cookie| (header::SET_COOKIE, cookie));
    Ok((StatusCode::NO_CONTENT, AppendHeaders(clear)))
}

/// The public key that access tokens are signed with, as a JSON Web Key Set. A token names its key in `kid`.
#[utoipa::path(get, operation_id = "get_keys", path = "/.well-known/jwks.json", tag = "operations",
    responses((status = OK, description = "A JSON Web Key Set (RFC 7517)", content_type = "application/json", body = Object)))]
pub(crate) async fn keys(State(app): State<App>) -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "public, max-age=300")], Json::<JwkSet>(app.tokens.keys().clone()))
}
