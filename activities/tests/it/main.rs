//! Attempts against a real PostgreSQL and the simulator, behind the clients that talk to real providers.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, reason = "tests")]

mod build;
mod cancel;
mod crash;
#[allow(dead_code, reason = "shared with the tests of the store")]
#[path = "../../../store/tests/it/database.rs"]
mod database;
mod failure;
mod handoff;
mod money;
mod own;
mod project;
mod rotation;
mod world;
