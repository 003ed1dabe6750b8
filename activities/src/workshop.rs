//! What all attempts of a worker process share.

use crate::deltas::Deltas;
use crate::error::AttemptError;
use crate::leases::Leases;
use crate::{attempt, background};
use groundwork_agents::prompt::PromptSet;
use groundwork_agents::{Agents, CancellationToken};
use groundwork_domain::work::{StageOutcome, StageTask};
use groundwork_store::Store;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;
use uuid::Uuid;

/// How patient attempts are.
#[derive(Clone, Copy, Debug)]
pub struct WorkshopSettings {
    /// How often an attempt looks whether the call that another one makes is done.
    pub lease_poll: Duration,
    /// How often a cancelled attempt asks whether it is still wanted.
    pub wanted_poll: Duration,
    /// How long an attempt waits for what it reads, before Temporal tries it again.
    pub input_wait: Duration,
}

impl Default for WorkshopSettings {
    fn default() -> Self {
        Self {
            lease_poll: Duration::from_millis(250),
            wanted_poll: Duration::from_secs(1),
            input_wait: Duration::from_secs(5),
        }
    }
}

/// Store, models and prompts of a worker process, its leases and its running texts.
pub struct Workshop {
    pub(crate) store: Store,
    pub(crate) agents: Agents,
    pub(crate) prompts: PromptSet,
    /// Owner of this process's leases; a new one each time a process starts.
    pub(crate) worker_id: Uuid,
    pub(crate) settings: WorkshopSettings,
    pub(crate) leases: Arc<Leases>,
    pub(crate) deltas: Arc<Deltas>,
    background: Mutex<Vec<JoinHandle<()>>>,
}

impl Workshop {
    /// Opens the workshop and starts what it does in the background; needs a Tokio runtime around it. One a process.
    #[must_use]
    pub fn open(store: Store, agents: Agents, prompts: PromptSet, settings: WorkshopSettings) -> Arc<Self> {
        let workshop = Arc::new(Self {
            store,
            agents,
            prompts,
            worker_id: Uuid::new_v4(),
            settings,
            leases: Arc::default(),
            deltas: Arc::default(),
            background: Mutex::default(),
        });
        let tasks = background::start(&workshop);
        *workshop.background.lock().unwrap_or_else(PoisonError::into_inner) = tasks;
        workshop
    }

    /// Runs an attempt of a stage to its result, without Temporal: what the activities `agent.*` do. Once `cancelled` is
    /// cancelled it ends soon, unless a call is under way that is still wanted.
    ///
    /// # Errors
    /// Why there is no result; see [`AttemptError`].
    pub async fn run(
        &self,
        task: &StageTask,
        cancelled: &CancellationToken,
    ) -> Result<StageOutcome, AttemptError> {
        attempt::run(self, task, cancelled).await
    }

    /// Calls to models that are under way: a worker that stops waits until there are none.
    #[must_use]
    pub fn calls_under_way(&self) -> usize {
        self.leases.all().len()
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        for task in self.background.get_mut().unwrap_or_else(PoisonError::into_inner) {
            task.abort();
        }
    }
}
