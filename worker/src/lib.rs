//! groundwork-worker
