use crate::samples::{QUESTIONS, REVIEW, SPEC, package, package_text, prompt_text, spec};
use groundwork_agents::parse::{self, ParseErrors};
use groundwork_agents::prompt::{findings_text, prompts_text, questions_text, review_text};
use groundwork_domain::document::{QuestionFormat, Severity, Verdict};
use proptest::prelude::*;

fn errors<T: std::fmt::Debug>(outcome: Result<T, ParseErrors>) -> String {
    outcome.unwrap_err().to_string()
}

/// The text must break with exactly this.
fn breaks<T: std::fmt::Debug>(outcome: Result<T, ParseErrors>, expected: &str) {
    assert_eq!(errors(outcome), expected);
}

#[test]
fn questions_are_read_and_written_back() {
    let questions = parse::questions(QUESTIONS, 3).unwrap();
    assert_eq!(questions.len(), 2);
    assert_eq!(questions[0].text, "Who can see a member's bookings?");
    assert_eq!(questions[0].options[0].label, "Only the member and staff");
    assert!(questions[0].options[0].recommended && !questions[0].options[1].recommended);
    assert_eq!(questions[1].format, QuestionFormat::Text);
    assert_eq!(parse::questions(&questions_text(&questions), 3).unwrap(), questions);
}

#[test]
fn no_questions_is_an_answer_and_nothing_is_not() {
    for none in ["No questions.", "\nno questions\n", "```\nNo questions.\n```"] {
        assert_eq!(parse::questions(none, 3).unwrap(), []);
    }
    breaks(
        parse::questions("", 3),
        "the reply: the reply is `No questions.` or begins with `## Q1: …`; found nothing",
    );
    breaks(
        parse::questions("I have none.", 3),
        "line 1: the reply is `No questions.` or begins with `## Q1: …`; found `I have none.`",
    );
}

#[test]
fn broken_questions_name_line_rule_and_finding() {
    breaks(parse::questions(QUESTIONS, 1), "line 9: at most 1 questions may be asked; found `2 questions`");
    let edits = [
        (
            "## Q2:",
            "## Q3:",
            "line 9: a question begins with `## Q2: the question`; found `## Q3: What should the app feel like?`",
        ),
        (
            "format: radio",
            "format: dropdown",
            "line 4: `format:` is radio, checkbox or text; found `dropdown`",
        ),
        (
            "why: Decides roles",
            "because: Decides roles",
            "line 1: Q1 needs a line `why: …`; found `## Q1: Who can see a member's bookings?`\nline 3: a question has only `category:`, `why:`, `format:` and options `- A: …`; found `because: Decides roles, the data model and two pages.`",
        ),
        (
            " (recommended)",
            "",
            "line 1: exactly one option ends with `(recommended)`; found `0 recommended options`",
        ),
        (
            "- B:",
            "- D:",
            "line 1: a question has 3 or 4 options; found `1 options`\nline 6: the next option is `- B: …`; found `- D: Everyone in the gym`\nline 7: the next option is `- B: …`; found `- C: Members choose`",
        ),
        (
            "format: text",
            "format: text\n- A: Calm",
            "line 9: a question of format text has no options; found `1 options`",
        ),
    ];
    for (from, to, expected) in edits {
        breaks(parse::questions(&QUESTIONS.replacen(from, to, 1), 3), expected);
    }
}

#[test]
fn a_specification_is_read_with_its_sections_and_sources() {
    let spec = spec();
    assert_eq!(spec.text, SPEC);
    assert_eq!(spec.requirement_ids(), ["FR-001", "FR-002", "FR-003"]);
    assert_eq!(spec.requirements[1].sources, ["A1", "Q2"]);
    assert_eq!(spec.requirements[0].criteria.len(), 2, "a criterion may run over two lines");
    assert_eq!(spec.qualities, ["NFR-001", "NFR-002"]);
    assert_eq!(spec.assumptions, ["A1", "A2"]);
    let section = spec.find("fr-003").unwrap();
    assert!(spec.text[section.bytes.clone()].starts_with("### FR-003 Cancel a booking\n"));
    assert!(spec.text[section.bytes.clone()].trim_end().ends_with("the reason is shown."));
    assert_eq!(SPEC.lines().nth(section.lines.start - 1), Some("### FR-003 Cancel a booking"));
    assert!(spec.text[spec.find("## data model").unwrap().bytes.clone()].starts_with("## Data model\n"));
    assert!(spec.find("not a heading").is_none(), "code is no heading");
    // A title above everything and a fence around everything are tolerated, and the fence is not stored.
    assert!(parse::spec(&format!("# Booking\n\n{SPEC}")).is_ok());
    assert_eq!(parse::spec(&format!("```markdown\n{SPEC}```")).map(|spec| spec.text), Ok(SPEC.to_owned()));
}

