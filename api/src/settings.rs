//! What an installation can set, with the defaults of requirements.md §2. The cli reads it from file and environment.

mod identity;
mod mail;
mod sign_in;
mod upkeep;
mod uploads;

pub use identity::Identity;
pub use mail::MailSettings;
pub(crate) use mail::{Route, Security, is_loopback};
pub use sign_in::{EmailVerification, ProviderKind, ProviderSettings, SignInSettings};
pub use upkeep::Upkeep;
pub use uploads::UploadSettings;

use groundwork_domain::limits::Limits;
use groundwork_domain::model::Models;
use groundwork_domain::quota::{Quota, Quotas};
use secrecy::SecretString;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// Settings of an API process.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where to listen; used by the caller that binds the listener.
    pub bind: SocketAddr,
    /// The URL under which people reach this API; named in the OpenAPI document.
    pub public_url: Option<String>,
    /// Signs tokens; at least 32 bytes. Set by the caller from `SECRET_KEY` or [`crate::secret_from_file`].
    #[serde(skip)]
    pub secret_key: SecretString,
    /// Secrets that `secret_key` replaced: what they sealed still opens. Set by the caller from `SECRET_KEYS_PREVIOUS`.
    #[serde(skip)]
    pub previous_secret_keys: Vec<SecretString>,
    /// The models that workers know; set by the caller from the workers' settings.
    #[serde(skip)]
    pub models: Models,
    /// The namespace in Temporal's own pages, `https://temporal.example.org/namespaces/default`: operators are shown links there.
    pub temporal_ui_url: Option<String>,
    /// Tokens, sessions, passwords.
    pub identity: Identity,
    /// Accounts of the installation; 0: no cap.
    pub users_max: u32,
    /// Promptr projects a person may create (B-09).
    pub projects_max: u32,
    /// Rows of a list page: the most that can be asked for (N-03).
    pub page_rows_max: u32,
    /// Rows of a list page when nothing is asked for.
    pub page_rows_default: u32,
    /// Bytes of a request's body.
    pub body_bytes_max: usize,
    /// Milliseconds until a request that is not a stream is given up.
    pub request_ms_max: u64,
    /// Milliseconds that the head of a request may take, and a connection be idle.
    pub head_ms_max: u64,
    /// Milliseconds that bytes of an answer may wait while the client takes none of them.
    pub stall_ms_max: u64,
    /// Connections at once.
    pub connections_max: u32,
    /// Connections at once of one client's address (IPv6: one /64), trusted proxies excepted; 0: any number.
    pub connections_per_address_max: u32,
    /// Milliseconds without a byte after which a stream ends.
    pub stream_idle_ms_max: u64,
    /// Milliseconds between signs of life on a stream.
    pub stream_ping_ms: u64,
    /// Milliseconds that open connections have to end after the process was told to.
    pub drain_ms_max: u64,
    /// Milliseconds that a start or an update may take.
    pub engine_ms_max: u64,
    /// Milliseconds to wait until the read model shows a command that was applied.
    pub read_model_ms_max: u64,
    /// Milliseconds after which a request that died with its process is taken over by a repeat.
    pub idempotency_lease_ms: u32,
    /// Hours that first answers are kept.
    pub idempotency_hours: u32,
    /// Bytes of one message of a WebSocket client.
    pub socket_message_bytes_max: usize,
    /// Projects that one WebSocket may be subscribed to.
    pub socket_subscriptions_max: usize,
    /// Seconds after which the sweeper starts a project whose start has an unknown outcome.
    pub sweep_after_s: u32,
    /// Milliseconds between two looks of the sweeper.
    pub sweep_every_ms: u64,
    /// Addresses or networks (`10.0.0.0/8`) of proxies whose `X-Forwarded-For` is believed; none by default.
    pub trusted_proxies: Vec<ipnet::IpNet>,
    /// Origins that browsers may call from; none by default: the web application is served from the same origin.
    pub cors_origins: Vec<String>,
    /// Where `/metrics` is served instead of on `bind`, for whoever watches over the installation and nobody else.
    pub metrics_bind: Option<SocketAddr>,
    /// Where Temporal's own metrics are served (`host:port`), to be appended to `/metrics`.
    pub temporal_metrics_address: Option<SocketAddr>,
    /// Addresses of the people who operate the installation: they see all workspaces' names and figures (B-19).
    pub operators: Vec<String>,
    /// What is put away, taken back and erased, and when.
    pub upkeep: Upkeep,
    /// Limits that a new project is started with.
    pub limits: Limits,
    /// How mail leaves.
    pub mail: MailSettings,
    /// Links that are mailed, and sign-ins elsewhere.
    pub sign_in: SignInSettings,
    /// Other providers that people can sign in with, by the names of their sections.
    pub oauth: BTreeMap<String, ProviderSettings>,
    /// How much of what somebody may have or do, where it is not the default of `domain::quota`: a table for each counter,
    /// with `free`, `paid` and `enterprise`; 0 is any number. (Accounts: `users_max`. Promptr projects: `projects_max`.
    /// Refinements: `limits.refinements_max`.)
    pub quotas: Quotas,
    /// Files that people bring.
    pub uploads: UploadSettings,
    /// Minutes without progress after which a working project is reported as stuck (F-12).
    pub stuck_after_min: u32,
    /// Minutes between two looks for projects in trouble.
    pub supervise_every_min: u32,
    /// Networks inside of which outbound calls may go all the same; none by default.
    pub egress_allowed: Vec<ipnet::IpNet>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            public_url: None,
            secret_key: SecretString::default(),
            previous_secret_keys: Vec::new(),
            models: Models::shipped().clone(),
            temporal_ui_url: None,
            identity: Identity::default(),
            users_max: Quota::Accounts.definition().most[0],
            projects_max: Quota::PromptrProjects.definition().most[0],
            page_rows_max: 100,
            page_rows_default: 20,
            body_bytes_max: 10 * 1024 * 1024,
            request_ms_max: 30_000,
            head_ms_max: 30_000,
            stall_ms_max: 30_000,
            connections_max: 10_000,
            connections_per_address_max: 256,
            stream_idle_ms_max: 120_000,
            stream_ping_ms: 20_000,
            drain_ms_max: 10_000,
            engine_ms_max: 5_000,
            read_model_ms_max: 1_000,
            idempotency_lease_ms: 10_000,
            idempotency_hours: 24,
            socket_message_bytes_max: 64 * 1024,
            socket_subscriptions_max: 50,
            sweep_after_s: 10,
            sweep_every_ms: 5_000,
            trusted_proxies: Vec::new(),
            cors_origins: Vec::new(),
            metrics_bind: None,
            temporal_metrics_address: None,
            operators: Vec::new(),
            upkeep: Upkeep::default(),
            limits: Limits::default(),
            mail: MailSettings::default(),
            sign_in: SignInSettings::default(),
            oauth: BTreeMap::new(),
            quotas: Quotas::default(),
            uploads: UploadSettings::default(),
            stuck_after_min: 10,
            supervise_every_min: 15,
            egress_allowed: Vec::new(),
        }
    }
}

