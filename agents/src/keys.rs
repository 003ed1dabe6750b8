//! Whose key a call is made with (requirements P-03, P-04): the user's, the workspace's, the platform's, in this order.
//! Sealed keys are opened here and nowhere else, and reach nothing but a request's header.

use crate::call::ModelRequest;
use groundwork_domain::model::ProviderId;
use groundwork_domain::sealed::{KeyRing, NONCE_BYTES, SealError};
use secrecy::{ExposeSecret as _, SecretString};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

/// Whose key pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// Of who began the project.
    User,
    /// Of its workspace.
    Workspace,
    /// Of whoever runs Groundwork.
    Platform,
}

impl KeySource {
    /// The word in a call's parameters.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Workspace => "workspace",
            Self::Platform => "platform",
        }
    }
}

/// A sealed key that may be used for a call.
#[derive(Clone, Debug)]
pub struct OfferedKey {
    /// For whom it is a key.
    pub provider: ProviderId,
    /// Whose it is.
    pub source: KeySource,
    /// The row that it is bound to.
    pub row: String,
    /// As it is stored.
    pub sealed: Vec<u8>,
}

/// The keys of one call. Its Debug shows no key.
#[derive(Clone, Debug, Default)]
pub struct CallKeys {
    own: BTreeMap<ProviderId, (KeySource, SecretString)>,
    no_platform: bool,
}

impl PartialEq for CallKeys {
    fn eq(&self, other: &Self) -> bool {
        let bare = |keys: &Self| -> Vec<(ProviderId, KeySource, String)> {
            let shown =
                keys.own.iter().map(|(id, (source, key))| (*id, *source, key.expose_secret().to_owned()));
            shown.collect()
        };
        self.no_platform == other.no_platform && bare(self) == bare(other)
    }
}

impl Eq for CallKeys {}

impl CallKeys {
    /// The key of that provider's account which is not the platform's, if there is one.
    pub(crate) fn of(&self, provider: ProviderId) -> Option<&SecretString> {
        self.own.get(&provider).map(|(_, key)| key)
    }

    /// Whose key a call of that provider is made with.
    #[must_use]
    pub fn source(&self, provider: ProviderId) -> KeySource {
        self.own.get(&provider).map_or(KeySource::Platform, |(source, _)| *source)
    }

    /// Whether the platform's keys may be used.
    pub(crate) fn takes_platform(&self) -> bool {
        // A person with a key of one provider is not served by the platform's key of another behind their back.
        !self.no_platform && self.own.is_empty()
    }

    /// True where a key of one's own is asked for and there is none.
    pub(crate) fn is_missing(&self) -> bool {
        self.no_platform && self.own.is_empty()
    }
}

/// How a worker comes to the keys of people: the ring that opens them, and what it may pay for itself.
#[derive(Clone, Debug)]
pub struct KeyAccess {
    ring: Option<Arc<KeyRing>>,
    platform_pays: bool,
}

impl KeyAccess {
    /// People's keys are opened with this ring; without one there are none. `platform_pays` lets pipelines that ask for a key of one's own run on the
    /// platform's: where an operator permits it, and where a simulator answers.
    #[must_use]
    pub fn new(ring: impl Into<Option<KeyRing>>, platform_pays: bool) -> Self {
        Self { ring: ring.into().map(Arc::new), platform_pays }
    }

    /// No keys but the platform's, for everything.
    #[must_use]
    pub fn platform() -> Self {
        Self { ring: None, platform_pays: true }
    }

    /// False where only the platform's keys are ever used, so that nothing need be looked up.
    #[must_use]
    pub fn looks_up(&self) -> bool {
        self.ring.is_some() || !self.platform_pays
    }

    /// The name of the key that seals now; none where people's keys cannot be opened.
    #[must_use]
    pub fn ring_now(&self) -> Option<String> {
        self.ring.as_ref().map(|ring| ring.current().to_string())
    }

    /// The same key sealed for the same row by the key that seals now, so that the one before can be retired; none where that one sealed it.
    /// `nonce` is random and used this once.
    ///
    /// # Errors
    /// What does not open: its key is not in the ring, or it is of another row.
    pub fn sealed_anew(
        &self,
        row: &str,
        sealed: &[u8],
        nonce: [u8; NONCE_BYTES],
    ) -> Result<Option<Vec<u8>>, SealError> {
        let ring = self.ring.as_ref().ok_or(SealError::NoKey)?;
        if ring.is_current(sealed) {
            return Ok(None);
        }
        let key = ring.open(row, sealed)?;
        ring.seal(row, nonce, &key).map(Some)
    }

