//! A project's stream as a browser has it: server-sent events over HTTP.

use crate::client::Client;
use anyhow::{Context, Result, bail};
use eventsource_stream::{Event, EventStreamError, Eventsource as _};
use futures::StreamExt as _;
use futures::stream::BoxStream;
use serde_json::Value;
use std::time::Duration;
use uuid::Uuid;

/// Nothing that is waited for here takes so long.
const WAIT_MAX: Duration = Duration::from_secs(180);

/// An open stream, from the project's first event on.
pub struct Events {
    project: Uuid,
    frames: BoxStream<'static, Result<Event, EventStreamError<reqwest::Error>>>,
}

impl Events {
    /// Opens it.
    ///
    /// # Errors
    /// When the API refuses.
    pub async fn open(client: &Client, project: Uuid) -> Result<Self> {
        let response = client.stream(project).await?;
        Ok(Self { project, frames: response.bytes_stream().eventsource().boxed() })
    }

    /// The next one; the data is not read yet.
    ///
    /// # Errors
    /// When the stream ends, or the project fails.
    pub async fn next(&mut self) -> Result<Event> {
        let project = self.project;
        let next = tokio::time::timeout(WAIT_MAX, self.frames.next()).await;
        let event = next.with_context(|| format!("no event of {project} in time"))?;
        let event = event.with_context(|| format!("the stream of {project} ended"))??;
        if event.event == "workflow_failed" {
            bail!("project {project} failed: {}", event.data);
        }
        Ok(event)
    }

    /// Waits for an event of this kind.
    ///
    /// # Errors
    /// As [`Events::next`].
    pub async fn until(&mut self, kind: &str) -> Result<Event> {
        loop {
            let event = self.next().await.with_context(|| format!("waiting for {kind}"))?;
            if event.event == kind {
                return Ok(event);
            }
        }
    }

    /// Waits until a stage has started.
    ///
    /// # Errors
    /// As [`Events::next`].
    pub async fn until_stage(&mut self, stage: &str) -> Result<()> {
        loop {
            let data: Value = serde_json::from_str(&self.until("progress_update").await?.data)?;
            if data["stage"] == stage {
                return Ok(());
            }
        }
    }
}
