//! The store against a real PostgreSQL, as the role that servers have.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, reason = "tests")]

mod budgets;
mod calls;
mod database;
mod exports;
mod isolation;
mod memberships;
mod notices;
mod outbox;
mod publish;
mod quotas;
mod rates;
mod requests;
mod rings;
mod streams;
mod tenancy;
