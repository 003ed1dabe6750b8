//! One call to a model, from its bytes to the last byte of its answer, whichever protocol it came by.

mod flow;
mod respond;

use crate::answer;
use crate::cache::PromptCache;
use crate::calls::{CallGuard, CallLog};
use crate::exchange::{ApiError, Ask, ErrorKind, Provider, Reply, Stop, Usage, hash_of, tokens};
use crate::fault::{Effect, Rule, Rules, Subject};
use crate::options::Options;
use crate::pace::Pace;
use crate::{AGENT_HEADER, CALL_KEY_HEADER, FAULT_HEADER, anthropic, models, openai};
use axum::http::HeaderMap;
use axum::response::Response;
use bytes::Bytes;
use respond::Wire;
pub(crate) use respond::error_response;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Everything that the calls of a process share.
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) log: Arc<CallLog>,
    pub(crate) rules: Rules,
    pub(crate) cache: PromptCache,
    /// Cancelled when the server stops: answers under way break off instead of holding it up.
    pub(crate) closing: CancellationToken,
}

impl Shared {
    pub(crate) fn new(mut options: Options) -> Arc<Self> {
        Arc::new(Self {
            log: CallLog::new(options.calls_max),
            rules: Rules::new(std::mem::take(&mut options.faults)),
            cache: PromptCache::default(),
            closing: CancellationToken::new(),
            options,
        })
    }
}

/// A body that arrived whole, or why it did not.
pub(crate) type Received = Result<Bytes, ApiError>;

/// Answers `POST /v1/messages` or `POST /v1/chat/completions`.
pub(crate) async fn call(
    shared: Arc<Shared>,
    provider: Provider,
    headers: HeaderMap,
    body: Received,
) -> Response {
    let started = Instant::now();
    let header =
        |name: &str| headers.get(name)?.to_str().ok().map(str::to_owned).filter(|value| !value.is_empty());
    let guard = shared.log.start(provider.as_str(), header(AGENT_HEADER), header(CALL_KEY_HEADER));
    match prepare(&shared, provider, &headers, body, &guard) {
        Ok(call) => answer_call(shared, call, started, guard).await,
        Err(error) => fail(&shared, provider, &error, Duration::ZERO, guard).await,
    }
}

/// Answers `POST /v1/messages/count_tokens`.
pub(crate) fn count_tokens(headers: &HeaderMap, body: Received) -> Result<u64, ApiError> {
    let account = account(Provider::Anthropic, headers)?;
    Ok(anthropic::read::request(&body?, &account, false)?.input_tokens())
}

/// A call that was read and may be answered.
struct Prepared {
    provider: Provider,
    ask: Ask,
    agent: Option<String>,
    fault: Option<Rule>,
    pace: Pace,
    /// Of the request's body: names the reply.
    hash: u64,
}

fn prepare(
    shared: &Shared,
    provider: Provider,
    headers: &HeaderMap,
    body: Received,
    guard: &CallGuard,
) -> Result<Prepared, ApiError> {
    let account = account(provider, headers)?;
    guard.update(|call| call.key_end = end_of(&account));
    let body = body?;
    let ask = match provider {
        Provider::Anthropic => anthropic::read::request(&body, &account, true)?,
        Provider::OpenAi => openai::read::request(&body, &account)?,
    };
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let agent = answer::agent_of(text(AGENT_HEADER), &ask.system);
    guard.update(|call| {
        call.model = ask.model.clone();
        call.streamed = ask.stream;
        call.agent = call.agent.take().or_else(|| agent.clone());
    });
    if !models::is_known(provider, &ask.model, &shared.options.models) {
        return Err(unknown_model(provider, &ask.model));
    }
    let fault = match text(FAULT_HEADER) {
        "" => shared.rules.choose(&Subject {
            agent: agent.as_deref().unwrap_or_default(),
            model: &ask.model,
            call_key: text(CALL_KEY_HEADER),
            idea: answer::idea_of(&ask),
        }),
        rule => {
            Some(rule.parse::<Rule>().map_err(|error| ApiError::invalid(FAULT_HEADER, error.to_string()))?)
        }
    };
    guard.update(|call| call.fault = fault.as_ref().map(|rule| rule.effect.as_str()));
    let hash = hash_of(&body);
    let pace = Pace::new(&shared.options, headers, hash);
    Ok(Prepared { provider, ask, agent, fault, pace, hash })
}

async fn answer_call(shared: Arc<Shared>, call: Prepared, started: Instant, guard: CallGuard) -> Response {
    if let Some(error) = call.fault.as_ref().and_then(refused_at_the_door) {
        return fail(&shared, call.provider, &error, call.pace.latency(), guard).await;
    }
    let mut reply = answer::reply(&call.ask, call.agent.as_deref(), call.fault.as_ref());
    reply.stop_at(&call.ask.stop_sequences);
    if let Some(tokens_max) = call.ask.output_tokens_max {
        let bytes_max = usize::try_from(tokens_max).unwrap_or(usize::MAX);
        reply.cut(bytes_max.saturating_mul(crate::exchange::TOKEN_BYTES));
    }
    apply(call.fault.as_ref().map(|rule| rule.effect), &mut reply);
    let usage = usage(&shared, &call, &reply);
    guard.update(|entry| {
        entry.status = Some(200);
        entry.input_tokens = usage.input;
        entry.cached_tokens = usage.cache_read;
        entry.output_tokens = usage.output;
    });
    let wire = Wire::new(call.provider, call.hash, call.ask, reply, usage);
    flow::send(&shared, wire, call.pace, call.fault, started, guard).await
}

