//! The same request twice is one request.

use crate::server::{Answer, Server};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn the_first_answer_is_given_again() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let project = server.project(&ada).await;
    let path = format!("/projects/{project}");
    let rename = |title: &str| json!({"title": title});
    let first = ada.send_once("k1", Method::PATCH, &path, &rename("One")).await;
    assert!(!first.headers.contains_key("idempotent-replayed"));
    ada.send_once("k2", Method::PATCH, &path, &rename("Two")).await.ok();
    let again = ada.send_once("k1", Method::PATCH, &path, &rename("One")).await;
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(again.bytes, first.bytes);
    assert_eq!(ada.get(&path).await.ok()["title"], "Two");
    server.remove().await;
}

#[tokio::test]
async fn a_key_is_for_one_request_of_one_person() {
    let server = Server::new().await;
    let (ada, bob) = (server.sign_up("ada").await, server.sign_up("bob").await);
    let (hers, his) = (server.project(&ada).await, server.project(&bob).await);
    let rename = json!({"title": "One"});
    ada.send_once("k", Method::PATCH, &format!("/projects/{hers}"), &rename).await.ok();
    let other =
        ada.send_once("k", Method::PATCH, &format!("/projects/{hers}"), &json!({"title": "Two"})).await;
    other.refused(422, "idempotency_key_reused");
    let path = format!("/projects/{his}");
    assert_eq!(bob.send_once("k", Method::PATCH, &path, &rename).await.ok()["title"], "One");
    server.remove().await;
}

#[tokio::test]
async fn what_was_refused_before_any_effect_is_no_answer() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let project = server.project(&ada).await;
    let path = format!("/projects/{project}");
    ada.send_once("k", Method::PATCH, &path, &json!({"title": ""})).await.refused(422, "invalid_fields");
    ada.send_once("k", Method::PATCH, &path, &json!({"title": "One"})).await.ok();
    // What the state refuses is one.
    let export = format!("{path}/export");
    ada.send_once("e", Method::POST, &export, &json!({})).await.refused(409, "nothing_to_export");
    let again = ada.send_once("e", Method::POST, &export, &json!({})).await;
    assert_eq!(
        (again.status.as_u16(), &again.headers["idempotent-replayed"]),
        (409, &"true".parse().unwrap())
    );
    server.remove().await;
}

#[tokio::test]
async fn a_request_under_way_is_waited_for_and_a_dead_one_taken_over() {
    let server = Server::with(|settings| settings.idempotency_lease_ms = 1_000).await;
    let ada = server.sign_up("ada").await;
    let project = server.project(&ada).await;
    let path = format!("/projects/{project}");
    let body = json!({"title": "One"});
    let first = ada.send_once("k", Method::PATCH, &path, &body).await;
    // As a process leaves it that died under the request.
    let die =
        "update idempotency_keys set status = null, body = null, locked_until = now() + $1 * interval '1 ms'";
    sqlx::query(die).bind(50.0).execute(&server.owner).await.unwrap();
    let again = ada.send_once("k", Method::PATCH, &path, &body).await;
    assert!(!again.headers.contains_key("idempotent-replayed"));
    assert_eq!(again.ok()["title"], first.ok()["title"]);
    sqlx::query(die).bind(3_600_000.0).execute(&server.owner).await.unwrap();
    ada.send_once("k", Method::PATCH, &path, &body).await.refused(409, "request_in_progress");
    server.remove().await;
}

#[tokio::test]
async fn keys_have_a_form() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    for key in ["".to_owned(), "x".repeat(256)] {
        let request = ada.request(Method::POST, "/projects").header("idempotency-key", key);
        Answer::of(request.json(&json!({"idea": "x"}))).await.refused(400, "invalid_idempotency_key");
    }
    server.remove().await;
}
