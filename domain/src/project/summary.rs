//! A project as others see it: lists, search attributes, the read model.

use super::{Progress, Project};
use crate::ids::StageId;
use crate::lifecycle::Lifecycle;
use crate::pipeline::Stage;
use crate::publication::{Position, ProjectView, Publication, TaskStatus, TaskView};
use crate::request::{RequestKind, RequestView};
use serde::{Deserialize, Serialize};

/// The canonical phase (design.md §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// A brief is still being shaped.
    Drafting,
    /// Agents work.
    Working,
    /// Questions wait for people.
    AwaitingInput,
    /// A gate waits for people.
    AwaitingApproval,
    /// Stopped for a while by a person.
    Paused,
    /// All stages are done.
    Completed,
    /// A stage failed for good; open for Retry.
    Failed,
    /// Stopped for good by a person.
    Cancelled,
}

impl Phase {
    /// The wire name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Drafting => "drafting",
            Self::Working => "working",
            Self::AwaitingInput => "awaiting_input",
            Self::AwaitingApproval => "awaiting_approval",
            Self::Paused => "paused",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What list views and search attributes show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Canonical.
    pub phase: Phase,
    /// The pipeline's own word.
    pub status: String,
    /// The stage that is under way, waited for or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<StageId>,
    /// `answers`, `brief`, `gate:<name>`, `question:<stage>` or `budget`: what waits for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_for: Option<String>,
    /// Ids of questions that wait for an answer; what was put off comes last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub open_questions: Vec<String>,
    /// Gates and agents' questions that wait for a decision.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<RequestView>,
    /// Refinements that were done.
    pub refinements_used: u32,
    /// Refinements that are allowed.
    pub refinements_max: u32,
    /// US dollars so far.
    pub cost_usd: rust_decimal::Decimal,
    /// Wire names of the commands that would be taken now.
    pub allowed: Vec<String>,
    /// True once the project was deleted; its workflow has ended.
    #[serde(default)]
    pub deleted: bool,
    /// Whether it is in use; archived and deleted projects have no running workflow.
    #[serde(default)]
    pub lifecycle: Lifecycle,
}

impl Project {
    /// The stage that is under way, waited for or failed: the first of the pipeline that is not done.
    fn current_stage(&self) -> Option<&Stage> {
        let in_state = |progress: Progress| {
            self.pipeline
                .stages
                .iter()
                .find(|stage| !stage.side && self.progress(&stage.id) == Some(progress))
        };
        self.pipeline
            .stages
            .iter()
            .find(|stage| !stage.side && self.is_runnable(stage))
            .or_else(|| in_state(Progress::Asked))
            .or_else(|| in_state(Progress::AwaitingDecision))
            .or_else(|| in_state(Progress::OverBudget))
            .or_else(|| in_state(Progress::Drafting))
            .or_else(|| in_state(Progress::Failed))
            .or_else(|| in_state(Progress::Todo))
    }

    /// The pipeline's word for a project at this stage.
    fn word<'a>(&'a self, stage: &'a Stage) -> &'a str {
        let at_gate =
            self.open_request(&stage.id).is_some_and(|request| request.view.kind == RequestKind::Gate);
        match &stage.gate {
            Some(gate) if at_gate => &gate.status,
            Some(_) | None => &stage.status,
        }
    }

    fn waiting_for(&self, phase: Phase) -> Option<String> {
        match phase {
            Phase::AwaitingInput => Some("answers".to_owned()),
            Phase::Drafting => Some("brief".to_owned()),
            Phase::AwaitingApproval => Some(self.open_requests().next().map_or_else(
                || "budget".to_owned(),
                |request| format!("{}:{}", request.view.kind.as_str(), request.view.gate),
            )),
            Phase::Working | Phase::Paused | Phase::Completed | Phase::Failed | Phase::Cancelled => None,
        }
    }

    fn questions_in_turn(&self) -> Vec<String> {
        let mut open: Vec<_> = self.open_questions().collect();
        open.sort_by_key(|question| question.deferred);
        open.into_iter().map(|question| question.id.clone()).collect()
    }

    /// What list views and search attributes show.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let phase = self.phase();
        let stage = self.current_stage();
        let status = match phase {
            Phase::Completed => self.pipeline.done_word().to_owned(),
            Phase::Failed | Phase::Cancelled => phase.as_str().to_owned(),
            Phase::Drafting
            | Phase::Working
            | Phase::AwaitingInput
            | Phase::AwaitingApproval
            | Phase::Paused => {
                stage.map_or_else(|| phase.as_str().to_owned(), |stage| self.word(stage).to_owned())
            }
        };
        Summary {
            phase,
            status,
            stage: stage.map(|stage| stage.id.clone()),
            waiting_for: self.waiting_for(phase),
            open_questions: self.questions_in_turn(),
            gates: self.open_requests().map(|request| request.view.clone()).collect(),
            refinements_used: self.refinements_used,
            refinements_max: self.limits.refinements_max,
            cost_usd: self.used.cost_usd,
            allowed: self.allowed().into_iter().map(str::to_owned).collect(),
            deleted: self.lifecycle() == Lifecycle::Deleted,
            lifecycle: self.lifecycle(),
        }
    }

    /// What `publish` writes: the notices that are not yet published, and the project as it is now.
    #[must_use]
    pub fn publication(&self, notices: Vec<crate::event::Notice>, history_length: u32) -> Publication {
        let mut bare = self.clone();
        bare.texts.clear();
        Publication {
            project_id: self.input.project_id,
            workspace_id: self.input.workspace_id,
            position: Position { run: self.run, history_length, nth: 0 },
            notices,
            texts: self.texts.clone(),
            view: ProjectView {
                summary: self.summary(),
                tasks: self.task_views(),
                artifacts: self.artifacts.values().cloned().collect(),
                used: self.used.clone(),
                requests: self.requests().cloned().collect(),
                failure: self.failure.clone(),
                failures: self.failures.clone(),
                completed_at: self.completed_at,
                last_activity_at: self.last_activity_at,
            },
            // A state of our own types always serialises; null would only mean "no snapshot this time".
            snapshot: serde_json::to_value(&bare).unwrap_or_default(),
        }
    }

    /// The list of tasks; what agents work on now is marked so.
    #[must_use]
    pub fn task_views(&self) -> Vec<TaskView> {
        let mut runnable = self.runnable();
        if self.goes_on() {
            runnable.extend(self.side.iter().map(|side| (side.stage.clone(), side.attempt)));
        }
        let mut tasks: Vec<_> = self.tasks.iter().cloned().collect();
        for task in &mut tasks {
            if runnable.iter().any(|(stage, attempt)| task.stage == *stage && task.attempt == *attempt) {
                task.status = TaskStatus::Working;
            }
        }
        tasks
    }
}
