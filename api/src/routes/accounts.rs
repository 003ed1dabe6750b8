//! Sign-up, and what a person may know of their account.

use crate::access;
use crate::app::App;
use crate::auth::CurrentUser;
use crate::entrance::{self, Carrier, SignInAnswer, person};
use crate::extract::Body;
use crate::idempotent::IDEMPOTENCY_KEY;
use crate::limits;
use crate::mail::{self, Template};
use crate::openapi::{PublicProblems, ReadProblems, WriteProblems};
use crate::origin::RequestOrigin;
use crate::problem::{ApiError, ApiResult};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use garde::Validate;
use groundwork_domain::UserId;
use groundwork_domain::quota::{self, Quota, Tier};
use groundwork_store::Tx;
use groundwork_store::accounts::{self, Account, NewAccount};
use groundwork_store::audit::Origin;
use groundwork_store::workspaces::{self, Workspace};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

/// Namespace of the ids of people who sign up.
const PEOPLE: Uuid = Uuid::from_u128(0x5f1d_0a3e_6f0b_4c55_9a51_7d1c_4b0e_2a77);
/// What somebody does next who must verify their address.
const VERIFY: &str = "verify_email";

/// Who wants an account.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct SignUp {
    /// Unique in the installation.
    #[garde(custom(is_email))]
    #[schema(format = Email, max_length = 255)]
    email: String,
    /// 8 to 128 characters.
    #[garde(length(chars, min = 8, max = 128))]
    #[schema(min_length = 8, max_length = 128)]
    password: String,
    /// What to be called.
    #[garde(custom(is_name))]
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    /// Whether the tokens shall come as cookies, for browsers, and not in the body.
    #[garde(skip)]
    #[serde(default)]
    cookie: bool,
}

/// Signed up; the address must be verified before the first login.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AwaitsVerification {
    /// Where the link was sent.
    email: String,
    /// Always `verify_email`.
    next: &'static str,
}

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    /// Who.
    user: Account,
    /// Their personal workspace.
    workspace: Workspace,
    /// Whether they operate the installation, so that `/admin` answers them.
    is_operator: bool,
}

/// What a person changes of their account; what is left out stays.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct Profile {
    /// What to be called.
    #[garde(inner(custom(is_name)))]
    #[schema(min_length = 1, max_length = 255)]
    name: Option<String>,
    /// Whether to be told by mail that a project ended or needs one.
    #[garde(skip)]
    mail_notices: Option<bool>,
}

/// What a person has used of what they may use.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Stats {
    /// Projects that count against the limit.
    projects_used: u32,
    /// Projects that may still be created.
    projects_remaining: u32,
    /// The limit; 2147483647 where there is none.
    max_projects: u32,
    /// Projects that are not deleted.
    projects_present: i64,
    /// US dollars over all projects.
    cost_usd: Decimal,
    /// Tokens read by models.
    input_tokens: i64,
    /// Tokens written by models.
    output_tokens: i64,
    /// Limits that hold for the person, and how much of each is used.
    limits: Vec<LimitUse>,
}

/// How much of a limit is used.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LimitUse {
    /// Its name, as in settings and in the header `RateLimit-Policy`.
    name: &'static str,
    /// The most that is allowed.
    limit: u64,
    /// How much is used.
    used: u64,
    /// Whether four fifths of it are used (`limit_near`).
    is_near: bool,
}

/// Sign up. Makes a personal workspace too. Where addresses must be verified first, nobody is signed in by it.
#[utoipa::path(post, path = "/auth/signup", tag = "accounts", request_body = SignUp,
    params(("idempotency-key" = Option<String>, Header, description = "A repeat with it signs the same new person in")),
    responses((status = CREATED, body = SignInAnswer), (status = ACCEPTED, body = AwaitsVerification), PublicProblems))]
