//! What models answer: every grammar takes any text and either reads or refuses it.
#![no_main]

use groundwork_agents::parse;
use libfuzzer_sys::fuzz_target;

const SPEC: &str = "# Gym\n\n## Requirements\n\n### FR-001 Book\nText.\n";

fuzz_target!(|text: &str| {
    let _ = parse::questions(text, 3);
    let _ = parse::spec(text);
    let _ = parse::section(text, SPEC);
    let _ = parse::prompts(text);
    let _ = parse::some_prompts(text, &[1, 2]);
    let _ = parse::one_prompt(text, 1);
    let _ = parse::review(text);
});
