//! The provenance of a project as one file that can be checked without us: every version with its content, what each was written from,
//! by whom, and what was decided on it. The same project gives the same bytes.

use crate::package::File;
use groundwork_domain::Digest;
use groundwork_store::project_texts::PromptItem;
use groundwork_store::provenance::{AskedItem, DecisionItem, Provenance};
use serde_json::{Value, json};

/// What a bundle says it is; a reader that knows another one refuses it.
pub(crate) const FORMAT: &str = "groundwork-provenance/1";

/// Everything that a bundle is made from.
#[derive(Debug)]
pub(crate) struct Contents {
    /// Id, title, pipeline of the project.
    pub(crate) project: Value,
    pub(crate) idea: String,
    /// The questions with their answers, as JSON.
    pub(crate) answers: Value,
    /// Each version that counts or once counted, with its content.
    pub(crate) versions: Vec<(Provenance, String)>,
    /// Files of versions that are sets of files, below their version's place.
    pub(crate) code: Vec<(String, String)>,
    /// Every version of every prompt.
    pub(crate) prompts: Vec<PromptItem>,
    /// What agents asked people.
    pub(crate) questions: Vec<AskedItem>,
    /// Everything that was decided, on versions and on what agents asked.
    pub(crate) decisions: Vec<DecisionItem>,
}

impl Contents {
    /// Files in the order in which they are packed; the manifest comes last.
    fn files(&self) -> Vec<(String, String)> {
        let mut files = vec![("idea.md".to_owned(), self.idea.clone())];
        files.push(("answers.json".to_owned(), self.answers.to_string()));
        for (version, content) in &self.versions {
            files.push((path(version), content.clone()));
        }
        files.extend(self.code.iter().cloned());
        for prompt in &self.prompts {
            files.push((prompt_path(prompt), prompt.content.clone()));
        }
        files
    }

    fn manifest(&self, files: &[(String, String)]) -> Value {
        let artifacts = self.versions.iter().map(|(version, _)| {
            let mut value = json!(version);
            value["file"] = json!(path(version));
            value
        });
        let prompts = self.prompts.iter().map(|prompt| {
            json!({"number": prompt.number, "version": prompt.version, "digest": prompt.digest, "file": prompt_path(prompt)})
        });
        let sums =
            files.iter().map(|(name, content)| (name.clone(), json!(Digest::of(content.as_bytes()).0)));
        json!({
            "format": FORMAT,
            "project": self.project,
            "idea": {"digest": Digest::of(self.idea.as_bytes()).0, "file": "idea.md"},
            "artifacts": artifacts.collect::<Vec<_>>(),
            "prompts": prompts.collect::<Vec<_>>(),
            "questions": self.questions,
            "decisions": self.decisions,
            "files": sums.collect::<serde_json::Map<_, _>>(),
        })
    }

    /// The bundle's files: the last one is the manifest, which names the others.
    pub(crate) fn packing(&self) -> Vec<File> {
        let files = self.files();
        let manifest = serde_json::to_string_pretty(&self.manifest(&files)).unwrap_or_default();
        let manifest = [("manifest.json".to_owned(), manifest)];
        files.into_iter().chain(manifest).map(|(path, content)| File { path, content }).collect()
    }
}

fn path(version: &Provenance) -> String {
    let item = &version.artifact;
    let extension = if item.format == "json" { "json" } else { "md" };
    format!("artifacts/{}/v{}.{extension}", item.name, item.version)
}

fn prompt_path(prompt: &PromptItem) -> String {
    format!("prompts/{:02}/v{}.md", prompt.number, prompt.version)
}
