//! Calls to providers: bounded in time and size, never redirected, never without TLS to another machine, and never to an address
//! inside that the settings do not name, whatever a provider's documents say.

use crate::egress::Egress;
use crate::settings::is_loopback;
use futures::StreamExt as _;
use ipnet::IpNet;
use oauth2::{HttpRequest, HttpResponse};
use reqwest::{Client, Request, Url};
use serde::de::DeserializeOwned;
use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

/// Bytes of an answer at most.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// The way to one provider.
#[derive(Clone, Debug)]
pub(crate) struct Outbound {
    client: Client,
    egress: Egress,
    /// The provider itself is on this machine: it may name others here, without TLS.
    is_local: bool,
}

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutboundError {
    /// Not an address that is called.
    #[error("{0} is not an address that is called: https only")]
    Address(String),
    /// The network, TLS or time.
    #[error("{0} did not answer")]
    Call(String, #[source] reqwest::Error),
    /// Not success.
    #[error("{0} answered {1}")]
    Status(String, u16),
    /// Too long, or not what was asked for.
    #[error("{0} answered what cannot be read")]
    Unreadable(String, #[source] Option<Box<dyn Error + Send + Sync>>),
}

impl Outbound {
    /// The way to a provider; `inside` are networks that may be reached although they are not public.
    pub(crate) fn new(issuer: &str, call_ms_max: u64, inside: &[IpNet]) -> Result<Self, reqwest::Error> {
        let is_local = Url::parse(issuer).is_ok_and(|url| url.host_str().is_some_and(is_loopback));
        let here =
            [IpNet::from(IpAddr::from(Ipv4Addr::LOCALHOST)), IpNet::from(IpAddr::from(Ipv6Addr::LOCALHOST))];
        let allowed = inside.iter().copied().chain(here.into_iter().filter(|_| is_local));
        let egress = Egress::new(&allowed.collect::<Vec<_>>());
        let builder = Client::builder().timeout(Duration::from_millis(call_ms_max)).user_agent("groundwork");
        Ok(Self { client: egress.client(builder)?, egress, is_local })
    }

    /// Reads JSON; with a token, in its name.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        url: &str,
        token: Option<&str>,
    ) -> Result<T, OutboundError> {
        let address = self.checked(url)?;
        let mut request = self.client.get(address).header("accept", "application/json");
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let request = request.build().map_err(|error| OutboundError::Call(url.to_owned(), error))?;
        let response = self.call(request).await?;
        if !response.status().is_success() {
            return Err(OutboundError::Status(url.to_owned(), response.status().as_u16()));
        }
        serde_json::from_slice(response.body())
            .map_err(|error| OutboundError::Unreadable(url.to_owned(), Some(error.into())))
    }

    /// What the `oauth2` crate calls with.
    pub(crate) async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, OutboundError> {
        let url = request.uri().to_string();
        self.checked(&url)?;
        let request = Request::try_from(request).map_err(|error| OutboundError::Call(url, error))?;
        self.call(request).await
    }

    async fn call(&self, request: Request) -> Result<HttpResponse, OutboundError> {
        let url = request.url().to_string();
        let failed = |error| OutboundError::Call(url.clone(), error);
        let response = self.client.execute(request).await.map_err(failed)?;
        let mut head = http::Response::builder().status(response.status());
        for (name, value) in response.headers() {
            head = head.header(name, value);
        }
        let mut body = Vec::new();
        let mut chunks = response.bytes_stream();
        while let Some(chunk) = chunks.next().await {
            body.extend_from_slice(&chunk.map_err(failed)?);
            if body.len() > ANSWER_BYTES_MAX {
                return Err(OutboundError::Unreadable(url, None));
            }
        }
        head.body(body).map_err(|error| OutboundError::Unreadable(url, Some(error.into())))
    }

    fn checked(&self, url: &str) -> Result<Url, OutboundError> {
        let refused = || OutboundError::Address(url.to_owned());
        let address = Url::parse(url).map_err(|_| refused())?;
        let is_here = address.host_str().is_some_and(is_loopback);
        match address.scheme() {
            "http" if is_here && self.is_local => return Ok(address),
            "https" if !is_here || self.is_local => {}
            _ => return Err(refused()),
        }
        self.egress.check(&address).map_err(|_| refused())?;
        Ok(address)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_leads_nowhere_inside() {
        let public = Outbound::new("https://accounts.example.org", 1_000, &[]).unwrap();
        public.checked("https://keys.example.org/jwks").unwrap();
        let inside = [
            "http://keys.example.org",
            "https://127.0.0.1/keys",
            "http://localhost:9000",
            "https://169.254.169.254/latest",
            "https://10.0.0.1/keys",
            "https://[::ffff:10.0.0.1]/keys",
            "file:///x",
        ];
        for address in inside {
            public.checked(address).unwrap_err();
        }
        let within =
            Outbound::new("https://id.example.org", 1_000, &["10.0.0.0/8".parse().unwrap()]).unwrap();
        within.checked("https://10.0.0.1/keys").unwrap();
        within.checked("https://192.168.0.1/keys").unwrap_err();
        let local = Outbound::new("http://127.0.0.1:4000", 1_000, &[]).unwrap();
        local.checked("http://127.0.0.1:4000/jwks").unwrap();
        local.checked("http://keys.example.org").unwrap_err();
    }
}
