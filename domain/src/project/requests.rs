//! Gates and agents' questions: opening, reading, settling.

use super::notices::Notices;
use super::state::SideWork;
use super::{Actor, Progress, Project, TaskStatus, TaskView, Work};
use crate::event::EventKind;
use crate::ids::{Digest, StageId, Timestamp};
use crate::pipeline::{GatePolicy, advice_stage};
use crate::request::{RequestKind, RequestStatus, RequestView, gate_request_id};
use crate::work::ArtifactRef;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

/// Settled requests that the state keeps; all of them lie in Postgres.
const SETTLED_KEPT: usize = 24;

/// A request with what is due of it. An instant that was told is taken away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestState {
    /// As it is read.
    pub view: RequestView,
    /// When a reminder is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remind_at: Option<Timestamp>,
    /// When others are to be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalate_at: Option<Timestamp>,
    /// When it expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expire_at: Option<Timestamp>,
}

impl RequestState {
    pub(super) fn is_open(&self) -> bool {
        self.view.status == RequestStatus::Pending
    }

    fn settle(&mut self, status: RequestStatus, by: Option<Actor>, at: Timestamp) {
        if !self.view.status.may_become(status) {
            return;
        }
        self.view.status = status;
        self.view.decided_at = Some(at);
        self.view.decided_by = by.or(self.view.decided_by);
        (self.remind_at, self.escalate_at, self.expire_at) = (None, None, None);
    }

    /// Everything due comes so much later.
    pub(super) fn push_back(&mut self, ms: u64) {
        let due = [&mut self.remind_at, &mut self.escalate_at, &mut self.expire_at, &mut self.view.deadline];
        for instant in due.into_iter().flatten() {
            *instant = instant.plus_ms(ms);
        }
    }
}

impl Project {
    /// The request that a stage waits for.
    pub(super) fn open_request(&self, stage: &StageId) -> Option<&RequestState> {
        self.requests.iter().find(|request| request.is_open() && request.view.stage == *stage)
    }

    /// Requests to people: those that wait, and the last that were settled; oldest first.
    pub fn requests(&self) -> impl Iterator<Item = &RequestView> {
        self.requests.iter().map(|request| &request.view)
    }

    /// Requests that wait for people, oldest first.
    pub fn waiting_requests(&self) -> impl Iterator<Item = &RequestView> {
        self.open_requests().map(|request| &request.view)
    }

    /// Requests that wait for people.
    pub(super) fn open_requests(&self) -> impl Iterator<Item = &RequestState> {
        self.requests.iter().filter(|request| request.is_open())
    }

    /// The policy of what a stage asks.
    pub(super) fn policy(&self, stage: &StageId, kind: RequestKind) -> Option<GatePolicy> {
        let stage = self.pipeline.stage(stage)?;
        match kind {
            RequestKind::Gate => stage.gate.clone(),
            RequestKind::Question => Some(GatePolicy::of_question(&stage.id.0, &stage.status)),
        }
    }

    /// People decide on this version. Its advisor is asked as well.
    pub(super) fn open_gate(
        &mut self,
        id: &StageId,
        artifact: ArtifactRef,
        now: Timestamp,
        notices: &mut Notices,
    ) {
        let Some(policy) = self.policy(id, RequestKind::Gate) else { return };
        let attempt = self.stages.get(id).map_or(1, |state| state.attempt);
        let opening = |request: &&RequestState| {
            let view = &request.view;
            view.stage == *id && view.attempt == attempt && view.artifact.as_ref() == Some(&artifact)
        };
        let earlier = u32::try_from(self.requests.iter().filter(opening).count()).unwrap_or(u32::MAX);
        let request_id = gate_request_id(self.input.project_id, id, attempt, &artifact, earlier);
        let digest = artifact.digest.clone();
        self.add_request(id, RequestKind::Gate, request_id, digest, Some(artifact.clone()), &policy, now);
        let payload = json!({
            "request_id": request_id,
            "gate": policy.name,
            "stage": id,
            "attempt": attempt,
            "artifact": artifact,
            "approvals_needed": policy.approvals,
            "role": policy.role,
            "four_eyes": policy.four_eyes,
            "deadline": policy.deadline_ms.map(|ms| now.plus_ms(ms)),
        });
        notices.say(EventKind::GateReady, Some(request_id.to_string()), payload);
        if let Some(advisor) = policy.advisor {
            self.ask_advisor(id, advisor, policy.name, request_id, artifact);
        }
    }

