//! OpenAI's Chat Completions through async-openai, which every compatible local server speaks too.
//!
//! Types are our own and lenient: a server that sends an empty `finish_reason` or no usage must not fail a paid call.
//! The library's retries are replaced by one plain request, and the headers of the answer are kept on the way.

use crate::call::{Block, ModelReply, ModelRequest, Provider, Sink};
use crate::error::CallError;
use crate::http::{ProviderFault, Seen, UNREADABLE_KEY, call_headers, cause, failed_answer, network};
use crate::keys::CallKeys;
use crate::stream::{Writing, counter};
use crate::tool::{Part, ToolSpec, Turn, arguments_object};
use async_openai::config::OpenAIConfig;
use async_openai::error::OpenAIError;
use async_openai::middleware::HttpRequestFactory;
use async_openai::traits::RequestOptionsBuilder;
use async_trait::async_trait;
use futures::StreamExt;
use groundwork_domain::model::{Model, OutputParameter, ProviderId, Tokens};
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};
use tokio_util::sync::CancellationToken;

/// A client of one OpenAI account, or of a server that speaks its protocol.
#[derive(Clone, Debug)]
pub struct OpenAi {
    http: reqwest::Client,
    config: OpenAIConfig,
}

impl OpenAi {
    /// A client for an address that ends in `/v1`, as OpenAI's own SDKs have it.
    #[must_use]
    pub fn new(http: reqwest::Client, base_url: &str, key: &SecretString) -> Self {
        // The library would take an organisation from the environment.
        let config = OpenAIConfig::new()
            .with_api_base(base_url.trim_end_matches('/'))
            .with_org_id("")
            .with_project_id("")
            .with_api_key(readable(key));
        Self { http, config }
    }

    /// The library's client around one plain request, which leaves what it saw in `answer`.
    fn client(&self, answer: &Arc<Mutex<Answer>>, keys: &CallKeys) -> async_openai::Client<OpenAIConfig> {
        let mut config = self.config.clone();
        if let Some(key) = keys.of(ProviderId::OpenAi) {
            config = config.with_api_key(readable(key));
        }
        let http = self.http.clone();
        let answer = Arc::clone(answer);
        let service = tower::service_fn(move |factory: HttpRequestFactory| {
            let http = http.clone();
            let answer = Arc::clone(&answer);
            async move {
                let request = factory.build().await?;
                let response = http.execute(request).await.map_err(OpenAIError::Reqwest)?;
                let mut answer = answer.lock().unwrap_or_else(PoisonError::into_inner);
                if response.status().is_success() {
                    answer.seen = Seen::read(response.headers());
                    return Ok(response);
                }
                // The library would keep the status and lose the headers: the whole answer is set aside instead.
                answer.failed = Some(response);
                Err(OpenAIError::InvalidArgument("the answer was set aside".to_owned()))
            }
        });
        async_openai::Client::build(self.http.clone(), config).with_http_service(service)
    }

    async fn read(
        &self,
        writing: &mut Writing<'_>,
        model: &Model,
        request: &ModelRequest,
    ) -> Result<(), CallError> {
        let answer = Arc::new(Mutex::new(Answer::default()));
        let client = self.client(&answer, &request.keys);
        let chat = client.chat();
        let chat = chat.headers(call_headers(request));
        let body = body(model, request);
        if !request.stream {
            let whole = chat.create_byot::<_, Completion>(body).await;
            writing.seen = take_seen(&answer);
            return match whole {
                Ok(completion) => take(writing, completion),
                Err(error) => Err(self.failed(writing, &answer, error).await),
            };
        }
        let mut chunks = match chat.create_stream_byot::<_, Completion>(body).await {
            Ok(chunks) => chunks,
            Err(error) => return Err(self.failed(writing, &answer, error).await),
        };
        writing.seen = take_seen(&answer);
        while let Some(chunk) = chunks.next().await {
            match chunk {
                Ok(chunk) => take(writing, chunk)?,
                Err(_) if writing.has_stopped() => break,
                Err(error) => return Err(writing.broken(cause(&error), None)),
            }
        }
        // Usage is the last thing of a stream: with it the answer is whole, even where a local server gives no reason.
        if writing.has_stopped() || writing.has_usage() {
            return Ok(());
        }
        Err(writing.broken("the stream ended without a finish reason".to_owned(), None))
    }

