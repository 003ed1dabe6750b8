//! Implementer and coder: write the files that the plan names, some at a time, and finish. Where they are is told by the
//! results of the tool.

use super::build::{PlannedTask, plan_of, planned};
use super::handoff::{call, question};
use super::phrase::plain;
use super::request::Request;
use crate::exchange::{Ask, Reply, Role, Turn};
use crate::fault::{Effect, Rule};
use serde_json::json;

/// Files of one call.
const FILES_A_CALL: usize = 20;
/// Files that `many_files` writes where it does not say how many.
const MANY_FILES: u32 = 200;

pub(super) fn reply(ask: &Ask, request: &Request<'_>, rule: Option<&Rule>) -> Reply {
    if let Some(question) = question(ask, rule) {
        return question;
    }
    let plan = plan_of(request);
    let tasks = planned(&plan);
    let is_written = |turn: &&Turn| turn.role == Role::Tool && turn.text.contains(" written;");
    let parts_written = ask.turns.iter().filter(is_written).count();
    let feedback = plain(request.task.data("feedback"), 200);
    let paths = paths(&tasks, rule);
    let paths = if feedback.is_empty() { paths } else { vec!["CHANGES.md".to_owned()] };
    let Some(part) = paths.chunks(FILES_A_CALL).nth(parts_written) else {
        return finish(ask, &tasks, &paths);
    };
    let file = |path: &String| json!({ "path": path, "content": content(path, request, &feedback) });
    let files: Vec<_> = part.iter().map(file).collect();
    call(ask, "write_files", &json!({ "files": files }).to_string(), "I write the next files.")
}

/// What the plan names, each once, in its order; then as many more as a rule wants.
fn paths(tasks: &[PlannedTask<'_>], rule: Option<&Rule>) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    for path in tasks.iter().flat_map(|task| &task.files) {
        if !paths.iter().any(|other| other == path) {
            paths.push((*path).to_owned());
        }
    }
    if paths.is_empty() {
        paths.push("README.md".to_owned());
    }
    if let Some(rule) = rule.filter(|rule| rule.effect == Effect::ManyFiles) {
        let wanted = usize::try_from(rule.files.unwrap_or(MANY_FILES)).unwrap_or(usize::MAX);
        let missing = wanted.saturating_sub(paths.len());
        paths.extend((1..=missing).map(|number| format!("src/parts/part-{number:03}.ts")));
    }
    paths
}

fn content(path: &str, request: &Request<'_>, feedback: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let notice = "Simulated: written by Groundwork's simulator and by no model.";
    if !feedback.is_empty() {
        return format!("# Changes\n\n{notice}\n\n- {feedback}\n");
    }
    let ending = name.rsplit('.').next().unwrap_or_default();
    match (name, ending) {
        ("package.json", _) => {
            json!({ "name": "simulated", "private": true, "type": "module", "description": notice })
                .to_string()
                + "\n"
        }
        (_, "json") => "{}\n".to_owned(),
        (_, "sql") => format!("-- {notice}\ncreate table things (id uuid primary key);\n"),
        (_, "md") => format!("# Read me\n\n{notice}\n\n    npm install\n    npm start\n    npm test\n"),
        (_, "ts") if name.ends_with(".test.ts") => tests(path, request, notice),
        (_, "ts") => {
            let symbol: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
            format!(
                "// {notice}\nexport function run_{symbol}(input: string): string {{\n    return input.trim();\n}}\n"
            )
        }
        _ => format!("# {notice}\n"),
    }
}

/// The contract tests of that file, under their names.
fn tests(path: &str, request: &Request<'_>, notice: &str) -> String {
    let document = request.document("tests");
    let mut text = format!("// {notice}\nimport {{ expect, test }} from \"vitest\";\n");
    for block in document.split("\n### ").filter(|block| block.contains(&format!("\nfile: {path}\n"))) {
        let name = block.lines().find_map(|line| line.strip_prefix("name: ")).unwrap_or("works");
        text += &format!("\ntest({}, () => {{\n    expect(\" x \".trim()).toBe(\"x\");\n}});\n", json!(name));
    }
    text
}

fn finish(ask: &Ask, tasks: &[PlannedTask<'_>], paths: &[String]) -> Reply {
    let is_test = |path: &&&str| path.contains("test");
    let mut ids: Vec<&str> = tasks.iter().flat_map(|task| task.covers.iter().copied()).collect();
    ids.sort_unstable();
    ids.dedup();
    let covered = ids.iter().map(|id| {
        let files: Vec<&str> = tasks
            .iter()
            .filter(|task| task.covers.contains(id))
            .flat_map(|task| task.files.iter().copied())
            .collect();
        let tests: Vec<&&str> = files.iter().filter(is_test).collect();
        json!({ "requirement": id, "files": files, "tests": tests })
    });
    let arguments = json!({
        "summary": format!("(Simulated.) {} files as planned.", paths.len()),
        "coverage": covered.collect::<Vec<_>>(),
    });
    call(ask, "finish", &arguments.to_string(), "Everything is there.")
}
