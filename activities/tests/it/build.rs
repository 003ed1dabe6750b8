//! The pipeline build with the simulator: every attempt twice, reviews that fail, workers that die in the loop.

use crate::world::World;
use groundwork_agents::{CancellationToken, parse};
use groundwork_domain::Digest;
use groundwork_domain::access::Role;
use groundwork_domain::command::CommandBody;
use groundwork_domain::document::audit::Recommendation;
use groundwork_domain::document::files::CodeManifest;
use groundwork_domain::project::{Fact, Phase, Step};
use groundwork_domain::request::Decision;
use groundwork_domain::work::{StageOutcome, StageResult};
use groundwork_store::artifacts::{self, Loaded};

/// Runs whatever is to be run until people are asked or all is done; every attempt again by another worker. What came of them.
pub(crate) async fn run_on(world: &mut World) -> Vec<StageOutcome> {
    let mut outcomes = Vec::new();
    while let Some(Step::RunStage(task)) =
        world.machine.next().into_iter().find(|step| matches!(step, Step::RunStage(_)))
    {
        let outcome = world.workshop().run(&task, &CancellationToken::new()).await.unwrap();
        let repeated = world.workshop().run(&task, &CancellationToken::new()).await.unwrap();
        assert_eq!(outcome, repeated, "{}", task.stage);
        outcomes.push(outcome.clone());
        world.tell(Fact::StageEnded { stage: task.stage, attempt: task.attempt, outcome }).await;
    }
    outcomes
}

pub(crate) async fn decide(world: &mut World, decision: Decision, comment: Option<&str>) {
    let request = world.machine.summary().gates.into_iter().next().expect("a request waits");
    let body = CommandBody::Decide {
        gate: request.gate,
        digest: request.digest,
        decision,
        comment: comment.map(str::to_owned),
        artifact: None,
        role: Some(Role::Owner),
    };
    world.command(body).await;
}

async fn loaded(world: &World, name: &str) -> Loaded {
    let mut tx = world.database.store.tenant(world.tenant.workspace, world.tenant.user).await.unwrap();
    let artifact = artifacts::current(&mut tx, world.project, name).await.unwrap().unwrap();
    artifacts::load(&mut tx, world.project, &artifact).await.unwrap()
}

async fn text(world: &World, name: &str) -> String {
    match loaded(world, name).await {
        Loaded::Document(text) | Loaded::Review(text) => text,
        other => panic!("{name}: {other:?}"),
    }
}

/// From the chat to the first gate.
async fn to_the_first_gate(world: &mut World) {
    run_on(world).await;
    assert_eq!(world.machine.phase(), Phase::Drafting);
    world.command(CommandBody::Message { text: "Members of the gym book and cancel slots.".into() }).await;
    run_on(world).await;
    world.command(CommandBody::Message { text: "You decide the rest.".into() }).await;
    run_on(world).await;
    let brief = text(world, "brief").await;
    assert!(parse::brief(&brief).unwrap().open().is_empty(), "{brief}");
    world.command(CommandBody::ConfirmBrief { digest: Digest::of(brief.as_bytes()) }).await;
    run_on(world).await;
    assert_eq!(world.machine.phase(), Phase::AwaitingApproval);
}

/// From the first gate to where the implementer is next.
async fn to_the_implementer(world: &mut World) {
    to_the_first_gate(world).await;
    decide(world, Decision::Approve, None).await;
    run_on(world).await;
    decide(world, Decision::Approve, None).await;
    run_on(world).await;
    decide(world, Decision::Approve, None).await;
}

#[tokio::test]
async fn a_feature_is_built_and_every_call_is_bought_once() {
    let mut world = World::of("build", &[]).await;
    to_the_first_gate(&mut world).await;
    let title = "select count(*) from projects where title <> 'Gym'";
    assert_eq!(world.database.count(title).await, 1, "the feature is named once its specification exists");
    decide(&mut world, Decision::RequestChanges, Some("Say what happens without a network.")).await;
    run_on(&mut world).await;
    assert!(text(&world, "spec").await.contains("Say what happens without a network."));
    for gate in ["spec", "plan", "tests"] {
        let recommended = world.machine.summary().gates[0].recommendation;
        assert_eq!(recommended, Some(Recommendation::Approve), "{gate}");
        world.command(CommandBody::Message { text: format!("Why this {gate}?") }).await;
        run_on(&mut world).await;
        decide(&mut world, Decision::Approve, None).await;
        run_on(&mut world).await;
    }
    assert_eq!(world.machine.phase(), Phase::Completed);
    assert!(text(&world, "verdict").await.starts_with("verdict: PASS"));
    let Loaded::Files(manifest, files) = loaded(&world, "code").await else { panic!("no files") };
    assert!(files.len() > 10 && manifest.gaps.is_empty(), "{:?}", manifest.gaps);
    assert_eq!(
        manifest,
        CodeManifest {
            gaps: Vec::new(),
            ..CodeManifest::of(&files, manifest.summary.clone(), manifest.coverage.clone())
        }
    );
    let bought = world.bought().await;
    assert!(bought.values().all(|times| *times == 1), "{bought:?}");
    let advice = "select count(*) from advice join hitl_requests on hitl_requests.id = advice.request_id";
    assert!(world.database.count(advice).await >= 4);
    let files_told = "select count(*) from events where kind = 'file_written'";
    assert_eq!(world.database.count(files_told).await, files.len() as i64);
    let talk = "select count(*) from conversation_turns where metadata @> '{\"chat\": true}'";
    assert_eq!(world.database.count(talk).await, 3 + 2 + 3 + 3, "turns of both sides");
    world.database.remove().await;
}