#[test]
fn broken_specifications_name_line_rule_and_finding() {
    let order = parse::HEADINGS.join(" · ");
    let edits = [
        (
            "## Qualities",
            "## Quality",
            format!("heading 4 is `## Qualities` (the order is {order}); found `## Quality`"),
        ),
        (
            "## Glossary\nSlot: a place in the gym at a time.\n",
            "",
            "the reply: the specification has the headings ".to_owned()
                + &order
                + "; found `no `## Glossary``",
        ),
        (
            "Payments.",
            "",
            "line 46: `Out of scope` has text; write `None.` where there is nothing to say; found nothing"
                .to_owned(),
        ),
        (
            "### FR-002",
            "### FR-2",
            "line 15: a requirement begins with `### FR-001 Title`; found `FR-2 Waiting list`".to_owned(),
        ),
        (
            "### FR-002",
            "### FR-007",
            "requirement ids ascend; FR-007 stands before; found `FR-003`".to_owned(),
        ),
        (
            "14 days. (idea)",
            "14 days.",
            "FR-001 names its source in brackets: (Q1), (A1) or (idea); found `no source`".to_owned(),
        ),
        (
            "- Given a full slot with one waiting member",
            "- If a slot is full",
            "FR-002 has at least one line `- Given …, when …, then …`; found `none`".to_owned(),
        ),
        (
            "- NFR-001 Speed",
            "- Speed",
            "an item of `## Qualities` begins with its id: `- NFR-001 Speed: …`; found `- Speed: ".to_owned(),
        ),
        ("- A1: The first", "- A3: The first", "ids of `## Assumptions` ascend; found `A2`".to_owned()),
        (
            "## Overview\n",
            "Here it is:\n## Overview\n",
            "line 1: the specification begins with `## Overview`; found `Here it is:`".to_owned(),
        ),
    ];
    for (from, to, expected) in edits {
        let found = errors(parse::spec(&SPEC.replacen(from, to, 1)));
        assert!(found.contains(&expected), "{from} → {to}\n{found}\n{expected}");
    }
}

#[test]
fn a_retired_requirement_keeps_its_id_and_needs_no_criteria() {
    let section = parse::section(
        "### FR-002 Waiting list (retired)\nDropped by the owner. (idea)",
        "### FR-002 Waiting list\nold",
    );
    assert!(section.is_ok(), "{section:?}");
    let text = SPEC.replacen("### FR-002 Waiting list", "### FR-002 Waiting list (retired)", 1);
    assert_eq!(parse::spec(&text).unwrap().requirement_ids(), ["FR-001", "FR-003"]);
}

#[test]
fn a_section_keeps_its_heading_and_brings_no_other() {
    let current = "### FR-003 Cancel a booking\nold";
    let good = "### FR-003 Cancel any booking\nUntil one hour before. (idea)\n- Given a, when b, then c.\n";
    assert_eq!(parse::section(good, current), Ok(good.trim().to_owned()));
    breaks(
        parse::section(&good.replace("FR-003", "FR-004"), current),
        "line 1: the new text begins with the heading as it was: `### FR-003`; found `### FR-004 Cancel any booking`",
    );
    breaks(
        parse::section(&format!("{good}## Qualities\nx"), current),
        "line 4: the reply is one section and nothing else; found `## Qualities`",
    );
    breaks(
        parse::section("## Data model\n", "## Data model\nold"),
        "line 1: the section has text; found `only a heading`",
    );
    assert!(
        errors(parse::section("### FR-003 Cancel\nNo criteria. (idea)", current))
            .contains("`- Given …, when …, then …`")
    );
}

