//! A value that fits a JSON Schema, made from what was said.

use serde_json::{Map, Value, json};

/// Depth beyond which a schema that refers to itself is cut off.
const DEPTH_MAX: usize = 8;

/// A value of this schema; texts come from `said`.
pub(super) fn value(schema: &Value, said: &str) -> Value {
    build(schema, schema, said, "", 0)
}

fn build(root: &Value, schema: &Value, said: &str, name: &str, depth: usize) -> Value {
    if depth > DEPTH_MAX {
        return Value::Null;
    }
    if let Some(pointer) = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
        return root
            .pointer(pointer)
            .map_or(Value::Null, |target| build(root, target, said, name, depth + 1));
    }
    for fixed in [&schema["const"], &schema["default"], &schema["enum"][0], &schema["examples"][0]] {
        if !fixed.is_null() {
            return chosen(schema, said).unwrap_or_else(|| fixed.clone());
        }
    }
    for choice in ["anyOf", "oneOf", "allOf"] {
        if let Some(first) = schema[choice].get(0) {
            return build(root, first, said, name, depth + 1);
        }
    }
    match kind(schema) {
        "object" => object(root, schema, said, depth),
        "array" => {
            let count = schema["minItems"].as_u64().unwrap_or(1).clamp(0, 16);
            (0..count).map(|_| build(root, &schema["items"], said, name, depth + 1)).collect()
        }
        "integer" => json!(number(schema).ceil() as i64),
        "number" => json!(number(schema)),
        "boolean" => json!(true),
        "null" => Value::Null,
        _ => json!(text(schema, said, name)),
    }
}

/// The word of an enumeration that was said.
fn chosen(schema: &Value, said: &str) -> Option<Value> {
    let words = schema["enum"].as_array()?;
    let lower = said.to_lowercase();
    words.iter().find(|word| word.as_str().is_some_and(|word| lower.contains(&word.to_lowercase()))).cloned()
}

fn kind(schema: &Value) -> &str {
    match &schema["type"] {
        Value::String(kind) => kind,
        Value::Array(kinds) => {
            kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or("null")
        }
        _ if schema["properties"].is_object() => "object",
        _ if schema["items"].is_object() => "array",
        _ => "string",
    }
}

fn object(root: &Value, schema: &Value, said: &str, depth: usize) -> Value {
    let mut fields = Map::new();
    let required = |name: &str| {
        schema["required"].as_array().is_none_or(|names| names.iter().any(|other| other == name))
    };
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        if required(name) {
            fields.insert(name.clone(), build(root, property, said, name, depth + 1));
        }
    }
    Value::Object(fields)
}

fn number(schema: &Value) -> f64 {
    let low = schema["minimum"].as_f64().or_else(|| schema["exclusiveMinimum"].as_f64().map(|low| low + 1.0));
    let high =
        schema["maximum"].as_f64().or_else(|| schema["exclusiveMaximum"].as_f64().map(|high| high - 1.0));
    low.unwrap_or(1.0).max(1.0f64.min(high.unwrap_or(1.0))).min(high.unwrap_or(f64::MAX))
}

fn text(schema: &Value, said: &str, name: &str) -> String {
    let formed = match schema["format"].as_str() {
        Some("date") => Some("2026-01-01"),
        Some("date-time") => Some("2026-01-01T00:00:00Z"),
        Some("email") => Some("simulated@example.com"),
        Some("uri") => Some("https://example.com/simulated"),
        Some("uuid") => Some("00000000-0000-4000-8000-000000000000"),
        _ => None,
    };
    // `What is the weather in Paris?` asked of a field `city` is most likely answered by its last capital word.
    let proper = said
        .split_whitespace()
        .skip(1)
        .filter(|word| word.starts_with(char::is_uppercase) && word.len() > 1)
        .last();
    let place =
        matches!(name, "city" | "location" | "place" | "name" | "country").then_some(proper).flatten();
    let words = formed.or(place.map(|word| word.trim_end_matches(['?', '.', '!', ',']))).unwrap_or(said);
    let words = if words.is_empty() { "simulated" } else { words };
    let longest =
        schema["maxLength"].as_u64().and_then(|length| usize::try_from(length).ok()).unwrap_or(usize::MAX);
    let shortest =
        schema["minLength"].as_u64().and_then(|length| usize::try_from(length).ok()).unwrap_or(0).min(10_000);
    let mut text: String = words.chars().take(longest).collect();
    while text.chars().count() < shortest {
        text.push('.');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_fit_their_schema() {
        let schema = json!({
            "type": "object", "required": ["city", "unit", "days", "tags"],
            "properties": {
                "city": {"type": "string"}, "unit": {"enum": ["celsius", "fahrenheit"]},
                "days": {"type": "integer", "minimum": 3}, "tags": {"type": "array", "items": {"$ref": "#/$defs/tag"}},
                "optional": {"type": "string"},
            },
            "$defs": {"tag": {"type": ["string", "null"], "maxLength": 4}},
        });
        let made = value(&schema, "What is the weather in Paris in fahrenheit?");
        assert_eq!(made, json!({"city": "Paris", "unit": "fahrenheit", "days": 3, "tags": ["What"]}));
        let endless = json!({"type": "object", "properties": {"self": {"$ref": "#"}}});
        assert!(value(&endless, "").is_object());
    }
}
