//! Tools on the wire: what is offered, what a model calls, what it is told. Nothing here runs anything: a call is text that
//! `activities` reads and answers.

use groundwork_domain::model::ProviderId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A tool that a model may call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolSpec {
    /// What it is called, `[a-z_]+`.
    pub name: String,
    /// For the model: what it does and when to use it.
    pub description: String,
    /// JSON Schema of its arguments, an object. Written out the same way each time, so that prefixes stay equal.
    pub schema: Value,
}

/// A call of a tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The provider's name for it; its result names it again.
    pub id: String,
    /// Which tool. Whatever the model wrote: it may not exist.
    pub name: String,
    /// JSON as the model wrote it. It may be cut, or no JSON at all.
    pub arguments: String,
}

/// A piece of what a model wrote, in its order. They go back to it unchanged in the next turn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "part", rename_all = "snake_case")]
pub enum Part {
    /// Words.
    Text {
        /// Markdown.
        text: String,
    },
    /// A call of a tool.
    Call(ToolCall),
    /// What a model thought, as its provider wants it back, and no other provider understands.
    Thinking {
        /// Whose it is.
        provider: ProviderId,
        /// As it came.
        block: Value,
    },
}

/// What a call came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolResult {
    /// Of the call.
    pub call_id: String,
    /// What the model is told.
    pub content: String,
    /// True where the call could not be done.
    pub is_error: bool,
}

/// A turn after the first message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "turn", rename_all = "snake_case")]
pub enum Turn {
    /// What the model wrote.
    Model {
        /// In its order.
        parts: Vec<Part>,
    },
    /// What its calls came to, one result for each call of the turn before.
    Results {
        /// In the order of the calls.
        results: Vec<ToolResult>,
    },
    /// Words of ours.
    User {
        /// Markdown.
        text: String,
    },
}

impl Part {
    /// The call that it is.
    #[must_use]
    pub fn call(&self) -> Option<&ToolCall> {
        match self {
            Self::Call(call) => Some(call),
            Self::Text { .. } | Self::Thinking { .. } => None,
        }
    }
}

impl Turn {
    /// Every text of the turn, for counting and digests.
    pub(crate) fn texts(&self) -> Vec<&str> {
        match self {
            Self::Model { parts } => parts
                .iter()
                .flat_map(|part| match part {
                    Part::Text { text } => vec![text.as_str()],
                    Part::Call(call) => vec![call.id.as_str(), call.name.as_str(), call.arguments.as_str()],
                    Part::Thinking { block, .. } => {
                        ["thinking", "data"].iter().filter_map(|name| block[name].as_str()).collect()
                    }
                })
                .collect(),
            Self::Results { results } => {
                results.iter().flat_map(|one| [one.call_id.as_str(), one.content.as_str()]).collect()
            }
            Self::User { text } => vec![text.as_str()],
        }
    }
}

/// Arguments as the object that providers want back. What the model wrote may be cut in the middle.
pub(crate) fn arguments_object(arguments: &str) -> Value {
    match serde_json::from_str(arguments) {
        Ok(value @ Value::Object(_)) => value,
        _ => Value::Object(serde_json::Map::new()),
    }
}
