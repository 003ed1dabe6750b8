//! The pipeline handoff with the simulator: typed handoffs, and agents that ask a person in the middle of their work.

use crate::build::{decide, run_on};
use crate::world::World;
use groundwork_agents::CancellationToken;
use groundwork_domain::document::handoff::{Handoff, HandoffType};
use groundwork_domain::project::{Fact, Phase};
use groundwork_domain::request::Decision;
use groundwork_domain::work::StageResult;
use groundwork_store::artifacts::{self, Loaded};

async fn handoff(world: &World, name: &str) -> Handoff {
    let mut tx = world.database.store.tenant(world.tenant.workspace, world.tenant.user).await.unwrap();
    let artifact = artifacts::current(&mut tx, world.project, name).await.unwrap().unwrap();
    match artifacts::load(&mut tx, world.project, &artifact).await.unwrap() {
        Loaded::Handoff(handoff) => *handoff,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn three_agents_hand_a_product_on() {
    let mut world = World::of("handoff", &[]).await;
    run_on(&mut world).await;
    assert_eq!(world.machine.phase(), Phase::Completed);
    let specification = handoff(&world, "software_specification").await;
    let plan = handoff(&world, "implementation_plan").await;
    for (one, kind) in
        [(&specification, HandoffType::SoftwareSpecification), (&plan, HandoffType::ImplementationPlan)]
    {
        one.check().unwrap();
        assert_eq!((one.handoff_type, one.project_id), (kind, world.project));
    }
    assert_eq!((specification.source_agent.as_str(), plan.target_agent.as_str()), ("analyst", "coder"));
    assert!(world.database.count("select count(*) from artifact_files").await > 10);
    world.database.remove().await;
}

#[tokio::test]
async fn an_agent_that_asks_goes_on_with_the_answer_and_buys_nothing_again() {
    let mut world = World::of("handoff", &["ask_person,agent=analyst", "ask_person,agent=coder"]).await;
    run_on(&mut world).await;
    assert_eq!(world.machine.summary().waiting_for.as_deref(), Some("question:analyst"));
    decide(&mut world, Decision::Amend, Some("The gym pays, in Australian dollars.")).await;
    let outcome = world.step_of("analyst").await;
    assert!(matches!(outcome.result, StageResult::Written { .. }), "{outcome:?}");
    assert_eq!(outcome.used.calls, 1, "the call that asked is carried over");
    run_on(&mut world).await;
    assert_eq!(world.machine.summary().waiting_for.as_deref(), Some("question:coder"));
    decide(&mut world, Decision::Approve, None).await;
    run_on(&mut world).await;
    assert_eq!(world.machine.phase(), Phase::Completed);
    let bought = world.bought().await;
    assert!(bought.values().all(|times| *times == 1), "{bought:?}");
    assert!(!bought.contains_key("analyst/2/1"), "{bought:?}");
    let asked = "select count(*) from hitl_requests join agent_questions q on q.request_id = hitl_requests.id
        where request_content like '%currency%' and status in ('approved', 'amended')";
    assert_eq!(world.database.count(asked).await, 2);

    world.owner("select erase_project(id) from projects").await;
    for table in ["artifact_files", "agent_questions", "advice", "model_calls", "artifacts"] {
        assert_eq!(
            world.database.count(&format!("select count(*) from {table}")).await,
            0,
            "{table} is erased"
        );
    }
    world.database.remove().await;
}

#[tokio::test]
async fn a_question_that_is_refused_begins_the_work_again() {
    let mut world = World::of("handoff", &["ask_person,agent=analyst,times=1"]).await;
    run_on(&mut world).await;
    decide(&mut world, Decision::RequestChanges, Some("That is not for me to say.")).await;
    let outcome = world.step_of("analyst").await;
    assert!(matches!(outcome.result, StageResult::Written { .. }), "{outcome:?}");
    assert_eq!(world.bought().await["analyst/2/1"], 1);
    world.database.remove().await;
}

#[tokio::test]
async fn files_are_written_over_the_other_wire_too() {
    let mut world = World::of("handoff", &["ask_person,agent=coder,times=1"]).await;
    world.step_of("analyst").await;
    world.step_of("architect").await;
    let mut task = world.task_of("coder");
    task.model = Some("gpt-5.6-terra".into());
    let cancelled = CancellationToken::new();
    let asked = world.workshop().run(&task, &cancelled).await.unwrap();
    assert!(matches!(asked.result, StageResult::PersonAsked { .. }), "{asked:?}");
    world.tell(Fact::StageEnded { stage: task.stage, attempt: task.attempt, outcome: asked }).await;
    decide(&mut world, Decision::Amend, Some("Nobody pays.")).await;
    let mut task = world.task_of("coder");
    task.model = Some("gpt-5.6-terra".into());
    let outcome = world.workshop().run(&task, &cancelled).await.unwrap();
    assert!(matches!(outcome.result, StageResult::Implemented { files: 10.., .. }), "{outcome:?}");
    let bought = "select count(*) from usage_entries where stage = 'coder' and provider = 'openai'";
    assert_eq!(world.database.count(bought).await, 3, "the question, the files, the end");
    world.database.remove().await;
}
