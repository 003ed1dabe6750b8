//! Prompts of a package as their readers need them, and how a section of one is changed.

/// One prompt of a package, as it stands in a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct PromptText<'a> {
    pub(super) number: u32,
    pub(super) text: &'a str,
}

impl<'a> PromptText<'a> {
    /// Requirement ids of its line `covers:`.
    pub(super) fn covers(&self) -> Vec<&'a str> {
        let line = self.text.lines().find_map(|line| line.strip_prefix("covers:")).unwrap_or_default();
        line.split(',').map(str::trim).filter(|id| id.contains("FR-")).collect()
    }

    pub(super) fn stage(&self) -> &'a str {
        self.text.lines().next().and_then(|head| head.split('·').nth(1)).unwrap_or_default().trim()
    }
}

/// The prompts of a text, each beginning with `# 01 · …` outside of code.
pub(super) fn prompts(text: &str) -> Vec<PromptText<'_>> {
    let mut starts: Vec<(usize, u32)> = Vec::new();
    let mut offset = 0;
    let mut fenced = false;
    for line in text.split_inclusive('\n') {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if let (false, Some(number)) = (fenced, number_of(line)) {
            starts.push((offset, number));
        }
        offset += line.len();
    }
    let ends = starts.iter().skip(1).map(|(start, _)| *start).chain([text.len()]);
    starts
        .iter()
        .zip(ends)
        .map(|((start, number), end)| PromptText { number: *number, text: text[*start..end].trim() })
        .collect()
}

fn number_of(line: &str) -> Option<u32> {
    line.strip_prefix("# ")?.split('·').next()?.trim().parse().ok()
}

/// Appends lines to the end of a section of level 2.
pub(super) fn append(text: &str, heading: &str, lines: &[String]) -> String {
    let wanted = format!("## {heading}");
    let mut changed = String::with_capacity(text.len() + 256);
    let mut inside = false;
    let add = |changed: &mut String| {
        let end = changed.trim_end().len();
        changed.truncate(end);
        for line in lines {
            changed.push('\n');
            changed.push_str(line);
        }
        changed.push('\n');
    };
    for line in text.lines() {
        if line.starts_with("## ") {
            if inside {
                add(&mut changed);
                changed.push('\n');
            }
            inside = line.trim_end() == wanted;
        }
        changed.push_str(line);
        changed.push('\n');
    }
    if inside {
        add(&mut changed);
    }
    changed.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_are_found_and_changed() {
        let text = "# 01 · setup · A\ncovers: none\n## Steps\n1. x\n```\n# 02 · no\n```\n\n## Verify\n- y\n# 02 · backend · B\ncovers: FR-001";
        let found = prompts(text);
        assert_eq!(found.iter().map(|prompt| prompt.number).collect::<Vec<_>>(), [1, 2]);
        assert_eq!((found[1].covers(), found[1].stage()), (vec!["FR-001"], "backend"));
        let changed = append("## Steps\n1. x\n\n## Verify\n- y", "Steps", &["2. z".to_owned()]);
        assert_eq!(changed, "## Steps\n1. x\n2. z\n\n## Verify\n- y");
        assert_eq!(append("## Verify\n- y", "Verify", &["- z".to_owned()]), "## Verify\n- y\n- z");
    }
}