    async fn failed(
        &self,
        writing: &mut Writing<'_>,
        answer: &Arc<Mutex<Answer>>,
        error: OpenAIError,
    ) -> CallError {
        let set_aside = answer.lock().unwrap_or_else(PoisonError::into_inner).failed.take();
        match (set_aside, error) {
            (Some(response), _) => failed_answer(writing.asked(), response).await,
            (None, OpenAIError::Reqwest(error)) => network(ProviderId::OpenAi, error),
            (None, other) => writing.broken(cause(&other), None),
        }
    }
}

/// The key as it can be a header; the library panics at what cannot.
fn readable(key: &SecretString) -> &str {
    let key = key.expose_secret();
    if HeaderValue::from_str(key).is_ok() { key } else { UNREADABLE_KEY }
}

/// What the service saw of an answer.
#[derive(Default)]
struct Answer {
    seen: Seen,
    failed: Option<reqwest::Response>,
}

fn take_seen(answer: &Arc<Mutex<Answer>>) -> Seen {
    answer.lock().unwrap_or_else(PoisonError::into_inner).seen.clone()
}

#[async_trait]
impl Provider for OpenAi {
    fn id(&self) -> ProviderId {
        ProviderId::OpenAi
    }

    async fn call(
        &self,
        model: &Model,
        request: &ModelRequest,
        sink: Sink<'_>,
        cancel: &CancellationToken,
    ) -> Result<ModelReply, CallError> {
        let mut writing = Writing::new(model, request, sink);
        tokio::select! {
            biased;
            outcome = self.read(&mut writing, model, request) => outcome?,
            () = cancel.cancelled() => return Err(writing.cancelled()),
        }
        writing.finish(tokens)
    }
}

fn body(model: &Model, request: &ModelRequest) -> Value {
    let mut messages = vec![
        json!({ "role": "system", "content": join(&request.system) }),
        json!({ "role": "user", "content": join(&request.user) }),
    ];
    if let Some(turn) = &request.follow_up {
        let reply = if turn.reply.trim().is_empty() { "(no text)" } else { turn.reply.trim_end() };
        messages.push(json!({ "role": "assistant", "content": reply }));
        messages.push(json!({ "role": "user", "content": turn.request }));
    }
    for turn in &request.turns {
        add_turn(&mut messages, turn);
    }
    let cap = match model.output_parameter {
        OutputParameter::MaxTokens => "max_tokens",
        OutputParameter::MaxCompletionTokens => "max_completion_tokens",
    };
    let mut body = json!({
        "model": model.id,
        (cap): request.output_tokens_max.min(model.output_tokens_max),
        "messages": messages,
        "stream": request.stream,
    });
    if !request.tools.is_empty() {
        let tool = |tool: &ToolSpec| {
            let function =
                json!({ "name": tool.name, "description": tool.description, "parameters": tool.schema });
            json!({ "type": "function", "function": function })
        };
        body["tools"] = request.tools.iter().map(tool).collect();
    }
    if request.stream {
        body["stream_options"] = json!({ "include_usage": true });
    }
    if let Some(effort) = request.effort.filter(|_| model.effort) {
        body["reasoning_effort"] = json!(effort.as_str());
    }
    body
}

