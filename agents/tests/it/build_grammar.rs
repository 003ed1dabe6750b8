//! Grammars of pipelines `build` and `handoff`: what is read, what is refused with line and rule, and checks between
//! documents.

use groundwork_agents::check;
use groundwork_agents::parse::{self, CODE_CHECKLIST, SECURITY_CHECKLIST, Spec};
use groundwork_agents::prompt::audit_text as audit_text_of;
use groundwork_domain::document::Verdict;
use groundwork_domain::document::audit::{AuditResult, Recommendation};
use groundwork_domain::document::brief::Brief;
use groundwork_domain::document::files::{CodeFile, CodePath, Coverage};
use proptest::prelude::*;

pub(crate) const CHAT: &str = "## Reply\nUntil when may they cancel?\n## Brief\n### Problem\nLate cancellations.\n### Users\nMembers.\n### Flows\nNot said yet.\n### Rules\n- Not at the last minute.\n### Out of scope\nNot said yet.\n### Done when\nNot said yet.\n";
pub(crate) const PLAN: &str = "## Approach\nOne process.\n## Tasks\n### T001 Ground\nfiles: package.json, db/schema.sql\nneeds: none\ncovers: NFR-001\nsize: S\nLay the ground.\n### T002 Cancel\nfiles: src/cancel.ts, test/cancel.test.ts\nneeds: T001\ncovers: FR-001, FR-002\nsize: M\nWrite `cancel`.\nAnd its route.\n## Risks\nNone.\n";
pub(crate) const TESTS: &str = "## Approach\nVitest; `npm test`.\n## Tests\n### CT-001 In time\nrequirement: FR-001\ntask: T002\nfile: test/cancel.test.ts\nname: cancels in time\n- Given a booking in three hours, when it is cancelled, then it is gone.\n### CT-002 Late\nrequirement: FR-002\ntask: T002\nfile: test/cancel.test.ts\nname: refuses late\n- Given a booking in one hour, when it is cancelled,\n  then it stays.\n";
const ADVICE: &str = "recommendation: REVISE\n- \"not at the last minute\": FR-001 allows it.\n";
const SPECIFICATION: &str = "## Core idea\nBookings.\n## Requirements\n### FR-001 Cancel\nMembers cancel. (idea)\n- Given a, when b, then c.\n## User stories\n- US1: As a member, I want to cancel, so that I am free. (FR-001)\n## Features\n- F1: Bookings: cancel (US1)\n## Assumptions\nNone.\n";
const HANDED_PLAN: &str = "## Architecture\n```mermaid\nflowchart LR\n    a --> b\n```\nSmall.\n## Database schema\n```sql\ncreate table a (b int);\n```\n## Tech stack\n- Node 22: one language\n## Tasks\n### T001 Cancel\nfiles: a.ts\nneeds: none\ncovers: FR-001\nsize: S\nDo it.\n";

fn spec() -> Spec {
    let top = "## Overview\nx\n\n## Users and goals\nx\n\n## Requirements\n### FR-001 Cancel\nA. (brief)\n- Given a, when b, then c.\n### FR-002 Late\nB. (brief, A1)\n- Given a, when b, then c.\n### FR-003 Old (retired)\nGone.\n\n## Qualities\n- NFR-001 Speed: 1 s. (brief)\n";
    let rest = "\n## Data model\nx\n\n## Interfaces\nx\n\n## User interface\nx\n\n## Technology\nx\n\n## Out of scope\nNone.\n\n## Assumptions\n- A1: x\n\n## Open questions\nNone.\n\n## Glossary\nNone.\n";
    parse::spec(&format!("{top}{rest}")).unwrap()
}

/// A whole review of that checklist; `odd` items have the result that is given.
pub(crate) fn audit_text(checklist: &[(&str, &str)], verdict: &str, odd: &[(&str, &str)]) -> String {
    let mut text = format!("verdict: {verdict}\n");
    for (id, title) in checklist {
        let result = odd.iter().find(|(other, _)| other == id).map_or("pass", |(_, result)| result);
        let evidence = if result == "not applicable" { "none" } else { "src/a.ts:2" };
        text += &format!(
            "## {id} {title}\nresult: {result}\nevidence: {evidence}\nreason: Because\n  it is so.\n"
        );
    }
    text
}

