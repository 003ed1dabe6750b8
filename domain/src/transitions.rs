//! Which status may follow which: features of `build` and tasks. (Requests: `RequestStatus::may_become`.) What is not
//! here does not happen; `domain/tests/rules/transitions.rs` sees every pair happen and every other refused.

use crate::publication::TaskStatus;

/// For each word of `build` the words that may follow it, besides those that [`build_may_become`] adds.
const BUILD: [(&str, &[&str]); 15] = [
    ("drafting", &["spec_generating", "cancelled"]),
    ("spec_generating", &["spec_ready", "failed", "cancelled", "drafting"]),
    ("spec_ready", &["spec_approved", "failed", "cancelled", "drafting", "spec_generating"]),
    ("spec_approved", &["plan_generating"]),
    ("plan_generating", &["plan_ready", "failed", "cancelled", "drafting", "spec_generating", "spec_ready"]),
    (
        "plan_ready",
        &[
            "plan_approved",
            "failed",
            "cancelled",
            "drafting",
            "spec_generating",
            "spec_ready",
            "plan_generating",
        ],
    ),
    ("plan_approved", &["tests_generating"]),
    (
        "tests_generating",
        &[
            "tests_ready",
            "failed",
            "cancelled",
            "drafting",
            "spec_generating",
            "spec_ready",
            "plan_generating",
            "plan_ready",
        ],
    ),
    (
        "tests_ready",
        &[
            "tests_approved",
            "failed",
            "cancelled",
            "drafting",
            "spec_generating",
            "spec_ready",
            "plan_generating",
            "plan_ready",
            "tests_generating",
        ],
    ),
    ("tests_approved", &["implementing"]),
    ("implementing", &["review", "failed", "cancelled"]),
    ("review", &["done", "failed", "cancelled", "implementing"]),
    ("done", &["implementing", "review"]),
    ("failed", &["implementing", "review", "cancelled"]),
    ("cancelled", &[]),
];

/// Words that Rewind, Revise and Edit can lead to from everything behind the last gate.
const BACK: [&str; 7] = [
    "drafting",
    "spec_generating",
    "spec_ready",
    "plan_generating",
    "plan_ready",
    "tests_generating",
    "tests_ready",
];

/// The words of `build`, in their order.
#[must_use]
pub fn build_words() -> Vec<&'static str> {
    BUILD.iter().map(|(word, _)| *word).collect()
}

/// Whether a feature with status `from` may come to have status `to`.
#[must_use]
pub fn build_may_become(from: &str, to: &str) -> bool {
    let listed = BUILD.iter().any(|(word, after)| *word == from && after.contains(&to));
    let is_late = ["implementing", "review", "done", "failed"].contains(&from);
    listed || (is_late && BACK.contains(&to))
}

impl TaskStatus {
    /// Whether a task in this status may come to that one.
    #[must_use]
    pub const fn may_become(self, to: Self) -> bool {
        match self {
            Self::Pending => !matches!(to, Self::Pending),
            Self::Working => !matches!(to, Self::Working),
            Self::WaitingForInput => matches!(to, Self::Completed | Self::Superseded | Self::Cancelled),
            // Money came: it goes on (or would, were the project not paused).
            Self::WaitingForHitl => !matches!(to, Self::WaitingForHitl | Self::WaitingForInput),
            // What was approved was changed; or: nobody had decided in time, and the gate is opened again.
            Self::Completed | Self::Failed => matches!(to, Self::WaitingForHitl),
            Self::Superseded | Self::Cancelled => false,
        }
    }
}
