//! What row-level security lets each role do to a workspace, its members and invitations, whatever a server may try; what is
//! claimed by sweepers, and what is erased.

use crate::database::{Database, Tenant, machine};
use crate::isolation::row::{self, Table};
use groundwork_domain::access::Role;
use groundwork_domain::{Lifecycle, Timestamp, UserId, WorkspaceId};
use groundwork_store::{invitations, members, shelving, workspaces};
use sqlx::AssertSqlSafe;
use std::time::Duration;
use uuid::Uuid;

/// A workspace with a member of each role, the least first.
async fn team(database: &Database) -> (WorkspaceId, [UserId; 4]) {
    let owner = database.tenant().await;
    let mut people = [owner.user; 4];
    for (index, role) in Role::ALL.into_iter().enumerate() {
        let user = if role == Role::Owner { owner.user } else { database.tenant().await.user };
        people[index] = user;
        sqlx::query(
            "insert into workspace_members (workspace_id, user_id, role, joined_at) values ($1, $2, $3, now())",
        )
        .bind(owner.workspace.0)
        .bind(user.0)
        .bind(role.as_str())
        .execute(&database.owner)
        .await
        .unwrap();
    }
    (owner.workspace, people)
}

/// Rows that a statement changes for a person in a workspace, or why it changes none. Nothing of it is kept.
async fn try_as(
    database: &Database,
    user: UserId,
    workspace: WorkspaceId,
    statement: &str,
) -> Result<u64, String> {
    let mut tx = database.store.tenant(workspace, user).await.unwrap();
    let done = sqlx::query(AssertSqlSafe(statement.to_owned())).execute(tx.conn()).await;
    done.map(|done| done.rows_affected()).map_err(|error| error.to_string())
}

#[tokio::test]
async fn each_role_changes_what_the_table_of_permissions_lets_it() {
    let database = Database::new().await;
    let (team, people) = team(&database).await;
    let [viewer, editor, admin, owner] = people;
    let stranger = database.tenant().await.user;
    let who = [(stranger, 0), (viewer, 1), (editor, 2), (admin, 3), (owner, 4)];
    let set = |role: &str, of: UserId| {
        format!(
            "update workspace_members set role = '{role}' where workspace_id = '{team}' and user_id = '{of}'"
        )
    };
    let cases = [
        ("update workspaces set name = 'x'".to_owned(), 3),
        ("update workspaces set lifecycle = 'archived'".to_owned(), 4),
        ("update workspaces set plan_tier = 'paid'".to_owned(), 4),
        (format!("update workspaces set owner_id = '{admin}'"), 4),
        (set("admin", viewer), 3),
        (set("owner", viewer), 4),
        (set("admin", owner), 4),
        (format!("delete from workspace_members where user_id = '{owner}' and workspace_id = '{team}'"), 4),
    ];
    for (statement, least) in cases {
        let statement =
            if statement.contains("where") { statement } else { format!("{statement} where id = '{team}'") };
        for (user, rank) in who {
            let changed = matches!(try_as(&database, user, team, &statement).await, Ok(1));
            assert_eq!(changed, rank >= least, "{statement} as {rank}");
        }
    }
    for (role, least) in [("viewer", 3), ("admin", 3), ("owner", 4)] {
        let statement = format!(
            "insert into invitations (id, workspace_id, email, role, invited_by, expires_at)
             values (gen_random_uuid(), '{team}', 'x@example.org', '{role}', '{owner}', now())"
        );
        for (user, rank) in who {
            assert_eq!(
                try_as(&database, user, team, &statement).await.is_ok(),
                rank >= least,
                "{role} as {rank}"
            );
        }
    }
    // Nobody makes themselves a member, and everybody may go.
    let smuggle = format!(
        "insert into workspace_members (workspace_id, user_id, role, joined_at) values ('{team}', '{stranger}', 'viewer', now())"
    );
    assert!(try_as(&database, stranger, team, &smuggle).await.unwrap_err().contains("row-level security"));
    let go = format!("delete from workspace_members where user_id = '{viewer}' and workspace_id = '{team}'");
    assert_eq!(try_as(&database, viewer, team, &go).await, Ok(1));
    assert_eq!(try_as(&database, editor, team, &go).await, Ok(0));
    database.remove().await;
}

#[tokio::test]
async fn the_database_itself_keeps_an_owner() {
    let database = Database::new().await;
    let (team, [_, _, _, owner]) = team(&database).await;
    let mut tx = database.store.tenant(team, owner).await.unwrap();
    assert!(members::set_role(&mut tx, team, owner, Role::Viewer).await.unwrap());
    assert!(tx.commit().await.is_err());
    let mut tx = database.store.tenant(team, owner).await.unwrap();
    assert!(members::remove(&mut tx, team, owner).await.unwrap());
    assert!(tx.commit().await.is_err());
    database.remove().await;
}

