//! Answers to anybody else: a short text, JSON of a wanted form, or a call of an offered tool.

use super::phrase::{plain, words};
use super::schema;
use crate::exchange::{Ask, Format, Part, Reply, Role, Stop, Tool, ToolChoice, hash_of};
use serde_json::{Value, json};

/// A reply that fits what was asked.
pub(super) fn reply(ask: &Ask) -> Reply {
    if let Some(tool) = tool_to_call(ask) {
        return call(ask, tool);
    }
    let last = ask.turns.last();
    let said = plain(last.map_or("", |turn| turn.text.as_str()), 160);
    match (&ask.format, last.map(|turn| turn.role)) {
        (Format::Schema(schema), _) => Reply::text(schema::value(schema, &said).to_string()),
        (Format::Json, _) => Reply::text(json!({"simulated": true, "about": said}).to_string()),
        (Format::Text, Some(Role::Tool)) => {
            Reply::text(format!("(Simulated answer.) The tool said: '{said}'. That answers the question."))
        }
        (Format::Text, _) => Reply::text(format!(
            "(Simulated answer.) You wrote: '{said}'. No model read it; this is Groundwork's simulator."
        )),
    }
}

/// With a free choice a tool is called once: the result of a tool is answered in words.
fn tool_to_call(ask: &Ask) -> Option<&Tool> {
    let answered = ask.turns.last().is_some_and(|turn| turn.role == Role::Tool);
    match &ask.tool_choice {
        ToolChoice::Never => None,
        ToolChoice::Named(name) => ask.tools.iter().find(|tool| tool.name == *name),
        ToolChoice::Any => best(ask),
        ToolChoice::Auto if answered => None,
        ToolChoice::Auto => best(ask),
    }
}

/// The tool whose name has most words in common with what was said; the first where none has.
fn best(ask: &Ask) -> Option<&Tool> {
    let said = words(ask.turns.last().map_or("", |turn| turn.text.as_str()));
    let score =
        |tool: &Tool| words(&tool.name.replace('_', " ")).iter().filter(|word| said.contains(word)).count();
    ask.tools.iter().rev().max_by_key(|tool| score(tool))
}

fn call(ask: &Ask, tool: &Tool) -> Reply {
    let said = ask.turns.last().map_or("", |turn| turn.text.as_str());
    let arguments: Value = schema::value(&tool.schema, &plain(said, 160));
    let arguments = if arguments.is_object() { arguments } else { json!({}) };
    let id = format!("toolu_simulated{:016x}", hash_of(&(said, &tool.name, ask.turns.len())));
    let lead = Part::Text(format!("(Simulated.) I call {}.", tool.name));
    let call = Part::Call { id, name: tool.name.clone(), arguments: arguments.to_string() };
    Reply { parts: vec![lead, call], stop: Stop::ToolUse }
}
