//! Changes to what exists: prompts that a review names, and the one section or prompt that a person wants otherwise.

use super::package::{self, PromptText};
use super::phrase::{plain, replace_ignoring_case};
use super::request::Request;
use super::spec::{self, Requirement};
use super::synthesizer::{requirement_text, verify_line};

/// A finding as a mending writer needs it.
struct Finding<'a> {
    target: &'a str,
    problem: &'a str,
    fix: &'a str,
}

/// The prompts named by the task, each changed so that what was found is gone.
pub(super) fn prompts(request: &Request<'_>) -> String {
    let wanted: Vec<u32> = request
        .task
        .attribute("prompts")
        .unwrap_or_default()
        .split(',')
        .filter_map(|number| number.trim().parse().ok())
        .collect();
    let requirements = spec::requirements(request.spec);
    let mut findings = findings(request.task.data("findings"));
    findings.extend(self::findings(request.task.data("facts")));
    let all = package::prompts(request.prompts);
    let named = all.iter().filter(|prompt| wanted.contains(&prompt.number));
    named.map(|prompt| mended(prompt, &findings, &requirements)).collect::<Vec<_>>().join("\n\n")
}

fn findings(text: &str) -> Vec<Finding<'_>> {
    let blocks = text.split("\n## ").map(|block| block.trim_start_matches("## "));
    let field = |block: &'_ str, name: &str| -> Option<(usize, usize)> {
        let start = block.find(&format!("\n{name}: "))? + name.len() + 3;
        let end = block[start..].find('\n').map_or(block.len(), |length| start + length);
        Some((start, end))
    };
    blocks
        .filter_map(|block| {
            let get = |name: &str| field(block, name).map(|(start, end)| block[start..end].trim());
            Some(Finding {
                target: get("target")?,
                problem: get("problem")?,
                fix: get("fix").unwrap_or_default(),
            })
        })
        .collect()
}

fn mended(prompt: &PromptText<'_>, findings: &[Finding<'_>], requirements: &[Requirement<'_>]) -> String {
    let number = format!("{:02}", prompt.number);
    let mut text = prompt.text.to_owned();
    for finding in
        findings.iter().filter(|finding| finding.target.split(',').any(|word| word.trim() == number))
    {
        let ids = || {
            finding
                .target
                .split(',')
                .map(str::trim)
                .filter(|word| word.starts_with("FR-") || word.starts_with("NFR-"))
        };
        if finding.problem.contains("placeholder") {
            text = without_placeholders(&text);
        } else if finding.problem.contains("does not exist") || finding.problem.contains("is retired") {
            for id in ids() {
                text = without_id(&text, id);
            }
        } else {
            let named: Vec<_> = requirements.iter().filter(|one| ids().any(|id| id == one.id)).collect();
            text = named.iter().fold(text, |text, requirement| verified(&text, requirement));
            if named.is_empty() {
                text = followed(&text, finding);
            }
        }
    }
    if text == prompt.text {
        // Named without a finding of its own: it must still come back, and say that it was looked at.
        text = package::append(
            &text,
            "Verify",
            &["- Read the diff once more against every constraint above before committing.".to_owned()],
        );
    }
    text
}

/// With the requirement covered, and every criterion of it verified.
fn verified(text: &str, requirement: &Requirement<'_>) -> String {
    let mut text = text.to_owned();
    let prompt = PromptText { number: 0, text: &text };
    if !prompt.covers().contains(&requirement.id) {
        let mut covers = prompt.covers();
        covers.push(requirement.id);
        let line = format!("covers: {}", covers.join(", "));
        let old = text.lines().find(|line| line.starts_with("covers:")).unwrap_or_default().to_owned();
        text = text.replacen(&old, &line, 1);
        text = package::append(&text, "Requirements", &[requirement_text(requirement).trim_end().to_owned()]);
        text = package::append(
            &text,
            "Checklist",
            &[format!("- [ ] {} {} works as its criteria say", requirement.id, requirement.title)],
        );
    }
    let verify = spec::section(&text, "Verify");
    let numbers = 1..=requirement.criteria.len();
    let missing: Vec<usize> = numbers
        .filter(|number| !verify.contains(&format!("{} criterion {number} ", requirement.id)))
        .collect();
    let lines: Vec<String> = missing.iter().map(|number| verify_line(requirement, *number)).collect();
    let step = format!(
        "- Also, for {}: write the tests named under Verify before the code that they test.",
        requirement.id
    );
    if lines.is_empty() {
        let line = format!(
            "- {}: read its criteria aloud against the running product and note the outcome in the commit.",
            requirement.id
        );
        return package::append(&text, "Verify", &[line]);
    }
    package::append(&package::append(&text, "Steps", &[step]), "Verify", &lines)
}

