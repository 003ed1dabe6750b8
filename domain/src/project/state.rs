//! Parts of a project's state. Fields are only ever added, with a default: recorded states must still load.

use crate::command::Rejection;
use crate::document::{Answer, QuestionFormat};
use crate::ids::{Digest, StageId};
use crate::work::{AskedQuestion, CarryOver, Work};
use serde::{Deserialize, Serialize};

/// Whether the project goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Course {
    /// Work that can be done is done.
    Active,
    /// No work is started; questions can still be answered.
    Paused,
    /// Stopped for good; open and parked.
    Cancelled,
    /// Removed, in states that were written before [`crate::Lifecycle`] said so.
    Deleted,
}

/// How far an attempt of a stage is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// To be done as soon as what it needs is done.
    Todo,
    /// Its questions wait for people.
    Asked,
    /// Done.
    Done,
    /// Failed for good; waits for Retry.
    Failed,
    /// A chat whose brief nobody has confirmed yet.
    Drafting,
    /// A gate, or an agent's question, waits for people.
    AwaitingDecision,
    /// Waits for money.
    OverBudget,
}

/// A stage of one project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageState {
    /// 1, 2, …
    pub attempt: u32,
    /// How far it is.
    pub progress: Progress,
    /// What this attempt is for.
    #[serde(flatten)]
    pub work: Work,
    /// Automatic rounds of mending that its reviews have asked for.
    #[serde(default)]
    pub rounds: u32,
    /// Calls of a failed attempt to use again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carry_over: Option<CarryOver>,
    /// A model that a person chose for this attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// How often changes were asked for since the stage began anew.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub changes: u32,
    /// How often this attempt had to wait for money.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub parked: u32,
    /// True where the budget was changed while this attempt was under way.
    #[serde(default, skip_serializing_if = "crate::pipeline::is_false")]
    pub look_again: bool,
    /// A review: whether it passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passed: Option<bool>,
    /// While failed: the failure's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_as: Option<String>,
    /// While failed: the call that was the cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause_call: Option<u32>,
}

/// Work beside the stages: a turn of the chat, advice at a gate. It blocks nothing, and its failure fails nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SideWork {
    /// The chat's stage, or `<stage>-advice`.
    pub stage: StageId,
    /// 1, 2, …
    pub attempt: u32,
    /// What it is for.
    #[serde(flatten)]
    pub work: Work,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
pub(super) fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl StageState {
    /// Before anything happened.
    pub(super) fn first() -> Self {
        Self {
            attempt: 1,
            progress: Progress::Todo,
            work: Work::Fresh,
            rounds: 0,
            carry_over: None,
            model: None,
            changes: 0,
            parked: 0,
            look_again: false,
            passed: None,
            failed_as: None,
            cause_call: None,
        }
    }

    /// Another attempt, for this.
    pub(super) fn again(&mut self, work: Work) {
        self.attempt += 1;
        self.progress = Progress::Todo;
        self.work = work;
        self.carry_over = None;
        self.model = None;
        self.parked = 0;
        self.look_again = false;
        self.passed = None;
        self.failed_as = None;
        self.cause_call = None;
    }
}

/// A question that was asked, without its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuestionState {
    /// `Q1`, …
    pub id: String,
    /// The stage that asked.
    pub stage: StageId,
    /// How it wants to be answered.
    pub format: QuestionFormat,
    /// Keys of its options.
    pub options: Vec<String>,
    /// Key of the recommended one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recommended: Option<String>,
    /// Of the answer, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Digest>,
    /// `A1`, … where the answer is an assumption.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assumption: Option<String>,
    /// Where it stands among those that were put off: the higher, the later.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub deferred: u32,
}

impl QuestionState {
    pub(super) fn new(stage: &StageId, asked: AskedQuestion) -> Self {
        Self {
            id: asked.id,
            stage: stage.clone(),
            format: asked.format,
            options: asked.options,
            recommended: asked.recommended,
            answer: None,
            assumption: None,
            deferred: 0,
        }
    }

    /// The answer that takes the recommendation, as an assumption; without one the agents are told to decide.
    pub(super) fn assumed(&self, number: usize) -> Answer {
        Answer {
            question_id: self.id.clone(),
            options: self.recommended.iter().cloned().collect(),
            text: None,
            assumption: Some(format!("A{number}")),
        }
    }
}

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Remembered {
    /// It was applied.
    Applied,
    /// It was refused.
    Rejected {
        /// Why.
        rejection: Rejection,
    },
}
