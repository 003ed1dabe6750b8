//! groundwork-activities
