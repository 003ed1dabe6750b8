//! What people said to agents and agents to people, as attempts read it: chats, comments on gates, questions.

use crate::StoreError;
use crate::clean::{int, large};
use crate::results::PersonAnswer;
use groundwork_domain::document::brief::{ChatTurn, Speaker};
use groundwork_domain::work::{ArtifactRef, Work};
use groundwork_domain::{CommandId, Digest, ProjectId, StageId};
use sqlx::PgConnection;
use sqlx::types::Json;

/// Most turns of a chat that an agent reads; older ones are in the brief.
const TURNS_MAX: i64 = 200;

/// A person's message in a chat, with its place in the conversation; `None` until `publish` has stored it.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn message(
    conn: &mut PgConnection,
    project: ProjectId,
    command: CommandId,
) -> Result<Option<(u64, String)>, StoreError> {
    let row = sqlx::query!(
        "select sequence_number, content from conversation_turns
         where project_id = $1 and kind = 'user_input' and metadata ->> 'command_id' = $2::uuid::text",
        project.0,
        command.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| (large(row.sequence_number), row.content)))
}

/// The turns of the chat before that place in the conversation, the oldest first; the last 200 of them.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn chat(
    conn: &mut PgConnection,
    project: ProjectId,
    before: u64,
) -> Result<Vec<ChatTurn>, StoreError> {
    let rows = sqlx::query!(
        "select kind, content from conversation_turns
         where project_id = $1 and sequence_number < $2 and metadata @> '{\"chat\": true}'
         order by sequence_number desc limit $3",
        project.0,
        crate::clean::long(before),
        TURNS_MAX,
    )
    .fetch_all(conn)
    .await?;
    let turn = |by: &str, text| ChatTurn {
        by: if by == "user_input" { Speaker::Person } else { Speaker::Agent },
        text,
    };
    Ok(rows.into_iter().rev().map(|row| turn(&row.kind, row.content)).collect())
}

/// The last version of an artifact that earlier attempts of a stage wrote.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn last_written(
    conn: &mut PgConnection,
    project: ProjectId,
    name: &str,
    stage: &StageId,
    before_attempt: u32,
) -> Result<Option<ArtifactRef>, StoreError> {
    let row = sqlx::query!(
        "select name, version, digest from artifacts
         where project_id = $1 and name = $2 and stage = $3 and attempt < $4 order by version desc limit 1",
        project.0,
        name,
        stage.0,
        int(before_attempt),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| ArtifactRef {
        name: row.name,
        version: crate::clean::count(row.version),
        digest: Digest(row.digest),
    }))
}

/// A person's words to a decision, empty where they gave none; `None` until `publish` has stored the decision.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn comment(
    conn: &mut PgConnection,
    project: ProjectId,
    command: CommandId,
) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"select coalesce(comment, '') as "comment!" from gate_decisions where project_id = $1 and command_id = $2"#,
        project.0,
        command.0,
    )
    .fetch_optional(conn)
    .await?)
}

/// What an attempt asked a person.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// The question.
    pub question: String,
    /// The call of the tool whose result the answer is.
    pub call_id: String,
    /// What the attempt was for.
    pub work: Work,
    /// What people had answered before.
    pub answers: Vec<PersonAnswer>,
    /// Of what the attempt read: its calls go on under this.
    pub inputs_digest: Digest,
}

/// What an attempt asked a person.
///
/// # Errors
/// [`StoreError::NotFound`], [`StoreError::Database`].
pub async fn asked(
    conn: &mut PgConnection,
    project: ProjectId,
    stage: &StageId,
    attempt: u32,
) -> Result<Asked, StoreError> {
    let row = sqlx::query!(
        r#"select q.question, q.call_id, q.work as "work: Json<Work>", q.answers as "answers: Json<Vec<PersonAnswer>>",
               c.inputs_digest
           from agent_questions q
           join model_calls c on c.project_id = q.project_id and c.stage = q.stage and c.attempt = q.attempt and c.call_no = 1
           where q.project_id = $1 and q.stage = $2 and q.attempt = $3"#,
        project.0,
        stage.0,
        int(attempt),
    )
    .fetch_optional(conn)
    .await?
    .ok_or(StoreError::NotFound("question"))?;
    Ok(Asked {
        question: row.question,
        call_id: row.call_id,
        work: row.work.0,
        answers: row.answers.0,
        inputs_digest: Digest(row.inputs_digest),
    })
}
