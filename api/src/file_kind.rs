//! What a file is that somebody brings (H-23): by its name and by its content, which must agree. Names lead nowhere.

/// What can be brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) media_type: &'static str,
    /// What its first bytes must be; empty: it is text.
    magic: &'static [&'static [u8]],
}

impl Kind {
    const fn text(media_type: &'static str) -> Self {
        Self { media_type, magic: &[] }
    }

    fn is_text(self) -> bool {
        self.magic.is_empty()
    }
}

/// Extensions that are taken.
const KINDS: [(&str, Kind); 14] = [
    ("pdf", Kind { media_type: "application/pdf", magic: &[b"%PDF-"] }),
    (
        "docx",
        Kind {
            media_type: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            magic: &[b"PK\x03\x04"],
        },
    ),
    ("md", Kind::text("text/markdown; charset=utf-8")),
    ("txt", Kind::text("text/plain; charset=utf-8")),
    ("png", Kind { media_type: "image/png", magic: &[b"\x89PNG\r\n\x1a\n"] }),
    ("jpg", Kind { media_type: "image/jpeg", magic: &[b"\xff\xd8\xff"] }),
    ("jpeg", Kind { media_type: "image/jpeg", magic: &[b"\xff\xd8\xff"] }),
    ("gif", Kind { media_type: "image/gif", magic: &[b"GIF87a", b"GIF89a"] }),
    ("csv", Kind::text("text/csv; charset=utf-8")),
    ("json", Kind::text("application/json")),
    ("yaml", Kind::text("application/yaml")),
    ("yml", Kind::text("application/yaml")),
    ("sql", Kind::text("application/sql")),
    ("proto", Kind::text("text/x-protobuf; charset=utf-8")),
];
/// Longest name that is kept, in characters.
const NAME_CHARACTERS_MAX: usize = 120;

/// A file that may be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Checked {
    pub(crate) filename: String,
    pub(crate) media_type: &'static str,
    /// What can be read of it; only of what is text.
    pub(crate) text: Option<String>,
}

/// Checks a file; what is wrong with it is a sentence.
pub(crate) fn check(name: &str, content: &[u8]) -> Result<Checked, String> {
    let filename = safe_name(name).ok_or("has a name without letters or digits, or without an extension")?;
    let extension = filename.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let Some((_, kind)) = KINDS.iter().find(|(known, _)| *known == extension) else {
        let known: Vec<_> = KINDS.iter().map(|(known, _)| format!(".{known}")).collect();
        return Err(format!("is of a kind that is not taken; these are: {}", known.join(" ")));
    };
    if content.is_empty() {
        return Err("is empty".to_owned());
    }
    if !kind.is_text() {
        let begins = kind.magic.iter().any(|magic| content.starts_with(magic));
        let is_it = begins && (extension != "docx" || contains(content, b"word/"));
        let words = format!("is called .{extension}, and its content is something else");
        return is_it.then_some(Checked { filename, media_type: kind.media_type, text: None }).ok_or(words);
    }
    let text = std::str::from_utf8(content).map_err(|_| "is no UTF-8 text".to_owned())?;
    if let Some(found) = crate::said::unwritable(text) {
        return Err(format!("has the control character U+{:04X}: it is not text", u32::from(found)));
    }
    if extension == "json"
        && let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text)
    {
        return Err(format!("is not JSON: {error}"));
    }
    Ok(Checked { filename, media_type: kind.media_type, text: Some(text.to_owned()) })
}

/// The last part of a path, of letters, digits, dots, dashes and underscores: it stays where it is put, on every system.
fn safe_name(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let mut safe = String::new();
    for character in last.chars() {
        let kept =
            if character.is_ascii_alphanumeric() || "._-".contains(character) { character } else { '-' };
        // No two dots and no two dashes in a row.
        if !(matches!(kept, '.' | '-') && safe.ends_with(kept)) {
            safe.push(kept);
        }
    }
    let safe = safe.trim_matches(['.', '-', '_']);
    let (stem, extension) = safe.rsplit_once('.')?;
    let stem = stem.trim_end_matches(['.', '-', '_']);
    if stem.is_empty() || extension.is_empty() || extension.len() > 10 {
        return None;
    }
    let stem: String = stem.chars().take(NAME_CHARACTERS_MAX).collect();
    Some(format!("{stem}.{extension}"))
}

fn contains(content: &[u8], wanted: &[u8]) -> bool {
    content.windows(wanted.len()).any(|window| window == wanted)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_nowhere() {
        for (name, safe) in [
            ("notes.md", "notes.md"),
            ("../../etc/passwd.txt", "passwd.txt"),
            ("C:\\Users\\Ada\\plan v2.md", "plan-v2.md"),
            ("..notes..md", "notes.md"),
            ("a\u{202e}b\0.txt", "a-b-.txt"),
            ("Übersicht.csv", "bersicht.csv"),
        ] {
            let found = safe_name(name).unwrap();
            assert_eq!(found.replace("-.", "."), safe.replace("-.", "."), "{name}");
            assert!(!found.contains("..") && !found.contains('/') && !found.contains('\\'));
        }
        for name in ["", "notes", "..", "/", ".md", "預約.md"] {
            assert_eq!(safe_name(name), None, "{name}");
        }
    }

    #[test]
    fn content_and_name_must_agree() {
        assert_eq!(check("a.md", b"# A").unwrap().text.as_deref(), Some("# A"));
        assert_eq!(check("a.pdf", b"%PDF-1.7 ...").unwrap().text, None);
        assert_eq!(check("a.PNG", b"\x89PNG\r\n\x1a\nrest").unwrap().media_type, "image/png");
        for (name, content) in [
            ("a.exe", &b"MZ"[..]),
            ("a.png", b"<script>"),
            ("a.pdf", b"PK\x03\x04"),
            ("a.docx", b"PK\x03\x04 a zip of something else"),
            ("a.txt", b"\xff\xfe\x00"),
            ("a.md", b"a\0b"),
            ("a.json", b"{"),
            ("a.txt", b""),
        ] {
            check(name, content).unwrap_err();
        }
    }
}
