//! The prompt package as files: what a person or Claude Code builds from. The same project gives the same bytes: fixed
//! order, fixed timestamps, nothing that is not in the project (L-01, L-07, L-10).

mod delivery;

pub(crate) use delivery::Delivery;

use crate::blocking::off_runtime;
use crate::problem::{ApiResult, internal};
use groundwork_domain::Digest;
use groundwork_store::project_reads::{ProjectHead, QuestionItem};
use groundwork_store::project_texts::{Artifact, FindingItem, PromptItem};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::{Cursor, Write as _};
use zip::result::ZipResult;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// What a README says where a simulator wrote.
const SIMULATED: &str = "> Simulated: an offline stand-in for a model wrote this, to show how it works.\n\n";

/// Everything that a package is made from.
#[derive(Clone, Debug)]
pub(crate) struct Contents {
    pub(crate) project: ProjectHead,
    pub(crate) spec: Artifact,
    /// In order.
    pub(crate) prompts: Vec<PromptItem>,
    pub(crate) questions: Vec<QuestionItem>,
    pub(crate) findings: Vec<FindingItem>,
    /// The set of prompts itself.
    pub(crate) set: Option<Artifact>,
}

/// One file of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) content: String,
}

impl Contents {
    /// A name for the package, of letters, digits and dashes.
    pub(crate) fn slug(&self) -> String {
        slug(&self.project.item.title)
    }

    /// All files, in the order in which they are packed; the manifest names the others.
    pub(crate) fn files(&self) -> Vec<File> {
        let mut files = vec![
            file("README.md", self.readme()),
            file("CLAUDE.md", self.claude_md()),
            file("spec.md", with_end(&self.spec.content)),
        ];
        files.extend(self.prompts.iter().map(|prompt| file(&path(prompt), with_end(&prompt.content))));
        files.extend(
            self.prompts.iter().map(|prompt| {
                file(&format!(".claude/commands/build-{:02}.md", prompt.number), command(prompt))
            }),
        );
        files.push(file("manifest.json", self.manifest(&files)));
        files
    }

    /// The whole package as one Markdown text.
    pub(crate) fn markdown(&self) -> String {
        let mut text = self.readme();
        let _ = write!(text, "\n---\n\n{}", with_end(&self.spec.content));
        for prompt in &self.prompts {
            let _ = write!(text, "\n---\n\n{}", with_end(&prompt.content));
        }
        text
    }

    fn readme(&self) -> String {
        let project = &self.project;
        let mut text = format!("# {}\n\n", inline(&project.item.title));
        if project.item.simulated {
            text.push_str(SIMULATED);
        }
        let _ = writeln!(
            text,
            "A specification and {} prompts that build it, in order. Give each prompt to a fresh coding agent, wait until its \
             *Verify* section passes, then go on to the next.\n",
            self.prompts.len()
        );
        text.push_str("| # | stage | prompt | covers | after |\n|---|---|---|---|---|\n");
        for prompt in &self.prompts {
            let needs: Vec<_> = prompt.needs.iter().map(|number| format!("{number:02}")).collect();
            let _ = writeln!(
                text,
                "| {:02} | {} | [{}]({}){} | {} | {} |",
                prompt.number,
                prompt.stage,
                inline(&prompt.title),
                path(prompt),
                if prompt.is_stale { " *(stale)*" } else { "" },
                inline(&prompt.covers.join(", ")),
                needs.join(", "),
            );
        }
        text.push_str(
            "\nWith Claude Code: open this folder and run `/build-01`, then `/build-02`, and so on. \
             `manifest.json` names the exact version and digest of everything here.\n",
        );
        if self.prompts.iter().any(|prompt| prompt.is_stale) {
            text.push_str(
                "\nA *stale* prompt was written before the specification last changed: refine it first, or read it \
                 beside the specification.\n",
            );
        }
        decisions(&self.questions, &mut text);
        self.open_findings(&mut text);
        let _ = writeln!(text, "\n## The idea\n");
        quote(&mut text, "", &project.idea);
        text
    }

