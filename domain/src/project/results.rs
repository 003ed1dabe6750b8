//! What the end of an attempt does to a project.

use super::notices::Notices;
use super::state::{Progress, QuestionState, StageState};
use super::{Phase, Project, StageFailure, TaskStatus, Timestamp, Work};
use crate::document::Verdict;
use crate::event::EventKind;
use crate::ids::StageId;
use crate::limits::QUESTIONS_TOTAL_MAX;
use crate::work::{ArtifactRef, AskedQuestion, Failure, StageOutcome, StageResult, Target};
use serde_json::{Value, json};

impl Project {
    pub(super) fn end_stage(
        &mut self,
        id: &StageId,
        outcome: StageOutcome,
        now: Timestamp,
        notices: &mut Notices,
    ) {
        let work = self.stages.get(id).map(|state| state.work.clone());
        self.set_progress(id, Progress::Done, TaskStatus::Completed);
        if let Some(state) = self.stages.get_mut(id) {
            state.work = Work::Fresh;
            state.carry_over = None;
            state.model = None;
        }
        match outcome.result {
            StageResult::Asked { questions, .. } => self.ask(id, questions, notices),
            StageResult::Written { artifact, stale_prompts } => {
                self.artifacts.insert(artifact.name.clone(), artifact.clone());
                match work {
                    Some(Work::Refine { target, .. }) => {
                        self.refined(&target, &artifact, stale_prompts, notices)
                    }
                    _ => {
                        let payload = json!({"spec": artifact});
                        notices.say(EventKind::SpecReady, None, payload);
                    }
                }
            }
            StageResult::Composed { artifact, count, changed } => {
                self.artifacts.insert(artifact.name.clone(), artifact.clone());
                self.sizes.insert(artifact.name.clone(), count);
                match work {
                    Some(Work::Refine { target, .. }) => self.refined(&target, &artifact, 0, notices),
                    _ => {
                        let payload =
                            json!({"count": count, "changed": changed, "version": artifact.version});
                        notices.say(EventKind::PromptsGenerated, None, payload);
                    }
                }
            }
            StageResult::Reviewed { artifact, verdict, mendable, open, .. } => {
                self.artifacts.insert(artifact.name.clone(), artifact.clone());
                self.open_findings = mendable + open;
                self.reviewed(id, artifact, verdict, (mendable, open), notices);
            }
            StageResult::Implemented { artifact, .. } => {
                self.artifacts.insert(artifact.name.clone(), artifact);
            }
            StageResult::Replied { .. }
            | StageResult::Advised { .. }
            | StageResult::PersonAsked { .. }
            | StageResult::OverBudget { .. } => {}
        }
        if self.phase() == Phase::Completed {
            self.completed_at = Some(now);
        }
    }

    fn ask(&mut self, id: &StageId, questions: Vec<AskedQuestion>, notices: &mut Notices) {
        let room = QUESTIONS_TOTAL_MAX.saturating_sub(self.questions.len());
        let max = usize::try_from(self.limits.questions_max).unwrap_or(usize::MAX).min(room);
        let asked: Vec<_> = questions
            .into_iter()
            .filter(|question| self.questions.iter().all(|known| known.id != question.id))
            .take(max)
            .map(|question| QuestionState::new(id, question))
            .collect();
        if asked.is_empty() {
            return;
        }
        self.set_progress(id, Progress::Asked, TaskStatus::WaitingForInput);
        let attempt = self.stages.get(id).map_or(1, |state| state.attempt);
        let ids: Vec<_> = asked.iter().map(|question| question.id.clone()).collect();
        notices.say(
            EventKind::QuestionsReady,
            None,
            json!({"stage": id, "attempt": attempt, "question_ids": ids}),
        );
        self.questions.extend(asked);
    }

    fn refined(
        &mut self,
        target: &Target,
        artifact: &ArtifactRef,
        stale_prompts: u32,
        notices: &mut Notices,
    ) {
        self.refinements_used += 1;
        let payload = json!({
            "section": target.to_string(),
            "artifact": artifact.name,
            "version": artifact.version,
            "stale_prompts": stale_prompts,
        });
        notices.say(EventKind::RefinementCompleted, None, payload);
    }

    fn reviewed(
        &mut self,
        id: &StageId,
        review: ArtifactRef,
        verdict: Verdict,
        (mendable, open): (u32, u32),
        notices: &mut Notices,
    ) {
        let round = self.stages.get(id).map_or(0, |state| state.rounds);
        let payload = json!({"verdict": verdict, "mendable": mendable, "open": open, "round": round});
        notices.say(EventKind::ReviewVerdict, None, payload);
        let mend =
            self.pipeline.stage(id).and_then(|stage| stage.on_findings.clone()).map(|findings| findings.mend);
        let Some(mend) = mend else { return };
        if verdict == Verdict::Pass || mendable == 0 || round >= self.limits.rounds_max {
            return;
        }
        let produces = self.pipeline.stage(&mend).map(|stage| stage.produces.clone()).unwrap_or_default();
        let Some(artifact) = self.artifacts.get(&produces).cloned() else { return };
        if let Some(state) = self.stages.get_mut(id) {
            state.rounds = round + 1;
        }
        self.again(&mend, Work::Mend { round: round + 1, review, artifact });
        // Whatever was made from the text that is mended now is made again, this reviewer's review first of all.
        for later in self.pipeline.downstream(&mend) {
            if self.stages.get(&later).is_some_and(|state| state.progress == Progress::Done) {
                self.again(&later, Work::Fresh);
            }
        }
    }

    pub(super) fn fail_stage(
        &mut self,
        id: &StageId,
        failure: Failure,
        now: Timestamp,
        notices: &mut Notices,
    ) {
        let Some(StageState { attempt, work, .. }) = self.stages.get(id).cloned() else { return };
        if let Work::Refine { target, .. } = work {
            // What was there stays, and the refinement is not counted: the project is as complete as before.
            self.set_progress(id, Progress::Done, TaskStatus::Failed);
            if let Some(state) = self.stages.get_mut(id) {
                state.work = Work::Fresh;
            }
            let payload =
                json!({"section": target.to_string(), "error": error_payload(id, attempt, &failure)});
            notices.say(EventKind::RefinementFailed, None, payload);
            return;
        }
        let phase = self.phase();
        self.set_progress(id, Progress::Failed, TaskStatus::Failed);
        let payload = json!({"error": error_payload(id, attempt, &failure)});
        notices.say(EventKind::WorkflowFailed, Some(format!("{id}:{attempt}")), payload);
        self.failure = Some(StageFailure { stage: id.clone(), attempt, phase, failure, at: now });
    }
}

fn error_payload(stage: &StageId, attempt: u32, failure: &Failure) -> Value {
    json!({
        "stage": stage,
        "attempt": attempt,
        "code": failure.code,
        "message": failure.message,
        "permanent": failure.permanent,
    })
}
