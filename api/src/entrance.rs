//! The way in, however somebody proved who they are: the second factor where there is one, then a session and its tokens.

use crate::app::App;
use crate::auth::{cookies, secrets};
use crate::problem::{ApiError, ApiResult, internal};
use crate::throttle;
use axum::Json;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use groundwork_domain::UserId;
use groundwork_store::accounts::{self, Account};
use groundwork_store::audit::{self, Entry, Origin};
use groundwork_store::sessions::NewSession;
use groundwork_store::workspaces::{self, Workspace};
use groundwork_store::{Tx, second_factors, sessions};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// How tokens travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// In the answer's body, for programs.
    Body,
    /// As cookies that scripts cannot read, for browsers.
    Cookies,
}

impl Carrier {
    /// What the client asks for; cookies only for our own pages, so that no other site signs a browser in.
    pub(crate) fn wished(app: &App, headers: &HeaderMap, cookie: bool) -> ApiResult<Self> {
        if !cookie {
            return Ok(Self::Body);
        }
        cookies::check_site(app, &Method::POST, headers)?;
        Ok(Self::Cookies)
    }
}

/// Tokens of a session.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TokenSet {
    /// For the `Authorization: Bearer` header; not where it comes as a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token: Option<String>,
    /// Always `Bearer`.
    token_type: &'static str,
    /// When the access token ends.
    expires_at: DateTime<Utc>,
    /// For `POST /auth/refresh`, once; not where it comes as a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    /// When the session ends, and with it the last refresh token.
    refresh_expires_at: DateTime<Utc>,
    #[serde(skip)]
    cookies: Vec<HeaderValue>,
}

/// A person, signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SignedIn {
    /// Who.
    user: Account,
    /// Their personal workspace.
    workspace: Workspace,
    #[serde(flatten)]
    tokens: TokenSet,
}

/// The password was right; a code is needed too.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SecondFactorNeeded {
    /// Always true.
    second_factor_required: bool,
    /// For `POST /auth/2fa/verify`, with the code.
    challenge: String,
    /// When the challenge ends.
    challenge_expires_at: DateTime<Utc>,
}

/// Signed in, or a code is needed too.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum SignInAnswer {
    /// Signed in.
    SignedIn(Box<SignedIn>),
    /// The second factor is needed.
    SecondFactor(SecondFactorNeeded),
}

impl IntoResponse for TokenSet {
    fn into_response(mut self) -> Response {
        let cookies = set_cookies(&mut self);
        (cookies, Json(self)).into_response()
    }
}

impl IntoResponse for SignInAnswer {
    fn into_response(mut self) -> Response {
        let cookies = match &mut self {
            Self::SignedIn(signed_in) => set_cookies(&mut signed_in.tokens),
            Self::SecondFactor(_) => AppendHeaders(Vec::new()),
        };
        (cookies, Json(self)).into_response()
    }
}

fn set_cookies(tokens: &mut TokenSet) -> AppendHeaders<Vec<(header::HeaderName, HeaderValue)>> {
    let cookies = std::mem::take(&mut tokens.cookies);
    AppendHeaders(cookies.into_iter().map(|cookie| (header::SET_COOKIE, cookie)).collect())
}

/// Lets somebody in who proved who they are, with a password, a link or another provider's word. Where they have a second
/// factor, it is asked for first.
pub(crate) async fn enter(
    app: &App,
    user: UserId,
    origin: &Origin,
    carrier: Carrier,
) -> ApiResult<SignInAnswer> {
    let mut tx = app.store.tenant(workspaces::personal(user), user).await?;
    check_email(app, &mut tx, user).await?;
    if !second_factors::standing(&mut tx, user).await?.is_on {
        return open_session(app, tx, user, origin, carrier).await;
    }
    let challenge = secrets::random(secrets::CHALLENGE);
    let lasting = TimeDelta::seconds(app.settings.identity.challenge_s.into());
    let challenge_expires_at = Utc::now().trunc_subsecs(0) + lasting;
    second_factors::challenge(&mut tx, user, &secrets::digest(&challenge), challenge_expires_at).await?;
    tx.commit().await?;
    Ok(SignInAnswer::SecondFactor(SecondFactorNeeded {
        second_factor_required: true,
        challenge: challenge.expose_secret().to_owned(),
        challenge_expires_at,
    }))
}

