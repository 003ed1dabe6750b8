//! Budgets and keys: what a call may take, and who pays for it.

use crate::world::World;
use groundwork_activities::AttemptError;
use groundwork_agents::{CancellationToken, KeyAccess};
use groundwork_domain::model::ProviderId;
use groundwork_domain::sealed::{KeyRing, last_four};
use groundwork_domain::work::StageResult;
use groundwork_store::api_keys::{self, KeyOwner, NewKey};
use sqlx::Executor as _;

/// As `secrecy` has it; its name is not among this crate's.
fn ring() -> KeyRing {
    KeyRing::derive(&["the installation's secret of the test".into()]).unwrap()
}

#[tokio::test]
async fn a_call_that_no_budget_has_room_for_is_a_result_and_goes_on_after_a_raise() {
    let world = World::new(&[]).await;
    let project = world.project.0;
    let limited = format!(
        "insert into budgets (scope_id, workspace_id, project_id, tokens_max) values ('{project}', '{}', '{project}', 1000)",
        world.tenant.workspace
    );
    world.database.owner.execute(sqlx::AssertSqlSafe(limited)).await.unwrap();
    let outcome = world.run().await.unwrap();
    let StageResult::OverBudget { scope, measure, wanted, .. } = &outcome.result else {
        panic!("{outcome:?}")
    };
    assert_eq!((scope.as_str(), measure.as_str(), outcome.used.calls), ("project", "tokens", 0));
    assert!(*wanted > 4_000.into(), "the most that the elicitor may write is counted");
    assert!(world.calls().await.is_empty());
    for table in ["stage_results", "model_calls"] {
        assert_eq!(world.database.count(&format!("select count(*) from {table}")).await, 0, "{table}");
    }
    world.owner("update budgets set tokens_max = 1000000").await;
    let outcome = world.run().await.unwrap();
    assert!(matches!(outcome.result, StageResult::Asked { .. }), "{outcome:?}");
    world.database.remove().await;
}

/// What a call under way may still take, and will perhaps not, is waited for: nobody would raise a budget for it.
#[tokio::test]
async fn a_call_waits_for_what_others_have_only_reserved() {
    let world = World::new(&[]).await;
    let (project, workspace) = (world.project.0, world.tenant.workspace);
    let limited = format!(
        "insert into budgets (scope_id, workspace_id, project_id, tokens_max) values ('{project}', '{workspace}', '{project}', 1)"
    );
    world.owner(&limited).await;
    let StageResult::OverBudget { wanted, .. } = world.run().await.unwrap().result else { panic!("it fits") };
    world.owner(&format!("update budgets set tokens_max = {wanted}")).await;
    let digest = "0".repeat(64);
    let other = format!(
        "insert into model_calls (workspace_id, project_id, user_id, stage, attempt, call_no, inputs_digest, prompt_digest, agent,
             provider, model, state, worker_id, lease_until, reserved_tokens)
         values ('{workspace}', '{project}', '{}', 'other', 1, 1, '{digest}', '{digest}', 'critic', 'openai', 'gpt-5', 'leased',
             gen_random_uuid(), now() + interval '1 hour', 1)",
        world.tenant.user
    );
    world.owner(&other).await;
    let free = async {
        // Two tries are held up: when the second one comes, the first one has found no room.
        for _ in 0..2 {
            let mut blocker = world.database.owner.begin().await.unwrap();
            blocker.execute("lock table budgets in access exclusive mode").await.unwrap();
            let held_up = "select count(*) from pg_locks where not granted and relation = 'budgets'::regclass
                and database = (select oid from pg_database where datname = current_database())";
            world.until(held_up, 1).await;
            blocker.rollback().await.unwrap();
        }
        assert!(world.calls().await.is_empty(), "nothing is bought with what is reserved");
        world.owner("update model_calls set reserved_tokens = 0 where stage = 'other'").await;
    };
    let (outcome, ()) = tokio::join!(world.run(), free);
    assert!(matches!(outcome.unwrap().result, StageResult::Asked { .. }));
    world.database.remove().await;
}

