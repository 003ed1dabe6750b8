//! OpenID Connect: the code flow with PKCE and a nonce, against whatever the issuer's document names.

use super::id_token::{self, Expected};
use super::outbound::{Outbound, OutboundError};
use super::{Client, Flow, OAuthError, Person};
use crate::settings::{ProviderSettings, SignInSettings};
use jsonwebtoken::Header;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet,
    ExtraTokenFields, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope,
    StandardRevocableToken, StandardTokenResponse, TokenResponse as _, TokenUrl,
};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// What an answer to a code has besides the access token.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct IdTokenField {
    id_token: Option<String>,
}

impl ExtraTokenFields for IdTokenField {}

type Answer = StandardTokenResponse<IdTokenField, BasicTokenType>;
pub(super) type OAuthClient = oauth2::Client<
    BasicErrorResponse,
    Answer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// One issuer.
pub(super) struct Oidc {
    issuer: String,
    hosted_domain: Option<String>,
    emails_verified: bool,
    discovery_for: Duration,
    keys_every: Duration,
    known: Mutex<Known>,
}

/// What the issuer said of itself, and when.
#[derive(Default)]
struct Known {
    document: Option<(Instant, Arc<Document>)>,
    keys: Option<(Instant, Arc<JwkSet>)>,
}

/// The issuer's document, as far as it matters here.
#[derive(Debug, Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

/// What the issuer says of a person when asked with their access token.
#[derive(Debug, Deserialize)]
struct UserInfo {
    sub: String,
    email: Option<String>,
    email_verified: Option<Value>,
    name: Option<String>,
}

impl Oidc {
    pub(super) fn new(issuer: String, of: &ProviderSettings, settings: &SignInSettings) -> Self {
        Self {
            issuer,
            hosted_domain: of.hosted_domain.clone(),
            emails_verified: of.emails_verified,
            discovery_for: Duration::from_secs(settings.discovery_s.into()),
            keys_every: Duration::from_secs(settings.keys_s.into()),
            known: Mutex::default(),
        }
    }

    pub(super) async fn authorize_url(
        &self,
        outbound: &Outbound,
        client: &Client,
        flow: &Flow,
        redirect: &str,
    ) -> Result<String, OAuthError> {
        let document = self.document(outbound).await?;
        let oauth = document.client(client, redirect)?;
        let mut request = authorize(&oauth, client, flow).add_extra_param("nonce", flow.nonce());
        if let Some(domain) = &self.hosted_domain {
            request = request.add_extra_param("hd", domain);
        }
        Ok(request.url().0.into())
    }

    pub(super) async fn person(
        &self,
        outbound: &Outbound,
        client: &Client,
        code: String,
        flow: &Flow,
        redirect: &str,
    ) -> Result<Person, OAuthError> {
        let document = self.document(outbound).await?;
        let answer = exchange(outbound, &document.client(client, redirect)?, code, flow).await?;
        let token = answer.extra_fields().id_token.as_deref();
        let token = token.ok_or_else(|| OAuthError::Invalid("no ID token".to_owned()))?;
        let head = id_token::head(token)?;
        let key = self.key(outbound, &document, &head).await?;
        let nonce = flow.nonce();
        let expected = Expected { issuer: &document.issuer, client_id: &client.id, nonce: &nonce };
        let claims = id_token::verify(token, &head, &key, expected)?;
        if self.hosted_domain.is_some() && claims.hd != self.hosted_domain {
            return Err(OAuthError::Invalid("not of this Google Workspace".to_owned()));
        }
        let email_verified = claims.email_is_verified() || self.emails_verified;
        let mut person = Person {
            issuer: claims.iss,
            subject: claims.sub,
            email: claims.email,
            email_verified,
            name: claims.name,
        };
        if person.email.is_none() {
            self.complete(outbound, &document, answer.access_token().secret(), &mut person).await?;
        }
        Ok(person)
    }

    /// Many issuers put addresses only where the access token leads.
    async fn complete(
        &self,
        outbound: &Outbound,
        document: &Document,
        token: &str,
        person: &mut Person,
    ) -> Result<(), OAuthError> {
        let Some(endpoint) = &document.userinfo_endpoint else { return Ok(()) };
        let info: UserInfo = outbound.get(endpoint, Some(token)).await?;
        if info.sub != person.subject {
            return Err(OAuthError::Invalid("the access token is somebody else's".to_owned()));
        }
        person.email_verified =
            self.emails_verified || info.email_verified.as_ref().is_some_and(id_token::is_true);
        person.email = info.email;
        person.name = person.name.take().or(info.name);
        Ok(())
    }

