//! Checks between documents of pipelines `build` and `handoff`: what code can decide about plans, tests, files, reviews
//! and advice. Each failure is an error that a repair turn can quote.

use super::words;
use crate::parse::{ERRORS_MAX, ParseError, ParseErrors, Spec, quotations};
use groundwork_domain::document::audit::{Advice, Audit};
use groundwork_domain::document::files::{CodeFile, Coverage};
use groundwork_domain::document::plan::{ContractTests, Plan, PlanTask};
use std::collections::BTreeSet;

/// Shortest quotation that says something, in letters.
const QUOTATION_LETTERS_MIN: usize = 4;

#[derive(Default)]
struct Faults(Vec<ParseError>);

impl Faults {
    fn add(&mut self, line: usize, rule: impl Into<String>, found: impl Into<String>) {
        if self.0.len() < ERRORS_MAX {
            self.0.push(ParseError { line, rule: rule.into(), found: format!("`{}`", found.into()) });
        }
    }

    fn finish(self) -> Result<(), ParseErrors> {
        if self.0.is_empty() { Ok(()) } else { Err(ParseErrors(self.0)) }
    }
}

/// Ids that a plan must cover: requirements that hold, and qualities.
fn wanted(spec: &Spec) -> BTreeSet<String> {
    spec.requirement_ids().into_iter().chain(spec.qualities.iter().cloned()).collect()
}

/// Whether the tasks cover these ids and no others.
///
/// # Errors
/// Every id without a task, every unknown id, every placeholder.
pub(super) fn tasks(ids: &BTreeSet<String>, tasks: &[PlanTask]) -> Result<(), ParseErrors> {
    let mut faults = Faults::default();
    let covered: BTreeSet<&String> = tasks.iter().flat_map(|task| &task.covers).collect();
    for id in ids.iter().filter(|id| !covered.contains(id)) {
        faults.add(0, "every requirement and quality stands under `covers:` of a task", id);
    }
    for task in tasks {
        for id in task.covers.iter().filter(|id| !ids.contains(*id)) {
            faults.add(task.line, "`covers:` names what the specification has and has not retired", id);
        }
        if let Some(word) = words::placeholder(&task.body) {
            faults.add(task.line, "a task says what to do and has no placeholder", word);
        }
    }
    faults.finish()
}

pub(super) fn plan(spec: &Spec, plan: &Plan) -> Result<(), ParseErrors> {
    tasks(&wanted(spec), &plan.tasks)
}

pub(super) fn contract(spec: &Spec, plan: &Plan, tests: &ContractTests) -> Result<(), ParseErrors> {
    let mut faults = Faults::default();
    let ids = wanted(spec);
    // A person may have struck a task from the plan: then there is nothing that a test of it could name.
    let is_planned = |id: &String| plan.tasks.iter().any(|task| task.covers.contains(id));
    for id in spec.requirement_ids().into_iter().filter(is_planned) {
        if !tests.tests.iter().any(|test| test.requirement == id) {
            faults.add(0, "every requirement that is planned has at least one test", id);
        }
    }
    let mut names = BTreeSet::new();
    for test in &tests.tests {
        if !ids.contains(&test.requirement) {
            let rule = "`requirement:` is in the specification and not retired";
            faults.add(test.line, rule, &test.requirement);
        }
        match plan.tasks.iter().find(|task| task.id == test.task) {
            None => faults.add(test.line, "`task:` is a task of the plan", &test.task),
            Some(task) if !task.covers.contains(&test.requirement) => {
                let rule = format!("the task of {} covers {}", test.id, test.requirement);
                faults.add(test.line, rule, format!("{} covers {}", task.id, task.covers.join(", ")));
            }
            Some(_) => {}
        }
        if !names.insert((test.file.as_str(), test.name.as_str())) {
            faults.add(test.line, "no two tests of a file have one name", &test.name);
        }
    }
    faults.finish()
}

pub(super) fn ids_kept(before: &[String], after: &str) -> Result<(), ParseErrors> {
    let mut faults = Faults::default();
    for id in before {
        let heads = |line: &str| line.trim_start_matches('#').trim_start().starts_with(&format!("{id} "));
        if !after.lines().any(|line| line.starts_with('#') && heads(line)) {
            faults.add(
                0,
                "ids are for ever: what falls away keeps its heading, with `(retired)` behind the title",
                id,
            );
        }
    }
    faults.finish()
}

pub(super) fn advice(brief: &str, advice: &Advice) -> Result<(), ParseErrors> {
    let mut faults = Faults::default();
    let brief = letters(brief);
    for reason in &advice.reasons {
        let quoted = quotations(reason);
        let is_quoted = |quotation: &String| {
            let wanted = letters(quotation);
            wanted.chars().count() >= QUOTATION_LETTERS_MIN && brief.contains(&wanted)
        };
        if !quoted.iter().any(is_quoted) {
            let found = quoted.first().cloned().unwrap_or_default();
            faults.add(0, "every reason quotes words that stand in the brief", found);
        }
    }
    faults.finish()
}

/// Letters and digits alone, in lower case: quotations may differ in spaces and marks.
fn letters(text: &str) -> String {
    text.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

pub(super) fn audit(files: &[CodeFile], audit: &Audit) -> Result<(), ParseErrors> {
    let mut faults = Faults::default();
    for item in &audit.items {
        for place in &item.evidence {
            if !is_place(files, place) {
                let rule = format!(
                    "`evidence:` of {} names lines of files that are there, such as src/a.ts:12",
                    item.id
                );
                faults.add(0, rule, place);
            }
        }
    }
    faults.finish()
}

fn is_place(files: &[CodeFile], place: &str) -> bool {
    let named = ["FR-", "NFR-", "CT-"].iter().any(|prefix| {
        place.strip_prefix(prefix).is_some_and(|digits| digits.len() == 3 && digits.parse::<u32>().is_ok())
    });
    let Some((path, lines)) = place.rsplit_once(':') else { return named };
    // A range is as good as its first line.
    let first = lines.split('-').next().and_then(|line| line.parse::<usize>().ok());
    let file = files.iter().find(|file| file.path.as_str() == path);
    file.zip(first).is_some_and(|(file, line)| (1..=file.content.lines().count().max(1)).contains(&line))
}

pub(super) fn finished(
    files: &[&str],
    planned: &[String],
    requirements: &[String],
    coverage: &[Coverage],
) -> Result<(), ParseErrors> {
    let mut faults = Faults::default();
    for path in planned.iter().filter(|path| !files.contains(&path.as_str())) {
        faults.add(0, "every file of the plan is written", path);
    }
    for id in requirements.iter().filter(|id| !coverage.iter().any(|one| one.requirement == **id)) {
        faults.add(0, "`coverage` names every requirement with its files", id);
    }
    for one in coverage {
        for path in one.files.iter().chain(&one.tests).filter(|path| !files.contains(&path.as_str())) {
            faults.add(
                0,
                format!("`coverage` of {} names files that were written", one.requirement),
                path.as_str(),
            );
        }
        if one.files.is_empty() {
            faults.add(0, format!("`coverage` of {} names at least one file", one.requirement), "none");
        }
    }
    faults.finish()
}
