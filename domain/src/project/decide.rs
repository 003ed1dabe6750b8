//! Decisions on gates and on agents' questions: whether they are taken, and what they bring about.

use super::apply::Said;
use super::notices::Notices;
use super::requests::RequestState;
use super::{Progress, Project, TaskStatus, Work};
use crate::access::Role;
use crate::command::{Actor, Rejection, RejectionCode};
use crate::event::{EventKind, PendingText};
use crate::ids::{Digest, StageId};
use crate::limits::CHANGES_MAX;
use crate::request::{Approval, Decision, RequestKind, RequestStatus, RequestView};
use crate::work::{ArtifactRef, CarryOver, Failure, Used};
use serde_json::json;

/// A decision as it was said.
#[derive(Clone, Copy)]
pub(super) struct Word<'a> {
    pub(super) gate: &'a str,
    pub(super) digest: &'a Digest,
    pub(super) decision: Decision,
    pub(super) comment: Option<&'a str>,
    pub(super) artifact: Option<&'a ArtifactRef>,
    pub(super) role: Option<Role>,
}

impl Project {
    /// Whether this decision would be taken: the gate, then who, then what was read, then what was decided before.
    pub(super) fn check_decide(&self, word: Word<'_>, actor: Actor) -> Result<(), Rejection> {
        let refuse = |code, message: String| Err(self.reject(code, message));
        if !matches!(self.course, super::Course::Active | super::Course::Paused) {
            return Err(self.wrong_state("decide"));
        }
        let Some(request) = self.open_requests().find(|request| request.view.gate == word.gate) else {
            return Err(self.not_open(word));
        };
        let view = &request.view;
        self.may_decide(view, word, actor)?;
        if view.digest != *word.digest {
            let message = "What was read is no longer what waits for a decision: read it again.";
            return refuse(RejectionCode::StaleDigest, message.to_owned());
        }
        if self.is_author(view, actor) && matches!(word.decision, Decision::Approve | Decision::Amend) {
            let message = "This gate asks for four eyes: who began or wrote it does not approve it.";
            return refuse(RejectionCode::FourEyes, message.to_owned());
        }
        if view.four_eyes && word.decision == Decision::Amend {
            let message = "This gate asks for four eyes: edit the text, and let another person approve it.";
            return refuse(RejectionCode::FourEyes, message.to_owned());
        }
        if word.decision == Decision::Approve && view.approvals.iter().any(|given| given.actor == actor) {
            let (given, needed) = (view.approvals_given(), view.approvals_needed);
            let message = format!("You have approved this already; it has {given} of {needed} approvals.");
            return refuse(RejectionCode::AlreadyDecided, message);
        }
        self.check_word(view, word)
    }

    /// What the words of a decision must have.
    fn check_word(&self, view: &RequestView, word: Word<'_>) -> Result<(), Rejection> {
        let refuse = |message: &str| Err(self.reject(RejectionCode::InvalidAnswer, message));
        let has_comment = word.comment.is_some_and(|comment| !comment.trim().is_empty());
        match (view.kind, word.decision) {
            (RequestKind::Gate, Decision::Amend) => {
                let Some(artifact) = word.artifact else {
                    return refuse("To amend, give the whole text that takes the artifact's place.");
                };
                let newer = view.artifact.as_ref().is_some_and(|current| {
                    artifact.name == current.name && artifact.version > current.version
                });
                if !newer || !is_digest(&artifact.digest) {
                    return refuse("The amended text must be a later version of what the gate asks about.");
                }
                Ok(())
            }
            (_, Decision::Approve | Decision::RequestChanges | Decision::Reject)
                if word.artifact.is_some() =>
            {
                refuse("Only `amend` comes with a text of one's own.")
            }
            (RequestKind::Gate, Decision::RequestChanges) if !has_comment => {
                refuse("Say what should change: the comment is empty.")
            }
            (RequestKind::Question, Decision::Amend) if word.artifact.is_some() => {
                refuse("An agent's question is answered in words: put them into the comment.")
            }
            (RequestKind::Question, Decision::Amend) if !has_comment => {
                refuse("Say what the agent should go on with: the comment is empty.")
            }
            (RequestKind::Gate | RequestKind::Question, _) => Ok(()),
        }
    }

