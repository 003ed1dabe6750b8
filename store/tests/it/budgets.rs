//! Budgets: what calls under way may still take is held back, so that calls at once never go over together.

use crate::database::{Database, Tenant};
use groundwork_domain::{Digest, ProjectId, StageId};
use groundwork_store::budgets::{self, Allowed, Measure, Most, Reservation, Scope};
use groundwork_store::calls::{self, CallKey, CallRequest, Claim, Held};
use groundwork_store::usage::{PurchaseEnd, Spending};
use rust_decimal::Decimal;
use serde_json::json;
use uuid::Uuid;

fn request(tenant: Tenant, project: ProjectId, call_no: u32) -> CallRequest {
    CallRequest {
        workspace_id: tenant.workspace,
        user_id: tenant.user,
        key: CallKey { project_id: project, stage: StageId::from("spec"), attempt: 1, call_no },
        inputs_digest: Digest::of(b"inputs"),
        prompt_digest: Digest::of(b"prompt"),
        agent: "architect".into(),
        provider: "anthropic".into(),
        model: "m".into(),
        parameters: json!({}),
        assumed_input_tokens: 0,
        assumed_cost_usd: Decimal::ZERO,
    }
}

/// Claims a call and reserves for it, in one transaction that is rolled back where it does not fit.
async fn begin(database: &Database, tenant: Tenant, request: &CallRequest, most: Most) -> Reservation {
    let mut tx = database.store.workspace(tenant.workspace).await.unwrap();
    let claim = calls::claim(&mut tx, Uuid::new_v4(), request).await.unwrap();
    let Claim::Yours { purchase } = claim else { panic!("{claim:?}") };
    let reservation =
        budgets::reserve(&mut tx, tenant.workspace, &request.key, purchase, &most).await.unwrap();
    if reservation == Reservation::Reserved {
        tx.commit().await.unwrap();
    }
    reservation
}

fn most(tokens: u64, cents: i64) -> Most {
    Most { tokens, cost_usd: Some(Decimal::new(cents, 2)) }
}

