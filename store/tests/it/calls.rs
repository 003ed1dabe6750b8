//! Leases and checkpoints: nothing is bought twice.

use crate::database::{Database, Tenant};
use groundwork_domain::model::Tokens;
use groundwork_domain::{Digest, ProjectId, StageId};
use groundwork_store::calls::{self, CallKey, CallRequest, Claim, Held, Reply};
use groundwork_store::usage::{self, PurchaseEnd, Spending};
use rust_decimal::Decimal;
use serde_json::json;
use uuid::Uuid;

fn request(tenant: Tenant, project: ProjectId, attempt: u32, call_no: u32) -> CallRequest {
    CallRequest {
        workspace_id: tenant.workspace,
        user_id: tenant.user,
        key: CallKey { project_id: project, stage: StageId::from("spec"), attempt, call_no },
        inputs_digest: Digest::of(b"inputs"),
        prompt_digest: Digest::of(b"prompt"),
        agent: "architect".into(),
        provider: "anthropic".into(),
        model: "m".into(),
        parameters: json!({"output_tokens_max": 10}),
        assumed_input_tokens: 100,
        assumed_cost_usd: Decimal::new(5, 3),
    }
}

fn held(request: &CallRequest, purchase: u32) -> Held {
    Held {
        workspace_id: request.workspace_id,
        user_id: request.user_id,
        key: request.key.clone(),
        purchase,
        agent: request.agent.clone(),
    }
}

fn reply(text: &str) -> Reply {
    Reply {
        parts: None,
        text: text.into(),
        stop_reason: Some("end_turn".into()),
        spending: Spending {
            provider: "anthropic".into(),
            model: "m".into(),
            tokens: Tokens { input: 10, cache_read: 5, output: 7, ..Tokens::default() },
            cost_usd: Decimal::new(25, 4),
            estimated: false,
            simulated: true,
            duration_ms: 1_200,
        },
        unpriced: false,
        raw_usage: Some(json!({"input_tokens": 10})),
        request_id: Some("r1".into()),
    }
}

async fn claim(database: &Database, tenant: Tenant, worker: Uuid, request: &CallRequest) -> Claim {
    let mut tx = database.store.tenant(tenant.workspace, tenant.user).await.unwrap();
    let claim = calls::claim(&mut tx, worker, request).await.unwrap();
    tx.commit().await.unwrap();
    claim
}

async fn finish(database: &Database, tenant: Tenant, held: &Held, reply: &Reply) -> calls::FinishedCall {
    let mut tx = database.store.tenant(tenant.workspace, tenant.user).await.unwrap();
    let finished = calls::finish(&mut tx, held, reply).await.unwrap();
    tx.commit().await.unwrap();
    finished
}

/// As if the worker had been silent for longer than a lease lasts.
async fn expire(database: &Database, project: ProjectId) {
    sqlx::query("update model_calls set lease_until = now() - interval '1 second' where project_id = $1 and state = 'leased'")
        .bind(project.0)
        .execute(&database.owner)
        .await
        .unwrap();
}

#[tokio::test]
async fn of_many_claimants_one_makes_the_call_and_all_get_its_reply() {
    let database = Database::new().await;
    let tenant = database.tenant().await;
    let project = database.project(tenant).await;
    let wanted = request(tenant, project, 1, 1);
    let claims =
        futures::future::join_all((0..8).map(|_| claim(&database, tenant, Uuid::new_v4(), &wanted))).await;
    let mine = claims.iter().filter(|claim| matches!(claim, Claim::Yours { purchase: 1 })).count();
    let waiting = claims.iter().filter(|claim| matches!(claim, Claim::Leased { .. })).count();
    assert_eq!((mine, waiting), (1, 7));

    let finished = finish(&database, tenant, &held(&wanted, 1), &reply("a\0b")).await;
    assert_eq!(finished.reply, "a\u{fffd}b", "a NUL cannot be kept, the reply can");
    match claim(&database, tenant, Uuid::new_v4(), &wanted).await {
        Claim::Finished(found) => assert_eq!(*found, finished),
        other => panic!("{other:?}"),
    }
    // Stored once more, because whether the first time was committed was unknown.
    finish(&database, tenant, &held(&wanted, 1), &reply("a\0b")).await;
    let mut tx = database.store.tenant(tenant.workspace, tenant.user).await.unwrap();
    let used = usage::of_attempt(&mut tx, project, &wanted.key.stage, 1).await.unwrap();
    assert_eq!((used.calls, used.input_tokens, used.output_tokens, used.active_ms), (1, 15, 7, 1_200));
    assert_eq!(used.cost_usd, Decimal::new(25, 4));
    assert!(used.simulated);
    drop(tx);
    let sums =
        "select count(*) from projects where model_calls = 1 and input_tokens = 15 and cost_usd = 0.0025";
    assert_eq!(database.count(sums).await, 1);
    database.remove().await;
}

