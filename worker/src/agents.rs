//! Model providers, models and prompts of this process, from settings and environment.

use crate::{Settings, WorkerError};
use groundwork_activities::{Workshop, WorkshopSettings};
use groundwork_agents::prompt::PromptSet;
use groundwork_agents::{Agents, AgentsSettings};
use groundwork_domain::model::Models;
use groundwork_store::Store;
use std::fs;
use std::sync::Arc;

/// What all attempts of this process share.
pub(crate) fn workshop(settings: &Settings, store: Store) -> Result<Arc<Workshop>, WorkerError> {
    let mut agents = AgentsSettings::from_variables(variable);
    for provider in [&mut agents.anthropic, &mut agents.openai].into_iter().flatten() {
        provider.concurrent_calls_max = settings.provider_calls;
    }
    if agents.anthropic.is_none() && agents.openai.is_none() {
        tracing::warn!(
            "no model provider: set ANTHROPIC_API_KEY or OPENAI_API_KEY, or the base URL of a simulator; stages will fail"
        );
    }
    if let Some(file) = &settings.models_file {
        let unusable = |reason: String| WorkerError::Settings(format!("{}: {reason}", file.display()));
        let text = fs::read_to_string(file).map_err(|error| unusable(error.to_string()))?;
        agents.models = Models::parse(&text).map_err(|error| unusable(error.to_string()))?;
    }
    let prompts = match &settings.prompts_folder {
        Some(folder) => {
            PromptSet::from_folder(folder).map_err(|error| WorkerError::Settings(error.to_string()))?
        }
        None => PromptSet::shipped(),
    };
    let agents = Agents::new(agents).map_err(|error| WorkerError::Settings(error.to_string()))?;
    Ok(Workshop::open(store, agents, prompts, WorkshopSettings::default()))
}

/// A variable of the environment, or the content of the file that its `_FILE` names.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().or_else(|| {
        let path = std::env::var(format!("{name}_FILE")).ok()?;
        let text = fs::read_to_string(&path)
            .inspect_err(|error| tracing::warn!(%error, path, "a file of secrets cannot be read"));
        text.ok().map(|text| text.trim().to_owned())
    })
}
