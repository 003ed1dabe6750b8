//! Talks to models: providers, routing, prompts, reading of replies, checks by code.
//!
//! Must never enter: SQL, Temporal, a decision on what a project does next. What a model wrote is untrusted text: it is
//! parsed and checked here, never executed. Keys are [`secrecy::SecretString`]s and reach nothing but a request's header.

pub mod anthropic;
pub mod breaker;
pub mod call;
pub mod check;
pub mod error;
mod http;
pub mod keys;
mod metrics;
pub mod openai;
pub mod parse;
pub mod prompt;
pub mod repair;
pub mod router;
pub mod splice;
mod stream;
pub mod tool;
pub mod toolbox;

pub use call::{Block, FollowUp, ModelReply, ModelRequest, Provider, Sink, StopReason};
pub use error::{CallError, Interruption};
pub use http::Timeouts;
pub use keys::{CallKeys, KeyAccess, KeySource, OfferedKey};
pub use router::{Agents, AgentsSettings, ProviderHealth, ProviderSettings};
pub use tokio_util::sync::CancellationToken;
pub use tool::{Part, ToolCall, ToolResult, ToolSpec, Turn};
