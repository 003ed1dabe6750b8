//! The second factor: time-based codes (RFC 6238), recovery codes, and the logins that wait for one of them.

use super::sessions::confirm;
use crate::app::App;
use crate::auth::{Holder, identify};
use crate::entrance::{self, Carrier, SignInAnswer, of_account, person};
use crate::extract::Body;
use crate::idempotent::ShownOnce;
use crate::openapi::{ReadProblems, WriteProblems};
use crate::origin::RequestOrigin;
use crate::problem::{ApiError, ApiResult};
use crate::second_factor::{self as factor, Proof};
use crate::throttle::{self, Attempt};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use garde::Validate;
use groundwork_domain::Digest;
use groundwork_store::audit::Origin;
use groundwork_store::{Tx, audit, second_factors, workspaces};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whether a second factor is asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SecondFactorState {
    /// At every login.
    enabled: bool,
    /// Recovery codes that were not used yet.
    recovery_codes_left: i64,
}

/// The person, once more.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct PasswordAgain {
    /// Their password.
    #[garde(length(bytes, max = 1_024))]
    password: String,
}

/// The person, with both of what they have.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct BothAgain {
    /// Their password.
    #[garde(length(bytes, max = 1_024))]
    password: String,
    /// A code, or a recovery code.
    #[garde(length(bytes, max = 64))]
    code: String,
}

/// A code, for a login that waits or to confirm a secret.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct Verification {
    /// What login answered; without it, the code confirms the secret of who is signed in.
    #[garde(length(bytes, max = 128))]
    challenge: Option<String>,
    /// Six digits, or (for a login) a recovery code.
    #[garde(length(bytes, max = 64))]
    code: String,
    /// Whether the tokens shall come as cookies, for browsers, and not in the body.
    #[garde(skip)]
    #[serde(default)]
    cookie: bool,
}

/// A secret for an authenticator.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SecretOffered {
    /// In Base32, to be typed in.
    secret: String,
    /// The same as a URI, to be shown as a QR code.
    otpauth_uri: String,
}

/// Codes for the day when the authenticator is lost. They are shown here and never again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecoveryCodes {
    /// Each works once.
    recovery_codes: Vec<String>,
}

/// What a code brought: a session, or the second factor is on.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "names the two answers in the document")]
pub(crate) enum VerificationAnswer {
    /// For a login.
    SignedIn(SignInAnswer),
    /// For who is signed in.
    Confirmed(RecoveryCodes),
}

/// Whether a second factor is asked for.
#[utoipa::path(get, operation_id = "get_second_factor", path = "/auth/2fa", tag = "accounts", security(("bearer" = [])),
    responses((status = OK, body = SecondFactorState), ReadProblems))]
pub(crate) async fn show(State(app): State<App>, holder: Holder) -> ApiResult<Json<SecondFactorState>> {
    let mut tx = app.store.person(holder.id).await?;
    let standing = second_factors::standing(&mut tx, holder.id).await?;
    Ok(Json(SecondFactorState { enabled: standing.is_on, recovery_codes_left: standing.recovery_codes_left }))
}

/// Begin to use a second factor: a secret for an authenticator. It counts once a code has confirmed it.
#[utoipa::path(post, operation_id = "enable_second_factor", path = "/auth/2fa/enable", tag = "accounts",
    request_body = PasswordAgain, security(("bearer" = [])),
    responses((status = OK, body = SecretOffered), WriteProblems))]
pub(crate) async fn enable(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    holder: Holder,
    Body(wish): Body<PasswordAgain>,
) -> ApiResult<impl IntoResponse> {
    confirm(&app, holder, &wish.password, "password", &origin).await?;
    let mut tx = app.store.tenant(workspaces::personal(holder.id), holder.id).await?;
    let (account, _) = person(&mut tx, holder.id).await?;
    let offer = factor::offer(&app, holder.id, &account.email)?;
    if !second_factors::offer(&mut tx, holder.id, &offer.sealed).await? {
        return Err(ApiError::conflict("second_factor_on", "A second factor is on. Disable it first."));
    }
    audit::record(&mut tx, of_account("second_factor.offered", holder.id, &origin)).await?;
    tx.commit().await?;
    Ok((Extension(ShownOnce), Json(SecretOffered { secret: offer.secret, otpauth_uri: offer.uri })))
}

