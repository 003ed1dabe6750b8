//! groundwork-tests
