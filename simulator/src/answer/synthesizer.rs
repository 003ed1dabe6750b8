//! The synthesizer: five or six prompts from a specification, and the prompts that a review or a person wants changed.

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

/// One prompt before it is written.
struct Outline<'a> {
    stage: &'static str,
    title: String,
    covers: Vec<&'a Requirement<'a>>,
    task: String,
    context: String,
    constraints: Vec<String>,
    steps: Vec<String>,
    verify: Vec<String>,
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

fn lines(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn setup<'a>(plan: &Plan<'_>) -> Outline<'a> {
    let stack = plan.stack;
    let tables = plan.tables.join(", ");
    Outline {
        stage: "setup",
        title: "Project, database and checks".to_owned(),
        covers: Vec::new(),
        context: "Nothing exists yet: the folder is empty. Git, Docker and the tools of the stack are installed on the machine.".to_owned(),
        task: format!("Lay the project: folders, dependencies, a database with the tables {tables}, one passing test on the server and one in the pages, and one command for each of install, migrate, run, test and lint."),
        constraints: lines(&["No feature is built here: only what the features will stand on."]),
        steps: vec![
            format!("Create `{}/`, `{}/`, `web/src/`, `migrations/` and `README.md`; the README names the five commands.", stack.server, stack.tests),
            "Pin the dependencies in their lock files and commit these.".to_owned(),
            format!("Write `migrations/0001_start.sql` with the tables {tables}: uuid keys, timestamps with time zone, foreign keys as the data model says."),
            format!("Write `{}/main.{}` with `GET /api/health`, which answers 200 and the words `status: ok` once the database answers.", stack.server, stack.ending),
            "Write `compose.yaml` with PostgreSQL 16 on port 5432 and a volume; no password stands in the repository, `.env.example` names the variables.".to_owned(),
            format!("Write `{}/health.{}`, which starts the server on a free port and reads the health page.", stack.tests, stack.ending),
            "Write `.github/workflows/check.yaml`, which installs, migrates, lints and tests on every push.".to_owned(),
        ],
        verify: vec![
            format!("`{}` ends without an error and applies one migration; run a second time it applies none.", stack.migrate),
            "`curl -s localhost:8080/api/health` prints `ok`.".to_owned(),
        ],
    }
}

fn server<'a>(plan: &Plan<'_>, index: usize, covers: Vec<&'a Requirement<'a>>) -> Outline<'a> {
    let stack = plan.stack;
    let table = plan.tables.get(index).or(plan.tables.first()).copied().unwrap_or("entries");
    let (what, earlier) = match index {
        0 => ("Sign-in and the main rules", "no feature yet"),
        _ => ("The remaining rules", "sign-in and the routes of the backend prompt before this one"),
    };
    let mut steps = vec![format!(
        "Write `{}/people.{}`: sign-in with e-mail and password (argon2id), a session cookie that scripts cannot read, roles as the data model has them.",
        stack.server, stack.ending
    )];
    if index > 0 {
        steps.clear();
    }
    for requirement in &covers {
        steps.push(format!(
            "{}: write `{}/{}.{}` with the routes and the checks for '{}', and its tests in `{}/{}.{}`.",
            requirement.id,
            stack.server,
            slug(requirement.title, '_'),
            stack.ending,
            requirement.title,
            stack.tests,
            slug(requirement.title, '_'),
            stack.ending
        ));
    }
    steps.push("Answer every refusal as `application/problem+json` with a title and a sentence that says what to do.".to_owned());
    Outline {
        stage: "backend",
        title: format!("{what}: {table}"),
        context: format!(
            "The folders `{}/`, `{}/`, `web/src/` and `migrations/` exist, the tables {} are there, `GET /api/health` works, and there is {earlier}.",
            stack.server,
            stack.tests,
            plan.tables.join(", ")
        ),
        task: format!(
            "Build the part of the server that keeps the requirements below, each with tests that fail before and pass after."
        ),
        constraints: lines(&[
            "Who may do what is decided on the server, in one place, and tested with a person who may not.",
            "Every change runs in one transaction; two requests at once must not break a rule: use a constraint or a row lock, not a check before.",
        ]),
        steps,
        verify: Vec::new(),
        covers,
    }
}