async fn set(database: &Database, tenant: Tenant, scope: Scope, tokens: Option<u64>, cents: Option<i64>) {
    let mut tx = database.store.tenant(tenant.workspace, tenant.user).await.unwrap();
    let allowed = Allowed {
        tokens_max: tokens,
        usd_max: cents.map(|cents| Decimal::new(cents, 2)),
        allow_unpriced: false,
    };
    budgets::set(&mut tx, tenant.workspace, scope, allowed, tenant.user).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn calls_at_once_never_go_over_a_budget_together() {
    let database = Database::new().await;
    let tenant = database.tenant().await;
    let project = database.project(tenant).await;
    set(&database, tenant, Scope::Project(project), None, Some(100)).await;
    let requests: Vec<_> = (1..=5).map(|call_no| request(tenant, project, call_no)).collect();
    let all = requests.iter().map(|request| begin(&database, tenant, request, most(10, 30)));
    let told = futures::future::join_all(all).await;
    let reserved = told.iter().filter(|one| **one == Reservation::Reserved).count();
    assert_eq!(reserved, 3, "three times 0.30 fit into 1.00: {told:?}");
    let over = told.iter().find_map(|one| match one {
        Reservation::OverBudget(over) => Some(over.clone()),
        Reservation::Reserved | Reservation::Unpriced(_) => None,
    });
    let over = over.unwrap();
    assert_eq!((over.measure, over.limit, over.reserved), (Measure::Usd, Decimal::ONE, Decimal::new(90, 2)));
    assert_eq!(
        database.count("select count(*) from model_calls").await,
        3,
        "with the refusal goes the claim"
    );
    database.remove().await;
}

#[tokio::test]
async fn a_call_that_ended_holds_back_nothing_and_counts_as_what_it_took() {
    let database = Database::new().await;
    let tenant = database.tenant().await;
    let project = database.project(tenant).await;
    set(&database, tenant, Scope::Workspace, Some(1_000), None).await;
    let first = request(tenant, project, 1);
    assert_eq!(begin(&database, tenant, &first, most(900, 0)).await, Reservation::Reserved);
    let second = request(tenant, project, 2);
    let refused = begin(&database, tenant, &second, most(200, 0)).await;
    assert!(
        matches!(&refused, Reservation::OverBudget(over) if over.scope == Scope::Workspace),
        "{refused:?}"
    );

    let held = Held {
        workspace_id: tenant.workspace,
        user_id: tenant.user,
        key: first.key.clone(),
        purchase: 1,
        agent: "architect".into(),
    };
    let spending = Spending {
        provider: "anthropic".into(),
        model: "m".into(),
        tokens: groundwork_domain::model::Tokens { input: 50, output: 50, ..Default::default() },
        ..Spending::default()
    };
    let mut tx = database.store.workspace(tenant.workspace).await.unwrap();
    calls::give_up(&mut tx, &held, PurchaseEnd::Failed, &json!({}), Some(&spending)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(begin(&database, tenant, &second, most(900, 0)).await, Reservation::Reserved);
    let mut tx = database.store.workspace(tenant.workspace).await.unwrap();
    let shown = budgets::show(&mut tx, tenant.workspace, Scope::Workspace).await.unwrap();
    assert_eq!((shown.tokens_used, shown.tokens_reserved, shown.tokens_max), (100, 900, Some(1_000)));
    drop(tx);
    database.remove().await;
}

#[tokio::test]
async fn what_has_no_price_is_refused_under_a_limit_of_money_and_nothing_without_a_budget() {
    let database = Database::new().await;
    let tenant = database.tenant().await;
    let project = database.project(tenant).await;
    let free = Most { tokens: u64::from(u32::MAX), cost_usd: None };
    assert_eq!(begin(&database, tenant, &request(tenant, project, 1), free).await, Reservation::Reserved);
    set(&database, tenant, Scope::Project(project), None, Some(100)).await;
    let refused = begin(&database, tenant, &request(tenant, project, 2), free).await;
    assert!(matches!(refused, Reservation::Unpriced(_)), "{refused:?}");
    set(&database, tenant, Scope::Project(project), None, None).await;
    assert_eq!(begin(&database, tenant, &request(tenant, project, 2), free).await, Reservation::Reserved);
    database.remove().await;
}

#[tokio::test]
async fn a_budget_that_is_set_while_a_call_is_under_way_counts_it() {
    let database = Database::new().await;
    let tenant = database.tenant().await;
    let project = database.project(tenant).await;
    let first = request(tenant, project, 1);
    assert_eq!(begin(&database, tenant, &first, most(700, 10)).await, Reservation::Reserved);
    set(&database, tenant, Scope::Project(project), Some(1_000), None).await;
    let second = begin(&database, tenant, &request(tenant, project, 2), most(700, 10)).await;
    let Reservation::OverBudget(over) = second else { panic!("{second:?}") };
    assert_eq!(over.reserved, Decimal::from(700));
    database.remove().await;
}

/// Whoever took the budget away may have died before telling the project.
#[tokio::test]
async fn a_project_goes_on_when_the_workspaces_budget_is_taken_away_though_its_own_stays() {
    let database = Database::new().await;
    let tenant = database.tenant().await;
    let project = database.project(tenant).await;
    set(&database, tenant, Scope::Project(project), Some(1_000_000), None).await;
    set(&database, tenant, Scope::Workspace, Some(1), None).await;
    sqlx::query("update projects set waiting_for = 'budget', last_activity_at = clock_timestamp()")
        .execute(&database.owner)
        .await
        .unwrap();
    assert!(budgets::raised(&database.store, 10).await.unwrap().is_empty());
    set(&database, tenant, Scope::Workspace, None, None).await;
    let raised = budgets::raised(&database.store, 10).await.unwrap();
    assert_eq!(raised.iter().map(|raised| raised.project_id).collect::<Vec<_>>(), [project]);
    database.remove().await;
}

/// What counts is when it was parked, not when it last did anything: paused and let go on after the raise, it was not told.
#[tokio::test]
async fn a_project_that_was_paused_while_its_budget_was_raised_is_told_when_it_goes_on() {
    let database = Database::new().await;
    let tenant = database.tenant().await;
    let project = database.project(tenant).await;
    let parked =
        "insert into events (workspace_id, project_id, seq, event_id, kind, cause, actor, at, payload)
        values ($1, $2, 1, gen_random_uuid(), 'over_budget', 'stage:spec:1', 'system', now(), '{}')";
    let query = sqlx::query(parked).bind(tenant.workspace.0).bind(project.0);
    query.execute(&database.owner).await.unwrap();
    set(&database, tenant, Scope::Workspace, Some(1_000_000), None).await;
    assert!(budgets::raised(&database.store, 10).await.unwrap().is_empty(), "it is paused");
    sqlx::query("update projects set waiting_for = 'budget', last_activity_at = clock_timestamp()")
        .execute(&database.owner)
        .await
        .unwrap();
    assert_eq!(budgets::raised(&database.store, 10).await.unwrap().len(), 1);
    let again = parked.replace("$2, 1", "$2, 2");
    let query = sqlx::query(sqlx::AssertSqlSafe(again)).bind(tenant.workspace.0).bind(project.0);
    query.execute(&database.owner).await.unwrap();
    assert!(
        budgets::raised(&database.store, 10).await.unwrap().is_empty(),
        "it was told, and is parked again"
    );
    database.remove().await;
}

#[tokio::test]
async fn servers_write_keys_and_read_what_is_sealed_through_one_function_only() {
    let database = Database::new().await;
    let tenant = database.tenant().await;
    let owner = groundwork_store::api_keys::KeyOwner::Workspace(tenant.workspace);
    let keep = async |sealed: &[u8]| {
        let mut tx = database.store.tenant(tenant.workspace, tenant.user).await.unwrap();
        let key = groundwork_store::api_keys::NewKey {
            owner,
            provider: "openai",
            sealed,
            key_id: "k1",
            last_four: "abcd",
            by: tenant.user,
        };
        groundwork_store::api_keys::put(&mut tx, &key).await.unwrap();
        tx.commit().await.unwrap();
    };
    keep(b"one").await;
    keep(b"two").await;
    let project = database.project(tenant).await;
    let mut tx = database.store.tenant(tenant.workspace, tenant.user).await.unwrap();
    let keys = groundwork_store::api_keys::for_call(&mut tx, project, "openai").await.unwrap();
    assert_eq!(keys[0].sealed, b"two");
    for table in ["user_api_keys", "workspace_api_keys"] {
        let mut tx = database.store.tenant(tenant.workspace, tenant.user).await.unwrap();
        let read = format!("select sealed from {table}");
        let refused = sqlx::query(sqlx::AssertSqlSafe(read)).execute(tx.conn()).await;
        assert!(refused.unwrap_err().to_string().contains("permission denied"), "{table}");
    }
    drop(tx);
    database.remove().await;
}
