//! Signing in with another provider. A browser goes there and comes back with a code of the provider's; it leaves here with a
//! code of ours, which it exchanges for a session. No token is ever in a URL.

use crate::app::App;
use crate::auth::{Holder, OneTimeToken};
use crate::entrance::{self, Carrier, SignInAnswer, of_account};
use crate::extract::{Body, Path, Query};
use crate::mail::{self, Template};
use crate::oauth::{self, Flow, Person, Provider};
use crate::openapi::{PublicProblems, ReadProblems, WriteProblems};
use crate::origin::RequestOrigin;
use crate::problem::{ApiError, ApiResult};
use crate::routes::accounts::{check_room, is_email};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use garde::Validate;
use groundwork_domain::UserId;
use groundwork_store::accounts::{self, NewAccount};
use groundwork_store::audit::{self, Entry, Origin};
use groundwork_store::identities::{self, Identity, Subject};
use groundwork_store::links::{self, Follower, Purpose};
use groundwork_store::{StoreError, Tx, workspaces};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// The page of the web application that a browser comes back to.
const LANDING: &str = "/auth/complete";

/// A provider that people can sign in with.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OfferedProvider {
    /// As it stands in paths.
    name: String,
    /// As people know it.
    label: String,
}

/// Providers that people can sign in with.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OfferedProviders {
    /// In the order of their names.
    items: Vec<OfferedProvider>,
}

/// Where to go on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuthorizeUrl {
    /// At the provider's; in the browser that has the cookie of this answer.
    url: String,
}

/// What a provider sends people back with.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Returned {
    /// As it was given to the provider.
    #[serde(default)]
    state: String,
    /// The provider's code.
    code: Option<String>,
    /// Why there is none.
    error: Option<String>,
}

/// The code that stood behind `#code=`.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct Exchange {
    /// Good once, for a minute, in the same browser.
    #[garde(length(bytes, min = 1, max = 255))]
    #[schema(min_length = 1, max_length = 255)]
    code: String,
    /// Whether the tokens shall come as cookies, for browsers, and not in the body.
    #[garde(skip)]
    #[serde(default)]
    cookie: bool,
}

/// Ways to sign in that a person linked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Identities {
    /// The oldest first.
    items: Vec<Identity>,
}

/// What came of somebody's return.
enum Landed {
    /// They are known: a code to exchange for a session.
    Code(OneTimeToken),
    /// They were signed in, and the provider is linked now.
    Linked,
}

/// Providers that people can sign in with here.
#[utoipa::path(get, operation_id = "list_oauth_providers", path = "/auth/oauth", tag = "accounts",
    responses((status = OK, body = OfferedProviders), PublicProblems))]
pub(crate) async fn list(State(app): State<App>) -> Json<OfferedProviders> {
    let offered =
        |provider: &Provider| OfferedProvider { name: provider.name.clone(), label: provider.label.clone() };
    Json(OfferedProviders { items: app.providers.all().map(offered).collect() })
}

/// Go to a provider to sign in. For browsers: the answer sets a cookie and leads there.
#[utoipa::path(get, operation_id = "start_oauth", path = "/auth/oauth/{provider}/start", tag = "accounts",
    params(("provider" = String, Path, description = "As listed")),
    responses((status = SEE_OTHER, description = "To the provider"),
        (status = NOT_FOUND, description = "No such provider", body = crate::problem::Problem,
            content_type = "application/problem+json"), PublicProblems))]
pub(crate) async fn start(State(app): State<App>, Path(name): Path<String>) -> ApiResult<Response> {
    let (flow, url) = begin(&app, &name, None).await?;
    Ok((with_cookie(&app, &flow), Redirect::to(&url)).into_response())
}

/// Link a provider to one's account. The browser that has the cookie of this answer goes to the URL.
#[utoipa::path(post, operation_id = "link_oauth", path = "/auth/oauth/{provider}/link", tag = "accounts",
    security(("bearer" = [])), params(("provider" = String, Path, description = "As listed")),
    responses((status = OK, body = AuthorizeUrl), WriteProblems))]