#[tokio::test]
async fn a_review_that_objects_fails_the_verdict_and_retry_mends_the_files() {
    let mut world = World::of("build", &["object,agent=security_reviewer,times=1"]).await;
    to_the_implementer(&mut world).await;
    run_on(&mut world).await;
    assert_eq!(world.machine.phase(), Phase::Failed);
    let review = text(&world, "security_review").await;
    assert!(review.starts_with("verdict: FAIL"), "{review}");
    assert_eq!(world.database.count("select count(*) from findings where layer = 'code'").await, 2);
    let Loaded::Files(_, before) = loaded(&world, "code").await else { panic!("no files") };
    world.command(CommandBody::Retry { model: None }).await;
    run_on(&mut world).await;
    assert_eq!(world.machine.phase(), Phase::Completed);
    let Loaded::Files(_, after) = loaded(&world, "code").await else { panic!("no files") };
    assert_eq!(after.len(), before.len() + 1, "the simulator adds what it changed and keeps the rest");
    assert!(after.iter().any(|file| file.path.as_str() == "CHANGES.md" && file.content.contains("V2")));
    world.database.remove().await;
}

#[tokio::test]
async fn advice_may_be_against_and_the_person_decides() {
    let mut world = World::of("build", &["object,agent=alignment_reviewer"]).await;
    to_the_first_gate(&mut world).await;
    assert_eq!(world.machine.summary().gates[0].recommendation, Some(Recommendation::Revise));
    decide(&mut world, Decision::Approve, None).await;
    assert!(world.task().stage.0 == "plan");
    world.database.remove().await;
}

#[tokio::test]
async fn a_worker_lost_in_the_loop_costs_one_turn_and_the_files_are_the_same() {
    let mut world = World::of("build", &["many_files,agent=implementer,files=110"]).await;
    to_the_implementer(&mut world).await;
    world.fault("stall,call_key=/implement/1/4,times=1").await;
    let calls = world.calls().await.len();
    let worker = world.run_aside(&CancellationToken::new());
    world.until_called(calls + 4).await;
    worker.abort();
    let _ = worker.await;
    // What it had written was told as it came, and is told once.
    let told = "select count(*) from events where kind = 'file_written'";
    let first = world.database.count(told).await;
    assert!((1..110).contains(&first), "{first} files of three turns");
    world.expire_leases().await;
    let StageOutcome { result, used } = world.step_of("implement").await;
    let StageResult::Implemented { artifact, files, .. } = result else { panic!("{result:?}") };
    assert_eq!((files, used.calls), (110, 8), "six writing turns, the end, and one that was lost");
    assert_eq!(world.database.count(told).await, 110);
    let bought = world.bought().await;
    for call in 1..=7 {
        let times = bought[&format!("implement/1/{call}")];
        assert_eq!(times, if call == 4 { 2 } else { 1 }, "turn {call}: {bought:?}");
    }

    let mut untroubled = World::of("build", &["many_files,agent=implementer,files=110"]).await;
    to_the_implementer(&mut untroubled).await;
    let StageResult::Implemented { artifact: same, .. } = untroubled.step_of("implement").await.result else {
        panic!("no files")
    };
    assert_eq!(artifact.digest, same.digest);
    world.database.remove().await;
    untroubled.database.remove().await;
}

#[tokio::test]
async fn a_turn_that_breaks_off_is_made_again_and_no_other() {
    let mut world = World::of("build", &["many_files,agent=implementer,files=60"]).await;
    to_the_implementer(&mut world).await;
    world.fault("unparsable,call_key=/implement/1/2,times=1").await;
    let outcome = world.step_of("implement").await;
    assert!(matches!(outcome.result, StageResult::Implemented { files: 60.., .. }), "{outcome:?}");
    world.database.remove().await;
}
