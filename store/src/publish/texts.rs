//! People's words on their way from the state machine to their tables and into the conversation.

mod decisions;

use crate::StoreError;
use crate::clean::{self, instant};
use crate::events::{LockedProject, NewTurn, TurnKind, actor_columns};
use groundwork_domain::command::Actor;
use groundwork_domain::document::Answer;
use groundwork_domain::event::{Cause, EventKind, Notice, PendingText};
use groundwork_domain::publication::Publication;
use groundwork_domain::{CommandId, ProjectId, Timestamp, UserId};
use serde_json::json;
use sqlx::PgConnection;

/// Stores the texts of a publication, and says how its refinements ended. Returns the turns that they make.
pub(super) async fn store(
    conn: &mut PgConnection,
    locked: &LockedProject,
    publication: &Publication,
) -> Result<Vec<NewTurn>, StoreError> {
    let mut turns = Vec::new();
    if locked.is_silent() {
        turns.push(opening(conn, publication.project_id).await?);
    }
    for text in &publication.texts {
        match text {
            PendingText::Answer { command_id, answer, amended, at, actor } => {
                let taken = Taken { command: *command_id, answer, amended: *amended, at: *at, actor: *actor };
                take_answer(conn, publication.project_id, &taken).await?;
                let said = words_of_answer(conn, publication.project_id, answer).await?;
                let otherwise = if *amended { "amend_answer" } else { "answer" };
                let name = command_name(&publication.notices, *command_id, otherwise);
                let metadata = json!({"question_id": answer.question_id, "options": answer.options,
                    "assumption": answer.assumption});
                turns.push(turn(*command_id, name, &answer.question_id, said, metadata, *actor, *at));
            }
            PendingText::Refinement { command_id, target, request, at, actor } => {
                take_refinement(conn, publication, *command_id, target, request, *at, *actor).await?;
                let metadata = json!({"target": target});
                let name = command_name(&publication.notices, *command_id, "refine");
                turns.push(turn(*command_id, name, target, request.clone(), metadata, *actor, *at));
            }
            PendingText::Message { command_id, message, at, actor } => {
                let metadata = json!({"chat": true, "command_id": command_id});
                let name = "message".to_owned();
                turns.push(turn(*command_id, name, "message", message.clone(), metadata, *actor, *at));
            }
            PendingText::Decision { .. } => turns.extend(decisions::take(conn, publication, text).await?),
        }
    }
    for notice in &publication.notices {
        match notice.kind {
            EventKind::RefinementCompleted => {
                end_refinement(conn, publication.project_id, notice, "done").await?
            }
            EventKind::RefinementFailed => {
                end_refinement(conn, publication.project_id, notice, "failed").await?
            }
            EventKind::QuestionDeferred => defer(conn, publication.project_id, notice).await?,
            EventKind::TitleChanged => name(conn, publication.project_id, notice).await?,
            _ => {}
        }
    }
    Ok(turns)
}

/// The idea is the first thing that anybody said. Creation does not write it: a project whose workflow never started
/// must leave no trace in what is append-only.
async fn opening(conn: &mut PgConnection, project: ProjectId) -> Result<NewTurn, StoreError> {
    let row = sqlx::query!("select idea, created_by, created_at from projects where id = $1", project.0)
        .fetch_one(conn)
        .await?;
    Ok(NewTurn {
        kind: TurnKind::UserInput,
        agent: None,
        content: row.idea,
        metadata: json!({}),
        cause: Cause::Start,
        item: "idea".to_owned(),
        actor: Actor::User { user_id: UserId(row.created_by) },
        at: Timestamp(row.created_at.timestamp_millis()),
    })
}

pub(super) fn turn(
    command_id: CommandId,
    name: String,
    item: &str,
    content: String,
    metadata: serde_json::Value,
    actor: Actor,
    at: Timestamp,
) -> NewTurn {
    NewTurn {
        kind: TurnKind::UserInput,
        agent: None,
        content,
        metadata,
        cause: Cause::Command { command_id, name },
        item: item.to_owned(),
        actor,
        at,
    }
}

