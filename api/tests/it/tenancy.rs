//! Nobody sees, changes, watches or exports anything of another workspace; roles allow what they allow.

use crate::server::{Answer, Person, Server};
use groundwork_domain::{ProjectId, UserId};
use reqwest::Method;
use serde_json::json;

/// Every route that names a project or something in it.
fn routes(project: ProjectId) -> Vec<(Method, String)> {
    let mut routes = vec![
        (Method::DELETE, format!("/projects/{project}")),
        (Method::PATCH, format!("/projects/{project}")),
    ];
    for part in ["", "/questions", "/conversation", "/prompts", "/artifacts", "/findings", "/events"] {
        routes.push((Method::GET, format!("/projects/{project}{part}")));
    }
    for part in [
        "commands", "answers", "refine", "retry", "cancel", "pause", "resume", "archive", "restore", "export",
    ] {
        routes.push((Method::POST, format!("/projects/{project}/{part}")));
    }
    routes.push((Method::PATCH, format!("/projects/{project}/respond")));
    routes.push((Method::PATCH, format!("/projects/{project}/prompts/1/checklist")));
    routes
}

/// A body that every route would take.
fn body() -> serde_json::Value {
    json!({"command": "cancel", "title": "x", "question_id": "Q1", "answers": [], "refinement_request": "x",
           "target_section": "x", "items": [{"position": 0, "checked": true}]})
}

#[tokio::test]
async fn a_foreign_project_is_not_there() {
    let server = Server::new().await;
    let (ada, eve) = (server.sign_up("ada").await, server.sign_up("eve").await);
    let project = server.project(&ada).await;
    crate::export::with_package(&server, &ada, project).await;
    let artifacts = ada.get(&format!("/projects/{project}/artifacts")).await.ok();
    let artifact = artifacts["items"][0]["id"].as_str().unwrap().to_owned();

    for (method, path) in routes(project) {
        let answer = eve.send(method.clone(), &path, &body()).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.body["code"]),
            (404, &json!("not_found")),
            "{method} {path}"
        );
    }
    eve.get(&format!("/artifacts/{artifact}")).await.refused(404, "not_found");
    eve.get(&format!("/workspaces/{}/projects", ada.workspace)).await.refused(404, "not_found");
    let path = format!("/workspaces/{}/projects", ada.workspace);
    eve.send(Method::POST, &path, &json!({"idea": "x"})).await.refused(404, "not_found");
    assert_eq!(eve.get("/projects").await.ok()["items"], json!([]));
    let title: String =
        sqlx::query_scalar("select title from projects").fetch_one(&server.owner).await.unwrap();
    assert_eq!(title, "Gym");
    ada.get(&format!("/artifacts/{artifact}")).await.ok();
    server.remove().await;
}

#[tokio::test]
async fn nobody_gets_anywhere_without_a_token() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let project = server.project(&ada).await;
    for (method, path) in routes(project) {
        let request = server.request(method.clone(), &format!("/api/v1{path}")).json(&body());
        let answer = Answer::of(request).await;
        assert_eq!(answer.status, 401, "{method} {path}");
    }
    server.remove().await;
}

#[tokio::test]
async fn roles_allow_what_they_allow() {
    let server = Server::new().await;
    let (ada, bob) = (server.sign_up("ada").await, server.sign_up("bob").await);
    let project = server.project(&ada).await;
    join(&server, &ada, bob.id, "viewer").await;
    bob.get(&format!("/projects/{project}")).await.ok();
    assert_eq!(bob.get("/projects").await.ok()["items"][0]["project_id"], project.to_string());
    for (method, path) in routes(project) {
        let answer = bob.send(method.clone(), &path, &body()).await;
        let reads = method == Method::GET || path.ends_with("/export");
        assert_eq!(answer.status == 403, !reads, "{method} {path}: {}", answer.body);
    }

    join(&server, &ada, bob.id, "editor").await;
    bob.send(Method::PATCH, &format!("/projects/{project}"), &json!({"title": "B"})).await.ok();
    let delete = |who: Person| async move {
        who.send(Method::DELETE, &format!("/projects/{project}"), &json!({})).await
    };
    delete(bob.clone()).await.refused(403, "forbidden");
    // Allowed, so that only the engine is missing.
    join(&server, &ada, bob.id, "admin").await;
    delete(bob.clone()).await.refused(503, "engine_unavailable");
    delete(ada.clone()).await.refused(503, "engine_unavailable");

    // Who was invited and has not joined is no member.
    sqlx::query("update workspace_members set joined_at = null where user_id = $1 and role = 'admin'")
        .bind(bob.id.0)
        .execute(&server.owner)
        .await
        .unwrap();
    bob.get(&format!("/projects/{project}")).await.refused(404, "not_found");
    server.remove().await;
}

