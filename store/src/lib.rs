//! Every SQL statement of Groundwork, one file a table group.
//!
//! All access goes through [`Store::tenant`] or [`Store::person`]: a transaction that says who asks, as the role
//! `groundwork_app`, which owns nothing and does not bypass row-level security. What must look over all workspaces is a
//! SECURITY DEFINER function of `migrations/`, called here by the functions that take a [`Store`].
//!
//! Must never enter: a rule about what happens next, a call to a model, Temporal.

pub mod accounts;
pub mod administration;
pub mod api_keys;
pub mod api_tokens;
pub mod artifacts;
pub mod attempts;
pub mod audit;
pub mod budgets;
pub mod calls;
pub mod comments;
pub mod events;
pub mod exports;
pub mod health;
pub mod hitl;
pub mod idempotency;
pub mod identities;
pub mod invitations;
pub mod links;
pub mod members;
pub mod notices;
pub mod operations;
pub mod outbox;
pub mod personal_data;
pub mod pipelines;
pub mod project_reads;
pub mod project_texts;
pub mod project_writes;
pub mod projects;
pub mod provenance;
pub mod publish;
pub mod rates;
pub mod results;
pub mod search;
pub mod second_factors;
pub mod sessions;
pub mod shelving;
pub mod streams;
pub mod talk;
pub mod uploads;
pub mod usage;
pub mod versions;
pub mod workspaces;

mod clean;
mod error;
mod tenancy;

pub use error::StoreError;
/// To hear NOTIFY: whoever listens needs no statement, and so not sqlx itself.
pub use sqlx::postgres::{PgListener, PgNotification};
pub use tenancy::{Store, StoreOptions, Tx, admit_servers, migrate, migrate_at};
