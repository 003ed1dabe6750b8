//! What reviewers of files and of documents say: item by item, or as advice.

use super::Verdict;
use serde::{Deserialize, Serialize};

/// How one item of a checklist came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditResult {
    /// The files hold it.
    Pass,
    /// They do not.
    Fail,
    /// Nothing in the files is concerned.
    NotApplicable,
}

impl AuditResult {
    /// The word of the grammar.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::NotApplicable => "not applicable",
        }
    }
}

/// One item of a checklist with its result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditItem {
    /// `V1`, `ISM-1276`, `CR1`, …
    pub id: String,
    /// What it is about.
    pub title: String,
    /// How it came out.
    pub result: AuditResult,
    /// Where: `src/db.ts:12` or a requirement's id. Empty for what is not applicable.
    pub evidence: Vec<String>,
    /// Why, in a sentence or two.
    pub reason: String,
}

/// A whole review of files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    /// `Pass` exactly where no item failed.
    pub verdict: Verdict,
    /// All items of the checklist, in its order.
    pub items: Vec<AuditItem>,
}

impl Audit {
    /// True exactly where no item failed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failed().next().is_none()
    }

    /// What failed, in order.
    pub fn failed(&self) -> impl Iterator<Item = &AuditItem> {
        self.items.iter().filter(|item| item.result == AuditResult::Fail)
    }
}

/// What the alignment reviewer says at a gate. Advice: the person decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Recommendation {
    /// It is what the brief asks for.
    Approve,
    /// It is not, or it is more.
    Revise,
}

impl Recommendation {
    /// The word of the grammar and of people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "APPROVE",
            Self::Revise => "REVISE",
        }
    }
}

/// A recommendation with its reasons.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advice {
    /// What is recommended.
    pub recommendation: Recommendation,
    /// One to three, each with a quotation of the brief.
    pub reasons: Vec<String>,
}
