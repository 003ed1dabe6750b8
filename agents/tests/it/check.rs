use crate::samples::{QUESTIONS, SPEC, package, package_text, spec};
use groundwork_agents::{check, parse};
use groundwork_domain::document::{Finding, Layer, Severity};

fn problems(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.problem.as_str()).collect()
}

#[test]
fn a_good_package_has_no_findings() {
    assert_eq!(problems(&check::package(&spec(), &package())), [] as [&str; 0]);
    let questions = parse::questions(QUESTIONS, 3).unwrap();
    let findings = check::spec(&spec(), &questions, &["A1".to_owned()]);
    assert_eq!(problems(&findings), [] as [&str; 0]);
}

#[test]
fn an_uncovered_requirement_is_found_by_code_and_names_a_prompt_that_can_mend_it() {
    let text = package_text().replace("covers: FR-002", "covers: none").replace("\nFR-002\n", "\nnone\n");
    let findings = check::package(&spec(), &parse::prompts(&text).unwrap());
    assert_eq!(problems(&findings), ["No prompt covers FR-002."]);
    let finding = &findings[0];
    assert_eq!(
        (finding.id.as_str(), finding.severity, finding.layer),
        ("K1", Severity::Blocker, Layer::Prompt)
    );
    assert_eq!((&finding.prompts[..], &finding.requirements[..]), (&[2][..], &["FR-002".to_owned()][..]));
}

#[test]
fn what_code_can_see_is_found() {
    let edits = [
        ("Build it.", "Build FR-042.", "Prompt 01 names FR-042, which does not exist in the specification."),
        ("Build it.", "Build it, TBD.", "Prompt 01 has the placeholder `TBD`."),
        ("Build it.", "Build pages, forms, etc.", "Prompt 01 has the placeholder `etc.`."),
        ("# 03 · frontend", "# 03 · backend", "No prompt is of stage frontend."),
    ];
    for (from, to, expected) in edits {
        let findings =
            check::package(&spec(), &parse::prompts(&package_text().replacen(from, to, 1)).unwrap());
        assert_eq!(problems(&findings), [expected], "{from} → {to}");
    }
    let mut short = package();
    short[4].content = "# 05 · deployment · Run it\nFew words.".to_owned();
    assert_eq!(problems(&check::package(&spec(), &short)), ["Prompt 05 has 6 words."]);
    short.swap(1, 2);
    let swapped = check::package(&spec(), &short);
    assert!(problems(&swapped).contains(&"Prompt 02 is of stage backend after frontend."), "{swapped:?}");
}

#[test]
fn words_that_only_look_like_placeholders_are_left_alone() {
    let text = package_text().replacen("Build it.", "Build the TODOs page, `TBD_COLUMN` and a todo list.", 1);
    assert_eq!(problems(&check::package(&spec(), &parse::prompts(&text).unwrap())), [] as [&str; 0]);
}

#[test]
fn a_specification_must_list_what_was_assumed_and_cite_what_exists() {
    let questions = parse::questions(QUESTIONS, 3).unwrap();
    let cited = parse::spec(&SPEC.replacen("(Q2, A1)", "(Q2, A7, Q9)", 1)).unwrap();
    let findings = check::spec(&cited, &questions, &["A1".to_owned(), "A3".to_owned()]);
    assert_eq!(
        problems(&findings),
        [
            "FR-002 names its source A7, which does not exist.",
            "FR-002 names its source Q9, which does not exist.",
            "The specification does not list assumption A3."
        ]
    );
}

#[test]
fn a_changed_requirement_makes_the_prompts_that_cover_it_stale() {
    let before = spec();
    let after = parse::spec(&SPEC.replace("until two hours before", "until one hour before")).unwrap();
    let changed = check::changed_requirements(&before, &after);
    assert_eq!(changed, ["FR-003"]);
    assert_eq!(check::stale_prompts(&changed, &package()), [2]);
    assert!(check::changed_requirements(&before, &before).is_empty());
}

#[test]
fn ids_are_for_ever() {
    let before = spec();
    let renumbered = parse::spec(&SPEC.replace("### FR-003", "### FR-004")).unwrap();
    assert_eq!(problems(&check::renumbered(&before, &renumbered)), ["FR-003 became FR-004."]);
    let text = SPEC.to_owned();
    let start = text.find("### FR-002").unwrap();
    let end = text.find("### FR-003").unwrap();
    let gone = parse::spec(&format!("{}{}", &text[..start], &text[end..])).unwrap();
    assert_eq!(problems(&check::renumbered(&before, &gone)), ["FR-002 is gone."]);
    let retitled =
        parse::spec(&SPEC.replace("FR-003 Cancel a booking", "FR-003 Cancel any booking")).unwrap();
    assert!(check::renumbered(&before, &retitled).is_empty(), "a new title is no new number");
}

#[test]
fn the_same_question_twice_is_found() {
    let mut questions = parse::questions(QUESTIONS, 3).unwrap();
    questions[1].text = "Who should see the member's bookings?".to_owned();
    assert_eq!(check::duplicate_questions(&questions), [("Q1".to_owned(), "Q2".to_owned())]);
    questions[1].text = "Who can see a member's address?".to_owned();
    assert!(check::duplicate_questions(&questions).is_empty());
}
