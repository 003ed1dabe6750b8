//! Side effects: one activity a verb, and `publish`.
//!
//! An attempt is a chain of steps that each leave a trace before the next: a claim before a call, the reply before it is
//! read, the result before it is told. So an attempt can be broken off anywhere and run again, and what was paid for is
//! used again (ARCHITECTURE.md, checkpoints). Everything but the thin layer in `temporal` works without Temporal.
//!
//! Must never enter: a decision on what a project does next, SQL, knowledge of a provider's wire format.

mod advise;
mod answering;
mod ask;
mod attempt;
mod audit;
mod background;
mod calling;
mod compose;
mod conclude;
mod deltas;
mod error;
mod implement;
mod inputs;
mod leases;
mod reply;
mod review;
mod rotation;
mod standing;
mod temporal;
mod verdict;
mod workshop;
mod write;

pub use error::AttemptError;
pub use rotation::Rotated;
pub use temporal::{AgentActivities, PublishActivities};
pub use workshop::{Workshop, WorkshopSettings};
