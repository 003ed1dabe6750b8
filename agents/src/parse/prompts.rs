//! The synthesizer's grammar: `# 01 · setup · Title`, `covers:`, `needs:`, seven sections, a checklist.

use super::lines::{Errors, Line, body_lines, check_size, id_number};
use super::{PROMPTS_MAX, PROMPTS_MIN, ParseErrors};
use groundwork_domain::document::{Prompt, PromptStage};

/// The headings of level 2 of a prompt, all of them, in this order.
const SECTIONS: [&str; 7] =
    ["Context", "Task", "Requirements", "Constraints", "Steps", "Verify", "Checklist"];
const HEAD: &str = "a prompt begins with `# 01 · setup · Title`, stages being setup, backend, frontend, integration, deployment";

pub(super) fn parse_all(text: &str) -> Result<Vec<Prompt>, ParseErrors> {
    let mut errors = Errors::default();
    let prompts = read(text, &mut errors)?;
    if !(PROMPTS_MIN..=PROMPTS_MAX).contains(&prompts.len()) {
        let rule = format!("a package has {PROMPTS_MIN} to {PROMPTS_MAX} prompts");
        errors.at(0, rule, format!("{} prompts", prompts.len()));
    }
    let mut stage = PromptStage::Setup;
    for (index, (line, prompt)) in prompts.iter().enumerate() {
        if prompt.number as usize != index + 1 {
            errors.at(
                *line,
                format!("prompts count from 01 without gaps; this is {:02}", index + 1),
                format!("{:02}", prompt.number),
            );
        }
        if prompt.stage < stage {
            let rule = format!("stages come in order; {} stands before", stage.as_str());
            errors.at(*line, rule, prompt.stage.as_str());
        }
        stage = stage.max(prompt.stage);
    }
    errors.finish(prompts.into_iter().map(|(_, prompt)| prompt).collect())
}

pub(super) fn parse_some(text: &str, numbers: &[u32]) -> Result<Vec<Prompt>, ParseErrors> {
    let mut errors = Errors::default();
    let prompts = read(text, &mut errors)?;
    let wanted = numbers.iter().map(|number| format!("{number:02}")).collect::<Vec<_>>().join(", ");
    let mut seen = Vec::new();
    for (line, prompt) in &prompts {
        if !numbers.contains(&prompt.number) {
            errors.at(
                *line,
                format!("only these prompts are wanted: {wanted}"),
                format!("{:02}", prompt.number),
            );
        } else if seen.contains(&prompt.number) {
            errors.at(*line, "each prompt is written once", format!("{:02}", prompt.number));
        }
        seen.push(prompt.number);
    }
    for number in numbers.iter().filter(|number| !seen.contains(number)) {
        errors.at(
            0,
            format!("these prompts are wanted, each whole: {wanted}"),
            format!("no prompt {number:02}"),
        );
    }
    errors.finish(prompts.into_iter().map(|(_, prompt)| prompt).collect())
}

/// All prompts of a text, each with the line of its heading.
fn read(text: &str, errors: &mut Errors) -> Result<Vec<(usize, Prompt)>, ParseErrors> {
    check_size(text)?;
    let lines = body_lines(text);
    let starts: Vec<usize> =
        (0..lines.len()).filter(|at| lines[*at].heading().is_some_and(|(level, _)| level == 1)).collect();
    let first = starts.first().copied().unwrap_or(lines.len());
    if let Some(line) = lines[..first].iter().find(|line| !line.text.trim().is_empty()) {
        errors.at(line.number, HEAD, line.text);
    } else if starts.is_empty() {
        errors.at(0, HEAD, "");
    }
    let mut prompts = Vec::new();
    for (index, start) in starts.iter().enumerate() {
        let end = starts.get(index + 1).copied().unwrap_or(lines.len());
        prompts.extend(prompt(text, &lines[*start..end], errors));
    }
    Ok(prompts)
}

