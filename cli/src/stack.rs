//! The local stack: a private PostgreSQL cluster and Temporal's development server, on loopback, inside one directory.
//!
//! `groundwork dev`, `groundwork demo` and the tests start, kill and restart the same things through this module, so what
//! chaos proves is what people run. Must never enter: HTTP calls to our own API, anything that talks to a model.

pub mod home;
pub mod owner;
pub mod ports;
pub mod postgres;
pub mod process;
pub mod temporal;
pub mod wait;

pub use home::{Home, State};
pub use ports::Ports;
pub use postgres::{Durability, Postgres};
pub use process::{Process, Spec};
pub use temporal::Temporal;
