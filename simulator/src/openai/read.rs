//! A Chat Completions request, read as strictly as the provider does.

use crate::cache::Boundary;
use crate::exchange::{
    ApiError, Ask, ErrorKind, Format, Prefix, Provider, Role, TOKEN_BYTES, Tool, ToolChoice, Turn, tokens,
};
use serde::Deserialize;
use serde_json::Value;

/// Tokens below which OpenAI caches nothing.
const CACHE_TOKENS_MIN: usize = 1024;
/// Steps in which a cached prefix grows.
const CACHE_STEP_TOKENS: usize = 128;

#[derive(Deserialize)]
struct Request {
    model: Option<String>,
    messages: Option<Vec<Message>>,
    max_completion_tokens: Option<u64>,
    max_tokens: Option<u64>,
    #[serde(default)]
    tools: Vec<Value>,
    tool_choice: Option<Value>,
    stop: Option<Value>,
    #[serde(default)]
    stream: Option<bool>,
    stream_options: Option<Value>,
    response_format: Option<Value>,
    n: Option<u64>,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    #[serde(default)]
    content: Value,
    tool_calls: Option<Value>,
}

/// Reads the body of `POST /v1/chat/completions`.
pub(crate) fn request(body: &[u8], account: &str) -> Result<Ask, ApiError> {
    let request: Request = serde_json::from_slice(body).map_err(|error| ApiError {
        code: Some("invalid_json"),
        ..ApiError::new(
            ErrorKind::InvalidRequest,
            format!("We could not parse the JSON body of your request: {error}"),
        )
    })?;
    let missing = |name| ApiError::invalid(name, format!("Missing required parameter: '{name}'."));
    let model = request.model.ok_or_else(|| missing("model"))?;
    let messages = request.messages.ok_or_else(|| missing("messages"))?;
    if messages.is_empty() {
        return Err(ApiError::invalid(
            "messages",
            "Invalid 'messages': empty array. Expected at least one message.",
        ));
    }
    if request.n.is_some_and(|n| n != 1) {
        return Err(ApiError::invalid("n", "The simulator gives one choice: 'n' must be 1."));
    }
    let tools = request.tools.iter().map(read_tool).collect::<Result<_, _>>()?;
    let mut whole = request.tools.iter().map(Value::to_string).collect::<String>();
    let mut system = String::new();
    let mut turns = Vec::with_capacity(messages.len());
    for (index, message) in messages.iter().enumerate() {
        let text = text_of(&message.content);
        whole.extend([message.role.as_str(), "\n", &text, "\n"]);
        if let Some(calls) = &message.tool_calls {
            whole.push_str(&calls.to_string());
        }
        match message.role.as_str() {
            "system" | "developer" => system.push_str(&text),
            "user" => turns.push(Turn { role: Role::User, text }),
            "assistant" => turns.push(Turn { role: Role::Assistant, text }),
            "tool" | "function" => turns.push(Turn { role: Role::Tool, text }),
            other => {
                let text = format!("Invalid value: '{other}' for 'messages[{index}].role'.");
                return Err(ApiError::invalid("messages", text));
            }
        }
    }
    Ok(Ask {
        boundaries: boundaries(&whole, account, &model),
        model,
        system,
        turns,
        tools,
        tool_choice: tool_choice(request.tool_choice.as_ref()),
        format: format(request.response_format.as_ref()),
        stop_sequences: stop_sequences(request.stop.as_ref()),
        output_tokens_max: request.max_completion_tokens.or(request.max_tokens),
        stream: request.stream.unwrap_or_default(),
        include_usage: request.stream_options.is_some_and(|options| options["include_usage"] == true),
    })
}

/// The prefixes that OpenAI's automatic cache keeps, and the end of the input.
fn boundaries(whole: &str, account: &str, model: &str) -> Vec<Boundary> {
    let mut prefix = Prefix::new(Provider::OpenAi, account, model);
    let mut start = 0;
    let mut end = CACHE_TOKENS_MIN * TOKEN_BYTES;
    while end <= whole.len() {
        let cut = whole.floor_char_boundary(end);
        prefix.push("", &whole[start..cut], None);
        start = cut;
        end += CACHE_STEP_TOKENS * TOKEN_BYTES;
    }
    let mut boundaries = prefix.boundaries;
    // The cuts lie at characters, hence up to 3 bytes off: what counts is the step.
    for (step, boundary) in boundaries.iter_mut().enumerate() {
        boundary.tokens = tokens((CACHE_TOKENS_MIN + step * CACHE_STEP_TOKENS) * TOKEN_BYTES);
    }
    // The end of the input only counts: it is no step, so the cache does not keep it.
    boundaries.push(Boundary { hash: 0, tokens: tokens(whole.len()), breakpoint: None });
    boundaries
}

fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            parts.iter().filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join("\n\n")
        }
        _ => String::new(),
    }
}

fn read_tool(tool: &Value) -> Result<Tool, ApiError> {
    let function = &tool["function"];
    let name = function["name"].as_str();
    let name = name
        .ok_or_else(|| ApiError::invalid("tools", "Missing required parameter: 'tools[0].function.name'."))?;
    Ok(Tool { name: name.to_owned(), schema: function["parameters"].clone() })
}

fn tool_choice(choice: Option<&Value>) -> ToolChoice {
    match choice {
        Some(Value::String(word)) if word == "none" => ToolChoice::Never,
        Some(Value::String(word)) if word == "required" => ToolChoice::Any,
        Some(choice) => match choice["function"]["name"].as_str() {
            Some(name) => ToolChoice::Named(name.to_owned()),
            None => ToolChoice::Auto,
        },
        None => ToolChoice::Auto,
    }
}

fn format(response_format: Option<&Value>) -> Format {
    let Some(format) = response_format else { return Format::Text };
    match format["type"].as_str() {
        Some("json_schema") => Format::Schema(format["json_schema"]["schema"].clone()),
        Some("json_object") => Format::Json,
        _ => Format::Text,
    }
}

fn stop_sequences(stop: Option<&Value>) -> Vec<String> {
    match stop {
        Some(Value::String(word)) => vec![word.clone()],
        Some(Value::Array(words)) => {
            words.iter().filter_map(|word| word.as_str().map(str::to_owned)).collect()
        }
        _ => Vec::new(),
    }
}
