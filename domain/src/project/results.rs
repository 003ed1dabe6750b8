//! What the end of an attempt does to a project.

use super::notices::Notices;
use super::state::{Progress, QuestionState, StageState};
use super::{Project, StageFailure, TaskStatus, Timestamp, Verb, Work};
use crate::document::Verdict;
use crate::event::EventKind;
use crate::ids::StageId;
use crate::limits::QUESTIONS_TOTAL_MAX;
use crate::work::{ArtifactRef, AskedQuestion, Failure, StageOutcome, StageResult, Target};
use serde_json::{Value, json};

/// Longest title that an agent gives, in characters.
const TITLE_MAX: usize = 200;

impl Project {
    pub(super) fn end_stage(
        &mut self,
        id: &StageId,
        outcome: StageOutcome,
        now: Timestamp,
        notices: &mut Notices,
    ) {
        if let StageResult::OverBudget { .. } = &outcome.result {
            return self.park(id, outcome.result, notices);
        }
        let (work, model) = match self.stages.get(id) {
            Some(state) => (Some(state.work.clone()), state.model.clone()),
            None => (None, None),
        };
        let asks = matches!(&outcome.result, StageResult::Asked { questions, .. } if !questions.is_empty());
        let status = if asks { TaskStatus::WaitingForInput } else { TaskStatus::Completed };
        self.set_progress(id, Progress::Done, status);
        if let Some(state) = self.stages.get_mut(id) {
            state.work = Work::Fresh;
            state.carry_over = None;
            state.model = None;
        }
        match outcome.result {
            StageResult::Asked { questions, .. } => self.ask(id, questions, notices),
            StageResult::Written { artifact, stale_prompts } => {
                self.artifacts.insert(artifact.name.clone(), artifact.clone());
                if let Some(Work::Refine { target, .. }) = work {
                    self.refined(&target, &artifact, stale_prompts, notices);
                } else if artifact.name == "spec" || self.rules < 2 {
                    notices.say(EventKind::SpecReady, None, json!({"spec": artifact}));
                } else {
                    let payload = json!({"artifact": artifact, "stage": id});
                    notices.say(EventKind::ArtifactComplete, None, payload);
                }
                self.wait_for_gate(id, artifact, now, notices);
            }
            StageResult::Composed { artifact, count, changed } => {
                self.artifacts.insert(artifact.name.clone(), artifact.clone());
                self.sizes.insert(artifact.name.clone(), count);
                if let Some(Work::Refine { target, .. }) = work {
                    self.refined(&target, &artifact, 0, notices);
                } else {
                    let payload = json!({"count": count, "changed": changed, "version": artifact.version});
                    notices.say(EventKind::PromptsGenerated, None, payload);
                }
                self.wait_for_gate(id, artifact, now, notices);
            }
            StageResult::Implemented { artifact, files, bytes } => {
                self.artifacts.insert(artifact.name.clone(), artifact.clone());
                let payload = json!({"artifact": artifact, "stage": id, "files": files, "bytes": bytes});
                notices.say(EventKind::ArtifactComplete, None, payload);
                self.wait_for_gate(id, artifact, now, notices);
            }
            StageResult::Reviewed { artifact, verdict, mendable, open, passed } => {
                self.artifacts.insert(artifact.name.clone(), artifact.clone());
                if self.pipeline.stage(id).is_some_and(|stage| stage.verb == Verb::Verdict) {
                    self.verdict(id, now, notices);
                } else {
                    self.open_findings = mendable + open;
                    if let Some(state) = self.stages.get_mut(id) {
                        state.passed = passed;
                    }
                    self.reviewed(id, artifact.clone(), verdict, (mendable, open), notices);
                    self.wait_for_gate(id, artifact, now, notices);
                }
            }
            StageResult::Replied { title, .. } => self.named(title, notices),
            StageResult::PersonAsked { request_id, manifest } => {
                if let (Some(state), Some(work)) = (self.stages.get_mut(id), work) {
                    // Its words and its model go on with the answer.
                    state.work = work;
                    state.model = model;
                }
                self.open_question(id, request_id, manifest, now, notices);
            }
            // Advice comes beside the stages; what is over budget was parked above.
            StageResult::Advised { .. } | StageResult::OverBudget { .. } => {}
        }
    }

    /// People decide, where the stage has a gate and is done.
    fn wait_for_gate(&mut self, id: &StageId, artifact: ArtifactRef, now: Timestamp, notices: &mut Notices) {
        let has_gate = self.pipeline.stage(id).is_some_and(|stage| stage.gate.is_some());
        if has_gate && self.progress(id) == Some(Progress::Done) {
            self.open_gate(id, artifact, now, notices);
        }
    }