/// A text travels with the notice of its command, which knows what the command was called.
fn command_name(notices: &[Notice], wanted: CommandId, otherwise: &str) -> String {
    let named = notices.iter().find_map(|notice| match &notice.cause {
        Cause::Command { command_id, name } if *command_id == wanted => Some(name.clone()),
        Cause::Command { .. }
        | Cause::Start
        | Cause::Stage { .. }
        | Cause::Deadline { .. }
        | Cause::Signal { .. } => None,
    });
    named.unwrap_or_else(|| otherwise.to_owned())
}

/// An answer that was taken.
struct Taken<'a> {
    command: CommandId,
    answer: &'a Answer,
    amended: bool,
    at: Timestamp,
    actor: Actor,
}

async fn take_answer(
    conn: &mut PgConnection,
    project: ProjectId,
    taken: &Taken<'_>,
) -> Result<(), StoreError> {
    let answer = taken.answer;
    let options: Vec<_> = answer.options.iter().map(|option| clean::text(option)).collect();
    sqlx::query!(
        "update questions
         set state = 'answered', answer_options = $3, answer_text = $4, assumption = $5, command_id = $6, answered_by = $7,
             answered_at = $8
         where project_id = $1 and id = $2
           and case when $9 then state = 'answered' and answered_at < $8 else state in ('open', 'deferred') end",
        project.0,
        clean::text(&answer.question_id),
        &options,
        answer.text.as_deref().map(clean::text),
        answer.assumption,
        taken.command.0,
        actor_columns(taken.actor).1,
        instant(taken.at),
        taken.amended,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What the person said, readable without the question: labels of the options, then words of their own.
async fn words_of_answer(
    conn: &mut PgConnection,
    project: ProjectId,
    answer: &Answer,
) -> Result<String, StoreError> {
    let labels = sqlx::query_scalar!(
        r#"select option ->> 'label' as "label!"
           from questions, jsonb_array_elements(options) with ordinality as listed (option, place)
           where project_id = $1 and id = $2 and state <> 'superseded' and option ->> 'key' = any($3)
           order by place"#,
        project.0,
        answer.question_id,
        &answer.options,
    )
    .fetch_all(conn)
    .await?;
    let mut said = labels.join("; ");
    if let Some(text) = answer.text.as_deref().filter(|text| !text.is_empty()) {
        if !said.is_empty() {
            said.push_str("\n\n");
        }
        said.push_str(text);
    }
    if said.is_empty() {
        said.push_str("(decide for me)")
    }
    Ok(said)
}

async fn take_refinement(
    conn: &mut PgConnection,
    publication: &Publication,
    command: CommandId,
    target: &str,
    request: &str,
    at: Timestamp,
    actor: Actor,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into refinements (workspace_id, project_id, command_id, target, request, requested_by, requested_at)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (project_id, command_id) do nothing",
        publication.workspace_id.0,
        publication.project_id.0,
        command.0,
        clean::text(target),
        clean::text(request),
        actor_columns(actor).1,
        instant(at),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// It stands behind the others until they are answered.
async fn defer(conn: &mut PgConnection, project: ProjectId, notice: &Notice) -> Result<(), StoreError> {
    sqlx::query!(
        "update questions set state = 'deferred' where project_id = $1 and id = $2 and state = 'open'",
        project.0,
        notice.payload["question_id"].as_str().unwrap_or_default(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// An agent names the project, unless a person did.
async fn name(conn: &mut PgConnection, project: ProjectId, notice: &Notice) -> Result<(), StoreError> {
    sqlx::query!(
        "update projects set title = left($2, 200), titled_by = 'agent'
         where id = $1 and titled_by <> 'person' and $2 <> ''",
        project.0,
        clean::text(notice.payload["title"].as_str().unwrap_or_default().trim()),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// One refinement is under way at a time, so its target tells which one ended.
async fn end_refinement(
    conn: &mut PgConnection,
    project: ProjectId,
    notice: &Notice,
    state: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update refinements set state = $3, ended_at = $4
         where project_id = $1 and state = 'requested' and target = $2 and requested_at <= $4",
        project.0,
        notice.payload["section"].as_str().unwrap_or_default(),
        state,
        instant(notice.at),
    )
    .execute(conn)
    .await?;
    Ok(())
}
