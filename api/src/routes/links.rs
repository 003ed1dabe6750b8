//! What is asked for by mail and ended with its link: a verified address, a new password, a sign-in, another address.
//!
//! Asking never tells whether anybody has the address. A link shows that its mailbox is theirs; where nobody had shown
//! that before, whoever made the account may have been somebody else, so their ways in end here.

use crate::app::App;
use crate::auth::{Holder, OneTimeToken};
use crate::entrance::{self, Carrier, SignInAnswer, of_account};
use crate::extract::Body;
use crate::mail::{self, Template};
use crate::openapi::{PublicProblems, WriteProblems};
use crate::origin::RequestOrigin;
use crate::problem::{ApiError, ApiResult};
use crate::routes::accounts::is_email;
use crate::routes::sessions::confirm;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use garde::Validate;
use groundwork_domain::UserId;
use groundwork_store::audit::{self, Origin};
use groundwork_store::links::{self, Follower, Purpose};
use groundwork_store::{StoreError, Tx, accounts, api_tokens, sessions, workspaces};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

/// Somebody's address.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct Address {
    /// As at sign-up; upper and lower case are the same.
    #[garde(custom(is_email))]
    #[schema(format = Email, max_length = 255)]
    email: String,
}

/// What stood in a link.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct FollowedLink {
    /// What stands behind `#token=`.
    #[garde(length(bytes, min = 1, max = 255))]
    #[schema(min_length = 1, max_length = 255)]
    token: String,
}

/// What stood in a link that signs in.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct MagicLink {
    /// What stands behind `#token=`.
    #[garde(length(bytes, min = 1, max = 255))]
    #[schema(min_length = 1, max_length = 255)]
    token: String,
    /// Whether the tokens shall come as cookies, for browsers, and not in the body.
    #[garde(skip)]
    #[serde(default)]
    cookie: bool,
}

/// A new password, and what stood in the link.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct NewPassword {
    /// What stands behind `#token=`.
    #[garde(length(bytes, min = 1, max = 255))]
    #[schema(min_length = 1, max_length = 255)]
    token: String,
    /// 8 to 128 characters.
    #[garde(length(chars, min = 8, max = 128))]
    #[schema(min_length = 8, max_length = 128)]
    password: String,
}

/// Another address for one's account.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct NewAddress {
    /// Not yet of an account.
    #[garde(custom(is_email))]
    #[schema(format = Email, max_length = 255)]
    email: String,
    /// The present one; who has none sets one first, with `POST /auth/password/reset`.
    #[garde(length(bytes, max = 1_024))]
    password: String,
}

/// Ask for another mail with the link that verifies the address. The answer is the same whether anybody has it.
#[utoipa::path(post, path = "/auth/verify-email/send", tag = "accounts", request_body = Address,
    responses((status = ACCEPTED, description = "A mail is on its way, if the address awaits one"), PublicProblems))]
pub(crate) async fn send_verification(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    Body(wish): Body<Address>,
) -> ApiResult<StatusCode> {
    ask(&app, &origin, &wish.email, Template::VerifyEmail).await
}

/// Verify the address that a link was sent to.
#[utoipa::path(post, path = "/auth/verify-email", tag = "accounts", request_body = FollowedLink,
    responses((status = NO_CONTENT, description = "The address is verified"), PublicProblems))]
pub(crate) async fn verify_email(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    Body(wish): Body<FollowedLink>,
) -> ApiResult<StatusCode> {
    let (mut tx, follower) = follow(&app, &wish.token, Purpose::VerifyEmail).await?;
    if links::verify_email(&mut tx, follower.user).await? {
        audit::record(&mut tx, of_account("email.verified", follower.user, &origin)).await?;
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ask for a link that sets a password. The answer is the same whether anybody has the address.
#[utoipa::path(post, path = "/auth/password/reset", tag = "accounts", request_body = Address,
    responses((status = ACCEPTED, description = "A mail is on its way, if somebody has the address"), PublicProblems))]
pub(crate) async fn ask_for_password(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    Body(wish): Body<Address>,
) -> ApiResult<StatusCode> {
    ask(&app, &origin, &wish.email, Template::ResetPassword).await
}

/// Set a password with a link. All sessions and API tokens end.
#[utoipa::path(post, path = "/auth/password/reset/confirm", tag = "accounts", request_body = NewPassword,
    responses((status = NO_CONTENT, description = "The password is set; log in with it"), PublicProblems))]
pub(crate) async fn set_password(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    Body(wish): Body<NewPassword>,
) -> ApiResult<StatusCode> {
    // Looked at first, and not used up: hashing costs a quarter of a second of a core, which no guess shall be given.
    drop(follow(&app, &wish.token, Purpose::ResetPassword).await?);
    let hash = app.passwords.hash(&wish.password).await?;
    let (mut tx, Follower { user, email }) = follow(&app, &wish.token, Purpose::ResetPassword).await?;
    if links::verify_email(&mut tx, user).await? {
        end_unproven_ways(&app, &mut tx, user, &origin).await?;
    }
    accounts::set_password(&mut tx, user, &hash).await?;
    sessions::end_others(&mut tx, user, None).await?;
    // Whoever made them may be why the password is set anew.
    api_tokens::delete_all(&mut tx, user).await?;
    links::void(&mut tx, user).await?;
    audit::record(&mut tx, of_account("password.reset", user, &origin)).await?;
    mail::leave(&app, &mut tx, Template::PasswordChanged, user, &email, json!({})).await?;
    tx.commit().await?;
    app.mailer.wake();
    Ok(StatusCode::NO_CONTENT)
}

