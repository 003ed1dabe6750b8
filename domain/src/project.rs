//! The state machine of a project: facts in, notices out, and `next` names all the work that should be under way.
//!
//! Everything that the rules read lies in the state: the pinned pipeline, the limits as they were at the start, and
//! `rules`, the version of the rules. A changed rule is `if self.rules >= N`, so that old histories replay.

mod allowed;
mod answers;
mod apply;
mod chat;
mod check;
mod check_answers;
mod deadlines;
mod decide;
mod next;
mod notices;
mod preview;
mod redo;
mod requests;
mod results;
mod side;
mod state;
mod summary;
mod tasks;

use crate::command::{Actor, Command, CommandBody, RejectionCode};
use crate::event::PendingText;
use crate::ids::{CommandId, Digest, ProjectId, StageId, Timestamp, UserId, WorkspaceId};
use crate::lifecycle::Lifecycle;
use crate::limits::Limits;
use crate::pipeline::{Pipeline, Stage, Verb};
use crate::publication::{StageFailure, TaskStatus, TaskView};
use crate::work::{ArtifactRef, Failure, StageOutcome, StageTask, Used, Work};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

pub use preview::{Preview, PreviewStage};
pub use requests::RequestState;
pub use state::{Course, Progress, QuestionState, Remembered, SideWork, StageState};
pub use summary::{Phase, Summary};

/// The version of the rules in this build. A project keeps the one it started with, until continue-as-new raises it.
pub const RULES: u32 = 2;

/// What a project is made from. Its title lies in Postgres, where it can be renamed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectInput {
    /// The project.
    pub project_id: ProjectId,
    /// Its tenant.
    pub workspace_id: WorkspaceId,
    /// Who started it.
    pub owner_id: UserId,
    /// Of the idea's text, which lies in Postgres.
    pub idea: Digest,
}

/// Something that happened to a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum Fact {
    /// A person, or an operator, said something.
    Command(Command),
    /// An attempt ended well.
    StageEnded {
        /// The stage.
        stage: StageId,
        /// Its attempt.
        attempt: u32,
        /// What came out.
        outcome: StageOutcome,
    },
    /// An attempt failed for good.
    StageFailed {
        /// The stage.
        stage: StageId,
        /// Its attempt.
        attempt: u32,
        /// Why.
        failure: Failure,
    },
    /// A timer fired: perhaps something is due. A hint, and no more.
    Deadline,
    /// A signal could not be read, or says what this project has no use for.
    SignalRefused {
        /// The signal's name.
        name: String,
        /// Of its payload.
        digest: Digest,
        /// Which of the signals of this name and payload it is (`Project::count_signal`).
        occurrence: u32,
        /// Why.
        code: RejectionCode,
        /// Why, in words.
        message: String,
    },
}

/// Work that should be under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// An agent works on an attempt of a stage.
    RunStage(Box<StageTask>),
    /// People are asked.
    AwaitHuman {
        /// By this stage.
        stage: StageId,
    },
    /// Nothing more will happen: the workflow ends.
    Finish,
}

