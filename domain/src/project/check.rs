//! Whether a command would be taken now. No clock: update validators have none.

use super::{Command, CommandBody, Course, Phase, Progress, Project, QuestionState, Verb};
use crate::command::{Rejection, RejectionCode, is_model_name};
use crate::document::{Answer, QuestionFormat};
use crate::ids::StageId;
use crate::lifecycle::Lifecycle;
use crate::limits::COMMAND_TEXT_BYTES_MAX;
use crate::work::Target;
use std::collections::BTreeSet;

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
            body @ (CommandBody::Defer { .. }
            | CommandBody::AmendAnswer { .. }
            | CommandBody::Message { .. }
            | CommandBody::ConfirmBrief { .. }
            | CommandBody::Decide { .. }
            | CommandBody::Edit { .. }
            | CommandBody::Revise { .. }
            | CommandBody::Rewind { .. }
            | CommandBody::SetBudget { .. }
            | CommandBody::Pause
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

    /// Wire names of the commands that would be taken now, in a fixed order.
    pub(super) fn allowed(&self) -> Vec<&'static str> {
        match self.lifecycle() {
            Lifecycle::Active => {}
            Lifecycle::Archived => return vec!["restore", "delete"],
            Lifecycle::Deleted => return vec!["restore"],
        }
        let phase = self.phase();
        let mut names = Vec::new();
        if self.open_questions().next().is_some() {
            names.extend(["answer", "accept_recommendations"]);
        }
        match (self.course, phase) {
            (Course::Cancelled | Course::Deleted, _) => {}
            (Course::Paused, _) => names.extend(["resume", "cancel"]),
            (Course::Active, Phase::Completed) => {
                if self.refinements_used < self.limits.refinements_max {
                    names.push("refine");
                }
            }
            (Course::Active, Phase::Failed) => names.extend(["retry", "cancel"]),
            (
                Course::Active,
                Phase::Drafting
                | Phase::Working
                | Phase::AwaitingInput
                | Phase::AwaitingApproval
                | Phase::Paused
                | Phase::Cancelled,
            ) => names.extend(["pause", "cancel"]),
        }
        if self.course == Course::Active && phase != Phase::Failed && self.has(Progress::Failed) {
            names.push("retry");
        }
        names.extend(["archive", "delete"]);
        names
    }

    pub(super) fn reject(&self, code: RejectionCode, message: impl Into<String>) -> Rejection {
        let allowed = self.allowed().into_iter().map(str::to_owned).collect();
        Rejection { code, message: message.into(), allowed }
    }

    fn wrong_state(&self, name: &str) -> Rejection {
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
        let bytes = body.text_bytes();
        let waiting: usize = self.texts.iter().map(crate::event::PendingText::bytes).sum();
        if bytes > COMMAND_TEXT_BYTES_MAX {
            let message = format!(
                "The texts of one command have at most {COMMAND_TEXT_BYTES_MAX} bytes, these have {bytes}."
            );
            return Err(self.reject(RejectionCode::TooLarge, message));
        }
        if waiting + bytes > TEXTS_WAITING_BYTES_MAX {
            let message = "Earlier texts of this project are not stored yet. Send this again in a minute.";
            return Err(self.reject(RejectionCode::TooLarge, message));
        }
        Ok(())
    }

    fn check_waiting(&self) -> Result<(), Rejection> {
        if self.open_questions().next().is_some() {
            return Ok(());
        }
        Err(self.reject(RejectionCode::NotWaiting, "No question waits for an answer now."))
    }

    fn check_answers(&self, answers: &[Answer], rest: bool) -> Result<(), Rejection> {
        self.check_waiting()?;
        if answers.is_empty() && !rest {
            return Err(self.reject(RejectionCode::InvalidAnswer, "There is no answer in this command."));
        }
        let mut seen = BTreeSet::new();
        for answer in answers {
            if !seen.insert(answer.question_id.as_str()) {
                let message = format!("{} is answered twice in this command.", clip(&answer.question_id));
                return Err(self.reject(RejectionCode::InvalidAnswer, message));
            }
            let known = self.questions.iter().find(|question| question.id == answer.question_id);
            let Some(question) = known else {
                let message = format!("There is no question {}.", clip(&answer.question_id));
                return Err(self.reject(RejectionCode::UnknownQuestion, message));
            };
            if question.answer.is_some() {
                let message = format!("{} has its answer already.", question.id);
                return Err(self.reject(RejectionCode::AlreadyAnswered, message));
            }
            fits(question, answer).map_err(|reason| {
                self.reject(RejectionCode::InvalidAnswer, format!("{}: {reason}", question.id))
            })?;
        }
        Ok(())
    }

    /// The stage that a refinement runs, and what it names.
    pub(super) fn check_refine(&self, target: &str, request: &str) -> Result<(StageId, Target), Rejection> {
        if self.course != Course::Active || self.phase() != Phase::Completed {
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

    fn check_retry(&self, model: Option<&str>) -> Result<(), Rejection> {
        if self.course != Course::Active || !self.has(Progress::Failed) {
            return Err(self.wrong_state("retry"));
        }
        if model.is_some_and(|model| !is_model_name(model)) {
            let message = "A model's name has 1 to 100 letters, digits and . - _ / :";
            return Err(self.reject(RejectionCode::InvalidAnswer, message));
        }
        Ok(())
    }
}

/// Whether an answer fits its question.
fn fits(question: &QuestionState, answer: &Answer) -> Result<(), String> {
    let has_text = answer.text.as_deref().is_some_and(|text| !text.trim().is_empty());
    if answer.options.is_empty() && !has_text {
        return Err("choose an option or write an answer".to_owned());
    }
    for (index, option) in answer.options.iter().enumerate() {
        if !question.options.contains(option) {
            return Err(format!(
                "there is no option {}; options: {}",
                clip(option),
                question.options.join(", ")
            ));
        }
        if answer.options[..index].contains(option) {
            return Err(format!("option {} is chosen twice", clip(option)));
        }
    }
    if question.format == QuestionFormat::Radio && answer.options.len() > 1 {
        return Err("choose one option".to_owned());
    }
    Ok(())
}

/// Somebody else's text in a message of ours: short, and without control characters.
fn clip(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(40).collect()
}
