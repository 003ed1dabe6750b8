//! Pipelines are data: TOML, validated, versioned, pinned by each project. A new pipeline is a new file.

mod check;
mod gate;
mod raw;

use crate::agent::{Effort, OutputContract};
use crate::ids::StageId;
use crate::limits::PIPELINE_BYTES_MAX;
use crate::model::Tier;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

pub use gate::{GatePolicy, OnExpiry};

/// Ids of the pipelines that ship; nobody's own has one of them.
pub const SHIPPED: [&str; 3] = ["promptr", "build", "handoff"];

/// What a stage does; one activity type each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// Questions for people.
    Ask,
    /// One Markdown artifact.
    Write,
    /// An ordered set of prompts.
    Compose,
    /// A verdict with findings on exact digests.
    Review,
    /// Files, through tools.
    Implement,
    /// A turn of a chat, or a title.
    Reply,
    /// What the reviews before it come to, by code: no model is asked.
    Verdict,
}

impl Verb {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Ask, Self::Write, Self::Compose, Self::Review, Self::Implement, Self::Reply, Self::Verdict];

    /// The activity's wire name.
    #[must_use]
    pub fn activity(self) -> &'static str {
        match self {
            Self::Ask => "agent.ask",
            Self::Write => "agent.write",
            Self::Compose => "agent.compose",
            Self::Review => "agent.review",
            Self::Implement => "agent.implement",
            Self::Reply => "agent.reply",
            Self::Verdict => "stage.verdict",
        }
    }

    /// Whether an agent with this output contract can do it.
    #[must_use]
    pub fn takes(self, output: OutputContract) -> bool {
        match self {
            Self::Ask => output == OutputContract::Questions,
            Self::Write => matches!(
                output,
                OutputContract::Spec | OutputContract::Plan | OutputContract::Tests | OutputContract::Handoff
            ),
            Self::Compose => output == OutputContract::Prompts,
            Self::Review => matches!(output, OutputContract::Review | OutputContract::Audit),
            Self::Implement => output == OutputContract::Code,
            Self::Reply => matches!(output, OutputContract::Chat | OutputContract::Title),
            Self::Verdict => false,
        }
    }
}

/// Who does the stages that no agent does.
pub const ORCHESTRATOR: &str = "orchestrator";
/// What stands behind the id of a gate's stage in the id of its advisor's work.
pub const ADVICE_SUFFIX: &str = "-advice";

/// As which stage the advice beside a stage's gate runs.
#[must_use]
pub fn advice_stage(stage: &StageId) -> StageId {
    StageId(format!("{stage}{ADVICE_SUFFIX}"))
}
/// What comes from people and can be read without a stage that makes it.
pub const FROM_PEOPLE: [&str; 3] = ["idea", "answers", "brief"];

/// A pipeline's definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pipeline {
    /// Its name on the wire.
    pub id: String,
    /// Raised with every change.
    pub version: u32,
    /// For people.
    pub title: String,
    /// What it delivers.
    pub description: String,
    /// Its own word for a completed project; `completed` where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_status: Option<String>,
    /// Minutes of model time in one run, where the setting's are not enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_minutes: Option<u32>,
    /// True where each task's start and end are told (`task_start`, `task_complete`, `agent_status_update`).
    #[serde(default, skip_serializing_if = "is_false")]
    pub tells_tasks: bool,
    /// Agents of its own.
    #[serde(rename = "agent", default, skip_serializing_if = "Vec::is_empty")]
    pub agents: Vec<OwnAgent>,
    /// In the order of the file; `needs` decides what runs.
    #[serde(rename = "stage")]
    pub stages: Vec<Stage>,
}

/// An agent that comes with a pipeline: a prompt, a tier and an output contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnAgent {
    /// What the pipeline's stages name; no shipped agent is called so.
    pub id: String,
    /// For people, a few words.
    pub role: String,
    /// Which models may speak for it.
    pub tier: Tier,
    /// Its role prompt itself, Markdown.
    pub prompt: String,
    /// What its replies must look like.
    pub output: OutputContract,
    /// Tokens that one reply may have.
    #[serde(default = "own_output_tokens_max")]
    pub output_tokens_max: u32,
    /// Sent to models that take it.
    #[serde(default = "own_effort")]
    pub effort: Effort,
}

fn own_output_tokens_max() -> u32 {
    16_000
}

