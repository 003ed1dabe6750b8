//! What a command would do again, before it is said: the rules are run on a copy.

use super::{Command, Fact, Progress, Project, Timestamp};
use crate::command::Rejection;
use crate::ids::StageId;
use crate::work::ArtifactRef;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A stage that would be done again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviewStage {
    /// It.
    pub stage: StageId,
    /// The attempt that it has now.
    pub attempt: u32,
    /// Its agent.
    pub agent: String,
}

/// What a command would do again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// Stages that were begun and would be done again, in the order of the pipeline.
    pub stages: Vec<PreviewStage>,
    /// Artifacts that would no longer be current; they stay readable.
    pub superseded: Vec<ArtifactRef>,
    /// Decisions that would be void.
    pub requests_superseded: Vec<Uuid>,
}

impl Project {
    /// What `command` would do again. Nothing changes.
    ///
    /// # Errors
    /// Why it would be refused.
    pub fn preview(&self, command: &Command, now: Timestamp) -> Result<Preview, Rejection> {
        let mut after = self.clone();
        after.apply(Fact::Command(command.clone()), now)?;
        let again = |id: &StageId| {
            let (Some(before), Some(now)) = (self.stages.get(id), after.stages.get(id)) else { return false };
            let redone = now.attempt > before.attempt;
            let reopened = before.progress != Progress::Todo && now.progress == Progress::Todo;
            redone || reopened
        };
        let stages: Vec<PreviewStage> = self
            .pipeline
            .stages
            .iter()
            .filter(|stage| !stage.confirm && again(&stage.id))
            .map(|stage| PreviewStage {
                stage: stage.id.clone(),
                attempt: self.stages.get(&stage.id).map_or(1, |state| state.attempt),
                agent: stage.agent.clone(),
            })
            .collect();
        let is_redone = |artifact: &ArtifactRef| {
            after.artifacts.get(&artifact.name) != Some(artifact)
                || self
                    .pipeline
                    .producer(&artifact.name)
                    .is_some_and(|producer| stages.iter().any(|stage| stage.stage == producer.id))
        };
        let superseded = self.artifacts.values().filter(|artifact| is_redone(artifact)).cloned().collect();
        let void = self.requests.iter().filter(|request| {
            use crate::request::RequestStatus::{Amended, Approved};
            let now = after.requests.iter().find(|now| now.view.request_id == request.view.request_id);
            matches!(request.view.status, Approved | Amended)
                && now.is_some_and(|now| now.view.status != request.view.status)
        });
        let requests_superseded = void.map(|request| request.view.request_id).collect();
        Ok(Preview { stages, superseded, requests_superseded })
    }
}
