//! The API as a program sees it: requests with an idempotency key that are safe to repeat, problem documents as failures.

pub(crate) mod events;
pub(crate) mod shapes;
pub(crate) mod tokens;

use crate::failure::{Exit, Failure, Result};
use anyhow::Context as _;
use reqwest::{Method, RequestBuilder, Response, StatusCode, header};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use shapes::Problem;
use std::time::Duration;
use tokens::{Bearer, Renewal, Session, Tokens};
use tokio::time::Instant;
use uuid::Uuid;

const CONNECT_SECONDS_MAX: u64 = 5;
/// Silence on a connection; streams get a sign of life every 20 s.
const SILENCE_SECONDS_MAX: u64 = 60;
/// How long a request whose outcome is unknown, or which found something down, is repeated under the same key.
const REPEAT_SECONDS_MAX: u64 = 30;

/// A server, and who speaks to it.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    server: String,
    bearer: Bearer,
}

impl Client {
    /// `server` is its URL without a path.
    pub(crate) fn new(server: &str, bearer: Bearer) -> Result<Self> {
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(CONNECT_SECONDS_MAX))
            .read_timeout(Duration::from_secs(SILENCE_SECONDS_MAX))
            .user_agent(concat!("groundwork/", env!("CARGO_PKG_VERSION")))
            .build()
            .context("preparing HTTP")?;
        Ok(Self { http, server: server.trim_end_matches('/').to_owned(), bearer })
    }

    /// Reads something. `path` begins after `/api/v1`.
    pub(crate) async fn get<Answer: DeserializeOwned>(&self, path: &str) -> Result<Answer> {
        self.read_json(self.send(&Method::GET, path, |request| request).await?).await
    }

    /// Changes something, once, however often the request has to be repeated.
    pub(crate) async fn change<Answer: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<Answer> {
        let key = Uuid::new_v4().to_string();
        let add = |request: RequestBuilder| request.header("idempotency-key", &key).json(body);
        self.read_json(self.send(&method, path, add).await?).await
    }

    /// As `change`, where neither a body nor the answer matters.
    pub(crate) async fn change_quietly(&self, method: Method, path: &str) -> Result<()> {
        let key = Uuid::new_v4().to_string();
        self.send(&method, path, |request| request.header("idempotency-key", &key)).await.map(drop)
    }

    /// Bytes of a file that the server makes.
    pub(crate) async fn download(&self, path: &str, body: &impl Serialize) -> Result<Vec<u8>> {
        let key = Uuid::new_v4().to_string();
        let add = |request: RequestBuilder| request.header("idempotency-key", &key).json(body);
        let response = self.send(&Method::POST, path, add).await?;
        let bytes = response.bytes().await.map_err(|error| self.unreachable(&error))?;
        Ok(bytes.into())
    }

    /// Bytes of a file that the server keeps.
    pub(crate) async fn bytes(&self, path: &str) -> Result<Vec<u8>> {
        let response = self.send(&Method::GET, path, |request| request).await?;
        Ok(response.bytes().await.map_err(|error| self.unreachable(&error))?.into())
    }

    /// Says something and gets the answer as a stream of events.
    pub(crate) async fn open_stream(&self, path: &str, body: &impl Serialize) -> Result<Response> {
        let key = Uuid::new_v4().to_string();
        let (accept, events) = (header::ACCEPT, "text/event-stream");
        let add = |request: RequestBuilder| {
            request.header("idempotency-key", &key).header(&accept, events).json(body)
        };
        self.send(&Method::POST, path, add).await
    }

    /// Sends it, and again while the server says that it or something behind it is down for now.
    async fn send(
        &self,
        method: &Method,
        path: &str,
        add: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Response> {
        self.repeat(async || self.attempt(method, path, &add).await).await
    }

    /// Sends it once, with a token that holds: one that is over or refused is renewed first.
    pub(crate) async fn attempt(
        &self,
        method: &Method,
        path: &str,
        add: &impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<reqwest::Result<Response>> {
        let plain = || add(self.http.request(method.clone(), format!("{}/api/v1{path}", self.server)));
        let session = match &self.bearer {
            Bearer::Nobody => return Ok(plain().send().await),
            Bearer::Fixed(token) => return Ok(plain().bearer_auth(token.expose_secret()).send().await),
            Bearer::Session(session) => session,
        };
        let mut tokens = session.tokens().await;
        let mut may_renew = true;
        if tokens.is_over() {
            may_renew = false;
            if self.renew(session, &tokens).await? == Renewal::Renewed {
                tokens = session.tokens().await;
            }
        }
        loop {
            let response = plain().bearer_auth(tokens.access_token.expose_secret()).send().await;
            let is_refused =
                response.as_ref().is_ok_and(|response| response.status() == StatusCode::UNAUTHORIZED);
            if !is_refused || !may_renew || self.renew(session, &tokens).await? == Renewal::Impossible {
                return Ok(response);
            }
            may_renew = false;
            tokens = session.tokens().await;
        }
    }

    async fn renew(&self, session: &Session, shown: &Tokens) -> Result<Renewal> {
        let ask = async |refresh: &SecretString, key: Uuid| {
            let body = serde_json::json!({ "refresh_token": refresh.expose_secret() });
            let url = format!("{}/api/v1/auth/refresh", self.server);
            let request = async || {
                Ok(self.http.post(&url).header("idempotency-key", key.to_string()).json(&body).send().await)
            };
            self.read_json(self.repeat(request).await?).await
        };
        session.renew(&shown.access_token, ask).await
    }

    async fn repeat(&self, attempt: impl AsyncFn() -> Result<reqwest::Result<Response>>) -> Result<Response> {
        let deadline = Instant::now() + Duration::from_secs(REPEAT_SECONDS_MAX);
        let mut answered = false;
        loop {
            let (failure, wait) = match attempt().await? {
                Ok(response) if response.status().is_success() => return Ok(response),
                Ok(response) => {
                    answered = true;
                    let wait = retry_after(&response);
                    let repeatable = response.status() == StatusCode::SERVICE_UNAVAILABLE;
                    let failure = self.problem(response).await;
                    if !repeatable {
                        return Err(failure);
                    }
                    (failure, wait)
                }
                // A server that never answered is more likely not there than restarting: say so at once.
                Err(error) if error.is_connect() && !answered => return Err(self.unreachable(&error)),
                Err(error) => {
                    answered = true;
                    (self.unreachable(&error), Duration::from_secs(1))
                }
            };
            if Instant::now() + wait > deadline {
                return Err(failure);
            }
            tokio::time::sleep(wait).await;
        }
    }

    async fn read_json<Answer: DeserializeOwned>(&self, response: Response) -> Result<Answer> {
        let url = response.url().clone();
        let bytes = response.bytes().await.map_err(|error| self.unreachable(&error))?;
        serde_json::from_slice(&bytes).map_err(|error| {
            Failure::new(
                Exit::Failed,
                "unreadable_answer",
                format!("{url} answered what this version cannot read: {error}"),
            )
            .next("is the server of the same version? groundwork --version")
        })
    }

    async fn problem(&self, response: Response) -> Failure {
        let status = response.status();
        let bytes = response.bytes().await.unwrap_or_default();
        match serde_json::from_slice::<Problem>(&bytes) {
            Ok(problem) => problem.failure(status),
            Err(_) => {
                let server = &self.server;
                Failure::new(
                    exit_of(status),
                    "http",
                    format!("{server} answered {status} without saying why"),
                )
                .next("is it a Groundwork server? See --server and GROUNDWORK_SERVER")
            }
        }
    }

    fn unreachable(&self, error: &reqwest::Error) -> Failure {
        use std::error::Error as _;
        let cause = error.source().map_or_else(|| error.to_string(), innermost);
        Failure::new(Exit::Unreachable, "unreachable", format!("{} does not answer: {cause}", self.server))
            .next("start it with `groundwork dev`, or name another with --server or GROUNDWORK_SERVER")
    }
}

fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    error.source().map_or_else(|| error.to_string(), innermost)
}

fn retry_after(response: &Response) -> Duration {
    let seconds =
        response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    Duration::from_secs(seconds.unwrap_or(1))
}

/// Which exit code an HTTP status means.
pub(crate) fn exit_of(status: StatusCode) -> Exit {
    match status.as_u16() {
        401 => Exit::NotSignedIn,
        400..=499 => Exit::Refused,
        502..=504 => Exit::Unreachable,
        _ => Exit::Failed,
    }
}
