//! One reader of one project's stream: first what it missed, then the tail of what is being written, then what happens.

use super::frame::Frame;
use super::hub::{Hub, Message, PAGE, PAUSE, read};
use groundwork_domain::{ProjectId, StageId, WorkspaceId};
use groundwork_store::StoreError;
use groundwork_store::streams::{self, Delta};
use std::collections::{HashMap, VecDeque};
use tokio::sync::broadcast::{Receiver, error::RecvError};

/// Where a subscription stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// The table has what it has not seen; afterwards come the tails of running texts.
    Opening,
    /// The table may have what it has not seen.
    Behind,
    /// It hears everything as it happens.
    Live,
}

/// Events in order, each once, without a gap; deltas as they come.
pub(crate) struct Subscription {
    hub: Hub,
    workspace: WorkspaceId,
    project: ProjectId,
    /// Number of the last event that was given out.
    after: i64,
    standing: Standing,
    ready: VecDeque<Frame>,
    /// How far each running text was given out, in bytes.
    texts: HashMap<(StageId, u32), u64>,
    /// Tails that were given out, while pieces of them may still be on their way as notifications.
    tails: HashMap<(StageId, u32), Delta>,
    /// None only while it is dropped.
    messages: Option<Receiver<Message>>,
}

impl Subscription {
    pub(super) fn new(
        hub: Hub,
        workspace: WorkspaceId,
        project: ProjectId,
        after: i64,
        messages: Receiver<Message>,
    ) -> Self {
        Self {
            hub,
            workspace,
            project,
            after,
            standing: Standing::Opening,
            ready: VecDeque::new(),
            texts: HashMap::new(),
            tails: HashMap::new(),
            messages: Some(messages),
        }
    }

    /// The next message; none when there will be no more. Safe to be dropped while it waits.
    pub(crate) async fn next(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                return Some(frame);
            }
            if self.standing != Standing::Live {
                if let Err(error) = self.catch_up().await {
                    tracing::debug!(%error, "a stream waits for the database");
                    tokio::time::sleep(PAUSE).await;
                }
                continue;
            }
            match self.messages.as_mut()?.recv().await {
                Ok(Message::Frame(frame)) => self.take(frame),
                Ok(Message::Reread) | Err(RecvError::Lagged(_)) => self.standing = Standing::Behind,
                Err(RecvError::Closed) => return None,
            }
        }
    }

    fn take(&mut self, frame: Frame) {
        match &frame {
            Frame::Event { seq, .. } if *seq <= self.after => {}
            Frame::Event { seq, .. } if *seq == self.after + 1 => {
                self.after = *seq;
                self.ready.push_back(frame);
            }
            Frame::Event { .. } => self.standing = Standing::Behind,
            Frame::Delta { delta, .. } => {
                let delta = delta.clone();
                if !self.was_in_tail(&delta) {
                    self.take_delta(&delta, Some(frame));
                }
            }
        }
    }

    /// Whether a piece came with the tail already. The first one that did not ends the question for its text.
    fn was_in_tail(&mut self, delta: &Delta) -> bool {
        let key = (delta.stage.clone(), delta.attempt);
        let Some(tail) = self.tails.get(&key) else {
            return false;
        };
        let at = delta.offset.checked_sub(tail.offset).and_then(|at| usize::try_from(at).ok());
        let is_in = at.and_then(|at| tail.text.get(at..)).is_some_and(|rest| rest.starts_with(&delta.text));
        if !is_in {
            self.tails.remove(&key);
        }
        is_in
    }

    /// Gives out what of a piece was not given out yet. A piece at 0 begins the text anew.
    fn take_delta(&mut self, delta: &Delta, whole: Option<Frame>) {
        let seen = self.texts.entry((delta.stage.clone(), delta.attempt)).or_default();
        if delta.offset == 0 {
            *seen = 0;
        }
        let end = delta.offset + delta.text.len() as u64;
        if end <= *seen {
            return;
        }
        let known = usize::try_from(seen.saturating_sub(delta.offset)).unwrap_or_default();
        *seen = end;
        match whole {
            Some(frame) if known == 0 => self.ready.push_back(frame),
            _ => {
                let text = delta.text.get(known..).unwrap_or(&delta.text).to_owned();
                let offset = delta.offset + known as u64;
                self.ready.push_back(Frame::of_delta(Delta { offset, text, ..delta.clone() }));
            }
        }
    }

    async fn catch_up(&mut self) -> Result<(), StoreError> {
        let frames = read(&self.hub.store, self.workspace, self.project, self.after).await?;
        let is_all = frames.len() < PAGE as usize;
        let tails =
            if is_all && self.standing == Standing::Opening { self.tails().await? } else { Vec::new() };
        for (seq, frame) in frames {
            self.after = seq;
            self.ready.push_back(frame);
        }
        for tail in tails {
            self.take_delta(&tail, None);
            self.tails.insert((tail.stage.clone(), tail.attempt), tail);
        }
        if is_all {
            self.standing = Standing::Live;
        }
        Ok(())
    }

    async fn tails(&self) -> Result<Vec<Delta>, StoreError> {
        let mut tx = self.hub.store.workspace(self.workspace).await?;
        let tails = streams::tails(&mut tx, self.project).await?;
        let delta = |tail: streams::Tail| Delta {
            project_id: self.project,
            stage: StageId(tail.stage),
            attempt: tail.attempt,
            offset: tail.offset,
            text: tail.text,
        };
        Ok(tails.into_iter().map(delta).collect())
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.messages = None;
        self.hub.leave(self.project);
    }
}
