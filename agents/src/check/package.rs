//! Checks of a specification, of the prompts made from it, and of two versions of one.

use super::{PROMPT_WORDS_MAX, PROMPT_WORDS_MIN, words};
use crate::parse::{PROMPTS_MAX, PROMPTS_MIN, Requirement, Spec};
use groundwork_domain::document::{Finding, Layer, Prompt, PromptStage, Question, Severity};
use std::collections::BTreeSet;

/// Collects findings and numbers them.
#[derive(Default)]
struct Findings {
    list: Vec<Finding>,
}

impl Findings {
    fn add(
        &mut self,
        severity: Severity,
        layer: Layer,
        target: (&[u32], &[String]),
        problem: String,
        fix: String,
    ) {
        self.list.push(Finding {
            id: format!("K{}", self.list.len() + 1),
            severity,
            layer,
            prompts: target.0.to_vec(),
            requirements: target.1.to_vec(),
            problem,
            fix,
        });
    }
}

pub(super) fn check(spec: &Spec, prompts: &[Prompt]) -> Vec<Finding> {
    let mut findings = Findings::default();
    uncovered(spec, prompts, &mut findings);
    unknown_ids(spec, prompts, &mut findings);
    order(prompts, &mut findings);
    count(prompts, &mut findings);
    for prompt in prompts {
        words_of(prompt, &mut findings);
    }
    findings.list
}

/// Every requirement that holds must be covered. The prompt to mend is the last one of the stage that builds things:
/// what must be named is a prompt that exists, or nobody could mend it.
fn uncovered(spec: &Spec, prompts: &[Prompt], findings: &mut Findings) {
    let covered: BTreeSet<&str> =
        prompts.iter().flat_map(|prompt| &prompt.covers).map(String::as_str).collect();
    let builder = prompts
        .iter()
        .rfind(|prompt| prompt.stage == PromptStage::Backend)
        .or_else(|| prompts.iter().rfind(|prompt| prompt.stage != PromptStage::Deployment))
        .or(prompts.last());
    for id in spec.requirement_ids() {
        if covered.contains(id.as_str()) {
            continue;
        }
        let target: Vec<u32> = builder.iter().map(|prompt| prompt.number).collect();
        let problem = format!("No prompt covers {id}.");
        let fix = format!("Add {id} to `covers:`, with its requirement, steps and verification.");
        findings.add(Severity::Blocker, Layer::Prompt, (&target, &[id]), problem, fix);
    }
}

fn unknown_ids(spec: &Spec, prompts: &[Prompt], findings: &mut Findings) {
    for prompt in prompts {
        let cited: BTreeSet<String> = prompt.covers.iter().cloned().chain(ids_in(&prompt.content)).collect();
        for id in cited {
            let requirement = spec.requirement(&id);
            let known = requirement.is_some() || spec.qualities.contains(&id);
            let retired = requirement.is_some_and(|one| one.retired);
            if known && !retired {
                continue;
            }
            let what = if retired { "is retired" } else { "does not exist in the specification" };
            let problem = format!("Prompt {:02} names {id}, which {what}.", prompt.number);
            let fix = format!("Remove {id}, or name the requirement that is meant.");
            findings.add(Severity::Major, Layer::Prompt, (&[prompt.number], &[id]), problem, fix);
        }
    }
}

/// Requirement ids in a text, `FR-001` and `NFR-001`.
fn ids_in(text: &str) -> Vec<String> {
    text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '-'))
        .filter(|word| {
            let digits = word.strip_prefix("NFR-").or_else(|| word.strip_prefix("FR-"));
            digits.is_some_and(|digits| digits.len() == 3 && digits.bytes().all(|byte| byte.is_ascii_digit()))
        })
        .map(str::to_owned)
        .collect()
}

fn order(prompts: &[Prompt], findings: &mut Findings) {
    let mut last = PromptStage::Setup;
    for prompt in prompts {
        let number = prompt.number;
        if prompt.stage < last {
            let problem =
                format!("Prompt {number:02} is of stage {} after {}.", prompt.stage.as_str(), last.as_str());
            let fix =
                "Put the stages in the order setup, backend, frontend, integration, deployment.".to_owned();
            findings.add(Severity::Major, Layer::Prompt, (&[number], &[]), problem, fix);
        }
        last = last.max(prompt.stage);
        for need in prompt
            .needs
            .iter()
            .filter(|need| **need >= number || !prompts.iter().any(|one| one.number == **need))
        {
            let problem =
                format!("Prompt {number:02} needs prompt {need:02}, which does not come before it.");
            findings.add(
                Severity::Major,
                Layer::Prompt,
                (&[number], &[]),
                problem,
                "Name earlier prompts only.".to_owned(),
            );
        }
    }
    let missing: Vec<&str> = PromptStage::ALL
        .into_iter()
        .filter(|stage| !prompts.iter().any(|prompt| prompt.stage == *stage))
        .map(PromptStage::as_str)
        .collect();
    if let (false, Some(last)) = (missing.is_empty(), prompts.last()) {
        let problem = format!("No prompt is of stage {}.", missing.join(", "));
        let fix = "Say in the last prompt how this stage's work is done, or that the product has none of it."
            .to_owned();
        findings.add(Severity::Minor, Layer::Prompt, (&[last.number], &[]), problem, fix);
    }
}

