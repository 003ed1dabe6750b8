//! Tools as models see them, and arguments as they come: strictly read, whatever a model wrote.

use crate::tool::{ToolCall, ToolSpec};
use groundwork_domain::document::files::{CodePath, Coverage};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Longest question to a person, in characters.
const QUESTION_CHARS_MAX: usize = 2_000;
/// Longest summary, in characters.
const SUMMARY_CHARS_MAX: usize = 8_000;

/// What an agent asks a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonQuestion {
    /// The question.
    pub question: String,
    /// Why only the person can answer it.
    #[serde(default)]
    pub reason: String,
}

/// A call that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Request {
    WriteFiles { files: Vec<(String, String)> },
    ReadFile { path: String },
    ListFiles,
    Finish { summary: String, coverage: Vec<Coverage> },
    AskPerson(PersonQuestion),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WriteFiles {
    files: Vec<NewFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewFile {
    path: String,
    content: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadFile {
    path: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Finish {
    summary: String,
    coverage: Vec<Covered>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Covered {
    requirement: String,
    files: Vec<CodePath>,
    #[serde(default)]
    tests: Vec<CodePath>,
}

/// Reads a call.
///
/// # Errors
/// What is wrong with it, in words for the model.
pub(super) fn read(call: &ToolCall) -> Result<Request, String> {
    let request = match call.name.as_str() {
        "write_files" => {
            let WriteFiles { files } = parse(call)?;
            if files.is_empty() {
                return Err("`write_files` takes at least one file.".to_owned());
            }
            Request::WriteFiles { files: files.into_iter().map(|file| (file.path, file.content)).collect() }
        }
        "read_file" => Request::ReadFile { path: parse::<ReadFile>(call)?.path },
        "list_files" => {
            let Nothing {} = parse(call)?;
            Request::ListFiles
        }
        "finish" => {
            let Finish { summary, coverage } = parse(call)?;
            said("summary", &summary, SUMMARY_CHARS_MAX)?;
            let covered =
                |one: Covered| Coverage { requirement: one.requirement, files: one.files, tests: one.tests };
            Request::Finish { summary, coverage: coverage.into_iter().map(covered).collect() }
        }
        "ask_person" => {
            let question: PersonQuestion = parse(call)?;
            said("question", &question.question, QUESTION_CHARS_MAX)?;
            Request::AskPerson(question)
        }
        other => return Err(format!("There is no tool `{other}`.")),
    };
    Ok(request)
}

fn said(field: &str, text: &str, letters_max: usize) -> Result<(), String> {
    let letters = text.chars().count();
    if text.trim().is_empty() || letters > letters_max {
        return Err(format!("`{field}` has 1 to {letters_max} characters, this one has {letters}."));
    }
    Ok(())
}

fn parse<T: for<'de> Deserialize<'de>>(call: &ToolCall) -> Result<T, String> {
    // No arguments at all is how some models call a tool that takes none.
    let arguments = if call.arguments.trim().is_empty() { "{}" } else { &call.arguments };
    serde_json::from_str(arguments)
        .map_err(|error| format!("The arguments of `{}` cannot be read: {error}.", call.name))
}

fn tool(name: &str, description: &str, properties: Value, required: &[&str]) -> ToolSpec {
    let schema = json!({
        "type": "object", "properties": properties, "required": required, "additionalProperties": false,
    });
    ToolSpec { name: name.to_owned(), description: description.to_owned(), schema }
}

pub(super) fn file_tools(may_ask: bool) -> Vec<ToolSpec> {
    let text = |description: &str| json!({ "type": "string", "description": description });
    let paths = json!({ "type": "array", "items": { "type": "string" } });
    let file = json!({
        "type": "object",
        "properties": { "path": text("Relative, `/` between folders."), "content": text("The whole file.") },
        "required": ["path", "content"], "additionalProperties": false,
    });
    let covered = json!({
        "type": "object",
        "properties": { "requirement": text("Its id, such as FR-001."), "files": paths, "tests": paths },
        "required": ["requirement", "files"], "additionalProperties": false,
    });
    let mut tools = vec![
        tool(
            "write_files",
            "Writes files whole. A path that is there already is replaced.",
            json!({ "files": { "type": "array", "items": file } }),
            &["files"],
        ),
        tool(
            "read_file",
            "The text of a file that you wrote.",
            json!({ "path": text("As it was written.") }),
            &["path"],
        ),
        tool("list_files", "Paths and bytes of all files that you wrote.", json!({}), &[]),
        tool(
            "finish",
            "Ends the work. Called once, when all files are written.",
            json!({
                "summary": text("What was built and what a reader should know, in a few sentences."),
                "coverage": { "type": "array", "items": covered },
            }),
            &["summary", "coverage"],
        ),
    ];
    if may_ask {
        tools.push(ask_person());
    }
    tools
}

pub(super) fn ask_person() -> ToolSpec {
    let text = |description: &str| json!({ "type": "string", "description": description });
    tool(
        "ask_person",
        "Asks the person one thing that only they can decide and that blocks the work. The work stops until they answer.",
        json!({
            "question": text("One question, in the person's words."),
            "reason": text("What depends on the answer, in a sentence."),
        }),
        &["question"],
    )
}
