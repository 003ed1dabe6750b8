//! The Anthropic Messages protocol: requests read, answers and errors written.

pub(crate) mod read;

use crate::exchange::{ApiError, ErrorKind, Part, Piece, Reply, Stop, Usage};
use serde_json::{Value, json};
use std::io::Write as _;

/// HTTP status of an error, 529 included.
pub(crate) fn status(kind: ErrorKind) -> u16 {
    match kind {
        ErrorKind::InvalidRequest => 400,
        ErrorKind::Authentication => 401,
        ErrorKind::NotFound => 404,
        ErrorKind::TooLarge => 413,
        ErrorKind::RateLimit => 429,
        ErrorKind::Api => 500,
        ErrorKind::Unavailable => 503,
        ErrorKind::Overloaded => 529,
    }
}

/// `{"type":"error","error":{"type":…,"message":…},"request_id":…}`
pub(crate) fn error_body(error: &ApiError, request_id: &str) -> Value {
    let word = match error.kind {
        ErrorKind::InvalidRequest => "invalid_request_error",
        ErrorKind::Authentication => "authentication_error",
        ErrorKind::NotFound => "not_found_error",
        ErrorKind::TooLarge => "request_too_large",
        ErrorKind::RateLimit => "rate_limit_error",
        ErrorKind::Api | ErrorKind::Unavailable => "api_error",
        ErrorKind::Overloaded => "overloaded_error",
    };
    json!({"type": "error", "error": {"type": word, "message": error.message}, "request_id": request_id})
}

fn usage_value(usage: &Usage, output: u64) -> Value {
    let written = usage.cache_written_5m + usage.cache_written_1h;
    json!({
        "input_tokens": usage.input - usage.cache_read - written,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": usage.cache_read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_written_5m,
            "ephemeral_1h_input_tokens": usage.cache_written_1h,
        },
        "output_tokens": output,
        "service_tier": "standard",
    })
}

fn stop_words(stop: &Stop) -> (&'static str, Option<&str>) {
    match stop {
        Stop::End => ("end_turn", None),
        Stop::MaxTokens => ("max_tokens", None),
        Stop::ToolUse => ("tool_use", None),
        Stop::Refusal => ("refusal", None),
        Stop::Sequence(word) => ("stop_sequence", Some(word)),
    }
}

/// The body of an answer without a stream.
pub(crate) fn message(id: &str, model: &str, reply: &Reply, usage: &Usage) -> Value {
    let block = |part: &Part| match part {
        Part::Text(text) => json!({"type": "text", "text": text}),
        Part::Call { id, name, arguments } => {
            let input: Value = serde_json::from_str(arguments).unwrap_or_default();
            json!({"type": "tool_use", "id": id, "name": name, "input": input})
        }
    };
    let (stop_reason, stop_sequence) = stop_words(&reply.stop);
    json!({
        "id": id,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": reply.parts.iter().map(block).collect::<Vec<_>>(),
        "stop_reason": stop_reason,
        "stop_sequence": stop_sequence,
        "usage": usage_value(usage, usage.output),
    })
}

/// Appends one piece of a stream, as one or more server-sent events.
pub(crate) fn write_piece(
    out: &mut Vec<u8>,
    piece: &Piece,
    id: &str,
    model: &str,
    reply: &Reply,
    usage: &Usage,
) {
    match piece {
        Piece::Start => {
            let start = json!({
                "type": "message_start",
                "message": {
                    "id": id, "type": "message", "role": "assistant", "model": model, "content": [],
                    "stop_reason": null, "stop_sequence": null, "usage": usage_value(usage, 1),
                },
            });
            event(out, "message_start", &start);
            event(out, "ping", &json!({"type": "ping"}));
        }
        Piece::PartStart(index) => {
            let block = match &reply.parts[*index] {
                Part::Text(_) => json!({"type": "text", "text": ""}),
                Part::Call { id, name, .. } => {
                    json!({"type": "tool_use", "id": id, "name": name, "input": {}})
                }
            };
            let start = json!({"type": "content_block_start", "index": index, "content_block": block});
            event(out, "content_block_start", &start);
        }
        Piece::Delta(index, range) => {
            let part = &reply.parts[*index];
            let (kind, field) = match part {
                Part::Text(_) => ("text_delta", "text"),
                Part::Call { .. } => ("input_json_delta", "partial_json"),
            };
            // Written by hand: thousands of these leave a second. Writing to a Vec cannot fail.
            let _ = write!(
                out,
                "event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":{index},\"delta\":{{\"type\":\"{kind}\",\"{field}\":"
            );
            let _ = serde_json::to_writer(&mut *out, &part.body()[range.clone()]);
            out.extend_from_slice(b"}}\n\n");
        }
        Piece::PartStop(index) => {
            event(out, "content_block_stop", &json!({"type": "content_block_stop", "index": index}));
        }
        Piece::Finish => {
            let (stop_reason, stop_sequence) = stop_words(&reply.stop);
            let delta = json!({
                "type": "message_delta",
                "delta": {"stop_reason": stop_reason, "stop_sequence": stop_sequence},
                "usage": usage_value(usage, usage.output),
            });
            event(out, "message_delta", &delta);
            event(out, "message_stop", &json!({"type": "message_stop"}));
        }
        Piece::Error => {
            let error =
                ApiError::new(ErrorKind::Overloaded, "Overloaded (simulated, in the middle of a stream)");
            event(out, "error", &error_body(&error, id));
        }
    }
}

fn event(out: &mut Vec<u8>, name: &str, data: &Value) {
    let _ = write!(out, "event: {name}\ndata: {data}\n\n");
}
