//! The architect's grammar: twelve headings in order, requirements with ids, sources and acceptance criteria.

use super::ParseErrors;
use super::lines::{Errors, Line, body, check_size, id_number, split};
use std::collections::BTreeSet;
use std::ops::Range;

/// The headings of level 2, all of them, in this order.
pub const HEADINGS: [&str; 12] = [
    "Overview",
    "Users and goals",
    "Requirements",
    "Qualities",
    "Data model",
    "Interfaces",
    "User interface",
    "Technology",
    "Out of scope",
    "Assumptions",
    "Open questions",
    "Glossary",
];
/// Written behind the title of a requirement that no longer holds; its id is never used again.
const RETIRED: &str = "(retired)";

/// A heading and everything below it down to the next heading of its level or above.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The text of the heading, ids included: `FR-003 Cancel a booking`.
    pub heading: String,
    /// 2 for the twelve, 3 and more below them.
    pub level: usize,
    /// `FR-003`, where the heading begins with one.
    pub id: Option<String>,
    /// 1-based, the last one excluded.
    pub lines: Range<usize>,
    /// Offsets into [`Spec::text`].
    pub bytes: Range<usize>,
}

impl Section {
    /// What a person may call it: the id, else the heading.
    #[must_use]
    pub fn name(&self) -> String {
        self.id.clone().unwrap_or_else(|| self.heading.clone())
    }
}

/// A functional requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// `FR-001`, …
    pub id: String,
    /// A few words.
    pub title: String,
    /// Its whole Markdown, heading line included.
    pub text: String,
    /// The lines with Given, when, then.
    pub criteria: Vec<String>,
    /// What supports it: `Q2`, `A1`, `idea`, `brief`.
    pub sources: Vec<String>,
    /// True where it no longer holds.
    pub retired: bool,
    /// The line of its heading, 1-based.
    pub line: usize,
}

/// A specification that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// The whole, as it is stored: without blank lines around it, one line end behind it.
    pub text: String,
    /// In the order of the text; sections of level 3 also lie inside those of level 2.
    pub sections: Vec<Section>,
    /// In the order of the text.
    pub requirements: Vec<Requirement>,
    /// Ids of the qualities: `NFR-001`, …
    pub qualities: Vec<String>,
    /// Ids of the assumptions: `A1`, …
    pub assumptions: Vec<String>,
}

impl Spec {
    /// The section of that heading or id; letters' case and leading `#`s do not matter.
    #[must_use]
    pub fn find(&self, target: &str) -> Option<&Section> {
        let wanted = target.trim().trim_start_matches('#').trim();
        self.sections.iter().find(|section| {
            section.id.as_deref().is_some_and(|id| id.eq_ignore_ascii_case(wanted))
                || section.heading.eq_ignore_ascii_case(wanted)
        })
    }

    /// Ids of the requirements that hold: what prompts must cover.
    #[must_use]
    pub fn requirement_ids(&self) -> Vec<String> {
        self.requirements.iter().filter(|one| !one.retired).map(|one| one.id.clone()).collect()
    }

    /// The requirement of that id.
    #[must_use]
    pub fn requirement(&self, id: &str) -> Option<&Requirement> {
        self.requirements.iter().find(|one| one.id == id)
    }
}

pub(super) fn parse(source: &str) -> Result<Spec, ParseErrors> {
    check_size(source)?;
    let mut text = source[body(source)].to_owned();
    text.push('\n');
    let mut errors = Errors::default();
    let lines = split(&text);
    let sections = sections(&lines, text.len());
    check_headings(&lines, &sections, &mut errors);
    for section in &sections {
        check_filled(&text, section, &sections, &mut errors);
    }
    let requirements = requirements(&text, &lines, &sections, &mut errors);
    let qualities = listed(&lines, &sections, "Qualities", "NFR-", Some(3), &mut errors);
    let assumptions = listed(&lines, &sections, "Assumptions", "A", None, &mut errors);
    errors.finish(())?;
    Ok(Spec { sections, requirements, qualities, assumptions, text })
}

