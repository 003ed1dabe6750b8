//! Who changes something, from where, and under which key.

use crate::app::App;
use crate::auth::CurrentUser;
use crate::idempotent::RequestKey;
use crate::origin::RequestOrigin;
use crate::problem::ApiError;
use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use groundwork_domain::WorkspaceId;
use groundwork_store::audit::{Entry, Origin};
use serde_json::Value;

/// The signed-in person of a request that changes something.
#[derive(Clone, Debug)]
pub(crate) struct Speaker {
    pub(crate) user: CurrentUser,
    pub(crate) key: RequestKey,
    pub(crate) origin: Origin,
}

impl<S> FromRequestParts<S> for Speaker
where
    S: Send + Sync,
    App: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let user = CurrentUser::from_request_parts(parts, state).await?;
        let key = RequestKey::from_request_parts(parts, state).await?;
        let Ok(RequestOrigin(origin)) = RequestOrigin::from_request_parts(parts, state).await;
        Ok(Self { user, key, origin })
    }
}

impl Speaker {
    /// An entry of the audit log about what they do.
    pub(crate) fn entry(
        &self,
        workspace: WorkspaceId,
        action: &'static str,
        (resource_type, resource_id): (&'static str, impl ToString),
        details: Value,
    ) -> Entry<'_> {
        Entry {
            workspace,
            user: Some(self.user.id),
            action,
            resource_type,
            resource_id: resource_id.to_string(),
            details,
            origin: &self.origin,
        }
    }
}
