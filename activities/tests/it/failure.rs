//! Providers that fail, and replies that cannot be read.

use crate::world::World;
use groundwork_activities::AttemptError;
use groundwork_agents::CancellationToken;
use groundwork_domain::command::CommandBody;
use groundwork_domain::project::{Fact, Phase};
use groundwork_domain::work::Failure;
use std::time::Duration;

async fn failure(world: &World) -> Failure {
    match world.run().await {
        Err(AttemptError::Failed(failure)) => *failure,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_unreadable_reply_is_repaired_in_a_second_turn() {
    let world = World::new(&["unparsable,times=1"]).await;
    let outcome = world.run().await.unwrap();
    assert_eq!(outcome.used.calls, 2);
    assert_eq!(world.bought().await.into_keys().collect::<Vec<_>>(), ["questions/1/1", "questions/1/2"]);
    world.database.remove().await;
}

#[tokio::test]
async fn after_two_repairs_it_fails_closed_and_retry_buys_only_the_cause_again() {
    let mut world = World::new(&["unparsable"]).await;
    let failed = failure(&world).await;
    assert_eq!((failed.code.as_str(), failed.permanent), ("unreadable_reply", false));
    assert_eq!((failed.calls, failed.cause_call, failed.used.calls), (3, Some(3), 3));
    assert_eq!(failure(&world).await, failed, "the same replies fail in the same way");
    assert_eq!(world.calls().await.len(), 3);

    let task = world.task();
    world.tell(Fact::StageFailed { stage: task.stage, attempt: task.attempt, failure: failed }).await;
    assert_eq!(world.machine.phase(), Phase::Failed);
    world.no_more_faults().await;
    world.command(CommandBody::Retry { model: None }).await;
    let outcome = world.step().await;
    assert_eq!(outcome.used.calls, 1, "what was carried over is not paid again");
    assert_eq!(world.calls().await.len(), 4);
    assert_eq!(world.bought().await["questions/2/3"], 1);
    assert_eq!(world.machine.phase(), Phase::AwaitingInput);
    world.database.remove().await;
}

#[tokio::test]
async fn what_passes_by_itself_is_tried_later_with_the_providers_own_delay() {
    let world = World::new(&["rate_limit,times=1,retry_after_s=7"]).await;
    match world.run().await {
        Err(AttemptError::Later { code, delay, .. }) => {
            assert_eq!((code, delay), ("provider_unavailable", Duration::from_secs(7)));
        }
        other => panic!("{other:?}"),
    }
    let outcome = world.run().await.unwrap();
    assert_eq!(outcome.used.calls, 1, "a refusal costs nothing");
    world.database.remove().await;
}

#[tokio::test]
async fn a_stream_that_breaks_is_paid_as_estimated_and_tried_again() {
    let world = World::slow(&["break_stream,times=1"], 300).await;
    let broken = world.run().await;
    assert!(matches!(broken, Err(AttemptError::Later { .. })), "{broken:?}");
    assert_eq!(world.run().await.unwrap().used.calls, 2, "{broken:?}");
    assert_eq!(
        world
            .database
            .count("select count(*) from usage_entries where outcome = 'failed' and estimated")
            .await,
        1
    );
    world.database.remove().await;
}

#[tokio::test]
async fn what_time_cannot_mend_fails_for_good() {
    for (fault, code) in [
        ("bad_request", "provider_rejected_request"),
        ("unauthorized", "provider_rejected_key"),
        ("refuse", "provider_refused"),
    ] {
        let world = World::new(&[fault]).await;
        let failed = failure(&world).await;
        assert_eq!((failed.code.as_str(), failed.permanent, failed.cause_call), (code, true, Some(1)));
        assert_eq!(failed.calls, u32::from(fault == "refuse"), "a refusal to answer is paid for");
        world.database.remove().await;
    }
}

#[tokio::test]
async fn a_model_that_nobody_knows_fails_before_any_call() {
    let world = World::new(&[]).await;
    let mut task = world.task();
    task.model = Some("gpt-0".into());
    match world.workshop().run(&task, &CancellationToken::new()).await {
        Err(AttemptError::Failed(failure)) => {
            assert_eq!((failure.code.as_str(), failure.calls), ("unknown_model", 0))
        }
        other => panic!("{other:?}"),
    }
    assert!(world.calls().await.is_empty());
    world.database.remove().await;
}

#[tokio::test]
async fn model_time_that_is_used_up_closes_the_call() {
    let world = World::new(&["stall"]).await;
    let mut task = world.task();
    task.active_ms_left = 300;
    match world.workshop().run(&task, &CancellationToken::new()).await {
        Err(AttemptError::Failed(failure)) => {
            assert_eq!((failure.code.as_str(), failure.permanent), ("active_time_exceeded", false));
        }
        other => panic!("{other:?}"),
    }
    world.database.remove().await;
}