    /// The stage waits for money. The attempt stays the same: what it has bought is its own.
    fn park(&mut self, id: &StageId, result: StageResult, notices: &mut Notices) {
        let StageResult::OverBudget { scope, measure, limit, used, reserved, wanted } = result else {
            return;
        };
        let Some(stage) = self.pipeline.stage(id) else { return };
        if stage.side {
            return self.set_progress(id, Progress::Done, TaskStatus::Failed);
        }
        let Some(state) = self.stages.get_mut(id) else { return };
        state.parked += 1;
        if std::mem::take(&mut state.look_again) {
            // The budget was changed after this attempt had looked at it.
            return;
        }
        self.set_progress(id, Progress::OverBudget, TaskStatus::WaitingForHitl);
        let Some(state) = self.stages.get(id) else { return };
        let payload = json!({
            "stage": id,
            "attempt": state.attempt,
            "scope": scope,
            "measure": measure,
            "limit": limit,
            "used": used,
            "reserved": reserved,
            "wanted": wanted,
        });
        notices.say(EventKind::OverBudget, None, payload);
    }

    fn named(&mut self, title: Option<String>, notices: &mut Notices) {
        let title: String =
            title.unwrap_or_default().chars().filter(|letter| !letter.is_control()).take(TITLE_MAX).collect();
        if !title.trim().is_empty() {
            notices.say(EventKind::TitleChanged, None, json!({"title": title.trim()}));
        }
    }

    /// Done only if every review that the verdict needs has passed: what is missing or unreadable has not.
    fn verdict(&mut self, id: &StageId, now: Timestamp, notices: &mut Notices) {
        let needs = self.pipeline.stage(id).map(|stage| stage.needs.clone()).unwrap_or_default();
        let reviews: Vec<(String, bool)> = needs
            .iter()
            .filter_map(|need| self.pipeline.stage(need))
            .filter(|stage| stage.verb == Verb::Review)
            .map(|stage| {
                let passed = self.stages.get(&stage.id).and_then(|state| state.passed);
                (stage.id.0.clone(), passed == Some(true))
            })
            .collect();
        let passed = reviews.iter().all(|(_, passed)| *passed);
        let verdict = if passed { Verdict::Pass } else { Verdict::Revise };
        let round = self.stages.get(id).map_or(0, |state| state.rounds);
        let by_stage: serde_json::Map<String, Value> =
            reviews.iter().map(|(stage, passed)| (stage.clone(), Value::Bool(*passed))).collect();
        let payload = json!({"verdict": verdict, "passed": passed, "reviews": by_stage, "round": round});
        notices.say(EventKind::ReviewVerdict, None, payload);
        if passed {
            return;
        }
        let told: Vec<String> = reviews
            .iter()
            .map(|(stage, passed)| format!("{stage}: {}", if *passed { "PASS" } else { "FAIL" }))
            .collect();
        let message = format!(
            "The reviews did not all pass ({}). Retry lets the findings be mended; or revise the brief.",
            told.join(", ")
        );
        self.fail_by_rule(id, "verdict_failed", message, now, notices);
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
            return self.set_progress(id, Progress::Done, TaskStatus::Completed);
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
        let (round, passed) = self.stages.get(id).map_or((0, None), |state| (state.rounds, state.passed));
        let mut payload = json!({"verdict": verdict, "mendable": mendable, "open": open, "round": round});
        if let Some(passed) = passed {
            payload["stage"] = id.0.clone().into();
            payload["passed"] = passed.into();
        }
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
        // Whatever was made, or is being made, from the text that is mended now is made again, this reviewer's review first
        // of all; and what people approved of it they approve again.
        let begun = |id: &StageId| match self.progress(id) {
            Some(Progress::Done) => true,
            Some(_) => self.rules >= 2 && self.is_begun(id),
            None => false,
        };
        let later: Vec<StageId> = self.pipeline.downstream(&mend).into_iter().filter(begun).collect();
        self.supersede_requests(&mend, notices.at, notices);
        self.again(&mend, Work::Mend { round: round + 1, review, artifact });
        for id in later {
            self.supersede_requests(&id, notices.at, notices);
            self.again(&id, Work::Fresh);
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
                json!({"section": target.to_string(), "error": failure_payload(id, attempt, &failure)});
            notices.say(EventKind::RefinementFailed, None, payload);
            return;
        }
        if self.pipeline.stage(id).is_some_and(|stage| stage.side) {
            // It blocks nothing, and fails nothing: the task's status says it.
            return self.set_progress(id, Progress::Done, TaskStatus::Failed);
        }
        let phase = self.phase();
        self.set_progress(id, Progress::Failed, TaskStatus::Failed);
        if let Some(state) = self.stages.get_mut(id) {
            state.failed_as = Some(failure.code.clone());
            state.cause_call = failure.cause_call;
        }
        let payload = json!({"error": failure_payload(id, attempt, &failure)});
        notices.say(EventKind::WorkflowFailed, Some(format!("{id}:{attempt}")), payload);
        let failed = StageFailure { stage: id.clone(), attempt, phase, failure, at: now };
        self.failures.retain(|other| other.stage != *id);
        self.failures.push(failed.clone());
        self.failure = Some(failed);
    }
}

pub(super) fn failure_payload(stage: &StageId, attempt: u32, failure: &Failure) -> Value {
    json!({
        "stage": stage,
        "attempt": attempt,
        "code": failure.code,
        "message": failure.message,
        "permanent": failure.permanent,
    })
}
