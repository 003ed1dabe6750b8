//! Definitions that cannot be used are refused with line and reason.

use groundwork_domain::agent::known_agents;
use groundwork_domain::pipeline::Pipeline;

const PROMPTR: &str = include_str!("../../pipelines/promptr.toml");

const BUILD: &str = include_str!("../../pipelines/build.toml");
const HANDOFF: &str = include_str!("../../pipelines/handoff.toml");
const OWN: &str = r#"id = "haiku"
version = 1
title = "Haiku"

[[agent]]
id = "haiku_writer"
role = "Writes a haiku"
tier = "small"
prompt = "Write a haiku."
output = "spec"

[[stage]]
id = "poem"
status = "writing"
message = "Writing..."
verb = "write"

agent = "haiku_writer"
reads = ["idea"]
produces = "poem"

[stage.gate]
name = "poem"
status = "poem_ready"
approved_status = "poem_approved"
remind_after = "1d"
deadline = "2d"
on_expiry = "fail"
role = "admin"
"#;

fn error(source: &str) -> String {
    Pipeline::parse(source, &known_agents()).unwrap_err().to_string()
}

#[test]
fn the_shipped_pipeline_is_valid() {
    let pipeline = Pipeline::parse(PROMPTR, &known_agents()).unwrap();
    assert_eq!(pipeline.stages.len(), 4);
}

#[test]
fn build_and_handoff_are_valid_and_their_json_is_what_projects_pin() {
    for (source, stages) in [(BUILD, 9), (HANDOFF, 3)] {
        let pipeline = Pipeline::parse(source, &known_agents()).unwrap();
        assert_eq!(pipeline.stages.len(), stages);
        let json = serde_json::to_string(&pipeline).unwrap();
        assert!(json.len() < 32 * 1024, "{}", json.len());
        assert_eq!(serde_json::from_str::<Pipeline>(&json).unwrap(), pipeline);
    }
    let ids = Pipeline::parse(BUILD, &known_agents()).unwrap();
    let ids: Vec<_> = ids.stages.iter().map(|stage| format!("run_{}", stage.id)).collect();
    for step in ["spec", "plan", "tests", "implement", "security_review", "code_review", "verdict"] {
        assert!(ids.contains(&format!("run_{step}")), "E-36: {step}");
    }
}

#[test]
fn a_pipeline_with_agents_of_its_own_is_read() {
    let pipeline = Pipeline::parse(OWN, &known_agents()).unwrap();
    assert_eq!(pipeline.own_agent("haiku_writer").unwrap().output_tokens_max, 16_000);
    assert_eq!(pipeline.stages[0].gate.as_ref().unwrap().deadline_ms, Some(172_800_000));
    let cases = [
        ("id = \"haiku_writer\"", "id = \"critic\"", "line 5: `critic` is an agent of Groundwork's own"),
        ("Write a haiku.", " ", "line 5: an agent's prompt has 1 to 8192 bytes"),
        ("output = \"spec\"", "output = \"questions\"", "line 18: agent `haiku_writer` cannot do that"),
        (
            "agent = \"haiku_writer\"",
            "agent = \"architect\"",
            "line 5: no stage and no gate names agent `haiku_writer`",
        ),
        ("deadline = \"2d\"", "deadline = \"soon\"", "line 27: a time is written `30s`"),
        ("remind_after = \"1d\"", "remind_after = \"3d\"", "line 26: this comes after the gate's deadline"),
        ("deadline = \"2d\"", "", "line 23: `on_expiry` says what happens at a deadline"),
        ("role = \"admin\"", "role = \"viewer\"", "line 23: a viewer only reads"),
        ("role = \"admin\"", "approvals = 11", "line 29: a gate asks for 1 to 10 approvals"),
        ("role = \"admin\"", "operators = true\nfour_eyes = true", "line 23: a signal proves nobody"),
        ("role = \"admin\"", "advisor = \"critic\"", "line 29: agent `critic` gives no advice"),
        ("role = \"admin\"", "colour = \"red\"", "line 29: unknown field `colour`"),
    ];
    for (from, to, expected) in cases {
        assert!(OWN.contains(from), "{from}");
        let text = error(&OWN.replacen(from, to, 1));
        assert!(text.contains(expected), "{to}: {text}");
    }
}

