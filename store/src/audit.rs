//! Who did what, when and from where. The log refuses every change; origins can be erased with a person.

use crate::StoreError;
use groundwork_domain::{UserId, WorkspaceId};
use serde_json::Value;
use sqlx::PgConnection;
use std::net::IpAddr;
use uuid::Uuid;

/// Where a request came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The client's address.
    pub ip: Option<IpAddr>,
    /// The client's own name for itself; what is longer than 255 characters is cut.
    pub user_agent: Option<String>,
}

/// One thing that was done.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// Where it is kept: the workspace that it happened to, or a person's own workspace.
    pub workspace: WorkspaceId,
    /// Who did it; none: the installation itself.
    pub user: Option<UserId>,
    /// A noun and a past participle: `session.opened`, `member.invited`.
    pub action: &'static str,
    /// The kind of thing that it was done to: `session`, `workspace`, `project`.
    pub resource_type: &'static str,
    /// Which one.
    pub resource_id: String,
    /// Ids, counts and words of ours; never a text that somebody wrote, never a secret.
    pub details: Value,
    /// Where it came from.
    pub origin: &'a Origin,
}

/// Records it, in the transaction that does it. The transaction works in the entry's workspace.
///
/// # Errors
/// Postgres's own.
pub async fn record(conn: &mut PgConnection, entry: Entry<'_>) -> Result<(), StoreError> {
    sqlx::query!(
        "with entry as (
            insert into audit_logs (id, workspace_id, user_id, action, resource_type, resource_id, details)
            values ($1, $2, $3, $4, $5, $6, $7))
         insert into audit_origins (audit_id, workspace_id, user_id, ip, user_agent)
         values ($1, $2, $3, $8::text::inet, left($9, 255))",
        Uuid::now_v7(),
        entry.workspace.0,
        entry.user.map(|user| user.0),
        entry.action,
        entry.resource_type,
        entry.resource_id,
        entry.details,
        entry.origin.ip.map(|ip| ip.to_string()),
        entry.origin.user_agent,
    )
    .execute(conn)
    .await?;
    Ok(())
}
