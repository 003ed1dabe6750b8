//! Reviewers of files, who read their checklist in their own prompt, and the alignment reviewer. They find something when
//! a rule says so.

use super::phrase::plain;
use super::request::{Request, between};
use super::spec;
use crate::exchange::Ask;
use crate::fault::{Effect, Rule};
use std::fmt::Write as _;

/// Items of which generated servers without sign-in by others, uploads and calls have nothing.
const ABSENT: [&str; 4] = ["V9", "V10", "V17", "ISM-2059"];

fn objects(rule: Option<&Rule>) -> bool {
    rule.is_some_and(|rule| rule.effect == Effect::Object)
}

pub(super) fn audit(ask: &Ask, request: &Request<'_>, rule: Option<&Rule>) -> String {
    let code = request.document("code");
    let path = between(code, "<sourcefile path=\"", "\"").unwrap_or("README.md");
    let checklist = ask.system.split("## Checklist").nth(1).and_then(|rest| rest.split("## Grammar").next());
    let items: Vec<(&str, &str)> = checklist
        .unwrap_or_default()
        .lines()
        .filter_map(|line| line.strip_prefix("- ")?.split_once(' '))
        .map(|(id, title)| (id, title.split(": ").next().unwrap_or(title)))
        .collect();
    let is_failed = |index: usize| objects(rule) && index == 1;
    let verdict = if objects(rule) { "FAIL" } else { "PASS" };
    let mut text = format!("verdict: {verdict}\n");
    for (index, (id, title)) in items.iter().enumerate() {
        let (result, evidence, reason) = match (is_failed(index), ABSENT.contains(id)) {
            (true, _) => (
                "fail",
                format!("{path}:1"),
                "(Simulated finding.) Input is used before it is checked; validate it first.",
            ),
            (false, true) => {
                ("not applicable", "none".to_owned(), "(Simulated.) The files have nothing of the kind.")
            }
            (false, false) => ("pass", format!("{path}:1"), "(Simulated.) The files hold it."),
        };
        // Writing to a String cannot fail.
        let _ = write!(text, "## {id} {title}\nresult: {result}\nevidence: {evidence}\nreason: {reason}\n");
    }
    text
}

pub(super) fn advice(request: &Request<'_>, rule: Option<&Rule>) -> String {
    // Without a brief what people began with is quoted, or else what is decided on.
    let texts = [request.document("brief"), request.idea, request.spec, request.first];
    let brief = texts.into_iter().find(|text| !text.is_empty()).unwrap_or_default();
    let problem = spec::section(brief, "Problem");
    let said = plain(if problem.is_empty() { brief } else { problem }, 200).replace(['"', '“', '”', '„'], "");
    let quotation = said.split_whitespace().take(8).collect::<Vec<_>>().join(" ");
    let (recommendation, reason) = if objects(rule) {
        ("REVISE", "the document does not speak of it (simulated).")
    } else {
        ("APPROVE", "the document takes it up (simulated).")
    };
    format!("recommendation: {recommendation}\n- \"{quotation}\": {reason}\n")
}
