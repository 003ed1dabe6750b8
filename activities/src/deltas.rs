//! Running texts of this process, gathered until the next flush.

use groundwork_domain::work::StageTask;
use groundwork_domain::{ProjectId, StageId};
use groundwork_store::Store;
use groundwork_store::streams::{self, Chunk};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

type StreamId = (ProjectId, StageId, u32);

/// Pieces that wait for the next flush, one chunk a stream.
#[derive(Debug, Default)]
pub(crate) struct Deltas {
    pending: Mutex<HashMap<StreamId, Chunk>>,
    /// One flush at a time, so that a stream's chunks arrive in order.
    flushing: tokio::sync::Mutex<()>,
}

impl Deltas {
    fn lock(&self) -> MutexGuard<'_, HashMap<StreamId, Chunk>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A stream that begins anew.
    pub(crate) fn open(self: &Arc<Self>, task: &StageTask) -> DeltaStream {
        let id = (task.project_id, task.stage.clone(), task.attempt);
        // What is left of an earlier call of this attempt is stored whole by now, or worth nothing.
        self.lock().remove(&id);
        DeltaStream { deltas: Arc::clone(self), task: task.clone(), id, offset: 0 }
    }

    /// Sends what has gathered, of all streams, in one transaction. What cannot be sent is lost: the stored reply is
    /// what counts.
    pub(crate) async fn flush(&self, store: &Store) {
        let _one_at_a_time = self.flushing.lock().await;
        let chunks: Vec<Chunk> = std::mem::take(&mut *self.lock()).into_values().collect();
        send(store, &chunks).await;
    }

    async fn flush_one(&self, store: &Store, id: &StreamId) {
        let _one_at_a_time = self.flushing.lock().await;
        let chunk = self.lock().remove(id);
        if let Some(chunk) = chunk {
            send(store, &[chunk]).await;
        }
    }
}

async fn send(store: &Store, chunks: &[Chunk]) {
    if let Err(error) = streams::flush(store, chunks).await {
        tracing::debug!(error = &error as &dyn std::error::Error, chunks = chunks.len(), "deltas lost");
    }
}

/// The text of one call while it is written.
#[derive(Debug)]
pub(crate) struct DeltaStream {
    deltas: Arc<Deltas>,
    task: StageTask,
    id: StreamId,
    offset: u64,
}

impl DeltaStream {
    /// Takes a piece; never waits.
    pub(crate) fn push(&mut self, piece: &str) {
        let (task, offset) = (&self.task, self.offset);
        let mut pending = self.deltas.lock();
        let chunk = pending.entry(self.id.clone()).or_insert_with(|| Chunk {
            workspace_id: task.workspace_id,
            project_id: task.project_id,
            stage: task.stage.clone(),
            attempt: task.attempt,
            offset,
            text: String::new(),
        });
        chunk.text.push_str(piece);
        self.offset += piece.len() as u64;
    }

    /// Sends the rest, before anything is stored that takes the running text away.
    pub(crate) async fn close(self, store: &Store) {
        self.deltas.flush_one(store, &self.id).await;
    }
}
