//! What GETs show of a project, in the shape in which they show it. Every function works in the transaction's workspace.

use crate::StoreError;
use crate::clean::count;
use chrono::{DateTime, SecondsFormat, Utc};
use groundwork_domain::publication::task_id;
use groundwork_domain::{ProjectId, UserId};
use rust_decimal::Decimal;
use serde::Serialize;
use sqlx::PgConnection;
use sqlx::types::Json;
use utoipa::ToSchema;
use uuid::Uuid;

/// A project in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProjectItem {
    /// Which.
    pub project_id: Uuid,
    /// Its tenant.
    pub workspace_id: Uuid,
    /// What it is called.
    pub title: String,
    /// The pipeline that it runs on.
    pub pipeline: String,
    /// `greenfield` or `brownfield`.
    pub project_type: String,
    /// The pipeline's own word for where it stands; `starting` until its workflow runs.
    pub status: String,
    /// The canonical phase: drafting, working, awaiting_input, awaiting_approval, paused, completed, failed, cancelled.
    pub phase: String,
    /// The stage that is under way, waited for or failed.
    pub stage: Option<String>,
    /// What it waits for, where it waits for people.
    pub waiting_for: Option<String>,
    /// Why it is failed, when it is, as a word for programs: `rejected` (a person said no), `provider_unavailable`, …
    pub failure_code: Option<String>,
    /// US dollars so far.
    pub cost_usd: Decimal,
    /// True where a simulator did some of the work.
    pub simulated: bool,
    /// `active`, `archived` or `deleted`.
    pub lifecycle: String,
    /// Who created it.
    pub created_by: Uuid,
    /// When.
    pub created_at: DateTime<Utc>,
    /// When something last happened.
    pub last_activity_at: DateTime<Utc>,
    /// When all stages were done for the last time.
    pub completed_at: Option<DateTime<Utc>>,
    /// Sequence number of the last event; 0: none yet.
    pub last_sequence: i64,
}

/// Which projects a list shows.
#[derive(Clone, Debug, Default)]
pub struct ListFilter<'a> {
    /// Only of this workspace; none: of all workspaces of the person.
    pub workspace: Option<Uuid>,
    /// Only of this pipeline.
    pub pipeline: Option<&'a str>,
    /// Only with this status.
    pub status: Option<&'a str>,
    /// Only in this phase.
    pub phase: Option<&'a str>,
    /// Only those that are `active`, `archived` or `deleted` (and not erased yet); none: all but deleted ones.
    pub lifecycle: Option<&'a str>,
    /// Only those after this one in the order of the list: time of the last activity, id.
    pub after: Option<(DateTime<Utc>, Uuid)>,
    /// At most so many rows.
    pub rows_max: i64,
}

/// Projects that a person may see, those with the latest activity first.
///
/// # Errors
/// Postgres's own.
pub async fn list(
    conn: &mut PgConnection,
    user: UserId,
    filter: &ListFilter<'_>,
) -> Result<Vec<ProjectItem>, StoreError> {
    let (after_at, after_id) = filter.after.unzip();
    let items = sqlx::query_as!(
        ProjectItem,
        r#"select p.id as project_id, p.workspace_id, p.title, p.pipeline_id as pipeline, p.project_type,
                  case when p.workflow_state = 'starting' then 'starting' else p.status end as "status!",
                  p.phase, p.stage, p.waiting_for, p.failure ->> 'code' as failure_code, p.cost_usd, p.simulated, p.lifecycle, p.created_by, p.created_at,
                  p.last_activity_at, p.completed_at, p.next_seq - 1 as "last_sequence!"
           from projects p
           join workspace_members m on m.workspace_id = p.workspace_id and m.user_id = $1 and m.joined_at is not null
           join workspaces w on w.id = p.workspace_id and w.lifecycle <> 'deleted'
           where case when $8::text is null then p.lifecycle <> 'deleted' else p.lifecycle = $8 end
             and p.erased_at is null
             and ($2::uuid is null or p.workspace_id = $2)
             and ($3::text is null or p.status = $3)
             and ($4::text is null or p.phase = $4)
             and ($9::text is null or p.pipeline_id = $9)
             and ($5::timestamptz is null or (p.last_activity_at, p.id) < ($5, $6::uuid))
           order by p.last_activity_at desc, p.id desc
           limit $7"#,
        user.0,
        filter.workspace,
        filter.status,
        filter.phase,
        after_at,
        after_id,
        filter.rows_max,
        filter.lifecycle,
        filter.pipeline,
    )
    .fetch_all(conn)
    .await?;
    // Money is kept with ten decimals; shown, it has those that say something.
    let shown = |item: ProjectItem| ProjectItem { cost_usd: item.cost_usd.normalize(), ..item };
    Ok(items.into_iter().map(shown).collect())
}

