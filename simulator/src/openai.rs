//! The OpenAI Chat Completions protocol: requests read, answers and errors written.

pub(crate) mod read;

use crate::exchange::{ApiError, ErrorKind, Part, Piece, Reply, Stop, Usage};
use crate::models::CREATED_S;
use serde_json::{Value, json};
use std::io::Write as _;

/// HTTP status of an error.
pub(crate) fn status(kind: ErrorKind) -> u16 {
    match kind {
        ErrorKind::InvalidRequest => 400,
        ErrorKind::Authentication => 401,
        ErrorKind::NotFound => 404,
        ErrorKind::TooLarge => 413,
        ErrorKind::RateLimit => 429,
        ErrorKind::Api => 500,
        ErrorKind::Overloaded | ErrorKind::Unavailable => 503,
    }
}

/// `{"error":{"message":…,"type":…,"param":…,"code":…}}`
pub(crate) fn error_body(error: &ApiError) -> Value {
    let (word, code) = match error.kind {
        ErrorKind::InvalidRequest | ErrorKind::TooLarge => ("invalid_request_error", None),
        ErrorKind::Authentication => ("invalid_request_error", Some("invalid_api_key")),
        ErrorKind::NotFound => ("invalid_request_error", Some("model_not_found")),
        ErrorKind::RateLimit => ("requests", Some("rate_limit_exceeded")),
        ErrorKind::Api | ErrorKind::Unavailable => ("server_error", None),
        ErrorKind::Overloaded => ("server_error", Some("server_is_overloaded")),
    };
    json!({"error": {"message": error.message, "type": word, "param": error.param, "code": error.code.or(code)}})
}

fn usage_value(usage: &Usage) -> Value {
    json!({
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0, "audio_tokens": 0,
            "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0,
        },
    })
}

fn finish_reason(stop: &Stop) -> &'static str {
    match stop {
        Stop::End | Stop::Sequence(_) => "stop",
        Stop::MaxTokens => "length",
        Stop::ToolUse => "tool_calls",
        Stop::Refusal => "content_filter",
    }
}

/// The body of an answer without a stream.
pub(crate) fn completion(id: &str, model: &str, reply: &Reply, usage: &Usage) -> Value {
    let mut content = String::new();
    let mut calls = Vec::new();
    for part in &reply.parts {
        match part {
            Part::Text(text) => content.push_str(text),
            Part::Call { id, name, arguments } => calls.push(
                json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}),
            ),
        }
    }
    let content = (!content.is_empty() || calls.is_empty()).then_some(content);
    let mut message = json!({"role": "assistant", "content": content, "refusal": null});
    if !calls.is_empty() {
        message["tool_calls"] = Value::Array(calls);
    }
    json!({
        "id": id,
        "object": "chat.completion",
        "created": CREATED_S,
        "model": model,
        "choices": [{
            "index": 0, "message": message, "logprobs": null, "finish_reason": finish_reason(&reply.stop),
        }],
        "usage": usage_value(usage),
        "service_tier": "default",
        "system_fingerprint": "fp_simulated",
    })
}

/// Appends one piece of a stream, as one or more server-sent events.
pub(crate) fn write_piece(
    out: &mut Vec<u8>,
    piece: &Piece,
    id: &str,
    model: &str,
    reply: &Reply,
    usage: Option<&Usage>,
) {
    match piece {
        Piece::Start => {
            chunk(out, id, model, &json!({"role": "assistant", "content": "", "refusal": null}), None)
        }
        Piece::PartStart(index) => {
            if let Part::Call { id: call, name, .. } = &reply.parts[*index] {
                let function = json!({"name": name, "arguments": ""});
                let at = call_index(reply, *index);
                let call = json!([{"index": at, "id": call, "type": "function", "function": function}]);
                chunk(out, id, model, &json!({"tool_calls": call}), None);
            }
        }
        Piece::Delta(index, range) => {
            let part = &reply.parts[*index];
            // Written by hand: thousands of these leave a second. Writing to a Vec cannot fail.
            let _ = write!(
                out,
                "data: {{\"id\":\"{id}\",\"object\":\"chat.completion.chunk\",\"created\":{CREATED_S},\"model\":\"{model}\",\"system_fingerprint\":\"fp_simulated\",\"choices\":[{{\"index\":0,\"delta\":"
            );
            let words = &part.body()[range.clone()];
            match part {
                Part::Text(_) => {
                    out.extend_from_slice(b"{\"content\":");
                    let _ = serde_json::to_writer(&mut *out, words);
                    out.push(b'}');
                }
                Part::Call { .. } => {
                    let at = call_index(reply, *index);
                    let _ = write!(out, "{{\"tool_calls\":[{{\"index\":{at},\"function\":{{\"arguments\":");
                    let _ = serde_json::to_writer(&mut *out, words);
                    out.extend_from_slice(b"}}]}");
                }
            }
            out.extend_from_slice(b",\"logprobs\":null,\"finish_reason\":null}]}\n\n");
        }
        Piece::PartStop(_) => {}
        Piece::Finish => {
            chunk(out, id, model, &json!({}), Some(finish_reason(&reply.stop)));
            if let Some(usage) = usage {
                let mut last = envelope(id, model);
                last["choices"] = json!([]);
                last["usage"] = usage_value(usage);
                data(out, &last);
            }
            out.extend_from_slice(b"data: [DONE]\n\n");
        }
        Piece::Error => {
            let message = "The server is overloaded (simulated, in the middle of a stream)";
            data(out, &error_body(&ApiError::new(ErrorKind::Overloaded, message)));
        }
    }
}

/// Place of a tool call among the tool calls of a reply.
fn call_index(reply: &Reply, part: usize) -> usize {
    reply.parts[..part].iter().filter(|part| matches!(part, Part::Call { .. })).count()
}

fn envelope(id: &str, model: &str) -> Value {
    json!({
        "id": id, "object": "chat.completion.chunk", "created": CREATED_S, "model": model,
        "system_fingerprint": "fp_simulated",
    })
}

fn chunk(out: &mut Vec<u8>, id: &str, model: &str, delta: &Value, finish_reason: Option<&str>) {
    let mut chunk = envelope(id, model);
    chunk["choices"] =
        json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish_reason}]);
    data(out, &chunk);
}

fn data(out: &mut Vec<u8>, value: &Value) {
    let _ = write!(out, "data: {value}\n\n");
}