/// With a constraint that says what the finding asks for, and a look at it under Verify.
fn followed(text: &str, finding: &Finding<'_>) -> String {
    let wish = plain(if finding.fix.is_empty() { finding.problem } else { finding.fix }, 400);
    let text = package::append(text, "Constraints", &[format!("- {wish}")]);
    package::append(&text, "Verify", &[format!("- Look for yourself that this holds, yes or no: {wish}")])
}

fn without_placeholders(text: &str) -> String {
    let words = [
        ("TODO", "to do"),
        ("TBD", "open"),
        ("FIXME", "to mend"),
        ("???", "?"),
        ("etc.", "and more"),
        ("and so on", "and more"),
        ("as discussed", "as stated"),
        ("lorem ipsum", "sample text"),
        ("to be decided", "open"),
        ("to be determined", "open"),
    ];
    words
        .into_iter()
        .fold(text.to_owned(), |text, (word, instead)| replace_ignoring_case(&text, word, instead))
}

fn without_id(text: &str, id: &str) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        if let Some(list) = line.strip_prefix("covers:") {
            let kept: Vec<&str> =
                list.split(',').map(str::trim).filter(|other| *other != id && !other.is_empty()).collect();
            lines.push(format!(
                "covers: {}",
                if kept.is_empty() { "none".to_owned() } else { kept.join(", ") }
            ));
        } else {
            lines.push(line.replace(id, "the requirement"));
        }
    }
    lines.join("\n")
}

/// One section of a specification, changed as a person asked; the heading stays.
pub(super) fn section(target: &str, request: &str) -> String {
    let changed = replaced(target, request);
    let wish = plain(request, 400);
    let wish = wish.trim_end_matches('.');
    let (heading, body) = changed.split_once('\n').unwrap_or((&changed, ""));
    let heading = target.lines().next().unwrap_or(heading);
    if heading.starts_with("### FR-") {
        let criterion =
            format!("- Given the change that was asked for, when it is tried, then it holds: {wish}.");
        let mut lines = body.trim_end().splitn(2, "\n- ");
        let sentence = lines.next().unwrap_or_default().trim();
        let criteria = lines.next().map(|rest| format!("\n- {rest}")).unwrap_or_default();
        return format!("{heading}\nChanged as asked (simulated): {wish}. {sentence}{criteria}\n{criterion}");
    }
    let is_list_of_ids = heading.ends_with("Assumptions") || heading.ends_with("Qualities");
    let mark = if is_list_of_ids { "" } else { "- " };
    let gap = if body.trim_end().lines().last().is_some_and(|line| line.starts_with("- ")) && !is_list_of_ids
    {
        "\n"
    } else {
        "\n\n"
    };
    format!("{heading}\n{}{gap}{mark}Changed as asked (simulated): {wish}.", body.trim_end())
}

/// One prompt, changed as a person asked.
pub(super) fn prompt(target: &str, request: &str) -> String {
    let head: Vec<&str> = target.lines().take_while(|line| !line.starts_with("## ")).collect();
    let body =
        replaced(&target[head.iter().map(|line| line.len() + 1).sum::<usize>().min(target.len())..], request);
    let wish = plain(request, 400);
    let wish = wish.trim_end_matches('.');
    let text = format!("{}\n{body}", head.join("\n"));
    let text = package::append(&text, "Constraints", &[format!("- Changed as asked (simulated): {wish}.")]);
    let text = package::append(
        &text,
        "Steps",
        &[format!("- Go through the steps above once more and do each so that this holds: {wish}.")],
    );
    let text = package::append(&text, "Verify", &[format!("- This holds, yes or no: {wish}.")]);
    package::append(&text, "Checklist", &[format!("- [ ] Done as asked: {wish}")])
}

/// The text with `X` replaced by `Y` where the request says `replace X with Y`, `use Y instead of X` or `rename X to Y`.
fn replaced(text: &str, request: &str) -> String {
    let request = plain(request, 2000);
    let lower = request.to_ascii_lowercase();
    let found = [("replace ", " with ", false), ("rename ", " to ", false), ("use ", " instead of ", true)]
        .into_iter()
        .find_map(|(lead, between, turned)| {
            let start = lower.find(lead)? + lead.len();
            let middle = start + lower[start..].find(between)?;
            let rest = &request[middle + between.len()..];
            let end = rest.find(['.', ',', ';', '\n']).unwrap_or(rest.len());
            let (first, second) = (request[start..middle].trim(), rest[..end].trim());
            Some(if turned { (second, first) } else { (first, second) })
        });
    match found.map(|(old, new)| (old.trim_matches('\''), new.trim_matches('\''))) {
        Some((old, new)) if old.len() >= 3 && !new.is_empty() && !old.starts_with("FR ") => {
            text.lines()
                .map(|line| {
                    if line.starts_with('#') {
                        line.to_owned()
                    } else {
                        replace_ignoring_case(line, old, new)
                    }
                })
                .collect::<Vec<_>>()
                .join("\n")
        }
        _ => text.to_owned(),
    }
}
