//! The thin layer between Temporal and the work: names, heartbeats, cancellation.

#![allow(missing_docs, reason = "the macros generate constants that cannot carry documentation")]

use crate::error::to_activity_error;
use crate::workshop::Workshop;
use groundwork_agents::CancellationToken;
use groundwork_domain::publication::Publication;
use groundwork_domain::work::{StageOutcome, StageTask};
use groundwork_store::Store;
use groundwork_workflows::contract;
use std::sync::Arc;
use std::time::Duration;
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval_at};

/// How often an activity says that it lives; its heartbeat timeout is three times as long.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(1);

/// The activities `agent.*`, for workers of the queue `groundwork-agents`.
pub struct AgentActivities {
    workshop: Arc<Workshop>,
}

impl AgentActivities {
    /// The activities of a worker process.
    #[must_use]
    pub fn new(workshop: Arc<Workshop>) -> Self {
        Self { workshop }
    }

    async fn run(&self, ctx: ActivityContext, task: StageTask) -> Result<StageOutcome, ActivityError> {
        let cancelled = CancellationToken::new();
        // Beside the work, so that a long parse or a slow statement does not make a live worker look dead.
        // It ends with the set.
        let mut companion = JoinSet::new();
        companion.spawn(accompany(ctx, cancelled.clone()));
        self.workshop.run(&task, &cancelled).await.map_err(to_activity_error)
    }
}

/// Sends heartbeats for as long as the activity runs, and passes its cancellation on.
async fn accompany(ctx: ActivityContext, cancelled: CancellationToken) {
    // Not at once: the start itself said so, and a beat is a write on the server.
    let mut tick = interval_at(Instant::now() + HEARTBEAT_EVERY, HEARTBEAT_EVERY);
    loop {
        tokio::select! {
            () = ctx.cancelled(), if !cancelled.is_cancelled() => cancelled.cancel(),
            _ = tick.tick() => {
                if let Err(error) = ctx.record_heartbeat(()).await {
                    tracing::warn!(%error, "heartbeat not sent");
                }
            }
        }
    }
}

#[activities]
impl AgentActivities {
    /// Questions for people.
    #[activity(definition = contract::Ask)]
    pub async fn ask(
        self: Arc<Self>,
        ctx: ActivityContext,
        task: StageTask,
    ) -> Result<StageOutcome, ActivityError> {
        self.run(ctx, task).await
    }

    /// One Markdown artifact, new or revised.
    #[activity(definition = contract::Write)]
    pub async fn write(
        self: Arc<Self>,
        ctx: ActivityContext,
        task: StageTask,
    ) -> Result<StageOutcome, ActivityError> {
        self.run(ctx, task).await
    }

    /// An ordered set of prompts, new or revised.
    #[activity(definition = contract::Compose)]
    pub async fn compose(
        self: Arc<Self>,
        ctx: ActivityContext,
        task: StageTask,
    ) -> Result<StageOutcome, ActivityError> {
        self.run(ctx, task).await
    }

    /// A verdict with findings on exact digests.
    #[activity(definition = contract::Review)]
    pub async fn review(
        self: Arc<Self>,
        ctx: ActivityContext,
        task: StageTask,
    ) -> Result<StageOutcome, ActivityError> {
        self.run(ctx, task).await
    }

    /// Files, through tools.
    #[activity(definition = contract::Implement)]
    pub async fn implement(
        self: Arc<Self>,
        ctx: ActivityContext,
        task: StageTask,
    ) -> Result<StageOutcome, ActivityError> {
        self.run(ctx, task).await
    }

    /// A turn of a chat, or a title.
    #[activity(definition = contract::Reply)]
    pub async fn reply(
        self: Arc<Self>,
        ctx: ActivityContext,
        task: StageTask,
    ) -> Result<StageOutcome, ActivityError> {
        self.run(ctx, task).await
    }

    /// What reviews come to, by code.
    #[activity(definition = contract::Verdict)]
    pub async fn verdict(
        self: Arc<Self>,
        ctx: ActivityContext,
        task: StageTask,
    ) -> Result<StageOutcome, ActivityError> {
        self.run(ctx, task).await
    }
}

/// The activity `publish`, for workers of the queue `groundwork`; it runs as a local and as an ordinary activity.
pub struct PublishActivities {
    store: Store,
}

impl PublishActivities {
    /// Publishes to this store.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

#[activities]
impl PublishActivities {
    /// Writes notices, texts, read model and state snapshot in one transaction.
    #[activity(definition = contract::Publish)]
    pub async fn publish(
        self: Arc<Self>,
        _ctx: ActivityContext,
        publication: Publication,
    ) -> Result<(), ActivityError> {
        groundwork_store::publish::publish(&self.store, &publication).await?;
        Ok(())
    }
}