fn pages<'a>(plan: &Plan<'_>, covers: Vec<&'a Requirement<'a>>) -> Outline<'a> {
    let mut steps = vec![
        "Write `web/src/client.ts`: one function for each route of the server, with typed answers and problem documents as errors.".to_owned(),
        "Write `web/src/pages/SignIn.tsx` and a frame with navigation that shows who is signed in.".to_owned(),
    ];
    for requirement in &covers {
        steps.push(format!(
            "{}: write `web/src/pages/{}.tsx` for '{}', with loading, empty and error states.",
            requirement.id,
            pascal(requirement.title),
            requirement.title
        ));
    }
    Outline {
        stage: "frontend",
        title: "Pages that people use".to_owned(),
        context: format!("The server of '{}' runs on port 8080 with all routes and their tests; `web/` has the build tool and one page that says hello.", plan.title),
        task: "Build the pages for the requirements below, so that a person can do all of it with a keyboard on a screen 360 pixels wide.".to_owned(),
        constraints: lines(&[
            "State of the server lives on the server: pages fetch it again after each change and keep no copy of rules.",
            "No text of a person is ever put into the page as HTML.",
            "Colours come from three variables in `web/src/theme.css`; contrast is at least 4.5 to 1.",
        ]),
        verify: covers.iter().map(|one| format!("{} on the page: `web/test/{}.test.tsx` does it with the keyboard and reads the outcome from the page.", one.id, slug(one.title, '-'))).collect(),
        steps,
        covers,
    }
}

fn together<'a>(plan: &Plan<'_>, covers: Vec<&'a Requirement<'a>>) -> Outline<'a> {
    let mut steps = vec![
        "Write `e2e/journey.spec.ts` with Playwright: sign in, create, see, change and withdraw, once as the ordinary person and once as the one who looks after it.".to_owned(),
        "Write `e2e/seed.sql` with people of both roles and thirty rows in each table, and load it before the journey.".to_owned(),
        "Let two browsers change the same row at once and read from both what became of it.".to_owned(),
        "Stop the database during a journey: the page says what happened and offers to try again.".to_owned(),
        "Measure the slowest list with 10,000 rows and add the index that it needs, in a migration of its own.".to_owned(),
    ];
    for requirement in &covers {
        steps.push(format!(
            "{}: build '{}' through server, page and test.",
            requirement.id, requirement.title
        ));
    }
    Outline {
        stage: "integration",
        title: "Server and pages together".to_owned(),
        context: format!("Server and pages of '{}' exist with their own tests; nobody has run them together on a fresh database.", plan.title),
        task: "Prove that the parts work as one: whole journeys through browser, server and database, and mend what they show.".to_owned(),
        constraints: lines(&[
            "A journey waits for what it sees, never for a time.",
            "What a journey finds is mended where it is wrong, with a test beside the mended place.",
        ]),
        steps,
        verify: lines(&[
            "`npx playwright test` ends with every journey passed, three times in a row.",
            "The slowest list answers within 300 ms at the 95th percentile; the measurement is printed by `npm run measure`.",
        ]),
        covers,
    }
}

fn running<'a>(plan: &Plan<'_>) -> Outline<'a> {
    Outline {
        stage: "deployment",
        title: "Running, saved and watched".to_owned(),
        covers: Vec::new(),
        context: format!("'{}' works on the developer's machine with all tests and journeys; no server of its own runs it yet.", plan.title),
        task: "Bring the whole product to a server of its own, with a saved database and a way back, and verify all of it there.".to_owned(),
        constraints: lines(&[
            "Secrets come from the environment of the server and stand in no file of the repository.",
            "The server runs as a user without rights of its own and answers over HTTPS only.",
        ]),
        steps: lines(&[
            "Write a `Dockerfile` in two stages: build, then an image with the server, the built pages and nothing else.",
            "Write `deploy/compose.yaml` with the product, PostgreSQL 16 and Caddy, which fetches the certificate.",
            "Write `deploy/save.sh`: a dump once a day, kept for fourteen days, copied to another machine.",
            "Write `deploy/restore.sh` and try it: a fresh database, the newest dump, the journeys again.",
            "Write `deploy/update.sh`: pull, migrate, start, ask for health, and go back to the image before when it does not answer.",
            "Log one line a request with time, route, status and duration, without contents and addresses of people.",
            "Write down in `README.md` how to update, restore and go back, each as one command.",
        ]),
        verify: lines(&[
            "`curl -s https://$HOST/api/health` prints `ok`.",
            "`deploy/restore.sh` ends within 30 minutes and the journeys of `e2e/` pass against the restored database.",
            "`BASE_URL=https://$HOST npx playwright test` ends with every journey passed: the whole product runs.",
        ]),
    }
}

fn pascal(title: &str) -> String {
    slug(title, ' ').split(' ').map(super::phrase::capital).collect()
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