pub(crate) async fn sign_up(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    headers: HeaderMap,
    Body(wish): Body<SignUp>,
) -> ApiResult<Response> {
    let carrier = Carrier::wished(&app, &headers, wish.cookie)?;
    limits::sign_up(&app, &origin).await?;
    let email = wish.email.trim().to_lowercase();
    let hash = app.passwords.hash(&wish.password).await?;
    let user = new_user_id(&headers, &email);
    let account = NewAccount { user_id: user, email: &email, password_hash: &hash, name: wish.name.trim() };
    let mut tx = app.store.tenant(workspaces::personal(user), user).await?;
    check_room(&app, &mut tx).await?;
    let is_new = accounts::create(&mut tx, &account, workspaces::personal(user)).await?;
    if !is_new && app.settings.needs_verified_email() {
        drop(tx);
        return sign_up_again(&app, &email, &origin).await;
    }
    if !is_new {
        drop(tx);
        let entered = repeated_sign_up(&app, user, &email, &wish.password, &origin, carrier).await?;
        return Ok((StatusCode::CREATED, entered).into_response());
    }
    mail::leave(&app, &mut tx, Template::VerifyEmail, user, &email, json!({})).await?;
    if app.settings.needs_verified_email() {
        tx.commit().await?;
        app.mailer.wake();
        return Ok((StatusCode::ACCEPTED, Json(AwaitsVerification { email, next: VERIFY })).into_response());
    }
    let entered = entrance::open_session(&app, tx, user, &origin, carrier).await?;
    app.mailer.wake();
    Ok((StatusCode::CREATED, entered).into_response())
}

/// Sign up, under its other name.
#[utoipa::path(post, path = "/auth/register", tag = "accounts", request_body = SignUp,
    responses((status = CREATED, body = SignInAnswer), (status = ACCEPTED, body = AwaitsVerification), PublicProblems))]
pub(crate) async fn register(
    state: State<App>,
    origin: RequestOrigin,
    headers: HeaderMap,
    body: Body<SignUp>,
) -> ApiResult<Response> {
    sign_up(state, origin, headers, body).await
}

/// Who is signed in.
#[utoipa::path(get, operation_id = "get_me", path = "/auth/me", tag = "accounts", security(("bearer" = [])),
    responses((status = OK, body = Me), ReadProblems))]
pub(crate) async fn me(State(app): State<App>, user: CurrentUser) -> ApiResult<Json<Me>> {
    let mut tx = app.store.tenant(workspaces::personal(user.id), user.id).await?;
    let (user, workspace) = person(&mut tx, user.id).await?;
    let is_operator = user.email_verified_at.is_some() && app.settings.is_operator(&user.email);
    Ok(Json(Me { user, workspace, is_operator }))
}

/// Change what is kept of you.
#[utoipa::path(patch, operation_id = "update_me", path = "/auth/me", tag = "accounts", request_body = Profile,
    security(("bearer" = [])), responses((status = OK, body = Account), WriteProblems))]
pub(crate) async fn update(
    State(app): State<App>,
    user: CurrentUser,
    Body(profile): Body<Profile>,
) -> ApiResult<Json<Account>> {
    access::account(user)?;
    let mut tx = app.store.person(user.id).await?;
    let name = profile.name.as_deref().map(str::trim);
    accounts::update(&mut tx, user.id, name, profile.mail_notices).await?;
    let account = accounts::find(&mut tx, user.id).await?.ok_or_else(ApiError::unauthorized)?;
    tx.commit().await?;
    Ok(Json(account))
}

/// What the person has used of what they may use.
#[utoipa::path(get, operation_id = "get_stats", path = "/users/me/stats", tag = "accounts", security(("bearer" = [])),
    responses((status = OK, body = Stats), ReadProblems))]
pub(crate) async fn stats(State(app): State<App>, user: CurrentUser) -> ApiResult<Json<Stats>> {
    let mut tx = app.store.tenant(workspaces::personal(user.id), user.id).await?;
    let place = workspaces::find(&mut tx, user.id, workspaces::personal(user.id)).await?;
    let tier = place.map(|place| Tier::parse(&place.plan_tier)).unwrap_or_default();
    let usage = accounts::usage(&mut tx, user.id).await?.ok_or_else(ApiError::unauthorized)?;
    let count = |number: i32| u32::try_from(number).unwrap_or_default();
    let projects_used = count(usage.projects_created);
    let quotas = &app.settings.quotas;
    let usual = quotas.most_or(Quota::PromptrProjects, tier, app.settings.projects_max);
    let promptr = usage.max_projects.map(count).or(usual);
    let max_projects = promptr.unwrap_or(i32::MAX.unsigned_abs());
    let promptr = promptr.map(|most| limit_use(Quota::PromptrProjects, most, projects_used.into()));
    let present = u64::try_from(usage.projects_present).unwrap_or_default();
    let exception = usage.max_projects.map(count).unwrap_or_default();
    let total = quotas.most(Quota::Projects, tier);
    let total = total.map(|total| limit_use(Quota::Projects, total.max(exception), present));
    Ok(Json(Stats {
        projects_used,
        projects_remaining: max_projects.saturating_sub(projects_used),
        max_projects,
        projects_present: usage.projects_present,
        cost_usd: usage.cost_usd.normalize(),
        input_tokens: usage.input_tokens,
        output_tokens: usage.output_tokens,
        limits: [promptr, total].into_iter().flatten().collect(),
    }))
}

