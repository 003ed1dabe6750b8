//! A thin client of the HTTP API. A patient one repeats under the same key what found something down, as every client of
//! an API with idempotency keys may.

use anyhow::{Context, Result, bail};
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use uuid::Uuid;

/// Pause before a request is repeated.
const PAUSE: Duration = Duration::from_millis(300);
const REQUEST_MAX: Duration = Duration::from_secs(40);
/// Access tokens are renewed so long before their end, in seconds.
const EARLY_S: i64 = 30;
/// Of every account that is made here; long enough for any rule about passwords.
pub const PASSWORD: &str = "Correct-Horse-Battery-Staple-9";

/// What the API said: any status, any body.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The body, null where it is not JSON.
    pub body: Value,
    /// The body as it came.
    pub bytes: Vec<u8>,
}

impl Answer {
    /// Itself where it is a success.
    ///
    /// # Errors
    /// Every other status, with the problem document.
    pub fn ok(self) -> Result<Self> {
        if self.status.is_success() {
            return Ok(self);
        }
        bail!("{}: {}", self.status, String::from_utf8_lossy(&self.bytes))
    }

    /// The code of a problem document; empty where it is none.
    #[must_use]
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

/// An option of a question.
#[derive(Clone, Debug, Deserialize)]
pub struct QuestionOption {
    /// `A`, `B`, …
    pub key: String,
    /// True for one of them.
    #[serde(default)]
    pub recommended: bool,
}

/// A question of a project.
#[derive(Clone, Debug, Deserialize)]
pub struct Question {
    /// `Q1`, …
    pub id: String,
    /// `radio`, `checkbox` or `text`.
    pub format: String,
    /// What can be chosen.
    #[serde(default)]
    pub options: Vec<QuestionOption>,
    /// `open`, `answered` or `superseded`.
    pub state: String,
}

/// Tokens of a session. Every refresh token works once, so that clones of a client share them.
#[derive(Clone, Debug, Deserialize)]
struct Tokens {
    access_token: String,
    expires_at: DateTime<Utc>,
    refresh_token: String,
}

/// A client: a server, perhaps a person, perhaps patience.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    server: String,
    email: Option<Arc<str>>,
    tokens: Option<Arc<Mutex<Tokens>>>,
    patience: Duration,
}

impl Client {
    /// A client of the server at `url` (without a path).
    #[must_use]
    pub fn new(url: &str) -> Self {
        let (http, server) = (reqwest::Client::new(), url.to_owned());
        Self { http, server, email: None, tokens: None, patience: Duration::ZERO }
    }

    /// The same person, who goes on asking for so long while the API or something behind it is away.
    #[must_use]
    pub fn patient(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Makes an account; the client returned is that person.
    ///
    /// # Errors
    /// When the API refuses.
    pub async fn sign_up(&self, name: &str) -> Result<Self> {
        self.sign_up_as(&format!("{name}-{}@example.com", Uuid::new_v4().simple()), name).await
    }

    /// The same with an address of one's own.
    ///
    /// # Errors
    /// When the API refuses.
    pub async fn sign_up_as(&self, email: &str, name: &str) -> Result<Self> {
        let body = json!({"email": email, "name": name, "password": PASSWORD});
        let answer = self.call(Method::POST, "/auth/signup", None, Some(&body)).await?.ok()?;
        let tokens: Tokens = serde_json::from_value(answer.body).context("no tokens in the answer")?;
        Ok(Self { email: Some(email.into()), tokens: Some(Arc::new(Mutex::new(tokens))), ..self.clone() })
    }

    /// Opens one more session of this person, which is not used.
    ///
    /// # Errors
    /// When the API refuses, or nobody signed up.
    pub async fn log_in_again(&self) -> Result<()> {
        let email = self.email.as_deref().context("nobody signed up")?;
        let body = json!({"email": email, "password": PASSWORD});
        self.call(Method::POST, "/auth/login", None, Some(&body)).await?.ok().context("signing in")?;
        Ok(())
    }

    /// Creates a project of pipeline `promptr` from an idea. The same key makes the same project, once.
    ///
    /// # Errors
    /// When the API refuses, or is away for longer than the client's patience.
    pub async fn create(&self, key: &str, idea: &str) -> Result<Uuid> {
        self.create_in(key, idea, "promptr").await
    }

    /// Creates a project of a pipeline from an idea. The same key makes the same project, once.
    ///
    /// # Errors
    /// As [`Client::create`].
    pub async fn create_in(&self, key: &str, idea: &str, pipeline: &str) -> Result<Uuid> {
        let body = json!({"idea": idea, "pipeline": pipeline});
        let answer = self.call(Method::POST, "/projects", Some(key), Some(&body)).await?;
        let answer = answer.ok().context("creating a project")?;
        let id = answer.body["project_id"].as_str().context("no project_id in the answer")?;
        id.parse().context("a project id")
    }

    /// The project as the API shows it.
    ///
    /// # Errors
    /// As [`Client::create`].
    pub async fn project(&self, id: Uuid) -> Result<Value> {
        Ok(self.get(&format!("/projects/{id}")).await?.ok().context("reading a project")?.body)
    }

    /// The project's phase.
    ///
    /// # Errors
    /// As [`Client::create`].
    pub async fn phase(&self, id: Uuid) -> Result<String> {
        let project = self.project(id).await?;
        Ok(project["phase"].as_str().context("no phase in the answer")?.to_owned())
    }

    /// The project's questions, answered ones too.
    ///
    /// # Errors
    /// As [`Client::create`].
    pub async fn questions(&self, id: Uuid) -> Result<Vec<Question>> {
        let answer =
            self.get(&format!("/projects/{id}/questions")).await?.ok().context("reading questions")?;
        Ok(serde_json::from_value(answer.body["items"].clone())?)
    }

    /// Says something to a project: a command as `POST p/commands` takes it. The same key says it once.
    ///
    /// # Errors
    /// When the API is away for longer than the client's patience. Refusals are answers.
    pub async fn command(&self, id: Uuid, key: &str, body: &Value) -> Result<Answer> {
        self.call(Method::POST, &format!("/projects/{id}/commands"), Some(key), Some(body)).await
    }

    /// The package of a completed project, a zip archive.
    ///
    /// # Errors
    /// As [`Client::create`].
    pub async fn export(&self, id: Uuid, key: &str) -> Result<Vec<u8>> {
        let answer =
            self.call(Method::POST, &format!("/projects/{id}/export"), Some(key), Some(&json!({}))).await?;
        Ok(answer.ok().context("exporting a project")?.bytes)
    }

    /// The body of the answer to a POST, under a key of its own.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let answer = self.call(Method::POST, path, Some(&Uuid::new_v4().to_string()), Some(body)).await?;
        Ok(answer.ok().with_context(|| path.to_owned())?.body)
    }

