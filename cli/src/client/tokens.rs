//! What a client shows to say who it is, and how a session's tokens are renewed: the access token ends after minutes, and each
//! refresh token works once.

use crate::credentials::Credentials;
use crate::failure::Result;
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use std::sync::Arc;
use tokio::sync::Mutex;
use uuid::Uuid;

/// Renewed so long before its end, so that a request does not arrive too late.
const EARLY_S: i64 = 30;
/// Namespace of the keys that renewals are sent under.
const KEYS: Uuid = Uuid::from_u128(0x0c3f_5d5e_8f63_4f0a_9c1b_2b0e_9d57_6a41);

/// Tokens of a session, as the server answers sign-up, login and refresh.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Tokens {
    pub(crate) access_token: SecretString,
    /// Where a server does not say, nothing is renewed before it is refused.
    #[serde(default)]
    pub(crate) expires_at: Option<DateTime<Utc>>,
    /// Where a server gives none, nothing is renewed.
    #[serde(default)]
    pub(crate) refresh_token: Option<SecretString>,
    /// Idempotency-Key of the renewal. It is kept with the tokens, so that whoever renews them (another process, or this one
    /// after a crash) sends the same request and gets the same answer.
    #[serde(skip, default = "Uuid::new_v4")]
    pub(crate) key: Uuid,
}

impl Tokens {
    /// Whether the access token is over, or nearly so.
    pub(super) fn is_over(&self) -> bool {
        self.expires_at.is_some_and(|end| end < Utc::now() + TimeDelta::seconds(EARLY_S))
    }

    /// The same tokens with the key that follows another's, the same in every process that renews them.
    pub(super) fn after(mut self, earlier: Uuid) -> Self {
        self.key = Uuid::new_v5(&KEYS, earlier.as_bytes());
        self
    }

    fn shows(&self, token: &SecretString) -> bool {
        self.access_token.expose_secret() == token.expose_secret()
    }
}

/// Who a client is.
#[derive(Clone, Debug)]
pub(crate) enum Bearer {
    /// Nobody yet.
    Nobody,
    /// Who has this token: an API token, or an access token that ends by itself.
    Fixed(SecretString),
    /// A session that is renewed. Clones share it.
    Session(Arc<Session>),
}

/// A session's tokens, and where they are kept.
#[derive(Debug)]
pub(crate) struct Session {
    tokens: Mutex<Tokens>,
    /// The file, and the server's name in it.
    kept: Option<(Credentials, String)>,
}

impl Bearer {
    /// A session whose tokens are only in memory.
    pub(crate) fn in_memory(tokens: Tokens) -> Self {
        Self::Session(Arc::new(Session { tokens: Mutex::new(tokens), kept: None }))
    }

    /// A session whose tokens are in the credentials file.
    pub(crate) fn kept(tokens: Tokens, credentials: Credentials, server: &str) -> Self {
        let kept = Some((credentials, server.to_owned()));
        Self::Session(Arc::new(Session { tokens: Mutex::new(tokens), kept }))
    }
}

impl Session {
    /// The tokens as they are now.
    pub(super) async fn tokens(&self) -> Tokens {
        self.tokens.lock().await.clone()
    }

    /// Has the tokens renewed, unless somebody else did it since `shown` was sent: another task, or another process.
    pub(super) async fn renew(
        &self,
        shown: &SecretString,
        ask: impl AsyncFnOnce(&SecretString, Uuid) -> Result<Tokens>,
    ) -> Result<Renewal> {
        let mut tokens = self.tokens.lock().await;
        if !tokens.shows(shown) {
            return Ok(Renewal::Renewed);
        }
        if let Some((credentials, server)) = &self.kept
            && let Some(kept) = credentials.tokens(server)?
            && !kept.shows(shown)
        {
            *tokens = kept;
            return Ok(Renewal::Renewed);
        }
        let Some(refresh) = tokens.refresh_token.clone() else {
            return Ok(Renewal::Impossible);
        };
        let renewed = ask(&refresh, tokens.key).await?.after(tokens.key);
        if let Some((credentials, server)) = &self.kept {
            credentials.renew(server, &renewed)?;
        }
        *tokens = renewed;
        Ok(Renewal::Renewed)
    }
}

/// What became of tokens that the server refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Renewal {
    /// There are newer ones.
    Renewed,
    /// There is nothing to renew them with.
    Impossible,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(access: &str, refresh: Option<&str>) -> Tokens {
        Tokens {
            access_token: access.into(),
            expires_at: None,
            refresh_token: refresh.map(SecretString::from),
            key: Uuid::from_u128(7),
        }
    }

    #[tokio::test]
    async fn what_somebody_else_renewed_is_taken_and_not_renewed_again() {
        let directory = tempfile::tempdir().expect("a directory");
        let credentials = Credentials::at(directory.path().join("credentials.toml"));
        credentials.keep("http://a", "a@example.com", &tokens("one", Some("r1"))).expect("kept");
        let open = || {
            let kept = credentials.tokens("http://a").expect("read").expect("tokens");
            match Bearer::kept(kept, credentials.clone(), "http://a") {
                Bearer::Session(session) => session,
                Bearer::Nobody | Bearer::Fixed(_) => unreachable!("a session was opened"),
            }
        };
        let (first, second) = (open(), open());
        let answer = async |refresh: &SecretString, key: Uuid| {
            assert_eq!((refresh.expose_secret(), key), ("r1", Uuid::from_u128(7)));
            Ok(tokens("two", Some("r2")))
        };
        first.renew(&"one".into(), answer).await.expect("renewed");
        let never =
            async |_: &SecretString, _: Uuid| -> Result<Tokens> { unreachable!("it was renewed before") };
        assert_eq!(second.renew(&"one".into(), never).await.expect("renewed"), Renewal::Renewed);
        let (first, second) = (first.tokens().await, second.tokens().await);
        assert_eq!(second.access_token.expose_secret(), "two");
        assert_eq!(first.key, second.key, "both would renew under the same key");
        assert_ne!(first.key, Uuid::from_u128(7));
    }

    #[tokio::test]
    async fn without_a_refresh_token_nothing_is_renewed() {
        let Bearer::Session(session) = Bearer::in_memory(tokens("one", None)) else {
            unreachable!("a session")
        };
        let never =
            async |_: &SecretString, _: Uuid| -> Result<Tokens> { unreachable!("nothing to ask with") };
        assert_eq!(session.renew(&"one".into(), never).await.expect("answered"), Renewal::Impossible);
    }
}
