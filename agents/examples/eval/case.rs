//! An idea with its hidden brief, as `agents/eval/README.md` describes them.

use anyhow::{Context, bail};
use std::path::Path;

/// Something that the person knows.
pub(crate) struct Fact {
    /// True where the idea says it already.
    pub(crate) said: bool,
    /// What a question about it would mention.
    pub(crate) words: Vec<String>,
    /// The answer.
    pub(crate) text: String,
}

pub(crate) struct Case {
    /// The file's name without its ending.
    pub(crate) name: String,
    pub(crate) idea: String,
    pub(crate) facts: Vec<Fact>,
}

impl Case {
    /// All cases of a folder, by name.
    pub(crate) fn read_folder(folder: &Path) -> anyhow::Result<Vec<Self>> {
        let mut cases = Vec::new();
        let entries =
            std::fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
            if path.extension().is_some_and(|ending| ending == "md") && name != "README" {
                let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
                cases.push(Self::parse(name, &text).with_context(|| path.display().to_string())?);
            }
        }
        cases.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(cases)
    }

    fn parse(name: &str, text: &str) -> anyhow::Result<Self> {
        let (_, rest) = text.split_once("## Idea\n").context("there is no `## Idea`")?;
        // An idea may have headings of its own; the brief is what comes last.
        let (idea, brief) = rest.rsplit_once("\n## Brief\n").context("there is no `## Brief`")?;
        let facts =
            brief.lines().filter(|line| !line.trim().is_empty()).map(fact).collect::<Result<_, _>>()?;
        Ok(Self { name: name.to_owned(), idea: idea.trim().to_owned(), facts })
    }
}

fn fact(line: &str) -> anyhow::Result<Fact> {
    let (said, rest) = match line.strip_prefix("- [said] ") {
        Some(rest) => (true, rest),
        None => (
            false,
            line.strip_prefix("- [unsaid] ").with_context(|| format!("not a line of a brief: `{line}`"))?,
        ),
    };
    let (words, text) = rest.split_once(": ").with_context(|| format!("no fact in `{line}`"))?;
    let words: Vec<String> = words.split(',').map(|word| word.trim().to_lowercase()).collect();
    if words.iter().any(String::is_empty) || text.trim().is_empty() {
        bail!("an empty word or fact in `{line}`");
    }
    Ok(Fact { said, words, text: text.trim().to_owned() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_shipped_ideas_can_be_read() {
        let cases = Case::read_folder(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/eval"))).unwrap();
        assert_eq!(cases.len(), 10);
        assert!(cases.iter().all(|case| case.facts.iter().any(|fact| !fact.said)));
        assert!(cases[9].idea.contains("## How it works now"), "headings inside an idea stay");
    }
}
