//! Keys of model providers that people and workspaces bring (P-03, P-04). They are sealed as they come in; what is shown of one are its
//! last four letters, and only workers' agents open it.

use crate::access;
use crate::app::App;
use crate::auth::CurrentUser;
use crate::extract::{Body, Path};
use crate::openapi::{ReadProblems, WriteProblems};
use crate::problem::{ApiError, ApiResult, internal};
use crate::speaker::Speaker;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use garde::Validate;
use groundwork_domain::access::Permission;
use groundwork_domain::model::ProviderId;
use groundwork_domain::{WorkspaceId, sealed};
use groundwork_store::api_keys::{self, KeyItem, KeyOwner, NewKey};
use groundwork_store::workspaces::personal;
use groundwork_store::{Tx, audit};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

/// Fewest and most characters of a key.
const KEY_CHARACTERS: std::ops::RangeInclusive<usize> = 8..=512;

/// The keys that are kept.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Keys {
    /// One a provider at most.
    items: Vec<KeyItem>,
}

/// Whether there is a key, and by which letters it is known.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyState {
    /// `anthropic` or `openai`.
    provider: &'static str,
    /// Whether a key is kept.
    is_set: bool,
    /// Its last characters.
    last_four: Option<String>,
    /// When it was last set.
    updated_at: Option<DateTime<Utc>>,
}

/// A key on its way in.
#[derive(Deserialize, Validate, ToSchema)]
pub(crate) struct NewKeyWish {
    /// As the provider gave it.
    #[schema(value_type = String)]
    #[garde(custom(readable))]
    key: SecretString,
}

/// My own keys, masked.
#[utoipa::path(get, operation_id = "list_api_keys", path = "/settings/api-keys", tag = "accounts", security(("bearer" = [])),
    responses((status = OK, body = Keys), ReadProblems))]
pub(crate) async fn list(State(app): State<App>, user: CurrentUser) -> ApiResult<Json<Keys>> {
    access::account(user)?;
    let mut tx = app.store.person(user.id).await?;
    Ok(Json(Keys { items: api_keys::list(&mut tx, KeyOwner::User(user.id)).await? }))
}

/// My own key of a provider, masked.
#[utoipa::path(get, operation_id = "get_api_key", path = "/settings/api-keys/{provider}", tag = "accounts",
    params(("provider" = String, Path, description = "`anthropic` or `openai`")), security(("bearer" = [])),
    responses((status = OK, body = KeyState), ReadProblems))]
pub(crate) async fn show(
    State(app): State<App>,
    user: CurrentUser,
    Path(provider): Path<String>,
) -> ApiResult<Json<KeyState>> {
    access::account(user)?;
    let provider = known(&provider)?;
    let mut tx = app.store.person(user.id).await?;
    state(&mut tx, KeyOwner::User(user.id), provider).await
}

/// Keep a key of mine: runs that I begin are made with it.
#[utoipa::path(put, operation_id = "set_api_key", path = "/settings/api-keys/{provider}", tag = "accounts",
    params(("provider" = String, Path, description = "`anthropic` or `openai`")), request_body = NewKeyWish,
    security(("bearer" = [])), responses((status = OK, body = KeyState), WriteProblems))]
pub(crate) async fn put(
    State(app): State<App>,
    speaker: Speaker,
    Path(provider): Path<String>,
    Body(wish): Body<NewKeyWish>,
) -> ApiResult<Json<KeyState>> {
    access::account(speaker.user)?;
    let provider = known(&provider)?;
    let owner = KeyOwner::User(speaker.user.id);
    let tx = app.store.tenant(personal(speaker.user.id), speaker.user.id).await?;
    keep(&app, tx, &speaker, owner, provider, &wish.key).await
}

/// Take my key of a provider away.
#[utoipa::path(delete, operation_id = "delete_api_key", path = "/settings/api-keys/{provider}", tag = "accounts",
    params(("provider" = String, Path, description = "`anthropic` or `openai`")), security(("bearer" = [])),
    responses((status = NO_CONTENT, description = "No key is kept"), WriteProblems))]
pub(crate) async fn delete(
    State(app): State<App>,
    speaker: Speaker,
    Path(provider): Path<String>,
) -> ApiResult<StatusCode> {
    access::account(speaker.user)?;
    let provider = known(&provider)?;
    let tx = app.store.tenant(personal(speaker.user.id), speaker.user.id).await?;
    take_away(tx, &speaker, KeyOwner::User(speaker.user.id), provider).await
}

/// The keys of a workspace, masked.
#[utoipa::path(get, operation_id = "list_workspace_api_keys", path = "/workspaces/{workspace_id}/api-keys", tag = "workspaces",
    params(("workspace_id" = uuid::Uuid, Path)), security(("bearer" = [])),
    responses((status = OK, body = Keys), ReadProblems))]
pub(crate) async fn list_of_workspace(
    State(app): State<App>,
    user: CurrentUser,
    Path(workspace): Path<WorkspaceId>,
) -> ApiResult<Json<Keys>> {
    let (mut tx, _) = access::workspace(&app, user, workspace, Permission::ReadWorkspace).await?;
    Ok(Json(Keys { items: api_keys::list(&mut tx, KeyOwner::Workspace(workspace)).await? }))
}