#[test]
fn prompts_are_read_and_written_back() {
    let prompts = package();
    assert_eq!(prompts.len(), 5);
    assert_eq!(prompts[1].covers, ["FR-001", "FR-003", "NFR-002"]);
    assert_eq!(prompts[2].needs, [1, 2]);
    assert_eq!(prompts[0].checklist, ["Tests pass", "It runs"]);
    assert!(prompts[0].covers.is_empty() && prompts[0].needs.is_empty());
    assert_eq!(prompts_text(&prompts), package_text());
    assert_eq!(parse::prompts(&prompts_text(&prompts)).unwrap(), prompts);
    let fenced = format!("\n```md\n{}\n```\n", package_text());
    assert_eq!(parse::prompts(&fenced).unwrap(), prompts, "a fence around the whole is tolerated");
    assert_eq!(parse::one_prompt(&prompts[1].content, 2).unwrap(), prompts[1]);
}

#[test]
fn broken_prompts_name_line_rule_and_finding() {
    let text = package_text();
    let edits = [
        ("# 02 · backend", "# 02 · database", "a prompt begins with `# 01 · setup · Title`"),
        ("# 05 ·", "# 06 ·", "prompts count from 01 without gaps; this is 05; found `06`"),
        (
            "# 02 · backend",
            "# 02 · integration",
            "stages come in order; integration stands before; found `frontend`",
        ),
        (
            "covers: FR-002",
            "covers: the list",
            "`covers:` lists requirement ids such as FR-001, or none; found `the list`",
        ),
        (
            "needs: 02, 03",
            "needs: 02, 05",
            "`needs:` lists numbers of earlier prompts such as 01, or none; found `05`",
        ),
        (
            "needs: 02, 03\n",
            "",
            "under the title stands a line `needs: …`; found `# 04 · integration · Waiting list`",
        ),
        ("## Constraints\n", "## Limits\n", "section 4 is `## Constraints`"),
        ("## Task\nBuild it.", "## Task\n", "`## Task` has text; found nothing"),
        ("- [ ] Tests pass\n- [ ] It runs", "- Tests pass", "a checklist has items `- [ ] …`; found `none`"),
    ];
    for (from, to, expected) in edits {
        let found = errors(parse::prompts(&text.replacen(from, to, 1)));
        assert!(found.contains(expected), "{from} → {to}\n{found}\n{expected}");
    }
    let four = text.rsplit_once("\n\n# 05").unwrap().0;
    breaks(parse::prompts(four), "the reply: a package has 5 to 6 prompts; found `4 prompts`");
    assert!(errors(parse::prompts(&format!("Sure:\n{text}"))).starts_with("line 1: a prompt begins with"));
}

#[test]
fn mended_prompts_are_those_that_were_named() {
    let two = prompt_text(2, "backend", "Bookings", "FR-001", "01");
    let four = prompt_text(4, "integration", "List", "FR-002", "02");
    let both = format!("{two}\n\n{four}");
    assert_eq!(parse::some_prompts(&both, &[2, 4]).unwrap().len(), 2);
    assert!(
        errors(parse::some_prompts(&both, &[2])).contains("only these prompts are wanted: 02; found `04`")
    );
    assert!(errors(parse::some_prompts(&two, &[2, 4])).contains("found `no prompt 04`"));
    assert!(
        errors(parse::some_prompts(&format!("{two}\n\n{two}"), &[2])).contains("each prompt is written once")
    );
    assert!(parse::one_prompt(&four, 2).is_err());
}

#[test]
fn a_review_is_read_and_written_back() {
    let review = parse::review(REVIEW).unwrap();
    assert_eq!(review.verdict, Verdict::Revise);
    assert_eq!((review.findings[0].severity, &review.findings[0].prompts[..]), (Severity::Blocker, &[2][..]));
    assert_eq!(review.findings[0].requirements, ["FR-003"]);
    assert_eq!(review.findings[1].problem, "Data model: Nothing says how long bookings are kept.");
    assert_eq!(parse::review(&review_text(&review)).unwrap(), review);
    assert!(findings_text(&review.findings).starts_with("## C1\nseverity: blocker\n"));
    let pass = parse::review("verdict: pass\n").unwrap();
    assert_eq!((pass.verdict, pass.findings.len()), (Verdict::Pass, 0));
}

