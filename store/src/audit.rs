//! Who did what, when and from where (R-12). The log refuses every change; origins can be erased with a person.

use crate::StoreError;
use chrono::{DateTime, Utc};
use groundwork_domain::{CommandId, UserId, WorkspaceId};
use serde::Serialize;
use serde_json::Value;
use sqlx::PgConnection;
use std::net::IpAddr;
use utoipa::ToSchema;
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
    insert(conn, Uuid::now_v7(), entry).await
}

/// Records what a command did, however often it is said: the first entry stands.
///
/// # Errors
/// Postgres's own.
pub async fn record_command(
    conn: &mut PgConnection,
    command: CommandId,
    entry: Entry<'_>,
) -> Result<(), StoreError> {
    insert(conn, Uuid::new_v5(&command.0, b"audit"), entry).await
}

async fn insert(conn: &mut PgConnection, id: Uuid, entry: Entry<'_>) -> Result<(), StoreError> {
    sqlx::query!(
        "with entry as (
            insert into audit_logs (id, workspace_id, user_id, action, resource_type, resource_id, details)
            values ($1, $2, $3, $4, $5, $6, $7)
            on conflict do nothing returning id)
         insert into audit_origins (audit_id, workspace_id, user_id, ip, user_agent)
         select id, $2, $3, $8::text::inet, left($9, 255) from entry",
        id,
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

/// An entry as it is read back.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AuditItem {
    /// Which.
    pub id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// Who; none: the installation itself, or nobody that is known.
    pub user_id: Option<Uuid>,
    /// What: `member.invited`.
    pub action: String,
    /// The kind of thing that it was done to.
    pub resource_type: String,
    /// Which one.
    pub resource_id: String,
    /// Ids, counts and words of ours.
    #[schema(value_type = Object)]
    pub details: Value,
    /// From which address; none once it is erased.
    pub ip: Option<String>,
    /// With what program; none once it is erased.
    pub user_agent: Option<String>,
}

/// Which entries.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter<'a> {
    /// Only of this person.
    pub user: Option<Uuid>,
    /// Only with this action.
    pub action: Option<&'a str>,
    /// Only from this instant on.
    pub from: Option<DateTime<Utc>>,
    /// Only before this instant.
    pub to: Option<DateTime<Utc>>,
    /// Only those after this one in the order of the list: time, id.
    pub after: Option<(DateTime<Utc>, Uuid)>,
    /// At most so many rows.
    pub rows_max: i64,
}

/// Entries of the transaction's workspace, the latest first.
///
/// # Errors
/// Postgres's own.
pub async fn page(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    filter: &AuditFilter<'_>,
) -> Result<Vec<AuditItem>, StoreError> {
    let (after_at, after_id) = filter.after.unzip();
    Ok(sqlx::query_as!(
        AuditItem,
        r#"select l.id, l.at, l.user_id, l.action, l.resource_type, l.resource_id, l.details,
                  host(o.ip) as ip, o.user_agent as "user_agent?"
           from audit_logs l left join audit_origins o on o.audit_id = l.id
           where l.workspace_id = $1
             and ($2::uuid is null or l.user_id = $2)
             and ($3::text is null or l.action = $3)
             and ($4::timestamptz is null or l.at >= $4)
             and ($5::timestamptz is null or l.at < $5)
             and ($6::timestamptz is null or (l.at, l.id) < ($6, $7::uuid))
           order by l.at desc, l.id desc limit $8"#,
        workspace.0,
        filter.user,
        filter.action,
        filter.from,
        filter.to,
        after_at,
        after_id,
        filter.rows_max,
    )
    .fetch_all(conn)
    .await?)
}
