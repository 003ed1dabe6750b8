//! Whether answers would be taken.

use super::check::clip;
use super::{Course, Project, QuestionState};
use crate::command::{Rejection, RejectionCode};
use crate::document::{Answer, QuestionFormat};
use std::collections::BTreeSet;

impl Project {
    pub(super) fn check_waiting(&self) -> Result<(), Rejection> {
        if self.open_questions().next().is_some() {
            return Ok(());
        }
        Err(self.reject(RejectionCode::NotWaiting, "No question waits for an answer now."))
    }

    pub(super) fn check_answers(&self, answers: &[Answer], rest: bool) -> Result<(), Rejection> {
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

    pub(super) fn check_defer(&self, question_id: &str) -> Result<(), Rejection> {
        self.check_waiting()?;
        if self.questions.iter().all(|question| question.id != question_id) {
            let message = format!("There is no question {}.", clip(question_id));
            return Err(self.reject(RejectionCode::UnknownQuestion, message));
        }
        if self.open_questions().all(|question| question.id != question_id) {
            let message = format!("{} has its answer already.", clip(question_id));
            return Err(self.reject(RejectionCode::AlreadyAnswered, message));
        }
        if self.open_questions().count() < 2 {
            let message = "It is the only open question: there is nothing to put it behind.";
            return Err(self.reject(RejectionCode::WrongState, message));
        }
        Ok(())
    }

    /// Questions whose answer a person can still change.
    pub(super) fn amendable(&self) -> impl Iterator<Item = &QuestionState> {
        let stands = matches!(self.course, Course::Active | Course::Paused) && self.lifecycle().is_active();
        self.questions.iter().filter(move |question| stands && question.answer.is_some())
    }

    pub(super) fn check_amend_answer(&self, answer: &Answer) -> Result<(), Rejection> {
        let known = self.questions.iter().any(|question| question.id == answer.question_id);
        if !known {
            let message = format!("There is no question {}.", clip(&answer.question_id));
            return Err(self.reject(RejectionCode::UnknownQuestion, message));
        }
        let Some(question) = self.amendable().find(|question| question.id == answer.question_id) else {
            return Err(self.wrong_state("amend_answer"));
        };
        fits(question, answer)
            .map_err(|reason| self.reject(RejectionCode::InvalidAnswer, format!("{}: {reason}", question.id)))
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