pub(crate) async fn link(
    State(app): State<App>,
    user: Holder,
    Path(name): Path<String>,
) -> ApiResult<Response> {
    let (flow, url) = begin(&app, &name, Some(user.id)).await?;
    Ok((with_cookie(&app, &flow), Json(AuthorizeUrl { url })).into_response())
}

/// Where a provider sends people back to. What came of it stands behind the `#` of where this leads: `code`, `linked` or `error`.
#[utoipa::path(get, operation_id = "return_from_oauth", path = "/auth/oauth/{provider}/callback", tag = "accounts",
    params(("provider" = String, Path, description = "As listed"), Returned),
    responses((status = SEE_OTHER, description = "To the web application"),
        (status = NOT_FOUND, description = "No such provider", body = crate::problem::Problem,
            content_type = "application/problem+json"), PublicProblems))]
pub(crate) async fn callback(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    Path(name): Path<String>,
    Query(returned): Query<Returned>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let provider = find(&app, &name)?;
    let unknown = || {
        let words = "This sign-in was not begun in this browser, is over, or took too long. Begin again.";
        ApiError::bad_request("invalid_state", words)
    };
    let flow = Flow::returning(&headers, &returned.state).ok_or_else(unknown)?;
    let linker = identities::take_flow(&app.store, &flow.digest(), &name).await?.ok_or_else(unknown)?;
    let landed = match said(&app, provider, &flow, returned).await {
        Ok(person) => land(&app, provider, &flow, &person, linker, &origin).await,
        Err(error) => Err(error),
    };
    let outcome = match landed {
        Ok(Landed::Code(code)) => format!("code={}", code.expose()),
        Ok(Landed::Linked) => format!("linked={name}"),
        Err(error) if error.is_ours() && error.code() != "provider_unavailable" => return Err(error),
        Err(error) => format!("error={}", error.code()),
    };
    app.mailer.wake();
    Ok(Redirect::to(&format!("{}{LANDING}#{outcome}", app.settings.web_url())).into_response())
}

/// Sign in with the code that a return from a provider led to. Where a second factor is on, the answer is a challenge.
#[utoipa::path(post, operation_id = "exchange_oauth", path = "/auth/oauth/exchange", tag = "accounts",
    request_body = Exchange, responses((status = OK, body = SignInAnswer), PublicProblems))]
pub(crate) async fn exchange(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    headers: HeaderMap,
    Body(wish): Body<Exchange>,
) -> ApiResult<Response> {
    let unknown = || {
        let words = "This code was used, is too old, or belongs to another browser. Begin again.";
        ApiError::bad_request("invalid_code", words)
    };
    let carrier = Carrier::wished(&app, &headers, wish.cookie)?;
    // The state is over by now; only the browser's secret counts.
    let flow = Flow::returning(&headers, "").ok_or_else(unknown)?;
    let digest = flow.digest_of_code(&OneTimeToken::brought(&wish.code));
    let (tx, Follower { user, .. }) =
        links::follow(&app.store, &digest, Purpose::Exchange).await?.ok_or_else(unknown)?;
    tx.commit().await?;
    let entered = entrance::enter(&app, user, &origin, carrier).await?;
    Ok((AppendHeaders([(header::SET_COOKIE, oauth::ended())]), entered).into_response())
}

/// Ways to sign in that one linked.
#[utoipa::path(get, operation_id = "list_identities", path = "/users/me/identities", tag = "accounts",
    security(("bearer" = [])), responses((status = OK, body = Identities), ReadProblems))]
pub(crate) async fn list_identities(State(app): State<App>, user: Holder) -> ApiResult<Json<Identities>> {
    let mut tx = app.store.person(user.id).await?;
    Ok(Json(Identities { items: identities::list(&mut tx, user.id).await? }))
}