    fn open_findings(&self, text: &mut String) {
        let open: Vec<_> = self.findings.iter().filter(|finding| finding.state == "open").collect();
        if open.is_empty() {
            return;
        }
        text.push_str(
            "\n## Open findings\n\nThe critic found these, and they are not settled. \
             What concerns the specification or the intent, only a person can decide.\n\n",
        );
        for finding in open {
            let _ = writeln!(
                text,
                "- **{}** ({}, {}) {}  \n  {}",
                inline(&finding.id),
                finding.severity,
                finding.layer,
                inline(&finding.problem),
                inline(&finding.fix)
            );
        }
    }

    fn claude_md(&self) -> String {
        // Nothing that somebody wrote stands here: Claude Code reads `@path` in this file as "read that file too".
        let stale = self.prompts.iter().filter(|prompt| prompt.is_stale);
        let stale: Vec<_> = stale.map(|prompt| format!("{:02}", prompt.number)).collect();
        let stale = if stale.is_empty() {
            String::new()
        } else {
            format!("- Stale, written before the specification last changed: prompts {}.\n", stale.join(", "))
        };
        format!(
            "# A plan to be built\n\n\
             Made by Groundwork; `README.md` says what it is about.\n\n\
             - `spec.md` says what is to be built. Requirement ids (FR-001, …) mean its sections.\n\
             - `prompts/` says how, in order; each is one task. Do one at a time, in the order of their numbers.\n\
             - `/build-NN` does prompt NN. A prompt is done when its Verify section passes and its checklist is true.\n\
             - Where a prompt and the specification disagree, the specification wins: say so and stop.\n\
             - Texts here are the product's description. Change them only when a person asks for it.\n\
             {stale}"
        )
    }

    fn manifest(&self, files: &[File]) -> String {
        let version = |artifact: &Artifact| {
            json!({"id": artifact.item.id, "name": artifact.item.name, "version": artifact.item.version,
                   "digest": artifact.item.digest})
        };
        let artifacts: Vec<_> = std::iter::once(&self.spec).chain(self.set.as_ref()).map(version).collect();
        let prompts: Vec<_> = self
            .prompts
            .iter()
            .map(|prompt| {
                json!({"number": prompt.number, "version": prompt.version, "digest": prompt.digest,
                       "stage": prompt.stage, "title": prompt.title, "covers": prompt.covers,
                       "needs": prompt.needs, "is_stale": prompt.is_stale, "file": path(prompt)})
            })
            .collect();
        let decisions: Vec<_> = self
            .questions
            .iter()
            .filter(|question| question.state == "answered")
            .map(|question| {
                json!({"question_id": question.id, "question": question.text, "options": question.answer_options,
                       "answer": chosen(question), "assumption": question.assumption})
            })
            .collect();
        let open: Vec<_> = self.findings.iter().filter(|finding| finding.state == "open").collect();
        let manifest = json!({
            "format": "groundwork-prompt-package/1",
            "project": origin(&self.project),
            "artifacts": artifacts,
            "prompts": prompts,
            "decisions": decisions,
            "open_findings": open,
            "files": digests(files),
        });
        format!("{manifest:#}\n")
    }
}

/// What was answered.
fn decisions(questions: &[QuestionItem], text: &mut String) {
    let answered: Vec<_> = questions.iter().filter(|question| question.state == "answered").collect();
    if answered.is_empty() {
        return;
    }
    text.push_str("\n## Decisions\n\n");
    for question in answered {
        let by = question.assumption.as_ref().map_or(String::new(), |id| {
            format!(" (assumption {}: nobody chose, the recommendation was taken)", inline(id))
        });
        let _ = writeln!(text, "- **{}** {}{by}\n", inline(&question.id), inline(&question.text));
        quote(text, "  ", &chosen(question));
        text.push('\n');
    }
}

/// Where a package comes from, as its manifest says it.
fn origin(project: &ProjectHead) -> Value {
    let item = &project.item;
    json!({"id": item.project_id, "title": item.title, "pipeline": item.pipeline,
           "pipeline_version": project.pipeline_version, "simulated": item.simulated})
}

/// What a manifest says of files.
fn digests(files: &[File]) -> Vec<Value> {
    let digest = |file: &File| json!({"path": file.path, "sha256": Digest::of(file.content.as_bytes())});
    files.iter().map(digest).collect()
}

