//! Limits that the rules read. They come from settings when a project starts and stay with it.

use serde::{Deserialize, Serialize};

/// Longest text of one command, in bytes.
pub const COMMAND_TEXT_BYTES_MAX: usize = 64 * 1024;
/// Longest idea, in bytes of UTF-8.
pub const IDEA_BYTES_MAX: usize = 64 * 1024;
/// Largest pinned pipeline, in bytes of JSON.
pub const PIPELINE_BYTES_MAX: usize = 32 * 1024;
/// Commands whose outcome is remembered.
pub const COMMANDS_REMEMBERED: usize = 200;
/// Most questions, options a question and findings that the rules take from one outcome.
pub const QUESTIONS_TOTAL_MAX: usize = 100;

/// Times that changes can be asked for at a gate, or an agent's question rejected; one more fails the stage (F-07).
pub const CHANGES_MAX: u32 = 3;

/// Settings with the defaults of requirements.md §2.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Questions in one session of the elicitor (D-01).
    pub questions_max: u32,
    /// Refinements a person may ask for (B-14).
    pub refinements_max: u32,
    /// Automatic rounds of mending (conflict 21).
    pub rounds_max: u32,
    /// Milliseconds of model time in one run, waits for people not counted (E-15).
    pub active_ms_max: u64,
    /// Milliseconds from scheduling an attempt to its end, outages and rate limits included.
    pub schedule_to_close_ms_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            questions_max: 3,
            refinements_max: 3,
            rounds_max: 2,
            active_ms_max: 600_000,
            schedule_to_close_ms_max: 3_600_000,
        }
    }
}
