//! Secrets that are given out and come back: links in mails, codes, states. Only their digests are kept.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use groundwork_domain::Digest;
use std::fmt;

/// 256 random bits, in 43 characters that can stand in a URL.
#[derive(Clone)]
pub(crate) struct OneTimeToken(String);

impl OneTimeToken {
    pub(crate) fn random() -> Self {
        Self(URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()))
    }

    /// What somebody brought; any text may be asked for.
    pub(crate) fn brought(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// For whom it is given to; never for a log.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    pub(crate) fn digest(&self) -> Digest {
        Digest::of(self.0.as_bytes())
    }

    /// What is kept of two that are only good together.
    pub(crate) fn digest_with(&self, other: &Self) -> Digest {
        Digest::of_parts([self.0.as_bytes(), other.0.as_bytes()])
    }

    /// Another secret that follows from this one and says nothing of it.
    pub(crate) fn derived(&self, for_what: &str) -> String {
        use sha2::{Digest as _, Sha256};
        let mut hash = Sha256::new();
        hash.update(for_what.as_bytes());
        hash.update([0]);
        hash.update(self.0.as_bytes());
        URL_SAFE_NO_PAD.encode(hash.finalize())
    }
}

impl fmt::Debug for OneTimeToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneTimeToken(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_and_do_not_show_themselves() {
        let (one, other) = (OneTimeToken::random(), OneTimeToken::random());
        assert_eq!(one.expose().len(), 43);
        assert_ne!(one.expose(), other.expose());
        assert_ne!(one.digest_with(&other), other.digest_with(&one));
        assert_ne!(one.derived("a"), one.derived("b"));
        assert!(!format!("{one:?}").contains(one.expose()));
    }
}
