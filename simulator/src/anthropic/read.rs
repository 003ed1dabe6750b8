//! A Messages request, read as strictly as the provider does.

use crate::cache::Ttl;
use crate::exchange::{ApiError, Ask, Format, Prefix, Provider, Role, Tool, ToolChoice, Turn};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Request {
    model: Option<String>,
    max_tokens: Option<u64>,
    messages: Option<Vec<Message>>,
    system: Option<Content>,
    #[serde(default)]
    tools: Vec<Value>,
    tool_choice: Option<Value>,
    #[serde(default)]
    stop_sequences: Vec<String>,
    #[serde(default)]
    stream: bool,
    cache_control: Option<Value>,
    output_config: Option<Value>,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    content: Content,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Blocks(Vec<Value>),
}

/// Reads the body of `POST /v1/messages` and, with `needs_max_tokens` off, of `/count_tokens`.
pub(crate) fn request(body: &[u8], account: &str, needs_max_tokens: bool) -> Result<Ask, ApiError> {
    let request: Request = serde_json::from_slice(body).map_err(|error| {
        ApiError::invalid("body", format!("The request body is not valid JSON for this endpoint: {error}"))
    })?;
    let model = required(request.model, "model")?;
    let messages = required(request.messages, "messages")?;
    if needs_max_tokens && required(request.max_tokens, "max_tokens")? == 0 {
        return Err(ApiError::invalid(
            "max_tokens",
            "max_tokens: Input should be greater than or equal to 1",
        ));
    }
    if messages.is_empty() {
        return Err(ApiError::invalid("messages", "messages: at least one message is required"));
    }
    let mut prefix = Prefix::new(Provider::Anthropic, account, &model);
    let tools = request.tools.iter().map(|tool| read_tool(tool, &mut prefix)).collect::<Result<_, _>>()?;
    let mut system = String::new();
    if let Some(content) = &request.system {
        read_content(content, "system", &mut prefix, &mut system)?;
    }
    let mut turns = Vec::with_capacity(messages.len());
    for (index, message) in messages.iter().enumerate() {
        turns.push(read_message(index, message, &mut prefix)?);
    }
    if let (Some(control), Some(last)) = (&request.cache_control, prefix.boundaries.last_mut()) {
        last.breakpoint = Some(ttl(control));
    }
    if prefix.boundaries.iter().filter(|boundary| boundary.breakpoint.is_some()).count() > 4 {
        return Err(ApiError::invalid(
            "cache_control",
            "A maximum of 4 blocks with cache_control may be provided.",
        ));
    }
    Ok(Ask {
        model,
        system,
        turns,
        tools,
        tool_choice: tool_choice(request.tool_choice.as_ref()),
        format: format(request.output_config.as_ref()),
        stop_sequences: request.stop_sequences,
        output_tokens_max: request.max_tokens,
        stream: request.stream,
        include_usage: true,
        boundaries: prefix.boundaries,
    })
}

fn required<T>(field: Option<T>, name: &'static str) -> Result<T, ApiError> {
    field.ok_or_else(|| ApiError::invalid(name, format!("{name}: Field required")))
}

fn ttl(control: &Value) -> Ttl {
    match control["ttl"].as_str() {
        Some("1h") => Ttl::Hour,
        _ => Ttl::FiveMinutes,
    }
}

fn breakpoint(block: &Value) -> Option<Ttl> {
    block.get("cache_control").filter(|control| !control.is_null()).map(ttl)
}

fn read_tool(tool: &Value, prefix: &mut Prefix) -> Result<Tool, ApiError> {
    let name =
        tool["name"].as_str().ok_or_else(|| ApiError::invalid("tools", "tools.0.name: Field required"))?;
    prefix.push("tool", &without_cache_control(tool), breakpoint(tool));
    Ok(Tool { name: name.to_owned(), schema: tool["input_schema"].clone() })
}

fn without_cache_control(block: &Value) -> String {
    let mut block = block.clone();
    if let Some(fields) = block.as_object_mut() {
        fields.remove("cache_control");
    }
    block.to_string()
}

fn read_message(index: usize, message: &Message, prefix: &mut Prefix) -> Result<Turn, ApiError> {
    let role = match message.role.as_str() {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        other => {
            let text = format!("messages.{index}.role: Input should be 'user' or 'assistant', not '{other}'");
            return Err(ApiError::invalid("messages", text));
        }
    };
    let mut text = String::new();
    let has_result = read_content(&message.content, &message.role, prefix, &mut text)?;
    if text.is_empty() && !has_result && matches!(&message.content, Content::Text(_)) {
        let text = format!("messages.{index}: all messages must have non-empty content");
        return Err(ApiError::invalid("messages", text));
    }
    Ok(Turn { role: if has_result { Role::Tool } else { role }, text })
}

/// Appends the text of a content; true if it carries the result of a tool.
fn read_content(
    content: &Content,
    place: &str,
    prefix: &mut Prefix,
    text: &mut String,
) -> Result<bool, ApiError> {
    let blocks = match content {
        Content::Text(words) => {
            prefix.push(place, words, None);
            text.push_str(words);
            return Ok(false);
        }
        Content::Blocks(blocks) => blocks,
    };
    let mut has_result = false;
    for block in blocks {
        let words = match block["type"].as_str() {
            Some("text") => block["text"].as_str().map(str::to_owned),
            Some("tool_result") => {
                has_result = true;
                Some(result_text(&block["content"]))
            }
            Some(_) => None,
            None => return Err(ApiError::invalid("messages", "content.0.type: Field required")),
        };
        match words {
            Some(words) => {
                prefix.push(place, &words, breakpoint(block));
                if !text.is_empty() {
                    text.push_str("\n\n");
                }
                text.push_str(&words);
            }
            None => prefix.push(place, &without_cache_control(block), breakpoint(block)),
        }
    }
    Ok(has_result)
}

fn result_text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(blocks) => {
            blocks.iter().filter_map(|block| block["text"].as_str()).collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

fn tool_choice(choice: Option<&Value>) -> ToolChoice {
    let Some(choice) = choice else { return ToolChoice::Auto };
    match (choice["type"].as_str(), choice["name"].as_str()) {
        (Some("none"), _) => ToolChoice::Never,
        (Some("any"), _) => ToolChoice::Any,
        (Some("tool"), Some(name)) => ToolChoice::Named(name.to_owned()),
        _ => ToolChoice::Auto,
    }
}

fn format(output_config: Option<&Value>) -> Format {
    match output_config.map(|config| &config["format"]) {
        Some(format) if format["type"] == "json_schema" => Format::Schema(format["schema"].clone()),
        _ => Format::Text,
    }
}
