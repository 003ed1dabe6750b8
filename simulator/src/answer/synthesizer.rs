//! The synthesizer: five or six prompts from a specification, and the prompts that a review or a person wants changed.

use super::outline::{Outline, pages, running, server, setup, together};
use super::phrase::slug;
use super::request::Request;
use super::spec::{self, Requirement};
use super::stack::Stack;
use super::{mend, package};
use crate::exchange::hash_of;
use std::fmt::Write as _;

/// Words of requirements that one backend prompt takes; the rest of a prompt has some 400.
const BACKEND_WORDS_MAX: usize = 430;
/// Requirements beyond which the backend gets two prompts.
const BACKEND_REQUIREMENTS_MAX: usize = 5;
/// Words of requirements that the frontend prompt repeats.
const FRONTEND_WORDS_MAX: usize = 330;

/// What all prompts of a package know.
pub(super) struct Plan<'a> {
    pub(super) title: &'a str,
    pub(super) tables: Vec<&'a str>,
    pub(super) stack: &'static Stack,
    /// Criteria that a first draft forgets to verify: (requirement, criterion from 1).
    pub(super) forgotten: Vec<(&'a str, usize)>,
}

/// The package, or the prompts that are to be mended or refined.
pub(super) fn reply(request: &Request<'_>) -> String {
    match request.task.kind() {
        "mend" => mend::prompts(request),
        "refine-prompt" => mend::prompt(request.task.data("target"), request.task.data("request")),
        _ => compose(request.spec),
    }
}

fn compose(spec: &str) -> String {
    let requirements = spec::requirements(spec);
    let hash = hash_of(&spec::section(spec, "Overview"));
    let mut plan = Plan {
        title: spec::title(spec).trim_end_matches('.'),
        tables: spec::tables(spec),
        stack: Stack::named_in(spec, hash),
        forgotten: forgotten(&requirements, hash),
    };
    if plan.tables.is_empty() {
        plan.tables.push("entries");
    }
    let outlines = outlines(&plan, &requirements);
    let texts: Vec<String> =
        outlines.iter().enumerate().map(|(index, outline)| write_prompt(index + 1, outline, &plan)).collect();
    texts.join("\n\n")
}

/// Half of all specifications get a first draft without a gap, a quarter one with one gap, a quarter one with two.
fn forgotten<'a>(requirements: &[Requirement<'a>], hash: u64) -> Vec<(&'a str, usize)> {
    let gaps = match hash % 4 {
        0 => 1,
        1 => 2,
        _ => 0,
    };
    let candidates: Vec<&Requirement<'a>> =
        requirements.iter().filter(|one| one.criteria.len() > 1).collect();
    let first = usize::try_from(hash / 4 % 7).unwrap_or_default();
    let count = candidates.len();
    (0..gaps.min(count))
        .map(|gap| candidates[(first + gap * 2) % count])
        .map(|one| (one.id, one.criteria.len()))
        .collect()
}

fn outlines<'a>(plan: &Plan<'a>, requirements: &'a [Requirement<'a>]) -> Vec<Outline<'a>> {
    let words: usize = requirements.iter().map(Requirement::words).sum();
    let parts =
        if requirements.len() > BACKEND_REQUIREMENTS_MAX || words > BACKEND_WORDS_MAX { 2 } else { 1 };
    let mut backend: Vec<Vec<&Requirement<'_>>> = vec![Vec::new(); parts];
    let mut surplus = Vec::new();
    let mut taken = 0;
    for requirement in requirements {
        // Shares by words; what fits into no share goes to integration, which has room.
        let part = (taken * parts / words.max(1)).min(parts - 1);
        let filled: usize = backend[part].iter().map(|one| one.words()).sum();
        if filled > 0 && filled + requirement.words() > BACKEND_WORDS_MAX {
            surplus.push(requirement);
        } else {
            backend[part].push(requirement);
        }
        taken += requirement.words();
    }
    let mut shown = Vec::new();
    let mut shown_words = 0;
    for requirement in requirements {
        shown_words += requirement.words();
        if shown.is_empty() || shown_words <= FRONTEND_WORDS_MAX {
            shown.push(requirement);
        }
    }
    let mut outlines = vec![setup(plan)];
    for (index, covers) in backend.into_iter().filter(|covers| !covers.is_empty()).enumerate() {
        outlines.push(server(plan, index, covers));
    }
    outlines.push(pages(plan, shown));
    outlines.push(together(plan, surplus));
    outlines.push(running(plan));
    outlines
}

