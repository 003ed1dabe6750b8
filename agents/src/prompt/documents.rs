//! Documents as the models read them, and typed values as Markdown again: the parsers' grammars written out.

use super::Document;
use super::escape::{attribute, escape};
use crate::call::Block;
use crate::parse::Review;
use groundwork_domain::document::audit::Audit;
use groundwork_domain::document::brief::{ChatTurn, Speaker};
use groundwork_domain::document::files::CodeFile;
use groundwork_domain::document::{
    Answer, Finding, Layer, Prompt, Question, QuestionFormat, QuestionOption, Severity, Verdict,
};
use std::fmt::Write as _;

/// Stands for the target of a finding that names neither prompt nor requirement.
pub(crate) const NO_TARGET: &str = "the whole";

/// Blocks of the documents in the fixed order; a breakpoint behind each document that a later call may share as its
/// prefix. A chat has one block a turn, so that the next turn finds the ones before it in the cache.
pub(super) fn blocks(documents: &[Document<'_>]) -> Vec<Block> {
    let mut ordered: Vec<&Document<'_>> = documents.iter().collect();
    ordered.sort_by_key(|document| place(document));
    let last = ordered.len().saturating_sub(1);
    let mut blocks = Vec::new();
    for (index, document) in ordered.into_iter().enumerate() {
        match document {
            Document::Conversation(turns) => blocks.extend(turns.iter().map(turn_block)),
            other => blocks.push(Block::new(document_text(other))),
        }
        // An idea is never the end of a prefix that has answers behind it: no other call stops there.
        if let Some(block) = blocks.last_mut() {
            block.breakpoint |= index == last || !matches!(document, Document::Idea(_));
        }
    }
    blocks
}

fn place(document: &Document<'_>) -> u8 {
    match document {
        Document::Idea(_) => 0,
        Document::Answers { .. } => 1,
        Document::Named { name: "brief", .. } => 2,
        Document::Spec(_) | Document::Named { name: "spec" | "software_specification", .. } => 3,
        Document::Named { name: "plan" | "implementation_plan", .. } => 4,
        Document::Named { name: "tests", .. } => 5,
        Document::Prompts(_) => 6,
        Document::Named { .. } => 7,
        Document::Code(_) => 8,
        // It grows with every call: nothing stands behind it.
        Document::Conversation(_) => 9,
    }
}

fn document_text(document: &Document<'_>) -> String {
    let named = |name: &str, text: &str| {
        format!("<document name=\"{}\">\n{}\n</document>", attribute(name), escape(text.trim()))
    };
    match document {
        Document::Idea(text) => format!("<idea>\n{}\n</idea>", escape(text.trim())),
        Document::Answers { questions, answers } => answers_text(questions, answers),
        Document::Spec(text) => named("spec", text),
        Document::Prompts(prompts) => {
            format!("<document name=\"prompts\">\n{}\n</document>", escape(&prompts_text(prompts)))
        }
        Document::Named { name, text } => named(name, text),
        Document::Code(files) => {
            let files: Vec<String> = files.iter().map(file_text).collect();
            format!("<document name=\"code\">\n{}\n</document>", files.join("\n"))
        }
        Document::Conversation(turns) => {
            turns.iter().map(|turn| turn_block(turn).text).collect::<Vec<_>>().join("\n\n")
        }
    }
}

fn turn_block(turn: &ChatTurn) -> Block {
    let by = match turn.by {
        Speaker::Person => "person",
        Speaker::Agent => "you",
    };
    let text = escape(turn.text.trim());
    Block::new(format!("<conversation>\n<turn by=\"{by}\">\n{text}\n</turn>\n</conversation>"))
}

/// A file with numbers in front of its lines, so that a reviewer can name them.
fn file_text(file: &CodeFile) -> String {
    let path = attribute(file.path.as_str());
    let lines: Vec<String> = (1..)
        .zip(escape(&file.content).lines())
        .map(|(number, line): (usize, &str)| format!("{number:4} {line}"))
        .collect();
    format!("<sourcefile path=\"{path}\">\n{}\n</sourcefile>", lines.join("\n"))
}

fn answers_text(questions: &[Question], answers: &[Answer]) -> String {
    if questions.is_empty() {
        return "<answers>\nNo questions were asked.\n</answers>".to_owned();
    }
    let mut text = String::from("<answers>\n");
    for question in questions {
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(
            text,
            "<question id=\"{}\" format=\"{}\">\n{}\n{}</question>",
            attribute(&question.id),
            format_word(question.format),
            escape(question.text.trim()),
            escape(&options_text(&question.options)),
        );
        match answers.iter().find(|answer| answer.question_id == question.id) {
            Some(answer) => answer_text(&mut text, question, answer),
            None => {
                let _ = writeln!(text, "<answer id=\"{}\" open=\"true\"></answer>", attribute(&question.id));
            }
        }
    }
    text.push_str("</answers>");
    text
}

fn answer_text(text: &mut String, question: &Question, answer: &Answer) {
    let _ = write!(text, "<answer id=\"{}\"", attribute(&question.id));
    if !answer.options.is_empty() {
        let _ = write!(text, " options=\"{}\"", attribute(&answer.options.join(",")));
    }
    if let Some(assumption) = &answer.assumption {
        let _ = write!(text, " assumption=\"{}\"", attribute(assumption));
    }
    text.push_str(">\n");
    for key in &answer.options {
        if let Some(option) = question.options.iter().find(|option| option.key == *key) {
            let _ = writeln!(text, "{}: {}", option.key, escape(option.label.trim()));
        }
    }
    if let Some(own) = answer.text.as_deref().map(str::trim).filter(|own| !own.is_empty()) {
        let _ = writeln!(text, "{}", escape(own));
    }
    text.push_str("</answer>\n");
}

fn format_word(format: QuestionFormat) -> &'static str {
    match format {
        QuestionFormat::Radio => "radio",
        QuestionFormat::Checkbox => "checkbox",
        QuestionFormat::Text => "text",
    }
}

