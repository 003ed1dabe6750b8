//! Attempts: their progress, and the list of tasks that people see.

use super::{Progress, Project, TaskStatus, Work, task_view};
use crate::ids::StageId;
use crate::publication::TaskView;
use std::collections::BTreeSet;

/// Attempts that the list of tasks keeps.
const TASKS_KEPT: usize = 200;

impl Project {
    pub(super) fn progress(&self, id: &StageId) -> Option<Progress> {
        self.stages.get(id).map(|state| state.progress)
    }

    /// Another attempt of a stage. The one before it keeps its task with the status that it has reached; where it had
    /// reached none, it is superseded.
    pub(super) fn again(&mut self, id: &StageId, work: Work) {
        let Some(stage) = self.pipeline.stage(id) else { return };
        let Some(state) = self.stages.get_mut(id) else { return };
        let before = state.attempt;
        state.again(work);
        let task = task_view(stage, state.attempt);
        self.end_task(id, before, TaskStatus::Superseded);
        self.add_task(task);
    }

    pub(super) fn add_task(&mut self, task: TaskView) {
        self.tasks.push_back(task);
        if self.tasks.len() > TASKS_KEPT {
            self.tasks.pop_front();
        }
    }

    pub(super) fn set_progress(&mut self, id: &StageId, progress: Progress, status: TaskStatus) {
        let Some(state) = self.stages.get_mut(id) else { return };
        state.progress = progress;
        let attempt = state.attempt;
        self.set_task(id, attempt, status);
    }

    pub(super) fn set_task(&mut self, id: &StageId, attempt: u32, status: TaskStatus) {
        if let Some(task) =
            self.tasks.iter_mut().rev().find(|task| task.stage == *id && task.attempt == attempt)
        {
            // A pair that is not in the table does not happen.
            if task.status.may_become(status) {
                task.status = status;
            }
        }
    }

    /// Gives a task that has not ended this end.
    pub(super) fn end_task(&mut self, id: &StageId, attempt: u32, status: TaskStatus) {
        let open = self
            .tasks
            .iter()
            .rev()
            .find(|task| task.stage == *id && task.attempt == attempt)
            .is_some_and(|task| !task.status.is_final());
        if open {
            self.set_task(id, attempt, status);
        }
    }

    /// Tasks that will not be finished are cancelled.
    pub(super) fn close_tasks(&mut self) {
        for task in &mut self.tasks {
            if !task.status.is_final() {
                task.status = TaskStatus::Cancelled;
            }
        }
    }

    /// Another attempt of each of these stages that was begun, and of what runs beside them. Their artifacts are no longer
    /// current, their requests no longer decided. Returns the artifacts that are superseded.
    pub(super) fn redo(
        &mut self,
        stages: &BTreeSet<StageId>,
        now: crate::ids::Timestamp,
        notices: &mut super::notices::Notices,
    ) -> Vec<crate::work::ArtifactRef> {
        let all = self.with_sides(stages);
        let begun: Vec<StageId> = all.iter().filter(|id| self.is_begun(id)).cloned().collect();
        let mut superseded = Vec::new();
        for id in &all {
            self.supersede_requests(id, now, notices);
            let produces = self.pipeline.stage(id).map(|stage| stage.produces.clone()).unwrap_or_default();
            superseded.extend(self.artifacts.remove(&produces));
            self.sizes.remove(&produces);
            if let Some(state) = self.stages.get_mut(id) {
                state.changes = 0;
                state.rounds = 0;
            }
            if self.failure.as_ref().is_some_and(|failure| failure.stage == *id) {
                self.failure = None;
            }
        }
        if all.iter().any(|id| self.pipeline.stage(id).is_some_and(|stage| stage.verb == super::Verb::Review))
        {
            self.open_findings = 0;
        }
        for id in begun {
            self.again(&id, Work::Fresh);
        }
        superseded
    }

    /// These, and what runs beside and reads what they make.
    fn with_sides(&self, stages: &BTreeSet<StageId>) -> BTreeSet<StageId> {
        let reads_one = |stage: &super::Stage| {
            stage.reads.iter().any(|read| {
                self.pipeline.producer(read).is_some_and(|producer| stages.contains(&producer.id))
            })
        };
        let sides = self.pipeline.stages.iter().filter(|stage| stage.side && reads_one(stage));
        sides.map(|stage| stage.id.clone()).chain(stages.iter().cloned()).collect()
    }

    /// True where an attempt was started, or is about to be.
    pub(super) fn is_begun(&self, id: &StageId) -> bool {
        let (Some(stage), Some(state)) = (self.pipeline.stage(id), self.stages.get(id)) else { return false };
        match state.progress {
            Progress::Todo => self.is_ready(stage),
            Progress::Asked
            | Progress::Done
            | Progress::Failed
            | Progress::AwaitingDecision
            | Progress::OverBudget => true,
            Progress::Drafting => false,
        }
    }
}
