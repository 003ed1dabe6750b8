//! Decisions of people: kept for ever, with what was read and as what it was decided; their words go into the conversation too.

use super::turn;
use crate::StoreError;
use crate::clean::{self, instant};
use crate::events::{NewTurn, actor_columns};
use groundwork_domain::event::PendingText;
use groundwork_domain::publication::Publication;
use serde_json::json;
use sqlx::PgConnection;

/// Stores a decision; returns the turn that its words make. Any other text is left alone.
pub(super) async fn take(
    conn: &mut PgConnection,
    publication: &Publication,
    text: &PendingText,
) -> Result<Option<NewTurn>, StoreError> {
    let PendingText::Decision { command_id, request_id, gate, decision, digest, role, comment, at, actor } =
        text
    else {
        return Ok(None);
    };
    let (actor_word, actor_id) = actor_columns(*actor);
    sqlx::query!(
        "insert into gate_decisions (workspace_id, project_id, command_id, request_id, gate, digest, decision, comment, role,
             actor, actor_id, at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         on conflict (project_id, command_id) do nothing",
        publication.workspace_id.0,
        publication.project_id.0,
        command_id.0,
        request_id,
        clean::text(gate),
        digest.0,
        decision.as_str(),
        comment.as_deref().map(clean::text),
        role.map(groundwork_domain::access::Role::as_str),
        actor_word,
        actor_id,
        instant(*at),
    )
    .execute(conn)
    .await?;
    let words = comment.as_deref().filter(|words| !words.trim().is_empty());
    Ok(words.map(|words| {
        let metadata =
            json!({"gate": gate, "decision": decision, "request_id": request_id, "digest": digest});
        turn(*command_id, "decide".to_owned(), gate, words.to_owned(), metadata, *actor, *at)
    }))
}
