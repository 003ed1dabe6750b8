//! One call of a model: what is sent, what comes back, and the trait behind which both providers stand.

use crate::error::CallError;
use crate::keys::CallKeys;
use crate::tool::{Part, ToolCall, ToolSpec, Turn};
use async_trait::async_trait;
use groundwork_domain::agent::Effort;
use groundwork_domain::ids::Digest;
use groundwork_domain::model::{Model, ProviderId, Tokens};
use serde::{Deserialize, Serialize};
use std::fmt;
use tokio_util::sync::CancellationToken;

/// Where the text goes while it is written: called with each piece, in order, never with an empty one. What it was
/// given is a prefix of [`ModelReply::text`]. It must not block.
pub type Sink<'a> = &'a mut (dyn FnMut(&str) + Send);

/// A piece of a prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// Markdown.
    pub text: String,
    /// True where a prefix ends that later calls share: the provider is asked to cache everything up to here.
    pub breakpoint: bool,
    /// True for what a fallback to another provider leaves out (requirement P-05: a simpler prompt).
    pub detail: bool,
}

impl Block {
    /// A piece that is always sent and ends no shared prefix.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), breakpoint: false, detail: false }
    }

    /// The same piece as the end of a shared prefix.
    #[must_use]
    pub fn cached(mut self) -> Self {
        self.breakpoint = true;
        self
    }
}

/// The turn after an unreadable reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowUp {
    /// The reply that could not be read.
    pub reply: String,
    /// What is wrong with it, and what is wanted.
    pub request: String,
}

/// What is asked of a model. The same request always makes the same bytes on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelRequest {
    /// A model that a person named; else the agent's tier decides.
    pub model: Option<String>,
    /// Where that name was written, for the error when there is no such model: `retry.model`, `tiers.small`.
    pub model_setting: String,
    /// Governance, role, example.
    pub system: Vec<Block>,
    /// Documents, then the task.
    pub user: Vec<Block>,
    /// Set for a repair turn.
    pub follow_up: Option<FollowUp>,
    /// Tools that the model may call, always in the same order.
    #[serde(default)]
    pub tools: Vec<ToolSpec>,
    /// What was said after the first message, in a loop of tool calls. Only ever grows, so that prefixes stay equal.
    #[serde(default)]
    pub turns: Vec<Turn>,
    /// Tokens that the answer may have; the model's own cap holds too.
    pub output_tokens_max: u32,
    /// How much the model should think, where it can be told.
    pub effort: Option<Effort>,
    /// `<project>/<stage>/<attempt>/<call number>`, sent as `x-groundwork-call-key`.
    pub call_key: String,
    /// Sent as `x-groundwork-agent`.
    pub agent: String,
    /// The provider that wrote what is to be reviewed; a critic takes another one where it can.
    pub avoid: Option<ProviderId>,
    /// False asks for the answer in one piece.
    pub stream: bool,
    /// True where a model whose price nobody knows must not answer.
    #[serde(default)]
    pub priced_only: bool,
    /// Keys that stand in the place of the platform's. Never stored and never shown.
    #[serde(skip)]
    pub keys: CallKeys,
}

/// Bytes of text that make about one token. English prose has about four, the newer tokenizers of both providers come
/// to a little more than three, and scripts beyond Latin have three bytes a character and about one token for it.
const BYTES_PER_TOKEN: u64 = 3;
/// Tokens that a block's wrapping costs at most.
const TOKENS_PER_BLOCK: u64 = 16;

/// About how many tokens a text has: its bytes by three, rounded up. An estimate: providers alone can count.
#[must_use]
pub fn estimate_tokens(text: &str) -> u64 {
    estimate_bytes(text.len())
}

/// The same of a length in bytes.
pub(crate) fn estimate_bytes(bytes: usize) -> u64 {
    (bytes as u64).div_ceil(BYTES_PER_TOKEN)
}

impl ModelRequest {
    /// About how many tokens the prompt has; what is held against the context window before the call.
    #[must_use]
    pub fn prompt_tokens_estimate(&self) -> u64 {
        let tools = self.tools.iter().map(|tool| {
            estimate_tokens(&tool.description) + estimate_tokens(&tool.schema.to_string()) + TOKENS_PER_BLOCK
        });
        let texts = self.texts().into_iter().map(|text| estimate_tokens(text) + TOKENS_PER_BLOCK);
        texts.chain(tools).sum()
    }

    /// Everything that the model reads except its tools, in order.
    fn texts(&self) -> Vec<&str> {
        let blocks = self.system.iter().chain(&self.user).map(|block| block.text.as_str());
        let repair = self.follow_up.iter().flat_map(|turn| [turn.reply.as_str(), turn.request.as_str()]);
        blocks.chain(repair).chain(self.turns.iter().flat_map(Turn::texts)).collect()
    }

