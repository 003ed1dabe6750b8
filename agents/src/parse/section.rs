//! One section of a specification by itself: what a refinement answers with.

use super::ParseErrors;
use super::lines::{Errors, Line, body, check_size, split, whole};
use super::spec::{is_requirement_id, requirement, sections};

pub(super) fn parse(source: &str, current: &str) -> Result<String, ParseErrors> {
    check_size(source)?;
    let text = source[body(source)].to_owned();
    let mut errors = Errors::default();
    let old = split(current);
    let lines = split(&text);
    let Some((level, title)) = old.first().and_then(Line::heading) else {
        return Err(ParseErrors(vec![whole(
            "the current text of the section begins with its heading",
            current,
        )]));
    };
    let all = sections(&lines, text.len());
    let id = |title: &str| {
        title.split([' ', ':']).next().filter(|word| is_requirement_id(word)).map(str::to_owned)
    };
    let wanted = format!("{} {}", "#".repeat(level), id(title).unwrap_or_else(|| title.to_owned()));
    let head = lines.first().and_then(Line::heading);
    let same = head.is_some_and(|(other_level, other)| {
        other_level == level
            && if let Some(id) = id(title) { first_word(other) == id } else { other == title }
    });
    if !same {
        let found = lines.first().map_or("", |line| line.text);
        errors.at(1, format!("the new text begins with the heading as it was: `{wanted}`"), found);
    }
    for line in lines.iter().skip(1).filter(|line| line.heading().is_some_and(|(other, _)| other <= level)) {
        errors.at(line.number, "the reply is one section and nothing else", line.text);
    }
    if lines.iter().skip(1).all(|line| line.text.trim().is_empty()) {
        errors.at(1, "the section has text", "only a heading");
    }
    if let Some(section) =
        all.first().filter(|section| section.id.as_deref().is_some_and(|id| id.starts_with("FR-")))
    {
        let _ = requirement(&text, &lines, section, &mut errors);
    }
    errors.finish(text)
}

fn first_word(title: &str) -> &str {
    title.split([' ', ':']).next().unwrap_or_default()
}
