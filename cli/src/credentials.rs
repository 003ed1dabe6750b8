//! Who is signed in where: one file in the user's configuration directory that its owner alone may read.

use crate::client::tokens::{Bearer, Tokens};
use crate::failure::{Exit, Failure, Result};
use crate::stack::home::{make_private, write_private};
use anyhow::Context as _;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use uuid::Uuid;

/// The file's content: an account for each server.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Content {
    servers: BTreeMap<String, Account>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Account {
    email: String,
    access_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_key: Option<Uuid>,
}

impl Account {
    fn new(email: String, tokens: &Tokens) -> Self {
        Self {
            email,
            access_token: tokens.access_token.expose_secret().to_owned(),
            expires_at: tokens.expires_at,
            refresh_token: tokens.refresh_token.as_ref().map(|token| token.expose_secret().to_owned()),
            refresh_key: Some(tokens.key),
        }
    }
}

/// The credentials file; it need not exist.
#[derive(Clone, Debug)]
pub(crate) struct Credentials(PathBuf);

impl Credentials {
    /// `GROUNDWORK_CREDENTIALS`, else `credentials.toml` below `XDG_CONFIG_HOME` or `~/.config`.
    pub(crate) fn find() -> Result<Self> {
        if let Some(path) = std::env::var_os("GROUNDWORK_CREDENTIALS") {
            return Ok(Self(path.into()));
        }
        let directory = std::env::var_os("XDG_CONFIG_HOME")
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
            .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".config")))
            .ok_or_else(|| {
                Failure::usage(
                    "neither HOME nor XDG_CONFIG_HOME is set, so there is no place for credentials",
                )
                .next("set GROUNDWORK_CREDENTIALS to a file")
            })?;
        Ok(Self(directory.join("groundwork").join("credentials.toml")))
    }

    /// The file at that place.
    #[cfg(test)]
    pub(crate) fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// Who speaks to a server: whoever GROUNDWORK_TOKEN names (an API token may stand there), else who signed in.
    pub(crate) fn bearer(&self, server: &str) -> Result<Bearer> {
        if let Some(token) = std::env::var("GROUNDWORK_TOKEN").ok().filter(|token| !token.is_empty()) {
            return Ok(Bearer::Fixed(token.into()));
        }
        let tokens = self.tokens(server)?.ok_or_else(|| {
            Failure::new(Exit::NotSignedIn, "not_signed_in", format!("nobody is signed in to {server}"))
                .next("groundwork login --email YOU@EXAMPLE.COM (or groundwork signup)")
        })?;
        Ok(Bearer::kept(tokens, self.clone(), server))
    }

    /// The tokens of who is signed in to a server.
    pub(crate) fn tokens(&self, server: &str) -> Result<Option<Tokens>> {
        let account = self.read()?.servers.remove(server);
        Ok(account.map(|account| Tokens {
            access_token: account.access_token.into(),
            expires_at: account.expires_at,
            refresh_token: account.refresh_token.map(SecretString::from),
            key: account.refresh_key.unwrap_or_else(Uuid::new_v4),
        }))
    }

    /// Keeps an account's tokens, in place of an earlier one for that server.
    pub(crate) fn keep(&self, server: &str, email: &str, tokens: &Tokens) -> Result<()> {
        let mut content = self.read()?;
        content.servers.insert(server.to_owned(), Account::new(email.to_owned(), tokens));
        self.write(&content)
    }

    /// Keeps renewed tokens of who is signed in; nothing, where they were signed out since.
    pub(crate) fn renew(&self, server: &str, tokens: &Tokens) -> Result<()> {
        let mut content = self.read()?;
        if let Some(account) = content.servers.get_mut(server) {
            *account = Account::new(std::mem::take(&mut account.email), tokens);
            self.write(&content)?;
        }
        Ok(())
    }

    /// Forgets a server's account; says whose it was.
    pub(crate) fn forget(&self, server: &str) -> Result<Option<String>> {
        let mut content = self.read()?;
        let account = content.servers.remove(server);
        if account.is_some() {
            self.write(&content)?;
        }
        Ok(account.map(|account| account.email))
    }

    fn read(&self) -> Result<Content> {
        let path = self.0.display();
        match std::fs::read_to_string(&self.0) {
            Ok(text) => toml::from_str(&text).map_err(|error| {
                Failure::usage(format!("{path} cannot be read: {error}")).next("remove it and sign in again")
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Content::default()),
            Err(error) => Err(Failure::usage(format!("{path} cannot be read: {error}"))),
        }
    }

    fn write(&self, content: &Content) -> Result<()> {
        if let Some(directory) = self.0.parent().filter(|directory| !directory.exists()) {
            make_private(directory)?;
        }
        let text = toml::to_string_pretty(content).context("writing credentials")?;
        Ok(write_private(&self.0, text.as_bytes())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn tokens_are_kept_by_server_in_a_private_file() {
        let directory = tempfile::tempdir().expect("a directory");
        let credentials = Credentials(directory.path().join("groundwork/credentials.toml"));
        assert!(credentials.tokens("http://a").expect("read").is_none());
        let tokens = |access: &str| Tokens {
            access_token: access.into(),
            expires_at: None,
            refresh_token: Some("refresh".into()),
            key: Uuid::from_u128(1),
        };
        credentials.keep("http://a", "a@example.com", &tokens("one")).expect("kept");
        credentials.keep("http://b", "b@example.com", &tokens("two")).expect("kept");
        let kept = |server: &str| credentials.tokens(server).expect("read");
        let access = |server: &str| kept(server).map(|tokens| tokens.access_token.expose_secret().to_owned());
        assert_eq!(access("http://a").as_deref(), Some("one"));
        assert_eq!(kept("http://a").map(|tokens| tokens.key), Some(Uuid::from_u128(1)));
        assert_eq!(credentials.forget("http://a").expect("forgotten").as_deref(), Some("a@example.com"));
        assert_eq!(access("http://a"), None);
        credentials.renew("http://a", &tokens("three")).expect("signed out, so nothing to renew");
        assert_eq!(access("http://a"), None);
        credentials.renew("http://b", &tokens("four")).expect("renewed");
        assert_eq!(access("http://b").as_deref(), Some("four"));
        let mode = std::fs::metadata(&credentials.0).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_broken_file_says_what_to_do() {
        let directory = tempfile::tempdir().expect("a directory");
        let credentials = Credentials(directory.path().join("credentials.toml"));
        std::fs::write(&credentials.0, "servers = 3").expect("written");
        let failure = credentials.tokens("http://a").expect_err("a failure");
        assert_eq!(
            (failure.exit, failure.next.as_deref()),
            (Exit::Usage, Some("remove it and sign in again"))
        );
    }
}
