//! An answer while it is being written: text, usage, reason; how it ends well and how it breaks off.

use crate::call::{ModelReply, ModelRequest, Sink, StopReason, estimate_bytes};
use crate::error::{CallError, Interruption};
use crate::http::{Asked, ProviderFault, Seen, sort, status_of};
use crate::tool::{Part, ToolCall};
use groundwork_domain::model::{Model, ProviderId, Tokens};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Longest text that is read of one answer, in bytes; far above every cap, so only a broken server comes to it.
const TEXT_BYTES_MAX: usize = 4 * 1024 * 1024;

/// One answer under way.
pub(crate) struct Writing<'a> {
    model: &'a Model,
    request: &'a ModelRequest,
    sink: Sink<'a>,
    started: Instant,
    first_token_ms: Option<u64>,
    text: String,
    /// By their places in the answer.
    parts: BTreeMap<u64, Part>,
    /// Of everything that was written, calls of tools included.
    bytes: usize,
    usage: Value,
    stop: Option<String>,
    pub(crate) seen: Seen,
}

impl<'a> Writing<'a> {
    pub(crate) fn new(model: &'a Model, request: &'a ModelRequest, sink: Sink<'a>) -> Self {
        Self {
            model,
            request,
            sink,
            started: Instant::now(),
            first_token_ms: None,
            text: String::new(),
            parts: BTreeMap::new(),
            bytes: 0,
            usage: Value::Null,
            stop: None,
            seen: Seen::default(),
        }
    }

    pub(crate) fn asked(&self) -> Asked<'a> {
        Asked {
            provider: self.model.provider,
            model: &self.model.id,
            prompt_tokens: self.request.prompt_tokens_estimate(),
            limit_tokens: self
                .model
                .context_window_tokens
                .saturating_sub(u64::from(self.request.output_tokens_max)),
            model_setting: &self.request.model_setting,
            own_key: self.request.keys.of(self.model.provider).is_some(),
        }
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Takes a piece of text of the part at that place.
    pub(crate) fn push(&mut self, place: u64, piece: &str) -> Result<(), CallError> {
        if piece.is_empty() {
            return Ok(());
        }
        self.count(piece)?;
        self.text.push_str(piece);
        let part = self.parts.entry(place).or_insert_with(|| Part::Text { text: String::new() });
        if let Part::Text { text } = part {
            text.push_str(piece);
        }
        (self.sink)(piece);
        Ok(())
    }

    /// Takes the beginning of a tool call, or more of its arguments. What comes first gives the name.
    pub(crate) fn push_call(
        &mut self,
        place: u64,
        id: Option<&str>,
        name: Option<&str>,
        arguments: &str,
    ) -> Result<(), CallError> {
        self.count(arguments)?;
        let empty =
            || Part::Call(ToolCall { id: String::new(), name: String::new(), arguments: String::new() });
        if let Part::Call(call) = self.parts.entry(place).or_insert_with(empty) {
            // Some servers repeat both with every piece.
            for (kept, new) in [(&mut call.id, id), (&mut call.name, name)] {
                if let Some(new) = new.filter(|_| kept.is_empty()) {
                    kept.push_str(new);
                }
            }
            call.arguments.push_str(arguments);
        }
        Ok(())
    }

    /// Takes a block of thinking, which goes back to its provider as it came.
    pub(crate) fn open_thinking(&mut self, place: u64, block: Value) {
        self.parts.insert(place, Part::Thinking { provider: self.model.provider, block });
    }

    /// Takes more of a block of thinking: text that belongs behind what its field has.
    pub(crate) fn push_thinking(&mut self, place: u64, field: &str, piece: &str) -> Result<(), CallError> {
        self.count(piece)?;
        if let Some(Part::Thinking { block, .. }) = self.parts.get_mut(&place) {
            let text = block[field].as_str().unwrap_or_default().to_owned() + piece;
            block[field] = Value::String(text);
        }
        Ok(())
    }

    fn count(&mut self, piece: &str) -> Result<(), CallError> {
        if self.bytes + piece.len() > TEXT_BYTES_MAX {
            return Err(self.broken("the answer does not end".to_owned(), None));
        }
        self.bytes += piece.len();
        if !piece.is_empty() {
            let elapsed_ms = self.elapsed_ms();
            self.first_token_ms.get_or_insert(elapsed_ms);
        }
        Ok(())
    }

