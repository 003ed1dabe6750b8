//! GitHub: OAuth 2 with PKCE, and its API instead of an ID token.

use super::oidc::{authorize, exchange, oauth_client};
use super::outbound::Outbound;
use super::{Client, Flow, OAuthError, Person};
use crate::settings::ProviderSettings;
use oauth2::{AuthType, TokenResponse as _};
use serde::Deserialize;

/// A GitHub: the public one, or an enterprise's own.
pub(super) struct GitHub {
    site: String,
    api: String,
}

#[derive(Debug, Deserialize)]
struct User {
    /// Permanent, unlike the login.
    id: u64,
    login: String,
    name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Email {
    email: String,
    primary: bool,
    verified: bool,
}

impl GitHub {
    pub(super) fn new(site: &str, of: &ProviderSettings) -> Self {
        let api = of.api_url.as_deref().unwrap_or("https://api.github.com");
        Self { site: site.trim_end_matches('/').to_owned(), api: api.trim_end_matches('/').to_owned() }
    }

    pub(super) fn authorize_url(
        &self,
        client: &Client,
        flow: &Flow,
        redirect: &str,
    ) -> Result<String, OAuthError> {
        let oauth = self.client(client, redirect)?;
        Ok(authorize(&oauth, client, flow).url().0.into())
    }

    pub(super) async fn person(
        &self,
        outbound: &Outbound,
        client: &Client,
        code: String,
        flow: &Flow,
        redirect: &str,
    ) -> Result<Person, OAuthError> {
        let answer = exchange(outbound, &self.client(client, redirect)?, code, flow).await?;
        let token = answer.access_token().secret();
        let user: User = outbound.get(&format!("{}/user", self.api), Some(token)).await?;
        let emails: Vec<Email> = outbound.get(&format!("{}/user/emails", self.api), Some(token)).await?;
        let primary = emails.into_iter().find(|email| email.primary);
        let (email, email_verified) = primary.map(|email| (email.email, email.verified)).unzip();
        Ok(Person {
            issuer: self.site.clone(),
            subject: user.id.to_string(),
            email,
            email_verified: email_verified.unwrap_or_default(),
            name: Some(user.name.unwrap_or(user.login)),
        })
    }

    fn client(&self, client: &Client, redirect: &str) -> Result<super::oidc::OAuthClient, OAuthError> {
        let authorize = format!("{}/login/oauth/authorize", self.site);
        let token = format!("{}/login/oauth/access_token", self.site);
        oauth_client(client, &authorize, &token, redirect, AuthType::RequestBody)
    }
}
