//! Definitions that cannot be used are refused with line and reason.

use groundwork_domain::agent::known_agents;
use groundwork_domain::pipeline::Pipeline;

const PROMPTR: &str = include_str!("../../pipelines/promptr.toml");

fn error(source: &str) -> String {
    Pipeline::parse(source, &known_agents()).unwrap_err().to_string()
}

#[test]
fn the_shipped_pipeline_is_valid() {
    let pipeline = Pipeline::parse(PROMPTR, &known_agents()).unwrap();
    assert_eq!(pipeline.stages.len(), 4);
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    let cases = [
        ("needs = [\"spec\"]", "needs = [\"spek\"]", "line 33: needs `spek`, and there is no such stage"),
        ("agent = \"critic\"", "agent = \"cricket\"", "line 42: there is no agent `cricket`"),
        (
            "reads = [\"spec\", \"prompts\"]",
            "reads = [\"spec\", \"plan\"]",
            "line 44: reads `plan`, and no stage makes it",
        ),
        ("needs = [\"questions\"]", "needs = [\"critique\"]", "needs itself through its needs (a cycle)"),
        ("mend = \"prompts\"", "mend = \"questions\"", "must be a writing stage before `critique`"),
        ("produces = \"review\"", "produces = \"spec\"", "line 45: `spec` is already made by stage `spec`"),
        ("id = \"critique\"", "id = \"spec\"", "line 38: two stages are called `spec`"),
        ("status = \"planning\"", "status = \"Planning!\"", "line 19: a status is 1 to 40 of a-z"),
        ("verb = \"review\"", "verb = \"guess\"", "line 41: unknown variant `guess`"),
        ("version = 1", "version = 0", "line 3: versions count from 1"),
        ("version = 1", "version = 1\ncolour = \"red\"", "line 4: unknown field `colour`"),
    ];
    for (from, to, expected) in cases {
        let text = error(&PROMPTR.replacen(from, to, 1));
        assert!(text.contains(expected), "{to}: {text}");
    }
    assert!(error("id = \"x\"\nversion = 1\ntitle = \"X\"\n").contains("at least one [[stage]]"));
    assert!(error(&"#".repeat(40_000)).contains("at most 32768 bytes"));
}
