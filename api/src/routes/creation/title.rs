//! What a project is called while nobody has named it: the beginning of its idea.

/// The first line that says something, as far as a title goes.
pub(super) fn of(idea: &str) -> String {
    let says = |line: &&str| line.chars().any(char::is_alphanumeric);
    let line = idea.lines().map(str::trim).find(says).unwrap_or("Untitled");
    let line = line.trim_start_matches(['#', ' ']);
    let clean: String = line.chars().filter(|c| !c.is_control()).collect();
    let title = brief(&clean);
    if title.trim().is_empty() { "Untitled".to_owned() } else { title }
}

/// As many whole words as fit. Where words are not told apart by spaces, or one is very long: as many characters.
pub(super) fn brief(text: &str) -> String {
    const CHARACTERS_MAX: usize = 80;
    let text = text.trim_end();
    if text.chars().count() <= CHARACTERS_MAX {
        return text.to_owned();
    }
    let end = text.char_indices().nth(CHARACTERS_MAX - 1).map_or(text.len(), |(end, _)| end);
    let (kept, rest) = text.split_at(end);
    let words = match kept.rfind(char::is_whitespace) {
        Some(space) if !rest.starts_with(char::is_whitespace) => &kept[..space],
        Some(_) | None => kept,
    };
    let kept = if words.chars().count() < CHARACTERS_MAX / 2 { kept } else { words };
    format!(
        "{}…",
        kept.trim_end().trim_end_matches([',', ';', ':', '-', '–', '—', '(', '、', '，']).trim_end()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_come_from_the_first_line_that_says_something() {
        assert_eq!(of("\n\n# A gym\nmore"), "A gym");
        assert_eq!(of("###"), "Untitled");
        assert_eq!(of("---\ntitle: A gym"), "title: A gym");
        assert_eq!(of(&"word ".repeat(50)).chars().count(), 80);
    }

    #[test]
    fn long_titles_end_with_a_word() {
        let idea = "An app for hiking clubs in which members plan tours together, share maps, and remember";
        let title = "An app for hiking clubs in which members plan tours together, share maps, and…";
        assert_eq!(of(idea), title);
        let idea =
            "An app for hiking clubs in which members plan tours together and see each hut, map and weather";
        assert_eq!(
            of(idea),
            "An app for hiking clubs in which members plan tours together and see each hut…"
        );
        // A word that ends just where the title does stays.
        let fits = format!("{} {}", "a".repeat(60), "b".repeat(18));
        assert_eq!(of(&format!("{fits} more")), format!("{fits}…"));
        assert_eq!(of(&format!("{fits}b more")), format!("{}…", "a".repeat(60)));
        // No spaces, or none in good time.
        for (letter, before) in [("字", ""), ("ก", ""), ("x", ""), ("字", "予約 "), ("😀", "a ")] {
            let title = of(&format!("{before}{}", letter.repeat(200)));
            assert_eq!(title.chars().count(), 80, "{title}");
            assert!(title.starts_with(before) && title.ends_with(&format!("{letter}…")), "{title}");
        }
        let exact = "字".repeat(80);
        assert_eq!(of(&exact), exact);
    }
}
