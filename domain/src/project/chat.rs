//! The chat in which a brief is shaped, and its confirmation.

use super::apply::Said;
use super::notices::Notices;
use super::state::SideWork;
use super::{Course, Progress, Project, Work, task_view};
use crate::command::{Actor, Rejection, RejectionCode};
use crate::event::{EventKind, PendingText};
use crate::ids::{Digest, StageId};
use crate::pipeline::Stage;
use crate::request::RequestKind;
use serde_json::json;

/// Editors of an artifact that are remembered, the latest ones.
const EDITORS_KEPT: usize = 50;

impl Project {
    /// The first turn answers the idea, so that a person finds a question and not an empty page.
    pub(super) fn open_chat(&mut self) {
        let Some(stage) = self.pipeline.chat().map(|stage| stage.id.clone()) else { return };
        if let Some(state) = self.stages.get_mut(&stage) {
            state.progress = Progress::Drafting;
        }
        let work = Work::Turn { command_id: None, message: None, gate: None };
        self.side.push(SideWork { stage, attempt: 1, work });
    }

    pub(super) fn is_drafting(&self) -> bool {
        self.pipeline.chat().is_some_and(|stage| self.progress(&stage.id) == Some(Progress::Drafting))
    }

    /// Where the chat is open: its stage, and the gate at which people talk.
    pub(super) fn chat_place(&self) -> Option<(&Stage, Option<String>)> {
        let stage = self.pipeline.chat()?;
        if self.course != Course::Active || !self.lifecycle().is_active() {
            return None;
        }
        if self.is_drafting() {
            return Some((stage, None));
        }
        let gate = self.open_requests().find(|request| request.view.kind == RequestKind::Gate)?;
        Some((stage, Some(gate.view.gate.clone())))
    }

    fn is_talking(&self, stage: &StageId) -> bool {
        self.side.iter().any(|side| side.stage == *stage)
    }

    pub(super) fn check_message(&self, text: &str) -> Result<(), Rejection> {
        let Some((stage, _)) = self.chat_place() else {
            return Err(self.wrong_state("message"));
        };
        if self.is_talking(&stage.id) {
            let message = "The agent is still answering the message before this one.";
            return Err(self.reject(RejectionCode::WrongState, message));
        }
        if text.trim().is_empty() {
            return Err(self.reject(RejectionCode::InvalidAnswer, "The message is empty."));
        }
        Ok(())
    }

    pub(super) fn message(&mut self, text: String, said: Said, notices: &mut Notices) {
        let Some((stage, gate)) = self.chat_place() else { return };
        let stage = stage.clone();
        let Some(state) = self.stages.get_mut(&stage.id) else { return };
        // Attempts of a chat count its turns.
        state.attempt += 1;
        let attempt = state.attempt;
        self.add_task(task_view(&stage, attempt));
        if gate.is_none() {
            // What is said here becomes the brief: with four eyes, who shapes it is one of its authors.
            self.add_editor(&stage.produces, said.actor);
        }
        let payload = json!({"stage": stage.id, "turn": attempt, "gate": gate});
        notices.say(EventKind::MessageTaken, None, payload);
        let work = Work::Turn {
            command_id: Some(said.command_id),
            message: Some(Digest::of(text.as_bytes())),
            gate,
        };
        self.side.push(SideWork { stage: stage.id, attempt, work });
        let Said { command_id, actor, at } = said;
        self.texts.push(PendingText::Message { command_id, message: text, at, actor });
    }

    pub(super) fn check_confirm(&self, digest: &Digest) -> Result<(), Rejection> {
        let brief = self.pipeline.chat().and_then(|stage| self.artifacts.get(&stage.produces));
        let Some(brief) = brief.filter(|_| self.is_drafting() && self.course == Course::Active) else {
            return Err(self.wrong_state("confirm_brief"));
        };
        if brief.digest != *digest {
            let message =
                format!("The brief has changed since: version {} is the present one.", brief.version);
            return Err(self.reject(RejectionCode::StaleDigest, message));
        }
        Ok(())
    }

    pub(super) fn confirm(&mut self, said: Said, notices: &mut Notices) {
        let Some(stage) = self.pipeline.chat().cloned() else { return };
        // A turn that is under way would speak of a brief that is closed now.
        let id = stage.id.clone();
        self.drop_turns("The brief was confirmed before the agent had answered.", notices);
        if let Some(state) = self.stages.get_mut(&id) {
            state.progress = Progress::Done;
        }
        if let Some(brief) = self.artifacts.get(&stage.produces).cloned() {
            let payload = json!({"digest": brief.digest, "version": brief.version});
            notices.say(EventKind::BriefConfirmed, None, payload);
            self.add_editor(&brief.name, said.actor);
        }
        self.active_ms = 0;
    }

    /// Who wrote a part of this artifact: at gates that ask for four eyes they do not approve it.
    pub(super) fn add_editor(&mut self, artifact: &str, actor: Actor) {
        let Actor::User { user_id } = actor else { return };
        let editors = self.editors.entry(artifact.to_owned()).or_default();
        editors.retain(|known| *known != user_id);
        editors.push(user_id);
        if editors.len() > EDITORS_KEPT {
            editors.remove(0);
        }
    }
}
