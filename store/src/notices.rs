//! What people are told by mail of their projects (F-16). A trigger notes it, event by event and person by person, with the event
//! itself; here it is taken, all of one person at once.

use crate::{Store, StoreError, Tx};
use groundwork_domain::{ProjectId, UserId};
use std::time::Duration;

/// How often somebody is told.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Seconds that something waits first: much is settled by then, and what comes together is told together.
    pub wait_s: u32,
    /// Seconds between two mails to one person, at least.
    pub pause_s: u32,
    /// Seconds after which something is no news any more.
    pub age_s_max: u32,
}

/// All that one person is told now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Who.
    pub user: UserId,
    /// Their address, which is proven to be theirs wherever there is news.
    pub address: String,
    /// What happened, the oldest first; none where nothing of it is news any more.
    pub news: Vec<News>,
}

/// Something that happened in a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// The event's kind.
    pub kind: String,
    /// The project.
    pub project: ProjectId,
    /// What it is called: words of people.
    pub title: String,
}

/// Takes what waits for one person who is due; it is settled with the transaction, and waits again where that is dropped. None: nobody is due.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn take(tx: &mut Tx, pace: Pace) -> Result<Option<Taken>, StoreError> {
    let rows = sqlx::query!(
        r#"select person as "person!", address as "address!", event_kind as "kind!", project as "project!",
                  project_title as "title!", is_news as "is_news!"
           from notices_taken($1, $2, $3)"#,
        crate::clean::int(pace.wait_s),
        crate::clean::int(pace.pause_s),
        crate::clean::int(pace.age_s_max),
    )
    .fetch_all(tx.conn())
    .await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let (user, address) = (UserId(first.person), first.address.clone());
    let news = rows.into_iter().filter(|row| row.is_news).map(|row| News {
        kind: row.kind,
        project: ProjectId(row.project),
        title: row.title,
    });
    Ok(Some(Taken { user, address, news: news.collect() }))
}

/// Takes away what was settled longer ago than `kept`, and all that waits where no mail is sent; returns how many rows.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn sweep(store: &Store, kept: Duration, no_mail: bool) -> Result<i64, StoreError> {
    let swept = sqlx::query_scalar!(
        r#"select notices_swept($1 * interval '1 second', $2) as "swept!""#,
        kept.as_secs_f64(),
        no_mail,
    )
    .fetch_one(store.pool())
    .await?;
    Ok(swept)
}
