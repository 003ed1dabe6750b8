//! What the grammars of documents share: fixed headings of level 2, blocks of level 3 below them, fields in a fixed order.

use super::ParseErrors;
use super::lines::{Errors, Line, body, check_size, split};
use super::spec::{Section, sections};

/// Written behind the title of what no longer holds; its id is never used again.
pub(super) const RETIRED: &str = "(retired)";

/// The text of a reply as it is stored: without blank lines around it, one line end behind it.
pub(super) fn stored(source: &str) -> Result<String, ParseErrors> {
    check_size(source)?;
    Ok(format!("{}\n", &source[body(source)]))
}

/// A text by its headings.
pub(super) struct Outline<'a> {
    text: &'a str,
    lines: Vec<Line<'a>>,
    sections: Vec<Section>,
}

impl<'a> Outline<'a> {
    /// Reads a text that must have exactly these headings of level 2, in this order, each with something below it.
    pub(super) fn read(text: &'a str, wanted: &[&str], errors: &mut Errors) -> Self {
        let lines = split(text);
        let sections = sections(&lines, text.len());
        let outline = Self { text, lines, sections };
        outline.check(wanted, errors);
        outline
    }

    fn check(&self, wanted: &[&str], errors: &mut Errors) {
        let top: Vec<&Section> = self.sections.iter().filter(|section| section.level == 2).collect();
        let order = wanted.join(" · ");
        let first = top.first().map_or(usize::MAX, |section| section.lines.start);
        let loose = self.lines.iter().find(|line| {
            let is_title = line.heading().is_some_and(|(level, _)| level == 1);
            (line.number < first && !line.text.trim().is_empty()) || is_title
        });
        if let Some(line) = loose {
            let rule = format!("everything stands under the headings {order}, of level 2");
            errors.at(line.number, rule, line.text);
        }
        for (index, heading) in wanted.iter().enumerate() {
            match top.get(index) {
                Some(section) if section.heading == *heading => {
                    if self.body(section).trim().is_empty() {
                        let rule =
                            format!("`## {heading}` has text; write `None.` where there is nothing to say");
                        errors.at(section.lines.start, rule, "");
                    }
                }
                Some(section) => {
                    let rule = format!("heading {} is `## {heading}` (the order is {order})", index + 1);
                    return errors.at(section.lines.start, rule, format!("## {}", section.heading));
                }
                None => {
                    let rule = format!("the reply has the headings {order}");
                    return errors.at(0, rule, format!("no `## {heading}`"));
                }
            }
        }
        if let Some(section) = top.get(wanted.len()) {
            let rule = format!("`## {}` is the last heading of level 2", wanted.last().unwrap_or(&""));
            errors.at(section.lines.start, rule, format!("## {}", section.heading));
        }
    }

    /// Whether there is such a heading of level 2.
    pub(super) fn top(&self, heading: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.level == 2 && section.heading == heading)
    }

    /// What stands below a heading.
    pub(super) fn body(&self, section: &Section) -> &'a str {
        self.text[section.bytes.clone()].split_once('\n').map_or("", |(_, body)| body)
    }

    /// What stands below that heading of level 2; nothing where there is none.
    pub(super) fn under(&self, heading: &str) -> &'a str {
        self.top(heading).map_or("", |section| self.body(section).trim())
    }

    /// The sections of level 3 below that heading. Whatever else stands there is an error.
    pub(super) fn blocks(&self, heading: &str, example: &str, errors: &mut Errors) -> Vec<&Section> {
        let Some(parent) = self.top(heading) else { return Vec::new() };
        let inside = |section: &&Section| section.level == 3 && parent.lines.contains(&section.lines.start);
        let blocks: Vec<&Section> = self.sections.iter().filter(inside).collect();
        let first = blocks.first().map_or(parent.lines.end, |block| block.lines.start);
        let between = parent.lines.start + 1..first;
        let loose = self.lines_in(&between).find(|line| !line.text.trim().is_empty());
        if let Some(line) = loose {
            errors.at(
                line.number,
                format!("under `## {heading}` stand blocks that begin with `{example}`"),
                line.text,
            );
        } else if blocks.is_empty() {
            errors.at(
                parent.lines.start,
                format!("`## {heading}` has at least one block `{example}`"),
                "none",
            );
        }
        blocks
    }

    /// The lines below the heading of a section.
    pub(super) fn lines_of(&self, section: &Section) -> Vec<Line<'a>> {
        self.lines_in(&(section.lines.start + 1..section.lines.end)).copied().collect()
    }

    /// All lines of a section and the text that they are of, for the parser of requirements.
    pub(super) fn all_lines(&self) -> &[Line<'a>] {
        &self.lines
    }

    fn lines_in(&self, range: &std::ops::Range<usize>) -> impl Iterator<Item = &Line<'a>> {
        let range = range.clone();
        self.lines.iter().filter(move |line| range.contains(&line.number))
    }
}

