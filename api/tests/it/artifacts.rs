//! Versions of artifacts and what changed between them; comments with their rules of who may do what.

use crate::export::with_package;
use crate::members::{join, shared};
use crate::server::{Person, Server};
use groundwork_domain::{Digest, ProjectId};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

/// One more version of the specification, which replaces the one before.
async fn revise(server: &Server, project: ProjectId, version: i32, content: &str) {
    sqlx::query("update artifacts set state = 'superseded' where project_id = $1 and name = 'spec'")
        .bind(project.0)
        .execute(&server.owner)
        .await
        .unwrap();
    sqlx::query(
        "insert into artifacts (workspace_id, project_id, name, version, digest, kind, format, content, stage, attempt, agent,
             state)
         select workspace_id, project_id, name, $2, $3, kind, format, $4, stage, attempt, agent, 'current'
         from artifacts where project_id = $1 and name = 'spec' and version = 1",
    )
    .bind(project.0)
    .bind(version)
    .bind(Digest::of(content.as_bytes()).0)
    .bind(content)
    .execute(&server.owner)
    .await
    .unwrap();
}

async fn spec(person: &Person, project: ProjectId) -> String {
    let list = person.get(&format!("/projects/{project}/artifacts")).await.ok();
    let found = list["items"].as_array().unwrap().iter().find(|item| item["name"] == "spec").cloned();
    found.unwrap()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_version_stays_readable_and_is_compared_line_by_line() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let project = server.project(&ada).await;
    with_package(&server, &ada, project).await;
    revise(&server, project, 2, "# Gym\n\n### FR-001 Book a class").await;
    let id = spec(&ada, project).await;

    let versions = ada.get(&format!("/artifacts/{id}/versions")).await.ok();
    let told: Vec<_> = versions["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (item["version"].as_i64().unwrap(), item["state"].as_str().unwrap()))
        .collect();
    assert_eq!(told, [(2, "current"), (1, "superseded")]);
    let old = ada.get(&format!("/artifacts/{id}?version=1")).await.ok();
    assert_eq!((&old["content"], &old["state"]), (&json!("# Gym\n\n### FR-001 Book"), &json!("superseded")));

    let diff = ada.get(&format!("/artifacts/{id}/diff")).await.ok();
    assert_eq!((&diff["from"]["version"], &diff["to"]["version"]), (&json!(1), &json!(2)));
    assert_eq!((&diff["deleted"], &diff["inserted"]), (&json!(1), &json!(1)));
    let lines = diff["hunks"][0]["lines"].as_array().unwrap();
    assert_eq!(
        lines[2],
        json!({"kind": "deleted", "old_line": 3, "new_line": null, "text": "### FR-001 Book"})
    );
    let same = ada.get(&format!("/artifacts/{id}/diff?from=2&to=2")).await.ok();
    assert_eq!(same["hunks"], json!([]));
    ada.get(&format!("/artifacts/{id}/diff?from=7")).await.refused(404, "not_found");
    ada.get(&format!("/artifacts/{id}/versions?limit=0")).await.refused(400, "invalid_query");
    server.remove().await;
}

#[tokio::test]
async fn comments_are_edited_by_their_writers_and_settled_once() {
    let server = Server::new().await;
    let (ada, bob) = (server.sign_up("ada").await, server.sign_up("bob").await);
    let team = shared(&ada, "Team").await;
    join(&ada, &team, &bob, "bob@example.org", "editor").await;
    let in_team = Person { workspace: team.parse().unwrap(), ..ada.clone() };
    let project = server.project(&in_team).await;
    with_package(&server, &in_team, project).await;
    let id = spec(&ada, project).await;
    let path = format!("/artifacts/{id}/comments");

    let wish = json!({"text": "Who may cancel?", "comment_type": "question", "section": "FR-001"});
    let first = bob.send_once("k", Method::POST, &path, &wish).await.ok();
    let again = bob.send_once("k", Method::POST, &path, &wish).await.ok();
    assert_eq!(first["id"], again["id"]);
    let answer = json!({"text": "Members.", "parent_id": first["id"]});
    let reply = ada.send(Method::POST, &path, &answer).await.ok();
    let elsewhere = json!({"text": "x", "parent_id": Uuid::new_v4()});
    ada.send(Method::POST, &path, &elsewhere).await.refused(422, "invalid_fields");
    ada.send(Method::POST, &path, &json!({"text": " "})).await.refused(422, "invalid_fields");

    let mine = format!("/comments/{}", first["id"].as_str().unwrap());
    ada.send(Method::PATCH, &mine, &json!({"text": "y"})).await.refused(403, "forbidden");
    let edited = bob.send(Method::PATCH, &mine, &json!({"text": "Who may cancel, and when?"})).await.ok();
    assert!(edited["edited_at"].is_string());
    let theirs = format!("/comments/{}", reply["id"].as_str().unwrap());
    bob.send(Method::DELETE, &theirs, &json!({})).await.refused(403, "forbidden");
    bob.send(Method::POST, &format!("{theirs}/resolve"), &json!({})).await.refused(409, "not_a_thread");

    let settled = ada.send(Method::POST, &format!("{mine}/resolve"), &json!({})).await.ok();
    assert_eq!(settled["resolved_by"], json!(ada.id));
    bob.send(Method::POST, &format!("{mine}/resolve"), &json!({})).await.refused(409, "already_resolved");
    assert_eq!(ada.send(Method::DELETE, &mine, &json!({})).await.status, 204, "the owner may delete any");
    bob.send(Method::PATCH, &mine, &json!({"text": "z"})).await.refused(409, "comment_deleted");

    let list: Value = bob.get(&path).await.ok();
    assert_eq!((list["open"].as_i64(), list["items"].as_array().unwrap().len()), (Some(0), 2));
    assert_eq!(list["items"][0]["text"], "", "what was answered stays in its place");
    let events = bob.get(&format!("/projects/{project}/events")).await.ok();
    let told = events["items"].as_array().unwrap().iter().filter(|event| event["event"] == "comment_added");
    assert_eq!(told.count(), 2);
    assert!(!events.to_string().contains("Who may cancel?"), "what was taken back is in no log: {events}");
    assert_eq!(server.audited("comment.added").await, 2);
    server.remove().await;
}
