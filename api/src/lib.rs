//! groundwork-api
