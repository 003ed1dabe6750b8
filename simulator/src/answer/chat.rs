//! The business analyst: takes what a person says into the brief, heading by heading, and asks for the next one.

use super::phrase::plain;
use super::product::Product;
use super::request::Request;
use std::fmt::Write as _;

const HEADINGS: [&str; 6] = ["Problem", "Users", "Flows", "Rules", "Out of scope", "Done when"];
const OPEN: &str = "Not said yet.";
/// Asked for each heading, once it is the next one that is open.
const QUESTIONS: [&str; 6] = [
    "What is the problem, and whose is it?",
    "Who uses it, and what may each of them do?",
    "What happens from beginning to end when everything goes well?",
    "Which rules must never be broken?",
    "What do you leave out on purpose?",
    "How will everybody see that it is done?",
];
/// Characters of what a person said that are taken over.
const SAID_CHARS_MAX: usize = 1_500;

pub(super) fn reply(request: &Request<'_>) -> String {
    let said = plain(request.task.data("request"), SAID_CHARS_MAX);
    if request.task.attribute("gate") == Some("yes") {
        return format!(
            "## Reply\n(Simulated.) You asked: '{said}'. The documents above say what was decided; approve them if they are what you want, or ask for changes.\n"
        );
    }
    let mut brief = sections(request);
    if said.to_lowercase().contains("you decide") {
        propose(&mut brief, request);
    } else {
        take(&mut brief, &said);
    }
    let next = brief.iter().position(|text| text == OPEN);
    let question =
        next.map_or("Nothing is open any more: you can confirm the brief.", |index| QUESTIONS[index]);
    let mut text = format!("## Reply\n(Simulated.) I have written that down. {question}\n## Brief\n");
    for (heading, body) in HEADINGS.iter().zip(&brief) {
        // Writing to a String cannot fail.
        let _ = write!(text, "### {heading}\n{body}\n");
    }
    text
}

/// The brief as it is; begun from the idea and from what was said before, where there is none yet.
fn sections(request: &Request<'_>) -> [String; 6] {
    let target = request.task.data("target");
    let mut brief = HEADINGS.map(|heading| {
        let text = super::spec::section(target, heading);
        if text.is_empty() { OPEN.to_owned() } else { text.to_owned() }
    });
    if target.is_empty() {
        for said in std::iter::once(request.idea).chain(request.said()).filter(|said| !said.is_empty()) {
            take(&mut brief, &plain(said, SAID_CHARS_MAX));
        }
    }
    brief
}

/// What is said goes under the first open heading; once none is open, it is one more rule.
fn take(brief: &mut [String; 6], said: &str) {
    if said.is_empty() {
        return;
    }
    match brief.iter_mut().find(|text| *text == OPEN) {
        Some(open) => said.clone_into(open),
        None => brief[3] = format!("{}\n- {said}", brief[3]),
    }
}

/// The person leaves the rest to us.
fn propose(brief: &mut [String; 6], request: &Request<'_>) {
    let product = Product::of(&format!("{} {}", request.idea, brief[0]));
    let proposals = [
        "{A role} loses time because {many} are kept by hand.",
        "{A role} looks after their own {many}; {a staff} looks after all of them.",
        "1. {A role} creates {a one}.\n2. {A staff} sees it in the list.\n3. {A role} changes or withdraws it.",
        "- Nobody changes {a one} of somebody else except {a staff}.",
        "- Payments and native applications.",
        "- {A role} can create, see and withdraw {a one}, and {a staff} sees all of them.",
    ];
    for (text, proposal) in brief.iter_mut().zip(proposals) {
        if text == OPEN {
            *text = super::phrase::capital(&product.fill(proposal));
        }
    }
}