/// A workspace's key of a provider, masked.
#[utoipa::path(get, operation_id = "get_workspace_api_key", path = "/workspaces/{workspace_id}/api-keys/{model_provider}",
    tag = "workspaces",
    params(("workspace_id" = uuid::Uuid, Path), ("model_provider" = String, Path, description = "`anthropic` or `openai`")),
    security(("bearer" = [])), responses((status = OK, body = KeyState), ReadProblems))]
pub(crate) async fn show_of_workspace(
    State(app): State<App>,
    user: CurrentUser,
    Path((workspace, provider)): Path<(WorkspaceId, String)>,
) -> ApiResult<Json<KeyState>> {
    let (mut tx, _) = access::workspace(&app, user, workspace, Permission::ReadWorkspace).await?;
    state(&mut tx, KeyOwner::Workspace(workspace), known(&provider)?).await
}

/// Keep a key of the workspace: runs whose beginner has none are made with it.
#[utoipa::path(put, operation_id = "set_workspace_api_key", path = "/workspaces/{workspace_id}/api-keys/{model_provider}",
    tag = "workspaces",
    params(("workspace_id" = uuid::Uuid, Path), ("model_provider" = String, Path, description = "`anthropic` or `openai`")),
    request_body = NewKeyWish, security(("bearer" = [])), responses((status = OK, body = KeyState), WriteProblems))]
pub(crate) async fn put_of_workspace(
    State(app): State<App>,
    speaker: Speaker,
    Path((workspace, provider)): Path<(WorkspaceId, String)>,
    Body(wish): Body<NewKeyWish>,
) -> ApiResult<Json<KeyState>> {
    let (tx, _) = access::workspace(&app, speaker.user, workspace, Permission::UpdateWorkspace).await?;
    keep(&app, tx, &speaker, KeyOwner::Workspace(workspace), known(&provider)?, &wish.key).await
}

/// Take a workspace's key of a provider away.
#[utoipa::path(delete, operation_id = "delete_workspace_api_key", path = "/workspaces/{workspace_id}/api-keys/{model_provider}",
    tag = "workspaces",
    params(("workspace_id" = uuid::Uuid, Path), ("model_provider" = String, Path, description = "`anthropic` or `openai`")),
    security(("bearer" = [])), responses((status = NO_CONTENT, description = "No key is kept"), WriteProblems))]
pub(crate) async fn delete_of_workspace(
    State(app): State<App>,
    speaker: Speaker,
    Path((workspace, provider)): Path<(WorkspaceId, String)>,
) -> ApiResult<StatusCode> {
    let (tx, _) = access::workspace(&app, speaker.user, workspace, Permission::UpdateWorkspace).await?;
    take_away(tx, &speaker, KeyOwner::Workspace(workspace), known(&provider)?).await
}

async fn keep(
    app: &App,
    mut tx: Tx,
    speaker: &Speaker,
    owner: KeyOwner,
    provider: ProviderId,
    key: &SecretString,
) -> ApiResult<Json<KeyState>> {
    let row = owner.aad(provider.as_str());
    let sealed =
        app.key_ring.seal(&row, rand::random(), key).map_err(|error| internal("sealing a key", &error))?;
    let new = NewKey {
        owner,
        provider: provider.as_str(),
        sealed: &sealed,
        key_id: &app.key_ring.current().to_string(),
        last_four: &sealed::last_four(key).unwrap_or_default(),
        by: speaker.user.id,
    };
    api_keys::put(&mut tx, &new).await?;
    record(&mut tx, speaker, owner, "api_key.set", provider).await?;
    let kept = state(&mut tx, owner, provider).await?;
    tx.commit().await?;
    Ok(kept)
}

async fn take_away(
    mut tx: Tx,
    speaker: &Speaker,
    owner: KeyOwner,
    provider: ProviderId,
) -> ApiResult<StatusCode> {
    if api_keys::delete(&mut tx, owner, provider.as_str()).await? {
        record(&mut tx, speaker, owner, "api_key.deleted", provider).await?;
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn record(
    tx: &mut Tx,
    speaker: &Speaker,
    owner: KeyOwner,
    action: &'static str,
    provider: ProviderId,
) -> ApiResult<()> {
    let (workspace, of) = match owner {
        KeyOwner::User(user) => (personal(user), "user"),
        KeyOwner::Workspace(workspace) => (workspace, "workspace"),
    };
    let entry = speaker.entry(workspace, action, ("api_key", provider.as_str()), json!({"of": of}));
    Ok(audit::record(tx, entry).await?)
}

async fn state(tx: &mut Tx, owner: KeyOwner, provider: ProviderId) -> ApiResult<Json<KeyState>> {
    let keys = api_keys::list(tx, owner).await?;
    let key = keys.into_iter().find(|key| key.provider == provider.as_str());
    Ok(Json(KeyState {
        provider: provider.as_str(),
        is_set: key.is_some(),
        updated_at: key.as_ref().map(|key| key.updated_at),
        last_four: key.map(|key| key.last_four),
    }))
}

fn known(provider: &str) -> ApiResult<ProviderId> {
    let found = ProviderId::ALL.into_iter().find(|known| known.as_str() == provider);
    found.ok_or_else(|| ApiError::not_found("provider"))
}

fn readable(key: &SecretString, _context: &()) -> garde::Result {
    let key = key.expose_secret();
    if !KEY_CHARACTERS.contains(&key.len()) || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(garde::Error::new("is 8 to 512 visible ASCII characters without spaces"));
    }
    Ok(())
}
