//! What a change of state says in the event log.

use super::{Actor, Command, Phase, Progress, Project, Timestamp};
use crate::command::Rejection;
use crate::event::{Cause, EventKind, Notice};
use crate::ids::StageId;
use crate::publication::{TaskStatus, TaskView};
use serde_json::{Value, json};

type Face = (Phase, String, Option<StageId>);

/// A project before a fact.
pub(super) struct Before {
    face: Face,
    runnable: Vec<(StageId, u32)>,
    /// Work beside the stages, with its agent.
    beside: Vec<(StageId, u32, String)>,
    /// Empty where the pipeline does not tell its tasks.
    tasks: Vec<TaskView>,
}

/// Collects what one fact brings about.
pub(super) struct Notices {
    pub(super) cause: Cause,
    pub(super) actor: Actor,
    pub(super) at: Timestamp,
    pub(super) list: Vec<Notice>,
}

impl Notices {
    fn is_cancellation(&self) -> bool {
        matches!(&self.cause, Cause::Command { name, .. } if name == "cancel")
    }

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
        self.say_changes(None, &mut notices);
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
    fn face(&self) -> Face {
        let summary = self.summary();
        (summary.phase, summary.status, summary.stage)
    }

    /// What is compared with what a fact made of it.
    pub(super) fn before(&self) -> Before {
        let tasks = if self.pipeline.tells_tasks { self.tasks.iter().cloned().collect() } else { Vec::new() };
        Before { face: self.face(), runnable: self.runnable(), beside: self.beside(), tasks }
    }

    /// Work beside the stages that is under way; none where the pipeline does not tell its tasks.
    fn beside(&self) -> Vec<(StageId, u32, String)> {
        if !self.pipeline.tells_tasks || !self.goes_on() {
            return Vec::new();
        }
        self.side_tasks().map(|task| (task.stage, task.attempt, task.agent)).collect()
    }

    pub(super) fn say_changes(&self, before: Option<&Before>, notices: &mut Notices) {
        let face = self.face();
        if before.map(|before| &before.face) != Some(&face) {
            let payload = json!({"phase": face.0, "status": face.1, "stage": face.2});
            notices.say(EventKind::StatusChanged, None, payload);
        }
        self.say_ended(before, notices);
        let was_runnable = before.map_or(&[][..], |before| &before.runnable);
        for (id, attempt) in self.runnable() {
            if was_runnable.contains(&(id.clone(), attempt)) {
                continue;
            }
            let Some(stage) = self.pipeline.stage(&id) else { continue };
            let item = Some(format!("{id}:{attempt}"));
            let payload = json!({"stage": id, "attempt": attempt, "message": stage.message});
            notices.say(EventKind::ProgressUpdate, item, payload);
            if self.pipeline.tells_tasks {
                say_start(&id, attempt, &stage.agent, notices);
            }
        }
        let was_beside = before.map_or(&[][..], |before| &before.beside);
        for (id, attempt, agent) in self.beside() {
            if !was_beside.contains(&(id.clone(), attempt, agent.clone())) {
                say_start(&id, attempt, &agent, notices);
            }
        }
        let was_completed = before.is_some_and(|before| before.face.0 == Phase::Completed);
        let is_old =
            notices.list.iter().any(|notice| {
                matches!(notice.kind, EventKind::RefinementFailed | EventKind::ProjectRestored)
            }) || (self.rules >= 2 && notices.is_cancellation());
        if face.0 == Phase::Completed && !was_completed && !is_old {
            let payload = json!({"status": face.1, "open_findings": self.open_findings});
            notices.say(EventKind::WorkflowCompleted, None, payload);
        }
    }

    /// Stages that are done, of a hundred.
    fn percent_done(&self) -> usize {
        let stages: Vec<_> = self.pipeline.stages.iter().filter(|stage| !stage.side).collect();
        let done = stages.iter().filter(|stage| self.progress(&stage.id) == Some(Progress::Done)).count();
        done * 100 / stages.len().max(1)
    }

    /// Tasks that ended, or that wait for people now.
    fn say_ended(&self, before: Option<&Before>, notices: &mut Notices) {
        let Some(before) = before.filter(|_| self.pipeline.tells_tasks) else { return };
        for task in &self.tasks {
            let (stage, attempt) = (&task.stage, task.attempt);
            let was = before.tasks.iter().find(|old| old.stage == *stage && old.attempt == attempt);
            if task.status == TaskStatus::Pending || was.is_some_and(|was| was.status == task.status) {
                continue;
            }
            if task.status.is_final() {
                let payload = json!({
                    "stage": stage,
                    "attempt": attempt,
                    "agent_type": task.agent,
                    "status": task.status,
                });
                notices.say(EventKind::TaskComplete, Some(format!("{stage}:{attempt}")), payload);
            }
            if task.status == TaskStatus::Completed {
                let payload = json!({"stage": stage, "attempt": attempt, "progress": self.percent_done()});
                notices.say(EventKind::TaskProgress, Some(format!("{stage}:{attempt}")), payload);
            }
            say_agent(stage, attempt, &task.agent, task.status.as_str(), notices);
        }
    }
}

fn say_start(stage: &StageId, attempt: u32, agent: &str, notices: &mut Notices) {
    let payload = json!({"stage": stage, "attempt": attempt, "agent_type": agent});
    notices.say(EventKind::TaskStart, Some(format!("{stage}:{attempt}")), payload);
    say_agent(stage, attempt, agent, "working", notices);
}

fn say_agent(stage: &StageId, attempt: u32, agent: &str, status: &str, notices: &mut Notices) {
    let payload = json!({"agent_type": agent, "status": status, "stage": stage, "attempt": attempt});
    notices.say(EventKind::AgentStatusUpdate, Some(format!("{stage}:{attempt}:{status}")), payload);
}
