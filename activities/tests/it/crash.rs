//! Workers that die, and a database that goes away, at the worst moments.

use crate::world::World;
use groundwork_agents::CancellationToken;

#[tokio::test]
async fn a_worker_killed_in_mid_call_costs_that_call_and_no_more() {
    let world = World::new(&["stall,times=1"]).await;
    let worker = world.run_aside(&CancellationToken::new());
    world.until_called(1).await;
    worker.abort();
    let _ = worker.await;
    world.expire_leases().await;
    let outcome = world.run().await.unwrap();
    assert_eq!(world.bought().await["questions/1/1"], 2);
    assert_eq!(outcome.used.calls, 2, "the lost call is paid for too");
    assert_eq!(
        world.database.count("select count(*) from usage_entries where outcome = 'lost' and estimated").await,
        1
    );
    world.database.remove().await;
}

#[tokio::test]
async fn a_worker_killed_between_reply_and_result_costs_nothing() {
    let world = World::new(&[]).await;
    let mut blocker = world.database.owner.begin().await.unwrap();
    sqlx::query("lock table stage_results in exclusive mode").execute(&mut *blocker).await.unwrap();
    let worker = world.run_aside(&CancellationToken::new());
    world.until("select count(*) from model_calls where state = 'finished'", 1).await;
    worker.abort();
    let _ = worker.await;
    blocker.rollback().await.unwrap();
    let outcome = world.run().await.unwrap();
    assert_eq!(outcome.used.calls, 1);
    assert_eq!(world.calls().await.len(), 1);
    world.database.remove().await;
}

#[tokio::test]
async fn a_second_attempt_waits_for_the_call_that_the_first_one_makes() {
    let world = World::new(&["stall,times=1,stall_ms=2000"]).await;
    let first = world.run_aside(&CancellationToken::new());
    world.until_called(1).await;
    let (one, two) = tokio::join!(first, world.run());
    assert_eq!(one.unwrap().unwrap(), two.unwrap());

    let world_two = World::new(&[]).await;
    let together = futures::future::join_all((0..6).map(|_| world_two.run())).await;
    let outcomes: Vec<_> = together.into_iter().map(Result::unwrap).collect();
    assert!(outcomes.windows(2).all(|pair| pair[0] == pair[1]));
    for world in [world, world_two] {
        assert_eq!(world.calls().await.len(), 1);
        world.database.remove().await;
    }
}

#[tokio::test]
async fn a_lease_is_renewed_for_as_long_as_its_call_lasts() {
    let world = World::new(&["stall,times=1"]).await;
    let worker = world.run_aside(&CancellationToken::new());
    world.until_called(1).await;
    world.expire_leases().await;
    world.until("select count(*) from model_calls where lease_until > now() + interval '3 seconds'", 1).await;
    worker.abort();
    let _ = worker.await;
    world.database.remove().await;
}

#[tokio::test]
async fn a_reply_that_cannot_be_stored_is_kept_until_it_can() {
    let world = World::new(&[]).await;
    // A claim inserts and reserves, and an end updates the rest: this breaks only the second.
    world.owner("revoke update on model_calls from groundwork_app").await;
    world.owner("grant update (reserved_tokens, reserved_usd) on model_calls to groundwork_app").await;
    let worker = world.run_aside(&CancellationToken::new());
    world.until_called(1).await;
    world.until_answered().await;
    for _ in 0..20 {
        assert_eq!(world.database.count("select count(*) from model_calls where state = 'leased'").await, 1);
    }
    world.owner("grant update on model_calls to groundwork_app").await;
    let outcome = worker.await.unwrap().unwrap();
    assert_eq!((outcome.used.calls, world.calls().await.len()), (1, 1));
    world.database.remove().await;
}