/// A turn as messages: each result of a tool is one of its own. Another provider's thinking is left out.
fn add_turn(messages: &mut Vec<Value>, turn: &Turn) {
    match turn {
        Turn::User { text } => messages.push(json!({ "role": "user", "content": text })),
        Turn::Results { results } => messages.extend(results.iter().map(|one| {
            // The protocol has no word for failure: the text says it.
            let lead = if one.is_error { "error: " } else { "" };
            json!({ "role": "tool", "tool_call_id": one.call_id, "content": format!("{lead}{}", one.content) })
        })),
        Turn::Model { parts } => {
            let text: String = parts
                .iter()
                .filter_map(|part| match part {
                    Part::Text { text } => Some(text.as_str()),
                    Part::Call(_) | Part::Thinking { .. } => None,
                })
                .collect();
            let calls: Vec<Value> = parts
                .iter()
                .filter_map(Part::call)
                .map(|call| {
                    let function = json!({ "name": call.name, "arguments": arguments_object(&call.arguments).to_string() });
                    json!({ "id": call.id, "type": "function", "function": function })
                })
                .collect();
            let empty = if calls.is_empty() { json!("(no text)") } else { Value::Null };
            let content = if text.trim().is_empty() { empty } else { json!(text.trim_end()) };
            let mut message = json!({ "role": "assistant", "content": content });
            if !calls.is_empty() {
                message["tool_calls"] = Value::Array(calls);
            }
            messages.push(message);
        }
    }
}

/// One string: compatible servers need not know parts. Equal blocks make an equal prefix, which OpenAI caches by itself.
fn join(blocks: &[Block]) -> String {
    blocks.iter().map(|block| block.text.as_str()).collect::<Vec<_>>().join("\n\n")
}

/// A completion, or a chunk of one.
#[derive(Deserialize)]
struct Completion {
    #[serde(default)]
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Option<Value>,
    #[serde(default)]
    error: Option<ProviderFault>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    delta: Option<Content>,
    #[serde(default)]
    message: Option<Content>,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Content {
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    refusal: Option<String>,
    #[serde(default)]
    tool_calls: Option<Vec<CallPiece>>,
}

/// A tool call, or a piece of one; which one says `index`, where it says so.
#[derive(Deserialize)]
struct CallPiece {
    #[serde(default)]
    index: Option<u64>,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    function: Option<FunctionPiece>,
}

#[derive(Deserialize)]
struct FunctionPiece {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    arguments: Option<String>,
}

fn take(writing: &mut Writing<'_>, completion: Completion) -> Result<(), CallError> {
    if let Some(fault) = completion.error {
        return Err(writing.fault(&fault));
    }
    writing.usage(completion.usage);
    let Some(choice) = completion.choices.into_iter().next() else {
        return Ok(());
    };
    let refused = if let Some(content) = choice.delta.or(choice.message) {
        writing.push(0, content.content.as_deref().unwrap_or_default())?;
        for (number, piece) in (0..).zip(content.tool_calls.into_iter().flatten()) {
            let function = piece.function.unwrap_or(FunctionPiece { name: None, arguments: None });
            // The text is the part before all calls.
            let place = 1 + piece.index.unwrap_or(number);
            let arguments = function.arguments.as_deref().unwrap_or_default();
            writing.push_call(place, piece.id.as_deref(), function.name.as_deref(), arguments)?;
        }
        content.refusal.is_some_and(|words| !words.is_empty())
    } else {
        false
    };
    writing.stop(choice.finish_reason);
    if refused {
        writing.stop(Some("refusal".to_owned()));
    }
    Ok(())
}

/// The five counters. OpenAI's `prompt_tokens` has what its cache held in it, and thinking is inside `completion_tokens`.
pub(crate) fn tokens(usage: &Value) -> Tokens {
    let cache_read = counter(usage, &["prompt_tokens_details", "cached_tokens"]);
    let cache_write = counter(usage, &["prompt_tokens_details", "cache_write_tokens"]);
    Tokens {
        input: counter(usage, &["prompt_tokens"]).saturating_sub(cache_read + cache_write),
        cache_write_5m: cache_write,
        cache_write_1h: 0,
        cache_read,
        output: counter(usage, &["completion_tokens"]),
    }
}