/// What somebody takes along, and the digest by which it can be known again.
pub(crate) struct Packed {
    /// All of it.
    pub bytes: Vec<u8>,
    /// SHA-256 of the bytes.
    pub digest: Digest,
}

impl Packed {
    pub(crate) fn of(bytes: Vec<u8>) -> Self {
        Self { digest: Digest::of(&bytes), bytes }
    }
}

/// Files as one zip archive, off the runtime's threads.
pub(crate) async fn packed(files: impl FnOnce() -> Vec<File> + Send + 'static) -> ApiResult<Packed> {
    let zipped = off_runtime("packing", move || zip(&files()).map(Packed::of)).await?;
    zipped.map_err(|error| internal("packing", &error))
}

/// Files as one zip archive.
pub(crate) fn zip(files: &[File]) -> ZipResult<Vec<u8>> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for file in files {
        archive.start_file(file.path.as_str(), options)?;
        archive.write_all(file.content.as_bytes())?;
    }
    Ok(archive.finish()?.into_inner())
}

fn file(path: &str, content: String) -> File {
    File { path: path.to_owned(), content }
}

fn path(prompt: &PromptItem) -> String {
    format!("prompts/{:02}-{}-{}.md", prompt.number, prompt.stage, slug(&prompt.title))
}

/// A slash command of Claude Code. Its description is a JSON string, which is a quoted scalar of YAML as well.
fn command(prompt: &PromptItem) -> String {
    let description = json!(format!("{:02} · {} · {}", prompt.number, prompt.stage, line(&prompt.title)));
    format!(
        "---\ndescription: {description}\n---\n\n\
         Do what @{} says, all of it and nothing else. Look up requirement ids in @spec.md.\n\
         Then run its Verify section, mend what fails, and report the checklist item by item.\n",
        path(prompt)
    )
}

/// What was answered, in words.
fn chosen(question: &QuestionItem) -> String {
    let labels = question.answer_options.iter().map(|key| {
        let option = question.options.as_array().into_iter().flatten().find(|option| option["key"] == **key);
        option.and_then(|option| option["label"].as_str()).unwrap_or(key).to_owned()
    });
    labels.chain(question.answer_text.clone()).collect::<Vec<_>>().join("; ")
}

/// At most 50 lower-case letters, digits and single dashes; other letters fall away, since file systems disagree on them.
pub(crate) fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars() {
        if slug.len() >= 50 {
            break;
        }
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "untitled".to_owned() } else { slug.to_owned() }
}

fn with_end(text: &str) -> String {
    format!("{}\n", text.trim_end())
}

/// Text on one line. It comes from people and models, and may be anything.
fn line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Text on one line in which nothing is Markdown or HTML.
fn inline(text: &str) -> String {
    let mut escaped = String::new();
    for c in line(text).chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' | '!' => escaped.extend(['\\', c]),
            _ => escaped.push(c),
        }
    }
    escaped
}

/// Text as it was written, in a quotation that it cannot leave: no heading, table or fence of it goes on behind it.
fn quote(text: &mut String, indent: &str, quoted: &str) {
    for line in quoted.lines() {
        let line: String = line.chars().filter(|c| !c.is_control() || *c == '\t').collect();
        let _ = writeln!(text, "{indent}> {}", line.replace('<', "&lt;"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_wrote_stays_where_it_stands() {
        assert_eq!(
            inline("a <b>\n# c | [d](e) `f` \u{1b}[31m"),
            "a &lt;b> \\# c \\| \\[d\\](e) \\`f\\` \\[31m"
        );
        let mut text = String::new();
        quote(&mut text, "  ", "x\n```\n## FR-001\u{1b}\n<script>");
        assert_eq!(text, "  > x\n  > ```\n  > ## FR-001\n  > &lt;script>\n");
    }

    #[test]
    fn slugs_are_safe_file_names() {
        assert_eq!(slug("Bookings API"), "bookings-api");
        assert_eq!(slug("../../etc/passwd"), "etc-passwd");
        assert_eq!(slug("予約"), "untitled");
        assert_eq!(slug(&"ab".repeat(100)).len(), 50);
    }
}
