//! Technology: what an idea or an answer names, else one of three sound choices; with files and commands.

use super::phrase::words;
use super::product::is;

/// A way to build it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stack {
    /// Words that ask for it.
    words: &'static [&'static str],
    /// As a specification names it: also how a specification is recognised.
    pub(super) name: &'static str,
    pub(super) versions: &'static str,
    pub(super) reason: &'static str,
    pub(super) rejected: &'static str,
    /// Server folder, its file ending, and where its tests lie.
    pub(super) server: &'static str,
    pub(super) ending: &'static str,
    pub(super) tests: &'static str,
    pub(super) install: &'static str,
    pub(super) migrate: &'static str,
    pub(super) run: &'static str,
    pub(super) test: &'static str,
    pub(super) tested: &'static str,
    pub(super) lint: &'static str,
}

pub(super) const STACKS: &[Stack] = &[
    Stack {
        words: &["typescript", "javascript", "node", "nodejs", "react", "next", "fastify", "express"],
        name: "Fastify with React",
        versions: "Node.js 22, TypeScript 5.9, Fastify 5, React 19, Vite 7, PostgreSQL 16",
        reason: "one language for server and pages, and small enough for one person to look after",
        rejected: "Next.js: server rendering is not needed for pages behind a login",
        server: "server/src",
        ending: "ts",
        tests: "server/test",
        install: "npm ci",
        migrate: "npm run migrate",
        run: "npm run dev",
        test: "npm test",
        tested: "Test Files … passed",
        lint: "npm run lint",
    },
    Stack {
        words: &["python", "fastapi", "django", "flask", "pandas"],
        name: "FastAPI with React",
        versions: "Python 3.13, FastAPI 0.120, SQLAlchemy 2, React 19, Vite 7, PostgreSQL 16",
        reason: "short code, typed at the edges, with a test client that needs no network",
        rejected: "Django: its admin pages and templates would not be used",
        server: "server/app",
        ending: "py",
        tests: "server/tests",
        install: "uv sync && npm --prefix web ci",
        migrate: "uv run alembic upgrade head",
        run: "uv run fastapi dev server/app/main.py",
        test: "uv run pytest",
        tested: "… passed",
        lint: "uv run ruff check",
    },
    Stack {
        words: &["rust", "axum", "tokio"],
        name: "axum with React",
        versions: "Rust 1.95, axum 0.8, sqlx 0.9, React 19, Vite 7, PostgreSQL 16",
        reason: "one small binary to run, and queries that are checked when it is compiled",
        rejected: "Actix Web: its actor model brings nothing here",
        server: "server/src",
        ending: "rs",
        tests: "server/tests",
        install: "cargo fetch && npm --prefix web ci",
        migrate: "cargo run -- migrate",
        run: "cargo run -- serve",
        test: "cargo test",
        tested: "test result: ok",
        lint: "cargo clippy -- -D warnings",
    },
];

impl Stack {
    /// What the words ask for; `hash` decides where they ask for nothing.
    pub(super) fn choose(idea_and_answers: &str, hash: u64) -> &'static Self {
        let words = words(idea_and_answers);
        let asked = STACKS
            .iter()
            .find(|stack| stack.words.iter().any(|stem| words.iter().any(|word| is(word, stem))));
        let index = usize::try_from(hash % 3).unwrap_or_default();
        asked.or(STACKS.get(index)).unwrap_or(&STACKS[0])
    }

    /// What a specification names.
    pub(super) fn named_in(spec: &str, hash: u64) -> &'static Self {
        STACKS.iter().find(|stack| spec.contains(stack.name)).unwrap_or_else(|| Self::choose(spec, hash))
    }
}
