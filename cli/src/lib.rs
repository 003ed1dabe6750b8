//! The `groundwork` program: servers, the local stack, and commands for people and scripts.

pub mod stack;
