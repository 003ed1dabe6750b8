//! What an installation can set. Defaults, then `groundwork.toml`, then `GROUNDWORK__SECTION__KEY`, then flags; secrets and the
//! addresses of what others run come from the variables that everybody knows (`.env.example`).

use crate::args::LogFormat;
use crate::failure::{Failure, Result};
use config::{Config, Environment, File, FileFormat};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Everything that can be set. A name that is not known is an error: a typing mistake must not go unnoticed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// The HTTP API.
    pub(crate) api: groundwork_api::Settings,
    /// Workflows and model calls.
    pub(crate) worker: groundwork_worker::Settings,
    /// Connections to Postgres.
    pub(crate) database: Database,
    /// What is written while it runs.
    pub(crate) log: Log,
    /// `groundwork dev` and `groundwork demo`.
    pub(crate) dev: Dev,
}

/// Section `[database]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Database {
    /// Connections of one process at most.
    pub(crate) connections_max: u32,
    /// Milliseconds that a caller waits for a connection.
    pub(crate) acquire_ms_max: u64,
    /// Milliseconds that a statement may run.
    pub(crate) statement_ms_max: u64,
}

impl Default for Database {
    fn default() -> Self {
        Self { connections_max: 20, acquire_ms_max: 5_000, statement_ms_max: 20_000 }
    }
}

impl Database {
    pub(crate) fn options(&self) -> groundwork_store::StoreOptions {
        groundwork_store::StoreOptions {
            connections_max: self.connections_max,
            acquire_timeout: Duration::from_millis(self.acquire_ms_max),
            statement_timeout: Duration::from_millis(self.statement_ms_max),
        }
    }
}

/// Section `[log]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Log {
    /// `text` or `json`.
    pub(crate) format: LogFormat,
    /// As `tracing` reads it: `info,groundwork_worker=debug`.
    pub(crate) filter: String,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::Text,
            filter: "info,temporalio_sdk_core=warn,temporalio_client=warn".to_owned(),
        }
    }
}

/// Section `[dev]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Dev {
    /// Where everything is kept.
    pub(crate) directory: PathBuf,
    /// Five ports in a row from here on; without it, `ports`.
    pub(crate) port_base: Option<u16>,
    /// One by one.
    pub(crate) ports: crate::stack::Ports,
    /// Accounts of the installation (requirements.md A-02).
    pub(crate) users_max: u32,
    /// Projects a person may create; more than in production, so that the demo can be repeated.
    pub(crate) projects_max: u32,
}

impl Default for Dev {
    fn default() -> Self {
        Self {
            directory: PathBuf::from(".groundwork"),
            port_base: None,
            ports: crate::stack::Ports::default(),
            users_max: 80,
            projects_max: 1_000,
        }
    }
}

/// Settings that are lists: in a variable their values stand behind one another, with commas between them.
const LISTS: [(&str, &str); 4] = [
    ("GROUNDWORK__API__TRUSTED_PROXIES", "api.trusted_proxies"),
    ("GROUNDWORK__API__CORS_ORIGINS", "api.cors_origins"),
    ("GROUNDWORK__API__OPERATORS", "api.operators"),
    ("GROUNDWORK__API__EGRESS_ALLOWED", "api.egress_allowed"),
];

/// Reads all layers. The file need not exist; `flags` are pairs of a dotted name and a value.
pub(crate) fn load(file: &Path, flags: &[(&str, Option<String>)]) -> Result<Settings> {
    let file_source = File::new(&file.to_string_lossy(), FileFormat::Toml).required(false);
    // Values stay text until a field wants something else: parsed early, 0123 would become 123.
    let environment = Environment::with_prefix("GROUNDWORK").prefix_separator("__").separator("__");
    let layers = Config::builder().add_source(file_source).add_source(environment);
    read(layers, |name| std::env::var(name).ok(), flags).map_err(|error| {
        Failure::usage(format!("a setting cannot be used: {error}"))
            .next(format!("look into {} and at variables that begin with GROUNDWORK__", file.display()))
    })
}

fn read(
    mut builder: config::ConfigBuilder<config::builder::DefaultState>,
    variable: impl Fn(&str) -> Option<String>,
    flags: &[(&str, Option<String>)],
) -> std::result::Result<Settings, config::ConfigError> {
    for (name, key) in LISTS {
        // The library splits no text that it does not also guess the type of.
        let Some(joined) = variable(name) else { continue };
        let values: Vec<_> = joined.split(',').map(str::trim).filter(|one| !one.is_empty()).collect();
        builder = builder.set_override(key, values)?;
    }
    for (name, value) in flags {
        builder = builder.set_override_option(name, value.clone())?;
    }
    builder.build()?.try_deserialize()
}

