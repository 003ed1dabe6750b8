//! The writers of pipeline `build`: specification from a brief, plan from a specification, tests from both, a title.

use super::architect;
use super::phrase::{capital, plain, slug};
use super::request::{Answered, Request};
use super::spec::{self, Requirement};
use std::borrow::Cow;
use std::fmt::Write as _;

/// Longest slug of a file's name.
const SLUG_CHARS_MAX: usize = 40;

/// What is written again: the last version with a line that says what was asked, right below its first heading.
pub(super) fn again(request: &Request<'_>) -> Option<String> {
    let target = request.task.data("target");
    let feedback = plain(request.task.data("feedback"), 300);
    let (heading, rest) = target.split_once('\n')?;
    (!feedback.is_empty())
        .then(|| format!("{heading}\n(Simulated.) Changed because it was asked: '{feedback}'.\n{rest}\n"))
}

pub(super) fn title(request: &Request<'_>) -> String {
    let words = plain(spec::title(request.spec), 60);
    let words = words.trim_matches(|letter: char| !letter.is_alphanumeric());
    capital(if words.is_empty() { "The product" } else { words })
}

pub(super) fn specification(request: &Request<'_>) -> String {
    if let Some(text) = again(request) {
        return text;
    }
    let brief = request.document("brief");
    // What was settled in talk is found again as a requirement each; the problem gives the words.
    let settled = ["Users", "Flows", "Rules", "Done when"].into_iter().filter_map(|heading| {
        let text = plain(spec::section(brief, heading), 300);
        let is_open = text.is_empty() || text == "Not said yet.";
        (!is_open).then_some(Answered { id: "brief", question: heading, answer: text, assumption: None })
    });
    let problem = spec::section(brief, "Problem");
    let as_idea = Request {
        idea: if problem.is_empty() { brief } else { problem },
        answers: settled.collect(),
        ..request.bare()
    };
    architect::specification(&as_idea).replace(" (idea)\n", " (brief)\n")
}

/// The plan that the writers after it go by: as it stands, or, where a person wrote one without tasks, the one that follows from the specification.
pub(super) fn plan_of<'a>(request: &Request<'a>) -> Cow<'a, str> {
    let plan = ["plan", "implementation_plan"].map(|name| request.document(name));
    let plan = plan.into_iter().find(|plan| !plan.is_empty()).unwrap_or_default();
    if planned(plan).is_empty() { tasks(request.spec).into() } else { plan.into() }
}

/// What a task of a plan says to the writers after it.
pub(super) struct PlannedTask<'a> {
    pub(super) id: &'a str,
    pub(super) files: Vec<&'a str>,
    pub(super) covers: Vec<&'a str>,
}

/// The tasks of a plan, whoever wrote it.
pub(super) fn planned(plan: &str) -> Vec<PlannedTask<'_>> {
    let mut tasks: Vec<PlannedTask<'_>> = Vec::new();
    for line in plan.lines() {
        if let Some(heading) = line.strip_prefix("### T").filter(|_| !line.ends_with("(retired)")) {
            let digits = heading.split(' ').next().unwrap_or_default();
            tasks.push(PlannedTask { id: &line[4..5 + digits.len()], files: Vec::new(), covers: Vec::new() });
        } else if let Some(task) = tasks.last_mut() {
            if line.starts_with("files:") && task.files.is_empty() {
                task.files = list(line);
            } else if line.starts_with("covers:") && task.covers.is_empty() {
                task.covers = list(line);
            }
        }
    }
    tasks
}

/// The words of a line `key: a, b`; none for `none`.
fn list(line: &str) -> Vec<&str> {
    let value = line.split_once(':').map_or("", |(_, value)| value.trim());
    value.split(',').map(str::trim).filter(|word| !word.is_empty() && *word != "none").collect()
}

pub(super) fn plan(request: &Request<'_>) -> String {
    again(request).unwrap_or_else(|| {
        let intro = "(Simulated.) One server process with a module for each requirement and one database.";
        format!("## Approach\n{intro}\n## Tasks\n{}## Risks\nNone.\n", tasks(request.spec))
    })
}

/// A task for the ground, one for each requirement, one for the end.
pub(super) fn tasks(specification: &str) -> String {
    let requirements = spec::requirements(specification);
    let qualities: Vec<&str> = specification
        .lines()
        .filter_map(|line| line.strip_prefix("- NFR-"))
        .filter_map(|rest| rest.get(..3))
        .collect();
    let qualities: Vec<String> = qualities.iter().map(|digits| format!("NFR-{digits}")).collect();
    let ground = if qualities.is_empty() { "none".to_owned() } else { qualities.join(", ") };
    let mut text = format!(
        "### T001 Lay the ground\nfiles: package.json, tsconfig.json, .env.example, db/schema.sql, src/server.ts\nneeds: none\ncovers: {ground}\nsize: M\nSet up the package with exact versions, the database's schema and a server that reads its settings from the environment.\n"
    );
    for (index, requirement) in requirements.iter().enumerate() {
        let number = index + 2;
        let name = file_name(requirement);
        let _ = write!(
            text,
            "### T{number:03} {}\nfiles: src/{name}.ts, test/{name}.test.ts\nneeds: T001\ncovers: {}\nsize: S\nImplement {}: {} Validate its input on the server, check who may do it, and test each criterion.\n",
            plain(requirement.title, 80),
            requirement.id,
            requirement.id,
            plain(&requirement.sentence, 200),
        );
    }
    let last = requirements.len() + 2;
    let _ = write!(
        text,
        "### T{last:03} Say how to run it\nfiles: README.md\nneeds: T001\ncovers: none\nsize: S\nWrite the commands to install, start and test, and what each setting means.\n"
    );
    text
}

fn file_name(requirement: &Requirement<'_>) -> String {
    let words = slug(requirement.title, '-');
    let words: String = words.chars().filter(char::is_ascii).take(SLUG_CHARS_MAX).collect();
    format!("{}-{}", requirement.id.to_lowercase(), words.trim_matches('-')).trim_matches('-').to_owned()
}

pub(super) fn tests(request: &Request<'_>) -> String {
    if let Some(text) = again(request) {
        return text;
    }
    let plan = plan_of(request);
    let tasks = planned(&plan);
    let mut text = "## Approach\n(Simulated.) Vitest with a database of its own for each file; `npm test` runs everything.\n## Tests\n".to_owned();
    let mut number = 0;
    for requirement in spec::requirements(request.spec) {
        let Some(task) = tasks.iter().find(|task| task.covers.contains(&requirement.id)) else { continue };
        let fallback = format!("test/{}.test.ts", requirement.id.to_lowercase());
        let file = task.files.iter().find(|file| file.contains("test")).copied().unwrap_or(&fallback);
        for (index, criterion) in requirement.criteria.iter().enumerate() {
            number += 1;
            let _ = write!(
                text,
                "### CT-{number:03} {}, {}\nrequirement: {}\ntask: {}\nfile: {file}\nname: {} criterion {}\n- {criterion}\n",
                plain(requirement.title, 80),
                index + 1,
                requirement.id,
                task.id,
                requirement.id,
                index + 1,
            );
        }
    }
    if number == 0 {
        // A person's own texts may name no requirement at all.
        text += "### CT-001 It does what was asked\nrequirement: FR-001\ntask: T001\nfile: test/asked.test.ts\nname: does what was asked\n- Given the product, when it is used as described, then it does what was asked.\n";
    }
    text
}
