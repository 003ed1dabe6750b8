//! Row-level security on every tenant table, and what is append-only stays as it was written.

use crate::database::{Database, machine};
use groundwork_domain::{CommandId, Timestamp, UserId, WorkspaceId};
use groundwork_store::audit::{self, Entry, Origin};
use groundwork_store::publish::publish;
use groundwork_store::{Store, StoreOptions};
use serde_json::json;
use sqlx::{AssertSqlSafe, Row};
use uuid::Uuid;

const TENANT_TABLES: &str = "select table_name::text from information_schema.columns
    where table_schema = 'public' and column_name = 'workspace_id' and table_name in
        (select relname from pg_class where relkind = 'r') order by 1";

#[tokio::test]
async fn every_tenant_table_is_closed_to_others_and_to_nobody() {
    let database = Database::new().await;
    let (owner, stranger) = (database.tenant().await, database.tenant().await);
    let project = database.project(owner).await;
    let machine = machine(owner, project);
    let notices = machine.opening_notices(Timestamp(1_000));
    publish(&database.store, &machine.publication(notices, 3)).await.unwrap();

    let tables: Vec<String> = sqlx::query_scalar(TENANT_TABLES).fetch_all(&database.owner).await.unwrap();
    assert!(tables.len() >= 15, "{tables:?}");
    for table in &tables {
        let flags =
            sqlx::query("select relrowsecurity, relforcerowsecurity from pg_class where relname = $1")
                .bind(table)
                .fetch_one(&database.owner)
                .await
                .unwrap();
        assert!(
            flags.get::<bool, _>(0) && flags.get::<bool, _>(1),
            "{table} is not under forced row-level security"
        );
        let count = format!("select count(*) from {table} where workspace_id = '{}'", owner.workspace);
        let mut strangers = database.store.tenant(stranger.workspace, stranger.user).await.unwrap();
        let seen: i64 =
            sqlx::query_scalar(AssertSqlSafe(count.clone())).fetch_one(strangers.conn()).await.unwrap();
        assert_eq!(seen, 0, "{table} shows a stranger something");
        drop(strangers);
        // A pooled connection where the settings were '' or set before, and nobody says who asks.
        let seen: i64 =
            sqlx::query_scalar(AssertSqlSafe(count)).fetch_one(database.store.pool()).await.unwrap();
        assert_eq!(seen, 0, "{table} shows nobody something");
    }
    let mut own = database.store.tenant(owner.workspace, owner.user).await.unwrap();
    let seen: i64 = sqlx::query_scalar("select count(*) from events").fetch_one(own.conn()).await.unwrap();
    assert!(seen > 0);
    drop(own);
    database.remove().await;
}

#[tokio::test]
async fn a_row_of_another_workspace_cannot_be_written() {
    let database = Database::new().await;
    let (owner, stranger) = (database.tenant().await, database.tenant().await);
    let project = database.project(owner).await;
    let foreign = machine(stranger, project);
    let refused = publish(&database.store, &foreign.publication(Vec::new(), 3)).await;
    assert!(matches!(refused, Err(groundwork_store::StoreError::NotFound("project"))), "{refused:?}");
    let mut tx = database.store.tenant(stranger.workspace, stranger.user).await.unwrap();
    let smuggled = sqlx::query(
        "insert into tasks (workspace_id, project_id, stage, attempt, agent, status, position)
         values ($1, $2, 'spec', 1, 'architect', 'working', 1)",
    )
    .bind(owner.workspace.0)
    .bind(project.0)
    .execute(tx.conn())
    .await;
    assert!(smuggled.unwrap_err().to_string().contains("row-level security"));
    drop(tx);
    database.remove().await;
}

#[tokio::test]
async fn what_is_append_only_refuses_updates_and_deletes_even_to_the_owner() {
    let database = Database::new().await;
    let tenant = database.tenant().await;
    let project = database.project(tenant).await;
    let machine = machine(tenant, project);
    publish(&database.store, &machine.publication(machine.opening_notices(Timestamp(1_000)), 3))
        .await
        .unwrap();
    for table in ["events", "conversation_turns", "usage_entries", "stage_results"] {
        for statement in [
            format!("update {table} set project_id = project_id"),
            format!("delete from {table}"),
            format!("truncate {table}"),
        ] {
            let mut tx = database.store.tenant(tenant.workspace, tenant.user).await.unwrap();
            let refused = sqlx::query(AssertSqlSafe(statement.clone())).execute(tx.conn()).await;
            assert!(refused.unwrap_err().to_string().contains("permission denied"), "{statement}");
            let refused = sqlx::query(AssertSqlSafe(statement.clone())).execute(&database.owner).await;
            let words = refused.unwrap_err().to_string();
            // What others refer to cannot be truncated at all.
            assert!(
                words.contains("append-only") || words.contains("cannot truncate"),
                "{statement}: {words}"
            );
        }
    }
    // Goes with its person, but is not changed.
    for statement in ["update audit_origins set user_agent = 'x'", "truncate audit_origins"] {
        let refused = sqlx::query(statement).execute(&database.owner).await;
        assert!(refused.unwrap_err().to_string().contains("append-only"), "{statement}");
    }
    database.remove().await;
}