    fn may_decide(&self, view: &RequestView, word: Word<'_>, actor: Actor) -> Result<(), Rejection> {
        let refuse = |message: String| Err(self.reject(RejectionCode::WrongRole, message));
        match actor {
            Actor::User { .. } if word.role.is_some_and(|role| role >= view.role) => Ok(()),
            Actor::User { .. } => {
                refuse(format!("This is decided by members who are at least {}.", view.role))
            }
            Actor::Operator if view.operators && !view.four_eyes && word.decision != Decision::Amend => {
                Ok(())
            }
            Actor::Operator => {
                refuse("A signal proves nobody: this is decided by a member, through the API.".to_owned())
            }
            Actor::System => refuse("This is decided by people.".to_owned()),
        }
    }

    /// Why a decision on something that does not wait is refused.
    fn not_open(&self, word: Word<'_>) -> Rejection {
        let earlier = self
            .requests
            .iter()
            .rev()
            .find(|request| request.view.gate == word.gate && request.view.digest == *word.digest);
        match earlier.map(|request| request.view.status) {
            Some(status @ (RequestStatus::Approved | RequestStatus::Amended | RequestStatus::Rejected)) => {
                let message = format!("This was decided already: {}.", status.as_str());
                self.reject(RejectionCode::AlreadyDecided, message)
            }
            Some(RequestStatus::Expired) => {
                let message = "Nobody decided in time: this gate has expired. Retry opens it again.";
                self.reject(RejectionCode::WrongGate, message)
            }
            Some(RequestStatus::Superseded | RequestStatus::Pending) => {
                self.reject(RejectionCode::StaleDigest, "What was read is no longer what is there.")
            }
            None => {
                let message =
                    format!("No gate `{}` waits for a decision now.", super::check::clip(word.gate));
                self.reject(RejectionCode::WrongGate, message)
            }
        }
    }

    fn is_author(&self, view: &RequestView, actor: Actor) -> bool {
        let Actor::User { user_id } = actor else { return false };
        if !view.four_eyes {
            return false;
        }
        let wrote = |name: &str| self.editors.get(name).is_some_and(|editors| editors.contains(&user_id));
        user_id == self.input.owner_id
            || wrote("brief")
            || view.artifact.as_ref().is_some_and(|artifact| wrote(&artifact.name))
    }

    pub(super) fn decide(&mut self, word: Word<'_>, said: Said, notices: &mut Notices) {
        let open = |request: &&mut RequestState| request.is_open() && request.view.gate == word.gate;
        let Some(request) = self.requests.iter_mut().find(open) else { return };
        if word.decision == Decision::Approve {
            request.view.approvals.push(Approval { actor: said.actor, role: word.role, at: said.at });
        }
        let view = request.view.clone();
        self.texts.push(PendingText::Decision {
            command_id: said.command_id,
            request_id: view.request_id,
            gate: view.gate.clone(),
            decision: word.decision,
            digest: view.digest.clone(),
            role: word.role,
            comment: word.comment.map(str::to_owned),
            at: said.at,
            actor: said.actor,
        });
        let (given, needed) = (view.approvals_given(), view.approvals_needed);
        let status = match word.decision {
            Decision::Approve if given < needed => RequestStatus::Pending,
            Decision::Approve => RequestStatus::Approved,
            Decision::Amend => RequestStatus::Amended,
            Decision::RequestChanges | Decision::Reject => RequestStatus::Rejected,
        };
        let event = match view.kind {
            RequestKind::Gate => EventKind::GateDecided,
            RequestKind::Question => EventKind::HitlResponse,
        };
        let payload = json!({
            "request_id": view.request_id,
            "gate": view.gate,
            "stage": view.stage,
            "decision": word.decision,
            "digest": view.digest,
            "role": word.role,
            "approvals_given": given,
            "approvals_needed": needed,
            "status": status,
        });
        notices.say(event, Some(view.request_id.to_string()), payload);
        if status == RequestStatus::Pending {
            return;
        }
        self.settle_request(&view.stage, status, Some(said.actor), said.at);
        // A person has looked: what comes now is a run of its own.
        self.active_ms = 0;
        match view.kind {
            RequestKind::Gate => self.after_gate(&view, word, said, notices),
            RequestKind::Question => self.after_question(&view, status, said, notices),
        }
    }

