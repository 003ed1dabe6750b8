//! What a change of state says in the event log.

use super::{Actor, Command, Phase, Project, Timestamp};
use crate::command::Rejection;
use crate::event::{Cause, EventKind, Notice};
use crate::ids::StageId;
use serde_json::{Value, json};

/// Collects what one fact brings about.
pub(super) struct Notices {
    pub(super) cause: Cause,
    pub(super) actor: Actor,
    pub(super) at: Timestamp,
    pub(super) list: Vec<Notice>,
}

impl Notices {
    pub(super) fn say(&mut self, kind: EventKind, item: Option<String>, payload: Value) {
        self.list.push(Notice {
            kind,
            cause: self.cause.clone(),
            item,
            actor: self.actor,
            at: self.at,
            payload,
        });
    }
}

impl Project {
    /// What a new project says of itself: its first status and its first work.
    #[must_use]
    pub fn opening_notices(&self, now: Timestamp) -> Vec<Notice> {
        let mut notices = Notices { cause: Cause::Start, actor: Actor::System, at: now, list: Vec::new() };
        self.say_changes(None, &[], &mut notices);
        notices.list
    }

    /// The notice of a refused signal, which has no caller to be told.
    #[must_use]
    pub fn rejection_notice(&self, command: &Command, rejection: &Rejection, now: Timestamp) -> Notice {
        Notice {
            kind: EventKind::CommandRejected,
            cause: Cause::Command { command_id: command.command_id, name: command.body.name().to_owned() },
            item: None,
            actor: command.actor,
            at: now,
            payload: json!({
                "command": command.body.name(),
                "code": rejection.code,
                "message": rejection.message,
                "allowed": rejection.allowed,
            }),
        }
    }

    /// What a `status_changed` event speaks of.
    pub(super) fn face(&self) -> (Phase, String, Option<StageId>) {
        let summary = self.summary();
        (summary.phase, summary.status, summary.stage)
    }

    pub(super) fn say_changes(
        &self,
        before: Option<&(Phase, String, Option<StageId>)>,
        runnable: &[(StageId, u32)],
        notices: &mut Notices,
    ) {
        let face = self.face();
        if before != Some(&face) {
            let payload = json!({"phase": face.0, "status": face.1, "stage": face.2});
            notices.say(EventKind::StatusChanged, None, payload);
        }
        for (id, attempt) in self.runnable() {
            if runnable.contains(&(id.clone(), attempt)) {
                continue;
            }
            let message = self.pipeline.stage(&id).map(|stage| stage.message.as_str()).unwrap_or_default();
            let payload = json!({"stage": id, "attempt": attempt, "message": message});
            notices.say(EventKind::ProgressUpdate, Some(format!("{id}:{attempt}")), payload);
        }
        let was_completed = before.is_some_and(|before| before.0 == Phase::Completed);
        let is_old = notices
            .list
            .iter()
            .any(|notice| matches!(notice.kind, EventKind::RefinementFailed | EventKind::ProjectRestored));
        if face.0 == Phase::Completed && !was_completed && !is_old {
            let payload = json!({"status": face.1, "open_findings": self.open_findings});
            notices.say(EventKind::WorkflowCompleted, None, payload);
        }
    }
}