/// A project: the whole state, one value, carried over continue-as-new.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    rules: u32,
    run: u32,
    input: ProjectInput,
    pipeline: Pipeline,
    limits: Limits,
    #[serde(default, skip_serializing_if = "Lifecycle::is_active")]
    lifecycle: Lifecycle,
    course: Course,
    stages: BTreeMap<StageId, StageState>,
    questions: Vec<QuestionState>,
    artifacts: BTreeMap<String, ArtifactRef>,
    /// Items in composed artifacts: how many prompts.
    sizes: BTreeMap<String, u32>,
    /// What a person has to look at after the last review.
    open_findings: u32,
    refinements_used: u32,
    /// Milliseconds of the present allowance of model time that are used up.
    active_ms: u64,
    used: Used,
    tasks: VecDeque<TaskView>,
    commands: VecDeque<(CommandId, Remembered)>,
    /// How often a signal of this name and payload came; oldest first.
    signals: VecDeque<(String, u32)>,
    /// The highest count of a signal that is no longer in `signals`: where the count of one that is not there goes on.
    #[serde(default, skip_serializing_if = "is_zero")]
    signals_forgotten: u32,
    texts: Vec<PendingText>,
    /// Gates and agents' questions: those that wait, and the last that were settled; oldest first.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    requests: VecDeque<RequestState>,
    /// Turns of the chat and advice that are under way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    side: Vec<SideWork>,
    /// How often each gate's advisor was asked.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    advised: BTreeMap<StageId, u32>,
    /// Who wrote a part of each artifact.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    editors: BTreeMap<String, Vec<UserId>>,
    /// Since when the project stands still (paused or put away).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stopped_at: Option<Timestamp>,
    /// The latest failure that stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<StageFailure>,
    /// All failures that stand, one a stage, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    failures: Vec<StageFailure>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    completed_at: Option<Timestamp>,
    last_activity_at: Timestamp,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Project {
    /// A new project at the beginning of its pipeline. `rules` comes from the recorded start input, never from the build.
    #[must_use]
    pub fn start(
        pipeline: Pipeline,
        mut limits: Limits,
        input: ProjectInput,
        rules: u32,
        now: Timestamp,
    ) -> Self {
        if let Some(minutes) = pipeline.active_minutes {
            limits.active_ms_max = u64::from(minutes) * 60_000;
            // Outages and rate limits take their time besides.
            limits.schedule_to_close_ms_max = limits.schedule_to_close_ms_max.max(2 * limits.active_ms_max);
        }
        let stages = pipeline
            .stages
            .iter()
            .map(|stage| (stage.id.clone(), StageState::first()))
            .collect::<BTreeMap<_, _>>();
        let tasks = pipeline.stages.iter().map(|stage| task_view(stage, 1)).collect();
        let mut project = Self {
            rules,
            run: 1,
            input,
            pipeline,
            limits,
            lifecycle: Lifecycle::Active,
            course: Course::Active,
            stages,
            questions: Vec::new(),
            artifacts: BTreeMap::new(),
            sizes: BTreeMap::new(),
            open_findings: 0,
            refinements_used: 0,
            active_ms: 0,
            used: Used::default(),
            tasks,
            commands: VecDeque::new(),
            signals: VecDeque::new(),
            signals_forgotten: 0,
            texts: Vec::new(),
            requests: VecDeque::new(),
            side: Vec::new(),
            advised: BTreeMap::new(),
            editors: BTreeMap::new(),
            stopped_at: None,
            failure: None,
            failures: Vec::new(),
            completed_at: None,
            last_activity_at: now,
        };
        project.open_chat();
        project
    }

    /// The same project in a new run of its workflow, under rules that are recorded in that run's input.
    #[must_use]
    pub fn continued(mut self, rules: u32) -> Self {
        self.rules = self.rules.max(rules);
        self.run += 1;
        self
    }

    /// Of all answers so far, in the order in which the questions were asked.
    #[must_use]
    pub fn answers_digest(&self) -> Digest {
        crate::document::answers_digest(self.questions.iter().filter_map(|question| question.answer.as_ref()))
    }

    fn active_ms_left(&self) -> u64 {
        self.limits.active_ms_max.saturating_sub(self.active_ms)
    }

    /// Whether the project is in use, archived or deleted.
    #[must_use]
    pub fn lifecycle(&self) -> Lifecycle {
        if self.course == Course::Deleted { Lifecycle::Deleted } else { self.lifecycle }
    }

    /// The canonical phase. What was put away unfinished is paused, what was deleted counts as cancelled.
    #[must_use]
    pub fn phase(&self) -> Phase {
        match (self.lifecycle(), self.course) {
            (Lifecycle::Deleted, _) | (_, Course::Cancelled | Course::Deleted) => return Phase::Cancelled,
            (Lifecycle::Active | Lifecycle::Archived, Course::Paused) => return Phase::Paused,
            (Lifecycle::Active | Lifecycle::Archived, Course::Active) => {}
        }
        let unless_archived =
            |phase| if self.lifecycle() == Lifecycle::Archived { Phase::Paused } else { phase };
        if self.pipeline.stages.iter().any(|stage| !stage.side && self.is_ready(stage)) {
            unless_archived(Phase::Working)
        } else if self.has(Progress::Asked) {
            unless_archived(Phase::AwaitingInput)
        } else if self.has(Progress::AwaitingDecision) || self.has(Progress::OverBudget) {
            unless_archived(Phase::AwaitingApproval)
        } else if self.has(Progress::Drafting) {
            unless_archived(Phase::Drafting)
        } else if self.has(Progress::Failed) {
            Phase::Failed
        } else {
            Phase::Completed
        }
    }

    fn has(&self, progress: Progress) -> bool {
        self.stages.values().any(|state| state.progress == progress)
    }

    /// Questions that wait for people.
    fn open_questions(&self) -> impl Iterator<Item = &QuestionState> {
        let asking =
            self.lifecycle() == Lifecycle::Active && matches!(self.course, Course::Active | Course::Paused);
        self.questions.iter().filter(move |question| {
            asking
                && question.answer.is_none()
                && self.stages.get(&question.stage).is_some_and(|state| state.progress == Progress::Asked)
        })
    }

    /// Drops the first `count` texts: `publish` has stored them.
    pub fn texts_stored(&mut self, count: usize) {
        self.texts.drain(..count.min(self.texts.len()));
    }

    /// The pinned pipeline.
    #[must_use]
    pub fn pipeline(&self) -> &Pipeline {
        &self.pipeline
    }

    /// The limits as they were at the start.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What the project was made from.
    #[must_use]
    pub fn input(&self) -> &ProjectInput {
        &self.input
    }

    /// Which run of its workflow this is, from 1.
    #[must_use]
    pub fn run(&self) -> u32 {
        self.run
    }

    /// The version of the rules that it runs on.
    #[must_use]
    pub fn rules(&self) -> u32 {
        self.rules
    }

    /// Current versions of what the stages made.
    pub fn artifacts(&self) -> impl Iterator<Item = &ArtifactRef> {
        self.artifacts.values()
    }
}

fn task_view(stage: &Stage, attempt: u32) -> TaskView {
    TaskView { stage: stage.id.clone(), attempt, agent: stage.agent.clone(), status: TaskStatus::Pending }
}
