//! A name: one line.

use super::ParseErrors;
use super::lines::{Errors, body};

/// Longest title, in characters.
pub const TITLE_CHARS_MAX: usize = 80;

pub(super) fn parse(source: &str) -> Result<String, ParseErrors> {
    super::lines::check_size(source)?;
    let mut errors = Errors::default();
    let text = &source[body(source)];
    let letters = text.chars().count();
    if text.lines().count() > 1 {
        errors.at(2, "the whole reply is one line", text.lines().nth(1).unwrap_or_default());
    }
    if !(1..=TITLE_CHARS_MAX).contains(&letters) {
        errors.at(
            1,
            format!("a title has 1 to {TITLE_CHARS_MAX} characters"),
            format!("{letters} characters"),
        );
    }
    if text.starts_with(['#', '-', '*', '"', '\'', '`', '“', '>']) || text.contains(char::is_control) {
        errors.at(1, "a title is plain words: no Markdown and no quotation marks", text);
    }
    if text.ends_with(['.', '!', ':', ';', '"', '\'']) {
        errors.at(1, "a title does not end with a mark", text);
    }
    if !text.contains(char::is_alphabetic) {
        errors.at(1, "a title has words", text);
    }
    errors.finish(text.to_owned())
}
