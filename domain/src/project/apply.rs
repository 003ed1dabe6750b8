//! What a fact does to a project.

use super::decide::Word;
use super::notices::Notices;
use super::state::{Course, Progress, Remembered};
use super::{Actor, Command, CommandBody, CommandId, Fact, Project, StageFailure, Timestamp};
use crate::command::{Disposition, Outcome, Rejection};
use crate::document::Answer;
use crate::event::{Cause, EventKind, Notice};
use crate::ids::{Digest, StageId};
use crate::lifecycle::Lifecycle;
use crate::limits::COMMANDS_REMEMBERED;
use crate::work::Failure;
use serde_json::json;

/// Signals whose payload is remembered, to tell equal ones apart.
const SIGNALS_KEPT: usize = 200;

/// Who said something, in which command, when.
#[derive(Clone, Copy)]
pub(super) struct Said {
    pub(super) command_id: CommandId,
    pub(super) actor: Actor,
    pub(super) at: Timestamp,
}

impl Project {
    /// Applies a fact.
    ///
    /// # Errors
    /// A command that is not possible now; nothing has changed then, but that the refusal is remembered.
    pub fn apply(&mut self, fact: Fact, now: Timestamp) -> Result<Vec<Notice>, Rejection> {
        let (cause, actor) = self.origin(&fact, now);
        let mut notices = Notices { cause, actor, at: now, list: Vec::new() };
        let before = self.before();
        match fact {
            Fact::Command(command) => self.take_command(command, now, &mut notices)?,
            Fact::StageEnded { stage, attempt, outcome } if self.has_side(&stage, attempt) => {
                self.used.add(&outcome.used);
                self.end_side(&stage, attempt, outcome.result, &mut notices);
            }
            Fact::StageFailed { stage, attempt, failure } if self.has_side(&stage, attempt) => {
                self.used.add(&failure.used);
                self.fail_side(&stage, attempt, &failure, &mut notices);
            }
            Fact::StageEnded { stage, attempt, outcome } => {
                self.count(&stage, &outcome.used);
                if !self.is_current(&stage, attempt) {
                    return Ok(Vec::new());
                }
                self.end_stage(&stage, outcome, now, &mut notices);
            }
            Fact::StageFailed { stage, attempt, failure } => {
                self.count(&stage, &failure.used);
                if !self.is_current(&stage, attempt) {
                    return Ok(Vec::new());
                }
                self.fail_stage(&stage, failure, now, &mut notices);
            }
            Fact::Deadline => self.pass_deadlines(now, &mut notices),
            Fact::SignalRefused { name, code, message, .. } => {
                let payload = json!({"command": name, "code": code, "message": message});
                notices.say(EventKind::CommandRejected, None, payload);
            }
        }
        self.settle(now, &mut notices);
        self.settle_failures();
        self.last_activity_at = now;
        self.say_changes(Some(&before), &mut notices);
        if notices.list.iter().any(|notice| notice.kind == EventKind::WorkflowCompleted) {
            self.completed_at = Some(now);
        }
        Ok(notices.list)
    }

    /// Applies a command that came by update: the refusal is part of the answer.
    pub fn obey(&mut self, command: Command, now: Timestamp) -> (Outcome, Vec<Notice>) {
        let (disposition, notices) = match self.remembered(command.command_id).cloned() {
            Some(Remembered::Applied) => (Disposition::Repeated, Vec::new()),
            Some(Remembered::Rejected { rejection }) => {
                let rejection = self.reject(rejection.code, rejection.message);
                (Disposition::Rejected { rejection }, Vec::new())
            }
            None => match self.apply(Fact::Command(command), now) {
                Ok(notices) => (Disposition::Applied, notices),
                Err(rejection) => (Disposition::Rejected { rejection }, Vec::new()),
            },
        };
        (Outcome { disposition, summary: self.summary() }, notices)
    }

