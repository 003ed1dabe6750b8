//! A small specification and a package of prompts that are right, for tests to break.

use groundwork_agents::parse::{self, Spec};
use groundwork_domain::document::Prompt;

pub(crate) const SPEC: &str = include_str!("../fixtures/spec.md");
pub(crate) const QUESTIONS: &str = include_str!("../fixtures/questions.md");
pub(crate) const REVIEW: &str = include_str!("../fixtures/review.md");

pub(crate) fn spec() -> Spec {
    parse::spec(SPEC).unwrap()
}

/// One prompt of about 450 words.
pub(crate) fn prompt_text(number: u32, stage: &str, title: &str, covers: &str, needs: &str) -> String {
    let filler = "Write the file and run the command that is named here. ".repeat(40);
    format!(
        "# {number:02} · {stage} · {title}\ncovers: {covers}\nneeds: {needs}\n## Context\nThe repository has `server/`.\n\
         ## Task\nBuild it.\n## Requirements\n{covers}\n## Constraints\nNode 22.\n## Steps\n1. `server/a.ts`\n{filler}\n\
         ```sh\n# a comment, no heading\nnpm test\n```\n## Verify\n`npm test` prints `3 passed`.\n## Checklist\n- [ ] Tests pass\n- [ ] It runs"
    )
}

pub(crate) fn package_text() -> String {
    [
        prompt_text(1, "setup", "Skeleton", "none", "none"),
        prompt_text(2, "backend", "Bookings", "FR-001, FR-003, NFR-002", "01"),
        prompt_text(3, "frontend", "Pages", "FR-001", "01, 02"),
        prompt_text(4, "integration", "Waiting list", "FR-002", "02, 03"),
        prompt_text(5, "deployment", "Run it", "NFR-001", "04"),
    ]
    .join("\n\n")
}

pub(crate) fn package() -> Vec<Prompt> {
    parse::prompts(&package_text()).unwrap()
}