#[tokio::test]
async fn members_and_invitations_are_told_to_members_only() {
    let database = Database::new().await;
    let (team, [viewer, _, admin, owner]) = team(&database).await;
    let stranger = database.tenant().await;
    let expires_at = chrono::Utc::now() + chrono::TimeDelta::days(7);
    let email = format!("{}@example.org", stranger.user);
    let mut tx = database.store.tenant(team, admin).await.unwrap();
    let first = invitations::invite(&mut tx, team, admin, &email, Role::Viewer, expires_at).await.unwrap();
    let again = invitations::invite(&mut tx, team, admin, &email, Role::Editor, expires_at).await.unwrap();
    assert_eq!(first.id, again.id, "one open invitation for one address");
    tx.commit().await.unwrap();
    for (user, count) in [(viewer, 4), (owner, 4), (stranger.user, 0)] {
        let mut tx = database.store.tenant(team, user).await.unwrap();
        assert_eq!(members::list(&mut tx, team).await.unwrap().len(), count);
    }
    let mut tx = database.store.tenant(stranger.workspace, stranger.user).await.unwrap();
    assert!(invitations::list(&mut tx, team).await.unwrap().is_empty());
    // Anybody can sign up with the address: until its mailbox is shown to be theirs, it says nothing.
    assert!(invitations::mine(&mut tx).await.unwrap().is_empty());
    assert_eq!(invitations::decide(&mut tx, first.id, true).await.unwrap(), None);
    groundwork_store::links::verify_email(&mut tx, stranger.user).await.unwrap();
    assert_eq!(invitations::mine(&mut tx).await.unwrap()[0].role, Role::Editor);
    let decided = invitations::decide(&mut tx, first.id, true).await.unwrap();
    assert_eq!(decided, Some((team, Role::Editor)));
    assert_eq!(invitations::decide(&mut tx, first.id, true).await.unwrap(), None);
    assert_eq!(members::role_of(&mut tx, team, stranger.user).await.unwrap(), Some(Role::Editor));
    drop(tx);
    database.remove().await;
}

#[tokio::test]
async fn what_is_due_goes_to_one_sweeper() {
    let database = Database::new().await;
    let tenant = owned(&database).await;
    let [busy, idle, parked, fresh] = [
        database.project(tenant).await,
        database.project(tenant).await,
        database.project(tenant).await,
        database.project(tenant).await,
    ];
    let change = async |statement: &str, project: Uuid| {
        sqlx::query(AssertSqlSafe(format!("update projects set {statement} where id = '{project}'")))
            .execute(&database.owner)
            .await
            .unwrap();
    };
    for project in [busy, idle, parked, fresh] {
        change("workflow_state = 'started', phase = 'awaiting_input'", project.0).await;
    }
    change("last_activity_at = now() - interval '91 days', phase = 'working'", busy.0).await;
    change("last_activity_at = now() - interval '91 days'", idle.0).await;
    change("parked = true, lifecycle = 'archived', workflow_state = 'closed'", parked.0).await;
    let claim = || shelving::claim(&database.store, 90, Duration::from_secs(30), 10);
    let (one, two) = tokio::join!(claim(), claim());
    let mut due: Vec<_> =
        one.unwrap().into_iter().chain(two.unwrap()).map(|due| (due.project_id, due.comes_back)).collect();
    due.sort_by_key(|(_, comes_back)| *comes_back);
    assert_eq!(due, [(idle, false), (parked, true)]);

    // With the workspace everything goes that runs, also what works.
    let mut tx = database.store.tenant(tenant.workspace, tenant.user).await.unwrap();
    assert_eq!(workspaces::lock(&mut tx, tenant.workspace).await.unwrap(), Lifecycle::Active);
    workspaces::set_lifecycle(&mut tx, tenant.workspace, Lifecycle::Archived).await.unwrap();
    tx.commit().await.unwrap();
    let mut due: Vec<_> =
        claim().await.unwrap().into_iter().map(|due| (due.project_id, due.comes_back)).collect();
    let mut expected = vec![(busy, false), (idle, false), (fresh, false)];
    due.sort();
    expected.sort();
    assert_eq!(due, expected);

    // What a sweeper was about to archive when the workspace came back, comes back too.
    let mut tx = database.store.tenant(tenant.workspace, tenant.user).await.unwrap();
    workspaces::set_lifecycle(&mut tx, tenant.workspace, Lifecycle::Active).await.unwrap();
    tx.commit().await.unwrap();
    change("lifecycle = 'archived', workflow_state = 'closed'", fresh.0).await;
    let due = claim().await.unwrap();
    assert!(due.iter().any(|due| due.project_id == fresh && due.comes_back), "{due:?}");
    database.remove().await;
}

/// A tenant who belongs to their workspace.
async fn owned(database: &Database) -> Tenant {
    let tenant = database.tenant().await;
    sqlx::query("insert into workspace_members (workspace_id, user_id, role, joined_at) values ($1, $2, 'owner', now())")
        .bind(tenant.workspace.0)
        .bind(tenant.user.0)
        .execute(&database.owner)
        .await
        .unwrap();
    tenant
}

/// Tables of a project's rows that keep them when it is erased: what happened, and what it cost.
const KEPT: [&str; 3] = ["events", "projects", "usage_entries"];

