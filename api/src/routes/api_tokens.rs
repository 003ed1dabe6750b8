//! Personal API tokens, for programs: named, scoped, shown once, ended by deleting them.

use crate::app::App;
use crate::auth::{Holder, secrets};
use crate::entrance::of_account;
use crate::extract::{Body, Path};
use crate::idempotent::ShownOnce;
use crate::openapi::{ReadProblems, WriteProblems};
use crate::origin::RequestOrigin;
use crate::problem::{ApiError, ApiResult};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::{Extension, Json};
use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use garde::Validate;
use groundwork_domain::access::Scope;
use groundwork_store::api_tokens::{self, NewToken, TokenRow};
use groundwork_store::audit::Entry;
use groundwork_store::{audit, workspaces};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;
use uuid::Uuid;

/// A token that is wanted.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct TokenWish {
    /// What to call it, 1 to 100 characters.
    #[garde(length(chars, min = 1, max = 100), custom(is_plain))]
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// What it shall reach; a `write` holds its `read`.
    #[garde(length(min = 1, max = 20))]
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 20, example = json!(["projects:read"]))]
    scopes: BTreeSet<Scope>,
    /// When it shall end: at most a year from now, 30 days where nothing is said.
    #[garde(skip)]
    expires_at: Option<DateTime<Utc>>,
}

/// A token that was made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TokenMade {
    /// What is known of it later.
    #[serde(flatten)]
    row: TokenRow,
    /// The token itself, for the `Authorization: Bearer` header. It is shown here and never again.
    token: String,
}

/// Tokens of a person.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TokenList {
    /// The newest first.
    items: Vec<TokenRow>,
}

/// Make an API token. It is shown once: a repeat of the request tells that, and makes no second one.
#[utoipa::path(post, operation_id = "create_token", path = "/users/me/tokens", tag = "accounts", request_body = TokenWish,
    security(("bearer" = [])), responses((status = CREATED, body = TokenMade), WriteProblems))]
pub(crate) async fn create(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    holder: Holder,
    Body(wish): Body<TokenWish>,
) -> ApiResult<impl IntoResponse> {
    let expires_at = end(&app, wish.expires_at)?;
    let token = secrets::random(secrets::API_TOKEN);
    let scopes: Vec<Scope> = wish.scopes.into_iter().collect();
    let new = NewToken {
        id: Uuid::new_v4(),
        user: holder.id,
        name: wish.name.trim(),
        digest: &secrets::digest(&token),
        scopes: &scopes,
        expires_at,
    };
    let most = app.settings.identity.api_tokens_max;
    let mut tx = app.store.tenant(workspaces::personal(holder.id), holder.id).await?;
    if !api_tokens::create(&mut tx, &new, most).await? {
        let words = format!("You have {most} API tokens already. Delete one first.");
        return Err(ApiError::limit_reached(words, most.into(), most.into()));
    }
    let details = serde_json::json!({ "scopes": scopes, "expires_at": expires_at });
    let entry = of_account("token.created", holder.id, &origin);
    audit::record(&mut tx, Entry { details, ..of_token(entry, new.id) }).await?;
    tx.commit().await?;
    let row = TokenRow {
        id: new.id,
        name: new.name.to_owned(),
        scopes: scopes.clone(),
        created_at: Utc::now(),
        expires_at,
        last_used_at: None,
    };
    let made = TokenMade { row, token: token.expose_secret().to_owned() };
    Ok((StatusCode::CREATED, Extension(ShownOnce), Json(made)))
}

/// The person's API tokens, without the tokens themselves.
#[utoipa::path(get, operation_id = "list_tokens", path = "/users/me/tokens", tag = "accounts",
    security(("bearer" = [])), responses((status = OK, body = TokenList), ReadProblems))]
pub(crate) async fn list(State(app): State<App>, holder: Holder) -> ApiResult<Json<TokenList>> {
    let mut tx = app.store.person(holder.id).await?;
    Ok(Json(TokenList { items: api_tokens::list(&mut tx, holder.id).await? }))
}

/// Delete an API token: it is refused from now on, and its streams end.
#[utoipa::path(delete, operation_id = "delete_token", path = "/users/me/tokens/{token_id}", tag = "accounts",
    params(("token_id" = Uuid, Path)), security(("bearer" = [])),
    responses((status = NO_CONTENT, description = "The token is gone"), WriteProblems))]
pub(crate) async fn delete(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    holder: Holder,
    Path(token): Path<Uuid>,
) -> ApiResult<StatusCode> {
    let mut tx = app.store.tenant(workspaces::personal(holder.id), holder.id).await?;
    if !api_tokens::delete(&mut tx, token, holder.id).await? {
        return Err(ApiError::not_found("API token"));
    }
    let entry = of_account("token.deleted", holder.id, &origin);
    audit::record(&mut tx, of_token(entry, token)).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

fn of_token(entry: Entry<'_>, token: Uuid) -> Entry<'_> {
    Entry { resource_type: "token", resource_id: token.to_string(), ..entry }
}

fn end(app: &App, wished: Option<DateTime<Utc>>) -> ApiResult<DateTime<Utc>> {
    let days_max = app.settings.identity.api_token_days_max;
    let now = Utc::now().trunc_subsecs(0);
    let end = wished.unwrap_or_else(|| now + TimeDelta::days(days_max.min(30).into()));
    if end <= now {
        return Err(ApiError::field("expires_at", "lies in the past"));
    }
    if end > now + TimeDelta::days(days_max.into()) {
        return Err(ApiError::field("expires_at", format!("lies more than {days_max} days ahead")));
    }
    Ok(end)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde's signature")]
fn is_plain(value: &str, _context: &()) -> garde::Result {
    if value.trim().is_empty() || value.chars().any(char::is_control) {
        return Err(garde::Error::new("has visible characters, and no control characters"));
    }
    Ok(())
}