fn usage(shared: &Shared, call: &Prepared, reply: &Reply) -> Usage {
    let boundaries = &call.ask.boundaries;
    let mut usage =
        Usage { input: call.ask.input_tokens(), output: tokens(reply.bytes()).max(1), ..Usage::default() };
    match call.provider {
        Provider::Anthropic => {
            let split = shared.cache.explicit(boundaries, shared.options.cache_min_tokens);
            usage.cache_read = split.read;
            usage.cache_written_5m = split.written_5m;
            usage.cache_written_1h = split.written_1h;
        }
        Provider::OpenAi => {
            let steps = &boundaries[..boundaries.len().saturating_sub(1)];
            usage.cache_read = shared.cache.automatic(steps).min(usage.input);
        }
    }
    usage
}

/// As the products of providers show a key.
fn end_of(key: &str) -> String {
    let mut end: Vec<char> = key.chars().rev().take(4).collect();
    end.reverse();
    end.into_iter().collect()
}

/// Who pays: the key. Any key is accepted, except one that begins with `invalid`.
pub(crate) fn account(provider: Provider, headers: &HeaderMap) -> Result<String, ApiError> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let bearer = || text("authorization").and_then(|value| value.strip_prefix("Bearer ")).map(str::trim);
    let (key, message) = match provider {
        Provider::Anthropic => (text("x-api-key").or_else(bearer), "x-api-key header is required"),
        Provider::OpenAi => (
            bearer(),
            "You didn't provide an API key. Provide it in an Authorization header using Bearer auth.",
        ),
    };
    let key = key.filter(|key| !key.is_empty());
    let key = key.ok_or_else(|| ApiError::new(ErrorKind::Authentication, message))?;
    if key.starts_with("invalid") {
        let message = match provider {
            Provider::Anthropic => "invalid x-api-key",
            Provider::OpenAi => "Incorrect API key provided.",
        };
        return Err(ApiError::new(ErrorKind::Authentication, message));
    }
    if provider == Provider::Anthropic && text("anthropic-version").is_none_or(str::is_empty) {
        return Err(ApiError::invalid("anthropic-version", "anthropic-version: header is required"));
    }
    Ok(key.to_owned())
}

pub(crate) fn unknown_model(provider: Provider, model: &str) -> ApiError {
    match provider {
        Provider::Anthropic => ApiError::new(ErrorKind::NotFound, format!("model: {model}")),
        Provider::OpenAi => ApiError {
            param: Some("model"),
            ..ApiError::new(
                ErrorKind::NotFound,
                format!("The model `{model}` does not exist or you do not have access to it."),
            )
        },
    }
}

/// The error of a fault that shows before any answer.
fn refused_at_the_door(rule: &Rule) -> Option<ApiError> {
    let (kind, message) = match rule.effect {
        Effect::RateLimit => (ErrorKind::RateLimit, "This request would exceed your rate limit (simulated)."),
        Effect::Overloaded => (ErrorKind::Overloaded, "Overloaded (simulated)"),
        Effect::Unavailable => (ErrorKind::Unavailable, "Service unavailable (simulated)"),
        Effect::ServerError => (ErrorKind::Api, "Internal server error (simulated)"),
        Effect::BadRequest => (ErrorKind::InvalidRequest, "This request was refused on purpose (simulated)."),
        Effect::Unauthorized => (ErrorKind::Authentication, "This key was revoked (simulated)."),
        Effect::NotFound => (ErrorKind::NotFound, "This model was retired (simulated)."),
        Effect::BreakStream
        | Effect::ErrorEvent
        | Effect::Stall
        | Effect::Refuse
        | Effect::Unparsable
        | Effect::MaxTokens
        | Effect::Object
        | Effect::AskPerson
        | Effect::ManyFiles => return None,
    };
    let default_s = (rule.effect == Effect::RateLimit).then_some(1);
    Some(ApiError { retry_after_s: rule.retry_after_s.or(default_s), ..ApiError::new(kind, message) })
}

/// Changes a reply as a fault says.
fn apply(effect: Option<Effect>, reply: &mut Reply) {
    match effect {
        Some(Effect::Refuse) => {
            *reply = Reply::text("(Simulated.) I cannot help with this request.".to_owned());
            reply.stop = Stop::Refusal;
        }
        Some(Effect::Unparsable) => {
            *reply = Reply::text(
                "(Simulated fault.) Well, it depends! Let me think about it some more: {]] <no grammar here>\n\n= = =\n"
                    .to_owned(),
            );
        }
        Some(Effect::MaxTokens) => reply.cut(reply.bytes() / 2),
        _ => {}
    }
}

async fn fail(
    shared: &Shared,
    provider: Provider,
    error: &ApiError,
    latency: Duration,
    guard: CallGuard,
) -> Response {
    // Broken off by the server's own end or not: the error is right either way.
    let _ = tokio::time::timeout(latency, shared.closing.cancelled()).await;
    let response = error_response(provider, error, &guard.request_id);
    guard.update(|call| call.status = Some(response.status().as_u16()));
    guard.finish();
    response
}
