//! What both wire protocols have in common: a request as an answerer reads it, a reply as it is sent, an error.

use crate::cache::{Boundary, Ttl};
use serde_json::Value;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

/// Bytes of text that count as a token. Providers count differently; what matters is that the same text always counts
/// the same.
pub(crate) const TOKEN_BYTES: usize = 4;

/// Tokens of so many bytes.
pub(crate) fn tokens(bytes: usize) -> u64 {
    u64::try_from(bytes.div_ceil(TOKEN_BYTES)).unwrap_or(u64::MAX)
}

/// A hash that is the same in every process.
pub(crate) fn hash_of(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Who is imitated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Provider {
    Anthropic,
    OpenAi,
}

impl Provider {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic",
            Self::OpenAi => "openai",
        }
    }
}

/// Who wrote a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    User,
    Assistant,
    /// The result of a tool, in either protocol's form.
    Tool,
}

/// One turn of a conversation, as text.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    pub(crate) role: Role,
    pub(crate) text: String,
}

/// A tool that the caller offers.
#[derive(Clone, Debug)]
pub(crate) struct Tool {
    pub(crate) name: String,
    /// JSON Schema of its arguments.
    pub(crate) schema: Value,
}

/// What the caller says of tools.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ToolChoice {
    Auto,
    Never,
    Any,
    Named(String),
}

/// The form that the caller asks of the text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Format {
    Text,
    /// Any JSON object.
    Json,
    /// JSON of this schema.
    Schema(Value),
}

/// A request, whichever protocol it came by.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) model: String,
    pub(crate) system: String,
    pub(crate) turns: Vec<Turn>,
    pub(crate) tools: Vec<Tool>,
    pub(crate) tool_choice: ToolChoice,
    pub(crate) format: Format,
    pub(crate) stop_sequences: Vec<String>,
    pub(crate) output_tokens_max: Option<u64>,
    pub(crate) stream: bool,
    /// OpenAI's `stream_options.include_usage`; Anthropic always sends usage.
    pub(crate) include_usage: bool,
    /// The ends of its blocks, for the prompt cache; the last one counts the whole input.
    pub(crate) boundaries: Vec<Boundary>,
}

impl Ask {
    /// Tokens of the whole input.
    pub(crate) fn input_tokens(&self) -> u64 {
        self.boundaries.last().map_or(0, |boundary| boundary.tokens)
    }
}

/// Collects the blocks of a request in the order in which a provider caches them.
pub(crate) struct Prefix {
    hasher: DefaultHasher,
    bytes: usize,
    pub(crate) boundaries: Vec<Boundary>,
}

impl Prefix {
    /// `account` and `model` keep the caches of different keys and models apart.
    pub(crate) fn new(provider: Provider, account: &str, model: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        (provider, account, model).hash(&mut hasher);
        Self { hasher, bytes: 0, boundaries: Vec::new() }
    }

    /// A block: where it stands (`system`, `user`, …), its text, and whether the prefix up to its end is to be kept.
    pub(crate) fn push(&mut self, place: &str, text: &str, breakpoint: Option<Ttl>) {
        (place, text).hash(&mut self.hasher);
        self.bytes += text.len();
        let hash = self.hasher.clone().finish();
        self.boundaries.push(Boundary { hash, tokens: tokens(self.bytes), breakpoint });
    }
}

/// A piece of a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Text(String),
    /// A tool call; the arguments are JSON text.
    Call {
        id: String,
        name: String,
        arguments: String,
    },
}

impl Part {
    /// What a stream sends in deltas.
    pub(crate) fn body(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Call { arguments, .. } => arguments,
        }
    }
}

/// Why a reply ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    End,
    MaxTokens,
    ToolUse,
    Refusal,
    Sequence(String),
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) parts: Vec<Part>,
    pub(crate) stop: Stop,
}

impl Reply {
    pub(crate) fn text(text: String) -> Self {
        Self { parts: vec![Part::Text(text)], stop: Stop::End }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.parts.iter().map(|part| part.body().len()).sum()
    }

