//! What is done again because a person asked: edit, revise, rewind, retry.

use super::apply::Said;
use super::check::clip;
use super::decide::is_digest;
use super::notices::Notices;
use super::{Course, Phase, Progress, Project, Verb, Work};
use crate::command::{Rejection, RejectionCode, is_model_name};
use crate::event::EventKind;
use crate::ids::{Digest, StageId};
use crate::pipeline::Stage;
use crate::request::RequestKind;
use crate::work::{ArtifactRef, CarryOver};
use serde_json::json;
use std::collections::BTreeSet;

impl Project {
    /// Stages whose artifact a person can edit now.
    pub(super) fn editable(&self) -> impl Iterator<Item = &Stage> {
        let stands = matches!(self.course, Course::Active | Course::Paused) && self.lifecycle().is_active();
        self.pipeline.stages.iter().filter(move |stage| {
            let Some(state) = self.stages.get(&stage.id) else { return false };
            let settled = match state.progress {
                Progress::Drafting => true,
                Progress::Done => stage.verb == Verb::Write,
                Progress::AwaitingDecision => {
                    stage.verb == Verb::Write
                        && self
                            .open_request(&stage.id)
                            .is_some_and(|open| open.view.kind == RequestKind::Gate)
                }
                // Nobody passed it: a person's own text may wait at the gate in its place.
                Progress::Failed => {
                    let by_people = ["rejected", "gate_expired", "changes_used_up"];
                    state.failed_as.as_deref().is_some_and(|code| by_people.contains(&code))
                }
                Progress::Todo | Progress::Asked | Progress::OverBudget => false,
            };
            stands && settled && self.artifacts.contains_key(&stage.produces)
        })
    }

    pub(super) fn check_edit(&self, base: &Digest, artifact: &ArtifactRef) -> Result<(), Rejection> {
        if !matches!(self.course, Course::Active | Course::Paused) {
            return Err(self.wrong_state("edit"));
        }
        let Some(current) = self.artifacts.get(&artifact.name) else {
            let message = format!("There is no artifact `{}` to edit.", clip(&artifact.name));
            return Err(self.reject(RejectionCode::UnknownTarget, message));
        };
        if !self.editable().any(|stage| stage.produces == artifact.name) {
            let message = format!("`{}` cannot be edited now.", clip(&artifact.name));
            return Err(self.reject(RejectionCode::WrongState, message));
        }
        if current.digest != *base {
            let message = format!("It has changed since: version {} is the present one.", current.version);
            return Err(self.reject(RejectionCode::StaleDigest, message));
        }
        if artifact.version <= current.version || !is_digest(&artifact.digest) {
            return Err(self.reject(RejectionCode::InvalidAnswer, "The edit is not a later version."));
        }
        Ok(())
    }

    /// The person's text takes the place of the agent's. What was approved has to be approved again, and what was made from
    /// it is made again; without a gate only what is under way begins again, and the rest is stale.
    pub(super) fn edit(&mut self, base: &Digest, artifact: ArtifactRef, said: Said, notices: &mut Notices) {
        let Some(stage) = self.pipeline.producer(&artifact.name).cloned() else { return };
        let id = stage.id;
        self.add_editor(&artifact.name, said.actor);
        self.artifacts.insert(artifact.name.clone(), artifact.clone());
        let voided = stage.gate.is_some() && self.progress(&id) == Some(Progress::Done);
        let payload = json!({"artifact": artifact, "base": base, "voided": voided});
        notices.say(EventKind::ArtifactEdited, None, payload);
        if stage.gate.is_some() {
            self.supersede_requests(&id, said.at, notices);
            let later = self.pipeline.downstream(&id);
            self.redo(&later, said.at, notices);
            self.active_ms = 0;
            self.forgive(&id);
            return self.open_gate(&id, artifact, said.at, notices);
        }
        for later in self.pipeline.downstream(&id) {
            if self.progress(&later) == Some(Progress::Todo) && self.is_begun(&later) {
                let work = self.stages.get(&later).map_or(Work::Fresh, |state| state.work.clone());
                self.again(&later, work);
            }
        }
    }

    /// The stage is failed no more: what it failed over was replaced, or is asked once more.
    fn forgive(&mut self, id: &StageId) {
        if self.failure.as_ref().is_some_and(|failure| failure.stage == *id) {
            self.failure = None;
        }
        if let Some(state) = self.stages.get_mut(id) {
            state.failed_as = None;
            state.changes = 0;
        }
    }

    /// Revise is taken at gates and after a failure.
    pub(super) fn may_revise(&self) -> bool {
        let at_gate = self.open_requests().any(|request| request.view.kind == RequestKind::Gate);
        self.course == Course::Active
            && self.lifecycle().is_active()
            && !self.is_drafting()
            && (at_gate || self.phase() == Phase::Failed)
    }

