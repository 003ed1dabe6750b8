//! What a run of the workflow begins with.

use groundwork_domain::command::Command;
use groundwork_domain::limits::Limits;
use groundwork_domain::pipeline::Pipeline;
use groundwork_domain::project::{Project, ProjectInput, RULES};
use serde::{Deserialize, Serialize};

/// Input of the workflow. It is decoded again in every replay: variants and optional fields are only ever added.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "opening", rename_all = "snake_case")]
pub enum StartInput {
    /// A new project.
    New {
        /// What it is made from.
        input: ProjectInput,
        /// Pinned with it.
        pipeline: Box<Pipeline>,
        /// As the settings are now.
        limits: Limits,
        /// The version of the rules, recorded here so that a later build replays by the same.
        rules: u32,
    },
    /// The same project in a new run.
    Continued {
        /// Everything.
        project: Box<Project>,
        /// The version of the rules from here on.
        rules: u32,
    },
    /// An archived or deleted project, opened again by what is said to it.
    Reopened {
        /// Everything, as the last run published it.
        project: Box<Project>,
        /// The version of the rules from here on.
        rules: u32,
        /// Restore, or Delete of an archived one. Said before: the run ends at once.
        command: Command,
    },
}

impl StartInput {
    /// A new project under the rules of this build.
    #[must_use]
    pub fn new(input: ProjectInput, pipeline: Pipeline, limits: Limits) -> Self {
        Self::New { input, pipeline: Box::new(pipeline), limits, rules: RULES }
    }
}
