//! Secrets at rest (requirements P-03, R-10, O-23): sealed with AES-256-GCM under a ring of keys, each to its row.
//!
//! What is sealed begins with a version and the id of its key, so that a ring can be rotated: the first key seals, all
//! keys open. Associated data name the row, so that a ciphertext copied into another row does not open. The nonce comes
//! from outside: this crate knows no randomness.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use secrecy::{ExposeSecret as _, SecretBox, SecretString};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt;

/// Bytes of a nonce: 96 random bits, never used twice under one key.
pub const NONCE_BYTES: usize = 12;
/// Longest secret that is sealed, in bytes.
pub const SECRET_BYTES_MAX: usize = 4096;
/// First byte of what is sealed, so that another way to seal can be told apart.
const VERSION: u8 = 1;
/// Bytes of a key's id.
const KEY_ID_BYTES: usize = 4;
/// What keys are derived for; another purpose gives other keys.
const PURPOSE: &[u8] = b"groundwork provider keys, aes-256-gcm, 1\0";
/// Letters of a secret that may be shown.
const SHOWN_LETTERS: usize = 4;
/// Secrets shorter than this are not shown at all.
const SHOWN_FROM_LETTERS: usize = 16;

/// Names a key of a ring without giving it away.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyId([u8; KEY_ID_BYTES]);

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Why something could not be sealed or opened. It never says what the secret is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// A ring needs a key.
    #[error("the key ring is empty")]
    NoKey,
    /// Empty, or longer than [`SECRET_BYTES_MAX`].
    #[error("a secret has 1 to {SECRET_BYTES_MAX} bytes")]
    Length,
    /// Cut, or of another version.
    #[error("this is nothing that was sealed here")]
    Format,
    /// Its key is not in the ring.
    #[error("the ring has no key {0}")]
    UnknownKey(KeyId),
    /// It belongs to another row, or was changed.
    #[error("what was sealed does not open for this row")]
    Refused,
}

/// Keys by their ids; the current one seals, all of them open.
pub struct KeyRing {
    current: KeyId,
    keys: BTreeMap<KeyId, SecretBox<[u8; 32]>>,
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<_> = self.keys.keys().collect();
        f.debug_struct("KeyRing").field("current", &self.current).field("keys", &ids).finish()
    }
}

impl KeyRing {
    /// The ring of these installation secrets: the first one seals. The same secrets give the same ring everywhere.
    ///
    /// # Errors
    /// [`SealError::NoKey`] where there is none.
    pub fn derive(secrets: &[SecretString]) -> Result<Self, SealError> {
        let derived = |secret: &SecretString| {
            let mut hash = Sha256::new();
            hash.update(PURPOSE);
            hash.update(secret.expose_secret().as_bytes());
            let key: [u8; 32] = hash.finalize().into();
            (id_of(&key), SecretBox::new(Box::new(key)))
        };
        let keys: Vec<_> = secrets.iter().map(derived).collect();
        let current = keys.first().map(|(id, _)| *id).ok_or(SealError::NoKey)?;
        Ok(Self { current, keys: keys.into_iter().collect() })
    }

    /// The key that seals.
    #[must_use]
    pub fn current(&self) -> KeyId {
        self.current
    }

    /// Seals a secret for a row, which is named by table, owner and id in words of the caller's. `nonce` is random and used
    /// this once.
    ///
    /// # Errors
    /// [`SealError::Length`].
    pub fn seal(
        &self,
        row: &str,
        nonce: [u8; NONCE_BYTES],
        secret: &SecretString,
    ) -> Result<Vec<u8>, SealError> {
        let plain = secret.expose_secret().as_bytes();
        if plain.is_empty() || plain.len() > SECRET_BYTES_MAX {
            return Err(SealError::Length);
        }
        let mut text = plain.to_vec();
        let aad = associated(row, self.current);
        self.key(self.current)?
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(&aad), &mut text)
            .map_err(|_| SealError::Refused)?;
        Ok([&[VERSION][..], &self.current.0, &nonce, &text].concat())
    }

    /// Opens what was sealed for a row, under whichever key of the ring.
    ///
    /// # Errors
    /// [`SealError::Format`], [`SealError::UnknownKey`], [`SealError::Refused`].
    pub fn open(&self, row: &str, sealed: &[u8]) -> Result<SecretString, SealError> {
        let (id, rest) = split(sealed)?;
        let (nonce, text) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(SealError::Format)?;
        let mut text = text.to_vec();
        let aad = associated(row, id);
        let plain = self
            .key(id)?
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(&aad), &mut text)
            .map_err(|_| SealError::Refused)?;
        let plain = std::str::from_utf8(plain).map_err(|_| SealError::Format)?;
        let secret = SecretString::from(plain.to_owned());
        text.fill(0);
        Ok(secret)
    }

    /// Whether it would be sealed under the same key today; what is not should be sealed again.
    #[must_use]
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        split(sealed).is_ok_and(|(id, _)| id == self.current)
    }

    fn key(&self, id: KeyId) -> Result<LessSafeKey, SealError> {
        let bytes = self.keys.get(&id).ok_or(SealError::UnknownKey(id))?;
        let key = UnboundKey::new(&AES_256_GCM, bytes.expose_secret()).map_err(|_| SealError::Refused)?;
        Ok(LessSafeKey::new(key))
    }
}

