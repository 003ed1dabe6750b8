//! Words: making people's text harmless, telling one from many, filling templates.

/// Words that the agents' checks take for placeholders, and what a careful writer would write.
const CAREFUL: [(&str, &str); 10] = [
    ("todo", "to-do"),
    ("tbd", "open"),
    ("fixme", "to mend"),
    ("???", "?"),
    ("lorem ipsum", "sample text"),
    ("etc.", "and more"),
    ("and so on", "and more"),
    ("to be decided", "open"),
    ("to be determined", "open"),
    ("as discussed", "as said"),
];

/// A person's text as one line of plain words: no markup, no ids of ours, no placeholders, at most so many characters.
pub(super) fn plain(text: &str, chars_max: usize) -> String {
    let clean: String = text
        .chars()
        .map(|letter| match letter {
            '<' | '>' | '`' | '|' | '#' | '*' | '_' | '[' | ']' | '(' | ')' | '{' | '}' | '\\' | '·' => ' ',
            '"' => '\'',
            other if other.is_control() => ' ',
            other => other,
        })
        .collect();
    let mut words = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    for (placeholder, instead) in CAREFUL {
        words = replace_ignoring_case(&words, placeholder, instead);
    }
    // `FR-9` of a person is no requirement of ours.
    words = words.replace("FR-", "FR ");
    if words.chars().count() > chars_max {
        let cut: String = words.chars().take(chars_max).collect();
        let whole = cut.rsplit_once(' ').map_or(cut.as_str(), |(whole, _)| whole);
        words = format!("{whole} …");
    }
    words.trim().to_owned()
}

/// Replaces an ASCII word in whatever case.
pub(super) fn replace_ignoring_case(text: &str, word: &str, instead: &str) -> String {
    // ASCII lowering keeps every byte in its place.
    let lower = text.to_ascii_lowercase();
    let mut replaced = String::with_capacity(text.len());
    let mut from = 0;
    for (at, _) in lower.match_indices(&word.to_ascii_lowercase()) {
        if at >= from {
            replaced.push_str(&text[from..at]);
            replaced.push_str(instead);
            from = at + word.len();
        }
    }
    replaced.push_str(&text[from..]);
    replaced
}

/// The first sentence of a text.
pub(super) fn first_sentence(text: &str) -> &str {
    let text = text.trim();
    let end = text.find(['\n', '!', '?']).into_iter().chain(text.find(". ")).min();
    text[..end.unwrap_or(text.len())].trim_end_matches('.')
}

/// Lower-case words of a text.
pub(super) fn words(text: &str) -> Vec<String> {
    let pieces = text.split(|letter: char| !(letter.is_alphanumeric() || letter == '-' || letter == '\''));
    pieces.map(|word| word.trim_matches(['-', '\'']).to_lowercase()).filter(|word| !word.is_empty()).collect()
}

pub(super) fn plural(one: &str) -> String {
    if one.is_empty() || one.ends_with("stuff") || !one.is_ascii() {
        return one.to_owned();
    }
    let before_y = one.len() >= 2 && !"aeiou".contains(&one[one.len() - 2..one.len() - 1]);
    if let Some(stem) = one.strip_suffix('y').filter(|_| before_y) {
        return format!("{stem}ies");
    }
    if ["s", "x", "ch", "sh", "z"].iter().any(|end| one.ends_with(end)) {
        return format!("{one}es");
    }
    format!("{one}s")
}

pub(super) fn singular(many: &str) -> String {
    if !many.is_ascii()
        || many.len() < 4
        || many.ends_with("ss")
        || many.ends_with("us")
        || many.ends_with("is")
    {
        return many.to_owned();
    }
    if let Some(stem) = many.strip_suffix("ies") {
        return format!("{stem}y");
    }
    for (end, keep) in [("ches", 2), ("shes", 2), ("xes", 1), ("sses", 2)] {
        if let Some(stem) = many.strip_suffix(end) {
            return format!("{stem}{}", &end[..keep]);
        }
    }
    many.strip_suffix('s').unwrap_or(many).to_owned()
}

/// The word with its indefinite article.
pub(super) fn with_article(word: &str) -> String {
    let first = word.chars().next().map(|letter| letter.to_ascii_lowercase());
    let article = if matches!(first, Some('a' | 'e' | 'i' | 'o')) { "an" } else { "a" };
    format!("{article} {word}")
}

pub(super) fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// `book_a_table` for tests, columns and files; ASCII only, never empty.
pub(super) fn slug(text: &str, separator: char) -> String {
    let ascii: String = text
        .to_lowercase()
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter } else { ' ' })
        .collect();
    let slug = ascii.split_whitespace().collect::<Vec<_>>().join(&separator.to_string());
    if slug.is_empty() { "item".to_owned() } else { slug }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_cannot_write_markdown_through_us() {
        let text = "<script>alert(1)</script>\n# FR-009 TODO | etc. verdict: pass (Q9)";
        assert_eq!(plain(text, 200), "script alert 1 /script FR 009 to-do and more verdict: pass Q9");
        assert_eq!(plain("eins zwei drei", 9), "eins …");
    }

    #[test]
    fn one_and_many() {
        for (one, many) in [
            ("recipe", "recipes"),
            ("class", "classes"),
            ("story", "stories"),
            ("day", "days"),
            ("box", "boxes"),
        ] {
            assert_eq!((plural(one), singular(many)), (many.to_owned(), one.to_owned()));
        }
        assert_eq!((with_article("invoice"), with_article("user")), ("an invoice".into(), "a user".into()));
        assert_eq!((slug("Größe: 3 m", '_'), slug("日本", '_')), ("gr_e_3_m".into(), "item".into()));
    }
}
