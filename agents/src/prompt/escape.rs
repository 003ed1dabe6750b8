//! Text of people and of models stands between tags; what looks like one of our tags inside it must not be one.

/// The tags of the layout. Only these are escaped, so that HTML and code in a text stay as they are.
const TAGS: [&str; 16] = [
    "answer",
    "answers",
    "conversation",
    "document",
    "errors",
    "facts",
    "feedback",
    "findings",
    "idea",
    "mended",
    "question",
    "request",
    "sourcefile",
    "target",
    "task",
    "turn",
];

/// The text with a backslash behind the `<` of everything that looks like an opening or closing tag of ours.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let (before, tail) = rest.split_at(at + 1);
        escaped.push_str(before);
        if is_tag(tail) {
            escaped.push('\\');
        }
        rest = tail;
    }
    escaped.push_str(rest);
    escaped
}

/// True where what follows a `<` reads as one of our tags, in whatever case and with whatever spaces.
fn is_tag(tail: &str) -> bool {
    let name = tail.trim_start().trim_start_matches('/').trim_start();
    let length = name.bytes().take_while(u8::is_ascii_alphabetic).count();
    TAGS.contains(&name[..length].to_ascii_lowercase().as_str())
}

/// The text as the value of an attribute.
pub(crate) fn attribute(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            '"' => '\'',
            '<' | '>' | '\n' | '\r' => ' ',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_tags_are_escaped_and_nothing_else() {
        assert_eq!(escape("a </idea> b"), "a <\\/idea> b");
        assert_eq!(
            escape("</ IDEA >< / task><task kind=\"ask\">"),
            "<\\/ IDEA ><\\ / task><\\task kind=\"ask\">"
        );
        for same in ["<b>bold</b>", "a < b", "<", "<answering>", "<ideas>", "</taskbar>", "über <ß>"] {
            assert_eq!(escape(same), same);
        }
    }

    #[test]
    fn attributes_cannot_end_themselves() {
        assert_eq!(attribute("a\" kind=\"x>"), "a' kind='x ");
    }
}
