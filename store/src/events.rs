//! The event log: what happened, in the order in which it was committed.
//!
//! All writers hold the project's row while they append, so sequence numbers have no gaps and no event appears behind a
//! reader's back. The log is append-only; the conversation, which has numbers of its own, is written with it.

use crate::StoreError;
use crate::clean::{self, instant, int, large, long};
use chrono::{DateTime, Utc};
use groundwork_domain::command::Actor;
use groundwork_domain::event::{Cause, EventKind, Notice, event_id};
use groundwork_domain::publication::Position;
use groundwork_domain::quota::QuotaUse;
use groundwork_domain::{ProjectId, Timestamp, WorkspaceId};
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::PgConnection;
use std::collections::HashSet;
use uuid::Uuid;

/// Most events of one page.
pub const PAGE_MAX: u32 = 1_000;

/// An event as it is read back.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EventRow {
    /// 1, 2, … without gaps in its project.
    pub seq: i64,
    /// Its identity, whatever its place.
    pub event_id: Uuid,
    /// The wire name of its kind.
    pub kind: String,
    /// What brought it about, as [`Cause`] displays it.
    pub cause: String,
    /// Tells apart several of one kind with one cause.
    pub item: Option<String>,
    /// The command that brought it about, if one did.
    pub command_id: Option<Uuid>,
    /// `user`, `operator` or `system`.
    pub actor: String,
    /// Which user.
    pub actor_id: Option<Uuid>,
    /// When, by the clock of the workflow or activity.
    pub at: DateTime<Utc>,
    /// What its kind describes.
    pub payload: Value,
}

/// Events after `after`, oldest first, at most `limit` (itself at most [`PAGE_MAX`]).
///
/// # Errors
/// [`StoreError::Database`].
pub async fn page(
    conn: &mut PgConnection,
    project: ProjectId,
    after: u64,
    limit: u32,
) -> Result<Vec<EventRow>, StoreError> {
    Ok(sqlx::query_as!(
        EventRow,
        "select seq, event_id, kind, cause, item, command_id, actor, actor_id, at, payload
         from events where project_id = $1 and seq > $2 order by seq limit $3",
        project.0,
        long(after),
        i64::from(limit.min(PAGE_MAX)),
    )
    .fetch_all(conn)
    .await?)
}

/// The number of the last event, 0 before the first.
///
/// # Errors
/// [`StoreError::NotFound`], [`StoreError::Database`].
pub async fn last_seq(conn: &mut PgConnection, project: ProjectId) -> Result<u64, StoreError> {
    let next = sqlx::query_scalar!("select next_seq from projects where id = $1", project.0)
        .fetch_optional(conn)
        .await?
        .ok_or(StoreError::NotFound("project"))?;
    Ok(large(next - 1))
}

/// True once the log shows what the command did.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn shows_command(
    conn: &mut PgConnection,
    project: ProjectId,
    command: Uuid,
) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from events where project_id = $1 and command_id = $2) as "shown!""#,
        project.0,
        command,
    )
    .fetch_one(conn)
    .await?)
}

/// An event on its way into the log.
#[derive(Clone, Debug)]
pub(crate) struct NewEvent {
    pub(crate) event_id: Uuid,
    pub(crate) kind: EventKind,
    pub(crate) cause: Cause,
    pub(crate) item: Option<String>,
    pub(crate) actor: Actor,
    pub(crate) at: Timestamp,
    pub(crate) payload: Value,
}

impl NewEvent {
    /// What the state machine said, with `payload` completed.
    pub(crate) fn of_notice(project: ProjectId, notice: &Notice, payload: Value) -> Self {
        Self {
            event_id: notice.event_id(project),
            kind: notice.kind,
            cause: notice.cause.clone(),
            item: notice.item.clone(),
            actor: notice.actor,
            at: notice.at,
            payload,
        }
    }

    /// That a limit is nearly used up; told once a project.
    pub(crate) fn of_limit(project: ProjectId, near: &QuotaUse, at: Timestamp) -> Self {
        let (kind, limit) = (EventKind::LimitNear, near.quota.as_str());
        Self {
            event_id: event_id(project, &Cause::Start, kind, Some(limit)),
            kind,
            cause: Cause::Start,
            item: Some(limit.to_owned()),
            actor: Actor::System,
            at,
            payload: json!({"limit": limit, "used": near.used, "most": near.most, "message": near.to_string()}),
        }
    }
}