#[tokio::test]
async fn a_lease_that_ran_out_is_taken_over_and_a_finished_call_is_never_written_again() {
    let database = Database::new().await;
    let tenant = database.tenant().await;
    let project = database.project(tenant).await;
    let wanted = request(tenant, project, 1, 1);
    let (first, second) = (Uuid::new_v4(), Uuid::new_v4());
    claim(&database, tenant, first, &wanted).await;
    assert_eq!(claim(&database, tenant, second, &wanted).await, Claim::Leased { worker: first });

    expire(&database, project).await;
    // Postgres was away and nobody took over: the owner still holds it.
    assert_eq!(calls::renew(&database.store, first, &[held(&wanted, 1)]).await.unwrap(), 1);
    assert_eq!(claim(&database, tenant, second, &wanted).await, Claim::Leased { worker: first });
    expire(&database, project).await;
    assert_eq!(claim(&database, tenant, second, &wanted).await, Claim::Yours { purchase: 2 });
    assert_eq!(calls::renew(&database.store, first, &[held(&wanted, 1)]).await.unwrap(), 0);

    // The late owner comes first after all; what counts is what was stored first.
    assert_eq!(finish(&database, tenant, &held(&wanted, 1), &reply("late")).await.reply, "late");
    assert_eq!(finish(&database, tenant, &held(&wanted, 2), &reply("second")).await.reply, "late");
    let outcomes: Vec<String> = sqlx::query_scalar("select outcome from usage_entries order by purchase")
        .fetch_all(&database.owner)
        .await
        .unwrap();
    assert_eq!(outcomes, ["lost", "late"]);
    let refused = sqlx::query("update model_calls set reply = 'x'").execute(&database.owner).await;
    assert!(refused.unwrap_err().to_string().contains("never written again"));
    database.remove().await;
}

#[tokio::test]
async fn what_was_given_up_can_be_made_again_at_once_and_is_paid_by_the_project() {
    let database = Database::new().await;
    let tenant = database.tenant().await;
    let project = database.project(tenant).await;
    let wanted = request(tenant, project, 1, 1);
    claim(&database, tenant, Uuid::new_v4(), &wanted).await;
    let mut tx = database.store.tenant(tenant.workspace, tenant.user).await.unwrap();
    let spent = Spending { estimated: true, ..reply("").spending };
    calls::give_up(
        &mut tx,
        &held(&wanted, 1),
        PurchaseEnd::Abandoned,
        &json!({"code": "cancelled"}),
        Some(&spent),
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(claim(&database, tenant, Uuid::new_v4(), &wanted).await, Claim::Yours { purchase: 2 });
    assert_eq!(
        database.count("select count(*) from usage_entries where estimated and outcome = 'abandoned'").await,
        1
    );
    database.remove().await;
}

#[tokio::test]
async fn retry_carries_over_all_finished_calls_but_the_cause() {
    let database = Database::new().await;
    let tenant = database.tenant().await;
    let project = database.project(tenant).await;
    for call_no in 1..=3 {
        let wanted = request(tenant, project, 1, call_no);
        claim(&database, tenant, Uuid::new_v4(), &wanted).await;
        finish(&database, tenant, &held(&wanted, 1), &reply(&format!("reply {call_no}"))).await;
    }
    let stage = StageId::from("spec");
    for expected in [2, 0] {
        let mut tx = database.store.tenant(tenant.workspace, tenant.user).await.unwrap();
        let carried = calls::carry_over(&mut tx, project, &stage, (1, 2), Some(3), &Digest::of(b"inputs"))
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(carried, expected, "the second time nothing is left to carry");
    }
    assert!(matches!(
        claim(&database, tenant, Uuid::new_v4(), &request(tenant, project, 2, 2)).await,
        Claim::Finished(_)
    ));
    assert_eq!(
        claim(&database, tenant, Uuid::new_v4(), &request(tenant, project, 2, 3)).await,
        Claim::Yours { purchase: 1 }
    );
    assert_eq!(database.count("select count(*) from usage_entries where attempt = 2").await, 0, "paid once");

    let other = CallRequest { inputs_digest: Digest::of(b"other"), ..request(tenant, project, 2, 2) };
    let mut tx = database.store.tenant(tenant.workspace, tenant.user).await.unwrap();
    assert!(calls::claim(&mut tx, Uuid::new_v4(), &other).await.is_err(), "a key names one set of inputs");
    drop(tx);
    database.remove().await;
}
