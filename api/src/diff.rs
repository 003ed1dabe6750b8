//! What changed between two texts, line by line, as data.

use serde::Serialize;
use similar::{Algorithm, ChangeTag, TextDiff};
use std::time::Duration;
use utoipa::ToSchema;

/// After this long the rest is told as replaced whole: right, and less readable.
const SEARCH_TIME_MAX: Duration = Duration::from_millis(500);

/// What a line of a hunk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LineKind {
    /// In both.
    Equal,
    /// In the earlier text only.
    Deleted,
    /// In the later text only.
    Inserted,
}

/// A line of a hunk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct DiffLine {
    /// In which of the texts.
    pub(crate) kind: LineKind,
    /// Its number in the earlier text, from 1.
    pub(crate) old_line: Option<usize>,
    /// Its number in the later text, from 1.
    pub(crate) new_line: Option<usize>,
    /// The line without its end.
    pub(crate) text: String,
}

/// Lines that changed, with lines around them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Hunk {
    /// The first line in the earlier text, from 1.
    pub(crate) old_start: usize,
    /// Lines of the earlier text.
    pub(crate) old_lines: usize,
    /// The first line in the later text, from 1.
    pub(crate) new_start: usize,
    /// Lines of the later text.
    pub(crate) new_lines: usize,
    /// In order; what was deleted stands before what stands there now.
    pub(crate) lines: Vec<DiffLine>,
}

/// What changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct LineDiff {
    /// Lines that only the earlier text has.
    pub(crate) deleted: usize,
    /// Lines that only the later text has.
    pub(crate) inserted: usize,
    /// Where; empty: the texts are the same.
    pub(crate) hunks: Vec<Hunk>,
}

/// Compares two texts by lines; hunks show `context` lines around each change.
pub(crate) fn lines(old: &str, new: &str, context: usize) -> LineDiff {
    let diff =
        TextDiff::configure().algorithm(Algorithm::Patience).timeout(SEARCH_TIME_MAX).diff_lines(old, new);
    let mut all = LineDiff { deleted: 0, inserted: 0, hunks: Vec::new() };
    for group in diff.grouped_ops(context) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let mut hunk = Hunk {
            old_start: first.old_range().start + 1,
            old_lines: last.old_range().end - first.old_range().start,
            new_start: first.new_range().start + 1,
            new_lines: last.new_range().end - first.new_range().start,
            lines: Vec::new(),
        };
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let kind = match change.tag() {
                ChangeTag::Equal => LineKind::Equal,
                ChangeTag::Delete => LineKind::Deleted,
                ChangeTag::Insert => LineKind::Inserted,
            };
            all.deleted += usize::from(kind == LineKind::Deleted);
            all.inserted += usize::from(kind == LineKind::Inserted);
            hunk.lines.push(DiffLine {
                kind,
                old_line: change.old_index().map(|index| index + 1),
                new_line: change.new_index().map(|index| index + 1),
                text: change.value().trim_end_matches(['\n', '\r']).to_owned(),
            });
        }
        all.hunks.push(hunk);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_told_line_by_line_with_their_numbers() {
        let diff = lines("a\nb\nc\nd\n", "a\nB\nc\nd\ne\n", 1);
        assert_eq!((diff.deleted, diff.inserted), (1, 2));
        let told: Vec<_> = diff.hunks[0]
            .lines
            .iter()
            .map(|line| (line.kind, line.old_line, line.new_line, line.text.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                (LineKind::Equal, Some(1), Some(1), "a"),
                (LineKind::Deleted, Some(2), None, "b"),
                (LineKind::Inserted, None, Some(2), "B"),
                (LineKind::Equal, Some(3), Some(3), "c"),
                (LineKind::Equal, Some(4), Some(4), "d"),
                (LineKind::Inserted, None, Some(5), "e"),
            ]
        );
        assert!(lines("same\n", "same\n", 3).hunks.is_empty());
    }

    #[test]
    fn a_text_replaced_whole_is_told_in_bounded_time() {
        let text = |seed: u32| {
            (0..20_000u32).map(|n| format!("{}\n", n.wrapping_mul(seed) % 977)).collect::<String>()
        };
        let (old, new) = (text(7), text(11));
        let diff = lines(&old, &new, 3);
        assert!(diff.deleted > 0 && diff.inserted > 0);
    }
}