    /// Which signal this is among those of the same name and payload: 1, 2, … Equal signals are interchangeable, so the
    /// number does not depend on the order in which a retried task sees them. One that was forgotten goes on above all that
    /// were forgotten, so that no number is given twice.
    pub fn count_signal(&mut self, name: &str, digest: &Digest) -> u32 {
        let key = format!("{name}|{digest}");
        if let Some((_, count)) = self.signals.iter_mut().find(|(known, _)| *known == key) {
            *count += 1;
            return *count;
        }
        let count = self.signals_forgotten + 1;
        self.signals.push_back((key, count));
        if self.signals.len() > SIGNALS_KEPT {
            let forgotten = self.signals.pop_front().map_or(0, |(_, count)| count);
            self.signals_forgotten = self.signals_forgotten.max(forgotten);
        }
        count
    }

    pub(super) fn remembered(&self, id: CommandId) -> Option<&Remembered> {
        self.commands.iter().find(|(known, _)| *known == id).map(|(_, remembered)| remembered)
    }

    fn remember(&mut self, id: CommandId, what: Remembered) {
        self.commands.push_back((id, what));
        if self.commands.len() > COMMANDS_REMEMBERED {
            self.commands.pop_front();
        }
    }

    fn origin(&self, fact: &Fact, now: Timestamp) -> (Cause, Actor) {
        match fact {
            Fact::Command(command) => (
                Cause::Command { command_id: command.command_id, name: command.body.name().to_owned() },
                command.actor,
            ),
            Fact::StageEnded { stage, attempt, .. } | Fact::StageFailed { stage, attempt, .. } => {
                let current = self.stages.get(stage).filter(|state| state.attempt == *attempt);
                let parked = current.map_or(0, |state| state.parked);
                (Cause::Stage { stage: stage.clone(), attempt: *attempt, parked }, Actor::System)
            }
            Fact::Deadline => (Cause::Deadline { due: self.deadline().unwrap_or(now) }, Actor::System),
            Fact::SignalRefused { name, digest, occurrence, .. } => {
                let cause =
                    Cause::Signal { name: name.clone(), digest: digest.clone(), occurrence: *occurrence };
                (cause, Actor::Operator)
            }
        }
    }

    /// What an attempt took; late ones and those beside the stages cost as well.
    fn count(&mut self, stage: &StageId, used: &super::Used) {
        self.used.add(used);
        if self.pipeline.stage(stage).is_some_and(|stage| !stage.side && !stage.confirm) {
            self.active_ms = self.active_ms.saturating_add(used.active_ms);
        }
    }

    /// True where a result of this attempt is still asked for.
    fn is_current(&self, stage: &StageId, attempt: u32) -> bool {
        self.lifecycle() == Lifecycle::Active
            && matches!(self.course, Course::Active | Course::Paused)
            && self
                .stages
                .get(stage)
                .is_some_and(|state| state.attempt == attempt && state.progress == Progress::Todo)
    }

    fn take_command(
        &mut self,
        command: Command,
        now: Timestamp,
        notices: &mut Notices,
    ) -> Result<(), Rejection> {
        if let Err(rejection) = self.check(&command) {
            // What would be taken instead is said anew each time: two hundred lists of it would swell the state.
            let brief = Rejection { allowed: Vec::new(), ..rejection.clone() };
            self.remember(command.command_id, Remembered::Rejected { rejection: brief });
            return Err(rejection);
        }
        if self.remembered(command.command_id).is_some() {
            return Ok(());
        }
        self.remember(command.command_id, Remembered::Applied);
        let Command { command_id, actor, body } = command;
        let said = Said { command_id, actor, at: now };
        match body {
            CommandBody::Answer { answers, recommendations_for_rest } => {
                for answer in answers {
                    // Only the rules say what is an assumption.
                    self.take_answer(Answer { assumption: None, ..answer }, said, notices);
                }
                if recommendations_for_rest {
                    self.take_recommendations(said, notices);
                }
            }
            CommandBody::AcceptRecommendations => self.take_recommendations(said, notices),
            CommandBody::Defer { question_id } => self.defer(&question_id, notices),
            CommandBody::AmendAnswer { answer } => self.amend_answer(answer, said, notices),
            CommandBody::Message { text } => self.message(text, said, notices),
            CommandBody::ConfirmBrief { .. } => self.confirm(said, notices),
            CommandBody::Decide { gate, digest, decision, comment, artifact, role } => {
                let (comment, artifact) = (comment.as_deref(), artifact.as_ref());
                let word = Word { gate: &gate, digest: &digest, decision, comment, artifact, role };
                self.decide(word, said, notices);
            }
            CommandBody::Edit { base, artifact } => self.edit(&base, artifact, said, notices),
            CommandBody::Revise { brief } => self.revise(brief, said, notices),
            CommandBody::Rewind { stage, model } => self.rewind(&stage, model, said, notices),
            CommandBody::SetBudget { tokens, usd } => self.set_budget(tokens, usd, notices),
            CommandBody::Refine { target, request } => {
                let (stage, target) = self.check_refine(&target, &request)?;
                self.begin_refinement(&stage, target, request, said, notices);
            }
            CommandBody::Retry { model } => self.retry(model.as_deref(), said, notices),
            CommandBody::Pause => self.pause(now),
            CommandBody::Resume => self.resume(now),
            CommandBody::Cancel => self.cancel(now, notices),
            CommandBody::Archive => {
                self.put_away(Lifecycle::Archived, EventKind::ProjectArchived, now, notices);
            }
            CommandBody::Restore => self.take_back(now, notices),
            CommandBody::Delete => {
                self.put_away(Lifecycle::Deleted, EventKind::ProjectDeleted, now, notices);
            }
        }
        Ok(())
    }

