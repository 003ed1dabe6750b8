//! What binds a sign-in to the browser that began it: a secret in its cookie, from which everything else follows.

use crate::auth::OneTimeToken;
use axum::http::{HeaderMap, HeaderValue, header};
use groundwork_domain::Digest;

/// `__Host-`: a browser sends it to this host only, over TLS (or to localhost), and no other host can set it. Lax, because
/// the provider sends people back from another site.
const COOKIE: &str = "__Host-groundwork-flow";

/// One sign-in under way.
#[derive(Clone, Debug)]
pub(crate) struct Flow {
    browser: OneTimeToken,
    state: OneTimeToken,
}

impl Flow {
    pub(crate) fn new() -> Self {
        Self { browser: OneTimeToken::random(), state: OneTimeToken::random() }
    }

    /// The flow that comes back: its state in the URL, the browser's secret in the cookie. None without a cookie.
    pub(crate) fn returning(headers: &HeaderMap, state: &str) -> Option<Self> {
        Some(Self { browser: browser(headers)?, state: OneTimeToken::brought(state) })
    }

    /// What the provider hands back.
    pub(crate) fn state(&self) -> &str {
        self.state.expose()
    }

    /// PKCE's verifier, 43 characters.
    pub(crate) fn verifier(&self) -> String {
        self.browser.derived("groundwork oauth, pkce verifier, 1")
    }

    /// What an ID token must say.
    pub(crate) fn nonce(&self) -> String {
        self.browser.derived("groundwork oauth, nonce, 1")
    }

    /// What is kept: found only with the state and in the browser.
    pub(crate) fn digest(&self) -> Digest {
        self.state.digest_with(&self.browser)
    }

    /// What is kept of the code that ends it: good in the same browser only.
    pub(crate) fn digest_of_code(&self, code: &OneTimeToken) -> Digest {
        code.digest_with(&self.browser)
    }

    /// The cookie that begins it.
    pub(crate) fn cookie(&self, lives_s: u32) -> HeaderValue {
        cookie(self.browser.expose(), lives_s)
    }
}

/// The secret of the browser that asks.
pub(crate) fn browser(headers: &HeaderMap) -> Option<OneTimeToken> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| OneTimeToken::brought(value))
}

/// The cookie that ends it.
pub(crate) fn ended() -> HeaderValue {
    cookie("", 0)
}

fn cookie(value: &str, lives_s: u32) -> HeaderValue {
    let cookie = format!("{COOKIE}={value}; Path=/; Max-Age={lives_s}; Secure; HttpOnly; SameSite=Lax");
    // Base64 and digits only, so it always is one.
    HeaderValue::from_str(&cookie).unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_comes_back_in_its_own_browser_only() {
        let (flow, other) = (Flow::new(), Flow::new());
        let mut headers = HeaderMap::new();
        assert!(Flow::returning(&headers, flow.state()).is_none());
        let pair = flow.cookie(60).to_str().unwrap().split(';').next().unwrap().to_owned();
        headers.insert(header::COOKIE, format!("a=b; {pair}; c=d").parse().unwrap());
        let back = Flow::returning(&headers, flow.state()).unwrap();
        assert_eq!(back.digest(), flow.digest());
        assert_eq!((back.verifier(), back.nonce()), (flow.verifier(), flow.nonce()));
        assert_ne!(Flow::returning(&headers, other.state()).unwrap().digest(), flow.digest());
        assert_ne!(flow.verifier(), flow.nonce());
        assert_eq!(flow.verifier().len(), 43);
    }
}