/// Whether the person showed that their address is theirs, where that is asked for.
async fn check_email(app: &App, tx: &mut Tx, user: UserId) -> ApiResult<()> {
    let account = accounts::find(tx, user).await?.ok_or_else(ApiError::unauthorized)?;
    if account.email_verified_at.is_some() || !app.settings.needs_verified_email() {
        return Ok(());
    }
    let words = "First follow the link that was mailed to you; POST /auth/verify-email/send sends another.";
    Err(ApiError::new(StatusCode::FORBIDDEN, "email_unverified", words))
}

/// Opens a session for somebody of whom nothing more is to be asked. The transaction is that of their own workspace.
pub(crate) async fn open_session(
    app: &App,
    mut tx: Tx,
    user: UserId,
    origin: &Origin,
    carrier: Carrier,
) -> ApiResult<SignInAnswer> {
    let refresh = secrets::random(secrets::REFRESH);
    let session = Uuid::new_v4();
    // A token has whole seconds; what is said of it is the same.
    let now = Utc::now().trunc_subsecs(0);
    let expires_at = now + TimeDelta::days(app.settings.identity.session_days.into());
    let new = NewSession { id: session, user, expires_at, refresh: &secrets::digest(&refresh), origin };
    sessions::create(&mut tx, &new).await?;
    accounts::record_login(&mut tx, user, origin.ip.map(throttle::place).as_deref()).await?;
    audit::record(&mut tx, of_session("session.opened", user, session, origin)).await?;
    let (account, workspace) = person(&mut tx, user).await?;
    tx.commit().await?;
    let tokens = tokens(app, user, session, expires_at, &refresh, carrier)?;
    Ok(SignInAnswer::SignedIn(Box::new(SignedIn { user: account, workspace, tokens })))
}

/// Tokens for a session that ends then, as the client wants them.
pub(crate) fn tokens(
    app: &App,
    user: UserId,
    session: Uuid,
    session_ends: DateTime<Utc>,
    refresh: &SecretString,
    carrier: Carrier,
) -> ApiResult<TokenSet> {
    let now = Utc::now().trunc_subsecs(0);
    let lasting = TimeDelta::minutes(app.settings.identity.token_minutes.into());
    let expires_at = session_ends.min(now + lasting);
    let access =
        app.tokens.issue(user, session, now, expires_at).map_err(|error| internal("a token", &error))?;
    let seconds = |end: DateTime<Utc>| (end - now).num_seconds().max(0);
    let in_cookies = carrier == Carrier::Cookies;
    let cookies = match carrier {
        Carrier::Body => Vec::new(),
        Carrier::Cookies => {
            let access = cookies::set(cookies::ACCESS, &access.clone().into(), seconds(expires_at));
            let refresh = cookies::set(cookies::REFRESH, refresh, seconds(session_ends));
            [access, refresh].into_iter().flatten().collect()
        }
    };
    Ok(TokenSet {
        access_token: (!in_cookies).then_some(access),
        token_type: "Bearer",
        expires_at,
        refresh_token: (!in_cookies).then(|| refresh.expose_secret().to_owned()),
        refresh_expires_at: session_ends,
        cookies,
    })
}

/// An entry of the audit log about a session.
pub(crate) fn of_session<'a>(
    action: &'static str,
    user: UserId,
    session: Uuid,
    origin: &'a Origin,
) -> Entry<'a> {
    Entry {
        workspace: workspaces::personal(user),
        user: Some(user),
        action,
        resource_type: "session",
        resource_id: session.to_string(),
        details: serde_json::json!({}),
        origin,
    }
}

/// An entry of the audit log about a person's account, in their own workspace.
pub(crate) fn of_account<'a>(action: &'static str, user: UserId, origin: &'a Origin) -> Entry<'a> {
    Entry {
        workspace: workspaces::personal(user),
        user: Some(user),
        action,
        resource_type: "account",
        resource_id: user.to_string(),
        details: serde_json::json!({}),
        origin,
    }
}

/// A person and their own workspace.
pub(crate) async fn person(tx: &mut Tx, user: UserId) -> ApiResult<(Account, Workspace)> {
    let account = accounts::find(tx, user).await?.ok_or_else(ApiError::unauthorized)?;
    let workspace = workspaces::find(tx, user, workspaces::personal(user)).await?;
    Ok((account, workspace.ok_or_else(|| ApiError::not_found("workspace"))?))
}
