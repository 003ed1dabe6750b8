use crate::samples::{SPEC, package, prompt_text, spec};
use groundwork_agents::parse;
use groundwork_agents::splice::{self, SpliceError};
use proptest::prelude::*;

const NEW: &str = "### FR-002 Waiting list by hand\nStaff choose from the list. (idea)\n- Given two waiting, when staff choose one, then that one is booked.";

#[test]
fn one_section_changes_and_every_other_byte_stays() {
    let spec = spec();
    assert!(splice::current_section(&spec, "FR-002").unwrap().starts_with("### FR-002 Waiting list\n"));
    let after = splice::section(&spec, "FR-002", NEW).unwrap();
    let (before_part, rest) = SPEC.split_once("### FR-002").unwrap();
    let (_, after_part) = rest.split_once("told by e-mail.").unwrap();
    assert_eq!(after.text, format!("{before_part}{NEW}{after_part}"));
    assert_eq!(after.requirement("FR-002").unwrap().title, "Waiting list by hand");
}

#[test]
fn a_whole_chapter_and_the_last_one_can_be_replaced() {
    let spec = spec();
    let after = splice::section(&spec, "Glossary", "## Glossary\nSlot: two hours on a wall.").unwrap();
    assert!(after.text.ends_with("## Glossary\nSlot: two hours on a wall.\n"));
    let current = splice::current_section(&spec, "requirements").unwrap();
    let more = format!(
        "{current}\n\n### FR-004 Export\nAll bookings as CSV. (idea)\n- Given one, when exported, then one line."
    );
    let after = splice::section(&spec, "Requirements", &more).unwrap();
    assert_eq!(after.requirement_ids().len(), 4);
}

#[test]
fn what_brings_more_than_the_section_is_refused() {
    let spec = spec();
    let two = format!("{NEW}\n\n### FR-003 Another\nx (idea)\n- Given a, when b, then c.");
    assert!(matches!(splice::section(&spec, "FR-002", &two), Err(SpliceError::Unreadable(_))), "an id twice");
    let early = format!("{NEW}\n\n## Qualities\n- NFR-001 x: 1 (idea)");
    assert!(splice::section(&spec, "FR-002", &early).is_err());
    let renamed = NEW.replace("FR-002", "FR-009");
    assert!(splice::section(&spec, "FR-002", &renamed).is_err());
    let error = splice::section(&spec, "FR-999", NEW).unwrap_err().to_string();
    assert!(
        error.starts_with("there is no `FR-999`; there are: Overview, Users and goals, Requirements, FR-001"),
        "{error}"
    );
}

#[test]
fn another_requirement_beside_the_named_one_is_refused() {
    // FR-002 splits in two: readable, ids ascend, but more than FR-002 would change.
    let spec = parse::spec(&SPEC.replace("### FR-003", "### FR-005")).unwrap();
    let two = format!("{NEW}\n\n### FR-003 Another\nx (idea)\n- Given a, when b, then c.");
    assert!(matches!(splice::section(&spec, "FR-002", &two), Err(SpliceError::ChangesMore { .. })));
}

#[test]
fn prompts_change_by_number_and_only_the_named_ones() {
    let old = package();
    let two =
        parse::one_prompt(&prompt_text(2, "backend", "Other", "FR-001, FR-003, NFR-002", "01"), 2).unwrap();
    let after = splice::prompts(&old, vec![two.clone()], &[2]).unwrap();
    assert_eq!(after[1], two);
    for index in [0, 2, 3, 4] {
        assert_eq!(after[index], old[index]);
    }
    assert!(matches!(splice::prompts(&old, vec![two.clone()], &[3]), Err(SpliceError::ChangesMore { .. })));
    let moved = groundwork_domain::document::Prompt {
        stage: groundwork_domain::document::PromptStage::Setup,
        ..two.clone()
    };
    let error = splice::prompts(&old, vec![moved], &[2]).unwrap_err().to_string();
    assert_eq!(error, "only the text of prompt 02 may change, and the stage of prompt 02 would change too");
    let nine = groundwork_domain::document::Prompt { number: 9, ..two };
    assert!(matches!(splice::prompts(&old, vec![nine], &[9]), Err(SpliceError::UnknownTarget { .. })));
}

proptest! {
    /// Whatever is spliced in: either an error, or everything around the section is as it was.
    #[test]
    fn nothing_around_the_section_ever_changes(text in "(\\PC|\n){0,200}", heading in prop::sample::select(vec!["### FR-002 List\n", "## Data model\n", ""])) {
        let spec = spec();
        for target in ["FR-002", "Data model"] {
            let old = spec.find(target).unwrap().bytes.clone();
            if let Ok(after) = splice::section(&spec, target, &format!("{heading}{text}")) {
                prop_assert!(after.text.starts_with(&spec.text[..old.start]));
                prop_assert!(after.text.ends_with(&spec.text[old.end..]));
            }
        }
    }
}