/// A project as its page shows it, without its parts.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProjectHead {
    /// What lists show too.
    #[serde(flatten)]
    pub item: ProjectItem,
    /// The idea as the person wrote it.
    pub idea: String,
    /// Version of the pinned pipeline.
    pub pipeline_version: i32,
    /// Refinements that were done.
    pub refinements_used: i32,
    /// Refinements that are allowed.
    pub refinements_max: i32,
    /// Wire names of the commands that would be taken now.
    pub allowed: Vec<String>,
    /// Ids of the questions that wait for an answer.
    pub open_questions: Vec<String>,
    /// Why it is failed, when it is: `{stage, attempt, phase, code, message, permanent, at}`.
    #[schema(value_type = Option<Object>)]
    pub failure: Option<serde_json::Value>,
    /// Tokens read by models.
    pub input_tokens: i64,
    /// Tokens written by models.
    pub output_tokens: i64,
    /// Milliseconds of model time.
    pub active_ms: i64,
    /// Calls to models.
    pub model_calls: i32,
    /// The history that this was read from: changes with everything that can be seen here.
    #[serde(skip)]
    pub updated_at: DateTime<Utc>,
}

/// The head of a project.
///
/// # Errors
/// [`StoreError::NotFound`]; Postgres's own.
pub async fn head(conn: &mut PgConnection, project: ProjectId) -> Result<ProjectHead, StoreError> {
    let row = sqlx::query!(
        r#"select id, workspace_id, title, pipeline_id, project_type, phase, stage, waiting_for, cost_usd, simulated,
                  created_by, created_at, last_activity_at, completed_at, idea, lifecycle, pipeline_version,
                  refinements_used, refinements_max, failure, input_tokens, output_tokens, active_ms, model_calls,
                  next_seq - 1 as "last_sequence!", updated_at,
                  case when workflow_state = 'starting' then 'starting' else status end as "status!",
                  coalesce(summary -> 'allowed', '[]') as "allowed!: Json<Vec<String>>",
                  coalesce(summary -> 'open_questions', '[]') as "open_questions!: Json<Vec<String>>"
           from projects where id = $1 and lifecycle <> 'deleted'"#,
        project.0
    )
    .fetch_optional(conn)
    .await?
    .ok_or(StoreError::NotFound("project"))?;
    Ok(ProjectHead {
        item: ProjectItem {
            project_id: row.id,
            workspace_id: row.workspace_id,
            title: row.title,
            pipeline: row.pipeline_id,
            project_type: row.project_type,
            status: row.status,
            phase: row.phase,
            stage: row.stage,
            waiting_for: row.waiting_for,
            failure_code: row
                .failure
                .as_ref()
                .and_then(|failure| failure["code"].as_str())
                .map(str::to_owned),
            cost_usd: row.cost_usd.normalize(),
            simulated: row.simulated,
            lifecycle: row.lifecycle,
            created_by: row.created_by,
            created_at: row.created_at,
            last_activity_at: row.last_activity_at,
            completed_at: row.completed_at,
            last_sequence: row.last_sequence,
        },
        idea: row.idea,
        pipeline_version: row.pipeline_version,
        refinements_used: row.refinements_used,
        refinements_max: row.refinements_max,
        allowed: row.allowed.0,
        open_questions: row.open_questions.0,
        failure: row.failure.map(with_instant),
        input_tokens: row.input_tokens,
        output_tokens: row.output_tokens,
        active_ms: row.active_ms,
        model_calls: row.model_calls,
        updated_at: row.updated_at,
    })
}

/// Instants are milliseconds in the rules, and ISO 8601 wherever people and programs read.
fn with_instant(mut failure: serde_json::Value) -> serde_json::Value {
    if let Some(at) = failure["at"].as_i64().and_then(DateTime::from_timestamp_millis) {
        failure["at"] = at.to_rfc3339_opts(SecondsFormat::Millis, true).into();
    }
    failure
}