/// A command whose first answer was lost is said again, and recorded then: once, whoever was first.
#[tokio::test]
async fn a_command_is_in_the_audit_log_once() {
    let database = Database::new().await;
    let tenant = database.tenant().await;
    let project = database.project(tenant).await;
    let (command, origin) = (CommandId(Uuid::new_v4()), Origin::default());
    for _ in 0..2 {
        let mut tx = database.store.tenant(tenant.workspace, tenant.user).await.unwrap();
        let entry = Entry {
            workspace: tenant.workspace,
            user: Some(tenant.user),
            action: "gate.decided",
            resource_type: "project",
            resource_id: project.to_string(),
            details: json!({}),
            origin: &origin,
        };
        audit::record_command(&mut tx, command, entry).await.unwrap();
        tx.commit().await.unwrap();
    }
    for table in ["audit_logs", "audit_origins"] {
        assert_eq!(database.count(&format!("select count(*) from {table}")).await, 1, "{table}");
    }
    database.remove().await;
}

#[tokio::test]
async fn the_server_role_owns_nothing_and_bypasses_nothing() {
    let database = Database::new().await;
    let row = sqlx::query(
        "select current_user::text, rolsuper or rolbypassrls or rolcreaterole or rolcreatedb,
             (select count(*) from pg_class where relowner = pg_roles.oid)
         from pg_roles where rolname = current_user",
    )
    .fetch_one(database.store.pool())
    .await
    .unwrap();
    assert_eq!(row.get::<String, _>(0), "groundwork_app");
    assert!(!row.get::<bool, _>(1));
    assert_eq!(row.get::<i64, _>(2), 0);
    database.remove().await;
}

#[tokio::test]
async fn a_start_of_unknown_outcome_goes_to_one_sweeper_and_a_started_one_to_none() {
    let database = Database::new().await;
    let tenant = database.tenant().await;
    let (waiting, running) = (database.project(tenant).await, database.project(tenant).await);
    let young = database.project(tenant).await;
    sqlx::query("update projects set start_tried_at = now() - interval '11 seconds' where id <> $1")
        .bind(young.0)
        .execute(&database.owner)
        .await
        .unwrap();
    let mut tx = database.store.tenant(tenant.workspace, tenant.user).await.unwrap();
    groundwork_store::projects::mark_started(&mut tx, running).await.unwrap();
    tx.commit().await.unwrap();
    let age = std::time::Duration::from_secs(10);
    let (one, two) = tokio::join!(
        groundwork_store::projects::claim_starting(&database.store, age, 10),
        groundwork_store::projects::claim_starting(&database.store, age, 10),
    );
    let claimed: Vec<_> = one.unwrap().into_iter().chain(two.unwrap()).collect();
    assert_eq!(claimed.len(), 1);
    assert_eq!((claimed[0].project_id, claimed[0].workspace_id), (waiting, tenant.workspace));
    let mut tx = database.store.tenant(claimed[0].workspace_id, claimed[0].owner_id).await.unwrap();
    let material = groundwork_store::projects::start_material(&mut tx, waiting).await.unwrap();
    assert_eq!(material.pipeline, crate::database::pipeline());
    drop(tx);
    let mut nobody =
        database.store.tenant(WorkspaceId(Uuid::new_v4()), UserId(Uuid::new_v4())).await.unwrap();
    assert!(groundwork_store::projects::start_material(&mut nobody, waiting).await.is_err());
    drop(nobody);
    database.remove().await;
}

#[tokio::test]
async fn a_transaction_whose_beginning_is_dropped_leaves_no_connection_in_it() {
    let database = Database::new().await;
    let tenant = database.tenant().await;
    let app = database.app_url();
    let options = StoreOptions { connections_max: 1, ..StoreOptions::default() };
    let store = Store::connect(&app, options).unwrap();
    for round in 0..200_u32 {
        // Dropped while Postgres answers, at another place in every round.
        let mut beginning = Box::pin(store.tenant(tenant.workspace, tenant.user));
        for _ in 0..round % 8 {
            let waker = std::task::Waker::noop();
            if beginning.as_mut().poll(&mut std::task::Context::from_waker(waker)).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(beginning);
        let id = "select pg_current_xact_id()::text";
        let first: String = sqlx::query_scalar(id).fetch_one(store.pool()).await.unwrap();
        let second: String = sqlx::query_scalar(id).fetch_one(store.pool()).await.unwrap();
        assert_ne!(first, second, "round {round}: the connection was in a transaction");
    }
    store.pool().close().await;
    database.remove().await;
}
