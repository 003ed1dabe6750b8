//! Pipelines are data: TOML, validated, versioned, pinned by each project. A new pipeline is a new file.

use crate::ids::StageId;
use crate::limits::PIPELINE_BYTES_MAX;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use toml::Spanned;

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
}

impl Verb {
    /// The activity's wire name.
    #[must_use]
    pub fn activity(self) -> &'static str {
        match self {
            Self::Ask => "agent.ask",
            Self::Write => "agent.write",
            Self::Compose => "agent.compose",
            Self::Review => "agent.review",
        }
    }
}

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
    /// In the order of the file; `needs` decides what runs.
    #[serde(rename = "stage")]
    pub stages: Vec<Stage>,
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
    /// Name of the agent's definition.
    pub agent: String,
    /// Stages that must be done before.
    pub needs: Vec<StageId>,
    /// What the agent reads, in this order: `idea`, `answers`, or an artifact's name.
    pub reads: Vec<String>,
    /// The artifact that it makes.
    pub produces: String,
    /// What happens on review findings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_findings: Option<OnFindings>,
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPipeline {
    id: Spanned<String>,
    version: Spanned<u32>,
    title: Spanned<String>,
    #[serde(default)]
    description: String,
    #[serde(default)]
    stage: Vec<Spanned<RawStage>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStage {
    id: Spanned<String>,
    status: Spanned<String>,
    message: Spanned<String>,
    verb: Verb,
    agent: Spanned<String>,
    #[serde(default)]
    needs: Vec<Spanned<String>>,
    #[serde(default)]
    reads: Vec<Spanned<String>>,
    produces: Spanned<String>,
    on_findings: Option<RawOnFindings>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOnFindings {
    mend: Spanned<String>,
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
        let raw: RawPipeline = toml::from_str(source).map_err(|error| PipelineError {
            line: error.span().map_or(1, |span| line_of(source, span.start)),
            reason: error.message().trim().to_owned(),
        })?;
        Checker { source, known_agents }.check(&raw)?;
        Ok(raw.into_pipeline())
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
}

impl RawPipeline {
    fn into_pipeline(self) -> Pipeline {
        let stages = self.stage.into_iter().map(|stage| stage.into_inner().into_stage()).collect();
        Pipeline {
            id: self.id.into_inner(),
            version: self.version.into_inner(),
            title: self.title.into_inner(),
            description: self.description,
            stages,
        }
    }
}

impl RawStage {
    fn into_stage(self) -> Stage {
        Stage {
            id: StageId(self.id.into_inner()),
            status: self.status.into_inner(),
            message: self.message.into_inner(),
            verb: self.verb,
            agent: self.agent.into_inner(),
            needs: self.needs.into_iter().map(|need| StageId(need.into_inner())).collect(),
            reads: self.reads.into_iter().map(Spanned::into_inner).collect(),
            produces: self.produces.into_inner(),
            on_findings: self
                .on_findings
                .map(|findings| OnFindings { mend: StageId(findings.mend.into_inner()) }),
        }
    }
}

fn line_of(source: &str, offset: usize) -> usize {
    source.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

struct Checker<'a> {
    source: &'a str,
    known_agents: &'a BTreeSet<String>,
}

impl Checker<'_> {
    fn fail<T>(&self, at: &Spanned<T>, reason: impl Into<String>) -> PipelineError {
        PipelineError { line: line_of(self.source, at.span().start), reason: reason.into() }
    }

    fn check(&self, raw: &RawPipeline) -> Result<(), PipelineError> {
        self.word(&raw.id, "the pipeline's id")?;
        if *raw.version.get_ref() == 0 {
            return Err(self.fail(&raw.version, "versions count from 1"));
        }
        self.text(&raw.title, "the title")?;
        if raw.stage.is_empty() {
            return Err(PipelineError { line: 1, reason: "a pipeline needs at least one [[stage]]".into() });
        }
        let mut producers: BTreeMap<&str, &str> = BTreeMap::new();
        let mut ids = BTreeSet::new();
        for spanned in &raw.stage {
            let stage = spanned.get_ref();
            self.stage_words(stage)?;
            if !ids.insert(stage.id.get_ref().as_str()) {
                return Err(self.fail(&stage.id, format!("two stages are called `{}`", stage.id.get_ref())));
            }
            if let Some(other) = producers.insert(stage.produces.get_ref(), stage.id.get_ref()) {
                let reason = format!("`{}` is already made by stage `{other}`", stage.produces.get_ref());
                return Err(self.fail(&stage.produces, reason));
            }
        }
        let upstream = self.upstream(raw, &ids)?;
        for spanned in &raw.stage {
            let stage = spanned.get_ref();
            self.reads(stage, &producers, &upstream)?;
            self.on_findings(stage, raw, &upstream)?;
        }
        Ok(())
    }

    fn stage_words(&self, stage: &RawStage) -> Result<(), PipelineError> {
        self.word(&stage.id, "a stage's id")?;
        self.word(&stage.status, "a status")?;
        if stage.status.get_ref().contains('-') {
            return Err(
                self.fail(&stage.status, "a status has no `-`: it is one word, or words joined by `_`")
            );
        }
        self.word(&stage.produces, "an artifact's name")?;
        self.text(&stage.message, "a message")?;
        if ["idea", "answers"].contains(&stage.produces.get_ref().as_str()) {
            return Err(
                self.fail(&stage.produces, "`idea` and `answers` come from people, no stage makes them")
            );
        }
        if self.known_agents.contains(stage.agent.get_ref()) {
            return Ok(());
        }
        let known: Vec<_> = self.known_agents.iter().map(String::as_str).collect();
        let reason = format!("there is no agent `{}`; known: {}", stage.agent.get_ref(), known.join(", "));
        Err(self.fail(&stage.agent, reason))
    }

    /// For each stage all stages before it; a cycle or an unknown need is an error.
    fn upstream<'r>(
        &self,
        raw: &'r RawPipeline,
        ids: &BTreeSet<&str>,
    ) -> Result<BTreeMap<&'r str, BTreeSet<&'r str>>, PipelineError> {
        let mut upstream: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for spanned in &raw.stage {
            let stage = spanned.get_ref();
            for need in &stage.needs {
                if !ids.contains(need.get_ref().as_str()) {
                    return Err(
                        self.fail(need, format!("needs `{}`, and there is no such stage", need.get_ref()))
                    );
                }
            }
            upstream
                .insert(stage.id.get_ref(), stage.needs.iter().map(|need| need.get_ref().as_str()).collect());
        }
        for _ in 0..raw.stage.len() {
            let snapshot = upstream.clone();
            for before in upstream.values_mut() {
                let further: Vec<&str> =
                    before.iter().filter_map(|id| snapshot.get(id)).flatten().copied().collect();
                before.extend(further);
            }
        }
        for spanned in &raw.stage {
            let stage = spanned.get_ref();
            let id = stage.id.get_ref().as_str();
            if upstream.get(id).is_some_and(|before| before.contains(id)) {
                return Err(
                    self.fail(&stage.id, format!("stage `{id}` needs itself through its needs (a cycle)"))
                );
            }
        }
        Ok(upstream)
    }

    fn reads(
        &self,
        stage: &RawStage,
        producers: &BTreeMap<&str, &str>,
        upstream: &BTreeMap<&str, BTreeSet<&str>>,
    ) -> Result<(), PipelineError> {
        for read in &stage.reads {
            let name = read.get_ref().as_str();
            if ["idea", "answers"].contains(&name) {
                continue;
            }
            let Some(producer) = producers.get(name) else {
                return Err(self.fail(read, format!("reads `{name}`, and no stage makes it")));
            };
            if !upstream.get(stage.id.get_ref().as_str()).is_some_and(|before| before.contains(producer)) {
                let reason = format!("reads `{name}`, but does not need stage `{producer}` which makes it");
                return Err(self.fail(read, reason));
            }
        }
        Ok(())
    }

    fn on_findings(
        &self,
        stage: &RawStage,
        raw: &RawPipeline,
        upstream: &BTreeMap<&str, BTreeSet<&str>>,
    ) -> Result<(), PipelineError> {
        let Some(findings) = &stage.on_findings else {
            return Ok(());
        };
        if stage.verb != Verb::Review {
            return Err(self.fail(&findings.mend, "only a stage with verb `review` has findings"));
        }
        let target = findings.mend.get_ref().as_str();
        let writes =
            raw.stage.iter().map(Spanned::get_ref).any(|other| {
                other.id.get_ref() == target && matches!(other.verb, Verb::Write | Verb::Compose)
            });
        if !writes || !upstream.get(stage.id.get_ref().as_str()).is_some_and(|before| before.contains(target))
        {
            let reason = format!("`{target}` must be a writing stage before `{}`", stage.id.get_ref());
            return Err(self.fail(&findings.mend, reason));
        }
        Ok(())
    }

    fn word(&self, value: &Spanned<String>, what: &str) -> Result<(), PipelineError> {
        let text = value.get_ref();
        let fits = !text.is_empty()
            && text.len() <= 40
            && text.starts_with(|first: char| first.is_ascii_lowercase())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte));
        if fits {
            return Ok(());
        }
        Err(self.fail(
            value,
            format!("{what} is 1 to 40 of a-z, 0-9, - and _, and begins with a letter: `{text}`"),
        ))
    }

    fn text(&self, value: &Spanned<String>, what: &str) -> Result<(), PipelineError> {
        let length = value.get_ref().chars().count();
        if (1..=200).contains(&length) {
            return Ok(());
        }
        Err(self.fail(value, format!("{what} has 1 to 200 characters, this one has {length}")))
    }
}