/// Ask for a link that signs in. The answer is the same whether anybody has the address.
#[utoipa::path(post, path = "/auth/magic-link", tag = "accounts", request_body = Address,
    responses((status = ACCEPTED, description = "A mail is on its way, if somebody has the address"), PublicProblems))]
pub(crate) async fn ask_for_magic_link(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    Body(wish): Body<Address>,
) -> ApiResult<StatusCode> {
    ask(&app, &origin, &wish.email, Template::MagicLink).await
}

/// Sign in with a link. Where a second factor is on, the answer is a challenge, for `POST /auth/2fa/verify`.
#[utoipa::path(post, path = "/auth/verify-magic-link", tag = "accounts", request_body = MagicLink,
    responses((status = OK, body = SignInAnswer), PublicProblems))]
pub(crate) async fn verify_magic_link(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    headers: HeaderMap,
    Body(wish): Body<MagicLink>,
) -> ApiResult<SignInAnswer> {
    let carrier = Carrier::wished(&app, &headers, wish.cookie)?;
    let (mut tx, Follower { user, .. }) = follow(&app, &wish.token, Purpose::MagicLink).await?;
    if links::verify_email(&mut tx, user).await? {
        end_unproven_ways(&app, &mut tx, user, &origin).await?;
    }
    tx.commit().await?;
    entrance::enter(&app, user, &origin, carrier).await
}

/// Ask for another address. It becomes one's own when the link is followed that is sent there.
#[utoipa::path(post, path = "/auth/email/change", tag = "accounts", request_body = NewAddress,
    security(("bearer" = [])),
    responses((status = ACCEPTED, description = "A mail is on its way, if the address is free"), WriteProblems))]
pub(crate) async fn ask_for_address(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    user: Holder,
    Body(wish): Body<NewAddress>,
) -> ApiResult<StatusCode> {
    let email = wish.email.trim().to_lowercase();
    confirm(&app, user, &wish.password, "password", &origin).await?;
    let mut tx = app.store.tenant(workspaces::personal(user.id), user.id).await?;
    mail::ask(&app, &mut tx, Template::ChangeEmail, Some(user.id), &email, origin.ip).await?;
    audit::record(&mut tx, of_account("email.change_asked", user.id, &origin)).await?;
    tx.commit().await?;
    app.mailer.wake();
    Ok(StatusCode::ACCEPTED)
}

/// Change one's address with the link that was sent to the new one. The old one is told.
#[utoipa::path(post, path = "/auth/email/change/confirm", tag = "accounts", request_body = FollowedLink,
    responses((status = NO_CONTENT, description = "The address is changed"), PublicProblems))]
pub(crate) async fn change_address(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    Body(wish): Body<FollowedLink>,
) -> ApiResult<StatusCode> {
    let (mut tx, Follower { user, email }) = follow(&app, &wish.token, Purpose::ChangeEmail).await?;
    let old = links::change_email(&mut tx, user, &email).await.map_err(|error| match error {
        StoreError::Exists(_) => email_taken(),
        error => error.into(),
    })?;
    // Links to the old address are nothing by now; this one ends what was asked for to other addresses.
    links::void(&mut tx, user).await?;
    audit::record(&mut tx, of_account("email.changed", user, &origin)).await?;
    mail::leave(&app, &mut tx, Template::EmailChanged, user, &old, json!({"new_email": email})).await?;
    tx.commit().await?;
    app.mailer.wake();
    Ok(StatusCode::NO_CONTENT)
}

/// Leaves a mail to an address, whoever has it.
async fn ask(app: &App, origin: &Origin, email: &str, template: Template) -> ApiResult<StatusCode> {
    let mut tx = app.store.nobody().await?;
    let email = email.trim().to_lowercase();
    mail::ask(app, &mut tx, template, None, &email, origin.ip).await?;
    tx.commit().await?;
    app.mailer.wake();
    Ok(StatusCode::ACCEPTED)
}

/// Uses a link up, once the transaction is committed that runs as whoever it was sent to.
async fn follow(app: &App, token: &str, purpose: Purpose) -> ApiResult<(Tx, Follower)> {
    let digest = OneTimeToken::brought(token).digest();
    links::follow(&app.store, &digest, purpose).await?.ok_or_else(|| {
        let words = "This link was used, is too old, or never was one. Ask for another.";
        ApiError::bad_request("invalid_link", words)
    })
}

/// The mailbox is known to be theirs only now: whoever chose the password, made tokens, set up a second factor or linked a
/// provider before may be somebody else who signed up with an address that is not theirs, to be there when its owner comes.
async fn end_unproven_ways(app: &App, tx: &mut Tx, user: UserId, origin: &Origin) -> ApiResult<()> {
    accounts::set_password(tx, user, app.passwords.of_nobody()).await?;
    sessions::end_others(tx, user, None).await?;
    links::end_unproven(tx, user).await?;
    audit::record(tx, of_account("email.verified", user, origin)).await?;
    Ok(())
}

fn email_taken() -> ApiError {
    ApiError::conflict("email_taken", "There is an account with this email address by now.")
}