    /// Takes counters. They are cumulative: a later one stands in the place of an earlier one, and what a later message
    /// leaves out stays as it was.
    pub(crate) fn usage(&mut self, usage: Option<Value>) {
        let Some(Value::Object(new)) = usage else {
            return;
        };
        if let Value::Object(old) = &mut self.usage {
            old.extend(new.into_iter().filter(|(_, value)| !value.is_null()));
        } else {
            self.usage = Value::Object(new);
        }
    }

    /// Takes the reason for which the model stopped; an empty one (some local servers send it) is none, and nothing
    /// takes a refusal back.
    pub(crate) fn stop(&mut self, reason: Option<String>) {
        let refused = self.stop.as_deref() == Some("refusal");
        if let Some(reason) = reason.filter(|reason| !reason.is_empty() && !refused) {
            self.stop = Some(reason);
        }
    }

    pub(crate) fn has_stopped(&self) -> bool {
        self.stop.is_some()
    }

    pub(crate) fn has_usage(&self) -> bool {
        !self.usage.is_null()
    }

    /// What will probably be billed for a call that broke off.
    fn probable(&self, read: fn(&Value) -> Tokens) -> Tokens {
        let mut tokens = read(&self.usage);
        if tokens.prompt() == 0 {
            tokens.input = self.request.prompt_tokens_estimate();
        }
        tokens.output = tokens.output.max(estimate_bytes(self.bytes));
        tokens
    }

    fn interruption(&self) -> Interruption {
        Interruption {
            partial: self.text.clone(),
            tokens: self.probable(match self.model.provider {
                ProviderId::Anthropic => crate::anthropic::tokens,
                ProviderId::OpenAi => crate::openai::tokens,
            }),
            model: self.model.id.clone(),
            provider: self.model.provider,
            request_id: self.seen.request_id.clone(),
            duration_ms: self.elapsed_ms(),
            simulated: self.seen.simulated,
        }
    }

    /// The answer broke off after it had begun.
    pub(crate) fn broken(&self, reason: String, retry_after: Option<Duration>) -> CallError {
        CallError::Interrupted { reason, retry_after, interruption: Box::new(self.interruption()) }
    }

    /// The caller cancelled. Whatever was sent is billed, so there is an estimate even where no answer had begun.
    pub(crate) fn cancelled(&self) -> CallError {
        CallError::Cancelled { interruption: Some(Box::new(self.interruption())) }
    }

    /// The provider sent an error inside the stream, after status 200. Before any text it is as good as a failed
    /// status; after that it is an interruption, unless it is for ever.
    pub(crate) fn fault(&self, fault: &ProviderFault) -> CallError {
        let error = sort(self.asked(), status_of(fault), fault, self.seen.clone());
        if self.bytes == 0 || !error.retryable() {
            return error;
        }
        let kind = fault.kind.as_deref().unwrap_or("error");
        let words = fault.message.as_deref().unwrap_or("no reason given");
        self.broken(format!("{kind}: {words}"), self.seen.retry_after)
    }

    /// The answer has ended by itself.
    pub(crate) fn finish(self, read: fn(&Value) -> Tokens) -> Result<ModelReply, CallError> {
        let counted = read(&self.usage);
        let estimated = counted == Tokens::default();
        let tokens = if estimated { self.probable(read) } else { counted };
        let duration_ms = self.elapsed_ms();
        let is_more = self.parts.values().any(|part| !matches!(part, Part::Text { .. }));
        let reply = ModelReply {
            text: self.text,
            parts: if is_more { self.parts.into_values().collect() } else { Vec::new() },
            stop_reason: StopReason::from_wire(self.stop.as_deref().unwrap_or_default()),
            tokens,
            estimated,
            usage_raw: self.usage,
            request_id: self.seen.request_id,
            model: self.model.id.clone(),
            provider: self.model.provider,
            duration_ms,
            first_token_ms: self.first_token_ms,
            rate_limits: self.seen.rate_limits,
            simulated: self.seen.simulated,
            fallback: false,
        };
        if reply.stop_reason == StopReason::Refusal {
            return Err(CallError::Refused { reply: Box::new(reply) });
        }
        Ok(reply)
    }
}

/// A counter of a usage object, by its path; 0 where it is not there.
pub(crate) fn counter(usage: &Value, path: &[&str]) -> u64 {
    path.iter().try_fold(usage, |value, name| value.get(name)).and_then(Value::as_u64).unwrap_or(0)
}
