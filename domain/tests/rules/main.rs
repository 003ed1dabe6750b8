//! The rules, tested from outside: one project through its facts, laws over random facts, pipeline definitions.
#![allow(clippy::unwrap_used, reason = "tests")]

mod feature;
mod gates;
mod laws;
mod pipeline;
mod project;
mod support;
mod transitions;
