//! What each prompt of a package is for: its context, task, constraints, steps and checks, by stage.

use super::phrase::{capital, slug};
use super::spec::Requirement;
use super::synthesizer::Plan;

/// One prompt before it is written.
pub(super) struct Outline<'a> {
    pub(super) stage: &'static str,
    pub(super) title: String,
    pub(super) covers: Vec<&'a Requirement<'a>>,
    pub(super) task: String,
    pub(super) context: String,
    pub(super) constraints: Vec<String>,
    pub(super) steps: Vec<String>,
    pub(super) verify: Vec<String>,
}

fn lines(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

pub(super) fn setup<'a>(plan: &Plan<'_>) -> Outline<'a> {
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

pub(super) fn server<'a>(plan: &Plan<'_>, index: usize, covers: Vec<&'a Requirement<'a>>) -> Outline<'a> {
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
        task: "Build the part of the server that keeps the requirements below, each with tests that fail before and pass after.".to_owned(),
        constraints: lines(&[
            "Who may do what is decided on the server, in one place, and tested with a person who may not.",
            "Every change runs in one transaction; two requests at once must not break a rule: use a constraint or a row lock, not a check before.",
        ]),
        steps,
        verify: Vec::new(),
        covers,
    }
}

pub(super) fn pages<'a>(plan: &Plan<'_>, covers: Vec<&'a Requirement<'a>>) -> Outline<'a> {
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

pub(super) fn together<'a>(plan: &Plan<'_>, covers: Vec<&'a Requirement<'a>>) -> Outline<'a> {
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

pub(super) fn running<'a>(plan: &Plan<'_>) -> Outline<'a> {
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
    slug(title, ' ').split(' ').map(capital).collect()
}