/// What may be shown of a secret: its last four letters, or nothing of a short one.
///
/// ```
/// # use groundwork_domain::sealed::{last_four, masked};
/// let key = "sk-ant-0123456789abcdef".into();
/// assert_eq!(masked(last_four(&key).as_deref()), "…cdef");
/// assert_eq!(masked(last_four(&"short".into()).as_deref()), "…");
/// ```
#[must_use]
pub fn last_four(secret: &SecretString) -> Option<String> {
    let letters: Vec<char> = secret.expose_secret().chars().collect();
    (letters.len() >= SHOWN_FROM_LETTERS).then(|| letters[letters.len() - SHOWN_LETTERS..].iter().collect())
}

/// How a stored secret is shown.
#[must_use]
pub fn masked(last_four: Option<&str>) -> String {
    format!("…{}", last_four.unwrap_or_default())
}

fn id_of(key: &[u8; 32]) -> KeyId {
    let mut hash = Sha256::new();
    hash.update(b"groundwork key id, 1\0");
    hash.update(key);
    let digest: [u8; 32] = hash.finalize().into();
    let mut id = [0; KEY_ID_BYTES];
    id.copy_from_slice(&digest[..KEY_ID_BYTES]);
    KeyId(id)
}

fn split(sealed: &[u8]) -> Result<(KeyId, &[u8]), SealError> {
    let (version, rest) = sealed.split_first().ok_or(SealError::Format)?;
    let (id, rest) = rest.split_first_chunk::<KEY_ID_BYTES>().ok_or(SealError::Format)?;
    if *version != VERSION {
        return Err(SealError::Format);
    }
    Ok((KeyId(*id), rest))
}

fn associated(row: &str, key: KeyId) -> Vec<u8> {
    [row.as_bytes(), b"\0", &key.0].concat()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const SECRET: &str = "sk-ant-api03-0123456789";
    const OLD: &str = "the installation's old secret";
    const NEW: &str = "the installation's new secret";

    fn ring(secrets: &[&str]) -> KeyRing {
        let secrets: Vec<SecretString> = secrets.iter().map(|one| SecretString::from(*one)).collect();
        KeyRing::derive(&secrets).unwrap()
    }

    const ROW: &str = "groundwork/api-key/user/1/anthropic";

    fn sealed(ring: &KeyRing) -> Vec<u8> {
        ring.seal(ROW, [7; NONCE_BYTES], &SecretString::from(SECRET)).unwrap()
    }

    #[test]
    fn it_opens_for_its_row_alone() {
        let ring = ring(&[OLD]);
        let sealed = sealed(&ring);
        assert!(!sealed.windows(6).any(|window| window == b"sk-ant"));
        assert_eq!(ring.open(ROW, &sealed).unwrap().expose_secret(), SECRET);
        for wrong in ["groundwork/api-key/user/2/anthropic", "groundwork/api-key/user/1/openai", ""] {
            assert_eq!(ring.open(wrong, &sealed).unwrap_err(), SealError::Refused);
        }
    }

    #[test]
    fn a_rotated_ring_opens_the_old_and_seals_with_the_new() {
        let (old, rotated, new) = (ring(&[OLD]), ring(&[NEW, OLD]), ring(&[NEW]));
        let before = sealed(&old);
        assert_eq!(rotated.open(ROW, &before).unwrap().expose_secret(), SECRET);
        assert!(old.is_current(&before) && !rotated.is_current(&before));
        let after = sealed(&rotated);
        assert!(rotated.is_current(&after));
        assert_eq!(new.open(ROW, &after).unwrap().expose_secret(), SECRET);
        assert_eq!(new.open(ROW, &before).unwrap_err(), SealError::UnknownKey(old.current()));
    }

    #[test]
    fn whatever_was_changed_does_not_open() {
        let (ring, other) = (ring(&[OLD, NEW]), ring(&[NEW]));
        let sealed = sealed(&ring);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(ring.open(ROW, &changed).is_err(), "byte {at}");
            assert!(ring.open(ROW, &sealed[..at]).is_err(), "cut at {at}");
        }
        // The id of another key in front does not make it that key's.
        let mut claimed = sealed.clone();
        claimed[1..5].copy_from_slice(&other.current().0);
        assert_eq!(ring.open(ROW, &claimed).unwrap_err(), SealError::Refused);
    }

    #[test]
    fn nothing_is_shown_of_keys() {
        let shown = format!("{:?}", ring(&[OLD, NEW]));
        assert!(shown.contains("KeyRing") && !shown.contains("installation"), "{shown}");
        assert_eq!(KeyRing::derive(&[]).unwrap_err(), SealError::NoKey);
        let empty = ring(&[OLD]).seal(ROW, [0; NONCE_BYTES], &SecretString::from(""));
        assert_eq!(empty, Err(SealError::Length));
        assert_eq!(last_four(&SecretString::from(SECRET)).as_deref(), Some("6789"));
        assert_eq!(last_four(&SecretString::from("0123456789abcde")), None);
    }
}
