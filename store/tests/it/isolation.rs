//! Isolation in the database itself, generated from its catalogue: a table, a policy or a function that a later migration
//! adds is held to the same rules without a word here.

pub(crate) mod row;

use crate::database::{Database, Tenant};
use groundwork_domain::{UserId, WorkspaceId};
use groundwork_store::{Store, StoreOptions};
use row::{Table, insert, put};
use sqlx::{AssertSqlSafe, ConnectOptions as _, PgConnection, Row as _};
use uuid::Uuid;

/// Tables of the installation itself, which hold nothing of a person or a workspace.
const OF_NOBODY: [&str; 2] = ["_sqlx_migrations", "provider_health"];

/// What a refusal by privileges or by row-level security is called.
const REFUSED: &str = "42501";

async fn names(database: &Database, statement: &str) -> Vec<String> {
    sqlx::query_scalar(AssertSqlSafe(statement.to_owned())).fetch_all(&database.owner).await.unwrap()
}

#[tokio::test]
async fn every_table_is_under_forced_row_level_security() {
    let database = Database::new().await;
    let open = names(
        &database,
        "select relname::text from pg_class
         where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
             and not (relrowsecurity and relforcerowsecurity) order by 1",
    )
    .await;
    assert_eq!(open, OF_NOBODY, "enable and force row-level security on what is new here");
    let without_policy = names(
        &database,
        "select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'workspace_id'
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not exists (
             select from pg_policy p where p.polrelid = c.oid and p.polpermissive
                 and p.polroles @> array['groundwork_app'::regrole::oid])",
    )
    .await;
    assert!(without_policy.is_empty(), "tenant tables without a policy: {without_policy:?}");
    let views = names(
        &database,
        "select relname::text from pg_class
         where relnamespace = 'public'::regnamespace and relkind in ('v', 'm')
             and not coalesce(reloptions, '{}') && array['security_invoker=true', 'security_invoker=on']",
    )
    .await;
    assert!(views.is_empty(), "views that see what their owner sees: {views:?}");
    database.remove().await;
}

#[tokio::test]
async fn settings_are_read_so_that_the_empty_one_is_nobody() {
    let database = Database::new().await;
    let careless = names(
        &database,
        "with words as (
             select 'policy ' || policyname || ' on ' || tablename as place, coalesce(qual, '') || coalesce(with_check, '') as text
             from pg_policies where schemaname = 'public'
             union all
             select 'function ' || proname, coalesce(prosrc, '') || coalesce(pg_get_function_sqlbody(oid), '')
             from pg_proc where pronamespace = 'public'::regnamespace)
         select place from words
         where regexp_replace(text, 'nullif\\(\\s*(pg_catalog\\.)?current_setting\\(', '', 'gi') ~* 'current_setting\\('",
    )
    .await;
    assert!(careless.is_empty(), "on a pooled connection the setting is '', not null: {careless:?}");
    database.remove().await;
}

#[tokio::test]
async fn what_looks_over_all_tenants_is_a_function_with_one_owner_and_one_caller() {
    let database = Database::new().await;
    let functions = sqlx::query(
        "select p.oid::regprocedure::text, r.rolname::text, has_function_privilege('public', p.oid, 'execute'),
             exists (select from unnest(p.proconfig) as setting where setting ~ '^search_path=pg_catalog')
         from pg_proc p join pg_roles r on r.oid = p.proowner
         where p.pronamespace = 'public'::regnamespace and p.prosecdef",
    )
    .fetch_all(&database.owner)
    .await
    .unwrap();
    assert!(functions.len() >= 8);
    for function in functions {
        let name: String = function.get(0);
        assert_eq!(function.get::<String, _>(1), "groundwork_definer", "{name}: alter its owner");
        assert!(!function.get::<bool, _>(2), "{name}: revoke all on it from public");
        assert!(function.get::<bool, _>(3), "{name}: set search_path = pg_catalog, public");
    }
    let roles = sqlx::query(
        "select rolname::text, rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication, rolcanlogin,
             (select count(*) from pg_class where relowner = r.oid) + (select count(*) from pg_namespace where nspowner = r.oid)
                 + (select count(*) from pg_type where typowner = r.oid),
             (select count(*) from pg_auth_members where member = r.oid),
             has_schema_privilege(oid, 'public', 'create')
         from pg_roles r where rolname in ('groundwork_app', 'groundwork_definer') order by 1",
    )
    .fetch_all(&database.owner)
    .await
    .unwrap();
    for (role, (name, may_log_in)) in
        roles.iter().zip([("groundwork_app", true), ("groundwork_definer", false)])
    {
        assert_eq!((role.get::<String, _>(0).as_str(), role.get::<bool, _>(2)), (name, may_log_in));
        assert!(!role.get::<bool, _>(1), "{name} may more than it must");
        assert_eq!(
            (role.get::<i64, _>(3), role.get::<i64, _>(4)),
            (0, 0),
            "{name} owns or becomes something"
        );
        assert!(!role.get::<bool, _>(5), "{name} may create things");
    }
    let owned = "select count(*) from pg_proc where proowner = 'groundwork_app'::regrole";
    assert_eq!(database.count(owned).await, 0);
    database.remove().await;
}