/// Tells in a project's log that limits of the person who began it are nearly used up; each once a project.
///
/// # Errors
/// [`StoreError::NotFound`], [`StoreError::Database`].
pub async fn limits_near(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    project: ProjectId,
    near: &[QuotaUse],
    at: Timestamp,
) -> Result<(), StoreError> {
    if near.is_empty() {
        return Ok(());
    }
    let mut locked = LockedProject::lock(conn, workspace, project).await?;
    locked.append(conn, near.iter().map(|near| NewEvent::of_limit(project, near, at)).collect()).await?;
    locked.release(conn).await?;
    Ok(())
}

/// Who speaks in a turn of the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TurnKind {
    UserInput,
    AgentQuestion,
    AgentResponse,
}

impl TurnKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::UserInput => "user_input",
            Self::AgentQuestion => "agent_question",
            Self::AgentResponse => "agent_response",
        }
    }
}

/// A turn of the conversation on its way in; it becomes an event too.
#[derive(Clone, Debug)]
pub(crate) struct NewTurn {
    pub(crate) kind: TurnKind,
    pub(crate) agent: Option<String>,
    pub(crate) content: String,
    pub(crate) metadata: Value,
    pub(crate) cause: Cause,
    pub(crate) item: String,
    pub(crate) actor: Actor,
    pub(crate) at: Timestamp,
}

/// A project's row, locked: the right to append.
#[derive(Debug)]
pub(crate) struct LockedProject {
    workspace_id: WorkspaceId,
    project_id: ProjectId,
    first_seq: i64,
    next_seq: i64,
    next_turn: i64,
    /// The publication that wrote the read model last.
    pub(crate) position: Position,
}

impl LockedProject {
    /// Locks the project's row until the transaction ends. Rows that refer to it can still be inserted meanwhile.
    pub(crate) async fn lock(
        conn: &mut PgConnection,
        workspace_id: WorkspaceId,
        project_id: ProjectId,
    ) -> Result<Self, StoreError> {
        let row = sqlx::query!(
            "select next_seq, next_turn, run, history_length, publication_no from projects where id = $1 for no key update",
            project_id.0,
        )
        .fetch_optional(conn)
        .await?
        .ok_or(StoreError::NotFound("project"))?;
        Ok(Self {
            workspace_id,
            project_id,
            first_seq: row.next_seq,
            next_seq: row.next_seq,
            next_turn: row.next_turn,
            position: Position {
                run: clean::count(row.run),
                history_length: clean::count(row.history_length),
                nth: clean::count(row.publication_no),
            },
        })
    }

    /// True before the first turn of the conversation.
    pub(crate) fn is_silent(&self) -> bool {
        self.next_turn == 1
    }