/// One attempt of a stage.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TaskItem {
    /// Names it in events: `task_id`.
    pub id: Uuid,
    /// The stage.
    pub stage: String,
    /// 1, 2, …
    pub attempt: i32,
    /// The agent.
    pub agent_type: String,
    /// What the agent is there to do, as the pipeline says it.
    pub instructions: String,
    /// `pending`, `working`, `waiting_for_input`, `waiting_for_hitl`, `completed`, `failed`, `superseded`, `cancelled`.
    pub status: String,
    /// When it was first seen.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// The attempts of all stages, in the order of the pipeline.
///
/// # Errors
/// Postgres's own.
pub async fn tasks(conn: &mut PgConnection, project: ProjectId) -> Result<Vec<TaskItem>, StoreError> {
    let rows = sqlx::query!(
        r#"select t.stage, t.attempt, t.agent, t.status, t.created_at, t.updated_at,
                  coalesce((select s ->> 'message' from jsonb_array_elements(p.pipeline -> 'stage') s
                            where s ->> 'id' = t.stage limit 1), '') as "instructions!"
           from tasks t join projects p on p.id = t.project_id
           where t.project_id = $1 order by t.position, t.stage, t.attempt"#,
        project.0
    )
    .fetch_all(conn)
    .await?;
    let tasks = rows.into_iter().map(|row| TaskItem {
        id: task_id(project, &row.stage, count(row.attempt)),
        stage: row.stage,
        attempt: row.attempt,
        agent_type: row.agent,
        instructions: row.instructions,
        status: row.status,
        created_at: row.created_at,
        updated_at: row.updated_at,
    });
    Ok(tasks.collect())
}

/// A question with its answer, if it has one.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct QuestionItem {
    /// `Q1`, …
    pub id: String,
    /// The question itself.
    pub text: String,
    /// What it is about.
    pub category: String,
    /// Why the answer matters.
    pub why: String,
    /// `radio`, `checkbox` or `text`; free text is always possible.
    pub format: String,
    /// `[{key, label, recommended}]`.
    #[schema(value_type = Vec<Object>)]
    pub options: serde_json::Value,
    /// `open` or `answered`.
    pub state: String,
    /// Keys of the chosen options.
    pub answer_options: Vec<String>,
    /// Words of one's own.
    pub answer_text: Option<String>,
    /// `A1`, … where nobody chose and the recommendation was taken.
    pub assumption: Option<String>,
    /// Who answered; none for an operator.
    pub answered_by: Option<Uuid>,
    /// When.
    pub answered_at: Option<DateTime<Utc>>,
}

/// All questions that were asked and not replaced, in the order in which they were asked.
///
/// # Errors
/// Postgres's own.
pub async fn questions(conn: &mut PgConnection, project: ProjectId) -> Result<Vec<QuestionItem>, StoreError> {
    let questions = sqlx::query_as!(
        QuestionItem,
        "select id, text, category, why, format, options, state, answer_options, answer_text, assumption, answered_by,
                answered_at
         from questions where project_id = $1 and state <> 'superseded' order by created_at, position",
        project.0
    )
    .fetch_all(conn)
    .await?;
    Ok(questions)
}

/// A turn of the conversation.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Turn {
    /// Which.
    pub id: Uuid,
    /// 1, 2, …
    pub sequence_number: i64,
    /// `user_input`, `agent_question`, `agent_response` or `system_update`.
    pub kind: String,
    /// The agent that spoke, if one did.
    pub agent_role: Option<String>,
    /// The person who spoke, if one did.
    pub user_id: Option<Uuid>,
    /// What was said.
    pub content: String,
    /// What else is known of it.
    #[schema(value_type = Object)]
    pub metadata: serde_json::Value,
    /// When.
    pub at: DateTime<Utc>,
}

/// Turns after a sequence number, oldest first.
///
/// # Errors
/// Postgres's own.
pub async fn conversation(
    conn: &mut PgConnection,
    project: ProjectId,
    after: i64,
    rows_max: i64,
) -> Result<Vec<Turn>, StoreError> {
    let turns = sqlx::query_as!(
        Turn,
        "select id, sequence_number, kind, agent_role, user_id, content, metadata, at
         from conversation_turns where project_id = $1 and sequence_number > $2 order by sequence_number limit $3",
        project.0,
        after,
        rows_max,
    )
    .fetch_all(conn)
    .await?;
    Ok(turns)
}