    async fn document(&self, outbound: &Outbound) -> Result<Arc<Document>, OAuthError> {
        let mut known = self.known.lock().await;
        if let Some((at, document)) = &known.document
            && at.elapsed() < self.discovery_for
        {
            return Ok(document.clone());
        }
        let url = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        let document: Document = outbound.get(&url, None).await?;
        // Of many tenants: one document for all of them, whose issuer has a blank.
        let is_template = document.issuer.contains("{tenantid}");
        if document.issuer != self.issuer && !is_template {
            return Err(OAuthError::Invalid(format!("{url} is the document of {}", document.issuer)));
        }
        let document = Arc::new(document);
        known.document = Some((Instant::now(), document.clone()));
        Ok(document)
    }

    /// The key that a token names. One that is unknown is looked for again, but no more often than set: tokens are cheap to make up.
    async fn key(&self, outbound: &Outbound, document: &Document, head: &Header) -> Result<Jwk, OAuthError> {
        let mut known = self.known.lock().await;
        if let Some((at, keys)) = &known.keys {
            if let Some(key) = id_token::key(keys, head).filter(|_| at.elapsed() < self.discovery_for) {
                return Ok(key.clone());
            }
            if at.elapsed() < self.keys_every {
                return Err(OAuthError::Invalid("signed with an unknown key".to_owned()));
            }
        }
        let keys: Arc<JwkSet> = Arc::new(outbound.get(&document.jwks_uri, None).await?);
        known.keys = Some((Instant::now(), keys.clone()));
        let key = id_token::key(&keys, head).cloned();
        key.ok_or_else(|| OAuthError::Invalid("signed with an unknown key".to_owned()))
    }
}

impl Document {
    fn client(&self, client: &Client, redirect: &str) -> Result<OAuthClient, OAuthError> {
        let methods = &self.token_endpoint_auth_methods_supported;
        // Where nothing is said, Basic is what the specification says.
        let is_basic = methods.is_empty() || methods.iter().any(|method| method == "client_secret_basic");
        let auth = if is_basic { AuthType::BasicAuth } else { AuthType::RequestBody };
        oauth_client(client, &self.authorization_endpoint, &self.token_endpoint, redirect, auth)
    }
}

/// What we are at these two addresses.
pub(super) fn oauth_client(
    client: &Client,
    authorize: &str,
    token: &str,
    redirect: &str,
    auth: AuthType,
) -> Result<OAuthClient, OAuthError> {
    let unusable = |url: &str| OAuthError::from(OutboundError::Address(url.to_owned()));
    let oauth = oauth2::Client::new(ClientId::new(client.id.clone()))
        .set_auth_uri(AuthUrl::new(authorize.to_owned()).map_err(|_| unusable(authorize))?)
        .set_token_uri(TokenUrl::new(token.to_owned()).map_err(|_| unusable(token))?)
        .set_redirect_uri(RedirectUrl::new(redirect.to_owned()).map_err(|_| unusable(redirect))?)
        .set_auth_type(auth);
    let secret = client.secret.expose_secret();
    // A public client has none, and PKCE alone.
    Ok(if secret.is_empty() { oauth } else { oauth.set_client_secret(ClientSecret::new(secret.to_owned())) })
}

/// The request that a browser takes to the provider.
pub(super) fn authorize<'a>(
    oauth: &'a OAuthClient,
    client: &Client,
    flow: &Flow,
) -> oauth2::AuthorizationRequest<'a> {
    let state = flow.state().to_owned();
    let verifier = PkceCodeVerifier::new(flow.verifier());
    oauth
        .authorize_url(|| CsrfToken::new(state))
        .add_scopes(client.scopes.iter().cloned().map(Scope::new))
        .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
}

/// What the provider gives for a code.
pub(super) async fn exchange(
    outbound: &Outbound,
    oauth: &OAuthClient,
    code: String,
    flow: &Flow,
) -> Result<Answer, OAuthError> {
    // Owned by each call: a future that borrows is not Send for every lifetime, as far as the compiler can see.
    let call = |request| {
        let outbound = outbound.clone();
        async move { outbound.exchange(request).await }
    };
    let answer = oauth
        .exchange_code(AuthorizationCode::new(code))
        .set_pkce_verifier(PkceCodeVerifier::new(flow.verifier()))
        .request_async(&call)
        .await;
    answer.map_err(|error| match error {
        RequestTokenError::Request(error) => error.into(),
        // The error's code, not its text, which is the provider's and may be long.
        RequestTokenError::ServerResponse(refusal) => OAuthError::Refused(refusal.error().to_string()),
        RequestTokenError::Parse(error, _) => OAuthError::Refused(format!("unreadable: {error}")),
        RequestTokenError::Other(words) => OAuthError::Refused(words),
    })
}
