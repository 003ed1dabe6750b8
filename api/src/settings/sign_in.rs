//! Sections `[api.sign_in]` and `[api.oauth.<name>]`: links that are mailed, and other providers.

use super::SettingsError;
use super::mail::is_loopback;
use reqwest::Url;
use secrecy::SecretString;
use serde::Deserialize;
use std::path::PathBuf;

/// Whether somebody whose address is not verified may sign in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EmailVerification {
    /// They may not where mail goes out by SMTP, so that they can be asked; else they may.
    #[default]
    Auto,
    /// They may not.
    Required,
    /// They may.
    Optional,
}

/// How long links and sign-ins last.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SignInSettings {
    /// Whether somebody whose address is not verified may sign in.
    pub email_verification: EmailVerification,
    /// Seconds that a link lives which verifies an address.
    pub verify_email_s: u32,
    /// Seconds that a link lives which sets a password.
    pub reset_password_s: u32,
    /// Seconds that a link lives which signs in.
    pub magic_link_s: u32,
    /// Seconds that a link lives which changes an address.
    pub change_email_s: u32,
    /// Seconds that a sign-in at another provider may take.
    pub oauth_flow_s: u32,
    /// Seconds that the code lives which ends such a sign-in.
    pub exchange_s: u32,
    /// Milliseconds that a provider may take to answer.
    pub provider_ms_max: u64,
    /// Seconds that what a provider says of itself is kept.
    pub discovery_s: u32,
    /// Seconds between two looks for a provider's new keys, however many tokens name unknown ones.
    pub keys_s: u32,
}

impl Default for SignInSettings {
    fn default() -> Self {
        Self {
            email_verification: EmailVerification::Auto,
            verify_email_s: 24 * 3_600,
            reset_password_s: 3_600,
            magic_link_s: 15 * 60,
            change_email_s: 24 * 3_600,
            oauth_flow_s: 10 * 60,
            exchange_s: 60,
            provider_ms_max: 10_000,
            discovery_s: 3_600,
            keys_s: 60,
        }
    }
}

/// What a provider speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProviderKind {
    /// OpenID Connect: Google, Microsoft, Okta, most others.
    Oidc,
    /// GitHub's own, on OAuth 2.
    Github,
}

/// One provider, as its section names it. `google`, `microsoft` and `github` know their own addresses.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProviderSettings {
    /// As the provider gave it.
    pub client_id: String,
    /// As the provider gave it.
    pub client_secret: SecretString,
    /// A file with the secret instead.
    pub client_secret_file: Option<PathBuf>,
    /// What it speaks; `github` by that name, else `oidc`.
    pub kind: Option<ProviderKind>,
    /// Where it is: of OpenID Connect the issuer, of GitHub the site.
    pub issuer: Option<String>,
    /// GitHub's API, where it is not the public one.
    pub api_url: Option<String>,
    /// What people see on the button.
    pub label: Option<String>,
    /// What is asked for, with blanks between.
    pub scopes: Option<String>,
    /// Only people of this Google Workspace (claim `hd`).
    pub hosted_domain: Option<String>,
    /// The provider's addresses count as verified though it does not say so: for one whose administrator gives them out.
    pub emails_verified: bool,
}

impl ProviderSettings {
    /// What it speaks.
    pub(crate) fn kind_of(&self, name: &str) -> ProviderKind {
        self.kind.unwrap_or(if name == "github" { ProviderKind::Github } else { ProviderKind::Oidc })
    }

    /// Where it is.
    pub(crate) fn issuer_of(&self, name: &str) -> Option<String> {
        let known = match name {
            "google" => Some("https://accounts.google.com"),
            "microsoft" => Some("https://login.microsoftonline.com/common/v2.0"),
            "github" => Some("https://github.com"),
            _ => None,
        };
        let issuer = self.issuer.as_deref().or(known)?;
        // Issuers are compared as strings, and some end with a slash; GitHub's site is only put before paths.
        Some(issuer.to_owned())
    }

    pub(crate) fn check(&self, name: &str) -> Result<(), SettingsError> {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        if name.is_empty() || name.len() > 50 || !name.chars().all(is_plain) {
            return Err(SettingsError("oauth: a provider's name has 1 to 50 of a-z, 0-9, - and _"));
        }
        if self.client_id.is_empty() {
            return Err(SettingsError("oauth: a provider has no client_id"));
        }
        let issuer = self.issuer_of(name).ok_or(SettingsError("oauth: a provider has no issuer"))?;
        for url in [Some(issuer), self.api_url.clone()].into_iter().flatten() {
            let url = Url::parse(&url).map_err(|_| SettingsError("oauth: an issuer is not a URL"))?;
            let is_local = url.scheme() == "http" && url.host_str().is_some_and(is_loopback);
            if url.scheme() != "https" && !is_local {
                return Err(SettingsError("oauth: an issuer must be https://"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_checked_before_it_is_used() {
        let with = |issuer: Option<&str>| ProviderSettings {
            client_id: "id".into(),
            issuer: issuer.map(str::to_owned),
            ..ProviderSettings::default()
        };
        with(None).check("google").unwrap();
        with(Some("https://example.okta.com")).check("okta").unwrap();
        with(Some("http://127.0.0.1:4000")).check("local").unwrap();
        with(None).check("okta").unwrap_err();
        with(Some("http://sso.example.org")).check("sso").unwrap_err();
        with(Some("file:///etc/passwd")).check("sso").unwrap_err();
        with(None).check("Google!").unwrap_err();
        ProviderSettings::default().check("google").unwrap_err();
    }
}
