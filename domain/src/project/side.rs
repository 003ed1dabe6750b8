//! Work beside the stages: turns of the chat, and advice at gates. It blocks nothing, and its failure fails nothing.

use super::notices::Notices;
use super::results::failure_payload;
use super::state::SideWork;
use super::{Progress, Project, StageTask, TaskStatus, Work};
use crate::event::EventKind;
use crate::ids::StageId;
use crate::pipeline::{Stage, Verb};
use crate::work::{Failure, Source, StageResult};
use serde_json::{Value, json};

impl Project {
    /// The work beside the stages that should be under way.
    pub(super) fn side_tasks(&self) -> impl Iterator<Item = StageTask> {
        self.side.iter().filter_map(|side| self.side_task(side))
    }

    pub(super) fn has_side(&self, stage: &StageId, attempt: u32) -> bool {
        self.side.iter().any(|side| side.stage == *stage && side.attempt == attempt)
    }

    fn side_task(&self, side: &SideWork) -> Option<StageTask> {
        let (stage, verb, agent) = match &side.work {
            Work::Advise { gate, .. } => {
                let stage = self.pipeline.gated(gate)?;
                (stage, Verb::Review, stage.gate.as_ref()?.advisor.clone()?)
            }
            Work::Turn { .. } => {
                let stage = self.pipeline.stage(&side.stage)?;
                (stage, stage.verb, stage.agent.clone())
            }
            Work::Fresh
            | Work::Mend { .. }
            | Work::Refine { .. }
            | Work::Again { .. }
            | Work::Answered { .. } => return None,
        };
        let produces = if verb == Verb::Review { side.stage.0.clone() } else { stage.produces.clone() };
        Some(StageTask {
            project_id: self.input.project_id,
            workspace_id: self.input.workspace_id,
            owner_id: self.input.owner_id,
            stage: side.stage.clone(),
            attempt: side.attempt,
            verb,
            own_agent: self.pipeline.own_agent(&agent).cloned().map(Box::new),
            agent,
            produces,
            work: side.work.clone(),
            reads: self.side_reads(stage, &side.work),
            carry_over: None,
            model: None,
            questions_max: self.limits.questions_max,
            // Talk is not counted against the run: people may take as long as they like over it.
            active_ms_left: self.limits.active_ms_max,
        })
    }

    fn side_reads(&self, stage: &Stage, work: &Work) -> Vec<Source> {
        let mut reads: Vec<Source> = stage.reads.iter().filter_map(|read| self.source(read)).collect();
        let mut add = |source: Source| {
            if !reads.contains(&source) {
                reads.push(source);
            }
        };
        match work {
            Work::Advise { artifact, .. } => add(Source::Artifact(artifact.clone())),
            Work::Turn { gate, .. } => {
                if let Some(brief) = self.artifacts.get(&stage.produces) {
                    add(Source::Artifact(brief.clone()));
                }
                // At a gate the agent knows what the pipeline has made so far.
                let written = self.pipeline.stages.iter().filter(|other| other.verb == Verb::Write);
                for artifact in written.filter_map(|other| self.artifacts.get(&other.produces)) {
                    if gate.is_some() {
                        add(Source::Artifact(artifact.clone()));
                    }
                }
            }
            Work::Fresh
            | Work::Mend { .. }
            | Work::Refine { .. }
            | Work::Again { .. }
            | Work::Answered { .. } => {}
        }
        reads
    }

    /// Ends work beside the stages before it has ended by itself.
    pub(super) fn drop_side(&mut self, which: impl Fn(&Work) -> bool) {
        let (dropped, kept) = std::mem::take(&mut self.side).into_iter().partition(|side| which(&side.work));
        self.side = kept;
        let dropped: Vec<SideWork> = dropped;
        for side in dropped {
            self.end_task(&side.stage, side.attempt, TaskStatus::Superseded);
        }
    }

    /// Ends the turn of the chat that is under way, and tells whoever waits for its answer.
    pub(super) fn drop_turns(&mut self, why: &str, notices: &mut Notices) {
        let turns = self.side.iter().filter(|side| matches!(side.work, Work::Turn { .. }));
        for (stage, turn) in turns.map(|side| (side.stage.clone(), side.attempt)).collect::<Vec<_>>() {
            let error = json!({"stage": stage, "attempt": turn, "code": "superseded", "message": why, "permanent": true});
            let payload = json!({"stage": stage, "turn": turn, "error": error});
            notices.say(EventKind::MessageFailed, None, payload);
        }
        self.drop_side(|work| matches!(work, Work::Turn { .. }));
    }

    fn take_side(&mut self, stage: &StageId, attempt: u32, status: TaskStatus) -> Option<SideWork> {
        let index = self.side.iter().position(|side| side.stage == *stage && side.attempt == attempt)?;
        self.set_task(stage, attempt, status);
        Some(self.side.remove(index))
    }

    pub(super) fn end_side(
        &mut self,
        stage: &StageId,
        attempt: u32,
        result: StageResult,
        notices: &mut Notices,
    ) {
        if let StageResult::OverBudget { scope, .. } = &result {
            let message = format!("The {scope}'s budget does not reach for this. Raise it and try again.");
            let payload = json!({"code": "over_budget", "message": message, "permanent": false});
            self.side_failed(stage, attempt, payload, notices);
            return;
        }
        let Some(side) = self.take_side(stage, attempt, TaskStatus::Completed) else { return };
        match (side.work, result) {
            (Work::Turn { gate: None, .. }, StageResult::Replied { artifact: Some(brief), .. })
                if self.progress(stage) == Some(Progress::Drafting) =>
            {
                let payload = json!({"artifact": brief, "stage": stage});
                self.artifacts.insert(brief.name.clone(), brief);
                notices.say(EventKind::ArtifactComplete, None, payload);
            }
            (
                Work::Advise { gate, request_id, artifact },
                StageResult::Advised { recommendation, reason, .. },
            ) => {
                let open = |request: &&mut super::RequestState| {
                    request.is_open() && request.view.request_id == request_id
                };
                let Some(request) = self.requests.iter_mut().find(open) else { return };
                request.view.recommendation = Some(recommendation);
                let payload = json!({
                    "request_id": request_id,
                    "gate": gate,
                    "stage": request.view.stage,
                    "recommendation": recommendation,
                    "reason_digest": reason,
                    "artifact": artifact,
                });
                notices.say(EventKind::GateAdvised, None, payload);
            }
            // The talk itself was stored by the activity. Anything else is not what was asked for: it is paid, and not used.
            _ => {}
        }
    }

    pub(super) fn fail_side(
        &mut self,
        stage: &StageId,
        attempt: u32,
        failure: &Failure,
        notices: &mut Notices,
    ) {
        self.side_failed(stage, attempt, failure_payload(stage, attempt, failure), notices);
    }

    fn side_failed(&mut self, stage: &StageId, attempt: u32, error: Value, notices: &mut Notices) {
        match self.take_side(stage, attempt, TaskStatus::Failed).map(|side| side.work) {
            Some(Work::Advise { gate, request_id, .. }) => {
                let payload = json!({"request_id": request_id, "gate": gate, "stage": stage, "error": error});
                notices.say(EventKind::AdviceFailed, None, payload);
            }
            Some(_) => {
                let payload = json!({"stage": stage, "turn": attempt, "error": error});
                notices.say(EventKind::MessageFailed, None, payload);
            }
            None => {}
        }
    }
}
