//! Agents are data: role, tier, prompt file, output contract, caps (requirements E-05, P-09).

use crate::model::Tier;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

const SHIPPED: &str = include_str!("../agents.toml");

/// The grammar that an agent's reply must have; each has one parser in `agents`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutputContract {
    /// Zero to so many questions.
    Questions,
    /// One specification.
    Spec,
    /// Five or six ordered prompts.
    Prompts,
    /// A verdict with findings.
    Review,
    /// An answer to a person, with the running brief.
    Chat,
    /// One line.
    Title,
    /// Tasks `T001`, … in order.
    Plan,
    /// Tests `CT-001`, …, each for a requirement and a task.
    Tests,
    /// Files, written by calls of tools.
    Code,
    /// Pass or fail, item by item.
    Audit,
    /// A recommendation with reasons.
    Advice,
    /// What the next agent is handed: typed fields with a Markdown body.
    Handoff,
}

/// How much a model that can think should think before it answers. Thinking counts as output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effort {
    /// As little as it can.
    Low,
    /// As much as the task needs.
    Medium,
    /// More than it would by itself.
    High,
}

impl Effort {
    /// The word on the wire, the same for both providers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// One agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentDefinition {
    /// What pipelines name: `elicitor`, `architect`, `spec_writer`, …
    pub id: String,
    /// For people, a few words.
    pub role: String,
    /// Which models may speak for it.
    pub tier: Tier,
    /// Its role prompt, a file of `agents/prompts`.
    pub prompt: String,
    /// What its replies must look like.
    pub output: OutputContract,
    /// Tokens that one reply may have.
    pub output_tokens_max: u32,
    /// Sent to models that take it.
    pub effort: Effort,
}

/// A file of agents that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct AgentsError {
    /// 1-based.
    pub line: usize,
    /// A sentence.
    pub reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    agent: Vec<toml::Spanned<AgentDefinition>>,
}

/// Reads agent definitions from TOML, keyed by id.
///
/// # Errors
/// The first thing that is wrong, with its line: bad TOML, a second agent of one id, a cap of zero.
pub fn parse(source: &str) -> Result<BTreeMap<String, AgentDefinition>, AgentsError> {
    let line_of = |offset: usize| source.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1;
    let file: File = toml::from_str(source).map_err(|error| AgentsError {
        line: error.span().map_or(1, |span| line_of(span.start)),
        reason: error.message().trim().to_owned(),
    })?;
    let mut agents = BTreeMap::new();
    for spanned in file.agent {
        let line = line_of(spanned.span().start);
        let agent = spanned.into_inner();
        if agent.output_tokens_max == 0 {
            return Err(AgentsError { line, reason: format!("agent `{}` may not write anything", agent.id) });
        }
        let id = agent.id.clone();
        if agents.insert(id.clone(), agent).is_some() {
            return Err(AgentsError { line, reason: format!("two agents are called `{id}`") });
        }
    }
    Ok(agents)
}

static AGENTS: LazyLock<BTreeMap<String, AgentDefinition>> =
    LazyLock::new(|| parse(SHIPPED).expect("agents.toml is part of this program and tested"));

/// The definition of a shipped agent.
#[must_use]
pub fn find(id: &str) -> Option<&'static AgentDefinition> {
    AGENTS.get(id)
}

/// Ids of all shipped agents: what a pipeline may name.
#[must_use]
pub fn known_agents() -> BTreeSet<String> {
    AGENTS.keys().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_agents_have_the_caps_of_the_requirements() {
        let caps: Vec<_> = ["elicitor", "architect", "synthesizer", "critic"]
            .iter()
            .map(|id| find(id).map(|agent| (agent.tier, agent.output_tokens_max)))
            .collect();
        assert_eq!(
            caps,
            [
                Some((Tier::Small, 4_000)),
                Some((Tier::Standard, 16_000)),
                Some((Tier::Standard, 32_000)),
                Some((Tier::Critic, 8_000))
            ]
        );
        let build: Vec<_> = [
            "spec_writer",
            "planner",
            "contract_tester",
            "implementer",
            "security_reviewer",
            "code_reviewer",
        ]
        .iter()
        .chain(&["alignment_reviewer", "title"])
        .map(|id| find(id).map(|agent| agent.output_tokens_max))
        .collect();
        let caps = [32_000, 32_000, 32_000, 128_000, 16_000, 16_000, 500, 50].map(Some);
        assert_eq!(build, caps, "requirements E-29 to E-34");
        assert_eq!(known_agents().len(), 16);
    }

    #[test]
    fn errors_name_line_and_reason() {
        let twice = format!("{SHIPPED}\n{SHIPPED}");
        let error = parse(&twice).map(|_| ()).map_err(|error| error.reason);
        assert_eq!(error, Err("two agents are called `elicitor`".to_owned()));
        let bad = SHIPPED.replacen("tier = \"small\"", "tier = \"tiny\"", 1);
        assert!(matches!(parse(&bad), Err(AgentsError { line: 6, .. })), "{:?}", parse(&bad));
    }
}