fn own_effort() -> Effort {
    Effort::Medium
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
pub(crate) fn is_false(value: &bool) -> bool {
    !*value
}

/// One stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// Unique in its pipeline.
    pub id: StageId,
    /// The pipeline's own word for a project at this stage.
    pub status: String,
    /// What is shown when it starts.
    pub message: String,
    /// What it does.
    pub verb: Verb,
    /// Name of the agent's definition; [`ORCHESTRATOR`] where none is asked.
    pub agent: String,
    /// Stages that must be done before.
    pub needs: Vec<StageId>,
    /// What the agent reads, in this order: `idea`, `answers`, `brief`, or an artifact's name.
    pub reads: Vec<String>,
    /// The artifact that it makes.
    pub produces: String,
    /// What happens on review findings; for a verdict: where Retry begins again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_findings: Option<OnFindings>,
    /// A chat whose brief a person confirms; that ends it. Its agent can be talked to at the pipeline's gates as well.
    #[serde(default, skip_serializing_if = "is_false")]
    pub confirm: bool,
    /// Runs beside the others as soon as what it reads exists, blocks nothing, and its failure fails nothing.
    #[serde(default, skip_serializing_if = "is_false")]
    pub side: bool,
    /// People decide on what it made before what needs it starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<GatePolicy>,
}

/// What happens on review findings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnFindings {
    /// The stage whose agent mends what can be mended; the reviewer then looks again.
    pub mend: StageId,
}

/// A definition that cannot be used: where, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct PipelineError {
    /// 1-based.
    pub line: usize,
    /// A sentence.
    pub reason: String,
}

impl Pipeline {
    /// Reads and validates a definition.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line.
    pub fn parse(source: &str, known_agents: &BTreeSet<String>) -> Result<Self, PipelineError> {
        if source.len() > PIPELINE_BYTES_MAX {
            return Err(PipelineError {
                line: 1,
                reason: format!(
                    "a pipeline has at most {PIPELINE_BYTES_MAX} bytes, this one has {}",
                    source.len()
                ),
            });
        }
        let raw: raw::RawPipeline = toml::from_str(source).map_err(|error| PipelineError {
            line: error.span().map_or(1, |span| line_of(source, span.start)),
            reason: error.message().trim().to_owned(),
        })?;
        check::Checker::new(source, known_agents).check(&raw)?;
        let pipeline = raw.into_pipeline();
        // Each project carries it in its state, as JSON.
        let pinned = serde_json::to_vec(&pipeline).map_or(usize::MAX, |json| json.len());
        if pinned > PIPELINE_BYTES_MAX {
            let reason =
                format!("a project would carry {pinned} bytes of it, and {PIPELINE_BYTES_MAX} is the most");
            return Err(PipelineError { line: 1, reason });
        }
        Ok(pipeline)
    }

    /// The stage of that id.
    #[must_use]
    pub fn stage(&self, id: &StageId) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.id == *id)
    }

    /// The stage that makes an artifact.
    #[must_use]
    pub fn producer(&self, artifact: &str) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.produces == artifact)
    }

    /// The stage with the gate of that name.
    #[must_use]
    pub fn gated(&self, gate: &str) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.gate.as_ref().is_some_and(|policy| policy.name == gate))
    }

    /// The stage whose agent people talk to.
    #[must_use]
    pub fn chat(&self) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.confirm)
    }

    /// The agent of its own that is called so.
    #[must_use]
    pub fn own_agent(&self, id: &str) -> Option<&OwnAgent> {
        self.agents.iter().find(|agent| agent.id == id)
    }

    /// Its word for a completed project.
    #[must_use]
    pub fn done_word(&self) -> &str {
        self.done_status.as_deref().unwrap_or("completed")
    }

    /// All stages that need `id`, directly or through others.
    #[must_use]
    pub fn downstream(&self, id: &StageId) -> BTreeSet<StageId> {
        let mut found = BTreeSet::new();
        loop {
            let before = found.len();
            for stage in &self.stages {
                if stage.needs.iter().any(|need| need == id || found.contains(need)) {
                    found.insert(stage.id.clone());
                }
            }
            if found.len() == before {
                return found;
            }
        }
    }

    /// All stages that `id` needs, directly or through others, in the order of the file.
    #[must_use]
    pub fn upstream(&self, id: &StageId) -> Vec<&Stage> {
        self.stages.iter().filter(|stage| self.downstream(&stage.id).contains(id)).collect()
    }
}

pub(crate) fn line_of(source: &str, offset: usize) -> usize {
    source.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}
