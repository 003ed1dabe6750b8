//! What all attempts of a worker process share.

use crate::deltas::Deltas;
use crate::error::AttemptError;
use crate::leases::Leases;
use crate::rotation::{self, Rotated};
use crate::{attempt, background};
use groundwork_agents::prompt::PromptSet;
use groundwork_agents::{Agents, CallKeys, CancellationToken, KeyAccess, KeySource, OfferedKey};
use groundwork_domain::document::files::FileLimits;
use groundwork_domain::model::ProviderId;
use groundwork_domain::work::{StageOutcome, StageTask};
use groundwork_store::api_keys::{self, KeyOwner};
use groundwork_store::{Store, StoreError, Tx, projects};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;
use uuid::Uuid;

/// How patient attempts are.
#[derive(Clone, Copy, Debug)]
pub struct WorkshopSettings {
    /// How often an attempt looks whether the call that another one makes is done.
    pub lease_poll: Duration,
    /// How often an attempt asks again whether a budget that others have reserved has room.
    pub budget_poll: Duration,
    /// How often a cancelled attempt asks whether it is still wanted.
    pub wanted_poll: Duration,
    /// How long an attempt waits for what it reads, before Temporal tries it again.
    pub input_wait: Duration,
    /// How many files an agent may write, and how large.
    pub files: FileLimits,
    /// Turns of a loop of tool calls.
    pub turns_max: u32,
    /// Tokens that a loop may write in all its turns.
    pub loop_output_tokens_max: u64,
}

impl Default for WorkshopSettings {
    fn default() -> Self {
        Self {
            lease_poll: Duration::from_millis(250),
            budget_poll: Duration::from_secs(1),
            wanted_poll: Duration::from_secs(1),
            input_wait: Duration::from_secs(5),
            files: FileLimits::default(),
            turns_max: 120,
            loop_output_tokens_max: 1_000_000,
        }
    }
}

/// Store, models and prompts of a worker process, its leases and its running texts.
pub struct Workshop {
    pub(crate) store: Store,
    pub(crate) agents: Agents,
    pub(crate) prompts: PromptSet,
    keys: KeyAccess,
    /// Owner of this process's leases; a new one each time a process starts.
    pub(crate) worker_id: Uuid,
    pub(crate) settings: WorkshopSettings,
    pub(crate) leases: Arc<Leases>,
    pub(crate) deltas: Arc<Deltas>,
    background: Mutex<Vec<JoinHandle<()>>>,
}

impl Workshop {
    /// Opens the workshop and starts what it does in the background; needs a Tokio runtime around it. One a process.
    /// The platform pays for everything.
    #[must_use]
    pub fn open(store: Store, agents: Agents, prompts: PromptSet, settings: WorkshopSettings) -> Arc<Self> {
        Self::open_with_keys(store, agents, prompts, settings, KeyAccess::platform())
    }

    /// The same with people's own keys.
    #[must_use]
    pub fn open_with_keys(
        store: Store,
        agents: Agents,
        prompts: PromptSet,
        settings: WorkshopSettings,
        keys: KeyAccess,
    ) -> Arc<Self> {
        let workshop = Arc::new(Self {
            store,
            agents,
            prompts,
            keys,
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

    /// The keys with which an attempt's calls are made: the owner's, the workspace's, the platform's, in this order.
    pub(crate) async fn keys_of(&self, tx: &mut Tx, task: &StageTask) -> Result<CallKeys, AttemptError> {
        if !self.keys.looks_up() {
            return Ok(CallKeys::default());
        }
        let mut offered = Vec::new();
        for provider in ProviderId::ALL {
            for key in api_keys::for_call(tx, task.project_id, provider.as_str()).await? {
                let source = match key.owner {
                    KeyOwner::User(_) => KeySource::User,
                    KeyOwner::Workspace(_) => KeySource::Workspace,
                };
                let row = key.owner.aad(provider.as_str());
                offered.push(OfferedKey { provider, source, row, sealed: key.sealed });
            }
        }
        // People pay for files with keys of their own (P-03), unless the platform does; whatever the pipeline is called, for
        // anybody may upload the shipped one under another name.
        let own_wanted = projects::writes_files(tx, task.project_id).await?;
        self.keys.resolve(&offered, own_wanted).map_err(|error| {
            tracing::error!(project = %task.project_id, %error, "a stored provider key does not open");
            let message = "A stored provider key cannot be opened any more. Store it again, or take it away.";
            AttemptError::failed("provider_rejected_key", message, true)
        })
    }

    /// Seals people's provider keys anew that a secret before the present one sealed.
    ///
    /// # Errors
    /// Postgres's own.
    pub async fn rotate_keys(&self) -> Result<Rotated, StoreError> {
        rotation::rotate(&self.store, &self.keys).await
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
