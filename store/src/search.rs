//! Finding projects and what is in them by titles and ids. Contents are not searched.

use crate::StoreError;
use groundwork_domain::{ProjectId, UserId};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Hit {
    /// `project`, `artifact`, `prompt`, `question`, `file` (that an agent wrote) or `upload`.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// Where it lies.
    pub project_id: Uuid,
    /// What it is called.
    pub title: String,
    /// Its place in the project: a stage, a number, a state.
    pub detail: String,
}

/// Projects of a person whose title or id has these words, the latest first.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn projects(
    conn: &mut PgConnection,
    user: UserId,
    words: &str,
    rows_max: i64,
) -> Result<Vec<Hit>, StoreError> {
    Ok(sqlx::query_as!(
        Hit,
        r#"select 'project' as "kind!", p.id::text as "id!", p.id as project_id, p.title, p.status as detail
           from projects p
           join workspace_members m on m.workspace_id = p.workspace_id and m.user_id = $1 and m.joined_at is not null
           join workspaces w on w.id = p.workspace_id and w.lifecycle <> 'deleted'
           where p.lifecycle <> 'deleted' and (p.title ilike $2 or p.id::text like $3)
           order by p.last_activity_at desc, p.id desc limit $4"#,
        user.0,
        anywhere(words),
        beginning(words),
        rows_max,
    )
    .fetch_all(conn)
    .await?)
}

/// What of a project has these words in its title or id: artifacts, prompts, questions, files.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn within(
    conn: &mut PgConnection,
    project: ProjectId,
    words: &str,
    rows_max: i64,
) -> Result<Vec<Hit>, StoreError> {
    Ok(sqlx::query_as!(
        Hit,
        r#"select kind as "kind!", id as "id!", project_id as "project_id!", title as "title!", detail as "detail!"
           from (
               select 'artifact' as kind, id::text as id, project_id, name as title, stage as detail, 1 as place
               from artifacts where project_id = $1 and state = 'current'
               union all
               select 'prompt', id::text, project_id, title, 'prompt ' || number, 2
               from prompts where project_id = $1 and is_current
               union all
               select 'question', id, project_id, text, state, 3
               from questions where project_id = $1 and state <> 'superseded'
               union all
               select 'file', f.id::text, f.project_id, f.path, f.name || ' v' || f.version, 4
               from artifact_files f
               join artifacts a on a.project_id = f.project_id and a.name = f.name and a.version = f.version
               where f.project_id = $1 and a.state = 'current'
               union all
               select 'upload', id::text, project_id, filename, media_type, 5 from uploads where project_id = $1
           ) as found
           where title ilike $2 or id ilike $3
           order by place, title, id limit $4"#,
        project.0,
        anywhere(words),
        beginning(words),
        rows_max,
    )
    .fetch_all(conn)
    .await?)
}

/// A pattern for a text that has the words somewhere; what patterns give a meaning has none in them.
fn anywhere(words: &str) -> String {
    format!("%{}%", escaped(words))
}

/// A pattern for a text that begins with the words.
fn beginning(words: &str) -> String {
    format!("{}%", escaped(words))
}

fn escaped(words: &str) -> String {
    words.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}
