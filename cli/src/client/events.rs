//! A project's live events, over as many connections as it takes: what was seen is never seen again, what was missed comes.

use super::{Client, exit_of};
use crate::failure::{Exit, Failure, Result};
use eventsource_stream::{Event as Frame, EventStreamError, Eventsource as _};
use futures::stream::{BoxStream, StreamExt as _};
use reqwest::{Method, RequestBuilder, header};
use serde_json::Value;
use std::time::Duration;

const WAIT_MS_MIN: u64 = 500;
const WAIT_MS_MAX: u64 = 5_000;

/// What comes out of a stream.
#[derive(Debug)]
pub(crate) enum Received {
    /// An entry of the event log.
    Event(Event),
    /// A piece of what a model is writing now; not in the log.
    Delta(Value),
    /// The connection is gone; the next call connects again after a while.
    Lost(String),
}

/// An entry of the event log.
#[derive(Debug)]
pub(crate) struct Event {
    /// Its place: 1, 2, … without gaps.
    pub(crate) seq: u64,
    /// What happened: `progress_update`, `questions_ready`, …
    pub(crate) kind: String,
    /// The whole frame, as the server sent it.
    pub(crate) frame: Value,
}

type Frames = BoxStream<'static, Result<Frame, EventStreamError<reqwest::Error>>>;

/// A stream of one project's events.
pub(crate) struct Events<'a> {
    client: &'a Client,
    path: String,
    seen: Option<u64>,
    frames: Option<Frames>,
    wait_ms: u64,
}

impl<'a> Events<'a> {
    /// Everything after `seen`; from the first event where it is `None`.
    pub(crate) fn new(client: &'a Client, project: &str, seen: Option<u64>) -> Self {
        let path = format!("/projects/{project}/events");
        Self { client, path, seen, frames: None, wait_ms: 0 }
    }

    /// The next of them. A lost connection is told once and then mended.
    pub(crate) async fn next(&mut self) -> Result<Received> {
        loop {
            if self.frames.is_none()
                && let Some(lost) = self.connect().await?
            {
                return Ok(lost);
            }
            let Some(frames) = &mut self.frames else { continue };
            match frames.next().await {
                Some(Ok(frame)) => {
                    self.wait_ms = 0;
                    if let Some(received) = self.read(&frame) {
                        return Ok(received);
                    }
                }
                Some(Err(error)) => return Ok(self.lost(&error.to_string())),
                None => return Ok(self.lost("the server ended the stream")),
            }
        }
    }

    async fn connect(&mut self) -> Result<Option<Received>> {
        tokio::time::sleep(Duration::from_millis(self.wait_ms)).await;
        // 0 asks for all of the log: without this header a server may begin with what happens now.
        let seen = self.seen.unwrap_or(0).to_string();
        let add = |request: RequestBuilder| {
            request.header(header::ACCEPT, "text/event-stream").header("last-event-id", &seen)
        };
        // Every connection shows a token that holds then: a stream outlives many of them.
        let response = match self.client.attempt(&Method::GET, &self.path, &add).await {
            Err(failure) if failure.exit == Exit::Unreachable && self.seen.is_some() => {
                return Ok(Some(self.lost(&failure.message)));
            }
            attempted => attempted?,
        };
        match response {
            Ok(response) if response.status().is_success() => {
                self.frames = Some(response.bytes_stream().eventsource().boxed());
                Ok(None)
            }
            Ok(response)
                if exit_of(response.status()) != Exit::Refused
                    && exit_of(response.status()) != Exit::NotSignedIn =>
            {
                Ok(Some(self.lost(&format!("the server answered {}", response.status()))))
            }
            Ok(response) => Err(self.client.problem(response).await),
            // Nothing was seen yet: more likely a wrong address than a restart.
            Err(error) if self.seen.is_none() => Err(self.client.unreachable(&error)),
            Err(error) => Ok(Some(self.lost(&error.to_string()))),
        }
    }

    fn lost(&mut self, why: &str) -> Received {
        self.frames = None;
        self.wait_ms = (self.wait_ms * 2).clamp(WAIT_MS_MIN, WAIT_MS_MAX);
        Received::Lost(why.to_owned())
    }

    /// `None` for signs of life and for what was seen before.
    fn read(&mut self, frame: &Frame) -> Option<Received> {
        let data: Value = serde_json::from_str(&frame.data).ok()?;
        if frame.event == "delta" {
            return Some(Received::Delta(data));
        }
        let seq = frame.id.parse().ok().or_else(|| data.get("sequence")?.as_u64())?;
        if self.seen.is_some_and(|seen| seq <= seen) {
            return None;
        }
        self.seen = Some(seq);
        let kind = data.get("event").and_then(Value::as_str).unwrap_or(&frame.event).to_owned();
        Some(Received::Event(Event { seq, kind, frame: data }))
    }
}

impl Event {
    /// A field of what the event says.
    pub(crate) fn field(&self, name: &str) -> Option<&Value> {
        self.frame.get(name)
    }

    /// As `field`, where it is text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.field(name)?.as_str()
    }

    /// The failure that a `workflow_failed` tells of.
    pub(crate) fn failure(&self) -> Failure {
        let error = self.field("error");
        let part = |name: &str| error.and_then(|error| error.get(name)).and_then(Value::as_str);
        let stage = part("stage").map_or_else(String::new, |stage| format!(" at stage {stage}"));
        let message = part("message").unwrap_or("no reason was given");
        Failure::new(
            Exit::ProjectFailed,
            part("code").unwrap_or("failed"),
            format!("the project failed{stage}: {message}"),
        )
    }
}
