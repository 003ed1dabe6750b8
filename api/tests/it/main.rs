//! The API over real HTTP against a real PostgreSQL, without Temporal: what needs a running workflow is tested end to end in
//! `tests/`. `TEST_DATABASE_URL` names a server where databases may be created.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod accounts;
mod api_tokens;
mod artifacts;
mod audit;
mod cookies;
mod decisions;
mod document;
mod export;
mod farewell;
mod idempotency;
mod inputs;
mod isolation;
mod limits;
mod links;
mod live;
mod logs;
mod mailbox;
mod members;
mod money;
mod notices;
mod oauth;
mod operations;
mod outside;
mod pipelines;
mod problems;
mod projects;
mod second_factor;
mod server;
mod sessions;
mod smtp;
mod socket;
mod tenancy;
mod throttle;
mod uploads;
mod workspaces;