/// Keeps a sealed key for the project's owner, who is a member.
async fn keep_key(world: &World, key: &str) {
    let tenant = world.tenant;
    let member = format!(
        "insert into workspace_members (workspace_id, user_id, role, joined_at) values ('{}', '{}', 'owner', now())
         on conflict do nothing",
        tenant.workspace, tenant.user
    );
    world.database.owner.execute(sqlx::AssertSqlSafe(member)).await.unwrap();
    let owner = KeyOwner::User(tenant.user);
    let ring = ring();
    for provider in ProviderId::ALL {
        let secret = key.into();
        let sealed = ring.seal(&owner.aad(provider.as_str()), [3; 12], &secret).unwrap();
        let (key_id, shown) = (ring.current().to_string(), last_four(&secret).unwrap_or_default());
        let new = NewKey {
            owner,
            provider: provider.as_str(),
            sealed: &sealed,
            key_id: &key_id,
            last_four: &shown,
            by: tenant.user,
        };
        let mut tx = world.database.store.tenant(tenant.workspace, tenant.user).await.unwrap();
        api_keys::put(&mut tx, &new).await.unwrap();
        tx.commit().await.unwrap();
    }
}

async fn failed(world: &World, stage: &str, keys: KeyAccess) -> String {
    match world.workshop_with(keys).run(&world.task_of(stage), &CancellationToken::new()).await {
        Err(AttemptError::Failed(failure)) => failure.code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_feature_is_paid_with_a_key_of_ones_own_unless_the_platform_pays() {
    let world = World::of("build", &[]).await;
    assert_eq!(failed(&world, "brief", KeyAccess::new(ring(), false)).await, "no_provider_key");
    assert!(world.calls().await.is_empty());
    keep_key(&world, "sk-a-key-of-ones-own").await;
    let workshop = world.workshop_with(KeyAccess::new(ring(), false));
    workshop.run(&world.task_of("brief"), &CancellationToken::new()).await.unwrap();
    let paid = "select count(*) from model_calls where parameters ->> 'key' = 'user'";
    assert_eq!(world.database.count(paid).await, 1);
    world.database.remove().await;

    let world = World::of("build", &[]).await;
    world
        .workshop_with(KeyAccess::new(ring(), true))
        .run(&world.task_of("brief"), &CancellationToken::new())
        .await
        .unwrap();
    let paid = "select count(*) from model_calls where parameters ->> 'key' = 'platform'";
    assert_eq!(world.database.count(paid).await, 1);
    world.database.remove().await;
}

/// What decides is what a pipeline does, not what it is called.
#[tokio::test]
async fn the_same_pipeline_under_another_name_is_not_paid_by_the_platform_either() {
    let build = include_str!("../../../domain/pipelines/build.toml");
    let world = World::own(&build.replacen("id = \"build\"", "id = \"mine\"", 1)).await;
    assert_eq!(failed(&world, "brief", KeyAccess::new(ring(), false)).await, "no_provider_key");
    assert!(world.calls().await.is_empty());
    world.database.remove().await;
    // What writes no files runs on the platform's key.
    let promptr = include_str!("../../../domain/pipelines/promptr.toml");
    let world = World::own(&promptr.replacen("id = \"promptr\"", "id = \"ours\"", 1)).await;
    let workshop = world.workshop_with(KeyAccess::new(ring(), false));
    workshop.run(&world.task_of("questions"), &CancellationToken::new()).await.unwrap();
    world.database.remove().await;
}

#[tokio::test]
async fn it_is_really_the_persons_key_and_a_wrong_one_is_not_passed_over() {
    let world = World::new(&[]).await;
    // The simulator knows no key that begins so.
    keep_key(&world, "invalid-key-of-a-person").await;
    assert_eq!(failed(&world, "questions", KeyAccess::new(ring(), true)).await, "provider_rejected_key");
    let other = KeyRing::derive(&["another installation's secret".into()]).unwrap();
    assert_eq!(failed(&world, "questions", KeyAccess::new(other, true)).await, "provider_rejected_key");
    assert!(
        world.workshop().run(&world.task(), &CancellationToken::new()).await.is_ok(),
        "without a ring the platform pays"
    );
    world.database.remove().await;
}
