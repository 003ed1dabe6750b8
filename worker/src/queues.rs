//! One SDK worker serves one task queue, and its future is not Send: each gets a thread and a LocalSet of its own.

use crate::{Settings, WorkerError};
use groundwork_activities::{AgentActivities, PublishActivities};
use groundwork_workflows::ProjectWorkflow;
use groundwork_workflows::contract::{AGENTS_QUEUE, QUEUE};
use std::thread;
use std::time::Duration;
use temporalio_client::Client;
use temporalio_sdk::runtime::worker_tuner::{FixedSizeSlotSupplier, TunerHolder};
use temporalio_sdk::{Runtime, Worker, WorkerOptions};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// A task on the sticky queue of a dead worker goes elsewhere after this (performance.md).
const STICKY_TIMEOUT: Duration = Duration::from_secs(1);
/// The SDK sends a heartbeat only every 0.8 × timeout; this makes it send as often as the activity beats.
const HEARTBEAT_THROTTLE: Duration = Duration::from_secs(1);

/// A worker on its thread.
pub(crate) struct Queue {
    name: &'static str,
    ended: oneshot::Receiver<Result<(), String>>,
}

impl Queue {
    /// Waits until the worker has ended.
    pub(crate) async fn ended(self) -> Result<(), WorkerError> {
        let name = self.name;
        match self.ended.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(reason)) => Err(WorkerError::Queue { name, reason }),
            Err(_) => Err(WorkerError::Queue { name, reason: "its thread died".to_owned() }),
        }
    }
}

/// Options of the worker of workflows and `publish`.
pub(crate) fn workflow_options(
    settings: &Settings,
    publish: PublishActivities,
) -> Result<WorkerOptions, WorkerError> {
    Ok(WorkerOptions::new(QUEUE)
        .register_workflow::<ProjectWorkflow>()
        .map_err(|error| WorkerError::Settings(error.to_string()))?
        .register_activities(publish)
        .max_cached_workflows(settings.cached_workflows)
        .sticky_queue_schedule_to_start_timeout(STICKY_TIMEOUT)
        .graceful_shutdown_period(Duration::from_secs(settings.shutdown_seconds))
        .build())
}

/// Options of the worker of model calls.
pub(crate) fn agent_options(settings: &Settings, agents: AgentActivities) -> WorkerOptions {
    // Slots of kinds that this queue has no tasks of.
    let unused = FixedSizeSlotSupplier::new(1);
    let slots = FixedSizeSlotSupplier::new(settings.agent_slots);
    WorkerOptions::new(AGENTS_QUEUE)
        .register_activities(agents)
        .tuner(
            TunerHolder::builder()
                .activity_task_slot_supplier(slots)
                .workflow_task_slot_supplier(unused)
                .local_activity_task_slot_supplier(unused)
                .nexus_task_slot_supplier(unused)
                .build(),
        )
        .max_heartbeat_throttle_interval(HEARTBEAT_THROTTLE)
        .graceful_shutdown_period(Duration::from_secs(settings.shutdown_seconds))
        .build()
}

/// Starts a worker on a thread of its own; it ends when `shutdown` is cancelled.
pub(crate) fn spawn(
    name: &'static str,
    client: Client,
    options: WorkerOptions,
    shutdown: CancellationToken,
) -> Result<Queue, WorkerError> {
    let (tell, ended) = oneshot::channel();
    let handle = tokio::runtime::Handle::current();
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            let local = tokio::task::LocalSet::new();
            let result = handle.block_on(local.run_until(serve(client, options, shutdown)));
            // Nobody listens only when the process is going down anyway.
            let _ = tell.send(result);
        })
        .map_err(|error| WorkerError::Queue { name, reason: error.to_string() })?;
    Ok(Queue { name, ended })
}

async fn serve(client: Client, options: WorkerOptions, shutdown: CancellationToken) -> Result<(), String> {
    let runtime =
        Runtime::from_current_tokio(crate::metrics::runtime_options()).map_err(|error| error.to_string())?;
    let mut worker = Worker::new(&runtime, client, options).map_err(|error| error.to_string())?;
    let stop = worker.shutdown_handle();
    let on_shutdown = tokio::task::spawn_local(async move {
        shutdown.cancelled().await;
        stop();
    });
    let result = worker.run().await.map_err(|error| error.to_string());
    on_shutdown.abort();
    result
}