fn prompt(text: &str, lines: &[Line<'_>], errors: &mut Errors) -> Option<(usize, Prompt)> {
    let (head, rest) = lines.split_first()?;
    let title = head.heading().map_or("", |(_, title)| title);
    let Some((number, stage, title)) = title_parts(title) else {
        errors.at(head.number, HEAD, head.text);
        return None;
    };
    let covers = field(head, rest, "covers", errors).unwrap_or_default();
    let needs = field(head, rest, "needs", errors).unwrap_or_default();
    let covers =
        read_list(&covers, errors, "`covers:` lists requirement ids such as FR-001, or none", |word| {
            let known = id_number(word, "FR-", Some(3)).or_else(|| id_number(word, "NFR-", Some(3)));
            known.map(|_| word.to_owned())
        });
    let needs =
        read_list(&needs, errors, "`needs:` lists numbers of earlier prompts such as 01, or none", |word| {
            id_number(word, "", Some(2)).filter(|need| *need < number)
        });
    let checklist = sections(head, rest, errors);
    let end = lines.last().map_or(head.end, |line| line.end);
    let content = text[head.start..end].trim().to_owned();
    Some((head.number, Prompt { number, stage, title: title.to_owned(), covers, needs, content, checklist }))
}

fn title_parts(title: &str) -> Option<(u32, PromptStage, &str)> {
    let mut parts = title.splitn(3, '·').map(str::trim);
    let number = id_number(parts.next()?, "", Some(2))?;
    let word = parts.next()?;
    let stage = PromptStage::ALL.into_iter().find(|stage| stage.as_str() == word)?;
    let title = parts.next().filter(|title| !title.is_empty())?;
    Some((number, stage, title))
}

/// The value of `name: …`, which stands between the title and the first section.
fn field<'a>(
    head: &Line<'_>,
    rest: &[Line<'a>],
    name: &str,
    errors: &mut Errors,
) -> Option<(usize, &'a str)> {
    let value = rest.iter().take_while(|line| line.heading().is_none()).find_map(|line| {
        line.text.strip_prefix(name)?.strip_prefix(':').map(|value| (line.number, value.trim()))
    });
    if value.is_none() {
        errors.at(head.number, format!("under the title stands a line `{name}: …`"), head.text);
    }
    value
}

fn read_list<T>(
    (line, value): &(usize, &str),
    errors: &mut Errors,
    rule: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Vec<T> {
    let mut list = Vec::new();
    if matches!(*value, "" | "none" | "-" | "–") {
        return list;
    }
    for word in value.split(',').map(str::trim) {
        match read(word) {
            Some(item) => list.push(item),
            None => errors.at(*line, rule, word),
        }
    }
    list
}

/// Checks the seven sections and gives the items of the checklist.
fn sections(head: &Line<'_>, rest: &[Line<'_>], errors: &mut Errors) -> Vec<String> {
    let starts: Vec<usize> =
        (0..rest.len()).filter(|at| rest[*at].heading().is_some_and(|(level, _)| level == 2)).collect();
    let order = SECTIONS.join(" · ");
    for (index, expected) in SECTIONS.iter().enumerate() {
        let Some(at) = starts.get(index) else {
            errors.at(
                head.number,
                format!("a prompt has the sections {order}"),
                format!("no `## {expected}`"),
            );
            return Vec::new();
        };
        if rest[*at].heading().is_none_or(|(_, title)| title != *expected) {
            let rule = format!("section {} is `## {expected}` (the order is {order})", index + 1);
            errors.at(rest[*at].number, rule, rest[*at].text);
            return Vec::new();
        }
        let end = starts.get(index + 1).copied().unwrap_or(rest.len());
        if rest[at + 1..end].iter().all(|line| line.text.trim().is_empty()) {
            errors.at(rest[*at].number, format!("`## {expected}` has text"), "");
        }
    }
    if let Some(extra) = starts.get(SECTIONS.len()) {
        errors.at(rest[*extra].number, "`## Checklist` is the last section of a prompt", rest[*extra].text);
    }
    let from = starts.get(SECTIONS.len() - 1).copied().unwrap_or(rest.len());
    let items: Vec<String> = rest[from..]
        .iter()
        .filter_map(|line| line.text.trim().strip_prefix("- [ ] "))
        .map(|item| item.trim().to_owned())
        .collect();
    if items.is_empty() {
        errors.at(
            rest.get(from).map_or(head.number, |line| line.number),
            "a checklist has items `- [ ] …`",
            "none",
        );
    }
    items
}
