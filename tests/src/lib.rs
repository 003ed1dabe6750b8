//! The harness of the end-to-end tests, of chaos and of bench: the whole stack as separate processes of the real
//! `groundwork` binary, clients for the API and for the simulator, and the database as its owner sees it.
//!
//! Must never enter: a replacement for a part that can run. What is killed here is what people run.
//!
//! - [`stack`] starts, kills and restarts the parts; [`part`] is one of our processes, [`binary`] finds the executable
//! - [`client`] speaks to the API, [`cli`] is the program in a terminal, [`simulator`] asks the model provider what it saw, [`database`] reads the tables
//! - [`driver`] takes ideas to completed projects as a patient person would
//! - [`bench`] measures what it costs
//! - [`chaos`] kills processes under load and checks what is left, [`recovery`] measures how long a kill is felt

pub mod bench;
pub mod binary;
pub mod chaos;
pub mod cli;
pub mod client;
pub mod database;
pub mod driver;
pub mod part;
pub mod recovery;
pub mod simulator;
pub mod stack;
pub mod wait;

pub use cli::Cli;
pub use client::Client;
pub use database::Database;
pub use groundwork_cli::stack::Ports;
pub use simulator::Simulator;
pub use stack::{Component, Options, Stack};
