//! What operators of the installation see and do (B-19): counts and names, no text of anybody.

use crate::workspaces::personal;
use crate::{Store, StoreError};
use chrono::{DateTime, Utc};
use groundwork_domain::quota::Tier;
use groundwork_domain::{UserId, WorkspaceId};
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A workspace, as operators see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WorkspaceOverview {
    /// Which.
    pub id: Uuid,
    /// What it is called.
    pub name: String,
    /// `free`, `paid` or `enterprise`.
    pub plan_tier: String,
    /// `active`, `archived` or `deleted`.
    pub lifecycle: String,
    /// Of its first owner.
    pub owner_email: String,
    /// How many belong to it.
    pub members: i64,
    /// Projects that are not deleted.
    pub projects: i64,
    /// Projects that are in use.
    pub projects_active: i64,
    /// US dollars over all its projects.
    pub cost_usd: Decimal,
    /// Since when it exists.
    pub created_at: DateTime<Utc>,
}

/// All workspaces, the latest first. The caller has checked that an operator asks.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn workspaces(
    store: &Store,
    after: Option<(DateTime<Utc>, Uuid)>,
    rows_max: i32,
) -> Result<Vec<WorkspaceOverview>, StoreError> {
    let (after_at, after_id) = after.unzip();
    let rows = sqlx::query_as!(
        WorkspaceOverview,
        r#"select place as "id!", place_name as "name!", tier as "plan_tier!", state as "lifecycle!",
                  owner_email as "owner_email!", members as "members!", projects as "projects!",
                  active_projects as "projects_active!", cost as "cost_usd!", since as "created_at!"
           from workspaces_overview($1, $2, $3)"#,
        after_at,
        after_id,
        rows_max
    )
    .fetch_all(store.pool())
    .await?;
    Ok(rows.into_iter().map(|row| WorkspaceOverview { cost_usd: row.cost_usd.normalize(), ..row }).collect())
}

/// Says what a workspace pays for; false: there is no such workspace. The caller has checked that an operator asks.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn set_plan(store: &Store, workspace: WorkspaceId, tier: Tier) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar!(r#"select plan_set($1, $2) as "set!""#, workspace.0, tier.as_str())
        .fetch_one(store.pool())
        .await?)
}

/// Undoes the deletion of an account that is not erased yet, with its own workspace; false where there is none. The caller has
/// checked that an operator asks.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn restore_person(store: &Store, user: UserId) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar!(r#"select restore_person($1, $2) as "restored!""#, user.0, personal(user).0)
        .fetch_one(store.pool())
        .await?)
}
