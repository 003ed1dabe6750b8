//! Who decides at a gate, how many, and until when. No policy opens a gate because nobody watched.

use super::is_false;
use crate::access::Role;
use serde::{Deserialize, Serialize};

/// What happens at a gate's deadline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnExpiry {
    /// It is told, and the gate goes on waiting.
    #[default]
    Wait,
    /// The stage is failed, code `gate_expired`; Retry opens the gate again.
    Fail,
    /// The stage again, as if changes had been asked for without a word.
    RequestChanges,
}

/// A gate's policy. Times count from the moment at which the gate opened; pauses are not counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatePolicy {
    /// What decisions name.
    pub name: String,
    /// The pipeline's word for a project that waits here: `spec_ready`.
    pub status: String,
    /// The pipeline's word for having passed: `spec_approved`; a checkpoint that Retry goes back to.
    pub approved_status: String,
    /// The least role that may decide.
    #[serde(default = "editor")]
    pub role: Role,
    /// Approvals of different people that are needed.
    #[serde(default = "one")]
    pub approvals: u32,
    /// True where nobody approves what they wrote or began themselves.
    #[serde(default, skip_serializing_if = "is_false")]
    pub four_eyes: bool,
    /// True where a signal, which proves nobody, may decide; never together with `four_eyes`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub operators: bool,
    /// Milliseconds until a reminder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remind_after_ms: Option<u64>,
    /// Milliseconds until somebody else is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalate_after_ms: Option<u64>,
    /// Milliseconds until the deadline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_ms: Option<u64>,
    /// What happens then.
    #[serde(default)]
    pub on_expiry: OnExpiry,
    /// The agent whose advice stands beside the gate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advisor: Option<String>,
}

fn editor() -> Role {
    Role::Editor
}

fn one() -> u32 {
    1
}

impl GatePolicy {
    /// The policy for a question that an agent asks a person in the middle of its work: any editor, one, no deadline.
    #[must_use]
    pub fn of_question(stage: &str, status: &str) -> Self {
        Self {
            name: stage.to_owned(),
            status: status.to_owned(),
            approved_status: status.to_owned(),
            role: Role::Editor,
            approvals: 1,
            four_eyes: false,
            operators: false,
            remind_after_ms: None,
            escalate_after_ms: None,
            deadline_ms: None,
            on_expiry: OnExpiry::Wait,
            advisor: None,
        }
    }
}
