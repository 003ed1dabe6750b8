//! Requests to people as they are read: gates, and what agents ask in the middle of their work (O-07).

use crate::StoreError;
use chrono::{DateTime, Utc};
use groundwork_domain::{CommandId, Digest, ProjectId, UserId};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// A request to people.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RequestItem {
    /// Which.
    pub request_id: Uuid,
    /// The project that waits.
    pub project_id: Uuid,
    /// What it is called.
    pub project_title: String,
    /// `gate` or `question`.
    pub kind: String,
    /// What decisions name: the gate, or the stage that asks.
    pub gate: String,
    /// The stage.
    pub stage: String,
    /// 1, 2, …
    pub attempt: i32,
    /// What decisions name as read: SHA-256 of the artifact, or of the question.
    pub digest: String,
    /// What a gate asks about.
    pub artifact_id: Option<Uuid>,
    /// Its name.
    pub artifact_name: Option<String>,
    /// Its version.
    pub artifact_version: Option<i32>,
    /// What an agent asks.
    pub request_content: String,
    /// `pending`, `approved`, `rejected`, `amended`, `superseded` or `expired`.
    pub status: String,
    /// The least role that may decide.
    pub role_least: String,
    /// Approvals that are needed.
    pub approvals_needed: i32,
    /// Approvals that were given: who, as what, when.
    #[schema(value_type = Vec<Object>)]
    pub approvals: serde_json::Value,
    /// True where nobody approves what they wrote or began themselves.
    pub four_eyes: bool,
    /// True where operators may decide.
    pub operators: bool,
    /// Until when.
    pub deadline_at: Option<DateTime<Utc>>,
    /// What the advisor says: `approve` or `revise`. Advice only.
    pub recommendation: Option<String>,
    /// Why it says so.
    pub reason: Option<String>,
    /// What the person who decided said.
    pub response_content: Option<String>,
    /// Who settled it.
    pub decided_by: Option<Uuid>,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
    /// When it was asked.
    pub created_at: DateTime<Utc>,
    /// Who began the project.
    #[serde(skip)]
    pub project_by: Uuid,
    /// Who wrote what the gate asks about, where a person did.
    #[serde(skip)]
    pub written_by: Option<Uuid>,
    /// The role of who asks in the project's workspace.
    #[serde(skip)]
    pub my_role: Option<String>,
}

/// Which requests.
#[derive(Clone, Copy, Debug, Default)]
pub struct RequestFilter {
    /// Only this one.
    pub request: Option<Uuid>,
    /// Only of this project.
    pub project: Option<ProjectId>,
    /// Only those that wait.
    pub pending: bool,
    /// At most so many.
    pub rows_max: i64,
}

/// Requests of projects that a person may see and that are in use, the oldest that wait first, then the latest that were settled.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn list(
    conn: &mut PgConnection,
    user: UserId,
    filter: RequestFilter,
) -> Result<Vec<RequestItem>, StoreError> {
    Ok(sqlx::query_as!(
        RequestItem,
        r#"select r.id as request_id, r.project_id, p.title as project_title, r.kind, r.gate, r.stage, r.attempt,
                  r.digest as "digest!: String", a.id as "artifact_id?", r.artifact_name, r.artifact_version, r.request_content,
                  r.status, r.role_least, r.approvals_needed, r.approvals, r.four_eyes, r.operators, r.deadline_at,
                  r.recommendation, r.reason, r.response_content, r.decided_by, r.decided_at, r.created_at,
                  p.created_by as project_by, a.author_id as "written_by?", m.role as "my_role?"
           from hitl_requests r
           join projects p on p.id = r.project_id
           join workspace_members m on m.workspace_id = r.workspace_id and m.user_id = $1 and m.joined_at is not null
           join workspaces w on w.id = r.workspace_id and w.lifecycle <> 'deleted'
           left join artifacts a on a.project_id = r.project_id and a.name = r.artifact_name and a.version = r.artifact_version
           where ($2::uuid is null or r.id = $2) and ($3::uuid is null or r.project_id = $3)
             and (not $4 or r.status = 'pending') and p.lifecycle <> 'deleted' and ($2::uuid is not null or $3::uuid is not null
                 or p.lifecycle = 'active')
           order by r.status <> 'pending', case when r.status = 'pending' then r.created_at end, r.updated_at desc, r.id
           limit $5"#,
        user.0,
        filter.request,
        filter.project.map(|project| project.0),
        filter.pending,
        filter.rows_max,
    )
    .fetch_all(conn)
    .await?)
}

/// A project that waits for a person as a whole: for answers, for its brief, for a raised budget.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WaitingProject {
    /// The project.
    pub project_id: Uuid,
    /// Its tenant.
    pub workspace_id: Uuid,
    /// Its title.
    pub project_title: String,
    /// `answers`, `brief` or `budget`.
    pub waiting_for: String,
    /// Since when nothing happened in it.
    pub since: DateTime<Utc>,
}

/// Projects in use that wait for somebody like this person, who may work on them: the longest first.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn waiting_projects(
    conn: &mut PgConnection,
    user: UserId,
    rows_max: i64,
) -> Result<Vec<WaitingProject>, StoreError> {
    Ok(sqlx::query_as!(
        WaitingProject,
        r#"select p.id as project_id, p.workspace_id, p.title as project_title, p.waiting_for as "waiting_for!",
                  p.last_activity_at as since
           from projects p
           join workspace_members m on m.workspace_id = p.workspace_id and m.user_id = $1 and m.joined_at is not null
           join workspaces w on w.id = p.workspace_id and w.lifecycle = 'active'
           where p.lifecycle = 'active' and p.waiting_for in ('answers', 'brief', 'budget') and m.role <> 'viewer'
           order by p.last_activity_at, p.id limit $2"#,
        user.0,
        rows_max,
    )
    .fetch_all(conn)
    .await?)
}

/// The request that waits at a gate, or that a stage waits for. The transaction works in the project's workspace.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn waiting(
    conn: &mut PgConnection,
    project: ProjectId,
    gate: &str,
) -> Result<Option<Waiting>, StoreError> {
    Ok(sqlx::query_as!(
        Waiting,
        r#"select kind, stage, digest as "digest!: String", artifact_name, artifact_version
           from hitl_requests where project_id = $1 and gate = $2 and status = 'pending' order by created_at desc limit 1"#,
        project.0,
        gate,
    )
    .fetch_optional(conn)
    .await?)
}

/// The digest of what was decided on at a gate, or of what waited there last; a command that was said before names its own.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn last_digest(
    conn: &mut PgConnection,
    project: ProjectId,
    gate: &str,
    command: CommandId,
) -> Result<Option<Digest>, StoreError> {
    let said = sqlx::query_scalar!(
        r#"select coalesce(
               (select digest from gate_decisions where project_id = $1 and command_id = $3),
               (select digest from hitl_requests where project_id = $1 and gate = $2
                order by updated_at desc, created_at desc limit 1))"#,
        project.0,
        gate,
        command.0,
    )
    .fetch_one(conn)
    .await?;
    Ok(said.map(Digest))
}

/// What waits for a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// `gate` or `question`.
    pub kind: String,
    /// The stage.
    pub stage: String,
    /// What decisions name as read.
    pub digest: String,
    /// What a gate asks about.
    pub artifact_name: Option<String>,
    /// Its version.
    pub artifact_version: Option<i32>,
}
