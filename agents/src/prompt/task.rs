//! The task of a call: the last block, and the only one that differs between calls on the same documents.

use super::Task;
use super::documents::findings_text;
use super::escape::{attribute, escape};
use std::fmt::Write as _;

/// The file with the task's words.
pub(super) fn template(task: &Task<'_>) -> &'static str {
    match task {
        Task::Ask { .. } => "ask.md",
        Task::Write => "write.md",
        Task::Compose => "compose.md",
        Task::Review { .. } => "review.md",
        Task::Mend { .. } => "mend.md",
        Task::RefineSection { .. } => "refine-section.md",
        Task::RefinePrompt { .. } => "refine-prompt.md",
    }
}

/// The task between its tags: words first, then what it is about.
pub(super) fn text(template: &str, task: &Task<'_>) -> String {
    let mut data = String::new();
    let mut words = template.trim().to_owned();
    let attributes = match task {
        Task::Ask { questions_max } => {
            words = words.replace("{{questions_max}}", &questions_max.to_string());
            format!("questions_max=\"{questions_max}\"")
        }
        Task::Write => "artifact=\"spec\"".to_owned(),
        Task::Compose => "artifact=\"prompts\"".to_owned(),
        Task::Review { round, facts, mended } => {
            tag(&mut data, "facts", &findings_text(facts));
            tag(&mut data, "mended", &findings_text(mended));
            format!("artifact=\"prompts\" round=\"{round}\"")
        }
        Task::Mend { prompts, findings, facts } => {
            let numbers = prompts.iter().map(|number| format!("{number:02}")).collect::<Vec<_>>().join(",");
            words = words.replace("{{prompts}}", &numbers.replace(',', ", "));
            tag(&mut data, "findings", &findings_text(findings));
            tag(&mut data, "facts", &findings_text(facts));
            format!("artifact=\"prompts\" prompts=\"{numbers}\"")
        }
        Task::RefineSection { target, current, request } => {
            tag(&mut data, "target", current);
            tag(&mut data, "request", request);
            format!("artifact=\"spec\" target=\"{}\"", attribute(target))
        }
        Task::RefinePrompt { current, request } => {
            tag(&mut data, "target", &current.content);
            tag(&mut data, "request", request);
            format!("artifact=\"prompts\" target=\"{:02}\"", current.number)
        }
    };
    format!("<task kind=\"{}\" {attributes}>\n{words}\n{data}</task>", task.kind())
}

/// Adds a text between tags, or nothing where there is none.
fn tag(data: &mut String, name: &str, text: &str) {
    if !text.trim().is_empty() {
        // Writing to a String cannot fail.
        let _ = write!(data, "\n<{name}>\n{}\n</{name}>\n", escape(text.trim()));
    }
}
