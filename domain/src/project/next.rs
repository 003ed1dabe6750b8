//! The work that should be under way, a function of the state alone.

use super::{Course, Progress, Project, StageState, Step};
use crate::lifecycle::Lifecycle;
use crate::pipeline::{FROM_PEOPLE, Stage};
use crate::work::{Source, StageTask};

impl Project {
    /// All work that should be under way now, a function of the state alone.
    #[must_use]
    pub fn next(&self) -> Vec<Step> {
        match self.lifecycle() {
            Lifecycle::Archived | Lifecycle::Deleted => return vec![Step::Finish],
            Lifecycle::Active => {}
        }
        match self.course {
            Course::Cancelled | Course::Deleted => Vec::new(),
            Course::Active | Course::Paused => {
                let steps = self.pipeline.stages.iter().filter_map(|stage| self.step(stage));
                let side = self.side_tasks().filter(|_| self.goes_on());
                steps.chain(side.map(|task| Step::RunStage(Box::new(task)))).collect()
            }
        }
    }

    fn step(&self, stage: &Stage) -> Option<Step> {
        let state = self.stages.get(&stage.id)?;
        match state.progress {
            Progress::Asked | Progress::AwaitingDecision | Progress::OverBudget | Progress::Drafting => {
                Some(Step::AwaitHuman { stage: stage.id.clone() })
            }
            Progress::Todo if self.is_runnable(stage) => {
                Some(Step::RunStage(Box::new(self.task(stage, state))))
            }
            Progress::Todo | Progress::Done | Progress::Failed => None,
        }
    }

    /// True where agents should work on this stage now.
    pub(super) fn is_runnable(&self, stage: &Stage) -> bool {
        self.goes_on() && self.is_ready(stage)
    }

    /// True where work is done at all.
    pub(super) fn goes_on(&self) -> bool {
        self.course == Course::Active && self.lifecycle() == Lifecycle::Active
    }

    /// True where all that this stage needs is done (for one that runs beside: is there), and it is not.
    pub(super) fn is_ready(&self, stage: &Stage) -> bool {
        let is_there =
            |read: &String| FROM_PEOPLE.contains(&read.as_str()) || self.artifacts.contains_key(read);
        self.progress(&stage.id) == Some(Progress::Todo)
            && stage.needs.iter().all(|need| self.progress(need) == Some(Progress::Done))
            && (!stage.side || stage.reads.iter().all(is_there))
    }

    fn task(&self, stage: &Stage, state: &StageState) -> StageTask {
        StageTask {
            project_id: self.input.project_id,
            workspace_id: self.input.workspace_id,
            owner_id: self.input.owner_id,
            stage: stage.id.clone(),
            attempt: state.attempt,
            verb: stage.verb,
            agent: stage.agent.clone(),
            produces: stage.produces.clone(),
            work: state.work.clone(),
            reads: stage.reads.iter().filter_map(|read| self.source(read)).collect(),
            carry_over: state.carry_over.clone(),
            own_agent: self.pipeline.own_agent(&stage.agent).cloned().map(Box::new),
            model: state.model.clone(),
            questions_max: self.limits.questions_max,
            active_ms_left: self.active_ms_left(),
        }
    }

    pub(super) fn source(&self, read: &str) -> Option<Source> {
        match read {
            "idea" => Some(Source::Idea { digest: self.input.idea.clone() }),
            "answers" => Some(Source::Answers { digest: self.answers_digest() }),
            artifact => self.artifacts.get(artifact).cloned().map(Source::Artifact),
        }
    }
}