fn count(prompts: &[Prompt], findings: &mut Findings) {
    if !(PROMPTS_MIN..=PROMPTS_MAX).contains(&prompts.len()) {
        let problem = format!("The package has {} prompts.", prompts.len());
        let fix = format!("Write {PROMPTS_MIN} to {PROMPTS_MAX} prompts.");
        findings.add(Severity::Major, Layer::Spec, (&[], &[]), problem, fix);
    }
}

fn words_of(prompt: &Prompt, findings: &mut Findings) {
    let number = prompt.number;
    let words = words::count(&prompt.content);
    if !(PROMPT_WORDS_MIN..=PROMPT_WORDS_MAX).contains(&words) {
        let problem = format!("Prompt {number:02} has {words} words.");
        let fix = format!(
            "A prompt has {PROMPT_WORDS_MIN} to {PROMPT_WORDS_MAX} words: enough to work from, and no more."
        );
        findings.add(Severity::Minor, Layer::Prompt, (&[number], &[]), problem, fix);
    }
    if let Some(word) = words::placeholder(&prompt.content) {
        let problem = format!("Prompt {number:02} has the placeholder `{word}`.");
        let fix = "Write out what is meant; a coding agent would have to guess.".to_owned();
        findings.add(Severity::Major, Layer::Prompt, (&[number], &[]), problem, fix);
    }
}

pub(super) fn check_spec(spec: &Spec, questions: &[Question], assumptions: &[String]) -> Vec<Finding> {
    let mut findings = Findings::default();
    for requirement in spec.requirements.iter().filter(|one| !one.retired) {
        for source in &requirement.sources {
            let known = ["idea", "brief"].contains(&source.as_str())
                || questions.iter().any(|question| question.id == *source)
                || assumptions.contains(source)
                || spec.assumptions.contains(source);
            if !known {
                let problem = format!("{} names its source {source}, which does not exist.", requirement.id);
                let fix = "Name the question, assumption or idea that supports it, or remove it.".to_owned();
                findings.add(
                    Severity::Major,
                    Layer::Spec,
                    (&[], std::slice::from_ref(&requirement.id)),
                    problem,
                    fix,
                );
            }
        }
    }
    for assumption in assumptions.iter().filter(|id| !spec.assumptions.contains(id)) {
        let problem = format!("The specification does not list assumption {assumption}.");
        let fix = format!("List {assumption} under Assumptions, with its question.");
        findings.add(Severity::Major, Layer::Spec, (&[], &[]), problem, fix);
    }
    for section in spec.sections.iter().filter(|section| section.level == 2) {
        if let Some(word) = words::placeholder(&spec.text[section.bytes.clone()]) {
            let problem = format!("`{}` has the placeholder `{word}`.", section.heading);
            let fix = "Decide it, or put it under Open questions.".to_owned();
            findings.add(Severity::Minor, Layer::Spec, (&[], &[]), problem, fix);
        }
    }
    findings.list
}

pub(super) fn changed_requirements(before: &Spec, after: &Spec) -> Vec<String> {
    let ids: BTreeSet<&str> = before
        .requirements
        .iter()
        .chain(&after.requirements)
        .map(|requirement| requirement.id.as_str())
        .collect();
    let text = |spec: &Spec, id: &str| spec.requirement(id).map(|requirement| requirement.text.clone());
    ids.into_iter().filter(|id| text(before, id) != text(after, id)).map(str::to_owned).collect()
}

pub(super) fn renumbered(before: &Spec, after: &Spec) -> Vec<Finding> {
    let mut findings = Findings::default();
    for old in &before.requirements {
        let moved = after.requirements.iter().find(|new| new.id != old.id && same(new, old));
        let still_there = after.requirement(&old.id).is_some_and(|new| same(new, old));
        match (moved, after.requirement(&old.id)) {
            (Some(new), _) if !still_there => {
                let problem = format!("{} became {}.", old.id, new.id);
                let fix = format!("Ids are for ever: call it {} again.", old.id);
                findings.add(
                    Severity::Major,
                    Layer::Spec,
                    (&[], &[old.id.clone(), new.id.clone()]),
                    problem,
                    fix,
                );
            }
            (_, None) => {
                let problem = format!("{} is gone.", old.id);
                let fix = format!("Keep {} and write `(retired)` behind its title.", old.id);
                findings.add(
                    Severity::Major,
                    Layer::Spec,
                    (&[], std::slice::from_ref(&old.id)),
                    problem,
                    fix,
                );
            }
            (_, Some(_)) => {}
        }
    }
    findings.list
}

/// The same requirement, whatever its id: same title, retired or not.
fn same(one: &Requirement, other: &Requirement) -> bool {
    let title =
        |requirement: &Requirement| requirement.title.trim_end_matches("(retired)").trim().to_lowercase();
    title(one) == title(other)
}