/// A field's value with its line.
pub(super) type Field<'a> = (usize, &'a str);

/// The first lines of a block: one `key: value` each, all keys, in this order. Gives them and the lines behind them.
pub(super) fn fields<'a, const N: usize>(
    lines: &[Line<'a>],
    head: usize,
    keys: [&str; N],
    errors: &mut Errors,
) -> Option<([Field<'a>; N], Vec<Line<'a>>)> {
    let filled: Vec<&Line<'a>> = lines.iter().filter(|line| !line.text.trim().is_empty()).take(N).collect();
    let mut values: [Field<'a>; N] = [(head, ""); N];
    for (index, key) in keys.iter().enumerate() {
        let rule =
            || format!("line {} of a block is `{key}: …` (the order is {})", index + 1, keys.join(", "));
        let Some(line) = filled.get(index) else {
            errors.at(head, rule(), "nothing");
            return None;
        };
        match line.text.split_once(':').filter(|(name, value)| name == key && !value.trim().is_empty()) {
            Some((_, value)) => values[index] = (line.number, value.trim()),
            None => {
                errors.at(line.number, rule(), line.text);
                return None;
            }
        }
    }
    let last = filled.last().map_or(head, |line| line.number);
    Some((values, lines.iter().filter(|line| line.number > last).copied().collect()))
}

/// The words of a list of a field; none for `none`.
pub(super) fn listed(value: &str) -> Vec<&str> {
    if value == "none" {
        return Vec::new();
    }
    value.split(',').map(|word| word.trim().trim_matches('`')).filter(|word| !word.is_empty()).collect()
}

/// Lines as one text, without blank lines around it.
pub(super) fn joined(lines: &[Line<'_>]) -> String {
    lines.iter().map(|line| line.text).collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// Items `- Given …, when …, then …`, continued on indented lines.
pub(super) fn criteria(lines: &[Line<'_>], head: usize, id: &str, errors: &mut Errors) -> Vec<String> {
    let rule = format!("{id} has at least one line `- Given …, when …, then …` and nothing else there");
    let mut found: Vec<String> = Vec::new();
    for line in lines.iter().filter(|line| !line.text.trim().is_empty()) {
        let text = line.text.trim();
        match (text.strip_prefix("- "), found.last_mut()) {
            (Some(item), _) => found.push(item.to_owned()),
            (None, Some(last)) if line.text.starts_with(' ') => {
                last.push(' ');
                last.push_str(text);
            }
            (None, _) => errors.at(line.number, rule.clone(), text),
        }
    }
    let fits = |one: &String| {
        let lower = one.to_ascii_lowercase();
        let (when, then) = (lower.find("when "), lower.rfind("then "));
        lower.starts_with("given ") && when.zip(then).is_some_and(|(when, then)| when < then)
    };
    match found.iter().find(|one| !fits(one)) {
        Some(wrong) => errors.at(head, rule, wrong),
        None if found.is_empty() => errors.at(head, rule, "none"),
        None => {}
    }
    found
}
