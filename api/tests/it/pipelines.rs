//! Pipelines that ship and those that workspaces make: read whole, told with lines what is wrong, never changed.

use crate::server::Server;
use reqwest::Method;
use serde_json::json;

const OWN: &str = r#"
id = "memo"
version = 1
title = "A memo"
description = "One page."

[[stage]]
id = "memo"
status = "writing"
message = "Writing the memo."
verb = "write"
agent = "architect"
reads = ["idea"]
produces = "memo"
"#;

#[tokio::test]
async fn own_pipelines_are_versioned_and_pinned() {
    let server = Server::new().await;
    let (ada, eve) = (server.sign_up("ada").await, server.sign_up("eve").await);
    let shipped = ada.get("/pipelines").await.ok();
    let promptr = &shipped["items"][0];
    assert_eq!((&promptr["id"], &promptr["origin"]), (&json!("promptr"), &json!("shipped")));
    assert!(promptr["stages"].as_array().unwrap().len() >= 4);

    let body = json!({"source": OWN});
    let checked = ada.send(Method::POST, "/pipelines", &json!({"source": OWN, "check_only": true})).await;
    assert_eq!((checked.status.as_u16(), &checked.body["delivers"]), (200, &json!(["memo"])));
    ada.get("/pipelines/memo").await.refused(404, "not_found");
    let made = ada.send(Method::POST, "/pipelines", &body).await;
    assert_eq!((made.status.as_u16(), &made.body["origin"]), (201, &json!("workspace")));
    assert_eq!(
        ada.send(Method::POST, "/pipelines", &body).await.status,
        200,
        "the same again changes nothing"
    );
    let other = json!({"source": OWN.replace("One page.", "Two pages.")});
    let refused = ada.send(Method::POST, "/pipelines", &other).await;
    assert!(refused.refused(409, "version_exists")["detail"].as_str().unwrap().contains("version 2"));
    let second = json!({"source": OWN.replace("version = 1", "version = 2")});
    ada.send(Method::POST, "/pipelines", &second).await.ok();
    let view = ada.get("/pipelines/memo").await.ok();
    assert_eq!((&view["version"], &view["versions"]), (&json!(2), &json!([2, 1])));
    assert_eq!(ada.get("/pipelines/memo?version=1").await.ok()["source"], OWN);
    eve.get("/pipelines/memo").await.refused(404, "not_found");
    let mine = format!("/pipelines?workspace_id={}", ada.workspace);
    eve.get(&mine).await.refused(404, "not_found");

    // The engine is not there: what is pinned is what the row would have been started with.
    let begun = ada.send(Method::POST, "/projects", &json!({"idea": "A gym", "pipeline": "memo"})).await;
    begun.refused(503, "engine_unavailable");
    let unknown = ada.send(Method::POST, "/projects", &json!({"idea": "A gym", "pipeline": "novel"})).await;
    unknown.refused(422, "unknown_pipeline");
    server.remove().await;
}

#[tokio::test]
async fn what_is_wrong_is_told_with_its_line() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    for (from, to, line) in [
        ("agent = \"architect\"", "agent = \"wizard\"", "source:12"),
        ("reads = [\"idea\"]", "reads = [\"plan\"]", "source:13"),
        ("produces = \"memo\"", "produces = \"memo\"\nneeds = [\"memo\"]", "source:8"),
        ("title = \"A memo\"", "title = ", "source:4"),
    ] {
        let answer = ada.send(Method::POST, "/pipelines", &json!({"source": OWN.replace(from, to)})).await;
        let problem = answer.refused(422, "invalid_pipeline");
        assert_eq!(problem["errors"][0]["field"], line, "{problem}");
    }
    let taken = json!({"source": OWN.replace("\"memo\"\nversion", "\"promptr\"\nversion")});
    ada.send(Method::POST, "/pipelines", &taken).await.refused(422, "invalid_fields");
    server.remove().await;
}