#[tokio::test]
async fn erasing_leaves_no_text_and_is_only_done_to_what_was_deleted_long_ago() {
    let database = Database::new().await;
    let tenant = owned(&database).await;
    let (kept, erased) = (database.project(tenant).await, database.project(tenant).await);
    for project in [kept, erased] {
        let machine = machine(tenant, project);
        let notices = machine.opening_notices(Timestamp(1_000));
        groundwork_store::publish::publish(&database.store, &machine.publication(notices, 3)).await.unwrap();
    }
    // Something of it stands in every table that knows projects.
    let tables = Table::all(&database.owner, &KEPT).await;
    let of_projects: Vec<Table> = tables
        .into_iter()
        .filter(|table| {
            table.has("project_id") && !["tasks", "conversation_turns"].contains(&table.name.as_str())
        })
        .collect();
    row::put_of_project(&database.owner, &of_projects, tenant, erased).await;
    sqlx::query("update projects set lifecycle = 'deleted', deleted_at = now() - interval '30 days 1 minute' where id = $1")
        .bind(erased.0)
        .execute(&database.owner)
        .await
        .unwrap();
    sqlx::query(
        "update projects set lifecycle = 'deleted', deleted_at = now() - interval '29 days' where id = $1",
    )
    .bind(kept.0)
    .execute(&database.owner)
    .await
    .unwrap();
    assert_eq!(shelving::erase_ended(&database.store, 30, 10).await.unwrap(), 1);
    assert_eq!(shelving::erase_ended(&database.store, 30, 10).await.unwrap(), 0);
    let tables: Vec<String> = sqlx::query_scalar(
        "select table_name::text from information_schema.columns c join pg_class k on k.relname = c.table_name
         where table_schema = 'public' and column_name = 'project_id' and relkind = 'r'",
    )
    .fetch_all(&database.owner)
    .await
    .unwrap();
    assert!(tables.len() >= 12, "{tables:?}");
    for table in tables.iter().filter(|table| !KEPT.contains(&table.as_str())) {
        let count =
            database.count(&format!("select count(*) from {table} where project_id = '{erased}'")).await;
        assert_eq!(count, 0, "{table} keeps something of an erased project");
    }
    let texts =
        |project| format!("select count(*) from events where project_id = '{project}' and payload <> '{{}}'");
    assert_eq!(database.count(&texts(erased)).await, 0);
    assert!(database.count(&texts(kept)).await > 0);
    assert_eq!(
        database.count(&format!("select count(*) from conversation_turns where project_id = '{kept}'")).await,
        1
    );
    database.remove().await;
}

/// Tables of a workspace's rows that keep them when it is erased: the record, which goes with its people, and what it cost.
const KEPT_OF_WORKSPACES: [&str; 6] =
    ["audit_logs", "audit_origins", "events", "projects", "usage_entries", "workspaces"];

#[tokio::test]
async fn with_a_workspace_its_keys_pipelines_and_budgets_are_erased() {
    let database = Database::new().await;
    let tenant = owned(&database).await;
    let project = database.project(tenant).await;
    let tables: Vec<Table> = Table::all(&database.owner, &KEPT_OF_WORKSPACES)
        .await
        .into_iter()
        .filter(|table| table.has("workspace_id") && table.name != "workspace_members")
        .collect();
    assert!(tables.iter().any(|table| table.name == "workspace_api_keys"));
    row::put_of_project(&database.owner, &tables, tenant, project).await;
    sqlx::query("insert into budgets (scope_id, workspace_id, tokens_max) values ($1, $1, 1000)")
        .bind(tenant.workspace.0)
        .execute(&database.owner)
        .await
        .unwrap();
    for statement in [
        "update projects set lifecycle = 'archived', workflow_state = 'closed'",
        "update workspaces set lifecycle = 'deleted', deleted_at = now() - interval '31 days'",
    ] {
        sqlx::query(statement).execute(&database.owner).await.unwrap();
    }
    assert_eq!(shelving::erase_ended(&database.store, 30, 10).await.unwrap(), 1);
    let mut keeping = Vec::new();
    for table in tables.iter().map(|table| &table.name) {
        let left = format!("select count(*) from {table} where workspace_id = '{}'", tenant.workspace);
        if database.count(&left).await > 0 {
            keeping.push(table);
        }
    }
    assert!(keeping.is_empty(), "they keep something of an erased workspace: {keeping:?}");
    database.remove().await;
}

#[tokio::test]
async fn nobody_erases_by_other_ways() {
    let database = Database::new().await;
    let tenant = owned(&database).await;
    for statement in [
        format!("select erase_workspace('{}')", tenant.workspace),
        format!("select erase_person('{}')", tenant.user),
        format!("select erase_project('{}')", tenant.user),
    ] {
        let refused = try_as(&database, tenant.user, tenant.workspace, &statement).await;
        assert!(refused.unwrap_err().contains("permission denied"), "{statement}");
    }
    database.remove().await;
}
