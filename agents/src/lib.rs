//! groundwork-agents
