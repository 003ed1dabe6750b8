//! Whether a command would be taken now. No clock: update validators have none.

use super::decide::Word;
use super::{Command, CommandBody, Course, Phase, Project, Verb};
use crate::command::{Rejection, RejectionCode};
use crate::ids::StageId;
use crate::lifecycle::Lifecycle;
use crate::limits::COMMAND_TEXT_BYTES_MAX;
use crate::pipeline::Stage;
use crate::work::Target;

/// Bytes of people's texts that may wait for `publish`; more would let an outage of Postgres swell the state.
const TEXTS_WAITING_BYTES_MAX: usize = 2 * COMMAND_TEXT_BYTES_MAX;

impl Project {
    /// Whether `command` would be taken now. One that was applied before is taken again, and changes nothing.
    ///
    /// # Errors
    /// Why it would be refused, and what would be taken instead.
    pub fn check(&self, command: &Command) -> Result<(), Rejection> {
        if self.remembered(command.command_id).is_some() {
            return Ok(());
        }
        self.check_texts(&command.body)?;
        if !self.lifecycle().is_active() && !self.allowed().contains(&command.body.name()) {
            return Err(self.wrong_state(command.body.name()));
        }
        match &command.body {
            CommandBody::Answer { answers, recommendations_for_rest } => {
                self.check_answers(answers, *recommendations_for_rest)
            }
            CommandBody::AcceptRecommendations => self.check_waiting(),
            CommandBody::Refine { target, request } => self.check_refine(target, request).map(|_| ()),
            CommandBody::Retry { model } => self.check_retry(model.as_deref()),
            CommandBody::Defer { question_id } => self.check_defer(question_id),
            CommandBody::AmendAnswer { answer } => self.check_amend_answer(answer),
            CommandBody::Message { text } => self.check_message(text),
            CommandBody::ConfirmBrief { digest } => self.check_confirm(digest),
            CommandBody::Decide { gate, digest, decision, comment, artifact, role } => {
                let (comment, artifact) = (comment.as_deref(), artifact.as_ref());
                let word = Word { gate, digest, decision: *decision, comment, artifact, role: *role };
                self.check_decide(word, command.actor)
            }
            CommandBody::Edit { base, artifact } => self.check_edit(base, artifact),
            CommandBody::Revise { brief } => self.check_revise(brief.as_ref()),
            CommandBody::Rewind { stage, model } => self.check_rewind(stage, model.as_deref()),
            // Also where nothing waits for money: an attempt may be on its way to say so.
            CommandBody::SetBudget { .. } => match self.course {
                Course::Active | Course::Paused => Ok(()),
                Course::Cancelled | Course::Deleted => Err(self.wrong_state("set_budget")),
            },
            body @ (CommandBody::Pause
            | CommandBody::Resume
            | CommandBody::Cancel
            | CommandBody::Archive
            | CommandBody::Restore
            | CommandBody::Delete) => {
                if self.allowed().contains(&body.name()) {
                    Ok(())
                } else {
                    Err(self.wrong_state(body.name()))
                }
            }
        }
    }

    pub(super) fn reject(&self, code: RejectionCode, message: impl Into<String>) -> Rejection {
        let allowed = self.allowed().into_iter().map(str::to_owned).collect();
        Rejection { code, message: message.into(), allowed }
    }

    pub(super) fn wrong_state(&self, name: &str) -> Rejection {
        let state = match self.lifecycle() {
            Lifecycle::Active => self.phase().as_str(),
            put_away @ (Lifecycle::Archived | Lifecycle::Deleted) => put_away.as_str(),
        };
        self.reject(
            RejectionCode::WrongState,
            format!("`{name}` is not possible while the project is {state}."),
        )
    }

    fn check_texts(&self, body: &CommandBody) -> Result<(), Rejection> {
        // PostgreSQL keeps no NUL: what it stored would not have the digest that the rules took.
        if body.has_nul() {
            return Err(
                self.reject(RejectionCode::InvalidAnswer, "A text has a NUL character, which is no text.")
            );
        }
        if let Some(message) = body.too_long() {
            return Err(self.reject(RejectionCode::TooLarge, message));
        }
        let bytes = body.text_bytes();
        let waiting: usize = self.texts.iter().map(crate::event::PendingText::bytes).sum();
        if waiting + bytes > TEXTS_WAITING_BYTES_MAX {
            let message = "Earlier texts of this project are not stored yet. Send this again in a minute.";
            return Err(self.reject(RejectionCode::TooLarge, message));
        }
        Ok(())
    }

    /// What people approve, and what files were made from, is changed by Edit, Rewind and Revise instead.
    pub(super) fn is_refinable(&self) -> bool {
        let fixed = |stage: &Stage| stage.gate.is_some() || stage.confirm || stage.verb == Verb::Implement;
        !self.pipeline.stages.iter().any(fixed)
    }

    /// The stage that a refinement runs, and what it names.
    pub(super) fn check_refine(&self, target: &str, request: &str) -> Result<(StageId, Target), Rejection> {
        if self.course != Course::Active || self.phase() != Phase::Completed || !self.is_refinable() {
            return Err(self.wrong_state("refine"));
        }
        let max = self.limits.refinements_max;
        if self.refinements_used >= max {
            let message = format!("All {max} refinements of this project are used.");
            return Err(self.reject(RejectionCode::LimitReached, message));
        }
        if request.trim().is_empty() {
            return Err(
                self.reject(RejectionCode::InvalidAnswer, "Say what should change: the request is empty.")
            );
        }
        let unknown = || {
            let message = format!(
                "There is nothing called `{}` to refine: name a heading of the specification, a requirement id or a prompt's number.",
                clip(target)
            );
            self.reject(RejectionCode::UnknownTarget, message)
        };
        let parsed = Target::parse(target).ok_or_else(unknown)?;
        let verb = match parsed {
            Target::Prompt { .. } => Verb::Compose,
            Target::Section { .. } => Verb::Write,
        };
        let stage = self.pipeline.stages.iter().find(|stage| stage.verb == verb).ok_or_else(unknown)?;
        if let Target::Prompt { number } = parsed
            && self.sizes.get(&stage.produces).is_none_or(|size| number > *size)
        {
            return Err(unknown());
        }
        Ok((stage.id.clone(), parsed))
    }
}

/// Somebody else's text in a message of ours: short, and without control characters.
pub(super) fn clip(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(40).collect()
}
