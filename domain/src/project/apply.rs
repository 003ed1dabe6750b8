//! What a fact does to a project.

use super::notices::Notices;
use super::state::{Course, Progress, QuestionState, Remembered};
use super::{Actor, Command, CommandBody, CommandId, Fact, Project, TaskStatus, Timestamp, Work, task_view};
use crate::command::{Disposition, Outcome, Rejection};
use crate::document::Answer;
use crate::event::{Cause, EventKind, Notice, PendingText};
use crate::ids::{Digest, StageId};
use crate::lifecycle::Lifecycle;
use crate::limits::COMMANDS_REMEMBERED;
use crate::work::{CarryOver, Failure, Target};
use serde_json::json;

/// Attempts that the list of tasks keeps.
const TASKS_KEPT: usize = 200;
/// Signals whose payload is remembered, to tell equal ones apart.
const SIGNALS_KEPT: usize = 200;

impl Project {
    /// Applies a fact.
    ///
    /// # Errors
    /// A command that is not possible now; nothing has changed then, but that the refusal is remembered.
    pub fn apply(&mut self, fact: Fact, now: Timestamp) -> Result<Vec<Notice>, Rejection> {
        let (cause, actor) = Self::origin(&fact);
        let mut notices = Notices { cause, actor, at: now, list: Vec::new() };
        let before = self.face();
        let runnable = self.runnable();
        match fact {
            Fact::Command(command) => self.take_command(command, now, &mut notices)?,
            Fact::StageEnded { stage, attempt, outcome } => {
                self.used.add(&outcome.used);
                self.active_ms = self.active_ms.saturating_add(outcome.used.active_ms);
                if !self.is_current(&stage, attempt) {
                    return Ok(Vec::new());
                }
                self.end_stage(&stage, outcome, now, &mut notices);
            }
            Fact::StageFailed { stage, attempt, failure } => {
                self.used.add(&failure.used);
                self.active_ms = self.active_ms.saturating_add(failure.used.active_ms);
                if !self.is_current(&stage, attempt) {
                    return Ok(Vec::new());
                }
                self.fail_stage(&stage, failure, now, &mut notices);
            }
            Fact::SignalRefused { name, code, message, .. } => {
                let payload = json!({"command": name, "code": code, "message": message});
                notices.say(EventKind::CommandRejected, None, payload);
            }
        }
        self.settle(now, &mut notices);
        self.last_activity_at = now;
        self.say_changes(Some(&before), &runnable, &mut notices);
        Ok(notices.list)
    }