fn limit_use(quota: Quota, limit: u32, used: u64) -> LimitUse {
    let limit = u64::from(limit);
    LimitUse { name: quota.as_str(), limit, used, is_near: quota::is_near(used, limit) }
}

/// The same address and Idempotency-Key name the same new person, so that a repeat can be told from a second person.
fn new_user_id(headers: &HeaderMap, email: &str) -> UserId {
    let key = headers.get(IDEMPOTENCY_KEY).and_then(|value| value.to_str().ok());
    UserId(key.map_or_else(Uuid::new_v4, |key| Uuid::new_v5(&PEOPLE, format!("{email}|{key}").as_bytes())))
}

pub(crate) async fn check_room(app: &App, tx: &mut Tx) -> ApiResult<()> {
    let usual = app.settings.users_max;
    let Some(limit) = app.settings.quotas.most_or(Quota::Accounts, Tier::Free, usual) else {
        return Ok(());
    };
    let used = u64::try_from(accounts::count(tx).await?).unwrap_or_default();
    let limit = u64::from(limit);
    if used < limit {
        return Ok(());
    }
    let words = format!("This installation has all of its {limit} accounts. Ask its operator for more.");
    Err(ApiError::limit_reached(words, limit, used))
}

/// Where a link comes first anyway, nobody learns by signing up who has an account: the answer is that of a new address, and the
/// mail says the rest.
async fn sign_up_again(app: &App, email: &str, origin: &Origin) -> ApiResult<Response> {
    let owner = accounts::login_lookup(&app.store, email).await?.map(|(id, _)| id);
    if let Some(user) = owner {
        let mut tx = app.store.tenant(workspaces::personal(user), user).await?;
        // Where there were too many, the answer still is that of a new address.
        mail::tell(app, &mut tx, Template::SignUpAgain, Some(user), email, origin.ip).await?;
        tx.commit().await?;
        app.mailer.wake();
    }
    let waits = AwaitsVerification { email: email.to_owned(), next: VERIFY };
    Ok((StatusCode::ACCEPTED, Json(waits)).into_response())
}

/// A sign-up with the Idempotency-Key and the password of one that succeeded signs that person in.
async fn repeated_sign_up(
    app: &App,
    user: UserId,
    email: &str,
    password: &str,
    origin: &Origin,
    carrier: Carrier,
) -> ApiResult<SignInAnswer> {
    let taken =
        || ApiError::conflict("email_taken", "There is an account with this email address. Log in instead.");
    let known = accounts::login_lookup(&app.store, email).await?.filter(|(id, _)| *id == user);
    let Some((_, hash)) = known else {
        return Err(taken());
    };
    if !app.passwords.matches(password, Some(hash)).await? {
        return Err(taken());
    }
    entrance::enter(app, user, origin, carrier).await
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde's signature")]
pub(crate) fn is_email(value: &str, _context: &()) -> garde::Result {
    // Lower-casing can lengthen: İ becomes two.
    let value = &value.trim().to_lowercase();
    if value.chars().count() > 255 {
        return Err(garde::Error::new("has at most 255 characters"));
    }
    // The address is only compared and shown; nothing is sent to it that has not been checked by sending.
    let (local, domain) = value.rsplit_once('@').unwrap_or_default();
    let is_plain = !value.chars().any(|c| c.is_whitespace() || c.is_control());
    let is_domain = domain.split('.').count() >= 2 && domain.split('.').all(|label| !label.is_empty());
    if local.is_empty() || local.len() > 64 || local.contains('@') || !is_domain || !is_plain {
        return Err(garde::Error::new("is not an email address"));
    }
    Ok(())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde's signature")]
pub(super) fn is_name(value: &str, _context: &()) -> garde::Result {
    let value = value.trim();
    if value.is_empty() || value.chars().count() > 255 {
        return Err(garde::Error::new("has 1 to 255 characters"));
    }
    if value.chars().any(char::is_control) {
        return Err(garde::Error::new("has no control characters"));
    }
    Ok(())
}
