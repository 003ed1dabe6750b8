//! What projects without a set of prompts deliver: documents, reviews and files, as they are now.

use super::{File, file, inline, line, quote, slug, with_end};
use crate::package;
use groundwork_domain::document::files::CodeFile;
use groundwork_store::project_reads::{ProjectHead, QuestionItem};
use groundwork_store::project_texts::Text;
use serde_json::json;
use std::fmt::Write as _;

/// Everything that such a package is made from.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) project: ProjectHead,
    /// Current documents, handoffs and reviews, the earliest first.
    pub(crate) texts: Vec<Text>,
    pub(crate) questions: Vec<QuestionItem>,
    /// What an implementer wrote.
    pub(crate) code: Vec<CodeFile>,
}

impl Delivery {
    /// A name for the package, of letters, digits and dashes.
    pub(crate) fn slug(&self) -> String {
        slug(&self.project.item.title)
    }

    /// All files, in the order in which they are packed; the manifest names the others.
    pub(crate) fn files(&self) -> Vec<File> {
        let mut files = vec![file("README.md", self.readme())];
        files.extend(self.texts.iter().map(|text| file(&path(text), with_end(&text.content))));
        files.extend(self.code.iter().map(|code| file(&format!("code/{}", code.path), code.content.clone())));
        files.push(file("manifest.json", self.manifest(&files)));
        files
    }

    /// The documents as one Markdown text; files are named only.
    pub(crate) fn markdown(&self) -> String {
        let mut text = self.readme();
        for document in &self.texts {
            let _ = write!(text, "\n---\n\n{}", with_end(&document.content));
        }
        text
    }

    fn readme(&self) -> String {
        let item = &self.project.item;
        let mut text = format!("# {}\n\n", inline(&item.title));
        if item.simulated {
            text.push_str(package::SIMULATED);
        }
        text.push_str(
            "Made by Groundwork. `manifest.json` names the exact version and digest of everything here.\n",
        );
        if !self.texts.is_empty() {
            text.push_str("\n| document | version | written by |\n|---|---|---|\n");
        }
        for document in &self.texts {
            let by = document.agent.as_deref().unwrap_or("a person");
            let _ = writeln!(
                text,
                "| [{}]({}) | {} | {} |",
                inline(&document.name.replace('_', " ")),
                path(document),
                document.version,
                inline(by)
            );
        }
        if !self.code.is_empty() {
            text.push_str(
                "\n## Code\n\nFiles under `code/`. Groundwork never ran them: read them before you do.\n\n",
            );
        }
        for code in &self.code {
            let _ = writeln!(text, "- `code/{}`", line(&code.path.to_string()));
        }
        package::decisions(&self.questions, &mut text);
        text.push_str("\n## The idea\n\n");
        quote(&mut text, "", &self.project.idea);
        text
    }

    fn manifest(&self, files: &[File]) -> String {
        let artifacts: Vec<_> = self
            .texts
            .iter()
            .map(|text| {
                json!({"name": text.name, "version": text.version, "digest": text.digest, "file": path(text)})
            })
            .collect();
        let manifest = json!({
            "format": "groundwork-delivery/1",
            "project": package::origin(&self.project),
            "artifacts": artifacts,
            "files": package::digests(files),
        });
        format!("{manifest:#}\n")
    }
}

/// Names come from a pipeline's file, which may be somebody's own.
fn path(text: &Text) -> String {
    format!("documents/{}.md", slug(&text.name))
}
