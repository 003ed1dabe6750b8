//! The store against a real PostgreSQL, as the role that servers have.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, reason = "tests")]

mod budgets;
mod calls;
mod database;
mod isolation;
mod memberships;
mod outbox;
mod publish;
mod quotas;
mod rates;
mod requests;
mod streams;
mod tenancy;
