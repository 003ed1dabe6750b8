//! Anthropic's Messages protocol, spoken on reqwest: `POST {base}/v1/messages`, streaming and not.
//!
//! Kept to the contract of Anthropic's own SDKs: no sampling parameters, cumulative usage, errors in mid-stream,
//! unknown events and stop reasons tolerated, thinking left out of the text but sent back in loops of tool calls.

use crate::call::{Block, ModelReply, ModelRequest, Provider, Sink};
use crate::error::CallError;
use crate::http::{ProviderFault, Seen, UNREADABLE_KEY, call_headers, cause, failed_answer, network};
use crate::stream::{Writing, counter};
use crate::tool::{Part, ToolResult, ToolSpec, Turn, arguments_object};
use async_trait::async_trait;
use eventsource_stream::Eventsource;
use futures::StreamExt;
use groundwork_domain::model::{Model, OutputParameter, ProviderId, Tokens};
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use std::ops::Range;
use tokio_util::sync::CancellationToken;

const VERSION: &str = "2023-06-01";
/// Breakpoints that one request may have.
const BREAKPOINTS_MAX: usize = 4;

/// A client of one Anthropic account, or of a server that speaks its protocol.
#[derive(Clone, Debug)]
pub struct Anthropic {
    http: reqwest::Client,
    url: String,
    key: SecretString,
}

impl Anthropic {
    /// A client for an address without `/v1`.
    #[must_use]
    pub fn new(http: reqwest::Client, base_url: &str, key: SecretString) -> Self {
        Self { http, url: format!("{}/v1/messages", base_url.trim_end_matches('/')), key }
    }

    async fn send(&self, model: &Model, request: &ModelRequest) -> Result<reqwest::Response, reqwest::Error> {
        let mut key = HeaderValue::from_str(
            request.keys.of(ProviderId::Anthropic).unwrap_or(&self.key).expose_secret(),
        )
        .unwrap_or(HeaderValue::from_static(UNREADABLE_KEY));
        // Keeps it out of every Debug of the request.
        key.set_sensitive(true);
        self.http
            .post(&self.url)
            .headers(call_headers(request))
            .header("x-api-key", key)
            .header("anthropic-version", VERSION)
            .json(&body(model, request))
            .send()
            .await
    }
}

#[async_trait]
impl Provider for Anthropic {
    fn id(&self) -> ProviderId {
        ProviderId::Anthropic
    }

    async fn call(
        &self,
        model: &Model,
        request: &ModelRequest,
        sink: Sink<'_>,
        cancel: &CancellationToken,
    ) -> Result<ModelReply, CallError> {
        let mut writing = Writing::new(model, request, sink);
        let response = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(writing.cancelled()),
            sent = self.send(model, request) => sent.map_err(|error| network(ProviderId::Anthropic, error))?,
        };
        if !response.status().is_success() {
            return Err(failed_answer(writing.asked(), response).await);
        }
        writing.seen = Seen::read(response.headers());
        let read = async {
            if request.stream {
                read_stream(&mut writing, response).await
            } else {
                read_whole(&mut writing, response).await
            }
        };
        tokio::select! {
            biased;
            outcome = read => outcome?,
            () = cancel.cancelled() => return Err(writing.cancelled()),
        }
        writing.finish(tokens)
    }
}

