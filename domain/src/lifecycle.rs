//! Whether a project or a workspace is in use. Both are put away by archiving and deleting, and both can be taken back.

use serde::{Deserialize, Serialize};

/// Whether it is in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lifecycle {
    /// In use.
    #[default]
    Active,
    /// Put away; can be read, and taken back.
    Archived,
    /// Gone for everybody but who may undo it, until its texts are erased.
    Deleted,
}

impl Lifecycle {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Active, Self::Archived, Self::Deleted];

    /// The wire name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Archived => "archived",
            Self::Deleted => "deleted",
        }
    }

    /// Reads what [`Lifecycle::as_str`] wrote.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lifecycle| lifecycle.as_str() == word)
    }

    /// True while it is in use.
    #[must_use]
    pub fn is_active(&self) -> bool {
        *self == Self::Active
    }
}
