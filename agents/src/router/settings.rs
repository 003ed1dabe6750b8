//! What a worker says about providers, and the keys that it gives.

use crate::breaker::BreakerSettings;
use crate::http::Timeouts;
use groundwork_domain::model::{Models, ProviderId};
use secrecy::SecretString;

/// Calls of one provider at once, where settings say nothing.
const CONCURRENT_CALLS_MAX: usize = 64;

/// One provider.
#[derive(Clone, Debug)]
pub struct ProviderSettings {
    /// Anthropic's without `/v1`, OpenAI's with it, as their own SDKs have them.
    pub base_url: String,
    /// `None` for a local server that asks for none.
    pub api_key: Option<SecretString>,
    /// Calls at once; more wait (requirement P-07).
    pub concurrent_calls_max: usize,
}

impl ProviderSettings {
    /// A provider at its own address, or at another.
    #[must_use]
    pub fn new(provider: ProviderId, base_url: Option<String>, api_key: Option<SecretString>) -> Self {
        let own = match provider {
            ProviderId::Anthropic => "https://api.anthropic.com",
            ProviderId::OpenAi => "https://api.openai.com/v1",
        };
        let base_url = base_url.unwrap_or_else(|| own.to_owned());
        Self { base_url, api_key, concurrent_calls_max: CONCURRENT_CALLS_MAX }
    }
}

/// Everything that [`super::Agents`] is made of.
#[derive(Clone, Debug)]
pub struct AgentsSettings {
    /// `None` where neither a key nor an address is set.
    pub anthropic: Option<ProviderSettings>,
    /// `None` where neither a key nor an address is set.
    pub openai: Option<ProviderSettings>,
    /// Which models there are.
    pub models: Models,
    /// When a provider is left alone for a while.
    pub breaker: BreakerSettings,
    /// How long to wait for bytes.
    pub timeouts: Timeouts,
}

impl AgentsSettings {
    /// Reads `ANTHROPIC_API_KEY`, `ANTHROPIC_BASE_URL`, `OPENAI_API_KEY`, `OPENAI_BASE_URL` through `variable`; spaces
    /// around a value do not count, and an empty one is none. Models are the shipped ones.
    #[must_use]
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let read = |name: &str| {
            variable(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
        };
        let provider = |id, key, url| {
            let (key, url) = (read(key).map(SecretString::from), read(url));
            (key.is_some() || url.is_some()).then(|| ProviderSettings::new(id, url, key))
        };
        Self {
            anthropic: provider(ProviderId::Anthropic, "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"),
            openai: provider(ProviderId::OpenAi, "OPENAI_API_KEY", "OPENAI_BASE_URL"),
            models: Models::shipped().clone(),
            breaker: BreakerSettings::default(),
            timeouts: Timeouts::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_provider_is_there_with_a_key_or_an_address() {
        let settings = AgentsSettings::from_variables(|name| match name {
            "ANTHROPIC_API_KEY" => Some("sk-ant-secret".into()),
            "ANTHROPIC_BASE_URL" => Some(String::new()),
            "OPENAI_BASE_URL" => Some("http://127.0.0.1:1/v1".into()),
            _ => None,
        });
        assert_eq!(settings.anthropic.as_ref().unwrap().base_url, "https://api.anthropic.com");
        assert!(settings.openai.as_ref().unwrap().api_key.is_none());
        assert!(AgentsSettings::from_variables(|_| None).openai.is_none());
    }

    #[test]
    fn settings_never_show_a_key() {
        let settings =
            AgentsSettings::from_variables(|name| name.ends_with("KEY").then(|| "sk-very-secret".into()));
        assert!(!format!("{settings:?} {settings:#?}").contains("very-secret"));
    }
}