    /// Appends turns to the conversation and to the log; what is there already is left alone.
    pub(crate) async fn say(
        &mut self,
        conn: &mut PgConnection,
        turns: Vec<NewTurn>,
    ) -> Result<(), StoreError> {
        if turns.is_empty() {
            return Ok(());
        }
        let events: Vec<_> = turns.iter().map(|turn| self.event_of_turn(turn)).collect();
        let known = self.known(conn, &events).await?;
        for (turn, event) in turns.iter().zip(&events) {
            if known.contains(&event.event_id) {
                continue;
            }
            let (_, user_id) = actor_columns(turn.actor);
            sqlx::query!(
                "insert into conversation_turns (id, workspace_id, project_id, sequence_number, kind, agent_role, user_id,
                     content, metadata, at)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                event.event_id,
                self.workspace_id.0,
                self.project_id.0,
                self.next_turn,
                turn.kind.as_str(),
                turn.agent,
                user_id,
                clean::text(&turn.content),
                clean::json(turn.metadata.clone()),
                instant(turn.at),
            )
            .execute(&mut *conn)
            .await?;
            self.next_turn += 1;
        }
        self.insert(conn, events, &known).await
    }

    fn event_of_turn(&self, turn: &NewTurn) -> NewEvent {
        let kind = EventKind::NewMessage;
        NewEvent {
            event_id: event_id(self.project_id, &turn.cause, kind, Some(&turn.item)),
            kind,
            cause: turn.cause.clone(),
            item: Some(turn.item.clone()),
            actor: turn.actor,
            at: turn.at,
            payload: json!({"kind": turn.kind.as_str(), "agent": turn.agent, "agent_type": turn.agent,
                "message": turn.content}),
        }
    }

    /// Appends events; one that is there already takes no number.
    pub(crate) async fn append(
        &mut self,
        conn: &mut PgConnection,
        events: Vec<NewEvent>,
    ) -> Result<(), StoreError> {
        if events.is_empty() {
            return Ok(());
        }
        let known = self.known(conn, &events).await?;
        self.insert(conn, events, &known).await
    }

    async fn known(&self, conn: &mut PgConnection, events: &[NewEvent]) -> Result<HashSet<Uuid>, StoreError> {
        let ids: Vec<_> = events.iter().map(|event| event.event_id).collect();
        let known = sqlx::query_scalar!("select event_id from events where event_id = any($1)", &ids)
            .fetch_all(conn)
            .await?;
        Ok(known.into_iter().collect())
    }

    async fn insert(
        &mut self,
        conn: &mut PgConnection,
        events: Vec<NewEvent>,
        known: &HashSet<Uuid>,
    ) -> Result<(), StoreError> {
        let mut seen = known.clone();
        let mut columns = Columns::default();
        for event in events {
            if seen.insert(event.event_id) {
                columns.push(self.next_seq, event);
                self.next_seq += 1;
            }
        }
        if columns.seqs.is_empty() {
            return Ok(());
        }
        sqlx::query!(
            "insert into events (workspace_id, project_id, seq, event_id, kind, cause, item, command_id, actor, actor_id, at,
                 payload)
             select $1, $2, * from unnest($3::bigint[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::uuid[],
                 $9::text[], $10::uuid[], $11::timestamptz[], $12::jsonb[])",
            self.workspace_id.0,
            self.project_id.0,
            &columns.seqs,
            &columns.ids,
            &columns.kinds,
            &columns.causes,
            &columns.items as &[Option<String>],
            &columns.commands as &[Option<Uuid>],
            &columns.actors,
            &columns.actor_ids as &[Option<Uuid>],
            &columns.ats,
            &columns.payloads,
        )
        .execute(conn)
        .await?;
        Ok(())
    }

    /// Writes back how far the numbers are, and tells listeners once. Returns the number of the last event.
    pub(crate) async fn release(self, conn: &mut PgConnection) -> Result<u64, StoreError> {
        let last = self.next_seq - 1;
        if self.next_seq == self.first_seq {
            return Ok(large(last));
        }
        sqlx::query!(
            "with moved as (
                 update projects set next_seq = $2, next_turn = $3, updated_at = now() where id = $1 returning id
             )
             select pg_notify('groundwork_events', $4) from moved",
            self.project_id.0,
            self.next_seq,
            self.next_turn,
            format!("{}:{}:{last}", self.project_id, self.workspace_id),
        )
        .execute(conn)
        .await?;
        Ok(large(last))
    }
}

/// `actor` and `actor_id` of a row.
pub(crate) fn actor_columns(actor: Actor) -> (&'static str, Option<Uuid>) {
    match actor {
        Actor::User { user_id } => ("user", Some(user_id.0)),
        Actor::Operator => ("operator", None),
        Actor::System => ("system", None),
    }
}

#[derive(Default)]
struct Columns {
    seqs: Vec<i64>,
    ids: Vec<Uuid>,
    kinds: Vec<String>,
    causes: Vec<String>,
    items: Vec<Option<String>>,
    commands: Vec<Option<Uuid>>,
    actors: Vec<String>,
    actor_ids: Vec<Option<Uuid>>,
    ats: Vec<DateTime<Utc>>,
    payloads: Vec<Value>,
}

impl Columns {
    fn push(&mut self, seq: i64, event: NewEvent) {
        let (actor, actor_id) = actor_columns(event.actor);
        self.seqs.push(seq);
        self.ids.push(event.event_id);
        self.kinds.push(event.kind.as_str().to_owned());
        self.causes.push(clean::text(&event.cause.to_string()));
        self.items.push(event.item.map(|item| clean::text(&item)));
        self.commands.push(event.cause.command_id().map(|id| id.0));
        self.actors.push(actor.to_owned());
        self.actor_ids.push(actor_id);
        self.ats.push(instant(event.at));
        self.payloads.push(clean::json(event.payload));
    }
}

/// The position as its three columns.
pub(crate) fn position_columns(position: Position) -> (i32, i32, i32) {
    (int(position.run), int(position.history_length), int(position.nth))
}
