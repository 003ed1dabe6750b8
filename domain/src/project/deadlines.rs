//! What is due of gates: reminders, escalations, expiry. A fired timer is only a hint; the instants lie in the state.

use super::notices::Notices;
use super::{Course, Project, Timestamp};
use crate::event::EventKind;
use crate::ids::StageId;
use crate::pipeline::OnExpiry;
use crate::request::{RequestKind, RequestStatus};
use serde_json::json;

impl Project {
    /// The earliest instant at which something is due. Nothing is while the project stands still.
    #[must_use]
    pub fn deadline(&self) -> Option<Timestamp> {
        if self.course != Course::Active || !self.lifecycle().is_active() {
            return None;
        }
        let due = |request: &super::RequestState| [request.remind_at, request.escalate_at, request.expire_at];
        self.open_requests().flat_map(due).flatten().min()
    }

    /// Tells what is due by now, and lets expire what has expired. No gate is opened by that.
    pub(super) fn pass_deadlines(&mut self, now: Timestamp, notices: &mut Notices) {
        if self.course != Course::Active || !self.lifecycle().is_active() {
            return;
        }
        let mut expired: Vec<StageId> = Vec::new();
        for request in self.requests.iter_mut().filter(|request| request.is_open()) {
            let view = &request.view;
            let payload = json!({"request_id": view.request_id, "gate": view.gate, "stage": view.stage});
            let item = Some(view.request_id.to_string());
            let mut tell = |instant: &mut Option<Timestamp>, kind| {
                let is_due = instant.is_some_and(|instant| instant <= now);
                if is_due {
                    *instant = None;
                    notices.say(kind, item.clone(), payload.clone());
                }
            };
            tell(&mut request.remind_at, EventKind::GateReminded);
            tell(&mut request.escalate_at, EventKind::GateEscalated);
            if request.expire_at.is_some_and(|instant| instant <= now) {
                request.expire_at = None;
                expired.push(request.view.stage.clone());
            }
        }
        for stage in expired {
            self.expire(&stage, now, notices);
        }
    }

    fn expire(&mut self, stage: &StageId, now: Timestamp, notices: &mut Notices) {
        let Some(view) = self.open_request(stage).map(|request| request.view.clone()) else { return };
        let Some(policy) = self.policy(stage, RequestKind::Gate) else { return };
        let payload = json!({
            "request_id": view.request_id,
            "gate": view.gate,
            "stage": stage,
            "on_expiry": policy.on_expiry,
        });
        notices.say(EventKind::GateExpired, Some(view.request_id.to_string()), payload);
        match policy.on_expiry {
            OnExpiry::Wait => {}
            OnExpiry::Fail => {
                self.settle_request(stage, RequestStatus::Expired, None, now);
                let message = format!(
                    "Nobody decided at gate {} in time. Retry opens it again, with the same text.",
                    view.gate
                );
                self.fail_by_rule(stage, "gate_expired", message, now, notices);
            }
            OnExpiry::RequestChanges => {
                self.settle_request(stage, RequestStatus::Expired, None, now);
                self.request_changes(stage, view.artifact, None, now, notices);
            }
        }
    }

    /// Time in which the project stands still is not counted.
    pub(super) fn stand_still(&mut self, now: Timestamp) {
        self.stopped_at.get_or_insert(now);
    }

    pub(super) fn go_on(&mut self, now: Timestamp) {
        if self.course != Course::Active || !self.lifecycle().is_active() {
            return;
        }
        let Some(stopped_at) = self.stopped_at.take() else { return };
        let ms = u64::try_from(now.0.saturating_sub(stopped_at.0)).unwrap_or(0);
        for request in self.requests.iter_mut().filter(|request| request.is_open()) {
            request.push_back(ms);
        }
    }
}