#[test]
fn a_chat_reply_has_a_message_and_a_brief() {
    let reply = parse::chat(CHAT, true).unwrap();
    let brief = reply.brief.unwrap();
    assert_eq!(reply.message, "Until when may they cancel?");
    assert_eq!(brief.sections[3], "- Not at the last minute.");
    assert_eq!(brief.open(), ["Flows", "Out of scope", "Done when"]);
    assert_eq!(parse::brief(&brief.markdown()).unwrap(), brief, "what is stored is read again");
    let alone = parse::chat("## Reply\nYes.", false).unwrap();
    assert_eq!((alone.message.as_str(), alone.brief), ("Yes.", None));
    for (text, line, part) in [
        ("Hello", 1, "begins with `## Reply`"),
        ("## Reply\nYes.", 0, "no `## Brief`"),
        ("## Reply\n\n## Brief\n### Problem\nx", 1, "1 to 4000 characters"),
        ("## Reply\nx\n## Notes\ny", 3, "after the reply comes `## Brief`"),
        ("## Reply\nx\n## Brief\n### Users\ny", 4, "part 1 of the brief is `### Problem`"),
        ("## Reply\nx\n## Brief\nwords\n### Problem\ny", 3, "part 2 of the brief"),
    ] {
        let errors = parse::chat(text, true).unwrap_err();
        assert!(
            errors.0.iter().any(|one| one.line == line && one.to_string().contains(part)),
            "{text:?}: {errors}"
        );
    }
    let more = CHAT.replace("### Done when\nNot said yet.", "### Done when\n\n### More\nx");
    let errors = parse::chat(&more, true).unwrap_err().to_string();
    assert!(
        errors.contains("has text, or `Not said yet.`") && errors.contains("last part of the brief"),
        "{errors}"
    );
}