#[tokio::test]
async fn row_level_security_is_a_second_lock() {
    let server = Server::new().await;
    let (ada, eve) = (server.sign_up("ada").await, server.sign_up("eve").await);
    server.project(&ada).await;
    for (workspace, user, seen) in [(ada.workspace, ada.id, 1), (eve.workspace, eve.id, 0)] {
        let mut tx = server.store.tenant(workspace, user).await.unwrap();
        let rows: i64 =
            sqlx::query_scalar("select count(*) from projects").fetch_one(tx.conn()).await.unwrap();
        assert_eq!(rows, seen);
        for table in ["users", "sessions", "workspaces", "workspace_members"] {
            let count = sqlx::AssertSqlSafe(format!("select count(*) from {table}"));
            let rows: i64 = sqlx::query_scalar(count).fetch_one(tx.conn()).await.unwrap_or(-1);
            assert_eq!(rows, 1, "{table}");
        }
    }
    // Nor may the server's role read a hash, or make somebody a member of a workspace that is not theirs.
    let mut tx = server.store.person(ada.id).await.unwrap();
    sqlx::query("select password_hash from users").fetch_one(tx.conn()).await.unwrap_err();
    drop(tx);
    let mut tx = server.store.tenant(ada.workspace, eve.id).await.unwrap();
    let member = "insert into workspace_members (workspace_id, user_id, role, joined_at) values ($1, $2, 'owner', now())";
    sqlx::query(member).bind(ada.workspace.0).bind(eve.id.0).execute(tx.conn()).await.unwrap_err();
    // The pool closes when all of its connections are back.
    drop(tx);
    server.remove().await;
}

#[tokio::test]
async fn what_was_left_behind_goes_to_one_replica_and_stays_until_it_runs() {
    let server = Server::with(|settings| {
        settings.sweep_after_s = 0;
        settings.sweep_every_ms = 20;
    })
    .await;
    let ada = server.sign_up("ada").await;
    let project = server.project(&ada).await;
    sqlx::query("update projects set workflow_state = 'starting', start_tried_at = 'epoch'")
        .execute(&server.owner)
        .await
        .unwrap();
    let tried = || async {
        sqlx::query_scalar::<_, bool>("select start_tried_at > '2000-01-01' from projects")
            .fetch_one(&server.owner)
            .await
            .unwrap()
    };
    let deadline = std::time::Instant::now() + crate::live::PATIENCE;
    while !tried().await {
        assert!(std::time::Instant::now() < deadline, "the sweeper did not try");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    // Its start failed, so it is still there to be tried again, and is shown as it is.
    assert_eq!(ada.get(&format!("/projects/{project}")).await.ok()["status"], "starting");
    server.remove().await;
}

async fn join(server: &Server, host: &Person, guest: UserId, role: &str) {
    sqlx::query(
        "insert into workspace_members (workspace_id, user_id, role, joined_at) values ($1, $2, $3, now())
         on conflict (workspace_id, user_id) do update set role = excluded.role",
    )
    .bind(host.workspace.0)
    .bind(guest.0)
    .bind(role)
    .execute(&server.owner)
    .await
    .unwrap();
}

#[tokio::test]
async fn a_person_has_so_many_projects() {
    let server = Server::with(|settings| settings.projects_max = 3).await;
    let ada = server.sign_up("ada").await;
    sqlx::query("update users set projects_created = 3").execute(&server.owner).await.unwrap();
    let answer = ada.send(Method::POST, "/projects", &json!({"idea": "x"})).await;
    let problem = answer.refused(429, "limit_reached");
    assert_eq!((&problem["limit"], &problem["used"]), (&json!(3), &json!(3)));
    assert_eq!(ada.get("/users/me/stats").await.ok()["projects_remaining"], 0);
    // An exception made for one person.
    sqlx::query("update users set max_projects = 4").execute(&server.owner).await.unwrap();
    ada.send(Method::POST, "/projects", &json!({"idea": "x"})).await.refused(503, "engine_unavailable");
    server.remove().await;
}
