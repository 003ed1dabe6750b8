//! A project as others see it: lists, search attributes, the read model.

use super::{Progress, Project};
use crate::ids::StageId;
use crate::lifecycle::Lifecycle;
use crate::pipeline::Stage;
use crate::publication::{Position, ProjectView, Publication, TaskStatus, TaskView};
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
    /// `answers` while questions wait for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_for: Option<String>,
    /// Ids of questions that wait for an answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub open_questions: Vec<String>,
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
                .find(|stage| self.stages.get(&stage.id).is_some_and(|state| state.progress == progress))
        };
        self.pipeline
            .stages
            .iter()
            .find(|stage| self.is_runnable(stage))
            .or_else(|| in_state(Progress::Asked))
            .or_else(|| in_state(Progress::Failed))
            .or_else(|| in_state(Progress::Todo))
    }

    /// What list views and search attributes show.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let phase = self.phase();
        let stage = self.current_stage();
        let status = match phase {
            Phase::Completed | Phase::Failed | Phase::Cancelled => phase.as_str().to_owned(),
            Phase::Drafting
            | Phase::Working
            | Phase::AwaitingInput
            | Phase::AwaitingApproval
            | Phase::Paused => stage.map_or_else(|| phase.as_str().to_owned(), |stage| stage.status.clone()),
        };
        let open_questions: Vec<_> = self.open_questions().map(|question| question.id.clone()).collect();
        Summary {
            phase,
            status,
            stage: stage.map(|stage| stage.id.clone()),
            waiting_for: (phase == Phase::AwaitingInput).then(|| "answers".to_owned()),
            open_questions,
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
            position: Position { run: self.run, history_length },
            notices,
            texts: self.texts.clone(),
            view: ProjectView {
                summary: self.summary(),
                tasks: self.task_views(),
                artifacts: self.artifacts.values().cloned().collect(),
                used: self.used.clone(),
                requests: Vec::new(),
                failure: self.failure.clone(),
                completed_at: self.completed_at,
                last_activity_at: self.last_activity_at,
            },
            // A state of our own types always serialises; null would only mean "no snapshot this time".
            snapshot: serde_json::to_value(&bare).unwrap_or_default(),
        }
    }

    /// The list of tasks; what agents work on now is marked so.
    fn task_views(&self) -> Vec<TaskView> {
        let runnable = self.runnable();
        let mut tasks: Vec<_> = self.tasks.iter().cloned().collect();
        for task in &mut tasks {
            if runnable.iter().any(|(stage, attempt)| task.stage == *stage && task.attempt == *attempt) {
                task.status = TaskStatus::Working;
            }
        }
        tasks
    }
}
