//! A worker process: owns the connection to Temporal, registers search attributes, runs the task queues, writes provider
//! health. Wiring only: no SQL, no rules, no prompts.

mod agents;
mod attributes;
mod connection;
mod metrics;
mod queues;

pub use attributes::{check as check_search_attributes, register as register_search_attributes};
pub use connection::connect;
pub use metrics::temporal_metrics_address;

use groundwork_activities::{AgentActivities, PublishActivities};
use groundwork_domain::document::files::FileLimits;
use groundwork_domain::model::Models;
use groundwork_store::Store;
use groundwork_workflows::contract::{AGENTS_QUEUE, QUEUE};
use serde::Deserialize;
use std::path::PathBuf;
use temporalio_client::Client;
use tokio_util::sync::CancellationToken;

/// Settings of a worker process.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Model calls that may be under way at once in this process.
    pub agent_slots: usize,
    /// Workflows kept in memory between their tasks; a parked one costs about 20 kB.
    pub cached_workflows: usize,
    /// Seconds that running activities have to end after a stop was asked for.
    pub shutdown_seconds: u64,
    /// Calls of one model provider at once; more wait.
    pub provider_calls: usize,
    /// A file of models in the place of the shipped `models.toml`.
    pub models_file: Option<PathBuf>,
    /// A folder with prompt files that take the place of the shipped ones of the same name.
    pub prompts_folder: Option<PathBuf>,
    /// Lets pipelines that ask for a provider key of one's own run on the platform's.
    pub platform_keys: bool,
    /// Files that an agent may write in one stage, and how large.
    pub files: FileLimits,
    /// Turns of tool calls that an agent may have in one stage.
    pub tool_turns: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            agent_slots: 500,
            cached_workflows: 1000,
            shutdown_seconds: 10,
            provider_calls: 64,
            models_file: None,
            prompts_folder: None,
            platform_keys: false,
            files: FileLimits::default(),
            tool_turns: 120,
        }
    }
}

impl Settings {
    /// The models that these settings know.
    ///
    /// # Errors
    /// A file that cannot be read, or is none of models.
    pub fn models(&self) -> Result<Models, WorkerError> {
        let Some(file) = &self.models_file else { return Ok(Models::shipped().clone()) };
        let unusable = |reason: String| WorkerError::Settings(format!("{}: {reason}", file.display()));
        let text = std::fs::read_to_string(file).map_err(|error| unusable(error.to_string()))?;
        Models::parse(&text).map_err(|error| unusable(error.to_string()))
    }
}

/// Why a worker does not run.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// A setting, ours or `TEMPORAL_*`.
    #[error("a setting cannot be used: {0}")]
    Settings(String),
    /// No server.
    #[error("Temporal does not answer at {target}: {reason}. Start it, or set TEMPORAL_ADDRESS")]
    Unreachable {
        /// Its URL.
        target: String,
        /// What the connection said.
        reason: String,
    },
    /// The server does not take a call.
    #[error("Temporal refused: {0}")]
    Refused(String),
    /// Search attributes are not registered.
    #[error(
        "search attributes are not registered: {0}. Run `groundwork migrate` (on Temporal Cloud: add them in its console)"
    )]
    AttributesMissing(String),
    /// A task queue's worker ended.
    #[error("the worker of task queue {name} ended: {reason}")]
    Queue {
        /// The queue.
        name: &'static str,
        /// Why.
        reason: String,
    },
}

/// Serves both task queues until `shutdown` is cancelled, then lets running activities end. Providers and their keys come
/// from the environment (`ANTHROPIC_API_KEY`, `ANTHROPIC_BASE_URL`, `OPENAI_API_KEY`, `OPENAI_BASE_URL`, or the same names
/// with `_FILE`).
///
/// # Errors
/// Settings that cannot be used, search attributes that are missing, or a queue whose worker ended by itself.
pub async fn run(
    settings: Settings,
    client: Client,
    store: Store,
    shutdown: CancellationToken,
) -> Result<(), WorkerError> {
    let publish = PublishActivities::new(store.clone());
    let agents = AgentActivities::new(agents::workshop(&settings, store)?);
    check_search_attributes(&client).await?;
    metrics::start_exporter();
    let workflow_options = queues::workflow_options(&settings, publish)?;
    let agent_options = queues::agent_options(&settings, agents);
    let workflows = queues::spawn(QUEUE, client.clone(), workflow_options, shutdown.clone())?;
    let model_calls = queues::spawn(AGENTS_QUEUE, client, agent_options, shutdown.clone())?;
    // One that ends early takes the other with it: half a worker would leave projects waiting without a word.
    let (first, second) =
        tokio::join!(end_together(workflows, shutdown.clone()), end_together(model_calls, shutdown));
    first.and(second)
}

async fn end_together(queue: queues::Queue, shutdown: CancellationToken) -> Result<(), WorkerError> {
    let result = queue.ended().await;
    shutdown.cancel();
    result
}
