//! A request of our agents as it lies on the wire: documents between tags in the first turn, the task in the last.

use crate::exchange::{Ask, Role};

/// The documents and the task of a request.
#[derive(Debug)]
pub(super) struct Request<'a> {
    pub(super) idea: &'a str,
    pub(super) answers: Vec<Answered<'a>>,
    pub(super) spec: &'a str,
    pub(super) prompts: &'a str,
    /// The first message, whole.
    pub(super) first: &'a str,
    pub(super) task: Task<'a>,
}

/// What a call is for. In a repair it is the task that failed, so that the reply is the whole thing again.
#[derive(Debug)]
pub(super) struct Task<'a> {
    head: &'a str,
    body: &'a str,
}

/// A question with what was answered.
#[derive(Debug)]
pub(super) struct Answered<'a> {
    pub(super) id: &'a str,
    pub(super) question: &'a str,
    /// The labels of the chosen options without their keys, and free text; empty where nobody answered.
    pub(super) answer: String,
    /// `A1`, where the recommendation was taken.
    pub(super) assumption: Option<&'a str>,
}

impl<'a> Request<'a> {
    /// None where the request has no task of ours.
    pub(super) fn read(ask: &'a Ask) -> Option<Self> {
        let mut users = ask.turns.iter().filter(|turn| turn.role == Role::User);
        let first = users.next()?.text.as_str();
        let last = users.next_back().map_or(first, |turn| turn.text.as_str());
        // Words of ours between turns of tool calls have no task: the first one holds.
        let task = Task::last_in(last).or_else(|| Task::last_in(first))?;
        let task = if task.kind() == "repair" { Task::last_in(first)? } else { task };
        let document = |name: &str| {
            between(first, &format!("<document name=\"{name}\">"), "</document>").unwrap_or_default().trim()
        };
        Some(Self {
            idea: between(first, "<idea>", "</idea>").unwrap_or_default().trim(),
            answers: answers(between(first, "<answers>", "</answers>").unwrap_or_default()),
            spec: Some(document("spec")).filter(|text| !text.is_empty()).unwrap_or_else(|| any_spec(first)),
            prompts: document("prompts"),
            first,
            task,
        })
    }
}

impl<'a> Request<'a> {
    /// The same request without idea and answers.
    pub(super) fn bare(&self) -> Self {
        let task = Task { head: self.task.head, body: self.task.body };
        Self {
            idea: "",
            answers: Vec::new(),
            spec: self.spec,
            prompts: self.prompts,
            first: self.first,
            task,
        }
    }

    /// The document of that name; empty where there is none.
    pub(super) fn document(&self, name: &str) -> &'a str {
        between(self.first, &format!("<document name=\"{name}\">"), "</document>").unwrap_or_default().trim()
    }

    /// What the person said in a chat so far, the oldest first.
    pub(super) fn said(&self) -> Vec<&'a str> {
        let turns = self.first.split("<turn by=\"person\">").skip(1);
        turns.filter_map(|rest| rest.split_once("</turn>").map(|(text, _)| text.trim())).collect()
    }
}

impl<'a> Task<'a> {
    /// People's texts cannot hold a task: the agents escape its tag in them.
    fn last_in(text: &'a str) -> Option<Self> {
        let start = text.rfind("<task ")?;
        let (head, rest) = text[start..].split_once('>')?;
        Some(Self { head, body: rest.rsplit_once("</task>").map_or(rest, |(body, _)| body) })
    }

    pub(super) fn kind(&self) -> &'a str {
        attribute(self.head, "kind").unwrap_or_default()
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&'a str> {
        attribute(self.head, name)
    }

    /// What stands between tags of this name in the task; empty where there is none.
    pub(super) fn data(&self, name: &str) -> &'a str {
        between(self.body, &format!("<{name}>"), &format!("</{name}>")).unwrap_or_default().trim()
    }
}

/// The first document that reads like a specification: pipelines of one's own call it as they like.
fn any_spec(first: &str) -> &str {
    let documents = first.split("<document name=\"").skip(1);
    let texts = documents.filter_map(|rest| between(rest, "\">", "</document>"));
    texts.map(str::trim).find(|text| text.contains("### FR-001")).unwrap_or_default()
}

/// What stands between the first `open` and the first `close` after it.
pub(super) fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(open)?;
    rest.split_once(close).map(|(inner, _)| inner)
}

fn attribute<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    between(head, &format!(" {name}=\""), "\"")
}

fn answers(text: &str) -> Vec<Answered<'_>> {
    let mut answered = Vec::new();
    for block in text.split("<question ").skip(1) {
        let Some((head, rest)) = block.split_once('>') else { continue };
        let head_of_answer = between(rest, "<answer ", ">").unwrap_or_default();
        let words = rest.split_once("<answer ").and_then(|(_, tail)| between(tail, ">", "</answer>"));
        let lines = words.unwrap_or_default().lines().map(|line| without_key(line.trim()));
        answered.push(Answered {
            id: between(head, "id=\"", "\"").unwrap_or_default(),
            question: rest.trim_start().lines().next().unwrap_or_default().trim(),
            answer: lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; "),
            assumption: between(head_of_answer, "assumption=\"", "\""),
        });
    }
    answered
}

/// `A: Only the member` without its key.
fn without_key(line: &str) -> &str {
    match line.split_once(": ") {
        Some((key, label)) if key.len() == 1 && key.as_bytes()[0].is_ascii_uppercase() => label,
        _ => line,
    }
}
