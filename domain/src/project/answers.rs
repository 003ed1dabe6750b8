//! Answers, and the request of a refinement.

use super::apply::Said;
use super::notices::Notices;
use super::state::{Progress, QuestionState};
use super::{Project, TaskStatus, Work};
use crate::document::Answer;
use crate::event::{EventKind, PendingText};
use crate::ids::StageId;
use crate::work::Target;
use serde_json::json;

impl Project {
    pub(super) fn take_answer(&mut self, answer: Answer, said: Said, notices: &mut Notices) {
        let Some(question) = self.questions.iter_mut().find(|question| question.id == answer.question_id)
        else {
            return;
        };
        question.answer = Some(answer.digest());
        question.assumption = answer.assumption.clone();
        question.deferred = 0;
        let payload = json!({
            "question_id": answer.question_id,
            "options": answer.options,
            "assumption": answer.assumption,
        });
        notices.say(EventKind::QuestionAnswered, Some(answer.question_id.clone()), payload);
        let stage = question.stage.clone();
        self.keep_answer(answer, false, said);
        if self.open_questions().any(|question| question.stage == stage) {
            return;
        }
        self.set_progress(&stage, Progress::Done, TaskStatus::Completed);
    }

    fn keep_answer(&mut self, answer: Answer, amended: bool, said: Said) {
        let Said { command_id, actor, at } = said;
        self.texts.push(PendingText::Answer { command_id, answer, amended, at, actor });
    }

    pub(super) fn take_recommendations(&mut self, said: Said, notices: &mut Notices) {
        let taken = self.questions.iter().filter_map(|question| question.assumption.as_deref());
        let highest = taken.filter_map(|id| id.strip_prefix('A')?.parse::<usize>().ok()).max();
        let mut number = highest.unwrap_or(0);
        let open: Vec<QuestionState> = self.open_questions().cloned().collect();
        for question in open {
            number += 1;
            self.take_answer(question.assumed(number), said, notices);
        }
    }

    /// Behind the other open ones, in the order in which they were put off.
    pub(super) fn defer(&mut self, question_id: &str, notices: &mut Notices) {
        let last = self.questions.iter().map(|question| question.deferred).max().unwrap_or(0);
        if let Some(question) = self.questions.iter_mut().find(|question| question.id == question_id) {
            question.deferred = last + 1;
        }
        notices.say(EventKind::QuestionDeferred, None, json!({"question_id": question_id}));
    }

    /// Another answer takes the place of the first; what was made from the first is made again.
    pub(super) fn amend_answer(&mut self, answer: Answer, said: Said, notices: &mut Notices) {
        let answer = Answer { assumption: None, ..answer };
        let Some(question) = self.questions.iter_mut().find(|question| question.id == answer.question_id)
        else {
            return;
        };
        question.answer = Some(answer.digest());
        question.assumption = None;
        let stage = question.stage.clone();
        let mut superseded = Vec::new();
        if self.progress(&stage) == Some(Progress::Done) {
            let later = self.pipeline.downstream(&stage);
            superseded = self.redo(&later, said.at, notices);
            self.active_ms = 0;
        }
        let payload = json!({
            "question_id": answer.question_id,
            "options": answer.options,
            "superseded": superseded,
        });
        notices.say(EventKind::AnswerAmended, None, payload);
        self.keep_answer(answer, true, said);
    }

    pub(super) fn begin_refinement(
        &mut self,
        stage: &StageId,
        target: Target,
        request: String,
        said: Said,
        notices: &mut Notices,
    ) {
        let produces = self.pipeline.stage(stage).map(|stage| stage.produces.as_str()).unwrap_or_default();
        let Some(artifact) = self.artifacts.get(produces).cloned() else { return };
        notices.say(EventKind::RefinementRequested, None, json!({"section": target.to_string()}));
        let Said { command_id, actor, at } = said;
        let section = target.to_string();
        self.texts.push(PendingText::Refinement { command_id, target: section, request, at, actor });
        // A refinement is a run of its own: what earlier stages took does not count against it.
        self.active_ms = 0;
        self.again(stage, Work::Refine { command_id, target, artifact });
    }

    /// A refinement that is under way is dropped: the project is as complete as it was before.
    pub(super) fn drop_refinement(&mut self) -> bool {
        let refining = |state: &super::StageState| {
            matches!(state.work, Work::Refine { .. }) && state.progress == Progress::Todo
        };
        let Some(id) = self.stages.iter().find(|(_, state)| refining(state)).map(|(id, _)| id.clone()) else {
            return false;
        };
        self.set_progress(&id, Progress::Done, TaskStatus::Cancelled);
        if let Some(state) = self.stages.get_mut(&id) {
            state.work = Work::Fresh;
        }
        true
    }
}
