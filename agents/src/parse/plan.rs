//! The planner's grammar: tasks `### T001 Title` with four fields and a body.

use super::ParseErrors;
use super::lines::{Errors, id_number};
use super::outline::{Field, Outline, RETIRED, fields, joined, listed, stored};
use super::spec::{Section, is_requirement_id};
use groundwork_domain::document::files::CodePath;
use groundwork_domain::document::plan::{Plan, PlanTask, TaskSize};

const HEADINGS: [&str; 3] = ["Approach", "Tasks", "Risks"];
/// Most tasks of a plan.
const TASKS_MAX: usize = 99;
/// Most files that a plan may name.
const FILES_MAX: usize = 500;

pub(super) fn parse(source: &str) -> Result<Plan, ParseErrors> {
    let text = stored(source)?;
    let mut errors = Errors::default();
    let outline = Outline::read(&text, &HEADINGS, &mut errors);
    let tasks = tasks(&outline, "Tasks", &mut errors);
    errors.finish(())?;
    Ok(Plan { text, tasks })
}

/// The tasks under a heading, those that are retired left out.
pub(super) fn tasks(outline: &Outline<'_>, heading: &str, errors: &mut Errors) -> Vec<PlanTask> {
    let mut ids: Vec<String> = Vec::new();
    let mut tasks: Vec<PlanTask> = Vec::new();
    for block in outline.blocks(heading, "### T001 Title", errors) {
        let id = block.heading.split(' ').next().unwrap_or_default();
        if id_number(id, "T", Some(3)).is_none() || block.heading.len() <= id.len() + 1 {
            errors.at(block.lines.start, "a task begins with `### T001 Title`", &block.heading);
            continue;
        }
        if ids.iter().any(|other| other == id) {
            errors.at(block.lines.start, "an id stands for one task", id);
        }
        let read = task(outline, block, id, &ids, errors);
        ids.push(id.to_owned());
        tasks.extend(read.filter(|task| !task.title.ends_with(RETIRED)));
    }
    if tasks.len() > TASKS_MAX {
        errors.at(0, format!("a plan has at most {TASKS_MAX} tasks"), format!("{} tasks", tasks.len()));
    }
    let files: usize = tasks.iter().map(|task| task.files.len()).sum();
    if files > FILES_MAX {
        errors.at(0, format!("a plan names at most {FILES_MAX} files"), format!("{files} files"));
    }
    tasks
}

fn task(
    outline: &Outline<'_>,
    block: &Section,
    id: &str,
    earlier: &[String],
    errors: &mut Errors,
) -> Option<PlanTask> {
    let head = block.lines.start;
    let keys = ["files", "needs", "covers", "size"];
    let ([files, needs, covers, size], rest) = fields(&outline.lines_of(block), head, keys, errors)?;
    let body = joined(&rest);
    if body.is_empty() {
        errors.at(head, format!("{id} says below its fields what to do"), "nothing");
    }
    let size = match size.1 {
        "S" => TaskSize::S,
        "M" => TaskSize::M,
        "L" => TaskSize::L,
        other => {
            errors.at(size.0, "`size:` is S, M or L", other);
            return None;
        }
    };
    Some(PlanTask {
        title: block.heading[id.len()..].trim().to_owned(),
        files: paths(files, errors),
        needs: needed(needs, earlier, errors),
        covers: covered(covers, errors),
        size,
        body,
        line: head,
        id: id.to_owned(),
    })
}

fn paths((line, value): Field<'_>, errors: &mut Errors) -> Vec<CodePath> {
    let mut paths = Vec::new();
    for word in listed(value) {
        match CodePath::parse(word) {
            Ok(path) => paths.push(path),
            Err(fault) => errors.at(line, format!("`files:` lists relative paths: {fault}"), word),
        }
    }
    if paths.is_empty() {
        errors.at(line, "`files:` names at least one file", value);
    }
    paths
}

fn needed((line, value): Field<'_>, earlier: &[String], errors: &mut Errors) -> Vec<String> {
    let words = listed(value);
    for word in &words {
        if !earlier.iter().any(|id| id == word) {
            errors.at(line, "`needs:` is none, or lists tasks that stand before this one", word);
        }
    }
    words.into_iter().map(str::to_owned).collect()
}

fn covered((line, value): Field<'_>, errors: &mut Errors) -> Vec<String> {
    let words = listed(value);
    for word in words.iter().filter(|word| !is_requirement_id(word)) {
        errors.at(line, "`covers:` is none, or lists ids such as FR-001 and NFR-001", word);
    }
    words.into_iter().map(str::to_owned).collect()
}
