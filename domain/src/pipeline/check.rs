//! Whether a definition can be used: words, graph, agents, gates. The first thing that is wrong is told with its line.

mod graph;
mod people;

use super::raw::{RawPipeline, RawStage};
use super::{ADVICE_SUFFIX, FROM_PEOPLE, OwnAgent, PipelineError, Verb, line_of};
use crate::agent::{self, OutputContract};
use std::collections::{BTreeMap, BTreeSet};
use toml::Spanned;

/// Most stages of a pipeline.
const STAGES_MAX: usize = 40;
/// Most bytes of an own agent's prompt: it goes along with every task.
const PROMPT_BYTES_MAX: usize = 8 * 1024;
/// Most tokens of one reply of an own agent.
const OUTPUT_TOKENS_MAX: u32 = 128_000;
/// Most minutes of model time in one run: a day.
const ACTIVE_MINUTES_MAX: u32 = 24 * 60;

pub(super) struct Checker<'a> {
    source: &'a str,
    known_agents: &'a BTreeSet<String>,
    /// The agents that come with the pipeline.
    own: BTreeMap<String, OutputContract>,
}

impl<'a> Checker<'a> {
    pub(super) fn new(source: &'a str, known_agents: &'a BTreeSet<String>) -> Self {
        Self { source, known_agents, own: BTreeMap::new() }
    }

    pub(super) fn check(mut self, raw: &RawPipeline) -> Result<(), PipelineError> {
        self.head(raw)?;
        for spanned in &raw.agent {
            self.own_agent(spanned)?;
            let agent = spanned.get_ref();
            if self.own.insert(agent.id.clone(), agent.output).is_some() {
                return Err(self.fail(spanned, format!("two agents are called `{}`", agent.id)));
            }
        }
        let mut producers: BTreeMap<&str, &RawStage> = BTreeMap::new();
        let mut ids = BTreeSet::new();
        for spanned in &raw.stage {
            let stage = spanned.get_ref();
            self.stage_words(stage)?;
            self.stage_agent(stage)?;
            if !ids.insert(stage.id.get_ref().as_str()) {
                return Err(self.fail(&stage.id, format!("two stages are called `{}`", stage.id.get_ref())));
            }
            if let Some(other) = producers.insert(stage.produces.get_ref(), stage) {
                let (name, other) = (stage.produces.get_ref(), other.id.get_ref());
                return Err(
                    self.fail(&stage.produces, format!("`{name}` is already made by stage `{other}`"))
                );
            }
        }
        let upstream = self.upstream(raw, &ids)?;
        for spanned in &raw.stage {
            let stage = spanned.get_ref();
            self.kind(stage, raw)?;
        }
        self.reachable(raw, &upstream)?;
        for spanned in &raw.stage {
            let stage = spanned.get_ref();
            self.reads(stage, &producers, &upstream)?;
            self.reviews(stage, raw, &producers)?;
            self.on_findings(stage, raw, &upstream)?;
        }
        self.gates(raw)?;
        self.agents_are_named(raw)
    }

    fn head(&self, raw: &RawPipeline) -> Result<(), PipelineError> {
        self.word(&raw.id, "the pipeline's id")?;
        if *raw.version.get_ref() == 0 {
            return Err(self.fail(&raw.version, "versions count from 1"));
        }
        self.text(&raw.title, "the title")?;
        if let Some(word) = &raw.done_status {
            self.status(word)?;
        }
        if let Some(minutes) = &raw.active_minutes
            && !(1..=ACTIVE_MINUTES_MAX).contains(minutes.get_ref())
        {
            return Err(
                self.fail(minutes, format!("a run has 1 to {ACTIVE_MINUTES_MAX} minutes of model time"))
            );
        }
        if raw.stage.is_empty() {
            return Err(PipelineError { line: 1, reason: "a pipeline needs at least one [[stage]]".into() });
        }
        if let Some(stage) = raw.stage.get(STAGES_MAX) {
            return Err(self.fail(stage, format!("a pipeline has at most {STAGES_MAX} stages")));
        }
        Ok(())
    }

    fn stage_words(&self, stage: &RawStage) -> Result<(), PipelineError> {
        self.word(&stage.id, "a stage's id")?;
        if stage.id.get_ref().ends_with(ADVICE_SUFFIX) {
            return Err(
                self.fail(&stage.id, format!("ids that end in `{ADVICE_SUFFIX}` belong to gates' advisors"))
            );
        }
        self.status(&stage.status)?;
        self.word(&stage.produces, "an artifact's name")?;
        self.text(&stage.message, "a message")?;
        let name = stage.produces.get_ref().as_str();
        if FROM_PEOPLE.contains(&name) && !(name == "brief" && stage.is_chat()) {
            let reason = if name == "brief" {
                "`brief` comes from people: only a chat with `confirm = true` makes it"
            } else {
                "`idea` and `answers` come from people, no stage makes them"
            };
            return Err(self.fail(&stage.produces, reason));
        }
        Ok(())
    }

    fn status(&self, value: &Spanned<String>) -> Result<(), PipelineError> {
        self.word(value, "a status")?;
        if value.get_ref().contains('-') {
            return Err(self.fail(value, "a status has no `-`: it is one word, or words joined by `_`"));
        }
        Ok(())
    }

    fn fail<T>(&self, at: &Spanned<T>, reason: impl Into<String>) -> PipelineError {
        PipelineError { line: line_of(self.source, at.span().start), reason: reason.into() }
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