    pub(super) fn check_revise(&self, brief: Option<&ArtifactRef>) -> Result<(), Rejection> {
        if !self.may_revise() {
            return Err(self.wrong_state("revise"));
        }
        let Some(brief) = brief else { return Ok(()) };
        let is_read = self.pipeline.stages.iter().any(|stage| stage.reads.iter().any(|read| read == "brief"));
        if brief.name != "brief" || !is_read {
            return Err(self.reject(RejectionCode::UnknownTarget, "This pipeline reads no brief."));
        }
        let current = self.artifacts.get("brief").map_or(0, |brief| brief.version);
        if brief.version <= current || !is_digest(&brief.digest) {
            return Err(self.reject(RejectionCode::InvalidAnswer, "The brief is not a later version."));
        }
        Ok(())
    }

    pub(super) fn revise(&mut self, brief: Option<ArtifactRef>, said: Said, notices: &mut Notices) {
        if let Some(brief) = &brief {
            self.add_editor(&brief.name, said.actor);
            self.artifacts.insert(brief.name.clone(), brief.clone());
        }
        let stages: BTreeSet<StageId> = self
            .pipeline
            .stages
            .iter()
            .filter(|stage| !stage.confirm && !stage.side)
            .map(|stage| stage.id.clone())
            .collect();
        let first = self.pipeline.stages.iter().find(|stage| !stage.confirm).map(|stage| stage.id.clone());
        let superseded = self.redo(&stages, said.at, notices);
        self.active_ms = 0;
        let payload = json!({"stage": first, "superseded": superseded, "brief": brief});
        notices.say(EventKind::ProjectRevised, None, payload);
    }

    /// Stages from which one can begin again.
    pub(super) fn rewindable(&self) -> impl Iterator<Item = &Stage> {
        let stands = matches!(self.course, Course::Active | Course::Paused) && self.lifecycle().is_active();
        self.pipeline.stages.iter().filter(move |stage| {
            let begun = self.stages.get(&stage.id).is_some_and(|state| match state.progress {
                Progress::Todo => state.attempt > 1 || self.is_ready(stage),
                Progress::Drafting => false,
                Progress::Asked
                | Progress::Done
                | Progress::Failed
                | Progress::AwaitingDecision
                | Progress::OverBudget => true,
            });
            stands && !stage.side && begun
        })
    }

    pub(super) fn check_rewind(&self, stage: &StageId, model: Option<&str>) -> Result<(), Rejection> {
        if !matches!(self.course, Course::Active | Course::Paused) {
            return Err(self.wrong_state("rewind"));
        }
        if self.pipeline.stage(stage).is_none_or(|stage| stage.side) {
            let message = format!("There is no stage `{}` to go back to.", clip(&stage.0));
            return Err(self.reject(RejectionCode::UnknownTarget, message));
        }
        if !self.rewindable().any(|other| other.id == *stage) {
            let message = format!("Stage `{}` has not begun: there is nothing to do again.", clip(&stage.0));
            return Err(self.reject(RejectionCode::WrongState, message));
        }
        self.check_model(model)
    }

    pub(super) fn rewind(&mut self, id: &StageId, model: Option<String>, said: Said, notices: &mut Notices) {
        let is_chat = self.pipeline.stage(id).is_some_and(|stage| stage.confirm);
        let mut stages = self.pipeline.downstream(id);
        if is_chat {
            // The brief stays as it is, and is talked about again.
            if let Some(state) = self.stages.get_mut(id) {
                state.progress = Progress::Drafting;
            }
        } else {
            stages.insert(id.clone());
        }
        let superseded = self.redo(&stages, said.at, notices);
        if let Some(state) = self.stages.get_mut(id) {
            state.model.clone_from(&model);
        }
        self.active_ms = 0;
        let payload = json!({"stage": id, "superseded": superseded, "model": model});
        notices.say(EventKind::ProjectRewound, None, payload);
    }

    fn check_model(&self, model: Option<&str>) -> Result<(), Rejection> {
        if model.is_some_and(|model| !is_model_name(model)) {
            let message = "A model's name has 1 to 100 letters, digits and . - _ / :";
            return Err(self.reject(RejectionCode::InvalidAnswer, message));
        }
        Ok(())
    }

    /// Failed stages that Retry takes up: what a person rejected is no failure of the machine.
    fn retryable(&self) -> impl Iterator<Item = &StageId> {
        let failed = self.stages.iter().filter(|(_, state)| state.progress == Progress::Failed);
        failed.filter(|(_, state)| state.failed_as.as_deref() != Some("rejected")).map(|(id, _)| id)
    }

    pub(super) fn may_retry(&self) -> bool {
        self.course == Course::Active && self.lifecycle().is_active() && self.retryable().next().is_some()
    }

    pub(super) fn check_retry(&self, model: Option<&str>) -> Result<(), Rejection> {
        if !self.may_retry() {
            return Err(self.wrong_state("retry"));
        }
        self.check_model(model)
    }

