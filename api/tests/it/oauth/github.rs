//! GitHub's way, against a double that speaks its endpoints: GitHub has no OpenID Connect to run locally.

use super::{Browser, PUBLIC, count, parameter, server_with};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Redirect;
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use groundwork_api::ProviderSettings;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

type Pairs = BTreeMap<String, String>;
/// Challenge and person, by code.
type Codes = Arc<Mutex<BTreeMap<String, (String, String)>>>;

/// Sends straight back, as whoever `login_hint` says: `id|email|yes or no`.
async fn authorize(State(codes): State<Codes>, Query(query): Query<Pairs>) -> Redirect {
    assert_eq!((query["client_id"].as_str(), query["scope"].as_str()), ("hub", "read:user user:email"));
    assert_eq!(query["code_challenge_method"], "S256");
    let code = uuid::Uuid::new_v4().to_string();
    let issued = (query["code_challenge"].clone(), query["login_hint"].clone());
    codes.lock().unwrap().insert(code.clone(), issued);
    Redirect::to(&format!("{}?code={code}&state={}", query["redirect_uri"], query["state"]))
}

/// As GitHub does, it answers 200 when it refuses.
async fn token(State(codes): State<Codes>, headers: HeaderMap, Form(form): Form<Pairs>) -> Json<Value> {
    assert_eq!(headers["accept"], "application/json");
    let known = codes.lock().unwrap().remove(&form["code"]);
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(form["code_verifier"].as_bytes()));
    let is_us = form["client_id"] == "hub" && form["client_secret"] == "hush";
    match known.filter(|(expected, _)| *expected == challenge && is_us) {
        Some((_, person)) => {
            Json(json!({"access_token": person, "scope": "read:user,user:email", "token_type": "bearer"}))
        }
        None => Json(json!({"error": "bad_verification_code", "error_description": "…"})),
    }
}

fn bearer(headers: &HeaderMap) -> Result<Vec<String>, StatusCode> {
    // GitHub answers nobody who does not say what program they are.
    headers.get("user-agent").ok_or(StatusCode::FORBIDDEN)?;
    let value = headers.get("authorization").and_then(|value| value.to_str().ok());
    let token = value.and_then(|value| value.strip_prefix("Bearer ")).ok_or(StatusCode::UNAUTHORIZED)?;
    Ok(token.split('|').map(str::to_owned).collect())
}

async fn user(headers: HeaderMap) -> Result<Json<Value>, StatusCode> {
    let id: u64 = bearer(&headers)?[0].parse().unwrap();
    Ok(Json(json!({"id": id, "login": format!("octo{id}"), "name": null, "email": "shown@example.org"})))
}

async fn emails(headers: HeaderMap) -> Result<Json<Value>, StatusCode> {
    let person = bearer(&headers)?;
    Ok(Json(json!([
        {"email": "second@example.org", "primary": false, "verified": true, "visibility": null},
        {"email": person[1], "primary": true, "verified": person[2] == "yes", "visibility": "private"},
    ])))
}

/// The double; its URL.
async fn github() -> String {
    let router = Router::new()
        .route("/login/oauth/authorize", get(authorize))
        .route("/login/oauth/access_token", post(token))
        .route("/api/user", get(user))
        .route("/api/user/emails", get(emails))
        .with_state(Codes::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

async fn provider(secret: &str) -> ProviderSettings {
    let url = github().await;
    ProviderSettings {
        client_id: "hub".to_owned(),
        client_secret: secret.to_owned().into(),
        api_url: Some(format!("{url}/api")),
        issuer: Some(url),
        ..ProviderSettings::default()
    }
}

#[tokio::test]
async fn somebody_signs_in_with_github_by_their_id_and_primary_address() {
    let (server, _mailbox) = server_with("github", provider("hush").await, |_| {}).await;
    assert_eq!(server.get("/api/v1/auth/oauth").await.ok()["items"][0]["label"], "GitHub");
    let mut browser = Browser::new(&server);
    let first = browser.enter("github", "42|Octo@Example.org|yes").await;
    assert_eq!(
        (&first["user"]["email"], &first["user"]["name"]),
        (&json!("octo@example.org"), &json!("octo42"))
    );
    // The same number with another address is the same person; another number is not.
    let again = Browser::new(&server).enter("github", "42|renamed@example.org|no").await;
    assert_eq!(again["user"]["id"], first["user"]["id"]);
    let unverified = Browser::new(&server).go("github", "43|new@example.org|no").await;
    assert_eq!(unverified, ("error".into(), "provider_email_unverified".into()));
    assert_eq!(count(&server, "users").await, 1);
    server.remove().await;
}

#[tokio::test]
async fn a_code_that_github_does_not_know_is_nobody() {
    let (server, _mailbox) = server_with("github", provider("hush").await, |_| {}).await;
    let mut browser = Browser::new(&server);
    let state = parameter(&browser.start("github").await, "state");
    let callback = format!("{PUBLIC}/api/v1/auth/oauth/github/callback?code=made-up&state={state}");
    assert_eq!(browser.land(&callback).await, ("error".into(), "provider_refused".into()));
    server.remove().await;

    let (server, _mailbox) = server_with("github", provider("another secret").await, |_| {}).await;
    let refused = Browser::new(&server).go("github", "42|octo@example.org|yes").await;
    assert_eq!(refused, ("error".into(), "provider_refused".into()));
    server.remove().await;
}
