//! Tests of the crate as its users see it: grammars, prompts as they are sent, clients against fake providers.
#![allow(clippy::unwrap_used, missing_docs)]

mod build_grammar;
mod build_prompts;
mod check;
mod fakes;
mod grammar;
mod keys;
mod prompts;
mod providers;
mod routing;
mod samples;
mod splice;
mod tools;
mod wire;
