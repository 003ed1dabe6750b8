//! The task of a call: the last block, and the only one that differs between calls on the same documents.

use super::documents::findings_text;
use super::escape::{attribute, escape};
use super::{Again, Draft, Task};
use std::fmt::Write as _;

/// The files with the task's words.
pub(super) fn templates(task: &Task<'_>) -> Vec<&'static str> {
    match task {
        Task::Ask { .. } => vec!["ask.md"],
        Task::Write => vec!["write.md"],
        Task::Compose => vec!["compose.md"],
        Task::ComposeAgain { .. } => vec!["compose.md", "compose-again.md"],
        Task::Review { .. } => vec!["review.md"],
        Task::Mend { .. } => vec!["mend.md"],
        Task::RefineSection { .. } => vec!["refine-section.md"],
        Task::RefinePrompt { .. } => vec!["refine-prompt.md"],
        Task::Chat { gate: None, .. } => vec!["chat.md"],
        Task::Chat { gate: Some(_), .. } => vec!["chat-gate.md"],
        Task::Title => vec!["name.md"],
        Task::Draft { draft, again } => {
            let first = match draft {
                Draft::Spec => "specify.md",
                Draft::Plan => "plan.md",
                Draft::Tests => "contract-tests.md",
                Draft::SoftwareSpecification | Draft::ImplementationPlan => "hand-over.md",
            };
            match again {
                Some(again) if again.current.trim().is_empty() => vec![first, "answered.md"],
                Some(_) => vec![first, "again.md"],
                None => vec![first],
            }
        }
        Task::Implement { feedback: None, .. } => vec!["implement.md"],
        Task::Implement { goes_on: true, .. } => vec!["implement.md", "implement-again.md"],
        Task::Implement { .. } => vec!["implement.md", "answered.md"],
        Task::Audit { .. } => vec!["audit.md"],
        Task::Advise { .. } => vec!["advise.md"],
    }
}

/// The task between its tags: words first, then what it is about.
pub(super) fn text(templates: &[&str], task: &Task<'_>) -> String {
    let mut data = String::new();
    let mut words = templates.iter().map(|template| template.trim()).collect::<Vec<_>>().join("\n\n");
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
        Task::ComposeAgain { .. }
        | Task::Chat { .. }
        | Task::Title
        | Task::Draft { .. }
        | Task::Implement { .. }
        | Task::Audit { .. }
        | Task::Advise { .. } => build_text(task, &mut words, &mut data),
    };
    format!("<task kind=\"{}\" {attributes}>\n{words}\n{data}</task>", task.kind())
}

/// The same for the tasks of pipelines `build` and `handoff`: gives the attributes.
fn build_text(task: &Task<'_>, words: &mut String, data: &mut String) -> String {
    match task {
        Task::ComposeAgain { feedback } => {
            tag(data, "feedback", feedback);
            "artifact=\"prompts\"".to_owned()
        }
        Task::Chat { request, brief, gate } => {
            tag(data, "target", brief);
            tag(data, "facts", gate.unwrap_or_default());
            tag(data, "request", request);
            format!("artifact=\"brief\" gate=\"{}\"", if gate.is_some() { "yes" } else { "no" })
        }
        Task::Draft { draft, again } => {
            let document = draft.document();
            *words = words.replace("{{document}}", document);
            if let Some(Again { current, feedback }) = again {
                tag(data, "target", current);
                tag(data, "feedback", feedback);
            }
            format!("artifact=\"{}\"", document.replace(' ', "_"))
        }
        Task::Implement { limits, turns_max, feedback, .. } => {
            *words = words
                .replace("{{files_max}}", &limits.files_max.to_string())
                .replace("{{file_bytes_max}}", &limits.file_bytes_max.to_string())
                .replace("{{total_bytes_max}}", &limits.total_bytes_max.to_string())
                .replace("{{turns_max}}", &turns_max.to_string());
            tag(data, "feedback", feedback.unwrap_or_default());
            "artifact=\"code\"".to_owned()
        }
        Task::Audit { facts } => {
            tag(data, "facts", facts);
            "artifact=\"code\"".to_owned()
        }
        Task::Advise { document } => {
            *words = words.replace("{{document}}", document);
            format!("artifact=\"{}\"", attribute(document))
        }
        Task::Ask { .. }
        | Task::Write
        | Task::Compose
        | Task::Review { .. }
        | Task::Mend { .. }
        | Task::RefineSection { .. }
        | Task::RefinePrompt { .. }
        | Task::Title => "artifact=\"title\"".to_owned(),
    }
}

/// Adds a text between tags, or nothing where there is none.
fn tag(data: &mut String, name: &str, text: &str) {
    if !text.trim().is_empty() {
        // Writing to a String cannot fail.
        let _ = write!(data, "\n<{name}>\n{}\n</{name}>\n", escape(text.trim()));
    }
}