fn options_text(options: &[QuestionOption]) -> String {
    let mut text = String::new();
    for option in options {
        let recommended = if option.recommended { " (recommended)" } else { "" };
        let _ = writeln!(text, "- {}: {}{recommended}", option.key, option.label.trim());
    }
    text
}

/// Questions in the grammar of the elicitor.
#[must_use]
pub fn questions_text(questions: &[Question]) -> String {
    if questions.is_empty() {
        return "No questions.".to_owned();
    }
    let blocks: Vec<String> = questions
        .iter()
        .map(|question| {
            format!(
                "## {}: {}\ncategory: {}\nwhy: {}\nformat: {}\n{}",
                question.id,
                question.text,
                question.category,
                question.why,
                format_word(question.format),
                options_text(&question.options)
            )
            .trim_end()
            .to_owned()
        })
        .collect();
    blocks.join("\n\n")
}

/// Prompts one after the other, as their agent wrote them.
#[must_use]
pub fn prompts_text(prompts: &[Prompt]) -> String {
    prompts.iter().map(|prompt| prompt.content.trim()).collect::<Vec<_>>().join("\n\n")
}

/// Findings in the grammar of the critic, without a verdict; nothing for none.
#[must_use]
pub fn findings_text(findings: &[Finding]) -> String {
    let blocks: Vec<String> = findings
        .iter()
        .map(|finding| {
            let prompts = finding.prompts.iter().map(|number| format!("{number:02}"));
            let target = prompts.chain(finding.requirements.iter().cloned()).collect::<Vec<_>>().join(", ");
            format!(
                "## {}\nseverity: {}\nlayer: {}\ntarget: {}\nproblem: {}\nfix: {}",
                finding.id,
                severity_word(finding.severity),
                layer_word(finding.layer),
                if target.is_empty() { NO_TARGET } else { &target },
                one_line(&finding.problem),
                one_line(&finding.fix)
            )
        })
        .collect();
    blocks.join("\n\n")
}

/// A review in the grammar of the critic.
#[must_use]
pub fn review_text(review: &Review) -> String {
    let verdict = match review.verdict {
        Verdict::Pass => "pass",
        Verdict::Revise => "revise",
    };
    format!("verdict: {verdict}\n\n{}", findings_text(&review.findings)).trim_end().to_owned()
}

/// A review of files in the grammar of their reviewers.
#[must_use]
pub fn audit_text(audit: &Audit) -> String {
    let mut text = format!("verdict: {}\n", if audit.passed() { "PASS" } else { "FAIL" });
    for item in &audit.items {
        let evidence = if item.evidence.is_empty() { "none".to_owned() } else { item.evidence.join(", ") };
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "\n## {} {}\nresult: {}\nevidence: {evidence}\nreason: {}\n",
            item.id,
            item.title,
            item.result.as_str(),
            one_line(&item.reason)
        );
    }
    text
}

fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Minor => "minor",
        Severity::Major => "major",
        Severity::Blocker => "blocker",
    }
}

fn layer_word(layer: Layer) -> &'static str {
    match layer {
        Layer::Prompt => "prompt",
        Layer::Spec => "spec",
        Layer::Intent => "intent",
        Layer::Code => "code",
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