fn write_prompt(number: usize, outline: &Outline<'_>, plan: &Plan<'_>) -> String {
    let stack = plan.stack;
    let ids: Vec<&str> = outline.covers.iter().map(|one| one.id).collect();
    let covers = if ids.is_empty() { "none".to_owned() } else { ids.join(", ") };
    let needs: Vec<String> = (1..number).map(|earlier| format!("{earlier:02}")).collect();
    let needs = if needs.is_empty() { "none".to_owned() } else { needs.join(", ") };
    let mut text =
        format!("# {number:02} · {} · {}\ncovers: {covers}\nneeds: {needs}\n", outline.stage, outline.title);
    // Writing to a String cannot fail, here and below.
    let _ = write!(
        text,
        "## Context\nSimulated: this prompt was written by Groundwork's simulator and by no model.\n\n\
         The product is '{}'. It is built with {}: {}. {}\n\nCommands: install `{}`, migrate `{}`, run `{}`, test `{}`, lint `{}`.\n\n\
         ## Task\n{}\n\n## Requirements\n",
        plan.title,
        stack.name,
        stack.versions,
        outline.context,
        stack.install,
        stack.migrate,
        stack.run,
        stack.test,
        stack.lint,
        outline.task
    );
    for requirement in &outline.covers {
        text.push_str(&requirement_text(requirement));
    }
    if outline.covers.is_empty() {
        text.push_str("This prompt keeps no functional requirement by itself; it makes the others possible. What it must reach stands under Verify, and every line there has a yes or a no.\n");
    }
    text.push_str("\n## Constraints\n");
    for line in COMMON.iter().copied().chain(outline.constraints.iter().map(String::as_str)) {
        let _ = writeln!(text, "- {line}");
    }
    text.push_str("\n## Steps\n");
    for (index, step) in outline.steps.iter().enumerate() {
        let _ = writeln!(text, "{}. {step}", index + 1);
    }
    let _ = writeln!(
        text,
        "{}. Run lint and test, mend what they say, and commit with a subject that says what can be done now.",
        outline.steps.len() + 1
    );
    let _ = write!(
        text,
        "\n## Verify\n- `{}` ends with `{}` and no failure.\n- `{}` prints no warning.\n",
        stack.test, stack.tested, stack.lint
    );
    for line in &outline.verify {
        let _ = writeln!(text, "- {line}");
    }
    for requirement in outline.covers.iter().filter(|_| outline.stage != "frontend") {
        for line in verify_lines(requirement, &plan.forgotten) {
            let _ = writeln!(text, "{line}");
        }
    }
    text.push_str("\n## Checklist\n");
    for requirement in &outline.covers {
        let _ = writeln!(text, "- [ ] {} {} works as its criteria say", requirement.id, requirement.title);
    }
    text.push_str("- [ ] Every command under Verify was run and printed what stands there\n- [ ] No secret, no left-over file and no unused dependency is in the commit\n- [ ] The README is still true");
    text
}

/// What holds for every prompt of a package.
const COMMON: [&str; 7] = [
    "Use exactly the versions above; take no further dependency without writing its reason into the README.",
    "Do not change what earlier prompts laid down unless a step says so: table names, routes and commands stay.",
    "Every input is checked on the server for type, length and range; what is refused is refused with a sentence that helps.",
    "Queries take parameters; no text of a person becomes part of a statement, a path or a command.",
    "Times are stored in UTC and shown in the time zone of the person who reads them.",
    "Functions stay below sixty lines and files below four hundred; names are whole words of the glossary.",
    "A test fails when the thing that it tests is taken away; no test waits for a fixed time.",
];

/// A requirement in the words of the specification.
pub(super) fn requirement_text(requirement: &Requirement<'_>) -> String {
    let mut text = format!("**{} {}** {}\n", requirement.id, requirement.title, requirement.sentence);
    for criterion in &requirement.criteria {
        let _ = writeln!(text, "- {criterion}");
    }
    text
}

/// One line for each criterion of a requirement, the forgotten ones left out.
pub(super) fn verify_lines(requirement: &Requirement<'_>, forgotten: &[(&str, usize)]) -> Vec<String> {
    let numbers = 1..=requirement.criteria.len();
    let kept = numbers.filter(|number| !forgotten.contains(&(requirement.id, *number)));
    kept.map(|number| verify_line(requirement, number)).collect()
}

/// The line by which a criterion (from 1) is verified; the critic looks for its beginning.
pub(super) fn verify_line(requirement: &Requirement<'_>, number: usize) -> String {
    format!(
        "- {} criterion {number} → test `{}_{number}` passes.",
        requirement.id,
        slug(requirement.title, '_')
    )
}

/// The prompt that a finding about this requirement is for: the first that covers it and builds it.
pub(super) fn builder_of<'a>(
    prompts: &[package::PromptText<'a>],
    id: &str,
) -> Option<package::PromptText<'a>> {
    let covering = || prompts.iter().filter(|prompt| prompt.covers().contains(&id));
    covering().find(|prompt| prompt.stage() != "frontend").or_else(|| covering().next()).copied()
}
