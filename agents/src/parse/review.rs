//! The critic's grammar: `verdict: pass | revise`, then findings `## C1` of five fields each.

use super::lines::{Errors, Line, body_lines, check_size, id_number};
use super::{ParseErrors, Review};
use groundwork_domain::document::{Finding, Layer, Severity, Verdict};

const FIELDS: [&str; 5] = ["severity", "layer", "target", "problem", "fix"];
const FINDINGS_MAX: usize = 50;

pub(super) fn parse(text: &str) -> Result<Review, ParseErrors> {
    check_size(text)?;
    let mut errors = Errors::default();
    let mut lines = body_lines(text);
    lines.retain(|line| !line.text.trim().is_empty());
    let verdict = verdict(lines.first(), &mut errors);
    let rest = lines.get(1..).unwrap_or_default();
    let starts: Vec<usize> = (0..rest.len()).filter(|at| rest[*at].text.starts_with('#')).collect();
    let first = starts.first().copied().unwrap_or(rest.len());
    if let Some(line) = rest[..first].first() {
        errors.at(line.number, "after the verdict come findings `## C1` and nothing else", line.text);
    }
    if starts.len() > FINDINGS_MAX {
        errors.at(
            0,
            format!("a review has at most {FINDINGS_MAX} findings"),
            format!("{} findings", starts.len()),
        );
    }
    let mut findings = Vec::new();
    for (index, start) in starts.iter().enumerate().take(FINDINGS_MAX) {
        let end = starts.get(index + 1).copied().unwrap_or(rest.len());
        findings.extend(finding(&rest[*start..end], index + 1, &mut errors));
    }
    check_verdict(verdict, &findings, starts.len(), &mut errors);
    // An unreadable verdict is an error above; `Revise` only fills the place until `finish` returns it.
    errors.finish(Review { verdict: verdict.unwrap_or(Verdict::Revise), findings })
}

fn verdict(line: Option<&Line<'_>>, errors: &mut Errors) -> Option<Verdict> {
    let rule = "the first line is `verdict: pass` or `verdict: revise`";
    match line.map(|line| (line.number, line.text.trim())) {
        Some((_, "verdict: pass")) => Some(Verdict::Pass),
        Some((_, "verdict: revise")) => Some(Verdict::Revise),
        other => {
            errors.at(other.map_or(0, |(number, _)| number), rule, other.map_or("", |(_, text)| text));
            None
        }
    }
}

fn check_verdict(verdict: Option<Verdict>, findings: &[Finding], blocks: usize, errors: &mut Errors) {
    match verdict {
        Some(Verdict::Revise) if blocks == 0 => {
            errors.at(1, "`verdict: revise` comes with at least one finding", "none");
        }
        Some(Verdict::Pass) => {
            let heavy =
                findings.iter().find(|one| one.severity > Severity::Minor && one.layer == Layer::Prompt);
            if let Some(heavy) = heavy {
                let rule = "`verdict: pass` has no blocker or major finding of layer prompt";
                errors.at(1, rule, &heavy.id);
            }
        }
        Some(Verdict::Revise) | None => {}
    }
}

fn finding(lines: &[Line<'_>], number: usize, errors: &mut Errors) -> Option<Finding> {
    let (head, rest) = lines.split_first()?;
    let id = format!("C{number}");
    if head.heading() != Some((2, id.as_str())) {
        errors.at(head.number, format!("the next finding begins with `## {id}`"), head.text);
        return None;
    }
    let mut values: [Option<(usize, String)>; 5] = Default::default();
    let mut current: Option<usize> = None;
    for line in rest {
        let text = line.text.trim();
        if let Some((place, value)) = field(text) {
            if values[place].replace((line.number, value.to_owned())).is_some() {
                errors.at(line.number, format!("`{}:` stands once in a finding", FIELDS[place]), text);
            }
            current = Some(place);
        } else if let Some((_, value)) =
            current.filter(|place| *place >= 3).and_then(|place| values[place].as_mut())
        {
            // A problem or a fix may run over several lines.
            value.push(' ');
            value.push_str(text);
        } else {
            errors.at(line.number, format!("a finding has the lines {}", FIELDS.join(", ")), text);
        }
    }
    let mut missing = false;
    for (name, value) in FIELDS.iter().zip(&values) {
        if value.as_ref().is_none_or(|(_, value)| value.trim().is_empty()) {
            errors.at(head.number, format!("{id} needs a line `{name}: …`"), head.text);
            missing = true;
        }
    }
    if missing {
        return None;
    }
    let [severity, layer, target, problem, fix] = values.map(Option::unwrap_or_default);
    build(id, &severity, &layer, &target, problem.1, fix.1, errors)
}

fn field(text: &str) -> Option<(usize, &str)> {
    let (name, value) = text.split_once(':')?;
    FIELDS.iter().position(|field| name == *field).map(|place| (place, value.trim()))
}

fn build(
    id: String,
    severity: &(usize, String),
    layer: &(usize, String),
    target: &(usize, String),
    problem: String,
    fix: String,
    errors: &mut Errors,
) -> Option<Finding> {
    let severity = match severity.1.as_str() {
        "blocker" => Severity::Blocker,
        "major" => Severity::Major,
        "minor" => Severity::Minor,
        other => {
            errors.at(severity.0, "`severity:` is blocker, major or minor", other);
            return None;
        }
    };
    let layer = match layer.1.as_str() {
        "prompt" => Layer::Prompt,
        "spec" => Layer::Spec,
        "intent" => Layer::Intent,
        other => {
            errors.at(layer.0, "`layer:` is prompt, spec or intent", other);
            return None;
        }
    };
    let (prompts, requirements, others) = targets(&target.1);
    if layer == Layer::Prompt && prompts.is_empty() {
        let rule = "`target:` of a finding of layer prompt names the prompt by its number, such as 02";
        errors.at(target.0, rule, &target.1);
        return None;
    }
    // What is neither a prompt nor a requirement (a section, a question) would be lost: the sentence keeps it.
    let problem = if others.is_empty() { problem } else { format!("{}: {problem}", others.join(", ")) };
    Some(Finding { id, severity, layer, prompts, requirements, problem, fix })
}

fn targets(text: &str) -> (Vec<u32>, Vec<String>, Vec<String>) {
    let (mut prompts, mut requirements, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        let bare = word.strip_prefix("prompt ").unwrap_or(word);
        if let Some(number) = id_number(bare, "", Some(2)) {
            prompts.push(number);
        } else if id_number(word, "FR-", Some(3)).or_else(|| id_number(word, "NFR-", Some(3))).is_some() {
            requirements.push(word.to_owned());
        } else if word != crate::prompt::NO_TARGET {
            others.push(word.to_owned());
        }
    }
    (prompts, requirements, others)
}
