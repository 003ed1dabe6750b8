//! What analyst and architect hand over: Markdown by its headings, as the typed fields of requirements E-25 and E-26.

use super::ParseErrors;
use super::lines::{Errors, id_number};
use super::outline::{Outline, RETIRED, stored};
use super::spec::requirement;
use groundwork_domain::document::handoff::{
    HandedItem, HandedRequirement, ImplementationPlan, SoftwareSpecification,
};

const SPECIFICATION: [&str; 5] = ["Core idea", "Requirements", "User stories", "Features", "Assumptions"];
const PLAN: [&str; 4] = ["Architecture", "Database schema", "Tech stack", "Tasks"];
/// Where the diagram of a plan stands, relative to its artifact.
const DIAGRAM: &str = "#architecture";

/// Typed fields with the text that they were read from, as it is stored.
pub(super) type Handed<T> = (T, String);

pub(super) fn specification(source: &str) -> Result<Handed<SoftwareSpecification>, ParseErrors> {
    let text = stored(source)?;
    let mut errors = Errors::default();
    let outline = Outline::read(&text, &SPECIFICATION, &mut errors);
    let mut requirements: Vec<HandedRequirement> = Vec::new();
    for block in outline.blocks("Requirements", "### FR-001 Title", &mut errors) {
        let Some(id) = block.id.as_deref().filter(|id| id.starts_with("FR-")) else {
            errors.at(block.lines.start, "a requirement begins with `### FR-001 Title`", &block.heading);
            continue;
        };
        if requirements.iter().any(|one| one.id == id) {
            errors.at(block.lines.start, "an id stands for one requirement", id);
        }
        let read = requirement(&text, outline.all_lines(), block, &mut errors);
        if !read.retired {
            let title = read.title.trim_end_matches(RETIRED).trim().to_owned();
            requirements.push(HandedRequirement { id: id.to_owned(), title, criteria: read.criteria });
        }
    }
    let user_stories = items(&outline, "User stories", "US", &mut errors);
    let high_level_features = items(&outline, "Features", "F", &mut errors);
    let all: Vec<&str> = requirements.iter().map(|one| one.id.as_str()).collect();
    for id in all.iter().filter(|id| !user_stories.iter().any(|story| names(&story.text, id))) {
        errors.at(0, "every requirement stands in the brackets of a user story", id);
    }
    for story in
        user_stories.iter().filter(|story| !high_level_features.iter().any(|one| names(&one.text, &story.id)))
    {
        errors.at(0, "every user story stands in the brackets of a feature", &story.id);
    }
    let core_idea = outline.under("Core idea").to_owned();
    errors.finish(())?;
    Ok((SoftwareSpecification { core_idea, requirements, user_stories, high_level_features }, text))
}

/// Whether the last brackets of a text list that id.
fn names(text: &str, id: &str) -> bool {
    let inner = text.rsplit_once('(').map_or("", |(_, inner)| inner);
    inner.trim_end_matches(['.', ')']).split(',').any(|word| word.trim() == id)
}

/// Items `- US1: …`, one a line.
fn items(outline: &Outline<'_>, heading: &str, prefix: &str, errors: &mut Errors) -> Vec<HandedItem> {
    let Some(section) = outline.top(heading) else { return Vec::new() };
    let mut items: Vec<HandedItem> = Vec::new();
    for line in outline.lines_of(section).iter().filter(|line| !line.text.trim().is_empty()) {
        let item = line.text.trim().strip_prefix("- ").and_then(|item| item.split_once(':'));
        match item.filter(|(id, text)| id_number(id, prefix, None).is_some() && !text.trim().is_empty()) {
            Some((id, _)) if items.iter().any(|other| other.id == id) => {
                errors.at(line.number, format!("an id of `## {heading}` stands once"), id);
            }
            Some((id, text)) => items.push(HandedItem { id: id.to_owned(), text: text.trim().to_owned() }),
            None => errors.at(line.number, format!("`## {heading}` has lines `- {prefix}1: …`"), line.text),
        }
    }
    items
}

pub(super) fn plan(source: &str) -> Result<Handed<ImplementationPlan>, ParseErrors> {
    let text = stored(source)?;
    let mut errors = Errors::default();
    let outline = Outline::read(&text, &PLAN, &mut errors);
    let line = |heading: &str| outline.top(heading).map_or(0, |section| section.lines.start);
    if fenced(outline.under("Architecture"), "mermaid").is_none() {
        errors.at(line("Architecture"), "`## Architecture` has a block fenced as ```mermaid", "none");
    }
    let database_schema = fenced(outline.under("Database schema"), "sql");
    if database_schema.is_none() {
        errors.at(line("Database schema"), "`## Database schema` has a block fenced as ```sql", "none");
    }
    let stack = outline.under("Tech stack").lines().filter(|line| !line.trim().is_empty());
    let mut tech_stack = Vec::new();
    for item in stack {
        match item.trim().strip_prefix("- ").filter(|item| item.contains(':')) {
            Some(item) => tech_stack.push(item.to_owned()),
            None => {
                errors.at(line("Tech stack"), "`## Tech stack` has lines `- name and version: reason`", item)
            }
        }
    }
    let task_breakdown = super::plan::tasks(&outline, "Tasks", &mut errors);
    errors.finish(())?;
    let content = ImplementationPlan {
        architecture_diagram_url: DIAGRAM.to_owned(),
        database_schema: database_schema.unwrap_or_default(),
        tech_stack,
        task_breakdown,
    };
    Ok((content, text))
}

/// What stands in the first fenced block of that language; nothing where there is none or it is empty.
fn fenced(text: &str, language: &str) -> Option<String> {
    let mark = format!("```{language}");
    let mut lines = text.lines().skip_while(|line| line.trim() != mark).skip(1);
    let inside: Vec<&str> = lines.by_ref().take_while(|line| line.trim() != "```").collect();
    Some(inside.join("\n")).filter(|inside| !inside.trim().is_empty())
}