/// Prove the second factor: with the `challenge` of a login, which completes it; without one, signed in, to confirm the secret
/// of `POST /auth/2fa/enable`, which is answered with recovery codes.
#[utoipa::path(post, operation_id = "verify_second_factor", path = "/auth/2fa/verify", tag = "accounts",
    request_body = Verification, security((), ("bearer" = [])),
    responses((status = OK, body = VerificationAnswer), WriteProblems))]
pub(crate) async fn verify(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    headers: HeaderMap,
    Body(wish): Body<Verification>,
) -> ApiResult<Response> {
    if let Some(challenge) = &wish.challenge {
        let carrier = Carrier::wished(&app, &headers, wish.cookie)?;
        let entered = complete(&app, challenge, &wish.code, &origin, carrier).await?;
        return Ok(entered.into_response());
    }
    let user = identify(&app, &Method::POST, &headers).await?.ok_or_else(ApiError::unauthorized)?;
    let codes = begin(&app, Holder::of(user)?, &wish.code, &origin).await?;
    Ok(Json(codes).into_response())
}

/// Make new recovery codes; the old ones are void.
#[utoipa::path(post, operation_id = "renew_recovery_codes", path = "/auth/2fa/recovery-codes", tag = "accounts",
    request_body = BothAgain, security(("bearer" = [])),
    responses((status = OK, body = RecoveryCodes), WriteProblems))]
pub(crate) async fn renew_recovery_codes(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    holder: Holder,
    Body(wish): Body<BothAgain>,
) -> ApiResult<impl IntoResponse> {
    let mut tx = confirm_both(&app, holder, &wish, &origin).await?;
    let codes = renew(&mut tx, holder).await?;
    audit::record(&mut tx, of_account("recovery_codes.renewed", holder.id, &origin)).await?;
    tx.commit().await?;
    Ok((Extension(ShownOnce), Json(codes)))
}

/// Do without the second factor again.
#[utoipa::path(post, operation_id = "disable_second_factor", path = "/auth/2fa/disable", tag = "accounts",
    request_body = BothAgain, security(("bearer" = [])),
    responses((status = NO_CONTENT, description = "It is off"), WriteProblems))]