/// The request's body. serde_json keeps or sorts the order of fields, in either case the same for each request, so equal
/// prefixes are equal bytes.
fn body(model: &Model, request: &ModelRequest) -> Value {
    // One is kept for the end of a loop of tool calls, which grows with each of them. Of too many the first documents'
    // are left out: the last one's prefix has them all in it.
    let left = BREAKPOINTS_MAX - usize::from(!request.turns.is_empty());
    let count = |blocks: &[Block]| blocks.iter().filter(|block| block.breakpoint).count();
    let (of_system, of_user) = (count(&request.system).min(left), count(&request.user));
    let system = blocks(&request.system, 0..of_system);
    let skipped = of_user.saturating_sub(left - of_system);
    let mut messages = vec![json!({ "role": "user", "content": blocks(&request.user, skipped..of_user) })];
    if let Some(turn) = &request.follow_up {
        // An empty turn would be rejected.
        let reply = if turn.reply.trim().is_empty() { "(no text)" } else { turn.reply.trim_end() };
        messages.push(json!({ "role": "assistant", "content": [{ "type": "text", "text": reply }] }));
        messages.push(json!({ "role": "user", "content": [{ "type": "text", "text": turn.request }] }));
    }
    messages.extend(request.turns.iter().map(message));
    if let (false, Some(last)) = (request.turns.is_empty(), messages.last_mut()) {
        let blocks = last["content"].as_array_mut();
        if let Some(block) = blocks.and_then(|blocks| blocks.last_mut()) {
            block["cache_control"] = json!({ "type": "ephemeral" });
        }
    }
    let cap = match model.output_parameter {
        OutputParameter::MaxTokens => "max_tokens",
        OutputParameter::MaxCompletionTokens => "max_completion_tokens",
    };
    let mut body = json!({
        "model": model.id,
        (cap): request.output_tokens_max.min(model.output_tokens_max),
        "system": system,
        "messages": messages,
        "stream": request.stream,
    });
    if !request.tools.is_empty() {
        let tool = |tool: &ToolSpec| json!({ "name": tool.name, "description": tool.description, "input_schema": tool.schema });
        body["tools"] = request.tools.iter().map(tool).collect();
    }
    if let Some(effort) = request.effort.filter(|_| model.effort) {
        body["output_config"] = json!({ "effort": effort.as_str() });
    }
    body
}

/// A turn as a message. Each has content: an empty one would be rejected.
fn message(turn: &Turn) -> Value {
    let text = |text: &str| json!({ "type": "text", "text": if text.trim().is_empty() { "(no text)" } else { text } });
    let result = |one: &ToolResult| json!({ "type": "tool_result", "tool_use_id": one.call_id, "content": one.content, "is_error": one.is_error });
    match turn {
        Turn::User { text: words } => json!({ "role": "user", "content": [text(words)] }),
        Turn::Results { results } => {
            json!({ "role": "user", "content": results.iter().map(result).collect::<Vec<_>>() })
        }
        Turn::Model { parts } => {
            let mut content: Vec<Value> = parts
                .iter()
                .filter_map(|part| match part {
                    Part::Text { text: words } => (!words.trim().is_empty()).then(|| text(words.trim_end())),
                    Part::Call(call) => Some(json!({
                        "type": "tool_use", "id": call.id, "name": call.name,
                        "input": arguments_object(&call.arguments),
                    })),
                    Part::Thinking { provider, block } => {
                        (*provider == ProviderId::Anthropic).then(|| block.clone())
                    }
                })
                .collect();
            if content.is_empty() {
                content.push(text(""));
            }
            json!({ "role": "assistant", "content": content })
        }
    }
}

