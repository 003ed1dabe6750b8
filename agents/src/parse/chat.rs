//! The business analyst's grammar: `## Reply`, then the brief under its six headings.

use super::ParseErrors;
use super::lines::{Errors, split};
use super::outline::stored;
use super::spec::{Section, sections};
use groundwork_domain::document::brief::{BRIEF_HEADINGS, Brief, ChatReply};

/// Longest message to a person, in characters.
const MESSAGE_CHARS_MAX: usize = 4_000;
/// Longest brief, in bytes of Markdown.
const BRIEF_BYTES_MAX: usize = 60 * 1024;

pub(super) fn parse(source: &str, with_brief: bool) -> Result<ChatReply, ParseErrors> {
    let text = stored(source)?;
    let mut errors = Errors::default();
    let lines = split(&text);
    let all = sections(&lines, text.len());
    let top: Vec<&Section> = all.iter().filter(|section| section.level == 2).collect();
    let first = lines.first().map_or("", |line| line.text);
    if first.trim() != "## Reply" {
        errors.at(1, "the reply begins with `## Reply`", first);
    }
    let body =
        |section: &Section| text[section.bytes.clone()].split_once('\n').map_or("", |(_, body)| body).trim();
    let message = top.first().map_or("", |section| body(section));
    let letters = message.chars().count();
    if !(1..=MESSAGE_CHARS_MAX).contains(&letters) {
        errors.at(
            1,
            format!("`## Reply` has 1 to {MESSAGE_CHARS_MAX} characters"),
            format!("{letters} characters"),
        );
    }
    let brief = match top.get(1) {
        Some(section) if section.heading == "Brief" => brief(&text, section, &all, &mut errors),
        Some(section) => {
            errors.at(
                section.lines.start,
                "after the reply comes `## Brief`",
                format!("## {}", section.heading),
            );
            None
        }
        None if with_brief => {
            errors.at(0, "the whole brief stands under `## Brief`", "no `## Brief`");
            None
        }
        None => None,
    };
    if let Some(section) = top.get(2) {
        errors.at(
            section.lines.start,
            "`## Brief` is the last heading of level 2",
            format!("## {}", section.heading),
        );
    }
    errors.finish(ChatReply { message: message.to_owned(), brief })
}

fn brief(text: &str, parent: &Section, all: &[Section], errors: &mut Errors) -> Option<Brief> {
    let inside = |section: &&Section| section.level == 3 && parent.lines.contains(&section.lines.start);
    let found: Vec<&Section> = all.iter().filter(inside).collect();
    let order = BRIEF_HEADINGS.join(" · ");
    let mut texts: [String; 6] = Default::default();
    for (index, heading) in BRIEF_HEADINGS.iter().enumerate() {
        let section = found.get(index);
        let Some(section) = section.filter(|section| section.heading == *heading) else {
            let line = section.map_or(parent.lines.start, |section| section.lines.start);
            let other =
                section.map_or_else(|| "nothing".to_owned(), |section| format!("### {}", section.heading));
            errors.at(
                line,
                format!("part {} of the brief is `### {heading}` (the order is {order})", index + 1),
                other,
            );
            return None;
        };
        let body = text[section.bytes.clone()].split_once('\n').map_or("", |(_, body)| body).trim();
        if body.is_empty() {
            errors.at(section.lines.start, format!("`### {heading}` has text, or `Not said yet.`"), "");
        }
        body.clone_into(&mut texts[index]);
    }
    if let Some(section) = found.get(BRIEF_HEADINGS.len()) {
        errors.at(section.lines.start, "`### Done when` is the last part of the brief", &section.heading);
    }
    let start = text[parent.bytes.clone()].split_once('\n').map_or("", |(_, body)| body);
    let before = start.split("### ").next().unwrap_or_default().trim();
    if !before.is_empty() {
        errors.at(parent.lines.start, "between `## Brief` and `### Problem` stands nothing", before);
    }
    let brief = Brief { sections: texts };
    let bytes = brief.markdown().len();
    if bytes > BRIEF_BYTES_MAX {
        errors.at(
            parent.lines.start,
            format!("a brief has at most {BRIEF_BYTES_MAX} bytes"),
            format!("{bytes} bytes"),
        );
    }
    Some(brief)
}

/// Reads a brief as it is stored: the six headings, of level 2.
pub(super) fn stored_brief(source: &str) -> Result<Brief, ParseErrors> {
    let text = stored(source)?;
    let mut errors = Errors::default();
    let outline = super::outline::Outline::read(&text, &BRIEF_HEADINGS, &mut errors);
    let sections = BRIEF_HEADINGS.map(|heading| outline.under(heading).to_owned());
    errors.finish(Brief { sections })
}
