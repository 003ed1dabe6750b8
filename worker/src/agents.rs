//! Model providers, models and prompts of this process, from settings and environment.

use crate::{Settings, WorkerError};
use groundwork_activities::{Workshop, WorkshopSettings};
use groundwork_agents::prompt::PromptSet;
use groundwork_agents::{Agents, AgentsSettings, KeyAccess};
use groundwork_domain::sealed::KeyRing;
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
    agents.models = settings.models()?;
    let prompts = match &settings.prompts_folder {
        Some(folder) => {
            PromptSet::from_folder(folder).map_err(|error| WorkerError::Settings(error.to_string()))?
        }
        None => PromptSet::shipped(),
    };
    let keys = keys(settings, &agents)?;
    let agents = Agents::new(agents).map_err(|error| WorkerError::Settings(error.to_string()))?;
    let patience = WorkshopSettings {
        files: settings.files,
        turns_max: settings.tool_turns,
        ..WorkshopSettings::default()
    };
    Ok(Workshop::open_with_keys(store, agents, prompts, patience, keys))
}

/// People's own keys are opened with `SECRET_KEY`, which the API seals them with, or with one of `SECRET_KEYS_PREVIOUS`.
/// Pipelines that ask for a key of one's own run on the platform's where the setting permits it, and where all providers
/// are on this machine: a simulator, or a model of one's own.
fn keys(settings: &Settings, agents: &AgentsSettings) -> Result<KeyAccess, WorkerError> {
    let mut providers = [&agents.anthropic, &agents.openai].into_iter().flatten().peekable();
    let is_local = providers.peek().is_some() && providers.all(|provider| is_loopback(&provider.base_url));
    let platform_pays = settings.platform_keys || is_local;
    let Some(secret) = variable("SECRET_KEY").filter(|secret| !secret.is_empty()) else {
        tracing::info!("no SECRET_KEY: people's own provider keys cannot be opened here");
        return Ok(KeyAccess::new(None, platform_pays));
    };
    let previous = variable("SECRET_KEYS_PREVIOUS").unwrap_or_default();
    let previous = previous.split(',').map(str::trim).filter(|one| !one.is_empty());
    let secrets: Vec<_> = std::iter::once(secret.as_str()).chain(previous).map(Into::into).collect();
    let ring = KeyRing::derive(&secrets).map_err(|error| WorkerError::Settings(error.to_string()))?;
    Ok(KeyAccess::new(ring, platform_pays))
}

fn is_loopback(url: &str) -> bool {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    ["127.", "localhost:", "localhost/", "[::1]"].iter().any(|local| host.starts_with(local))
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
