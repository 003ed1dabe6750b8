//! The planner's tasks and the tests that decide whether they are done.

use super::files::CodePath;
use serde::{Deserialize, Serialize};

/// About how much work a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TaskSize {
    /// Up to about 100 lines.
    S,
    /// Up to about 400 lines.
    M,
    /// More.
    L,
}

impl TaskSize {
    /// The letter of the grammar.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::S => "S",
            Self::M => "M",
            Self::L => "L",
        }
    }
}

/// One task of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanTask {
    /// `T001`, `T002`, …: never renumbered, never reused.
    pub id: String,
    /// A few words.
    pub title: String,
    /// Files that it writes.
    pub files: Vec<CodePath>,
    /// Earlier tasks that must be done before.
    pub needs: Vec<String>,
    /// Requirement ids (`FR-001`, `NFR-001`) that it fulfils, wholly or in part.
    pub covers: Vec<String>,
    /// About how much work it is.
    pub size: TaskSize,
    /// What to do, Markdown.
    pub body: String,
    /// The line of its heading, 1-based.
    #[serde(default)]
    pub line: usize,
}

/// A plan that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The whole, as it is stored.
    pub text: String,
    /// In order.
    pub tasks: Vec<PlanTask>,
}

/// One contract test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContractTest {
    /// `CT-001`, …: never renumbered, never reused.
    pub id: String,
    /// A few words.
    pub title: String,
    /// The requirement that it proves.
    pub requirement: String,
    /// The task that makes it pass.
    pub task: String,
    /// Where the test will stand.
    pub file: CodePath,
    /// What the test will be called there.
    pub name: String,
    /// `Given …, when …, then …`, at least one.
    pub criteria: Vec<String>,
    /// The line of its heading, 1-based.
    #[serde(default)]
    pub line: usize,
}

/// Contract tests that were read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContractTests {
    /// The whole, as it is stored.
    pub text: String,
    /// In order.
    pub tests: Vec<ContractTest>,
}
