//! What the model provider saw, and what it is told to do wrong.

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

/// One call to a model, as `GET /_simulator/calls` shows it.
#[derive(Clone, Debug, Deserialize)]
pub struct Call {
    /// 1, 2, … in order of arrival.
    pub seq: u64,
    /// `<project>/<stage>/<attempt>/<call number>`; absent where a request had none.
    pub call_key: Option<String>,
    /// `anthropic` or `openai`.
    pub provider: String,
    /// The end of the key that it was made with, by which people know their keys.
    pub key_end: String,
    /// The provider's name for it.
    pub request_id: String,
    /// When the request had arrived, in milliseconds since 1970.
    pub started_ms: i64,
    /// When the last byte was handed over or the client hung up; none while it runs.
    pub ended_ms: Option<i64>,
    /// HTTP status, once it is known.
    pub status: Option<u16>,
    /// True when the answer was handed over whole.
    pub finished: bool,
    /// True when the client hung up before that.
    pub hung_up: bool,
    /// Tokens read, cached ones included.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
}

impl Call {
    /// Its key; empty where it had none.
    #[must_use]
    pub fn key(&self) -> &str {
        self.call_key.as_deref().unwrap_or_default()
    }

    /// True if it was under way at that time, milliseconds since 1970.
    #[must_use]
    pub fn ran_at(&self, at_ms: i64) -> bool {
        self.started_ms <= at_ms && self.ended_ms.is_none_or(|ended| ended > at_ms)
    }
}

/// A delta that the simulator sent; it knows them where it was started with `--log-deltas`.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct SentDelta {
    /// Bytes of the call's text up to and with it.
    pub end: u64,
    /// When it left, in milliseconds since 1970.
    pub at_ms: i64,
}

#[derive(Deserialize)]
struct Deltas {
    deltas: Vec<SentDelta>,
}

#[derive(Deserialize)]
struct Calls {
    calls: Vec<Call>,
    last: u64,
}

/// A client of the simulator's own routes.
#[derive(Clone, Debug)]
pub struct Simulator {
    http: reqwest::Client,
    url: String,
}

impl Simulator {
    /// The simulator at `url` (without a path).
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self { http: reqwest::Client::new(), url: url.to_owned() }
    }

    /// All calls that it remembers.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn calls(&self) -> Result<Vec<Call>> {
        Ok(self.ask("").await?.calls)
    }

    /// Calls after the one with this number.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn calls_after(&self, seq: u64) -> Result<Vec<Call>> {
        Ok(self.ask(&format!("?after={seq}")).await?.calls)
    }

    /// Calls of a project, of a stage (`<project>/spec`), or of one key.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn calls_of(&self, key: &str) -> Result<Vec<Call>> {
        Ok(self.ask(&format!("?call_key={key}")).await?.calls)
    }

    /// Calls of a project.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn calls_of_project(&self, project: Uuid) -> Result<Vec<Call>> {
        self.calls_of(&project.to_string()).await
    }

    /// The deltas of the call with this number, oldest first.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn deltas(&self, seq: u64) -> Result<Vec<SentDelta>> {
        let answer = self.http.get(format!("{}/_simulator/deltas?seq={seq}", self.url)).send().await?;
        Ok(answer.error_for_status()?.json::<Deltas>().await.context("a call's deltas")?.deltas)
    }

    /// The number of the newest call, 0 before the first.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn last(&self) -> Result<u64> {
        Ok(self.ask("?limit=0").await?.last)
    }

    /// Makes calls go wrong: rules as the simulator's flag `--fault` has them.
    ///
    /// # Errors
    /// When it does not answer, or cannot read a rule.
    pub async fn add_faults(&self, rules: &[&str]) -> Result<()> {
        let request = self.http.post(format!("{}/_simulator/faults", self.url)).json(&json!(rules));
        let response = request.send().await?;
        let status = response.status();
        let body: Value = response.json().await?;
        if !status.is_success() {
            anyhow::bail!("the simulator refused {rules:?}: {body}");
        }
        Ok(())
    }

    /// Makes calls go right again.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn clear_faults(&self) -> Result<()> {
        self.http.delete(format!("{}/_simulator/faults", self.url)).send().await?.error_for_status()?;
        Ok(())
    }

    async fn ask(&self, query: &str) -> Result<Calls> {
        let response = self.http.get(format!("{}/_simulator/calls{query}", self.url)).send().await;
        response.and_then(reqwest::Response::error_for_status)?.json().await.context("the simulator's calls")
    }
}
