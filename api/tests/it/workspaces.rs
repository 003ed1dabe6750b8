//! Workspaces: made, changed, put away and taken back, by whom that is allowed.

use crate::members::{join, shared};
use crate::server::{Person, Server};
use groundwork_domain::ProjectId;
use reqwest::Method;
use serde_json::{Value, json};

async fn post(who: &Person, path: &str) -> crate::server::Answer {
    who.send(Method::POST, path, &json!({})).await
}

/// How a workspace's project is marked: whether it moves with its workspace.
async fn parked(server: &Server, project: ProjectId) -> bool {
    sqlx::query_scalar("select parked from projects where id = $1")
        .bind(project.0)
        .fetch_one(&server.owner)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_workspace_is_made_once_and_changed_by_admins() {
    let server = Server::new().await;
    let (ada, bob) = (server.sign_up("ada").await, server.sign_up("bob").await);
    let mine = ada.get("/workspaces").await.ok();
    assert_eq!(
        (&mine["items"][0]["is_personal"], &mine["items"][0]["role"]),
        (&json!(true), &json!("owner"))
    );
    let body = json!({"name": " Team ", "settings": {"archive_idle_days": 30}});
    let made = ada.send_once("k", Method::POST, "/workspaces", &body).await;
    assert_eq!(made.status, 201);
    let location = made.headers["location"].to_str().unwrap().to_owned();
    let made = made.body;
    assert_eq!((&made["name"], &made["settings"]["archive_idle_days"]), (&json!("Team"), &json!(30)));
    let path = format!("/workspaces/{}", made["id"].as_str().unwrap());
    assert_eq!(location, format!("/api/v1{path}"));
    sqlx::query("delete from idempotency_keys").execute(&server.owner).await.unwrap();
    assert_eq!(ada.send_once("k", Method::POST, "/workspaces", &body).await.ok()["id"], made["id"]);
    assert_eq!(ada.get("/workspaces").await.ok()["items"].as_array().unwrap().len(), 2);
    bob.get(&path).await.refused(404, "not_found");
    bob.send(Method::PATCH, &path, &json!({"name": "x"})).await.refused(404, "not_found");

    let team = made["id"].as_str().unwrap();
    join(&ada, team, &bob, "bob@example.org", "editor").await;
    bob.send(Method::PATCH, &path, &json!({"name": "x"})).await.refused(403, "forbidden");
    let role = json!({"role": "admin"});
    ada.send(Method::PATCH, &format!("{path}/members/{}", bob.id), &role).await.ok();
    let changed = bob.send(Method::PATCH, &path, &json!({"settings": {"default_pipeline": "promptr"}})).await;
    let changed = changed.ok();
    assert_eq!(
        (&changed["name"], &changed["settings"]),
        (&json!("Team"), &json!({"default_pipeline": "promptr", "archive_idle_days": null}))
    );
    for wrong in [
        json!({"name": " "}),
        json!({"settings": {"default_pipeline": "no such"}}),
        json!({"settings": {"archive_idle_days": 0}}),
        json!({"settings": {"unknown": 1}}),
    ] {
        assert_eq!(bob.send(Method::PATCH, &path, &wrong).await.status, 422, "{wrong}");
    }
    server.remove().await;
}

#[tokio::test]
async fn a_person_owns_so_many_workspaces() {
    let server = Server::with(|settings| settings.upkeep.workspaces_owned_max = 1).await;
    let ada = server.sign_up("ada").await;
    shared(&ada, "One").await;
    let refused = ada.send(Method::POST, "/workspaces", &json!({"name": "Two"})).await;
    let problem = refused.refused(429, "limit_reached");
    assert_eq!((&problem["limit"], &problem["used"]), (&json!(1), &json!(1)));
    assert_eq!(ada.get("/workspaces").await.ok()["items"].as_array().unwrap().len(), 2);
    server.remove().await;
}

#[tokio::test]
async fn a_personal_workspace_is_its_persons_alone() {
    let server = Server::new().await;
    let (ada, bob) = (server.sign_up("ada").await, server.sign_up("bob").await);
    let path = format!("/workspaces/{}", ada.workspace);
    let requests = [
        (Method::DELETE, path.clone(), json!({})),
        (Method::POST, format!("{path}/archive"), json!({})),
        (Method::POST, format!("{path}/transfer"), json!({"user_id": bob.id})),
        (Method::POST, format!("{path}/members"), json!({"email": "bob@example.org", "role": "viewer"})),
        (Method::DELETE, format!("{path}/members/{}", ada.id), json!({})),
    ];
    for (method, path, body) in requests {
        ada.send(method, &path, &body).await.refused(409, "personal_workspace");
    }
    server.remove().await;
}

#[tokio::test]
async fn an_archived_workspace_is_read_only_and_comes_back() {
    let server = Server::new().await;
    let (ada, bob) = (server.sign_up("ada").await, server.sign_up("bob").await);
    let team = shared(&ada, "Team").await;
    join(&ada, &team, &bob, "bob@example.org", "admin").await;
    let in_team = Person { workspace: team.parse().unwrap(), ..ada.clone() };
    let project = server.project(&in_team).await;
    let path = format!("/workspaces/{team}");
    for part in ["archive", "restore"] {
        post(&bob, &format!("{path}/{part}")).await.refused(403, "forbidden");
    }
    post(&ada, &format!("{path}/restore")).await.refused(409, "wrong_state");
    assert_eq!(post(&ada, &format!("{path}/archive")).await.ok()["lifecycle"], "archived");
    post(&ada, &format!("{path}/archive")).await.refused(409, "wrong_state");
    assert!(parked(&server, project).await);

    bob.get(&format!("/projects/{project}")).await.ok();
    bob.get(&path).await.ok();
    let idea = json!({"idea": "x"});
    ada.send(Method::POST, &format!("{path}/projects"), &idea).await.refused(409, "workspace_archived");
    ada.send(Method::PATCH, &path, &json!({"name": "x"})).await.refused(409, "workspace_archived");
    for part in ["pause", "archive", "restore", "answers"] {
        let body = json!({"question_id": "Q1"});
        let answer = ada.send(Method::POST, &format!("/projects/{project}/{part}"), &body).await;
        answer.refused(409, "workspace_archived");
    }
    assert_eq!(post(&ada, &format!("{path}/restore")).await.ok()["lifecycle"], "active");
    ada.send(Method::POST, &format!("{path}/projects"), &idea).await.refused(503, "engine_unavailable");
    server.remove().await;
}

#[tokio::test]
async fn a_deleted_workspace_is_gone_until_an_owner_undoes_it_and_erased_after_that() {
    let server = Server::with(|settings| {
        settings.sweep_every_ms = 50;
        settings.upkeep.erase_every_s = 0;
    })
    .await;
    let (ada, bob) = (server.sign_up("ada").await, server.sign_up("bob").await);
    let team = shared(&ada, "Team").await;
    join(&ada, &team, &bob, "bob@example.org", "admin").await;
    let in_team = Person { workspace: team.parse().unwrap(), ..ada.clone() };
    let project = server.project(&in_team).await;
    server.happen(&in_team, project, 1).await;
    let path = format!("/workspaces/{team}");
    bob.send(Method::DELETE, &path, &json!({})).await.refused(403, "forbidden");
    assert_eq!(ada.send(Method::DELETE, &path, &json!({})).await.ok()["lifecycle"], "deleted");
    for who in [&ada, &bob] {
        who.get(&path).await.refused(404, "not_found");
        who.get(&format!("/projects/{project}")).await.refused(404, "not_found");
        assert_eq!(who.get("/projects").await.ok()["items"], json!([]));
    }
    post(&bob, &format!("{path}/restore")).await.refused(404, "not_found");
    assert_eq!(ada.get("/workspaces?lifecycle=deleted").await.ok()["items"][0]["id"], json!(team));
    assert_eq!(bob.get("/workspaces?lifecycle=deleted").await.ok()["items"], json!([]));
    post(&ada, &format!("{path}/restore")).await.ok();
    bob.get(&format!("/projects/{project}")).await.ok();

    // As if the engine had put the project away, and the time for undo were over.
    ada.send(Method::DELETE, &path, &json!({})).await.ok();
    sqlx::query("update projects set lifecycle = 'archived', workflow_state = 'closed'")
        .execute(&server.owner)
        .await
        .unwrap();
    sqlx::query("update workspaces set deleted_at = now() - interval '31 days' where lifecycle = 'deleted'")
        .execute(&server.owner)
        .await
        .unwrap();
    let erased = || async {
        let left: Value = sqlx::query_scalar(
            "select jsonb_build_object('name', w.name, 'idea', p.idea, 'erased', p.erased_at is not null,
                 'turns', (select count(*) from conversation_turns), 'events', (select count(*) from events),
                 'texts', (select count(*) from events where payload <> '{}'),
                 'members', (select count(*) from workspace_members m where m.workspace_id = w.id))
             from workspaces w join projects p on p.workspace_id = w.id",
        )
        .fetch_one(&server.owner)
        .await
        .unwrap();
        left
    };
    let deadline = std::time::Instant::now() + crate::live::PATIENCE;
    while erased().await["name"] != "Erased" {
        assert!(std::time::Instant::now() < deadline, "{}", erased().await);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let skeleton = json!({"name": "Erased", "idea": "-", "erased": true, "turns": 0, "events": 2, "texts": 0, "members": 0});
    assert_eq!(erased().await, skeleton);
    assert_eq!(ada.get("/workspaces?lifecycle=deleted").await.ok()["items"], json!([]));
    post(&ada, &format!("{path}/restore")).await.refused(404, "not_found");
    server.remove().await;
}

#[tokio::test]
async fn archived_and_deleted_projects_are_listed_where_asked_for() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    for lifecycle in ["active", "archived", "deleted"] {
        let project = server.project(&ada).await;
        sqlx::query("update projects set lifecycle = $2, workflow_state = 'closed' where id = $1")
            .bind(project.0)
            .bind(lifecycle)
            .execute(&server.owner)
            .await
            .unwrap();
        let listed = ada.get(&format!("/projects?lifecycle={lifecycle}")).await.ok();
        let ids: Vec<_> =
            listed["items"].as_array().unwrap().iter().map(|item| &item["project_id"]).collect();
        assert_eq!(ids, [&json!(project)], "{lifecycle}");
        if lifecycle == "archived" {
            let rename = json!({"title": "x"});
            let answer = ada.send(Method::PATCH, &format!("/projects/{project}"), &rename).await;
            answer.refused(409, "project_archived");
        }
    }
    assert_eq!(ada.get("/projects").await.ok()["items"].as_array().unwrap().len(), 2);
    server.remove().await;
}
