//! Who is told by mail of what happens in projects: each once, and only while it is news.

use crate::database::{Database, Tenant, machine_of, shipped};
use futures::future::join_all;
use groundwork_domain::access::Role;
use groundwork_domain::command::Actor;
use groundwork_domain::event::{Cause, EventKind, Notice};
use groundwork_domain::publication::Publication;
use groundwork_domain::request::{RequestKind, RequestStatus, RequestView};
use groundwork_domain::work::ArtifactRef;
use groundwork_domain::{Digest, ProjectId, StageId, Timestamp, UserId};
use groundwork_store::notices::{self, News, Pace, Taken};
use groundwork_store::publish::publish;
use serde_json::json;
use std::collections::BTreeSet;
use uuid::Uuid;

const AT_ONCE: Pace = Pace { wait_s: 0, pause_s: 0, age_s_max: 3_600 };
const WAITING: &str = "select count(*) from notices where settled_at is null";

/// A team: its owner, who begins projects, and people by their roles.
struct Team {
    owner: Tenant,
    admin: UserId,
    editor: UserId,
}

async fn team(database: &Database) -> Team {
    let owner = database.tenant().await;
    let mut people = Vec::new();
    for role in ["admin", "editor", "viewer"] {
        let person = database.tenant().await.user;
        join(database, owner, person, role).await;
        people.push(person);
    }
    join(database, owner, owner.user, "owner").await;
    run(database, "update users set email_verified_at = now()").await;
    Team { owner, admin: people[0], editor: people[1] }
}

async fn join(database: &Database, place: Tenant, person: UserId, role: &str) {
    sqlx::query(
        "insert into workspace_members (workspace_id, user_id, role, joined_at) values ($1, $2, $3, now())",
    )
    .bind(place.workspace.0)
    .bind(person.0)
    .bind(role)
    .execute(&database.owner)
    .await
    .unwrap();
}

async fn run(database: &Database, statement: &'static str) {
    sqlx::query(statement).execute(&database.owner).await.unwrap();
}

fn gate(role: Role, four_eyes: bool) -> RequestView {
    let digest = Digest::of(b"# Gym");
    RequestView {
        request_id: Uuid::new_v4(),
        kind: RequestKind::Gate,
        gate: "spec".to_owned(),
        stage: StageId("spec".to_owned()),
        attempt: 1,
        digest: digest.clone(),
        artifact: Some(ArtifactRef { name: "spec".to_owned(), version: 1, digest }),
        status: RequestStatus::Pending,
        role,
        approvals_needed: 1,
        approvals: Vec::new(),
        four_eyes,
        operators: false,
        created_at: Timestamp(1_000),
        deadline: None,
        recommendation: None,
        decided_by: None,
        decided_at: None,
    }
}

/// What a project's workflow would publish: these requests, and that something happened.
fn publication(
    team: &Team,
    project: ProjectId,
    position: u32,
    requests: Vec<RequestView>,
    happened: &[EventKind],
) -> Publication {
    let request = requests.first().map(|request| request.request_id);
    let notice = |(kind, number): (&EventKind, i64)| Notice {
        kind: *kind,
        cause: Cause::Deadline { due: Timestamp(i64::from(position) * 100 + number) },
        item: None,
        actor: Actor::System,
        at: Timestamp(2_000 + i64::from(position) * 100 + number),
        payload: json!({"request_id": request, "gate": "spec"}),
    };
    let notices = happened.iter().zip(0..).map(notice).collect();
    let mut publication = machine_of(team.owner, project, shipped("build")).publication(notices, position);
    publication.view.requests = requests;
    publication
}

/// Takes what is due of everybody, one after the other.
async fn taken(database: &Database, pace: Pace) -> Vec<Taken> {
    let mut all = Vec::new();
    loop {
        let mut tx = database.store.nobody().await.unwrap();
        let Some(taken) = notices::take(&mut tx, pace).await.unwrap() else { return all };
        tx.commit().await.unwrap();
        all.push(taken);
    }
}

/// Who is told what.
fn told(all: &[Taken]) -> BTreeSet<(UserId, &str)> {
    all.iter().flat_map(|taken| taken.news.iter().map(|news| (taken.user, news.kind.as_str()))).collect()
}