#[test]
fn a_verdict_that_cannot_be_read_is_never_a_pass() {
    let edits = [
        (
            "verdict: revise",
            "The verdict is: pass",
            "line 1: the first line is `verdict: pass` or `verdict: revise`",
        ),
        ("verdict: revise", "verdict: PASS", "line 1: the first line is"),
        (
            "verdict: revise",
            "verdict: pass",
            "line 1: `verdict: pass` has no blocker or major finding of layer prompt; found `C1`",
        ),
        (
            "severity: blocker",
            "severity: fatal",
            "line 3: `severity:` is blocker, major or minor; found `fatal`",
        ),
        (
            "target: 02, FR-003",
            "target: FR-003",
            "line 5: `target:` of a finding of layer prompt names the prompt",
        ),
        ("fix: Decide it.", "", "line 8: C2 needs a line `fix: …`"),
        ("## C2", "## C4", "line 8: the next finding begins with `## C2`; found `## C4`"),
        (
            "## C1",
            "Good work.\n## C1",
            "line 2: after the verdict come findings `## C1` and nothing else; found `Good work.`",
        ),
    ];
    for (from, to, expected) in edits {
        let found = errors(parse::review(&REVIEW.replacen(from, to, 1)));
        assert!(found.contains(expected), "{from} → {to}\n{found}\n{expected}");
    }
    breaks(
        parse::review("verdict: revise"),
        "line 1: `verdict: revise` comes with at least one finding; found `none`",
    );
    assert!(parse::review("").is_err());
}

#[test]
fn errors_are_few_and_short() {
    let text = "nonsense that is long ".repeat(20) + "\n";
    let found = parse::questions(&format!("## Q1: a?\n{}", text.repeat(100)), 3).unwrap_err();
    assert!(found.0.len() <= parse::ERRORS_MAX);
    assert!(found.0.iter().all(|error| error.found.chars().count() <= 123));
    assert!(errors(parse::spec(&"x".repeat(parse::REPLY_BYTES_MAX + 1))).contains("bytes are read"));
}

/// Lines that look like the grammars, in any order: far more likely to reach deep than arbitrary text.
fn grammar_like() -> impl Strategy<Value = String> {
    let lines = format!("{SPEC}\n{QUESTIONS}\n{REVIEW}\n{}", package_text());
    let lines: Vec<String> = lines.lines().map(str::to_owned).collect();
    prop::collection::vec(prop::sample::select(lines), 0..60).prop_map(|lines| lines.join("\n"))
}

fn read_all(text: &str) {
    let _ = parse::questions(text, 3);
    let _ = parse::prompts(text);
    let _ = parse::some_prompts(text, &[1, 2]);
    let _ = parse::one_prompt(text, 1);
    let _ = parse::section(text, text);
    let _ = parse::section(text, "### FR-003 Cancel\nx");
    if let Ok(review) = parse::review(text) {
        assert!(
            text.contains("verdict: ")
                && (review.verdict == Verdict::Revise || text.contains("verdict: pass"))
        );
    }
    if let Ok(spec) = parse::spec(text) {
        for section in &spec.sections {
            assert!(spec.text[section.bytes.clone()].starts_with('#'));
        }
    }
}

proptest! {
    #[test]
    fn no_parser_panics_on_arbitrary_text(text in "\\PC*") {
        read_all(&text);
    }

    #[test]
    fn no_parser_panics_on_lines_of_the_grammars(text in grammar_like(), cut in 0usize..5_000) {
        let end = text.char_indices().map(|(at, _)| at).find(|at| *at >= cut).unwrap_or(text.len());
        read_all(&text[..end]);
    }

    #[test]
    fn no_parser_panics_on_control_characters(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        read_all(&String::from_utf8_lossy(&bytes));
    }
}
