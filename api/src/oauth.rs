//! Other providers: whom they say somebody is. OpenID Connect for all that speak it, GitHub's own way for GitHub.
//!
//! Must never enter: a session, an account. What a provider says becomes a [`Person`]; `routes/oauth.rs` decides what that means.

mod flow;
mod github;
mod id_token;
mod oidc;
mod outbound;

pub(crate) use flow::{Flow, ended};

use crate::problem::ApiError;
use crate::settings::{ProviderKind, ProviderSettings, Settings};
use axum::http::StatusCode;
use github::GitHub;
use oidc::Oidc;
use outbound::{Outbound, OutboundError};
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The providers of this installation, by their names.
pub(crate) struct Providers(BTreeMap<String, Provider>);

/// One of them.
pub(crate) struct Provider {
    pub(crate) name: String,
    pub(crate) label: String,
    client: Client,
    speaks: Speaks,
    outbound: Outbound,
}

/// What we are there.
struct Client {
    id: String,
    secret: SecretString,
    scopes: Vec<String>,
}

enum Speaks {
    Oidc(Oidc),
    GitHub(GitHub),
}

/// Somebody, as a provider names them.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    /// Who says so.
    pub(crate) issuer: String,
    /// Unique and permanent there.
    pub(crate) subject: String,
    /// Lower-case; none where the provider told none.
    pub(crate) email: Option<String>,
    /// Whether the provider saw that the address is theirs.
    pub(crate) email_verified: bool,
    pub(crate) name: Option<String>,
}

/// Why a provider's word was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OAuthError {
    /// It is not there, or speaks nonsense.
    #[error("the provider cannot be asked")]
    Unreachable(#[from] OutboundError),
    /// It does not know the code, or not us.
    #[error("the provider refused: {0}")]
    Refused(String),
    /// What it said of the person does not hold.
    #[error("the provider's word does not hold: {0}")]
    Invalid(String),
}

impl Providers {
    pub(crate) fn new(settings: &Settings) -> Result<Self, ProvidersError> {
        let provider = |(name, of): (&String, &ProviderSettings)| {
            let provider = Provider::new(name, of, settings)?;
            Ok::<_, ProvidersError>((name.clone(), provider))
        };
        Ok(Self(settings.oauth.iter().map(provider).collect::<Result<_, _>>()?))
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Provider> {
        self.0.values()
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Provider> {
        self.0.get(name)
    }
}

impl Provider {
    fn new(name: &str, of: &ProviderSettings, settings: &Settings) -> Result<Self, ProvidersError> {
        let issuer = of.issuer_of(name).unwrap_or_default();
        let outbound = Outbound::new(&issuer, settings.sign_in.provider_ms_max, &settings.egress_allowed)?;
        let (speaks, scopes) = match of.kind_of(name) {
            ProviderKind::Oidc => {
                (Speaks::Oidc(Oidc::new(issuer, of, &settings.sign_in)), "openid email profile")
            }
            ProviderKind::Github => (Speaks::GitHub(GitHub::new(&issuer, of)), "read:user user:email"),
        };
        let scopes = of.scopes.as_deref().unwrap_or(scopes);
        Ok(Self {
            name: name.to_owned(),
            label: of.label.clone().unwrap_or_else(|| label(name)),
            client: Client {
                id: of.client_id.clone(),
                secret: secret(of)?,
                scopes: scopes.split_whitespace().map(str::to_owned).collect(),
            },
            speaks,
            outbound,
        })
    }

    /// Where a browser goes to say who it is.
    pub(crate) async fn authorize_url(&self, flow: &Flow, redirect: &str) -> Result<String, OAuthError> {
        match &self.speaks {
            Speaks::Oidc(oidc) => oidc.authorize_url(&self.outbound, &self.client, flow, redirect).await,
            Speaks::GitHub(github) => github.authorize_url(&self.client, flow, redirect),
        }
    }

    /// Whom the provider says it was that came back with this code.
    pub(crate) async fn person(
        &self,
        code: String,
        flow: &Flow,
        redirect: &str,
    ) -> Result<Person, OAuthError> {
        let mut person = match &self.speaks {
            Speaks::Oidc(oidc) => oidc.person(&self.outbound, &self.client, code, flow, redirect).await?,
            Speaks::GitHub(github) => {
                github.person(&self.outbound, &self.client, code, flow, redirect).await?
            }
        };
        let is_text = |text: &str| !text.chars().any(char::is_control);
        if person.subject.is_empty() || person.subject.len() > 255 || !is_text(&person.subject) {
            return Err(OAuthError::Invalid("no usable subject".to_owned()));
        }
        person.email = person.email.filter(|email| is_text(email)).map(|email| email.trim().to_lowercase());
        Ok(person)
    }
}

/// A name as people write it.
fn label(name: &str) -> String {
    match name {
        "github" => return "GitHub".to_owned(),
        "oidc" | "sso" => return name.to_uppercase(),
        _ => {}
    }
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn secret(of: &ProviderSettings) -> Result<SecretString, ProvidersError> {
    let Some(file) = &of.client_secret_file else { return Ok(of.client_secret.clone()) };
    let text = std::fs::read_to_string(file).map_err(|error| ProvidersError::File(file.clone(), error))?;
    Ok(text.trim_end().to_owned().into())
}

impl From<OAuthError> for ApiError {
    fn from(error: OAuthError) -> Self {
        tracing::warn!(error = &error as &dyn std::error::Error, "a sign-in elsewhere failed");
        match error {
            OAuthError::Unreachable(_) => ApiError::unavailable(
                "provider_unavailable",
                "The provider cannot be asked right now. Try again in a moment.",
                5,
            ),
            OAuthError::Refused(_) | OAuthError::Invalid(_) => ApiError::new(
                StatusCode::FORBIDDEN,
                "provider_refused",
                "The provider did not confirm who you are. Begin again.",
            ),
        }
    }
}

/// Settings with which a provider cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum ProvidersError {
    /// A file that they name.
    #[error("api settings: {} could not be read", .0.display())]
    File(PathBuf, #[source] std::io::Error),
    /// The HTTP client.
    #[error("no HTTP client could be made for a provider")]
    Client(#[from] reqwest::Error),
}