    /// Applies a command that came by update: the refusal is part of the answer.
    pub fn obey(&mut self, command: Command, now: Timestamp) -> (Outcome, Vec<Notice>) {
        let (disposition, notices) = match self.remembered(command.command_id).cloned() {
            Some(Remembered::Applied) => (Disposition::Repeated, Vec::new()),
            Some(Remembered::Rejected { rejection }) => (Disposition::Rejected { rejection }, Vec::new()),
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

    fn origin(fact: &Fact) -> (Cause, Actor) {
        match fact {
            Fact::Command(command) => (
                Cause::Command { command_id: command.command_id, name: command.body.name().to_owned() },
                command.actor,
            ),
            Fact::StageEnded { stage, attempt, .. } | Fact::StageFailed { stage, attempt, .. } => {
                (Cause::Stage { stage: stage.clone(), attempt: *attempt }, Actor::System)
            }
            Fact::SignalRefused { name, digest, occurrence, .. } => {
                let cause =
                    Cause::Signal { name: name.clone(), digest: digest.clone(), occurrence: *occurrence };
                (cause, Actor::Operator)
            }
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
            self.remember(command.command_id, Remembered::Rejected { rejection: rejection.clone() });
            return Err(rejection);
        }
        if self.remembered(command.command_id).is_some() {
            return Ok(());
        }
        self.remember(command.command_id, Remembered::Applied);
        let Command { command_id, actor, body } = command;
        match body {
            CommandBody::Answer { answers, recommendations_for_rest } => {
                for answer in answers {
                    // Only the rules say what is an assumption.
                    self.take_answer(Answer { assumption: None, ..answer }, command_id, actor, now, notices);
                }
                if recommendations_for_rest {
                    self.take_recommendations(command_id, actor, now, notices);
                }
            }
            CommandBody::AcceptRecommendations => self.take_recommendations(command_id, actor, now, notices),
            CommandBody::Refine { target, request } => {
                let (stage, target) = self.check_refine(&target, &request)?;
                self.begin_refinement(&stage, target, request, command_id, actor, now, notices);
            }
            CommandBody::Retry { model } => self.retry(model.as_deref(), notices),
            CommandBody::Defer { .. }
            | CommandBody::AmendAnswer { .. }
            | CommandBody::Message { .. }
            | CommandBody::ConfirmBrief { .. }
            | CommandBody::Decide { .. }
            | CommandBody::Edit { .. }
            | CommandBody::Revise { .. }
            | CommandBody::Rewind { .. }
            | CommandBody::SetBudget { .. } => {}
            CommandBody::Pause => self.course = Course::Paused,
            CommandBody::Resume => self.course = Course::Active,
            CommandBody::Cancel => {
                self.course = Course::Cancelled;
                self.failure = None;
                self.close_tasks();
            }
            CommandBody::Archive => {
                self.lifecycle = Lifecycle::Archived;
                notices.say(EventKind::ProjectArchived, None, json!({}));
            }
            CommandBody::Restore => self.take_back(notices),
            CommandBody::Delete => {
                self.lifecycle = Lifecycle::Deleted;
                notices.say(EventKind::ProjectDeleted, None, json!({}));
            }
        }
        Ok(())
    }

    /// It goes on where it stood. What it stood at is not known of one that an older build deleted: a person resumes it.
    fn take_back(&mut self, notices: &mut Notices) {
        if self.course == Course::Deleted {
            self.course = Course::Paused;
        }
        self.lifecycle = Lifecycle::Active;
        notices.say(EventKind::ProjectRestored, None, json!({}));
    }

    fn take_answer(
        &mut self,
        answer: Answer,
        command_id: CommandId,
        actor: Actor,
        at: Timestamp,
        notices: &mut Notices,
    ) {
        let Some(question) = self.questions.iter_mut().find(|question| question.id == answer.question_id)
        else {
            return;
        };
        question.answer = Some(answer.digest());
        question.assumption = answer.assumption.clone();
        let payload = json!({
            "question_id": answer.question_id,
            "options": answer.options,
            "assumption": answer.assumption,
        });
        notices.say(EventKind::QuestionAnswered, Some(answer.question_id.clone()), payload);
        let stage = question.stage.clone();
        self.texts.push(PendingText::Answer { command_id, answer, amended: false, at, actor });
        if self.open_questions().any(|question| question.stage == stage) {
            return;
        }
        self.set_progress(&stage, Progress::Done, TaskStatus::Completed);
    }

    fn take_recommendations(
        &mut self,
        command_id: CommandId,
        actor: Actor,
        at: Timestamp,
        notices: &mut Notices,
    ) {
        let mut number = self.questions.iter().filter(|question| question.assumption.is_some()).count();
        let open: Vec<QuestionState> = self.open_questions().cloned().collect();
        for question in open {
            number += 1;
            self.take_answer(question.assumed(number), command_id, actor, at, notices);
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of one command, taken apart by its caller's match"
    )]
    fn begin_refinement(
        &mut self,
        stage: &StageId,
        target: Target,
        request: String,
        command_id: CommandId,
        actor: Actor,
        at: Timestamp,
        notices: &mut Notices,
    ) {
        let produces = self.pipeline.stage(stage).map(|stage| stage.produces.as_str()).unwrap_or_default();
        let Some(artifact) = self.artifacts.get(produces).cloned() else { return };
        notices.say(EventKind::RefinementRequested, None, json!({"section": target.to_string()}));
        self.texts.push(PendingText::Refinement {
            command_id,
            target: target.to_string(),
            request,
            at,
            actor,
        });
        // A refinement is a run of its own: what earlier stages took does not count against it.
        self.active_ms = 0;
        self.again(stage, Work::Refine { command_id, target, artifact });
    }

    fn retry(&mut self, model: Option<&str>, notices: &mut Notices) {
        self.active_ms = 0;
        let except_call = self.failure.as_ref().and_then(|failure| failure.failure.cause_call);
        self.failure = None;
        let failed: Vec<StageId> = self
            .stages
            .iter()
            .filter(|(_, state)| state.progress == Progress::Failed)
            .map(|(id, _)| id.clone())
            .collect();
        for id in failed {
            let Some(state) = self.stages.get(&id) else { continue };
            let (work, attempt) = (state.work.clone(), state.attempt);
            self.again(&id, work);
            if let Some(state) = self.stages.get_mut(&id) {
                // Another model starts afresh: replies of the one that failed would only be quoted back to it.
                state.carry_over = model.is_none().then_some(CarryOver { attempt, except_call });
                state.model = model.map(str::to_owned);
                let payload = json!({"stage": id, "attempt": state.attempt, "model": model});
                notices.say(EventKind::StageRetried, Some(id.0.clone()), payload);
            }
        }
    }

    /// Another attempt of a stage; the one before it keeps its task with the status that it has reached.
    pub(super) fn again(&mut self, id: &StageId, work: Work) {
        let Some(stage) = self.pipeline.stage(id) else { return };
        let Some(state) = self.stages.get_mut(id) else { return };
        state.again(work);
        self.tasks.push_back(task_view(stage, state.attempt));
        if self.tasks.len() > TASKS_KEPT {
            self.tasks.pop_front();
        }
    }

    /// Work that has no model time left fails at once, instead of being started with none.
    fn settle(&mut self, now: Timestamp, notices: &mut Notices) {
        if self.active_ms_left() > 0 {
            return;
        }
        for (id, _) in self.runnable() {
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

    pub(super) fn set_progress(&mut self, id: &StageId, progress: Progress, status: TaskStatus) {
        let Some(state) = self.stages.get_mut(id) else { return };
        state.progress = progress;
        let attempt = state.attempt;
        if let Some(task) =
            self.tasks.iter_mut().rev().find(|task| task.stage == *id && task.attempt == attempt)
        {
            task.status = status;
        }
    }

    /// Tasks that will not be finished are cancelled.
    fn close_tasks(&mut self) {
        for task in &mut self.tasks {
            if matches!(task.status, TaskStatus::Pending | TaskStatus::Working | TaskStatus::WaitingForInput)
            {
                task.status = TaskStatus::Cancelled;
            }
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
