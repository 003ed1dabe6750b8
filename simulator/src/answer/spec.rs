//! A specification as its readers need it: requirements with their criteria, sections by heading.

/// A functional requirement of a specification.
#[derive(Clone, Debug)]
pub(super) struct Requirement<'a> {
    pub(super) id: &'a str,
    pub(super) title: &'a str,
    /// What stands between the heading and the criteria, as one line.
    pub(super) sentence: String,
    /// `Given …, when …, then ….`
    pub(super) criteria: Vec<&'a str>,
}

impl Requirement<'_> {
    pub(super) fn words(&self) -> usize {
        let criteria: usize = self.criteria.iter().map(|line| line.split_whitespace().count()).sum();
        criteria + self.sentence.split_whitespace().count() + 6
    }
}

/// The requirements that hold, in the order of the text.
pub(super) fn requirements(spec: &str) -> Vec<Requirement<'_>> {
    let mut found: Vec<Requirement<'_>> = Vec::new();
    let mut inside = false;
    for line in spec.lines() {
        if let Some(heading) = line.strip_prefix("### FR-") {
            let (digits, title) = heading.split_once(' ').unwrap_or((heading, ""));
            let id = &line[4..4 + 3 + digits.len()];
            inside = !title.trim_end().ends_with("(retired)");
            if inside {
                found.push(Requirement {
                    id: id.trim_end_matches(':'),
                    title: title.trim(),
                    sentence: String::new(),
                    criteria: Vec::new(),
                });
            }
        } else if line.starts_with('#') {
            inside = false;
        } else if let (true, Some(current)) = (inside, found.last_mut()) {
            match line
                .trim()
                .strip_prefix("- ")
                .filter(|item| item.to_ascii_lowercase().starts_with("given "))
            {
                Some(criterion) => current.criteria.push(criterion),
                None if !line.trim().is_empty() => {
                    if !current.sentence.is_empty() {
                        current.sentence.push(' ');
                    }
                    current.sentence.push_str(line.trim());
                }
                None => {}
            }
        }
    }
    found
}

/// What stands under a heading of level 2, the heading not included.
pub(super) fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let start = format!("## {heading}");
    let mut offset = 0;
    let mut from = None;
    for line in text.split_inclusive('\n') {
        if let Some(from) = from.filter(|_| line.starts_with("## ") || line.starts_with("# ")) {
            return text[from..offset].trim();
        }
        offset += line.len();
        if line.trim_end() == start {
            from = Some(offset);
        }
    }
    from.map_or("", |from| text[from..].trim())
}

/// What it is about, by the first bold words of its overview.
pub(super) fn title(spec: &str) -> &str {
    let overview = section(spec, "Overview");
    super::request::between(overview, "**", "**").unwrap_or("The product")
}

/// Names of its tables, by the first column of its data model.
pub(super) fn tables(spec: &str) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for line in section(spec, "Data model").lines().filter(|line| line.starts_with("| ")) {
        let name = line.trim_start_matches("| ").split('|').next().unwrap_or_default().trim();
        if !name.is_empty() && name != "table" && !name.starts_with('-') && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}