#[test]
fn a_title_is_one_plain_line() {
    assert_eq!(parse::title("  Cancel bookings online\n").as_deref(), Ok("Cancel bookings online"));
    let long = "x".repeat(81);
    for wrong in ["", "Two\nlines", "# Heading", "\"Quoted\"", "Ends.", "- item", "42", &long] {
        assert!(parse::title(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn a_plan_has_tasks_with_fields() {
    let plan = parse::plan(PLAN).unwrap();
    let ids: Vec<_> =
        plan.tasks.iter().map(|task| (task.id.as_str(), task.files.len(), task.needs.len())).collect();
    assert_eq!(ids, [("T001", 2, 0), ("T002", 2, 1)]);
    assert_eq!(plan.tasks[1].body, "Write `cancel`.\nAnd its route.");
    check::plan(&spec(), &plan).unwrap();
    for (from, to, part) in [
        ("## Risks\nNone.\n", "", "no `## Risks`"),
        ("### T002", "### T2", "begins with `### T001 Title`"),
        ("### T002", "### T001", "an id stands for one task"),
        ("files: src/cancel.ts", "files: ../cancel.ts", "relative paths"),
        ("files: src/cancel.ts, test/cancel.test.ts", "files: none", "at least one file"),
        ("needs: T001", "needs: T009", "stand before this one"),
        ("size: M", "size: XL", "S, M or L"),
        ("covers: FR-001, FR-002", "covers: all", "lists ids"),
        ("needs: T001\n", "", "line 2 of a block is `needs: …`"),
        ("Lay the ground.\n", "", "what to do"),
        ("## Tasks\n", "## Tasks\nSome words.\n", "stand blocks"),
    ] {
        let errors = parse::plan(&PLAN.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(errors.contains(part), "{to:?}: {errors}");
    }
    for (from, to, part) in [
        ("covers: NFR-001", "covers: none", "found `NFR-001`"),
        ("covers: NFR-001", "covers: NFR-001, FR-003", "has not retired"),
        ("covers: NFR-001", "covers: NFR-001, FR-099", "FR-099"),
        ("Lay the ground.", "TBD", "no placeholder"),
    ] {
        let plan = parse::plan(&PLAN.replacen(from, to, 1)).unwrap();
        let errors = check::plan(&spec(), &plan).unwrap_err().to_string();
        assert!(errors.contains(part), "{to:?}: {errors}");
    }
    let retired = PLAN.replacen("### T001 Ground", "### T001 Ground (retired)", 1);
    assert_eq!(parse::plan(&retired).unwrap().tasks.len(), 1, "its id stays taken");
    assert!(check::ids_kept(&["T001".into(), "T002".into()], &retired).is_ok());
    assert!(check::ids_kept(&["T003".into()], PLAN).is_err());
}

#[test]
fn contract_tests_name_requirement_and_task() {
    let (plan, tests) = (parse::plan(PLAN).unwrap(), parse::contract(TESTS).unwrap());
    assert_eq!(tests.tests.len(), 2);
    assert_eq!(
        tests.tests[1].criteria,
        ["Given a booking in one hour, when it is cancelled, then it stays."]
    );
    check::contract(&spec(), &plan, &tests).unwrap();
    for (from, to, part) in [
        ("### CT-002", "### CT-2", "begins with `### CT-001 Title`"),
        ("### CT-002", "### CT-001", "an id stands for one test"),
        ("requirement: FR-002", "requirement: all", "one id such as FR-001"),
        ("task: T002", "task: 2", "one id such as T001"),
        ("file: test/cancel.test.ts", "file: /test", "relative path"),
        ("- Given a booking in three hours", "- A booking", "Given"),
    ] {
        let errors = parse::contract(&TESTS.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(errors.contains(part), "{to:?}: {errors}");
    }
    for (from, to, part) in [
        ("requirement: FR-002", "requirement: FR-001", "found `FR-002`"),
        ("requirement: FR-002", "requirement: FR-003", "not retired"),
        ("task: T002", "task: T001", "the task of CT-001 covers FR-001"),
        ("task: T002", "task: T009", "a task of the plan"),
        ("name: refuses late", "name: cancels in time", "one name"),
    ] {
        let tests = parse::contract(&TESTS.replacen(from, to, 1)).unwrap();
        let errors = check::contract(&spec(), &plan, &tests).unwrap_err().to_string();
        assert!(errors.contains(part), "{to:?}: {errors}");
    }
}

/// A person may amend a plan as they like: what they strike from it cannot be tested, and nobody is asked to.
#[test]
fn a_requirement_that_no_task_covers_needs_no_test() {
    let plan = parse::plan(&PLAN.replacen("covers: FR-001, FR-002", "covers: FR-001", 1)).unwrap();
    let (kept, _) = TESTS.split_once("### CT-002").unwrap();
    let tests = parse::contract(kept).unwrap();
    check::contract(&spec(), &plan, &tests).unwrap();
    let whole = parse::plan(PLAN).unwrap();
    let errors = check::contract(&spec(), &whole, &tests).unwrap_err().to_string();
    assert!(errors.contains("found `FR-002`"), "{errors}");
}

#[test]
fn a_review_of_files_has_every_item_and_an_unreadable_one_is_no_pass() {
    let pass = audit_text(&SECURITY_CHECKLIST, "PASS", &[("V17", "not applicable")]);
    let audit = parse::audit(&pass, &SECURITY_CHECKLIST).unwrap();
    assert_eq!((audit.verdict, audit.passed(), audit.items.len()), (Verdict::Pass, true, 31));
    assert_eq!(audit.items[0].reason, "Because it is so.");
    assert_eq!(audit.items[16].result, AuditResult::NotApplicable);
    assert_eq!(
        parse::audit(&audit_text_of(&audit), &SECURITY_CHECKLIST).as_ref(),
        Ok(&audit),
        "stored and read again"
    );
    let fail = audit_text(&CODE_CHECKLIST, "FAIL", &[("CR3", "fail")]);
    let audit = parse::audit(&fail, &CODE_CHECKLIST).unwrap();
    assert_eq!((audit.verdict, audit.passed(), audit.failed().count()), (Verdict::Revise, false, 1));
    let whole = audit_text(&CODE_CHECKLIST, "PASS", &[]);
    for (text, part) in [
        (whole.replace("verdict: PASS", "verdict: pass"), "the first line is"),
        (whole.replace("verdict: PASS\n", ""), "the first line is"),
        (audit_text(&CODE_CHECKLIST, "PASS", &[("CR2", "fail")]), "no item that failed"),
        (audit_text(&CODE_CHECKLIST, "FAIL", &[]), "at least one item that failed"),
        (audit_text(&CODE_CHECKLIST[..6], "PASS", &[]), "`## CR7 Running it`"),
        (whole.replace("## CR2 Correctness", "## CR2 Correct"), "the next item is `## CR2 Correctness`"),
        (whole.replace("result: pass", "result: mostly"), "pass, fail or not applicable"),
        (whole.replace("evidence: src/a.ts:2", "evidence: none"), "1 to 5 places"),
        (whole.replace("verdict: PASS\n", "verdict: PASS\nWell.\n"), "nothing else"),
        (whole.clone() + "## CR8 More\n", "no more items"),
        (audit_text(&SECURITY_CHECKLIST, "PASS", &[]), "the next item is `## CR1 Requirements`"),
    ] {
        let errors = parse::audit(&text, &CODE_CHECKLIST).unwrap_err().to_string();
        assert!(errors.contains(part), "{part}: {errors}");
    }
}

#[test]
fn evidence_must_be_there() {
    let file = CodeFile { path: CodePath::parse("src/a.ts").unwrap(), content: "one\ntwo\n".into() };
    let audit = |evidence: &str| {
        let text = audit_text(&CODE_CHECKLIST, "PASS", &[]).replace("src/a.ts:2", evidence);
        check::audit(std::slice::from_ref(&file), &parse::audit(&text, &CODE_CHECKLIST).unwrap())
    };
    for good in ["src/a.ts:1", "src/a.ts:1-2", "FR-001", "CT-007", "src/a.ts:2, NFR-001"] {
        assert!(audit(good).is_ok(), "{good}");
    }
    for bad in ["src/a.ts:3", "src/a.ts:0", "src/b.ts:1", "src/a.ts", "src/a.ts:x", "FR-1"] {
        assert!(audit(bad).is_err(), "{bad}");
    }
}

#[test]
fn advice_quotes_the_brief() {
    let advice = parse::advice(ADVICE).unwrap();
    assert_eq!((advice.recommendation, advice.reasons.len()), (Recommendation::Revise, 1));
    let brief = "## Rules\n- Not at the last  minute.";
    assert!(check::advice(brief, &advice).is_ok(), "spaces and case do not matter");
    assert!(check::advice("Something else", &advice).is_err());
    for wrong in [
        "APPROVE",
        "recommendation: approve\n- \"x\": y",
        "recommendation: APPROVE",
        "recommendation: APPROVE\n- no quotation",
        "recommendation: APPROVE\n- \"open: y",
        "recommendation: APPROVE\n- \"a\": 1\n- \"b\": 2\n- \"c\": 3\n- \"d\": 4",
        "recommendation: APPROVE\n\"a\": 1",
    ] {
        assert!(parse::advice(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn handoffs_are_typed() {
    let (specification, text) = parse::software_specification(SPECIFICATION).unwrap();
    assert_eq!((specification.core_idea.as_str(), text.as_str()), ("Bookings.", SPECIFICATION));
    assert_eq!(specification.requirements[0].criteria, ["Given a, when b, then c."]);
    assert_eq!(specification.user_stories[0].id, "US1");
    let (plan, _) = parse::implementation_plan(HANDED_PLAN).unwrap();
    assert_eq!((plan.database_schema.as_str(), plan.tech_stack.len()), ("create table a (b int);", 1));
    assert_eq!(plan.architecture_diagram_url, "#architecture");
    check::handed_plan(&specification, &plan).unwrap();
    for (from, to, part) in [
        ("- US1:", "- 1:", "lines `- US1: …`"),
        (" (FR-001)\n## Features", "\n## Features", "in the brackets of a user story"),
        ("(US1)", "(US2)", "in the brackets of a feature"),
        ("- Given a, when b, then c.\n", "", "Given"),
        ("### FR-001", "### R1", "begins with `### FR-001 Title`"),
        ("Bookings.\n", "\n", "`## Core idea` has text"),
    ] {
        let errors =
            parse::software_specification(&SPECIFICATION.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(errors.contains(part), "{to:?}: {errors}");
    }
    for (from, to, part) in [
        ("```mermaid", "```", "fenced as ```mermaid"),
        ("create table a (b int);\n", "", "fenced as ```sql"),
        ("- Node 22: one language", "Node", "name and version"),
        ("### T001 Cancel", "### Cancel", "begins with `### T001 Title`"),
    ] {
        let errors = parse::implementation_plan(&HANDED_PLAN.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(errors.contains(part), "{to:?}: {errors}");
    }
}

#[test]
fn an_implementer_is_done_when_everything_is_there() {
    let coverage = |files: &[&str]| {
        let files = files.iter().map(|path| CodePath::parse(path).unwrap()).collect();
        [Coverage { requirement: "FR-001".into(), files, tests: Vec::new() }]
    };
    let (planned, wanted) = (["a.ts".to_owned()], ["FR-001".to_owned()]);
    assert!(check::finished(&["a.ts", "b.ts"], &planned, &wanted, &coverage(&["b.ts"])).is_ok());
    for (files, covered) in [(&["b.ts"][..], &["b.ts"][..]), (&["a.ts"], &["b.ts"]), (&["a.ts"], &[])] {
        assert!(check::finished(files, &planned, &wanted, &coverage(covered)).is_err());
    }
    assert!(check::finished(&["a.ts"], &planned, &wanted, &[]).is_err());
}

proptest! {
    #[test]
    fn no_text_makes_a_parser_panic_or_pass_by_accident(text in "(verdict: |PASS|FAIL|## |### |T001 |CT-001 |result: |\"|recommendation: |APPROVE|\n|- |[a-z ]{0,5}|```|é){0,40}") {
        let _ = parse::chat(&text, true);
        let _ = parse::chat(&text, false);
        let _ = parse::title(&text);
        let _ = parse::plan(&text);
        let _ = parse::contract(&text);
        let _ = parse::software_specification(&text);
        let _ = parse::implementation_plan(&text);
        prop_assert!(parse::audit(&text, &CODE_CHECKLIST).is_err());
        if let Ok(advice) = parse::advice(&text) {
            prop_assert!(!advice.reasons.is_empty());
        }
    }

    #[test]
    fn a_damaged_review_never_passes_where_the_whole_one_failed(line in 0usize..29, keep in any::<bool>()) {
        let whole = audit_text(&CODE_CHECKLIST, "FAIL", &[("CR4", "fail")]);
        let lines: Vec<&str> = whole.lines().collect();
        let damaged: Vec<&str> = lines.iter().enumerate()
            .filter(|(index, _)| if keep { *index < line } else { *index != line })
            .map(|(_, text)| *text).collect();
        if let Ok(audit) = parse::audit(&damaged.join("\n"), &CODE_CHECKLIST) {
            prop_assert!(!audit.passed());
        }
    }

    #[test]
    fn a_brief_that_is_stored_is_read_again(sections in proptest::array::uniform6("[a-z][a-z .\n-]{0,40}[a-z]")) {
        let brief = Brief { sections: sections.map(|text| text.trim().to_owned()) };
        prop_assert_eq!(parse::brief(&brief.markdown()), Ok(brief));
    }
}