#[tokio::test]
async fn people_are_told_what_is_theirs() {
    let database = Database::new().await;
    let team = team(&database).await;
    let (owner, admin, editor) = (team.owner.user, team.admin, team.editor);
    let project = database.project_of(team.owner, &shipped("build")).await;
    // In order: who may decide; the others of four eyes; owners and admins; who began it.
    for (number, requests, kind, expected) in [
        (1, vec![gate(Role::Viewer, false)], EventKind::GateReady, vec![owner, admin, editor]),
        (2, vec![gate(Role::Admin, false)], EventKind::GateReady, vec![owner, admin]),
        (3, vec![gate(Role::Editor, true)], EventKind::GateReminded, vec![admin, editor]),
        (4, vec![gate(Role::Editor, true)], EventKind::GateEscalated, vec![owner, admin]),
        (5, vec![gate(Role::Editor, true)], EventKind::GateExpired, vec![owner, admin, editor]),
        (6, vec![gate(Role::Editor, false)], EventKind::HitlRequest, vec![owner, admin, editor]),
        (7, Vec::new(), EventKind::ProgressUpdate, Vec::new()),
    ] {
        let publication = publication(&team, project, number, requests, &[kind]);
        publish(&database.store, &publication).await.unwrap();
        // Again, as after a crash before the answer.
        publish(&database.store, &publication).await.unwrap();
        let all = taken(&database, AT_ONCE).await;
        let expected: BTreeSet<_> = expected.into_iter().map(|user| (user, kind.as_str())).collect();
        assert_eq!(told(&all), expected, "{kind:?}");
    }
    for (phase, kind) in [
        ("phase = 'awaiting_input'", EventKind::QuestionsReady),
        ("waiting_for = 'budget'", EventKind::OverBudget),
        ("phase = 'completed'", EventKind::WorkflowCompleted),
    ] {
        let publication = publication(&team, project, 8, Vec::new(), &[kind]);
        publish(&database.store, &publication).await.unwrap();
        let set = format!("update projects set {phase}");
        sqlx::query(sqlx::AssertSqlSafe(set)).execute(&database.owner).await.unwrap();
        let all = taken(&database, AT_ONCE).await;
        assert_eq!(told(&all), BTreeSet::from([(owner, kind.as_str())]));
        assert_eq!(all[0].news, [News { kind: kind.as_str().to_owned(), project, title: "Gym".to_owned() }]);
        assert_eq!(all[0].address, format!("{owner}@example.org"));
    }
    database.remove().await;
}

#[tokio::test]
async fn nobody_is_told_what_is_no_news_any_more() {
    let database = Database::new().await;
    let team = team(&database).await;
    let editor = format!("'{}'", team.editor);
    let open = gate(Role::Editor, true);
    for (number, change) in [
        "update users set mail_notices = false where id = EDITOR",
        "update users set email_verified_at = null where id = EDITOR",
        "update users set is_active = false where id = EDITOR",
        "delete from workspace_members where user_id = EDITOR",
        "update workspace_members set role = 'viewer' where user_id = EDITOR",
        "update hitl_requests set status = 'approved'",
        "update hitl_requests set approvals = '[{\"user_id\": \"EDIT\"}]'",
        "update projects set lifecycle = 'archived'",
        "update workspaces set lifecycle = 'archived'",
        "update notices set created_at = now() - interval '2 hours'",
    ]
    .into_iter()
    .enumerate()
    {
        let number = u32::try_from(number).unwrap();
        // Each begins anew, with a project of its own.
        run(&database, "update users set mail_notices = true, email_verified_at = now(), is_active = true")
            .await;
        run(&database, "update workspaces set lifecycle = 'active'").await;
        run(&database, "delete from workspace_members where role in ('viewer', 'editor')").await;
        join(&database, team.owner, team.editor, "editor").await;
        let project = database.project_of(team.owner, &shipped("build")).await;
        let request = RequestView { request_id: Uuid::new_v4(), ..open.clone() };
        let publication = publication(&team, project, number + 1, vec![request], &[EventKind::GateReady]);
        publish(&database.store, &publication).await.unwrap();
        assert_eq!(database.count(WAITING).await, 2, "the admin and the editor: {change}");
        let change = change.replace("EDITOR", &editor).replace("EDIT", &team.editor.to_string());
        sqlx::query(sqlx::AssertSqlSafe(change.clone())).execute(&database.owner).await.unwrap();
        let all = taken(&database, AT_ONCE).await;
        let told = told(&all);
        assert!(!told.iter().any(|(user, _)| *user == team.editor), "{change}");
        assert_eq!(told.is_empty(), !change.contains(&team.editor.to_string()), "{change}");
        assert_eq!(database.count(WAITING).await, 0, "{change}");
        // The next one is not about this project any more.
        run(&database, "update projects set lifecycle = 'archived'").await;
    }
    database.remove().await;
}