impl Settings {
    pub(crate) fn request_time_max(&self) -> Duration {
        Duration::from_millis(self.request_ms_max)
    }

    /// Whether an address, lower-case and proven to be somebody's, is an operator's.
    pub(crate) fn is_operator(&self, email: &str) -> bool {
        self.operators.iter().any(|operator| operator.trim().to_lowercase() == email)
    }

    pub(crate) fn stream_idle_max(&self) -> Duration {
        Duration::from_millis(self.stream_idle_ms_max)
    }

    pub(crate) fn stream_ping(&self) -> Duration {
        Duration::from_millis(self.stream_ping_ms)
    }

    pub(crate) fn engine_time_max(&self) -> Duration {
        Duration::from_millis(self.engine_ms_max)
    }

    /// Where people's browsers find this installation, without a slash at the end.
    pub(crate) fn web_url(&self) -> String {
        let url = self.public_url.clone().unwrap_or_else(|| format!("http://{}", self.bind));
        url.trim_end_matches('/').to_owned()
    }

    /// Whether somebody must have shown that their address is theirs before they sign in.
    pub(crate) fn needs_verified_email(&self) -> bool {
        match self.sign_in.email_verification {
            EmailVerification::Required => true,
            EmailVerification::Optional => false,
            EmailVerification::Auto => matches!(self.mail.route(), Ok(Route::Smtp { .. })),
        }
    }

    /// Mail and sign-ins elsewhere lead back here, so they must know where that is.
    fn check_ways_back(&self) -> Result<(), SettingsError> {
        let route = self.mail.route()?;
        for (name, provider) in &self.oauth {
            provider.check(name)?;
        }
        if self.public_url.is_none() && matches!(route, Route::Smtp { .. }) {
            return Err(SettingsError("mail.url is set, so public_url must be: mails hold links"));
        }
        if self.public_url.is_none() && !self.oauth.is_empty() {
            return Err(SettingsError(
                "oauth is set, so public_url must be: providers send people back there",
            ));
        }
        if self.needs_verified_email() && route == Route::Off {
            return Err(SettingsError("sign_in.email_verification is required, so mail.url must be set"));
        }
        Ok(())
    }

    /// What is wrong with these settings, if something is.
    pub(crate) fn check(&self) -> Result<(), SettingsError> {
        self.identity.check()?;
        if self.page_rows_default == 0 || self.page_rows_default > self.page_rows_max {
            return Err(SettingsError("page_rows_default must be 1 to page_rows_max"));
        }
        if !self.operators.iter().all(|operator| is_address(operator)) {
            return Err(SettingsError("operators must be email addresses"));
        }
        if self.stall_ms_max == 0 {
            return Err(SettingsError("stall_ms_max must be at least 1"));
        }
        self.check_ways_back()
    }
}

/// Whether that could be somebody's address at all.
fn is_address(text: &str) -> bool {
    let parts = text.trim().split_once('@');
    parts.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'))
        && !text.trim().contains(|c: char| c.is_whitespace() || c == ',')
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("api settings: {0}")]
pub struct SettingsError(pub(crate) &'static str);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_are_addresses() {
        let check = |operators: &[&str]| {
            let operators = operators.iter().map(|operator| (*operator).to_owned()).collect();
            Settings { operators, ..Settings::default() }.check().map_err(|error| error.0)
        };
        assert_eq!(check(&[]), Ok(()));
        assert_eq!(check(&["ops@example.org", " Ada@example.org "]), Ok(()));
        for refused in ["", " ", "ops", "@example.org", "ops@", "a@b@c", "a b@example.org", "a@x.org,b@x.org"]
        {
            assert!(check(&["ops@example.org", refused]).is_err(), "{refused:?}");
        }
    }
}