#[tokio::test]
async fn no_statement_on_any_table_reaches_another_tenant() {
    let database = Database::new().await;
    let (ada, eve) = (database.tenant().await, database.tenant().await);
    let tables = Table::all(&database.owner, &OF_NOBODY).await;
    assert!(tables.len() >= 20);
    put(&database.owner, &tables, ada).await;
    let before = contents(&database, &tables).await;

    for table in tables.iter().filter(|table| table.has("workspace_id") && table.is_readable) {
        let mut tx = database.store.tenant(ada.workspace, ada.user).await.unwrap();
        assert_eq!(seen(tx.conn(), &table.name).await, Ok(1), "{} hides its row from its tenant", table.name);
    }
    let nobody = Tenant { user: UserId(Uuid::nil()), workspace: WorkspaceId(Uuid::nil()) };
    for (who, tenant) in [("a stranger", Some(eve)), ("nobody", Some(nobody)), ("an empty setting", None)] {
        for table in &tables {
            for statement in attempts(table, ada) {
                let outcome = match tenant {
                    Some(tenant) => {
                        let mut tx = database.store.tenant(tenant.workspace, tenant.user).await.unwrap();
                        attempt(tx.conn(), &statement).await
                    }
                    // Not in a transaction of ours: what is left on the connection is '', or it was never set.
                    None => attempt(&mut database.store.pool().acquire().await.unwrap(), &statement).await,
                };
                assert!(outcome.is_ok(), "{who}: {statement}: {outcome:?}");
            }
        }
    }
    assert_eq!(contents(&database, &tables).await, before);
    database.remove().await;
}

/// One statement of each kind against the row of `tenant`.
fn attempts(table: &Table, tenant: Tenant) -> [String; 4] {
    let name = &table.name;
    let column = &table.columns[0].name;
    let mine = table.names_tenant(tenant);
    [
        format!("select 1 from {name} where {mine}"),
        format!("update {name} set {column} = {column} where {mine}"),
        format!("delete from {name} where {mine}"),
        insert(table, tenant),
    ]
}

/// Ok where the statement did nothing: it was refused, or found nothing.
async fn attempt(conn: &mut PgConnection, statement: &str) -> Result<(), String> {
    match sqlx::query(AssertSqlSafe(statement.to_owned())).execute(conn).await {
        Ok(done) if done.rows_affected() == 0 => Ok(()),
        Ok(done) => Err(format!("reached {} rows", done.rows_affected())),
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(REFUSED) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

async fn seen(conn: &mut PgConnection, table: &str) -> Result<i64, String> {
    let count = format!("select count(*) from {table}");
    sqlx::query_scalar(AssertSqlSafe(count)).fetch_one(conn).await.map_err(|error| error.to_string())
}

/// Everything in all tables, as the owner sees it.
async fn contents(database: &Database, tables: &[Table]) -> Vec<String> {
    let mut contents = Vec::new();
    for table in tables {
        let all = format!(
            "select coalesce(string_agg(t::text, e'\\n' order by t::text), '') from {} t",
            table.name
        );
        let rows: String = sqlx::query_scalar(AssertSqlSafe(all)).fetch_one(&database.owner).await.unwrap();
        contents.push(format!("{}: {rows}", table.name));
    }
    contents
}

#[tokio::test]
async fn a_connection_that_comes_back_to_the_pool_is_nobody_again() {
    let database = Database::new().await;
    let ada = database.tenant().await;
    database.project(ada).await;
    let url = database.store.pool().connect_options().to_url_lossy();
    let store =
        Store::connect(url.as_str(), StoreOptions { connections_max: 1, ..StoreOptions::default() }).unwrap();
    let setting = "select current_setting('app.workspace_id', true)";
    let fresh: Option<String> = sqlx::query_scalar(setting).fetch_one(store.pool()).await.unwrap();
    assert_eq!(fresh, None);
    let mut tx = store.tenant(ada.workspace, ada.user).await.unwrap();
    assert_eq!(seen(tx.conn(), "projects").await, Ok(1));
    tx.commit().await.unwrap();
    let mut connection = store.pool().acquire().await.unwrap();
    let left: Option<String> = sqlx::query_scalar(setting).fetch_one(&mut *connection).await.unwrap();
    assert_eq!(left.as_deref(), Some(""));
    assert_eq!(seen(&mut connection, "projects").await, Ok(0));
    drop(connection);
    store.pool().close().await;
    database.remove().await;
}

/// Puts a row of somebody into every table of persons; which tables these are. What stays when somebody is erased, without
/// a name, is none of them.
pub async fn persons(database: &Database, tenant: Tenant) -> Vec<String> {
    let tables = Table::all(&database.owner, &OF_NOBODY).await;
    put(&database.owner, &tables, tenant).await;
    let of_persons = tables.into_iter().filter(|table| table.has("user_id") && !table.has("workspace_id"));
    of_persons.map(|table| table.name).collect()
}
