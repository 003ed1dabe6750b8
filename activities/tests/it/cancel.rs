//! A cancelled activity is not told why.

use crate::world::World;
use groundwork_activities::AttemptError;
use groundwork_agents::CancellationToken;
use groundwork_domain::command::CommandBody;

#[tokio::test]
async fn a_call_that_nobody_wants_any_more_is_closed_and_paid() {
    let mut world = World::new(&["stall,times=1"]).await;
    let cancelled = CancellationToken::new();
    let worker = world.run_aside(&cancelled);
    world.until_called(1).await;
    cancelled.cancel();
    world.command(CommandBody::Cancel).await;
    assert!(matches!(worker.await.unwrap(), Err(AttemptError::Cancelled)));
    world.until("select count(*) from usage_entries where outcome = 'abandoned' and estimated", 1).await;
    assert_eq!(world.database.count("select count(*) from model_calls where state = 'failed'").await, 1);
    assert_eq!(world.database.count("select count(*) from stream_tail").await, 0);
    world.database.remove().await;
}

#[tokio::test]
async fn a_call_that_is_still_wanted_is_read_to_its_end() {
    let world = World::new(&["stall,times=1,stall_ms=400"]).await;
    let cancelled = CancellationToken::new();
    let worker = world.run_aside(&cancelled);
    world.until_called(1).await;
    cancelled.cancel();
    worker.await.unwrap().unwrap();
    assert_eq!(world.database.count("select count(*) from model_calls where state = 'finished'").await, 1);
    world.run().await.unwrap();
    assert_eq!(world.calls().await.len(), 1, "the next attempt finds the reply");
    world.database.remove().await;
}

#[tokio::test]
async fn nothing_is_bought_for_an_attempt_that_is_told_to_stop_before_it_begins() {
    let world = World::new(&[]).await;
    let cancelled = CancellationToken::new();
    cancelled.cancel();
    let ended = world.workshop().run(&world.task(), &cancelled).await;
    assert!(matches!(ended, Err(AttemptError::Interrupted)), "it is wanted: Temporal shall try again");
    assert!(world.calls().await.is_empty());
    world.database.remove().await;
}