    /// The keys of a call. Of each provider the first that is offered counts; `own_wanted` says that its pipeline does not
    /// run on the platform's.
    ///
    /// # Errors
    /// A key that cannot be opened: it is not passed over, or somebody else would pay without being asked.
    pub fn resolve(&self, offered: &[OfferedKey], own_wanted: bool) -> Result<CallKeys, SealError> {
        let mut own = BTreeMap::new();
        if let Some(ring) = &self.ring {
            for key in offered {
                if let Entry::Vacant(free) = own.entry(key.provider) {
                    free.insert((key.source, ring.open(&key.row, &key.sealed)?));
                }
            }
        }
        Ok(CallKeys { own, no_platform: own_wanted && !self.platform_pays })
    }
}

impl ModelRequest {
    /// The same request with these keys.
    #[must_use]
    pub fn with_keys(mut self, keys: CallKeys) -> Self {
        self.keys = keys;
        self
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn ring() -> KeyRing {
        KeyRing::derive(&[SecretString::from("an installation's secret")]).unwrap()
    }

    fn offered(provider: ProviderId, source: KeySource, row: &str, key: &str) -> OfferedKey {
        let sealed = ring().seal(row, [1; 12], &SecretString::from(key)).unwrap();
        OfferedKey { provider, source, row: row.to_owned(), sealed }
    }

    #[test]
    fn the_order_is_user_workspace_platform() {
        let access = KeyAccess::new(ring(), false);
        let user = offered(ProviderId::Anthropic, KeySource::User, "u", "sk-user");
        let workspace = offered(ProviderId::Anthropic, KeySource::Workspace, "w", "sk-workspace");
        let both = access.resolve(&[user, workspace.clone()], false).unwrap();
        assert_eq!(both.source(ProviderId::Anthropic), KeySource::User);
        assert_eq!(both.of(ProviderId::Anthropic).unwrap().expose_secret(), "sk-user");
        assert_eq!(both.source(ProviderId::OpenAi), KeySource::Platform);
        assert!(!both.takes_platform(), "who brings a key pays with it");
        let one = access.resolve(&[workspace], true).unwrap();
        assert_eq!(one.source(ProviderId::Anthropic), KeySource::Workspace);
        let none = access.resolve(&[], false).unwrap();
        assert!(none.takes_platform() && !none.is_missing());
    }

    #[test]
    fn a_pipeline_may_ask_for_a_key_of_ones_own() {
        assert!(KeyAccess::new(ring(), false).resolve(&[], true).unwrap().is_missing());
        assert!(KeyAccess::new(ring(), true).resolve(&[], true).unwrap().takes_platform());
        assert!(KeyAccess::platform().resolve(&[], true).unwrap().takes_platform());
    }

    #[test]
    fn an_old_key_of_the_ring_can_be_dropped_once_all_is_sealed_anew() {
        let secrets = |secrets: &[&str]| -> KeyRing {
            let secrets: Vec<SecretString> = secrets.iter().map(|one| SecretString::from(*one)).collect();
            KeyRing::derive(&secrets).unwrap()
        };
        let before = secrets(&["old"]).seal("u", [1; 12], &SecretString::from("sk-user")).unwrap();
        let rotated = KeyAccess::new(secrets(&["new", "old"]), false);
        let after = rotated.sealed_anew("u", &before, [2; 12]).unwrap().unwrap();
        assert_eq!(rotated.sealed_anew("u", &after, [3; 12]), Ok(None), "once is enough");
        assert_eq!(rotated.sealed_anew("v", &before, [3; 12]), Err(SealError::Refused), "of another row");
        let alone = KeyAccess::new(secrets(&["new"]), false);
        let offered = |sealed: &[u8]| OfferedKey {
            provider: ProviderId::OpenAi,
            source: KeySource::User,
            row: "u".to_owned(),
            sealed: sealed.to_vec(),
        };
        let keys = alone.resolve(&[offered(&after)], true).unwrap();
        assert_eq!(keys.of(ProviderId::OpenAi).unwrap().expose_secret(), "sk-user");
        alone.resolve(&[offered(&before)], true).unwrap_err();
        assert_eq!(rotated.ring_now(), alone.ring_now());
        assert_eq!(KeyAccess::platform().sealed_anew("u", &before, [4; 12]), Err(SealError::NoKey));
    }

    #[test]
    fn a_key_of_another_row_is_an_error_and_nothing_shows_a_key() {
        let access = KeyAccess::new(ring(), true);
        let mut stolen = offered(ProviderId::OpenAi, KeySource::User, "u", "sk-very-secret");
        let keys = access.resolve(std::slice::from_ref(&stolen), false).unwrap();
        assert!(!format!("{keys:?} {access:?} {stolen:?}").contains("very-secret"));
        stolen.row = "v".to_owned();
        assert_eq!(access.resolve(&[stolen], false), Err(SealError::Refused));
    }
}
