//! The way to Temporal: starting a project, telling it a command, asking whether the server is there. Nothing else of
//! the API knows Temporal.

use groundwork_domain::ProjectId;
use groundwork_domain::command::{Command, Outcome, Rejection};
use groundwork_store::StoreError;
use groundwork_workflows::contract::QUEUE;
use groundwork_workflows::{ProjectWorkflow, StartInput};
use std::future::Future;
use std::time::{Duration, Instant};
use temporalio_client::envconfig::LoadClientConfigProfileOptions;
use temporalio_client::errors::{WorkflowInteractionError, WorkflowStartError, WorkflowUpdateError};
use temporalio_client::tonic::{Code, ConnectError, Status};
use temporalio_client::{
    Client, ClientOptions, Connection, ConnectionOptions, GrpcCompression, RetryOptions, RpcOptions,
    WorkflowDescribeOptions, WorkflowExecuteUpdateOptions, WorkflowIdConflictPolicy, WorkflowIdReusePolicy,
    WorkflowStartOptions,
};
use tokio::sync::OnceCell;

/// Pause between two tries while Temporal cannot be reached.
const PAUSE: Duration = Duration::from_millis(100);

/// Why Temporal did not do it.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// It cannot be reached; nothing was done.
    #[error("Temporal cannot be reached")]
    Unavailable(#[source] Option<Cause>),
    /// It did not answer in time, or the connection broke: perhaps it was done.
    #[error("Temporal did not answer in time")]
    OutcomeUnknown(#[source] Option<Cause>),
    /// No such workflow runs.
    #[error("no workflow of this project runs")]
    NotRunning,
    /// The project refused the command before it was accepted.
    #[error("the project refused: {0}")]
    Refused(Rejection),
    /// It answered, and not with what we can use.
    #[error("Temporal refused")]
    Failed(#[source] Cause),
    /// The state from which a project is opened again could not be read.
    #[error("the project's state could not be read")]
    State(#[from] StoreError),
}

impl EngineError {
    /// Whether Temporal is away or hangs: what is asked next would wait in vain too.
    #[must_use]
    pub fn is_away(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::OutcomeUnknown(_))
    }
}

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A connection to Temporal, made when it is first needed, so that reads are served while it is away.
#[derive(Debug)]
pub struct Engine {
    connect: Option<(ConnectionOptions, ClientOptions)>,
    client: OnceCell<Client>,
}

impl Engine {
    /// An engine that connects with these options when it is first used.
    #[must_use]
    pub fn new(mut connection: ConnectionOptions, client: ClientOptions) -> Self {
        // On the same network gzip costs more than it saves (performance.md).
        connection.grpc_compression = GrpcCompression::None;
        Self { connect: Some((connection, client)), client: OnceCell::new() }
    }

    /// An engine that connects as `TEMPORAL_*` or `temporal.toml` say.
    ///
    /// # Errors
    /// What is wrong with them, in words.
    pub fn from_environment() -> Result<Self, String> {
        let (connection, client) = ClientOptions::load_from_config(LoadClientConfigProfileOptions::default())
            .map_err(|error| error.to_string())?;
        Ok(Self::new(connection, client))
    }

    /// An engine over a client that is connected already. Shared with a worker in the same process, workflows start eagerly.
    #[must_use]
    pub fn with_client(client: Client) -> Self {
        Self { connect: None, client: OnceCell::new_with(Some(client)) }
    }

    /// Starts a project's workflow; that it had been started is success too.
    ///
    /// # Errors
    /// [`EngineError::Unavailable`] and [`EngineError::Failed`]: it surely does not run; [`EngineError::OutcomeUnknown`].
    pub async fn start(
        &self,
        project: ProjectId,
        input: StartInput,
        time_max: Duration,
    ) -> Result<(), EngineError> {
        self.begin(project, input, WorkflowIdReusePolicy::RejectDuplicate, time_max).await.map(|_| ())
    }

    /// Starts the workflow of a project whose last run has ended; false where a run is open already.
    ///
    /// # Errors
    /// As [`Engine::start`].
    pub async fn reopen(
        &self,
        project: ProjectId,
        input: StartInput,
        time_max: Duration,
    ) -> Result<bool, EngineError> {
        self.begin(project, input, WorkflowIdReusePolicy::AllowDuplicate, time_max).await
    }

    /// True where this call started it.
    async fn begin(
        &self,
        project: ProjectId,
        input: StartInput,
        reuse: WorkflowIdReusePolicy,
        time_max: Duration,
    ) -> Result<bool, EngineError> {
        self.within(time_max, |client, left| {
            let input = input.clone();
            async move {
                let options = WorkflowStartOptions::new(QUEUE, project.workflow_id())
                    .id_reuse_policy(reuse)
                    .id_conflict_policy(WorkflowIdConflictPolicy::Fail)
                    .enable_eager_workflow_start(true)
                    .rpc_options(one_try(left))
                    .build();
                match client.start_workflow(ProjectWorkflow::run, input, options).await {
                    Ok(_) => Ok(true),
                    Err(WorkflowStartError::AlreadyStarted { .. }) => Ok(false),
                    Err(WorkflowStartError::Rpc(status)) => Err(Attempt::of_status(status)),
                    Err(error) => Err(Attempt::Settled(EngineError::Failed(error.into()))),
                }
            }
        })
        .await
    }

    /// Tells a project a command and waits for what becomes of it. The same command twice is applied once.
    ///
    /// # Errors
    /// All of [`EngineError`].
    pub async fn command(
        &self,
        project: ProjectId,
        command: &Command,
        time_max: Duration,
    ) -> Result<Outcome, EngineError> {
        self.within(time_max, |client, left| async move {
            let options = WorkflowExecuteUpdateOptions::builder()
                .update_id(command.command_id.to_string())
                .rpc_options(one_try(left))
                .build();
            let handle = client.get_workflow_handle::<ProjectWorkflow>(project.workflow_id());
            match handle.execute_update(ProjectWorkflow::command, command.clone(), options).await {
                Ok(outcome) => Ok(outcome),
                Err(WorkflowUpdateError::NotFound(_)) => Err(Attempt::Settled(EngineError::NotRunning)),
                Err(WorkflowUpdateError::Failed(failure)) => Err(Attempt::Settled(refusal(&failure.message))),
                Err(WorkflowUpdateError::Rpc(status)) => Err(Attempt::of_status(status)),
                Err(error) => Err(Attempt::Settled(EngineError::Failed(error.into()))),
            }
        })
        .await
    }

    /// Whether Temporal answers for its namespace: asked for a workflow that is not there, it says so.
    ///
    /// # Errors
    /// Why not.
    pub async fn health(&self, time_max: Duration) -> Result<(), EngineError> {
        self.within(time_max, |client, left| async move {
            let options = WorkflowDescribeOptions::builder().rpc_options(one_try(left)).build();
            let handle = client.get_workflow_handle::<ProjectWorkflow>("groundwork-health");
            match handle.describe(options).await {
                Ok(_) | Err(WorkflowInteractionError::NotFound(_)) => Ok(()),
                Err(WorkflowInteractionError::Rpc(status)) => Err(Attempt::of_status(status)),
                Err(error) => Err(Attempt::Settled(EngineError::Failed(error.into()))),
            }
        })
        .await
    }

    /// Tries until it is settled or the time is up. All that is tried here may be tried twice.
    async fn within<T, F, Fut>(&self, time_max: Duration, mut attempt: F) -> Result<T, EngineError>
    where
        F: FnMut(Client, Duration) -> Fut,
        Fut: Future<Output = Result<T, Attempt>>,
    {
        let deadline = Instant::now() + time_max;
        let mut arrived = false;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let tried = tokio::time::timeout(left, async {
                let client = self.client().await.map_err(Attempt::NotSent)?;
                arrived_unless_told(&mut arrived, attempt(client, left)).await
            })
            .await;
            let cause = match tried {
                Ok(Ok(value)) => return Ok(value),
                Ok(Err(Attempt::Settled(error))) => return Err(error),
                Ok(Err(Attempt::NotSent(cause) | Attempt::Broken(cause))) => Some(cause),
                Err(_elapsed) => None,
            };
            if Instant::now() + PAUSE >= deadline {
                return Err(if arrived {
                    EngineError::OutcomeUnknown(cause)
                } else {
                    EngineError::Unavailable(cause)
                });
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn client(&self) -> Result<Client, Cause> {
        let connect = || async {
            let Some((connection, client)) = self.connect.clone() else {
                return Err(Cause::from("there is nothing to connect to"));
            };
            Ok(Client::new(Connection::connect(connection).await?, client)?)
        };
        self.client.get_or_try_init(connect).await.cloned()
    }
}

/// How one try ended that did not succeed.
enum Attempt {
    /// It never left this process.
    NotSent(Cause),
    /// It may have arrived.
    Broken(Cause),
    /// Trying again would not change it.
    Settled(EngineError),
}

impl Attempt {
    fn of_status(status: Status) -> Self {
        match status.code() {
            _ if is_connect_error(&status) => Self::NotSent(status.into()),
            Code::Unavailable
            | Code::DeadlineExceeded
            | Code::Cancelled
            | Code::Unknown
            | Code::Aborted
            | Code::Internal
            | Code::ResourceExhausted => Self::Broken(status.into()),
            Code::NotFound => Self::Settled(EngineError::NotRunning),
            Code::Ok
            | Code::InvalidArgument
            | Code::AlreadyExists
            | Code::PermissionDenied
            | Code::FailedPrecondition
            | Code::OutOfRange
            | Code::Unimplemented
            | Code::DataLoss
            | Code::Unauthenticated => Self::Settled(EngineError::Failed(status.into())),
        }
    }
}

/// Assumes that a try arrives, unless it ends by saying that it was never sent. A try that is dropped at the deadline says
/// nothing and counts as arrived.
async fn arrived_unless_told<T>(
    arrived: &mut bool,
    attempt: impl Future<Output = Result<T, Attempt>>,
) -> Result<T, Attempt> {
    let before = std::mem::replace(arrived, true);
    let tried = attempt.await;
    if matches!(tried, Err(Attempt::NotSent(_))) {
        *arrived = before;
    }
    tried
}

fn is_connect_error(status: &Status) -> bool {
    let mut source = std::error::Error::source(status);
    while let Some(error) = source {
        if error.is::<ConnectError>() {
            return true;
        }
        source = error.source();
    }
    false
}

fn refusal(text: &str) -> EngineError {
    Rejection::from_text(text)
        .map_or_else(|| EngineError::Failed(Cause::from(text.to_owned())), EngineError::Refused)
}

fn one_try(time_max: Duration) -> RpcOptions {
    RpcOptions::builder().timeout(time_max).retry_options(RetryOptions::no_retries()).build()
}
