//! One Postgres listener a replica, and for every project that somebody watches one reader, however many watch.

use super::access::{self, AccessChanges, Concerned};
use super::frame::Frame;
use super::subscription::Subscription;
use groundwork_domain::{ProjectId, WorkspaceId};
use groundwork_store::streams::Delta;
use groundwork_store::{PgListener, PgNotification, Store, StoreError, events};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;

const EVENTS_CHANNEL: &str = "groundwork_events";
const DELTAS_CHANNEL: &str = "groundwork_deltas";
const ACCESS_CHANNEL: &str = "groundwork_access";
/// Messages that a subscriber may lag behind before it reads the table again.
const LAG_MAX: usize = 256;
/// Events read at once.
pub(super) const PAGE: u32 = 500;
/// Pause before Postgres is tried again.
pub(super) const PAUSE: Duration = Duration::from_millis(500);

/// What subscribers of a project are told.
#[derive(Clone, Debug)]
pub(super) enum Message {
    Frame(Frame),
    /// Something may have been missed: read the table.
    Reread,
}

/// All projects that somebody watches. Clones share them.
#[derive(Clone)]
pub(crate) struct Hub {
    pub(super) store: Store,
    feeds: Arc<Mutex<HashMap<ProjectId, Feed>>>,
    access: broadcast::Sender<Concerned>,
}

struct Feed {
    messages: broadcast::Sender<Message>,
    /// The number of the latest event that was heard of; dropped with the feed, it ends the reader.
    latest: watch::Sender<i64>,
}

impl Hub {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, feeds: Arc::default(), access: access::channel() }
    }

    /// Changes of who may see what, from now on.
    pub(crate) fn access_changes(&self) -> AccessChanges {
        AccessChanges(self.access.subscribe())
    }

    /// Watches a project from after a sequence number. The caller has checked that the person may.
    pub(crate) fn subscribe(&self, workspace: WorkspaceId, project: ProjectId, after: i64) -> Subscription {
        let mut feeds = self.feeds();
        let feed = feeds.entry(project).or_insert_with(|| {
            let (messages, _) = broadcast::channel(LAG_MAX);
            let (latest, heard) = watch::channel(0);
            tokio::spawn(follow(self.store.clone(), workspace, project, heard, messages.clone()));
            Feed { messages, latest }
        });
        Subscription::new(self.clone(), workspace, project, after, feed.messages.subscribe())
    }

    /// Forgets a project that nobody watches any more.
    pub(super) fn leave(&self, project: ProjectId) {
        let mut feeds = self.feeds();
        if feeds.get(&project).is_some_and(|feed| feed.messages.receiver_count() == 0) {
            feeds.remove(&project);
        }
    }

    /// Listens until the process ends; while Postgres is away, tries again.
    pub(crate) async fn listen(self, shutdown: CancellationToken) {
        shutdown.run_until_cancelled(self.listen_on()).await;
    }

    async fn listen_on(&self) {
        loop {
            if let Err(error) = self.listen_once().await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "not listening for events; trying again"
                );
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn listen_once(&self) -> Result<(), StoreError> {
        let mut listener = PgListener::connect_with(self.store.pool()).await?;
        listener.listen_all([EVENTS_CHANNEL, DELTAS_CHANNEL, ACCESS_CHANNEL]).await?;
        self.reread();
        loop {
            // Not `recv`: that hides that the connection was lost, and with it what was notified meanwhile.
            match listener.try_recv().await? {
                Some(notification) => self.hear(&notification),
                None => self.reread(),
            }
        }
    }

    fn hear(&self, notification: &PgNotification) {
        if notification.channel() == DELTAS_CHANNEL {
            if let Ok(delta) = serde_json::from_str::<Delta>(notification.payload())
                && let Some(feed) = self.feeds().get(&delta.project_id)
            {
                // Nobody may be left to hear it.
                let _ = feed.messages.send(Message::Frame(Frame::of_delta(delta)));
            }
            return;
        }
        if notification.channel() == ACCESS_CHANNEL {
            // Nobody may be left to hear it.
            let _ = self.access.send(access::read(notification.payload()));
            return;
        }
        // <project>:<workspace>:<seq>
        let mut parts = notification.payload().split(':');
        let project = parts.next().and_then(|part| part.parse::<ProjectId>().ok());
        let seq = parts.nth(1).and_then(|part| part.parse::<i64>().ok());
        if let (Some(project), Some(seq)) = (project, seq)
            && let Some(feed) = self.feeds().get(&project)
        {
            feed.latest.send_replace(seq);
        }
    }

    fn reread(&self) {
        let _ = self.access.send(None);
        for feed in self.feeds().values() {
            let _ = feed.messages.send(Message::Reread);
        }
    }

    fn feeds(&self) -> MutexGuard<'_, HashMap<ProjectId, Feed>> {
        // No code that can panic runs under this lock.
        self.feeds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads a project's new events once for all who watch it. Several notifications become one read.
async fn follow(
    store: Store,
    workspace: WorkspaceId,
    project: ProjectId,
    mut heard: watch::Receiver<i64>,
    messages: broadcast::Sender<Message>,
) {
    let mut last = None;
    while heard.changed().await.is_ok() {
        let latest = *heard.borrow_and_update();
        // What came before the first notification each subscriber reads for itself, so a gap here is filled there.
        let mut after = last.unwrap_or(latest - 1);
        while after < latest {
            match read(&store, workspace, project, after).await {
                Ok(frames) if frames.is_empty() => break,
                Ok(frames) => {
                    for (seq, frame) in frames {
                        after = seq;
                        let _ = messages.send(Message::Frame(frame));
                    }
                }
                Err(error) => {
                    tracing::debug!(%error, "events could not be read; subscribers read for themselves");
                    let _ = messages.send(Message::Reread);
                    break;
                }
            }
        }
        last = Some(after);
    }
}

pub(super) async fn read(
    store: &Store,
    workspace: WorkspaceId,
    project: ProjectId,
    after: i64,
) -> Result<Vec<(i64, Frame)>, StoreError> {
    let mut tx = store.workspace(workspace).await?;
    let rows = events::page(&mut tx, project, u64::try_from(after).unwrap_or_default(), PAGE).await?;
    Ok(rows.iter().map(|row| (row.seq, Frame::of_event(project.0, row))).collect())
}
