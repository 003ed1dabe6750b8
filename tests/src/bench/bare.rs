//! What Groundwork is compared with: a workflow that only goes the way of a project on Temporal. Start, one activity, a
//! person's word as an update, three more activities, end. The activities do nothing; no API, no Postgres, no model.
//!
//! Its worker and its clients connect as ours do, each by a connection of its own.

#![allow(missing_docs, reason = "the macros generate constants that cannot carry documentation")]

use anyhow::{Context, Result, anyhow};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use temporalio_client::{
    Client, ClientOptions, Connection, ConnectionOptions, GrpcCompression, WorkflowExecuteUpdateOptions,
    WorkflowGetResultOptions, WorkflowStartOptions,
};
use temporalio_macros::{activities, workflow, workflow_methods};
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use temporalio_sdk::{
    ActivityOptions, Runtime, SyncWorkflowContext, Worker, WorkerOptions, WorkflowContext, WorkflowResult,
};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const QUEUE: &str = "bare";
const STEP_MAX: Duration = Duration::from_secs(60);
/// As our worker's (worker/src/queues.rs).
const STICKY_TIMEOUT: Duration = Duration::from_secs(1);
const CACHED_WORKFLOWS: usize = 1000;

/// Who waits until a workflow asks, by its id. The bare client learns it inside this process and for nothing, which our
/// client does not: the comparison is unfair to us rather than to Temporal.
static WAITING: Mutex<Option<HashMap<String, oneshot::Sender<()>>>> = Mutex::new(None);

fn waiting() -> MutexGuard<'static, Option<HashMap<String, oneshot::Sender<()>>>> {
    WAITING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The workflow's state.
#[workflow]
#[derive(Default)]
pub struct Bare {
    answered: bool,
}

#[workflow_methods]
impl Bare {
    /// The way of a project.
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<()> {
        step(ctx).await?;
        // Not a command of the workflow, and done once: replayed, nobody is found to tell.
        let asked = waiting().as_mut().and_then(|waiting| waiting.remove(ctx.workflow_id()));
        if let Some(asked) = asked {
            let _ = asked.send(());
        }
        ctx.wait_condition(|state| state.answered).await?;
        for _ in 0..3 {
            step(ctx).await?;
        }
        Ok(())
    }

    /// A person's word.
    #[update]
    pub fn answer(&mut self, _ctx: &mut SyncWorkflowContext<Self>) {
        self.answered = true;
    }
}

async fn step(ctx: &WorkflowContext<Bare>) -> WorkflowResult<()> {
    let options = ActivityOptions::with_start_to_close_timeout(STEP_MAX).build();
    ctx.execute_activity(Nothing::step, (), options).await?;
    Ok(())
}

/// An activity that does nothing.
pub struct Nothing;

#[activities]
impl Nothing {
    /// Nothing.
    #[activity]
    pub async fn step(_ctx: ActivityContext) -> Result<(), ActivityError> {
        Ok(())
    }
}

/// Connects to the server at `host:port` as our processes do.
///
/// # Errors
/// When nobody answers.
pub async fn connect(address: &str) -> Result<Client> {
    let target = format!("http://{address}").parse::<reqwest::Url>()?;
    let mut options = ConnectionOptions::new(target).build();
    options.grpc_compression = GrpcCompression::None;
    let connection = Connection::connect(options).await.context("connecting to Temporal")?;
    Client::new(connection, ClientOptions::new("default").build()).context("a client of Temporal")
}

/// Goes the whole way once, as a person's client: starts the workflow, answers when it asks, waits for its end.
///
/// # Errors
/// When Temporal does not do it.
pub async fn walk(client: &Client) -> Result<()> {
    let id = format!("bare-{}", Uuid::new_v4());
    let (ask, asked) = oneshot::channel();
    waiting().get_or_insert_default().insert(id.clone(), ask);
    let options = WorkflowStartOptions::new(QUEUE, &id).build();
    let handle = client.start_workflow(Bare::run, (), options).await.context("starting a bare workflow")?;
    asked.await.context("a bare workflow was forgotten")?;
    let options = WorkflowExecuteUpdateOptions::default();
    handle.execute_update(Bare::answer, (), options).await.context("answering a bare workflow")?;
    handle.get_result(WorkflowGetResultOptions::default()).await.context("the end of a bare workflow")
}

/// A worker of bare workflows on a thread and a runtime of its own; ends when it is dropped.
#[derive(Debug)]
pub struct BareWorker {
    stop: CancellationToken,
    thread: Option<JoinHandle<Result<()>>>,
}

impl BareWorker {
    /// Starts it.
    ///
    /// # Errors
    /// When there is no thread for it.
    pub fn start(address: String) -> Result<Self> {
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let thread = std::thread::Builder::new().name("bare".to_owned());
        let thread = thread.spawn(move || serve(&address, stopped)).context("a thread")?;
        Ok(Self { stop, thread: Some(thread) })
    }

    /// Ends it and says how it went.
    ///
    /// # Errors
    /// When it ended badly.
    pub fn end(mut self) -> Result<()> {
        self.stop.cancel();
        let Some(thread) = self.thread.take() else { return Ok(()) };
        thread.join().map_err(|_| anyhow!("the bare worker panicked"))?
    }
}

impl Drop for BareWorker {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn serve(address: &str, stop: CancellationToken) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    // The SDK's worker is not Send: it stays on this thread, as ours do on theirs.
    let local = tokio::task::LocalSet::new();
    runtime.block_on(local.run_until(async {
        let client = connect(address).await?;
        let options = WorkerOptions::new(QUEUE)
            .register_workflow::<Bare>()?
            .register_activities(Nothing)
            .max_cached_workflows(CACHED_WORKFLOWS)
            .sticky_queue_schedule_to_start_timeout(STICKY_TIMEOUT)
            .build();
        let mut worker = Worker::new(&Runtime::from_current_tokio(Default::default())?, client, options)?;
        let end = worker.shutdown_handle();
        tokio::task::spawn_local(async move {
            stop.cancelled().await;
            end();
        });
        worker.run().await.map_err(|error| anyhow!("the bare worker ended: {error}"))
    }))
}