    fn ask_advisor(
        &mut self,
        id: &StageId,
        advisor: String,
        gate: String,
        request_id: Uuid,
        artifact: ArtifactRef,
    ) {
        let stage = advice_stage(id);
        let count = self.advised.entry(stage.clone()).or_insert(0);
        *count += 1;
        let attempt = *count;
        self.add_task(TaskView {
            stage: stage.clone(),
            attempt,
            agent: advisor,
            status: TaskStatus::Pending,
        });
        self.side.push(SideWork { stage, attempt, work: Work::Advise { gate, request_id, artifact } });
    }

    /// An agent's question waits for a person.
    pub(super) fn open_question(
        &mut self,
        id: &StageId,
        request_id: Uuid,
        manifest: Digest,
        now: Timestamp,
        notices: &mut Notices,
    ) {
        let Some(policy) = self.policy(id, RequestKind::Question) else { return };
        self.add_request(id, RequestKind::Question, request_id, manifest.clone(), None, &policy, now);
        let attempt = self.stages.get(id).map_or(1, |state| state.attempt);
        let agent = self.pipeline.stage(id).map(|stage| stage.agent.clone());
        let payload = json!({
            "request_id": request_id,
            "stage": id,
            "attempt": attempt,
            "agent_type": agent,
            "digest": manifest,
        });
        notices.say(EventKind::HitlRequest, None, payload);
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one row")]
    fn add_request(
        &mut self,
        id: &StageId,
        kind: RequestKind,
        request_id: Uuid,
        digest: Digest,
        artifact: Option<ArtifactRef>,
        policy: &GatePolicy,
        now: Timestamp,
    ) {
        self.set_progress(id, Progress::AwaitingDecision, TaskStatus::WaitingForHitl);
        let after = |ms: Option<u64>| ms.map(|ms| now.plus_ms(ms));
        let view = RequestView {
            request_id,
            kind,
            gate: policy.name.clone(),
            stage: id.clone(),
            attempt: self.stages.get(id).map_or(1, |state| state.attempt),
            digest,
            artifact,
            status: RequestStatus::Pending,
            role: policy.role,
            approvals_needed: policy.approvals,
            approvals: Vec::new(),
            four_eyes: policy.four_eyes,
            operators: policy.operators,
            created_at: now,
            deadline: after(policy.deadline_ms),
            recommendation: None,
            decided_by: None,
            decided_at: None,
        };
        self.requests.push_back(RequestState {
            view,
            remind_at: after(policy.remind_after_ms),
            escalate_at: after(policy.escalate_after_ms),
            expire_at: after(policy.deadline_ms),
        });
        let settled = self.requests.iter().filter(|request| !request.is_open()).count();
        if settled > SETTLED_KEPT
            && let Some(oldest) = self.requests.iter().position(|request| !request.is_open())
        {
            self.requests.remove(oldest);
        }
    }

    /// Settles the open request of a stage; advice on it is no longer waited for.
    pub(super) fn settle_request(
        &mut self,
        stage: &StageId,
        status: RequestStatus,
        by: Option<Actor>,
        at: Timestamp,
    ) {
        let open = self.requests.iter_mut().find(|request| request.is_open() && request.view.stage == *stage);
        let Some(request) = open else { return };
        request.settle(status, by, at);
        let id = request.view.request_id;
        self.drop_side(|work| matches!(work, Work::Advise { request_id, .. } if *request_id == id));
    }

    /// What was asked and what was approved of a stage is void: what it made is being replaced.
    pub(super) fn supersede_requests(&mut self, stage: &StageId, at: Timestamp, notices: &mut Notices) {
        let mut dropped = Vec::new();
        for request in self.requests.iter_mut().filter(|request| request.view.stage == *stage) {
            let was_open = request.is_open();
            request.settle(RequestStatus::Superseded, None, at);
            if was_open {
                dropped.push((request.view.request_id, request.view.kind, request.view.gate.clone()));
            }
        }
        for (id, kind, gate) in dropped {
            self.drop_side(|work| matches!(work, Work::Advise { request_id, .. } if *request_id == id));
            let event = match kind {
                RequestKind::Gate => EventKind::GateDecided,
                RequestKind::Question => EventKind::HitlResponse,
            };
            let payload = json!({
                "request_id": id,
                "gate": gate,
                "stage": stage,
                "decision": null,
                "status": RequestStatus::Superseded,
            });
            notices.say(event, Some(id.to_string()), payload);
        }
    }
}