/// Unlink a provider. Who has no password sets one with `POST /auth/password/reset`.
#[utoipa::path(delete, operation_id = "unlink_identity", path = "/users/me/identities/{provider}", tag = "accounts",
    security(("bearer" = [])), params(("provider" = String, Path, description = "As listed")),
    responses((status = NO_CONTENT, description = "It is unlinked"), WriteProblems))]
pub(crate) async fn unlink(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    user: Holder,
    Path(name): Path<String>,
) -> ApiResult<StatusCode> {
    if name.contains('\0') {
        return Err(ApiError::not_found("identity"));
    }
    let mut tx = app.store.tenant(workspaces::personal(user.id), user.id).await?;
    if identities::unlink(&mut tx, user.id, Some(&name)).await? == 0 {
        return Err(ApiError::not_found("identity"));
    }
    audit::record(&mut tx, of_identity("identity.unlinked", user.id, &name, &origin)).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

fn find<'a>(app: &'a App, name: &str) -> ApiResult<&'a Provider> {
    app.providers.find(name).ok_or_else(|| ApiError::not_found("provider"))
}

fn redirect_uri(app: &App, provider: &Provider) -> String {
    format!("{}{}/auth/oauth/{}/callback", app.settings.web_url(), crate::openapi::PREFIX, provider.name)
}

async fn begin(app: &App, name: &str, linker: Option<UserId>) -> ApiResult<(Flow, String)> {
    let provider = find(app, name)?;
    let flow = Flow::new();
    let url = provider.authorize_url(&flow, &redirect_uri(app, provider)).await?;
    let lives_s = app.settings.sign_in.oauth_flow_s;
    identities::begin_flow(&app.store, &flow.digest(), name, linker, lives_s).await?;
    Ok((flow, url))
}

fn with_cookie(app: &App, flow: &Flow) -> AppendHeaders<[(header::HeaderName, axum::http::HeaderValue); 1]> {
    // It outlives the flow by the time that its code may take.
    let lives_s = app.settings.sign_in.oauth_flow_s + app.settings.sign_in.exchange_s;
    AppendHeaders([(header::SET_COOKIE, flow.cookie(lives_s))])
}

/// Whom the provider says it was.
async fn said(app: &App, provider: &Provider, flow: &Flow, returned: Returned) -> ApiResult<Person> {
    let Some(code) = returned.code.filter(|_| returned.error.is_none()) else {
        let words = "You or the provider ended the sign-in there.";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "access_denied", words));
    };
    Ok(provider.person(code, flow, &redirect_uri(app, provider)).await?)
}

/// What that means here.
async fn land(
    app: &App,
    provider: &Provider,
    flow: &Flow,
    person: &Person,
    linker: Option<UserId>,
    origin: &Origin,
) -> ApiResult<Landed> {
    let mut tx = app.store.nobody().await?;
    let owner = identities::owner(&mut tx, &person.issuer, &person.subject).await?;
    let subject = Subject {
        issuer: &person.issuer,
        subject: &person.subject,
        provider: &provider.name,
        email: person.email.as_deref().filter(|email| email.chars().count() <= 255),
    };
    let user = match (linker, owner) {
        (Some(linker), Some((owner, _))) if linker != owner => return Err(identity_taken()),
        (_, Some((_, false))) => return Err(closed()),
        (_, Some((owner, true))) => {
            tx.enter(workspaces::personal(owner), owner).await?;
            identities::used(&mut tx, &subject).await?;
            owner
        }
        (Some(linker), None) => {
            tx.enter(workspaces::personal(linker), linker).await?;
            join(app, &mut tx, linker, provider, &subject, origin).await?;
            linker
        }
        (None, None) => adopt(app, &mut tx, provider, person, &subject, origin).await?,
    };
    if linker.is_some() {
        tx.commit().await?;
        return Ok(Landed::Linked);
    }
    let email = accounts::find(&mut tx, user).await?.ok_or_else(closed)?.email;
    let code = OneTimeToken::random();
    let digest = flow.digest_of_code(&code);
    links::create(&mut tx, &digest, user, Purpose::Exchange, &email, app.settings.sign_in.exchange_s).await?;
    tx.commit().await?;
    Ok(Landed::Code(code))
}