#[tokio::test]
async fn nothing_is_told_twice_and_nothing_is_lost() {
    let database = Database::new().await;
    let team = team(&database).await;
    let project = database.project_of(team.owner, &shipped("build")).await;
    let request = gate(Role::Editor, true);
    let ready = publication(&team, project, 1, vec![request.clone()], &[EventKind::GateReady]);
    publish(&database.store, &ready).await.unwrap();
    // It waits its time, so that who is there already needs no mail.
    assert_eq!(taken(&database, Pace { wait_s: 60, ..AT_ONCE }).await, []);
    // A replica that dies with it in its hands.
    let mut tx = database.store.nobody().await.unwrap();
    let lost = notices::take(&mut tx, AT_ONCE).await.unwrap().unwrap();
    // Meanwhile another replica gets the other person's, and no more.
    let mut other = database.store.nobody().await.unwrap();
    let second = notices::take(&mut other, AT_ONCE).await.unwrap().unwrap();
    assert_ne!(lost.user, second.user);
    assert_eq!(notices::take(&mut database.store.nobody().await.unwrap(), AT_ONCE).await.unwrap(), None);
    other.commit().await.unwrap();
    drop(tx);
    // Many at once: one of them has it.
    let takers = join_all((0..8).map(async |_| taken(&database, AT_ONCE).await)).await;
    let all: Vec<_> = takers.into_iter().flatten().collect();
    assert_eq!(all, [lost.clone()]);

    // What happens after that comes in one mail when the pause is over; of one request the last word.
    let said = [EventKind::GateReminded, EventKind::GateEscalated];
    let later = publication(&team, project, 2, vec![request], &said);
    publish(&database.store, &later).await.unwrap();
    let paused = Pace { pause_s: 600, ..AT_ONCE };
    let to_owner = taken(&database, paused).await;
    assert_eq!(told(&to_owner), BTreeSet::from([(team.owner.user, "gate_escalated")]), "had no mail yet");
    run(
        &database,
        "update notices set settled_at = settled_at - interval '1 hour' where settled_at is not null",
    )
    .await;
    let all = taken(&database, paused).await;
    assert_eq!(told(&all), BTreeSet::from([(team.admin, "gate_escalated"), (team.editor, "gate_reminded")]));
    database.remove().await;
}

#[tokio::test]
async fn what_somebody_was_told_goes_with_them_and_with_the_project() {
    let database = Database::new().await;
    let team = team(&database).await;
    let project = database.project_of(team.owner, &shipped("build")).await;
    let ready = publication(&team, project, 1, vec![gate(Role::Editor, false)], &[EventKind::GateReady]);
    publish(&database.store, &ready).await.unwrap();
    // Everybody sees their own, and exports it.
    let mut tx = database.store.tenant(team.owner.workspace, team.editor).await.unwrap();
    let mine: i64 = sqlx::query_scalar("select count(*) from notices").fetch_one(tx.conn()).await.unwrap();
    assert_eq!(mine, 1);
    let known = groundwork_store::personal_data::account(&mut tx, team.editor).await.unwrap();
    assert_eq!(known["account"]["mail_notices"], true);
    assert_eq!(
        (&known["notices"][0]["kind"], &known["notices"][0]["mailed"]),
        (&json!("gate_ready"), &json!(false))
    );
    drop(tx);
    assert_eq!(database.count(WAITING).await, 3);
    sqlx::query("select erase_person($1)").bind(team.editor.0).execute(&database.owner).await.unwrap();
    assert_eq!(database.count(WAITING).await, 2);
    sqlx::query("select erase_project($1)").bind(project.0).execute(&database.owner).await.unwrap();
    assert_eq!(database.count("select count(*) from notices").await, 0);
    // Where no mail is sent, nothing waits for the day on which some is.
    let project = database.project_of(team.owner, &shipped("build")).await;
    let again = publication(&team, project, 1, vec![gate(Role::Editor, false)], &[EventKind::GateReady]);
    publish(&database.store, &again).await.unwrap();
    let kept = std::time::Duration::from_secs(60);
    assert_eq!(notices::sweep(&database.store, kept, false).await.unwrap(), 0);
    assert_eq!(notices::sweep(&database.store, kept, true).await.unwrap(), 2);
    database.remove().await;
}