/// Blocks as they are sent. Of their breakpoints those with these numbers, counted from 0, are kept.
fn blocks(blocks: &[Block], kept: Range<usize>) -> Vec<Value> {
    let mut breakpoints = 0;
    blocks
        .iter()
        .map(|block| {
            let mut value = json!({ "type": "text", "text": block.text });
            if block.breakpoint {
                if kept.contains(&breakpoints) {
                    value["cache_control"] = json!({ "type": "ephemeral" });
                }
                breakpoints += 1;
            }
            value
        })
        .collect()
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    content: Vec<Value>,
    #[serde(default)]
    stop_reason: Option<String>,
    #[serde(default)]
    usage: Option<Value>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Event {
    MessageStart {
        message: Message,
    },
    ContentBlockStart {
        #[serde(default)]
        index: u64,
        content_block: Value,
    },
    ContentBlockDelta {
        #[serde(default)]
        index: u64,
        delta: Value,
    },
    MessageDelta {
        #[serde(default)]
        delta: Delta,
        #[serde(default)]
        usage: Option<Value>,
    },
    MessageStop,
    Error {
        #[serde(default)]
        error: ProviderFault,
    },
    /// Pings, ends of blocks, and whatever comes to be.
    #[serde(other)]
    Other,
}

#[derive(Default, Deserialize)]
struct Delta {
    #[serde(default)]
    stop_reason: Option<String>,
}

async fn read_stream(writing: &mut Writing<'_>, response: reqwest::Response) -> Result<(), CallError> {
    let mut events = response.bytes_stream().eventsource();
    while let Some(event) = events.next().await {
        let event = match event {
            Ok(event) => event,
            // The answer is whole once its reason is known; only the farewell is missing.
            Err(_) if writing.has_stopped() => return Ok(()),
            Err(error) => return Err(writing.broken(cause(&error), None)),
        };
        let event = match serde_json::from_str::<Event>(&event.data) {
            Ok(event) => event,
            Err(error) => {
                return Err(writing.broken(format!("an event is no JSON of the protocol: {error}"), None));
            }
        };
        match event {
            Event::MessageStart { message } => writing.usage(message.usage),
            Event::ContentBlockStart { index, content_block } => {
                begin_block(writing, index, content_block, true)?
            }
            Event::ContentBlockDelta { index, delta } => grow_block(writing, index, &delta)?,
            Event::MessageDelta { delta, usage } => {
                writing.usage(usage);
                writing.stop(delta.stop_reason);
            }
            Event::MessageStop => return Ok(()),
            Event::Error { error } => return Err(writing.fault(&error)),
            Event::Other => {}
        }
    }
    if writing.has_stopped() {
        return Ok(());
    }
    Err(writing.broken("the stream ended without `message_stop`".to_owned(), None))
}

async fn read_whole(writing: &mut Writing<'_>, response: reqwest::Response) -> Result<(), CallError> {
    let bytes = match response.bytes().await {
        Ok(bytes) => bytes,
        Err(error) => return Err(writing.broken(cause(&error.without_url()), None)),
    };
    let message = match serde_json::from_slice::<Message>(&bytes) {
        Ok(message) => message,
        Err(error) => {
            return Err(writing.broken(format!("the answer is no JSON of the protocol: {error}"), None));
        }
    };
    writing.usage(message.usage);
    writing.stop(message.stop_reason);
    for (index, block) in (0..).zip(message.content) {
        begin_block(writing, index, block, false)?;
    }
    Ok(())
}

/// Takes a block. In a stream its `input` is an empty object and the arguments follow as deltas.
fn begin_block(writing: &mut Writing<'_>, place: u64, block: Value, streamed: bool) -> Result<(), CallError> {
    let text = |name: &str| block.get(name).and_then(Value::as_str);
    match text("type") {
        Some("text") => writing.push(place, text("text").unwrap_or_default()),
        Some("tool_use") => {
            let whole = block.get("input").filter(|_| !streamed).map(Value::to_string).unwrap_or_default();
            writing.push_call(place, text("id"), text("name"), &whole)
        }
        Some("thinking" | "redacted_thinking") => {
            writing.open_thinking(place, block);
            Ok(())
        }
        // Whatever comes to be.
        _ => Ok(()),
    }
}

fn grow_block(writing: &mut Writing<'_>, place: u64, delta: &Value) -> Result<(), CallError> {
    let text = |name: &str| delta.get(name).and_then(Value::as_str).unwrap_or_default();
    match text("type") {
        "text_delta" => writing.push(place, text("text")),
        "input_json_delta" => writing.push_call(place, None, None, text("partial_json")),
        "thinking_delta" => writing.push_thinking(place, "thinking", text("thinking")),
        "signature_delta" => writing.push_thinking(place, "signature", text("signature")),
        _ => Ok(()),
    }
}

/// The five counters. Anthropic's `input_tokens` leaves out what a cache had; thinking is inside `output_tokens`.
pub(crate) fn tokens(usage: &Value) -> Tokens {
    let written = counter(usage, &["cache_creation_input_tokens"]);
    let hour = counter(usage, &["cache_creation", "ephemeral_1h_input_tokens"]);
    let minutes = counter(usage, &["cache_creation", "ephemeral_5m_input_tokens"]);
    Tokens {
        input: counter(usage, &["input_tokens"]),
        // Older servers send the sum alone; then all of it is the ordinary kind.
        cache_write_5m: minutes.max(written.saturating_sub(hour)),
        cache_write_1h: hour,
        cache_read: counter(usage, &["cache_read_input_tokens"]),
        output: counter(usage, &["output_tokens"]),
    }
}
