//! A pipeline of one's own, with documents called as it likes: each reader sees all that it reads.

use crate::build::{decide, run_on};
use crate::world::World;
use groundwork_domain::command::CommandBody;
use groundwork_domain::project::Phase;
use groundwork_domain::request::Decision;
use groundwork_domain::work::StageResult;

const OWN: &str = r#"
id = "own"
version = 1
title = "Requirements, architecture, prompts"

[[stage]]
id = "requirements"
status = "requiring"
message = "Writing the requirements..."
verb = "write"
agent = "architect"
reads = ["idea"]
produces = "requirements"

[[stage]]
id = "architecture"
status = "designing"
message = "Designing..."
verb = "write"
agent = "architect"
needs = ["requirements"]
reads = ["requirements"]
produces = "architecture"

[[stage]]
id = "prompts"
status = "generating"
message = "Writing the prompts..."
verb = "compose"
agent = "synthesizer"
needs = ["architecture"]
reads = ["requirements", "architecture"]
produces = "prompts"

[stage.gate]
name = "prompts"
status = "prompts_ready"
approved_status = "prompts_approved"
advisor = "alignment_reviewer"

[[stage]]
id = "critique"
status = "reviewing"
message = "Reviewing..."
verb = "review"
agent = "critic"
needs = ["prompts"]
reads = ["requirements", "architecture", "prompts"]
produces = "review"
on_findings = { mend = "prompts" }
"#;

#[tokio::test]
async fn every_document_is_read_whatever_it_is_called() {
    let mut world = World::own(OWN).await;
    world.step_of("requirements").await;
    world.step_of("architecture").await;
    let one = world.step_of("prompts").await;
    // The same stage of a pipeline that reads only one of them.
    let less = OWN.replacen("reads = [\"requirements\", \"architecture\"]", "reads = [\"requirements\"]", 1);
    let mut other = World::own(&less).await;
    other.step_of("requirements").await;
    other.step_of("architecture").await;
    let fewer = other.step_of("prompts").await;
    let (both, single) = (one.used.input_tokens, fewer.used.input_tokens);
    assert!(both > single, "both documents are sent: {both} tokens against {single}");

    // The advisor at the gate sees them too; and a person sends prompts back.
    run_on(&mut world).await;
    assert_eq!(world.machine.phase(), Phase::AwaitingApproval);
    decide(&mut world, Decision::RequestChanges, Some("One prompt fewer.")).await;
    let again = world.step_of("prompts").await;
    assert!(matches!(again.result, StageResult::Composed { .. }), "{again:?}");
    while world.machine.phase() != Phase::Completed {
        run_on(&mut world).await;
        if world.machine.phase() == Phase::AwaitingApproval {
            decide(&mut world, Decision::Approve, None).await;
        }
    }
    assert!(world.database.count("select count(*) from prompts where is_current").await >= 5);
    world.database.remove().await;
    other.database.remove().await;
}

/// Refinements name the artifact that they rewrite, however it is called.
#[tokio::test]
async fn a_document_of_another_name_is_refined() {
    let source = OWN.replace(
        "[stage.gate]\nname = \"prompts\"\nstatus = \"prompts_ready\"\napproved_status = \"prompts_approved\"\nadvisor = \"alignment_reviewer\"\n",
        "",
    );
    let source = source.replace("reads = [\"requirements\"]", "reads = [\"idea\"]");
    let mut world = World::own(&source).await;
    run_on(&mut world).await;
    assert_eq!(world.machine.phase(), Phase::Completed);
    world.command(CommandBody::Refine { target: "FR-001".into(), request: "Say more.".into() }).await;
    let outcome = world.step().await;
    assert!(matches!(outcome.result, StageResult::Written { .. }), "{outcome:?}");
    world.database.remove().await;
}
