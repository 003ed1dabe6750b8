//! A person with 500 projects, one of them with 2,000 events: copies of a real one, in SQL, since nobody waits for 500 walks.

use super::super::walk;
use crate::client::PASSWORD;
use crate::stack::Stack;
use anyhow::{Context, Result};
use serde::Serialize;
use sqlx::PgPool;
use uuid::Uuid;

/// Projects of the person.
const PROJECTS: i32 = 500;
/// Events of the project that was made through the API.
const EVENTS: i64 = 2_000;
/// What was said in it.
const TURNS: i64 = 400;

/// Who signs in, and what they look at.
#[derive(Clone, Debug, Serialize)]
pub struct Seeded {
    /// The person's address.
    pub email: String,
    /// The person's password.
    pub password: &'static str,
    /// The project with the events.
    pub project: Uuid,
    /// How many projects the person has.
    pub projects: i32,
    /// How many events that project has.
    pub events: i64,
}

/// Makes them.
///
/// # Errors
/// When the one real project does not come to its end, or the database is away.
pub async fn seed(stack: &Stack) -> Result<Seeded> {
    let person = stack.client().sign_up("measured").await?;
    let me = person.get("/auth/me").await?.ok()?.body;
    let email = me["user"]["email"].as_str().context("an address")?.to_owned();
    let project = walk::walk(&person, 0).await?.id;
    let database = stack.database();
    copy_project(database.pool(), project).await?;
    lengthen_log(database.pool(), project).await?;
    lengthen_talk(database.pool(), project).await?;
    Ok(Seeded { email, password: PASSWORD, project, projects: PROJECTS, events: EVENTS })
}

/// In all phases that rest, under titles that differ, over the last days. Closed, so that no sweeper looks for their workflows.
async fn copy_project(pool: &PgPool, project: Uuid) -> Result<()> {
    let sql = "
        insert into projects
        select (jsonb_populate_record(p, jsonb_build_object(
            'id', gen_random_uuid(),
            'title', format('%s %s', (array['Tool library', 'Choir rehearsals', 'Bread orders', 'Climbing classes', 'Repair café'])[1 + n % 5], n),
            'phase', (array['completed', 'awaiting_input', 'completed', 'failed', 'completed', 'paused', 'completed', 'cancelled'])[1 + n % 8],
            'workflow_state', 'closed',
            'created_at', now() - make_interval(hours => n),
            'updated_at', now() - make_interval(mins => 20 * n),
            'last_activity_at', now() - make_interval(mins => 20 * n)
        ))).*
        from projects p, generate_series(1, $2 - 1) n where p.id = $1";
    sqlx::query(sql).bind(project).bind(PROJECTS).execute(pool).await.context("copying a project")?;
    Ok(())
}

/// Its own events, over and over.
async fn lengthen_log(pool: &PgPool, project: Uuid) -> Result<()> {
    let sql = "
        with last as (select max(seq) as seq from events where project_id = $1)
        insert into events
        select (jsonb_populate_record(e, jsonb_build_object('seq', n, 'event_id', gen_random_uuid(), 'item', n::text, 'command_id', null))).*
        from last, generate_series(last.seq + 1, $2) n
        join events e on e.project_id = $1 and e.seq = 1 + (n - 1) % (select seq from last)";
    sqlx::query(sql).bind(project).bind(EVENTS).execute(pool).await.context("adding events")?;
    let sql = "update projects set next_seq = $2 + 1 where id = $1";
    sqlx::query(sql).bind(project).bind(EVENTS).execute(pool).await.context("counting events")?;
    Ok(())
}

/// What was said in it, over and over.
async fn lengthen_talk(pool: &PgPool, project: Uuid) -> Result<()> {
    let sql = "
        with last as (select max(sequence_number) as seq from conversation_turns where project_id = $1)
        insert into conversation_turns
        select (jsonb_populate_record(t, jsonb_build_object('id', gen_random_uuid(), 'sequence_number', n))).*
        from last, generate_series(last.seq + 1, $2) n
        join conversation_turns t on t.project_id = $1 and t.sequence_number = 1 + (n - 1) % (select seq from last)";
    sqlx::query(sql).bind(project).bind(TURNS).execute(pool).await.context("adding turns")?;
    Ok(())
}
