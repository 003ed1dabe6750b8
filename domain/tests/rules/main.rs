//! The rules, tested from outside: one project through its facts, laws over random facts, pipeline definitions.
#![allow(clippy::unwrap_used, reason = "tests")]

mod feature;
mod gates;
mod laws;
mod laws_of_features;
mod pipeline;
mod project;
mod support;
mod transitions;
