//! What handlers share.

use crate::auth::{Passwords, SecretError, Secrets, Tokens};
use crate::engine::Engine;
use crate::limits::Meter;
use crate::live::Hub;
use crate::mail::{Mailer, MailerError};
use crate::oauth::{Providers, ProvidersError};
use crate::routes::{Recent, Seen};
use crate::settings::{Settings, SettingsError};
use groundwork_domain::sealed::{KeyRing, SealError};
use groundwork_store::Store;
use std::ops::Deref;
use std::sync::Arc;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// The state of an API process; nothing in it is needed after it dies. Clones share it.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) store: Store,
    pub(crate) engine: Engine,
    pub(crate) tokens: Tokens,
    pub(crate) secrets: Secrets,
    /// Seals keys of model providers.
    pub(crate) key_ring: KeyRing,
    pub(crate) passwords: Passwords,
    pub(crate) hub: Hub,
    /// Wakes the sweeper that puts projects away and takes them back.
    pub(crate) shelving: Notify,
    pub(crate) mailer: Mailer,
    pub(crate) providers: Providers,
    /// How the parts outside of this process were a moment ago.
    pub(crate) health: Recent<Seen>,
    /// Limits by time.
    pub(crate) meter: Meter,
    /// Reads Temporal's own metrics on loopback.
    pub(crate) http: reqwest::Client,
    /// Cancelled when the process is about to end: streams close.
    pub(crate) shutdown: CancellationToken,
}

impl Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl App {
    pub(crate) fn new(
        settings: Settings,
        store: Store,
        engine: Engine,
        shutdown: CancellationToken,
    ) -> Result<Self, AppError> {
        settings.check()?;
        let shared = Shared {
            tokens: Tokens::new(&settings.secret_key)?,
            key_ring: key_ring(&settings)?,
            secrets: Secrets::new(&settings.secret_key).map_err(|_| SecretError::TooShort)?,
            passwords: Passwords::new(&settings.identity)?,
            hub: Hub::new(store.clone()),
            shelving: Notify::new(),
            mailer: Mailer::new(&settings.mail)?,
            providers: Providers::new(&settings)?,
            health: Recent::default(),
            meter: Meter::new(store.clone(), settings.quotas.clone()),
            http: reqwest::Client::builder().no_proxy().build()?,
            settings,
            store,
            engine,
            shutdown,
        };
        Ok(Self(Arc::new(shared)))
    }
}

/// The ring of `SECRET_KEY` and those before it. Workers have the same one.
fn key_ring(settings: &Settings) -> Result<KeyRing, SealError> {
    let mut secrets = vec![settings.secret_key.clone()];
    secrets.extend(settings.previous_secret_keys.iter().cloned());
    KeyRing::derive(&secrets)
}

/// Why an API process cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// A setting.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The secret.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The keys that seal.
    #[error("no key ring can be made of the secrets")]
    KeyRing(#[from] SealError),
    /// Hashing.
    #[error("bcrypt does not work")]
    Passwords(#[from] bcrypt::BcryptError),
    /// Mail.
    #[error(transparent)]
    Mail(#[from] MailerError),
    /// Other providers.
    #[error(transparent)]
    Providers(#[from] ProvidersError),
    /// The HTTP client.
    #[error("no HTTP client could be made")]
    Http(#[from] reqwest::Error),
    /// The listener.
    #[error("the listener failed")]
    Listener(#[from] std::io::Error),
}
