//! groundwork-store
