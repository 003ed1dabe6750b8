//! The local stack: PostgreSQL, Temporal's development server, the simulator and our own servers, on loopback, inside one
//! directory, each a process that may be killed and started again.
//!
//! `groundwork dev`, `groundwork demo` and the tests start, kill and restart the same things through this module, so what
//! chaos proves is what people run. Must never enter: anything that knows what a project is.

pub mod home;
pub mod local;
pub mod owner;
pub mod ports;
pub mod postgres;
pub mod process;
pub mod server;
pub mod temporal;
pub mod wait;

pub use home::{Home, State};
pub use local::{Layout, LocalStack, Options};
pub use ports::Ports;
pub use postgres::{Durability, Postgres};
pub use process::{Process, Spec};
pub use server::{Role, Server};
pub use temporal::Temporal;