#[test]
fn the_pipeline_of_the_guide_is_valid() {
    let guide = include_str!("../../../docs/pipelines.md");
    let (_, example) = guide.split_once("    id = \"haiku\"").unwrap();
    let (example, _) = example.split_once("\n## ").unwrap();
    let source: String = example.lines().map(|line| format!("{}\n", line.trim_start())).collect();
    let pipeline = Pipeline::parse(&format!("id = \"haiku\"{source}"), &known_agents()).unwrap();
    assert_eq!(pipeline.done_word(), "written");
}

#[test]
fn what_could_never_run_is_refused() {
    let cases = [
        ("needs = [\"plan\"]", "needs = [\"plan\", \"title\"]", "`tests` is never reached: it needs `title`"),
        (
            "needs = [\"brief\"]\nreads = [\"idea\", \"brief\"]",
            "reads = [\"idea\"]",
            "would begin before the brief is confirmed",
        ),
        (
            "needs = [\"security_review\", \"code_review\"]",
            "needs = [\"implement\"]",
            "a verdict needs at least one stage with verb `review`",
        ),
        (
            "verb = \"verdict\"",
            "verb = \"verdict\"\nagent = \"critic\"",
            "a verdict is worked out by code: it has no agent",
        ),
        ("confirm = true", "", "`brief` comes from people"),
        ("side = true", "", "replies to nobody"),
        (
            "reads = [\"spec\"]\nproduces = \"title\"",
            "produces = \"title\"",
            "what runs beside starts when what it reads exists",
        ),
        ("id = \"plan\"", "id = \"plan-advice\"", "ids that end in `-advice`"),
        ("name = \"plan\"", "name = \"spec\"", "two gates are called `spec`"),
        ("name = \"plan\"", "name = \"verdict\"", "`verdict` is another stage's id"),
        (
            "on_findings = { mend = \"implement\" }",
            "on_findings = { mend = \"code_review\" }",
            "`code_review` must be a stage with verb `implement` before `verdict`",
        ),
        (
            "on_findings = { mend = \"implement\" }",
            "[stage.gate]\nname = \"verdict\"\nstatus = \"v\"\napproved_status = \"w\"",
            "gate `verdict` has nothing to decide on",
        ),
        ("active_minutes = 120", "active_minutes = 0", "a run has 1 to 1440 minutes"),
        // Each of these would fail every time, whatever its agents write.
        (
            "reads = [\"spec\", \"code\"]",
            "reads = [\"spec\"]",
            "line 99: `security_review` has no files to look at",
        ),
        (
            "agent = \"security_reviewer\"",
            "agent = \"critic\"",
            "line 99: `security_review` holds prompts against a specification",
        ),
        (
            "produces = \"code_review\"",
            "produces = \"code_review\"\non_findings = { mend = \"implement\" }",
            "line 114: what `code_review` finds in files is mended after a verdict",
        ),
        (
            "on_findings = { mend = \"implement\" }",
            "on_findings = { mend = \"plan\" }",
            "line 123: `plan` must be a stage with verb `implement` before `verdict`",
        ),
    ];
    for (from, to, expected) in cases {
        assert!(BUILD.contains(from), "{from}");
        let text = error(&BUILD.replacen(from, to, 1));
        assert!(text.contains(expected), "{to}: {text}");
    }
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
        (
            "mend = \"prompts\"",
            "mend = \"questions\"",
            "must be a stage with verb `compose` before `critique`",
        ),
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
    let reads = "reads = [\"spec\", \"prompts\"]";
    let blind = error(&PROMPTR.replacen(reads, "reads = [\"spec\"]", 1));
    assert!(blind.contains("line 41: `critique` holds prompts against a specification"), "{blind}");
    let document = error(&PROMPTR.replacen("mend = \"prompts\"", "mend = \"spec\"", 1));
    assert!(document.contains("`spec` must be a stage with verb `compose` before `critique`"), "{document}");
    // A critic's findings are neither pass nor fail.
    let verdict = "\n[[stage]]\nid = \"end\"\nstatus = \"end\"\nmessage = \"..\"\nverb = \"verdict\"\nneeds = [\"critique\"]\nproduces = \"verdict\"\n";
    let silent = error(&format!("{PROMPTR}{verdict}"));
    assert!(silent.contains("`critique` says neither pass nor fail"), "{silent}");
    assert!(error("id = \"x\"\nversion = 1\ntitle = \"X\"\n").contains("at least one [[stage]]"));
    assert!(error(&"#".repeat(40_000)).contains("at most 32768 bytes"));
}