    pub(super) fn retry(&mut self, model: Option<&str>, said: Said, notices: &mut Notices) {
        self.active_ms = 0;
        let failed: Vec<StageId> = self.retryable().cloned().collect();
        for id in failed {
            // An earlier one may have taken this one along.
            if self.progress(&id) != Some(Progress::Failed) {
                continue;
            }
            let from = self.retry_stage(&id, model, said, notices);
            let attempt = self.stages.get(&from).map_or(1, |state| state.attempt);
            let mut payload = json!({"stage": from, "attempt": attempt, "model": model});
            if let Some(checkpoint) = self.checkpoint(&from) {
                payload["checkpoint"] = checkpoint.into();
            }
            notices.say(EventKind::StageRetried, Some(from.0.clone()), payload);
        }
        self.failure = None;
    }

    /// The failed stage again; returns the stage that begins.
    fn retry_stage(
        &mut self,
        id: &StageId,
        model: Option<&str>,
        said: Said,
        notices: &mut Notices,
    ) -> StageId {
        let Some(state) = self.stages.get(id).cloned() else { return id.clone() };
        let produces = self.pipeline.stage(id).map(|stage| stage.produces.clone()).unwrap_or_default();
        let artifact = self.artifacts.get(&produces).cloned();
        match (state.failed_as.as_deref(), artifact) {
            // Nobody decided in time: the same text waits once more.
            (Some("gate_expired"), Some(artifact)) => {
                self.forgive(id);
                self.open_gate(id, artifact, said.at, notices);
                id.clone()
            }
            (Some("verdict_failed"), Some(verdict)) => self.retry_verdict(id, verdict, model, said, notices),
            (code, _) => {
                // What people have sent back so often is begun from nothing.
                let anew = code == Some("changes_used_up");
                let work = if anew { Work::Fresh } else { state.work };
                let recorded = self.failures.iter().chain(&self.failure).find(|failure| failure.stage == *id);
                let except_call =
                    state.cause_call.or(recorded.and_then(|failure| failure.failure.cause_call));
                self.again(id, work);
                if let Some(again) = self.stages.get_mut(id) {
                    again.changes = 0;
                    // Another model starts afresh: replies of the one that failed would only be quoted back to it.
                    let attempt = state.attempt;
                    again.carry_over =
                        (model.is_none() && !anew).then_some(CarryOver { attempt, except_call });
                    again.model = model.map(str::to_owned);
                }
                id.clone()
            }
        }
    }

    /// The stage whose work did not pass, again, with what the reviews found.
    fn retry_verdict(
        &mut self,
        id: &StageId,
        review: ArtifactRef,
        model: Option<&str>,
        said: Said,
        notices: &mut Notices,
    ) -> StageId {
        let mend = self.pipeline.stage(id).and_then(|stage| stage.on_findings.clone());
        let target = mend.map_or_else(|| id.clone(), |findings| findings.mend);
        let produces = self.pipeline.stage(&target).map(|stage| stage.produces.clone()).unwrap_or_default();
        let round = self.stages.get(id).map_or(0, |state| state.rounds) + 1;
        let later = self.pipeline.downstream(&target);
        self.redo(&later, said.at, notices);
        let work = match self.artifacts.get(&produces).cloned() {
            Some(artifact) if target != *id => Work::Mend { round, review, artifact },
            Some(_) | None => Work::Fresh,
        };
        self.again(&target, work);
        if let Some(state) = self.stages.get_mut(&target) {
            state.model = model.map(str::to_owned);
        }
        if let Some(state) = self.stages.get_mut(id) {
            state.rounds = round;
        }
        target
    }

    /// The pipeline's word for what is safe before a stage: the last gate that was passed, or the chat.
    fn checkpoint(&self, id: &StageId) -> Option<String> {
        let before = self.pipeline.upstream(id);
        let last = before.iter().rev().find_map(|stage| stage.gate.as_ref());
        let chat = before.iter().find(|stage| stage.confirm);
        last.map(|gate| gate.approved_status.clone()).or_else(|| chat.map(|stage| stage.status.clone()))
    }

    /// Stages that wait for money look again.
    pub(super) fn set_budget(
        &mut self,
        tokens: Option<u64>,
        usd: Option<rust_decimal::Decimal>,
        notices: &mut Notices,
    ) {
        let under_way: Vec<StageId> = self.runnable().into_iter().map(|(id, _)| id).collect();
        for (id, state) in &mut self.stages {
            state.look_again = under_way.contains(id);
            if state.progress == Progress::OverBudget {
                state.progress = Progress::Todo;
            }
        }
        for task in &mut self.tasks {
            let waits =
                |state: &super::StageState| state.attempt == task.attempt && state.progress == Progress::Todo;
            if task.status == super::TaskStatus::WaitingForHitl
                && self.stages.get(&task.stage).is_some_and(waits)
            {
                task.status = super::TaskStatus::Pending;
            }
        }
        notices.say(EventKind::BudgetChanged, None, json!({"tokens": tokens, "usd": usd}));
    }
}