    /// Cuts the text after so many bytes (at a character), as an output limit does. A tool call that would be cut
    /// goes away whole.
    pub(crate) fn cut(&mut self, mut bytes_left: usize) {
        if self.bytes() <= bytes_left {
            return;
        }
        self.stop = Stop::MaxTokens;
        let mut kept = Vec::new();
        for part in self.parts.drain(..) {
            match part {
                whole if whole.body().len() <= bytes_left => {
                    bytes_left -= whole.body().len();
                    kept.push(whole);
                }
                Part::Text(mut text) => {
                    text.truncate(text.floor_char_boundary(bytes_left));
                    kept.push(Part::Text(text));
                    break;
                }
                Part::Call { .. } => break,
            }
        }
        self.parts = kept;
    }

    /// Ends the text before the first stop sequence in it.
    pub(crate) fn stop_at(&mut self, sequences: &[String]) {
        for index in 0..self.parts.len() {
            let Part::Text(text) = &mut self.parts[index] else { continue };
            let found = sequences.iter().filter(|word| !word.is_empty());
            let first = found.filter_map(|word| Some((text.find(word.as_str())?, word))).min();
            if let Some((at, word)) = first {
                text.truncate(at);
                self.stop = Stop::Sequence(word.clone());
                self.parts.truncate(index + 1);
                return;
            }
        }
    }
}

/// What was read and written, as billed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// All tokens read, whichever way.
    pub(crate) input: u64,
    pub(crate) cache_read: u64,
    pub(crate) cache_written_5m: u64,
    pub(crate) cache_written_1h: u64,
    pub(crate) output: u64,
}

/// One piece of a stream, in the order in which they are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Start,
    PartStart(usize),
    /// Part and byte range of its body.
    Delta(usize, Range<usize>),
    PartStop(usize),
    Finish,
    /// An error in the middle; nothing follows.
    Error,
}

/// The pieces of a whole reply, its bodies cut into deltas of about so many bytes at characters.
pub(crate) fn pieces(reply: &Reply, delta_bytes: usize) -> Vec<Piece> {
    let mut pieces = vec![Piece::Start];
    for (index, part) in reply.parts.iter().enumerate() {
        pieces.push(Piece::PartStart(index));
        let body = part.body();
        let mut start = 0;
        while start < body.len() {
            let end = body.ceil_char_boundary(start + delta_bytes.max(1));
            pieces.push(Piece::Delta(index, start..end));
            start = end;
        }
        pieces.push(Piece::PartStop(index));
    }
    pieces.push(Piece::Finish);
    pieces
}

/// Sorts of errors that providers name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    InvalidRequest,
    Authentication,
    NotFound,
    TooLarge,
    RateLimit,
    Api,
    Overloaded,
    /// A gateway's 503.
    Unavailable,
}

/// An error in no provider's shape yet.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
    /// The field that is wrong, for OpenAI's `param`.
    pub(crate) param: Option<&'static str>,
    /// OpenAI's `code`.
    pub(crate) code: Option<&'static str>,
    pub(crate) retry_after_s: Option<u32>,
}

impl ApiError {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), param: None, code: None, retry_after_s: None }
    }

    /// A request that says what it may not.
    pub(crate) fn invalid(param: &'static str, message: impl Into<String>) -> Self {
        Self { param: Some(param), ..Self::new(ErrorKind::InvalidRequest, message) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_cut_at_characters() {
        let mut reply = Reply::text("grün und gut".into());
        reply.cut(3);
        assert_eq!(reply, Reply { parts: vec![Part::Text("gr".into())], stop: Stop::MaxTokens });
        let mut reply = Reply::text("one STOP two".into());
        reply.stop_at(&["two".into(), "STOP".into()]);
        assert_eq!(reply.stop, Stop::Sequence("STOP".into()));
        assert_eq!(reply.parts, [Part::Text("one ".into())]);
    }

    #[test]
    fn deltas_put_together_are_the_text() {
        let text = "äöü✓ and more ".repeat(20);
        let reply = Reply::text(text.clone());
        let together: String = pieces(&reply, 3)
            .into_iter()
            .filter_map(|piece| match piece {
                Piece::Delta(_, range) => Some(text[range].to_owned()),
                _ => None,
            })
            .collect();
        assert_eq!(together, text);
    }
}
