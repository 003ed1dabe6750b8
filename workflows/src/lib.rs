//! The project workflow and the contract of its activities. `domain` decides, the workflow obeys.
//!
//! Must never enter: IO of any kind (no sqlx, no reqwest in its tree), documents, a clock, randomness, hash order.

mod alarm;
pub mod attributes;
pub mod contract;
pub mod project;
mod running;
mod signals;
mod start;

pub use project::ProjectWorkflow;
pub use start::StartInput;
