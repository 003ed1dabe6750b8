//! The rules of Groundwork, without IO: pipelines, the project state machine, commands, events, models and prices.
//!
//! Must never enter: a clock, a random source, the environment, a file, a network, an async runtime, a hash map whose
//! order could leak. The same facts give the same state on every machine and in every replay.

pub mod access;
pub mod agent;
pub mod command;
pub mod document;
pub mod event;
pub mod ids;
pub mod lifecycle;
pub mod limits;
pub mod model;
pub mod pipeline;
pub mod project;
pub mod publication;
pub mod quota;
pub mod request;
pub mod sealed;
pub mod transitions;
pub mod work;

pub use ids::{CommandId, Digest, ProjectId, StageId, Timestamp, UserId, WorkspaceId};
pub use lifecycle::Lifecycle;
