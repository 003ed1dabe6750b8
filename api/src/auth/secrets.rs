//! Secrets: new ones, the keys that are derived from the installation's own, and what is sealed with them.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use groundwork_domain::{Digest, UserId};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

/// What a refresh token begins with.
pub(crate) const REFRESH: &str = "gwr_";
/// What a personal API token begins with.
pub(crate) const API_TOKEN: &str = "gw_";
/// What the challenge of a login begins with.
pub(crate) const CHALLENGE: &str = "gwc_";
/// First byte of what is sealed, so that another way to seal can be told apart.
const SEALED: u8 = 1;

/// A secret of 256 random bits, to be shown once.
pub(crate) fn random(prefix: &str) -> SecretString {
    of_bytes(prefix, &rand::random::<[u8; 32]>())
}

/// What is stored of a secret.
pub(crate) fn digest(secret: &SecretString) -> Digest {
    Digest::of(secret.expose_secret().as_bytes())
}

/// 32 bytes for one purpose, from the installation's secret.
pub(super) fn derived(purpose: &str, secret: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(purpose.as_bytes());
    hash.update(b"\0");
    hash.update(secret.as_bytes());
    hash.finalize().into()
}

fn of_bytes(prefix: &str, bytes: &[u8]) -> SecretString {
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes)).into()
}

/// What only this installation can derive or open.
pub(crate) struct Secrets {
    successors: hmac::Key,
    seal: RandomizedNonceKey,
}

/// What was sealed does not open: it is not ours, not this person's, or was changed.
#[derive(Debug, thiserror::Error)]
#[error("sealed bytes do not open")]
pub(crate) struct Unsealable;

impl Secrets {
    /// The same secret gives the same keys in every replica.
    pub(crate) fn new(secret: &SecretString) -> Result<Self, Unsealable> {
        let secret = secret.expose_secret();
        let seal = derived("groundwork second factors, aes-256-gcm, 1", secret);
        let successors = derived("groundwork refresh tokens, hmac-sha256, 1", secret);
        Ok(Self {
            successors: hmac::Key::new(HMAC_SHA256, &successors),
            seal: RandomizedNonceKey::new(&AES_256_GCM, &seal).map_err(|_| Unsealable)?,
        })
    }

    /// What takes the place of a refresh token: the same again for the same request, and nothing that its client could guess.
    pub(crate) fn successor(&self, presented: &SecretString, key: Option<&str>) -> SecretString {
        let Some(key) = key else { return random(REFRESH) };
        let mut context = hmac::Context::with_key(&self.successors);
        context.update(presented.expose_secret().as_bytes());
        context.update(b"\0");
        context.update(key.as_bytes());
        of_bytes(REFRESH, context.sign().as_ref())
    }

    /// Encrypts for storage. Only the same person's row opens it again.
    pub(crate) fn seal(&self, user: UserId, plain: &[u8]) -> Result<Vec<u8>, Unsealable> {
        let mut sealed = plain.to_vec();
        let nonce = self
            .seal
            .seal_in_place_append_tag(Aad::from(user.0.as_bytes()), &mut sealed)
            .map_err(|_| Unsealable)?;
        let head = [&[SEALED][..], nonce.as_ref()].concat();
        Ok([head, sealed].concat())
    }

    /// Opens what was sealed for that person.
    pub(crate) fn open(&self, user: UserId, sealed: &[u8]) -> Result<Vec<u8>, Unsealable> {
        let (&version, rest) = sealed.split_first().ok_or(Unsealable)?;
        let (nonce, sealed) = rest.split_at_checked(NONCE_LEN).ok_or(Unsealable)?;
        if version != SEALED {
            return Err(Unsealable);
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Unsealable)?;
        let mut bytes = sealed.to_vec();
        let plain = self.seal.open_in_place(nonce, Aad::from(user.0.as_bytes()), &mut bytes);
        Ok(plain.map_err(|_| Unsealable)?.to_vec())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn secrets(key: &str) -> Secrets {
        Secrets::new(&key.to_owned().into()).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_for_its_person_alone() {
        let ours = secrets("0123456789abcdef0123456789abcdef");
        let (ada, bob) = (UserId(Uuid::new_v4()), UserId(Uuid::new_v4()));
        let sealed = ours.seal(ada, b"a secret").unwrap();
        assert!(!sealed.windows(8).any(|window| window == b"a secret"));
        assert_ne!(sealed, ours.seal(ada, b"a secret").unwrap(), "each has a nonce of its own");
        assert_eq!(ours.open(ada, &sealed).unwrap(), b"a secret");
        assert!(ours.open(bob, &sealed).is_err());
        assert!(secrets("another secret of thirty-two bytes").open(ada, &sealed).is_err());
        let mut changed = sealed.clone();
        *changed.last_mut().unwrap() ^= 1;
        for broken in [&changed[..], &sealed[..5], &[], &[2; 40]] {
            assert!(ours.open(ada, broken).is_err());
        }
    }

    #[test]
    fn a_successor_is_the_same_for_the_same_request_only() {
        let ours = secrets("0123456789abcdef0123456789abcdef");
        let token = random(REFRESH);
        let said = |secret: SecretString| secret.expose_secret().to_owned();
        assert_eq!(said(ours.successor(&token, Some("k"))), said(ours.successor(&token, Some("k"))));
        assert_ne!(said(ours.successor(&token, Some("k"))), said(ours.successor(&token, Some("l"))));
        assert_ne!(said(ours.successor(&token, None)), said(ours.successor(&token, None)));
        let other = secrets("another secret of thirty-two bytes");
        assert_ne!(said(ours.successor(&token, Some("k"))), said(other.successor(&token, Some("k"))));
        assert_eq!(said(token).len(), REFRESH.len() + 43);
    }
}