    fn after_gate(&mut self, view: &RequestView, word: Word<'_>, said: Said, notices: &mut Notices) {
        match word.decision {
            Decision::Approve => self.pass_gate(&view.stage, notices),
            Decision::Amend => {
                let Some(artifact) = word.artifact.cloned() else { return };
                self.add_editor(&artifact.name, said.actor);
                self.artifacts.insert(artifact.name.clone(), artifact.clone());
                let payload = json!({"artifact": artifact, "base": view.digest, "voided": false});
                notices.say(EventKind::ArtifactEdited, None, payload);
                if view.approvals_needed <= 1 {
                    return self.pass_gate(&view.stage, notices);
                }
                // The others have to approve this text too: what they approved before was another one.
                self.open_gate(&view.stage, artifact, said.at, notices);
                let open =
                    |request: &&mut RequestState| request.is_open() && request.view.stage == view.stage;
                if let Some(request) = self.requests.iter_mut().find(open) {
                    request.view.approvals.push(Approval { actor: said.actor, role: word.role, at: said.at });
                }
            }
            Decision::RequestChanges => {
                let artifact = view.artifact.clone();
                self.request_changes(&view.stage, artifact, Some(said.command_id), said.at, notices);
            }
            Decision::Reject => {
                let message = "A person rejected this. Revise the brief, or rewind to an earlier stage.";
                self.fail_by_rule(&view.stage, "rejected", message.to_owned(), said.at, notices);
            }
        }
    }

    /// Done, and the pipeline's word for it is told in passing: it is a checkpoint.
    fn pass_gate(&mut self, id: &StageId, notices: &mut Notices) {
        self.set_progress(id, Progress::Done, TaskStatus::Completed);
        if let Some(state) = self.stages.get_mut(id) {
            state.changes = 0;
        }
        let Some(gate) = self.pipeline.stage(id).and_then(|stage| stage.gate.as_ref()) else { return };
        let payload = json!({"phase": self.phase(), "status": gate.approved_status, "stage": id});
        notices.say(EventKind::StatusChanged, Some(gate.approved_status.clone()), payload);
    }

    /// The stage again with a person's comment, so many times; then it is failed.
    pub(super) fn request_changes(
        &mut self,
        id: &StageId,
        artifact: Option<ArtifactRef>,
        command_id: Option<crate::ids::CommandId>,
        at: crate::ids::Timestamp,
        notices: &mut Notices,
    ) {
        let Some(artifact) = artifact else { return };
        if let Some(round) = self.count_change(id, at, notices) {
            self.again(id, Work::Again { round, artifact, command_id });
        }
    }

    /// The number of this change; none where the stage has had all of them, and is failed.
    fn count_change(
        &mut self,
        id: &StageId,
        at: crate::ids::Timestamp,
        notices: &mut Notices,
    ) -> Option<u32> {
        let state = self.stages.get_mut(id)?;
        if state.changes < CHANGES_MAX {
            state.changes += 1;
            return Some(state.changes);
        }
        let message = format!(
            "Changes were asked for {} times. Retry starts anew; or revise, edit or rewind.",
            CHANGES_MAX + 1
        );
        self.fail_by_rule(id, "changes_used_up", message, at, notices);
        None
    }

    fn after_question(
        &mut self,
        view: &RequestView,
        status: RequestStatus,
        said: Said,
        notices: &mut Notices,
    ) {
        let (id, asked_by) = (&view.stage, view.attempt);
        let round = if status == RequestStatus::Rejected {
            let Some(round) = self.count_change(id, said.at, notices) else { return };
            round
        } else {
            self.stages.get(id).map_or(0, |state| state.changes)
        };
        let (command_id, request_id) = (said.command_id, view.request_id);
        self.set_task(id, asked_by, TaskStatus::Completed);
        let model = self.stages.get(id).and_then(|state| state.model.clone());
        self.again(id, Work::Answered { command_id, request_id, asked_by, status, round });
        if let Some(state) = self.stages.get_mut(id) {
            state.model = model;
            // Approved or amended: it goes on where it stopped. Rejected: it begins again.
            state.carry_over = (status != RequestStatus::Rejected)
                .then_some(CarryOver { attempt: asked_by, except_call: None });
        }
    }

    pub(super) fn fail_by_rule(
        &mut self,
        id: &StageId,
        code: &str,
        message: String,
        at: crate::ids::Timestamp,
        notices: &mut Notices,
    ) {
        let failure = Failure {
            code: code.to_owned(),
            message,
            permanent: true,
            calls: 0,
            cause_call: None,
            used: Used::default(),
        };
        self.fail_stage(id, failure, at, notices);
    }
}

/// 64 lower-case hexadecimal digits.
pub(super) fn is_digest(digest: &Digest) -> bool {
    digest.0.len() == 64 && digest.0.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
