//! Who is signed in where: one file in the user's configuration directory that its owner alone may read.

use crate::failure::{Exit, Failure, Result};
use crate::stack::home::{make_private, write_private};
use anyhow::Context as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

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

    /// The access token for a server.
    pub(crate) fn token(&self, server: &str) -> Result<SecretString> {
        if let Some(token) = std::env::var("GROUNDWORK_TOKEN").ok().filter(|token| !token.is_empty()) {
            return Ok(token.into());
        }
        let account = self.read()?.servers.remove(server);
        account.map(|account| account.access_token.into()).ok_or_else(|| {
            Failure::new(Exit::NotSignedIn, "not_signed_in", format!("nobody is signed in to {server}"))
                .next("groundwork login --email YOU@EXAMPLE.COM (or groundwork signup)")
        })
    }

    /// Keeps an account's token, in place of an earlier one for that server.
    pub(crate) fn keep(&self, server: &str, email: &str, token: &SecretString) -> Result<()> {
        let mut content = self.read()?;
        let account = Account { email: email.to_owned(), access_token: token.expose_secret().to_owned() };
        content.servers.insert(server.to_owned(), account);
        self.write(&content)
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
        assert_eq!(credentials.token("http://a").expect_err("nobody").exit, Exit::NotSignedIn);
        credentials.keep("http://a", "a@example.com", &"one".into()).expect("kept");
        credentials.keep("http://b", "b@example.com", &"two".into()).expect("kept");
        assert_eq!(credentials.token("http://a").expect("a token").expose_secret(), "one");
        assert_eq!(credentials.forget("http://a").expect("forgotten").as_deref(), Some("a@example.com"));
        assert!(credentials.token("http://a").is_err());
        assert_eq!(credentials.token("http://b").expect("a token").expose_secret(), "two");
        let mode = std::fs::metadata(&credentials.0).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_broken_file_says_what_to_do() {
        let directory = tempfile::tempdir().expect("a directory");
        let credentials = Credentials(directory.path().join("credentials.toml"));
        std::fs::write(&credentials.0, "servers = 3").expect("written");
        let failure = credentials.token("http://a").expect_err("a failure");
        assert_eq!(
            (failure.exit, failure.next.as_deref()),
            (Exit::Usage, Some("remove it and sign in again"))
        );
    }
}