/// A secret from the variable `name`, or from the file that `name`_FILE names.
pub(crate) fn secret(name: &str) -> Result<Option<SecretString>> {
    if let Some(value) = std::env::var(name).ok().filter(|value| !value.is_empty()) {
        return Ok(Some(value.into()));
    }
    let Some(path) = std::env::var_os(format!("{name}_FILE")) else { return Ok(None) };
    let text = std::fs::read_to_string(&path)
        .map_err(|error| Failure::usage(format!("{name}_FILE: {}: {error}", Path::new(&path).display())))?;
    Ok(Some(text.trim_end().into()))
}

/// As `secret`, where nothing works without it.
pub(crate) fn required_secret(name: &str, what: &str) -> Result<SecretString> {
    secret(name)?.ok_or_else(|| {
        Failure::usage(format!("{name} is not set: {what}"))
            .next(format!("set {name} or {name}_FILE, or use `groundwork dev`, which needs neither"))
    })
}

/// Secrets that `SECRET_KEY` replaced, the latest first: what they sealed still opens. Separated by commas.
pub(crate) fn previous_secrets() -> Result<Vec<SecretString>> {
    let joined = secret("SECRET_KEYS_PREVIOUS")?;
    let joined = joined.as_ref().map_or("", |joined| joined.expose_secret());
    Ok(joined.split(',').map(str::trim).filter(|one| !one.is_empty()).map(SecretString::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layered(
        file: &str,
        env: &[(&str, &str)],
        flags: &[(&str, Option<String>)],
    ) -> Result<Settings, String> {
        let source = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let environment = Environment::with_prefix("GROUNDWORK")
            .prefix_separator("__")
            .separator("__")
            .source(Some(source));
        let builder =
            Config::builder().add_source(File::from_str(file, FileFormat::Toml)).add_source(environment);
        let variable =
            |name: &str| env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        read(builder, variable, flags).map_err(|error| error.to_string())
    }

    #[test]
    fn lists_come_from_variables_too() {
        let file = "[api]\noperators = [\"ada@example.org\"]";
        let env = [
            ("GROUNDWORK__API__OPERATORS", "bob@example.org, eve@example.org"),
            ("GROUNDWORK__API__TRUSTED_PROXIES", "10.0.0.0/8,::1/128"),
            ("GROUNDWORK__API__CORS_ORIGINS", ""),
        ];
        let settings = layered(file, &env, &[]).expect("settings");
        assert_eq!(settings.api.operators, ["bob@example.org", "eve@example.org"]);
        assert_eq!((settings.api.trusted_proxies.len(), settings.api.cors_origins.len()), (2, 0));
        assert!(layered("", &[("GROUNDWORK__API__TRUSTED_PROXIES", "10.0.0.0/8,nonsense")], &[]).is_err());
    }

    #[test]
    fn later_layers_win() {
        let file = "[api]\nbind = \"127.0.0.1:1\"\n[api.identity]\ntoken_minutes = 2\n[dev.ports]\ntemporal = 3\n[log]\nfilter = \"debug\"";
        let env = [("GROUNDWORK__API__BIND", "127.0.0.1:2"), ("GROUNDWORK__DEV__PORTS__API", "5")];
        let settings = layered(file, &env, &[]).expect("settings");
        assert_eq!(settings.api.bind.port(), 2);
        assert_eq!((settings.dev.ports.temporal, settings.dev.ports.api), (3, 5));
        assert_eq!((settings.api.identity.token_minutes, settings.log.filter.as_str()), (2, "debug"));
        let flags = [("api.bind", Some("127.0.0.1:4".to_owned())), ("log.format", None)];
        assert_eq!(layered(file, &env, &flags).expect("settings").api.bind.port(), 4);
    }

    #[test]
    fn other_variables_of_ours_are_not_settings() {
        layered("", &[("GROUNDWORK_SERVER", "http://x"), ("GROUNDWORK_CACHE", "/x")], &[]).expect("settings");
    }

    #[test]
    fn a_name_that_is_not_known_is_an_error() {
        let error = layered("[api]\nbindd = \"x\"", &[], &[]).expect_err("an error");
        assert!(error.contains("bindd"), "{error}");
        layered("", &[("GROUNDWORK__WORKER__SLOTS", "1")], &[]).expect_err("an error");
    }
}