    /// The prompt's tokens if every two bytes were one: what a budget should reserve for.
    #[must_use]
    pub fn prompt_tokens_max(&self) -> u64 {
        self.prompt_tokens_estimate() * BYTES_PER_TOKEN / 2 + TOKENS_PER_BLOCK
    }

    /// The digest of everything that the model reads.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let tools =
            self.tools.iter().map(|tool| format!("{}\0{}\0{}", tool.name, tool.description, tool.schema));
        let tools: Vec<String> = tools.collect();
        let texts = self.texts();
        Digest::of_parts(texts.iter().map(|text| text.as_bytes()).chain(tools.iter().map(String::as_bytes)))
    }

    /// The same request as another provider gets it after a failure: without what is detail.
    #[must_use]
    pub fn simpler(&self) -> Self {
        let mut request = self.clone();
        let cached = request.system.iter().any(|block| block.breakpoint);
        request.system.retain(|block| !block.detail);
        if let Some(last) = request.system.last_mut() {
            last.breakpoint |= cached;
        }
        request
    }
}

/// Why a model stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// It was done.
    EndTurn,
    /// It calls tools and waits for what they say.
    ToolUse,
    /// Its answer was cut at the cap of its output, or at the end of its context.
    MaxTokens,
    /// It would not.
    Refusal,
    /// A word that this program does not know, or none.
    Other(String),
}

impl StopReason {
    /// The provider's word, where it is known under one name for both.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::EndTurn => "end_turn",
            Self::ToolUse => "tool_use",
            Self::MaxTokens => "max_tokens",
            Self::Refusal => "refusal",
            Self::Other(word) => word,
        }
    }

    /// Reads either provider's word.
    #[must_use]
    pub fn from_wire(word: &str) -> Self {
        match word {
            "end_turn" | "stop_sequence" | "stop" => Self::EndTurn,
            "tool_use" | "tool_calls" | "function_call" => Self::ToolUse,
            "max_tokens" | "length" | "model_context_window_exceeded" => Self::MaxTokens,
            "refusal" | "content_filter" => Self::Refusal,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for StopReason {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for StopReason {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from_wire(&String::deserialize(deserializer)?))
    }
}

/// What came back. Its text is stored before it is read, and read only by `parse`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelReply {
    /// Everything that the model wrote for us to read; its thinking is not part of it.
    pub text: String,
    /// What it wrote piece by piece, where that is more than text: calls of tools, thinking that wants to come back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
    /// Why it stopped.
    pub stop_reason: StopReason,
    /// What is billed, normalised.
    pub tokens: Tokens,
    /// True where the provider sent no usage and `tokens` is an estimate.
    pub estimated: bool,
    /// The provider's own account of it; null where it sent none.
    pub usage_raw: serde_json::Value,
    /// The provider's name for the call.
    pub request_id: Option<String>,
    /// The model that was asked for.
    pub model: String,
    /// Who ran it.
    pub provider: ProviderId,
    /// Milliseconds from sending the request to the end of the answer.
    pub duration_ms: u64,
    /// Milliseconds from sending the request to the first text.
    pub first_token_ms: Option<u64>,
    /// What the provider says is left of its rate limits: header names with their values.
    #[serde(default)]
    pub rate_limits: Vec<(String, String)>,
    /// True where a simulator answered.
    pub simulated: bool,
    /// True where the agent's first choice failed and this provider stood in.
    #[serde(default)]
    pub fallback: bool,
}

impl ModelReply {
    /// The tools that it calls, in order.
    pub fn calls(&self) -> impl Iterator<Item = &ToolCall> {
        self.parts.iter().filter_map(Part::call)
    }

    /// What it wrote as a turn of the conversation.
    #[must_use]
    pub fn turn(&self) -> Turn {
        let text = || vec![Part::Text { text: self.text.clone() }];
        Turn::Model { parts: if self.parts.is_empty() { text() } else { self.parts.clone() } }
    }

    /// True where the answer was cut: it is no whole answer, whatever its text looks like.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.stop_reason == StopReason::MaxTokens
    }
}

/// A provider of models.
#[async_trait]
pub trait Provider: Send + Sync {
    /// Which one.
    fn id(&self) -> ProviderId;

    /// Makes one call, without any retry. Dropping the future closes the connection. Once `cancel` is cancelled it
    /// ends with [`CallError::Cancelled`], which has what was written so far.
    ///
    /// # Errors
    /// Every failure, sorted.
    async fn call(
        &self,
        model: &Model,
        request: &ModelRequest,
        sink: Sink<'_>,
        cancel: &CancellationToken,
    ) -> Result<ModelReply, CallError>;
}
