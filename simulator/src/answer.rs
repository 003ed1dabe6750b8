//! What is written. A reply is a function of the request alone: which agent asks, what its task says, and what the
//! documents in it say. Texts of people are data: they give nouns and quotations, never instructions.

mod architect;
mod build;
mod chat;
mod coder;
mod critic;
mod elicitor;
mod generic;
mod handoff;
mod lexicon;
mod mend;
mod outline;
mod package;
mod phrase;
mod product;
mod request;
mod reviewers;
mod schema;
mod spec;
mod stack;
mod synthesizer;

use crate::exchange::{Ask, Reply};
use crate::fault::Rule;
use request::Request;

/// The first four are also known by the words of their roles.
const AGENTS: [&str; 16] = [
    "elicitor",
    "architect",
    "synthesizer",
    "critic",
    "ba",
    "title",
    "spec_writer",
    "planner",
    "contract_tester",
    "implementer",
    "security_reviewer",
    "code_reviewer",
    "alignment_reviewer",
    "analyst",
    "handoff_architect",
    "coder",
];

/// Which agent asks: the header says so, else the role words of the system prompt.
pub(crate) fn agent_of(header: &str, system: &str) -> Option<String> {
    if !header.is_empty() {
        return Some(header.to_owned());
    }
    let lower = system.to_lowercase();
    let named = |agent: &&str| {
        ["you are the ", "you are an ", "role: "].iter().any(|lead| lower.contains(&format!("{lead}{agent}")))
    };
    AGENTS[..4].iter().copied().find(named).map(str::to_owned)
}

/// The agent of ours that does what a task asks for: an agent of a pipeline of one's own is answered for as that one.
fn like(request: &Request<'_>) -> Option<&'static str> {
    Some(match request.task.kind() {
        "ask" => "elicitor",
        "write" | "refine-section" => "architect",
        "compose" | "mend" | "refine-prompt" => "synthesizer",
        "review" => "critic",
        "chat" => "ba",
        "title" => "title",
        "specify" => "spec_writer",
        "plan" => "planner",
        "contract-tests" => "contract_tester",
        "hand-over" if request.task.attribute("artifact") == Some("software_specification") => "analyst",
        "hand-over" => "handoff_architect",
        "implement" => "implementer",
        "audit" => "code_reviewer",
        "advise" => "alignment_reviewer",
        _ => return None,
    })
}

/// What a fault rule's `idea` looks into: the idea, or all that the user says where no idea is quoted.
pub(crate) fn idea_of(ask: &Ask) -> &str {
    let first = ask.turns.first().map_or("", |turn| turn.text.as_str());
    request::between(first, "<idea>", "</idea>").unwrap_or(first)
}

/// The reply to a request of this agent, or of anybody. A rule may say what is found or asked, and how much is written.
pub(crate) fn reply(ask: &Ask, agent: Option<&str>, rule: Option<&Rule>) -> Reply {
    let request = Request::read(ask);
    let Some((agent, request)) = agent.zip(request.as_ref()) else { return generic::reply(ask) };
    let ours = AGENTS.into_iter().find(|ours| *ours == agent).or_else(|| like(request));
    ours.and_then(|ours| known(ask, ours, request, rule)).unwrap_or_else(|| generic::reply(ask))
}

fn known(ask: &Ask, agent: &str, request: &Request<'_>, rule: Option<&Rule>) -> Option<Reply> {
    let offers = |tool: &str| ask.tools.iter().any(|one| one.name == tool);
    if offers("write_files") {
        return Some(coder::reply(ask, request, rule));
    }
    if offers("ask_person")
        && let Some(question) = handoff::question(ask, rule)
    {
        return Some(question);
    }
    if !ask.tools.is_empty() && !offers("ask_person") {
        return None;
    }
    let text = match agent {
        "elicitor" => elicitor::reply(request),
        "architect" => architect::reply(request),
        "synthesizer" => synthesizer::reply(request),
        "critic" => critic::reply(request),
        "ba" => chat::reply(request),
        "title" => build::title(request),
        "spec_writer" => build::specification(request),
        "planner" => build::plan(request),
        "contract_tester" => build::tests(request),
        "security_reviewer" | "code_reviewer" => reviewers::audit(ask, request, rule),
        "alignment_reviewer" => reviewers::advice(request, rule),
        "analyst" => handoff::specification(request),
        "handoff_architect" => handoff::plan(request),
        _ => return None,
    };
    Some(Reply::text(text))
}
