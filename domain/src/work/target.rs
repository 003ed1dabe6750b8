//! What a refinement names.

use serde::{Deserialize, Serialize};

/// What a Refine names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "target", rename_all = "snake_case")]
pub enum Target {
    /// A section of a Markdown artifact: a heading (`Data model`), or a requirement id (`FR-003`).
    Section {
        /// The heading's text or the id.
        heading: String,
    },
    /// A prompt by its number.
    Prompt {
        /// 1, 2, …
        number: u32,
    },
}

impl Target {
    /// Reads what a person names: `02`, `2`, `prompt 2`, `prompts/02`, `prompts/02.md` are prompts; anything else is a
    /// section, with or without `spec#`, `spec/` or leading `#`s.
    ///
    /// ```
    /// # use groundwork_domain::work::Target;
    /// assert_eq!(Target::parse("prompts/02"), Some(Target::Prompt { number: 2 }));
    /// assert_eq!(Target::parse("## Data model"), Some(Target::Section { heading: "Data model".into() }));
    /// assert_eq!(Target::parse("  "), None);
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let lower = text.to_ascii_lowercase();
        let bare = ["prompts/", "prompt/", "prompts ", "prompt ", "prompt-"]
            .iter()
            .find_map(|prefix| lower.strip_prefix(prefix))
            .unwrap_or(&lower);
        let digits = bare.trim().trim_end_matches(".md");
        if !digits.is_empty() && digits.len() <= 3 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return digits.parse().ok().filter(|number| *number > 0).map(|number| Self::Prompt { number });
        }
        let heading = text
            .strip_prefix("spec#")
            .or_else(|| text.strip_prefix("spec/"))
            .unwrap_or(text)
            .trim_start_matches('#')
            .trim();
        if heading.is_empty() || heading.len() > 200 {
            return None;
        }
        Some(Self::Section { heading: heading.to_owned() })
    }
}

impl Target {
    /// Whether a Markdown text has the section that is named: a heading with this text, or with this id in front. Prompts
    /// are no sections.
    #[must_use]
    pub fn is_section_of(&self, markdown: &str) -> bool {
        let Self::Section { heading: wanted } = self else { return false };
        markdown.lines().filter_map(|line| line.strip_prefix('#')).any(|line| {
            let heading = line.trim_start_matches('#').trim();
            let id = heading.split_whitespace().next().unwrap_or_default();
            heading.eq_ignore_ascii_case(wanted) || id.eq_ignore_ascii_case(wanted)
        })
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Section { heading } => f.write_str(heading),
            Self::Prompt { number } => write!(f, "prompt {number:02}"),
        }
    }
}