    fn pause(&mut self, now: Timestamp) {
        self.course = Course::Paused;
        self.stand_still(now);
    }

    fn resume(&mut self, now: Timestamp) {
        self.course = Course::Active;
        self.go_on(now);
    }

    fn put_away(&mut self, to: Lifecycle, kind: EventKind, now: Timestamp, notices: &mut Notices) {
        self.lifecycle = to;
        self.stand_still(now);
        notices.say(kind, None, json!({}));
    }

    /// Stops for good; but who cancels a refinement of a completed project means the refinement.
    fn cancel(&mut self, now: Timestamp, notices: &mut Notices) {
        if self.rules >= 2 && self.drop_refinement() {
            return;
        }
        self.course = Course::Cancelled;
        self.failure = None;
        self.failures.clear();
        self.drop_turns("The project was cancelled before the agent had answered.", notices);
        self.side.clear();
        let waiting: Vec<StageId> = self.open_requests().map(|request| request.view.stage.clone()).collect();
        for stage in waiting {
            self.supersede_requests(&stage, now, notices);
        }
        self.close_tasks();
    }

    /// It goes on where it stood. What it stood at is not known of one that an older build deleted: a person resumes it.
    fn take_back(&mut self, now: Timestamp, notices: &mut Notices) {
        if self.course == Course::Deleted {
            self.course = Course::Paused;
        }
        self.lifecycle = Lifecycle::Active;
        self.go_on(now);
        notices.say(EventKind::ProjectRestored, None, json!({}));
    }

    /// Work that has no model time left fails at once, instead of being started with none.
    fn settle(&mut self, now: Timestamp, notices: &mut Notices) {
        if self.active_ms_left() > 0 {
            return;
        }
        for (id, _) in self.runnable() {
            if self.pipeline.stage(&id).is_some_and(|stage| stage.side) {
                continue;
            }
            let failure = Failure {
                code: "active_time_exceeded".to_owned(),
                message: format!(
                    "The agents have worked for {} minutes, which is the limit of one run. Retry starts a new allowance.",
                    self.limits.active_ms_max / 60_000
                ),
                permanent: false,
                calls: 0,
                cause_call: None,
                used: super::Used::default(),
            };
            self.fail_stage(&id, failure, now, notices);
        }
    }

    /// What is failed no more is told no more; of what is left the latest is told first.
    fn settle_failures(&mut self) {
        let mut standing = std::mem::take(&mut self.failures);
        standing.retain(|failure| self.progress(&failure.stage) == Some(Progress::Failed));
        self.failures = standing;
        let is_over = |failure: &StageFailure| self.progress(&failure.stage) != Some(Progress::Failed);
        if self.failure.as_ref().is_none_or(is_over) {
            self.failure = self.failures.last().cloned();
        }
    }

    pub(super) fn runnable(&self) -> Vec<(StageId, u32)> {
        self.pipeline
            .stages
            .iter()
            .filter(|stage| self.is_runnable(stage))
            .filter_map(|stage| self.stages.get(&stage.id).map(|state| (stage.id.clone(), state.attempt)))
            .collect()
    }
}