/// Links the identity to an account that is there.
async fn join(
    app: &App,
    tx: &mut Tx,
    user: UserId,
    provider: &Provider,
    subject: &Subject<'_>,
    origin: &Origin,
) -> ApiResult<()> {
    identities::link(tx, user, subject).await.map_err(|error| match error {
        StoreError::Exists(_) => identity_taken(),
        error => error.into(),
    })?;
    audit::record(tx, of_identity("identity.linked", user, &provider.name, origin)).await?;
    let account = accounts::find(tx, user).await?.ok_or_else(closed)?;
    let params = json!({"provider": provider.label});
    mail::leave(app, tx, Template::IdentityLinked, user, &account.email, params).await
}

/// Somebody who was not here before with this identity. Their address decides, and only one that the provider verified: an
/// account that has it is theirs if it was verified here too; else whoever made it may be waiting for them.
async fn adopt(
    app: &App,
    tx: &mut Tx,
    provider: &Provider,
    person: &Person,
    subject: &Subject<'_>,
    origin: &Origin,
) -> ApiResult<UserId> {
    let verified = subject.email.filter(|email| person.email_verified && is_email(email, &()).is_ok());
    let Some(email) = verified else {
        let words = "The provider does not vouch for your email address. Verify it there, or sign up with a password.";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "provider_email_unverified", words));
    };
    match links::account_with_email(tx, email).await? {
        Some((user, true)) => {
            tx.enter(workspaces::personal(user), user).await?;
            join(app, tx, user, provider, subject, origin).await?;
            Ok(user)
        }
        Some((_, false)) => Err(email_in_use()),
        None => sign_up(app, tx, person, email, subject, origin).await,
    }
}

async fn sign_up(
    app: &App,
    tx: &mut Tx,
    person: &Person,
    email: &str,
    subject: &Subject<'_>,
    origin: &Origin,
) -> ApiResult<UserId> {
    let user = UserId(Uuid::new_v4());
    tx.enter(workspaces::personal(user), user).await?;
    check_room(app, tx).await?;
    let name = name_of(person, email);
    let account = NewAccount { user_id: user, email, password_hash: app.passwords.of_nobody(), name: &name };
    if !accounts::create(tx, &account, workspaces::personal(user)).await? {
        return Err(email_in_use());
    }
    links::verify_email(tx, user).await?;
    identities::link(tx, user, subject).await?;
    audit::record(tx, of_account("account.created", user, origin)).await?;
    Ok(user)
}

/// What the provider calls them, as far as we take it; else what stands before the @.
fn name_of(person: &Person, email: &str) -> String {
    let plain = |text: &str| text.chars().filter(|c| !c.is_control()).take(255).collect::<String>();
    let said = person.name.as_deref().map(|name| plain(name.trim())).filter(|name| !name.trim().is_empty());
    said.unwrap_or_else(|| plain(email.split('@').next().unwrap_or(email)))
}

fn of_identity<'a>(action: &'static str, user: UserId, provider: &str, origin: &'a Origin) -> Entry<'a> {
    Entry { resource_type: "identity", resource_id: provider.to_owned(), ..of_account(action, user, origin) }
}

fn identity_taken() -> ApiError {
    let words =
        "This sign-in is linked to another account, or your account has another one of this provider.";
    ApiError::conflict("identity_taken", words)
}

fn email_in_use() -> ApiError {
    let words = "There is an account with this email address. Sign in to it, and link the provider there.";
    ApiError::conflict("email_in_use", words)
}

fn closed() -> ApiError {
    ApiError::new(StatusCode::FORBIDDEN, "account_closed", "This account is closed.")
}
