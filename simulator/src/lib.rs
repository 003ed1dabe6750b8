//! groundwork-simulator
