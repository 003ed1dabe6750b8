//! Lists, the project itself, its name, its prompts and their checklists.

use crate::server::{Answer, Server};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[tokio::test]
async fn lists_are_paged_and_filtered() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let mut wanted = BTreeSet::new();
    for _ in 0..5 {
        wanted.insert(server.project(&ada).await.to_string());
    }
    let mut found = BTreeSet::new();
    let mut path = "/projects?limit=2".to_owned();
    let mut pages = 0;
    loop {
        let page = ada.get(&path).await.ok();
        pages += 1;
        found.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["project_id"].as_str().unwrap().to_owned()),
        );
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/projects?limit=2&cursor={cursor}");
    }
    assert_eq!((pages, found), (3, wanted.clone()));

    let one = wanted.iter().next().unwrap();
    sqlx::query("update projects set phase = 'completed', status = 'completed' where id = $1::text::uuid")
        .bind(one)
        .execute(&server.owner)
        .await
        .unwrap();
    let workspace = ada.workspace;
    for path in
        ["/projects?phase=completed".to_owned(), format!("/workspaces/{workspace}/projects?status=completed")]
    {
        let page = ada.get(&path).await.ok();
        assert_eq!(page["items"].as_array().unwrap().len(), 1);
        assert_eq!(page["items"][0]["project_id"], *one);
    }
    server.remove().await;
}

#[tokio::test]
async fn a_project_is_read_again_only_when_it_changed() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let project = server.project(&ada).await;
    server.happen(&ada, project, 1).await;
    let path = format!("/projects/{project}");
    let first = ada.get(&path).await;
    let tag = first.headers["etag"].clone();
    let body = first.ok();
    assert_eq!(body["last_sequence"], 2);
    assert_eq!(body["phase"], "working");
    assert_eq!(body["status"], "eliciting");
    assert_eq!(body["tasks"][0]["agent_type"], "elicitor");
    assert!(body["allowed"].as_array().unwrap().contains(&json!("cancel")));
    let again = Answer::of(ada.request(Method::GET, &path).header("if-none-match", &tag)).await;
    assert_eq!((again.status.as_u16(), again.bytes.len()), (304, 0));
    ada.send(Method::PATCH, &path, &json!({"title": " New name "})).await.ok();
    let changed = Answer::of(ada.request(Method::GET, &path).header("if-none-match", &tag)).await.ok();
    assert_eq!(changed["title"], "New name");
    server.remove().await;
}

#[tokio::test]
async fn the_idea_is_the_first_turn() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let project = server.project(&ada).await;
    server.happen(&ada, project, 1).await;
    let turns = ada.get(&format!("/projects/{project}/conversation")).await.ok();
    assert_eq!(turns["items"][0]["kind"], "user_input");
    assert_eq!(turns["items"][0]["content"], crate::server::IDEA);
    assert_eq!(turns["items"][0]["sequence_number"], 1);
    server.remove().await;
}

#[tokio::test]
async fn checklists_are_ticked_for_the_version_that_counts() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let project = server.project(&ada).await;
    crate::export::with_package(&server, &ada, project).await;
    let path = format!("/projects/{project}/prompts/2/checklist");
    let tick = |position: i32, checked: bool| json!({"items": [{"position": position, "checked": checked}]});
    let checked = |prompt: &Value| -> Vec<bool> {
        prompt["checklist"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["checked"].as_bool().unwrap())
            .collect()
    };
    let prompt = ada.send(Method::PATCH, &path, &tick(1, true)).await.ok();
    assert_eq!(checked(&prompt), [false, true]);
    let prompt = ada.send(Method::PATCH, &path, &tick(0, true)).await.ok();
    assert_eq!(checked(&prompt), [true, true]);
    let prompt = ada.send(Method::PATCH, &path, &tick(1, false)).await.ok();
    assert_eq!(checked(&prompt), [true, false]);
    ada.send(Method::PATCH, &path, &tick(2, true)).await.refused(404, "not_found");
    let other = format!("/projects/{project}/prompts/9/checklist");
    ada.send(Method::PATCH, &other, &tick(0, true)).await.refused(404, "not_found");

    let prompts = ada.get(&format!("/projects/{project}/prompts")).await.ok();
    assert_eq!((&prompts["count"], checked(&prompts["items"][1])), (&json!(2), vec![true, false]));
    let all = ada.get(&format!("/projects/{project}/prompts?all_versions=true")).await.ok();
    assert_eq!((&all["count"], all["items"].as_array().unwrap().len()), (&json!(2), 3));
    server.remove().await;
}