pub(super) fn sections(lines: &[Line<'_>], length: usize) -> Vec<Section> {
    let headings: Vec<(&Line<'_>, usize, &str)> = lines
        .iter()
        .filter_map(|line| line.heading().map(|(level, title)| (line, level, title)))
        .filter(|(_, level, _)| *level >= 2)
        .collect();
    headings
        .iter()
        .enumerate()
        .map(|(index, (line, level, title))| {
            let next = headings[index + 1..].iter().find(|(_, other, _)| other <= level);
            Section {
                heading: (*title).to_owned(),
                level: *level,
                id: title.split([' ', ':']).next().filter(|word| is_requirement_id(word)).map(str::to_owned),
                lines: line.number..next.map_or(lines.len() + 1, |(line, ..)| line.number),
                bytes: line.start..next.map_or(length, |(line, ..)| line.start),
            }
        })
        .collect()
}

pub(super) fn is_requirement_id(word: &str) -> bool {
    id_number(word, "FR-", Some(3)).is_some() || id_number(word, "NFR-", Some(3)).is_some()
}

fn check_headings(lines: &[Line<'_>], sections: &[Section], errors: &mut Errors) {
    let top: Vec<&Section> = sections.iter().filter(|section| section.level == 2).collect();
    let first = top.first().map_or(usize::MAX, |section| section.lines.start);
    for line in lines.iter().filter(|line| line.number < first && !line.text.trim().is_empty()) {
        // One title above everything is harmless and common.
        if line.number > 1 || line.heading().is_none_or(|(level, _)| level != 1) {
            errors.at(line.number, "the specification begins with `## Overview`", line.text);
            break;
        }
    }
    for line in
        lines.iter().filter(|line| line.number > 1 && line.heading().is_some_and(|(level, _)| level == 1))
    {
        errors.at(line.number, "headings are of level 2 or deeper", line.text);
    }
    let order = HEADINGS.join(" · ");
    for (index, expected) in HEADINGS.iter().enumerate() {
        match top.get(index) {
            Some(section) if section.heading == *expected => {}
            Some(section) => {
                let rule = format!("heading {} is `## {expected}` (the order is {order})", index + 1);
                return errors.at(section.lines.start, rule, format!("## {}", section.heading));
            }
            None => {
                let rule = format!("the specification has the headings {order}");
                return errors.at(0, rule, format!("no `## {expected}`"));
            }
        }
    }
    if let Some(section) = top.get(HEADINGS.len()) {
        errors.at(
            section.lines.start,
            "`## Glossary` is the last heading of level 2",
            format!("## {}", section.heading),
        );
    }
}

fn check_filled(text: &str, section: &Section, all: &[Section], errors: &mut Errors) {
    let content = text[section.bytes.clone()].split_once('\n').map_or("", |(_, content)| content);
    if content.trim().is_empty() {
        let rule = format!("`{}` has text; write `None.` where there is nothing to say", section.heading);
        errors.at(section.lines.start, rule, "");
    }
    let twin =
        all.iter().find(|other| other.lines.start < section.lines.start && other.name() == section.name());
    if let Some(twin) = twin.filter(|_| section.level <= 3) {
        let rule = format!("a name stands for one section; line {} has it already", twin.lines.start);
        errors.at(section.lines.start, rule, section.name());
    }
}

fn requirements(
    text: &str,
    lines: &[Line<'_>],
    sections: &[Section],
    errors: &mut Errors,
) -> Vec<Requirement> {
    let Some(parent) =
        sections.iter().find(|section| section.level == 2 && section.heading == "Requirements")
    else {
        return Vec::new();
    };
    let mut found: Vec<Requirement> = Vec::new();
    for section in sections {
        let inside = parent.lines.contains(&section.lines.start) && section.level > 2;
        let is_requirement = section.id.as_deref().is_some_and(|id| id.starts_with("FR-"));
        match (inside, is_requirement, section.level) {
            (true, true, 3) => found.push(requirement(text, lines, section, errors)),
            (true, _, 3) => {
                errors.at(
                    section.lines.start,
                    "a requirement begins with `### FR-001 Title`",
                    &section.heading,
                );
            }
            (_, true, _) => errors.at(
                section.lines.start,
                "requirements stand under `## Requirements`, with headings of level 3",
                &section.heading,
            ),
            (_, false, _) => {}
        }
    }
    for pair in found.windows(2) {
        if pair[0].id >= pair[1].id {
            errors.at(
                pair[1].line,
                format!("requirement ids ascend; {} stands before", pair[0].id),
                &pair[1].id,
            );
        }
    }
    if found.iter().all(|one| one.retired) {
        errors.at(
            parent.lines.start,
            "a specification has at least one requirement `### FR-001 Title`",
            "none",
        );
    }
    found
}

pub(super) fn requirement(
    text: &str,
    lines: &[Line<'_>],
    section: &Section,
    errors: &mut Errors,
) -> Requirement {
    let id = section.id.clone().unwrap_or_default();
    let title = section.heading[id.len()..].trim_start_matches(':').trim();
    let retired = title.ends_with(RETIRED);
    let mut criteria: Vec<String> = Vec::new();
    let mut sources = BTreeSet::new();
    let mut in_criterion = false;
    for line in
        lines.iter().filter(|line| section.lines.contains(&line.number) && line.number > section.lines.start)
    {
        let trimmed = line.text.trim();
        let begins = trimmed.strip_prefix("- ").or_else(|| trimmed.strip_prefix("* "));
        if let Some(item) = begins {
            in_criterion = item.to_ascii_lowercase().starts_with("given ");
            if in_criterion {
                criteria.push(item.to_owned());
            }
        } else if in_criterion && line.text.starts_with(' ') && !trimmed.is_empty() {
            if let Some(last) = criteria.last_mut() {
                last.push(' ');
                last.push_str(trimmed);
            }
        } else {
            in_criterion = false;
        }
        if !in_criterion {
            sources.extend(cited(line.text));
        }
    }
    if title.is_empty() {
        errors.at(section.lines.start, format!("{id} has a title of a few words"), &section.heading);
    }
    if !retired {
        check_criteria(section, &id, &criteria, errors);
        if sources.is_empty() {
            let rule = format!("{id} names its source in brackets: (Q1), (A1) or (idea)");
            errors.at(section.lines.start, rule, "no source");
        }
    }
    Requirement {
        title: title.to_owned(),
        text: text[section.bytes.clone()].trim_end().to_owned(),
        criteria,
        sources: sources.into_iter().collect(),
        retired,
        line: section.lines.start,
        id,
    }
}

fn check_criteria(section: &Section, id: &str, criteria: &[String], errors: &mut Errors) {
    let rule = format!("{id} has at least one line `- Given …, when …, then …`");
    if criteria.is_empty() {
        errors.at(section.lines.start, rule, "none");
        return;
    }
    for one in criteria {
        let lower = one.to_ascii_lowercase();
        let when = lower.find("when ");
        let then = lower.rfind("then ");
        if when.zip(then).is_none_or(|(when, then)| when >= then) {
            errors.at(section.lines.start, rule.clone(), one);
        }
    }
}

/// Sources in a line's brackets: `(Q2)`, `(Q1, A2)`, `(idea)`.
fn cited(line: &str) -> Vec<String> {
    let mut sources = Vec::new();
    for part in line.split('(').skip(1) {
        let inner = part.split(')').next().unwrap_or_default();
        let words: Vec<&str> =
            inner.split([',', ';', ' ']).map(str::trim).filter(|word| !word.is_empty()).collect();
        let is_source = |word: &&str| {
            ["idea", "brief"].contains(word)
                || id_number(word, "Q", None).is_some()
                || id_number(word, "A", None).is_some()
        };
        if words.iter().all(is_source) {
            sources.extend(words.into_iter().map(str::to_owned));
        }
    }
    sources
}

/// Ids of a section's list items, `- NFR-001 …` or `- A1: …`; each item has one, ascending.
fn listed(
    lines: &[Line<'_>],
    sections: &[Section],
    heading: &str,
    prefix: &str,
    digits: Option<usize>,
    errors: &mut Errors,
) -> Vec<String> {
    let Some(section) = sections.iter().find(|section| section.level == 2 && section.heading == heading)
    else {
        return Vec::new();
    };
    let mut ids: Vec<String> = Vec::new();
    let mut last = 0;
    for line in lines.iter().filter(|line| section.lines.contains(&line.number) && !line.fenced) {
        let Some(item) = line.text.strip_prefix("- ") else {
            continue;
        };
        let word = item.split([' ', ':']).next().unwrap_or_default();
        let Some(number) = id_number(word, prefix, digits) else {
            let example = if digits.is_some() { "NFR-001 Speed: …" } else { "A1: …" };
            errors.at(
                line.number,
                format!("an item of `## {heading}` begins with its id: `- {example}`"),
                line.text,
            );
            continue;
        };
        if number <= last {
            errors.at(line.number, format!("ids of `## {heading}` ascend"), word);
        }
        last = last.max(number);
        ids.push(word.to_owned());
    }
    ids
}
