//! The writers of pipeline `handoff`: the analyst's software specification, the architect's implementation plan, and the
//! question that either asks a person when a rule says so.

use super::architect;
use super::build;
use super::phrase::{plain, slug};
use super::product::Product;
use super::request::Request;
use super::spec;
use crate::exchange::{Ask, Part, Reply, Role, Stop, hash_of};
use crate::fault::{Effect, Rule};
use serde_json::json;
use std::fmt::Write as _;

/// The question to a person, where a rule wants one and none was asked in this talk yet.
pub(super) fn question(ask: &Ask, rule: Option<&Rule>) -> Option<Reply> {
    let is_due = rule.is_some_and(|rule| rule.effect == Effect::AskPerson);
    let is_first = !ask.turns.iter().any(|turn| turn.role == Role::Assistant);
    let tool = ask.tools.iter().find(|tool| tool.name == "ask_person")?;
    (is_due && is_first).then(|| {
        let arguments = json!({
            "question": "(Simulated question.) Who pays for it, and in which currency?",
            "reason": "Prices and invoices depend on it.",
        });
        call(ask, &tool.name, &arguments.to_string(), "I need a decision of the person.")
    })
}

/// A reply of a sentence and one call.
pub(super) fn call(ask: &Ask, tool: &str, arguments: &str, lead: &str) -> Reply {
    let said = ask.turns.last().map_or("", |turn| turn.text.as_str());
    let id = format!("toolu_simulated{:016x}", hash_of(&(said, tool, ask.turns.len())));
    let call = Part::Call { id, name: tool.to_owned(), arguments: arguments.to_owned() };
    Reply { parts: vec![Part::Text(format!("(Simulated.) {lead}")), call], stop: Stop::ToolUse }
}

pub(super) fn specification(request: &Request<'_>) -> String {
    if let Some(text) = build::again(request) {
        return text;
    }
    let whole = architect::specification(request);
    let product = Product::of(request.idea);
    let requirements = spec::section(&whole, "Requirements");
    let core = plain(request.idea, 400);
    let mut text =
        format!("## Core idea\n(Simulated.) {core}\n## Requirements\n{requirements}\n## User stories\n");
    let all = spec::requirements(&whole);
    for (index, requirement) in all.iter().enumerate() {
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(
            text,
            "- US{}: As a {}, I want '{}', so that I need nobody else for it. ({})",
            index + 1,
            product.role,
            plain(requirement.title, 80),
            requirement.id,
        );
    }
    let stories: Vec<String> = (1..=all.len()).map(|number| format!("US{number}")).collect();
    let _ = write!(
        text,
        "## Features\n- F1: {}: everything that people do with them ({})\n## Assumptions\nNone.\n",
        super::phrase::capital(&product.many),
        stories.join(", ")
    );
    text
}

pub(super) fn plan(request: &Request<'_>) -> String {
    if let Some(text) = build::again(request) {
        return text;
    }
    let specification = request.document("software_specification");
    let product = Product::of(spec::section(specification, "Core idea"));
    let (many, fields) = (slug(&product.many, '_'), product.fields.join(" text not null,\n    "));
    format!(
        "## Architecture\n```mermaid\nflowchart LR\n    browser --> server --> database[(PostgreSQL)]\n```\n(Simulated.) One server process and one database: nothing more is needed.\n\
         ## Database schema\n```sql\ncreate table {many} (\n    id uuid primary key,\n    {fields} text not null,\n    created_at timestamptz not null default now()\n);\n```\n\
         ## Tech stack\n- Node 22: one language for server and pages\n- PostgreSQL 17: keeps data consistent\n## Tasks\n{}",
        build::tasks(specification)
    )
}
