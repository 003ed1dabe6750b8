//! The project workflow and the contract of its activities.
pub mod contract;
