//! Words of people in mails to strangers: only such as no mail program makes a link of, and nobody a message.

/// More is no name but a message.
const CHARS_MAX: usize = 60;

/// A name between quotation marks; none where it holds what may not go to strangers: a link, or characters that are not seen.
pub(crate) fn quoted(name: &str) -> Option<String> {
    let name = name.trim();
    let is_plain = !name.is_empty()
        && name.chars().count() <= CHARS_MAX
        && !name.contains(is_hidden)
        && !name.contains(['@', '/', '\\', '<', '>'])
        && !name.split(char::is_whitespace).any(is_host);
    is_plain.then(|| format!("\"{name}\""))
}

/// Controls, and what turns the direction of a text or has no width.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Whether mail programs may take a word for a host: letters on both sides of a dot, with or without a scheme before them.
fn is_host(word: &str) -> bool {
    let is_dot = |c| matches!(c, '.' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}');
    let labels: Vec<&str> = word.split(is_dot).collect();
    word.contains("://")
        || labels.windows(2).any(|pair| {
            pair[0].ends_with(char::is_alphanumeric)
                && pair[1].chars().take_while(|c| c.is_alphanumeric()).count() >= 2
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_and_links_are_not() {
        for name in ["Team", "Hiking club 2026", "R&D, Zürich", "v1.0", "St. Gallen", "It's fine..."] {
            assert_eq!(quoted(name), Some(format!("\"{name}\"")), "{name}");
        }
        for name in [
            "Win at https://evil.example",
            "www.evil.example",
            "Go to evil.example now",
            "evil.example:8080",
            "EVIL.EXAMPLE!",
            "evil\u{3002}example",
            "call@evil",
            "evil/x",
            "a\nb",
            "a\u{202e}b",
            "a\u{200b}b",
            " ",
            "",
        ] {
            assert_eq!(quoted(name), None, "{name:?}");
        }
        assert_eq!(quoted(&"x".repeat(61)), None);
    }
}
