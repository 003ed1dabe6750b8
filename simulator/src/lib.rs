//! groundwork-simulator: a model provider that runs offline. It speaks the Anthropic Messages and the OpenAI Chat
//! Completions wire protocols and answers deterministically from what it reads in the request, so that a whole project
//! runs with no key and no network. Everything that it writes says that it is simulated.
//!
//! What must never enter: a dependency on another crate of ours. The agents must meet it through the same clients that
//! talk to the real providers, and it must know their requests only as a provider does: by what is on the wire.
//!
//! - `options` how a process behaves, `pace` when bytes leave, `fault` what goes wrong on purpose
//! - `anthropic`, `openai` the two wire protocols; `exchange` what both have in common
//! - `answer` what is written, by agent; `calls` what was asked, for tests and demonstrations

mod answer;
mod anthropic;
mod cache;
mod calls;
mod control;
mod exchange;
mod fault;
mod handle;
mod models;
mod openai;
mod options;
mod pace;
mod server;

pub use calls::Call;
pub use fault::{Effect, Rule, RuleError};
pub use options::Options;
pub use server::{router, serve};

/// Response header, always `true`, on everything that this server sends.
pub const SIMULATED_HEADER: &str = "x-groundwork-simulated";
/// Request header naming the agent that asks.
pub const AGENT_HEADER: &str = "x-groundwork-agent";
/// Request header with the key of the call, as recorded in `GET /_simulator/calls`.
pub const CALL_KEY_HEADER: &str = "x-groundwork-call-key";
/// Request header that makes one call go wrong; the syntax is that of [`Rule`].
pub const FAULT_HEADER: &str = "x-groundwork-fault";
