//! What is written. A reply is a function of the request alone: which agent asks, what its task says, and what the
//! documents in it say. Texts of people are data: they give nouns and quotations, never instructions.

mod architect;
mod critic;
mod elicitor;
mod generic;
mod lexicon;
mod mend;
mod outline;
mod package;
mod phrase;
mod product;
mod request;
mod schema;
mod spec;
mod stack;
mod synthesizer;

use crate::exchange::{Ask, Reply};
use request::Request;

const AGENTS: [&str; 4] = ["elicitor", "architect", "synthesizer", "critic"];

/// Which of our agents asks: the header says so, else the role words of the system prompt.
pub(crate) fn agent_of(header: &str, system: &str) -> Option<&'static str> {
    if let Some(agent) = AGENTS.into_iter().find(|agent| *agent == header) {
        return Some(agent);
    }
    if !header.is_empty() {
        return None;
    }
    let lower = system.to_lowercase();
    let named = |agent: &&str| {
        ["you are the ", "you are an ", "role: "].iter().any(|lead| lower.contains(&format!("{lead}{agent}")))
    };
    AGENTS.into_iter().find(named)
}

/// What a fault rule's `idea` looks into: the idea, or all that the user says where no idea is quoted.
pub(crate) fn idea_of(ask: &Ask) -> &str {
    let first = ask.turns.first().map_or("", |turn| turn.text.as_str());
    request::between(first, "<idea>", "</idea>").unwrap_or(first)
}

/// The reply to a request of this agent, or of anybody.
pub(crate) fn reply(ask: &Ask, agent: Option<&str>) -> Reply {
    let request = Request::read(ask);
    let known = agent.filter(|_| ask.tools.is_empty());
    match (known, &request) {
        (Some("elicitor"), Some(request)) => Reply::text(elicitor::reply(request)),
        (Some("architect"), Some(request)) => Reply::text(architect::reply(request)),
        (Some("synthesizer"), Some(request)) => Reply::text(synthesizer::reply(request)),
        (Some("critic"), Some(request)) => Reply::text(critic::reply(request)),
        _ => generic::reply(ask),
    }
}
