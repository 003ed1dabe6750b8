//! What all grammars share: numbered lines, fences, errors.

use super::{ERRORS_MAX, ParseError, ParseErrors, REPLY_BYTES_MAX};
use std::ops::Range;

/// Longest quotation of a reply in an error, in characters.
const FOUND_CHARS_MAX: usize = 120;

/// A line of a reply, with where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    /// 1-based.
    pub(super) number: usize,
    /// Without its line end.
    pub(super) text: &'a str,
    /// Offset of its first byte.
    pub(super) start: usize,
    /// Offset behind its line end.
    pub(super) end: usize,
    /// True inside a fenced block of code, fences included: what looks like a heading there is none.
    pub(super) fenced: bool,
}

impl<'a> Line<'a> {
    /// Level and text of a heading, such as `(2, "Context")` of `## Context`.
    pub(super) fn heading(&self) -> Option<(usize, &'a str)> {
        if self.fenced {
            return None;
        }
        let level = self.text.bytes().take_while(|byte| *byte == b'#').count();
        let rest = self.text.get(level..)?;
        ((1..=6).contains(&level) && rest.starts_with(' ')).then(|| (level, rest.trim()))
    }
}

/// The lines of a text.
pub(super) fn split(text: &str) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    let mut start = 0;
    let mut fence: Option<&str> = None;
    for (index, raw) in text.split_inclusive('\n').enumerate() {
        let end = start + raw.len();
        let line = raw.trim_end_matches('\n').trim_end_matches('\r');
        let trimmed = line.trim_start();
        let mark = ["```", "~~~"].into_iter().find(|mark| trimmed.starts_with(mark));
        let fenced = fence.is_some() || mark.is_some();
        fence = match (fence, mark) {
            (None, opened) => opened,
            // A fence closes only with its own mark and nothing behind it.
            (Some(open), Some(mark))
                if open == mark && trimmed.trim_end().trim_start_matches(['`', '~']).is_empty() =>
            {
                None
            }
            (open, _) => open,
        };
        lines.push(Line { number: index + 1, text: line, start, end, fenced });
        start = end;
    }
    lines
}

/// The lines of the part of a text that counts, numbered and placed as in the whole text.
pub(super) fn body_lines(text: &str) -> Vec<Line<'_>> {
    let range = body(text);
    let above = text[..range.start].bytes().filter(|byte| *byte == b'\n').count();
    let mut lines = split(&text[range.clone()]);
    for line in &mut lines {
        line.number += above;
        line.start += range.start;
        line.end += range.start;
    }
    lines
}

/// The part of a text that counts: without blank lines around it and without one fence around the whole.
pub(super) fn body(text: &str) -> Range<usize> {
    let trimmed = trim(text, 0..text.len());
    let inner = &text[trimmed.clone()];
    let Some(first_end) = inner.find('\n') else {
        return trimmed;
    };
    let language = inner[..first_end].trim_end().strip_prefix("```");
    let is_fence = language.is_some_and(|word| word.is_empty() || word == "markdown" || word == "md");
    if !is_fence || !inner.ends_with("\n```") {
        return trimmed;
    }
    // `one fence around the whole`: an answer that merely begins and ends with code has more marks inside.
    let within = trimmed.start + first_end + 1..trimmed.end - 3;
    if within.start > within.end
        || text[within.clone()].lines().filter(|line| line.starts_with("```")).count() % 2 == 1
    {
        return trimmed;
    }
    trim(text, within)
}

fn trim(text: &str, range: Range<usize>) -> Range<usize> {
    let part = &text[range.clone()];
    let start = range.start + (part.len() - part.trim_start().len());
    let end = start + part.trim().len();
    start..end
}

/// Collects what is wrong, at most [`ERRORS_MAX`] errors.
#[derive(Default)]
pub(super) struct Errors {
    list: Vec<ParseError>,
}

impl Errors {
    pub(super) fn at(&mut self, line: usize, rule: impl Into<String>, found: impl AsRef<str>) {
        if self.list.len() < ERRORS_MAX {
            self.list.push(ParseError { line, rule: rule.into(), found: quote(found.as_ref()) });
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn finish<T>(mut self, value: T) -> Result<T, ParseErrors> {
        if self.list.is_empty() {
            return Ok(value);
        }
        self.list.sort_by_key(|error| error.line);
        Err(ParseErrors(self.list))
    }
}

fn quote(found: &str) -> String {
    if found.is_empty() {
        return "nothing".to_owned();
    }
    let mut short: String = found.chars().take(FOUND_CHARS_MAX).collect();
    if short.len() < found.len() {
        short.push('…');
    }
    format!("`{short}`")
}

/// An error of the reply as a whole.
pub(super) fn whole(rule: &str, found: &str) -> ParseError {
    ParseError { line: 0, rule: rule.to_owned(), found: quote(found) }
}

/// Refuses what is too long to be read.
pub(super) fn check_size(text: &str) -> Result<(), ParseErrors> {
    if text.len() <= REPLY_BYTES_MAX {
        return Ok(());
    }
    let found = format!("{} bytes", text.len());
    Err(ParseErrors(vec![whole(&format!("at most {REPLY_BYTES_MAX} bytes are read"), &found)]))
}

/// The number of an id such as `FR-003` with prefix `FR-` and three digits, or `Q1` with prefix `Q` and none asked for.
pub(super) fn id_number(text: &str, prefix: &str, digits: Option<usize>) -> Option<u32> {
    let number = text.strip_prefix(prefix)?;
    let fits = match digits {
        Some(count) => number.len() == count,
        None => (1..=4).contains(&number.len()) && !number.starts_with('0'),
    };
    (fits && number.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| number.parse().ok())?
        .filter(|number| *number > 0)
}