pub(crate) async fn disable(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    holder: Holder,
    Body(wish): Body<BothAgain>,
) -> ApiResult<StatusCode> {
    let mut tx = confirm_both(&app, holder, &wish, &origin).await?;
    second_factors::remove(&mut tx, holder.id).await?;
    audit::record(&mut tx, of_account("second_factor.disabled", holder.id, &origin)).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Completes the login that a challenge stands for.
async fn complete(
    app: &App,
    challenge: &str,
    code: &str,
    origin: &Origin,
    carrier: Carrier,
) -> ApiResult<SignInAnswer> {
    let over = || {
        let words = "This login is over: too late, or too many codes were tried. Log in again.";
        ApiError::new(StatusCode::UNAUTHORIZED, "invalid_challenge", words)
    };
    let digest = Digest::of(challenge.as_bytes());
    let tries_max = i32::try_from(app.settings.identity.challenge_tries_max).unwrap_or(i32::MAX);
    let user = second_factors::try_challenge(&app.store, &digest, tries_max).await?.ok_or_else(over)?;
    let mut tx = app.store.tenant(workspaces::personal(user), user).await?;
    let (account, _) = person(&mut tx, user).await?;
    let attempt = Attempt::SecondFactor { user, email: &account.email };
    let counted = throttle::count(app, attempt, origin.ip).await?;
    let proof = factor::take(app, &mut tx, user, code).await?.ok_or_else(|| {
        ApiError::new(StatusCode::UNAUTHORIZED, "wrong_code", "This code is wrong, or was used before.")
    })?;
    if !second_factors::consume_challenge(&mut tx, user, &digest).await? {
        return Err(over());
    }
    if proof == Proof::RecoveryCode {
        audit::record(&mut tx, of_account("recovery_code.used", user, origin)).await?;
    }
    counted.forgive(app).await?;
    entrance::open_session(app, tx, user, origin, carrier).await
}

/// Confirms an offered secret.
async fn begin(app: &App, holder: Holder, code: &str, origin: &Origin) -> ApiResult<RecoveryCodes> {
    let counted = throttle::count(app, Attempt::Confirmation { user: holder.id }, origin.ip).await?;
    let mut tx = app.store.tenant(workspaces::personal(holder.id), holder.id).await?;
    let found = second_factors::find(&mut tx, holder.id).await?;
    let is_offered = found.is_some_and(|factor| !factor.is_confirmed);
    if !is_offered {
        let words = "There is no secret to confirm. POST /auth/2fa/enable makes one.";
        return Err(ApiError::conflict("nothing_to_confirm", words));
    }
    if factor::take(app, &mut tx, holder.id, code).await? != Some(Proof::Code) {
        return Err(ApiError::field("code", "is not the code that an authenticator shows now"));
    }
    let codes = renew(&mut tx, holder).await?;
    audit::record(&mut tx, of_account("second_factor.enabled", holder.id, origin)).await?;
    tx.commit().await?;
    counted.forgive(app).await?;
    Ok(codes)
}

/// Whether the person has both; the transaction has taken the code and is to be committed.
async fn confirm_both(app: &App, holder: Holder, wish: &BothAgain, origin: &Origin) -> ApiResult<Tx> {
    confirm(app, holder, &wish.password, "password", origin).await?;
    let counted = throttle::count(app, Attempt::Confirmation { user: holder.id }, origin.ip).await?;
    let mut tx = app.store.tenant(workspaces::personal(holder.id), holder.id).await?;
    if !second_factors::standing(&mut tx, holder.id).await?.is_on {
        return Err(ApiError::conflict("second_factor_off", "No second factor is on."));
    }
    if factor::take(app, &mut tx, holder.id, &wish.code).await?.is_none() {
        return Err(ApiError::field("code", "is wrong, or was used before"));
    }
    counted.forgive(app).await?;
    Ok(tx)
}

/// Whether it is really the person: their password, and their second factor where one is on.
pub(super) async fn confirm_whole(
    app: &App,
    holder: Holder,
    password: &str,
    code: Option<&str>,
    origin: &Origin,
) -> ApiResult<()> {
    confirm(app, holder, password, "password", origin).await?;
    let mut tx = app.store.tenant(workspaces::personal(holder.id), holder.id).await?;
    if !second_factors::standing(&mut tx, holder.id).await?.is_on {
        return Ok(());
    }
    let code = code.ok_or_else(|| ApiError::field("code", "is needed: a second factor is on"))?;
    let counted = throttle::count(app, Attempt::Confirmation { user: holder.id }, origin.ip).await?;
    if factor::take(app, &mut tx, holder.id, code).await?.is_none() {
        return Err(ApiError::field("code", "is wrong, or was used before"));
    }
    tx.commit().await?;
    counted.forgive(app).await
}

async fn renew(tx: &mut Tx, holder: Holder) -> ApiResult<RecoveryCodes> {
    let recovery_codes = factor::new_recovery_codes();
    let digests: Vec<_> = recovery_codes.iter().map(|code| factor::recovery_digest(code)).collect();
    second_factors::replace_recovery_codes(tx, holder.id, &digests).await?;
    Ok(RecoveryCodes { recovery_codes })
}