    /// Reads something. `path` begins after `/api/v1`.
    ///
    /// # Errors
    /// When the API is away for longer than the client's patience.
    pub async fn get(&self, path: &str) -> Result<Answer> {
        self.call(Method::GET, path, None, None).await
    }

    /// Opens the stream of a project's events, from the first one on: server-sent events in the body.
    ///
    /// # Errors
    /// When the API refuses or is away.
    pub async fn stream(&self, id: Uuid) -> Result<reqwest::Response> {
        let url = format!("{}/api/v1/projects/{id}/events", self.server);
        let mut request = self.http.get(url).header("accept", "text/event-stream");
        if let Some(tokens) = &self.tokens {
            request = request.bearer_auth(self.access_token(tokens).await?);
        }
        request.send().await?.error_for_status().context("opening a stream of events")
    }

    /// Any request, repeated while the API, or something behind it, is away and patience lasts.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Answer> {
        let deadline = Instant::now() + self.patience;
        loop {
            let answer = self.call_once(method.clone(), path, key, body).await;
            let is_over = Instant::now() >= deadline;
            match answer {
                Ok(answer) if is_over || !is_passing(&answer) => return Ok(answer),
                Err(error) if is_over => return Err(error.context(format!("{method} {path}"))),
                Ok(_) | Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    async fn call_once(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Answer> {
        let mut request =
            self.http.request(method, format!("{}/api/v1{path}", self.server)).timeout(REQUEST_MAX);
        if let Some(tokens) = &self.tokens {
            request = request.bearer_auth(self.access_token(tokens).await?);
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await?;
        let status = response.status();
        let bytes = response.bytes().await?.to_vec();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Ok(Answer { status, body, bytes })
    }

    /// An access token that holds for a while; runs may be longer than one lives.
    async fn access_token(&self, tokens: &Mutex<Tokens>) -> Result<String> {
        let mut tokens = tokens.lock().await;
        if tokens.expires_at < Utc::now() + TimeDelta::seconds(EARLY_S) {
            // The same key for the same refresh token: an answer that was lost on the way is given again.
            let key = Uuid::new_v5(&Uuid::NAMESPACE_OID, tokens.refresh_token.as_bytes());
            let request = self
                .http
                .post(format!("{}/api/v1/auth/refresh", self.server))
                .header("idempotency-key", key.to_string())
                .json(&json!({ "refresh_token": tokens.refresh_token }));
            let response = request.timeout(REQUEST_MAX).send().await?.error_for_status()?;
            *tokens = response.json().await.context("refreshing a session")?;
        }
        Ok(tokens.access_token.clone())
    }
}

/// Whether the same request may be answered otherwise in a moment.
fn is_passing(answer: &Answer) -> bool {
    answer.status.is_server_error() || answer.code() == "request_in_progress"
}
