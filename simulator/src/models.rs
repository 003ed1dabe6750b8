//! Which models are there, and `GET /v1/models` in a form that both official SDKs read.

use crate::exchange::Provider;
use serde_json::{Value, json};

/// Ids of Anthropic's current models; a dated form (`-20251001`) and `-latest` are accepted as well.
const ANTHROPIC: &[&str] = &[
    "claude-fable-5-2",
    "claude-fable-5-1",
    "claude-fable-5",
    "claude-mythos-5-2",
    "claude-mythos-5-1",
    "claude-mythos-5",
    "claude-opus-5-5",
    "claude-opus-5",
    "claude-opus-4-8",
    "claude-opus-4-7",
    "claude-opus-4-6",
    "claude-opus-4-5",
    "claude-sonnet-5-5",
    "claude-sonnet-5",
    "claude-sonnet-4-6",
    "claude-sonnet-4-5",
    "claude-haiku-5-5",
    "claude-haiku-4-5",
];

/// Ids of OpenAI's current chat models; dated forms (`-2026-04-23`, `-0125`) are accepted as well.
const OPENAI: &[&str] = &[
    "gpt-6-astra",
    "gpt-6.1-sol",
    "gpt-6.1-terra",
    "gpt-6-sol",
    "gpt-6-luna",
    "gpt-5.6-sol",
    "gpt-5.6-terra",
    "gpt-5.6-luna",
    "gpt-5.5",
    "gpt-5.4",
    "gpt-5.4-mini",
    "gpt-5.4-nano",
    "gpt-5.2",
    "gpt-5.2-pro",
    "gpt-5.1",
    "gpt-5",
    "gpt-5-mini",
    "gpt-5-nano",
    "gpt-4.1",
    "gpt-4.1-mini",
    "gpt-4.1-nano",
    "gpt-4o",
    "gpt-4o-mini",
    "o3",
    "o3-mini",
    "o4-mini",
];

/// 2025-10-01T00:00:00Z: when all simulated models and answers say that they were made. Fixed, so that the same request
/// gives the same bytes.
pub(crate) const CREATED_S: i64 = 1_759_276_800;

/// Whether `model` is one of the provider's, or one of `extra`.
pub(crate) fn is_known(provider: Provider, model: &str, extra: &[String]) -> bool {
    let shipped = match provider {
        Provider::Anthropic => ANTHROPIC,
        Provider::OpenAi => OPENAI,
    };
    extra.iter().any(|id| id == model)
        || shipped
            .iter()
            .any(|id| model.strip_prefix(id).is_some_and(|rest| rest.is_empty() || is_date(rest)))
}

fn is_date(suffix: &str) -> bool {
    let Some(date) = suffix.strip_prefix('-') else { return false };
    let digits = date.bytes().filter(u8::is_ascii_digit).count();
    date == "latest"
        || (matches!(digits, 4 | 8) && date.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-'))
}

/// Both lists, both SDKs' fields: each SDK ignores the other's.
pub(crate) fn list(extra: &[String]) -> Value {
    let all = ANTHROPIC.iter().chain(OPENAI).copied().chain(extra.iter().map(String::as_str));
    let data: Vec<Value> = all.map(entry).collect();
    let id_at = |entry: Option<&Value>| entry.map(|entry| entry["id"].clone());
    json!({
        "object": "list",
        "first_id": id_at(data.first()),
        "last_id": id_at(data.last()),
        "has_more": false,
        "data": data,
    })
}

/// One model, as both SDKs read it.
pub(crate) fn entry(id: &str) -> Value {
    json!({
        "id": id,
        "type": "model",
        "object": "model",
        "display_name": format!("{id} (simulated)"),
        "created_at": "2025-10-01T00:00:00Z",
        "created": CREATED_S,
        "owned_by": "groundwork-simulator",
        "lifecycle": "active",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dated_ids_are_known_and_invented_ones_are_not() {
        let known = |provider, model| is_known(provider, model, &["house-model".to_owned()]);
        assert!(known(Provider::Anthropic, "claude-haiku-4-5-20251001"));
        assert!(known(Provider::OpenAi, "gpt-5.5-2026-04-23"));
        assert!(known(Provider::OpenAi, "house-model"));
        assert!(!known(Provider::Anthropic, "gpt-5"));
        assert!(!known(Provider::Anthropic, "claude-sonnet-5-imaginary"));
        assert!(!known(Provider::OpenAi, ""));
    }
}
