//! Personal API tokens: what they reach, what they never reach, and their end.

use crate::server::{Answer, PASSWORD, Person, Server};
use reqwest::Method;
use serde_json::{Value, json};

async fn make(person: &Person, scopes: &[&str]) -> Value {
    person.send(Method::POST, "/users/me/tokens", &json!({"name": "CI", "scopes": scopes})).await.ok()
}

#[tokio::test]
async fn a_token_reaches_what_it_was_given() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let project = server.project(&ada).await;
    let path = format!("/projects/{project}");
    let rename = json!({"title": "Other"});

    let made = make(&ada, &["projects:read"]).await;
    assert!(made["token"].as_str().unwrap().starts_with("gw_"));
    let reader = server.as_bearer(&ada, &made["token"]);
    assert_eq!(reader.get(&path).await.ok()["project_id"], project.to_string());
    reader.send(Method::PATCH, &path, &rename).await.refused(403, "scope_missing");
    let writer = server.as_bearer(&ada, &make(&ada, &["projects:write"]).await["token"]);
    writer.get(&path).await.ok();
    writer.send(Method::PATCH, &path, &rename).await.ok();
    let outsider = server.as_bearer(&ada, &make(&ada, &["workspaces:read"]).await["token"]);
    outsider.get(&path).await.refused(403, "scope_missing");
    // It is its person, and nobody else.
    assert_eq!(reader.get("/auth/me").await.ok()["user"]["id"], ada.id.to_string());
    let bob = server.sign_up("bob").await;
    let foreign = server.project(&bob).await;
    writer.get(&format!("/projects/{foreign}")).await.refused(404, "not_found");
    server.remove().await;
}

#[tokio::test]
async fn no_token_reaches_the_account() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let all = ["projects:read", "projects:write", "workspaces:read", "workspaces:write"];
    let made = make(&ada, &all).await;
    let token = server.as_bearer(&ada, &made["token"]);
    let own = format!("/users/me/tokens/{}", made["id"].as_str().unwrap());
    let session = ada.get("/auth/sessions").await.ok()["items"][0]["id"].as_str().unwrap().to_owned();
    let passwords = json!({"old_password": PASSWORD, "new_password": "another password"});
    let again = json!({"password": PASSWORD, "code": "123456"});
    for (method, path, body) in [
        (Method::GET, "/auth/sessions", json!({})),
        (Method::DELETE, "/auth/sessions", json!({})),
        (Method::DELETE, &format!("/auth/sessions/{session}"), json!({})),
        (Method::POST, "/auth/logout", json!({})),
        (Method::POST, "/auth/password/change", passwords),
        (Method::GET, "/users/me/tokens", json!({})),
        (Method::POST, "/users/me/tokens", json!({"name": "x", "scopes": ["projects:read"]})),
        (Method::DELETE, &own, json!({})),
        (Method::GET, "/auth/2fa", json!({})),
        (Method::POST, "/auth/2fa/enable", json!({"password": PASSWORD})),
        (Method::POST, "/auth/2fa/verify", json!({"code": "123456"})),
        (Method::POST, "/auth/2fa/disable", again.clone()),
        (Method::POST, "/auth/2fa/recovery-codes", again),
    ] {
        token.send(method, path, &body).await.refused(403, "scope_missing");
    }
    server.remove().await;
}

#[tokio::test]
async fn a_token_is_shown_once_and_stored_as_its_digest() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let wish = json!({"name": "CI", "scopes": ["projects:read"]});
    let made = ada.send_once("k", Method::POST, "/users/me/tokens", &wish).await;
    assert_eq!(made.status, 201);
    let token = made.ok()["token"].as_str().unwrap().to_owned();
    // A repeat makes no second one, and does not tell the first.
    let again = ada.send_once("k", Method::POST, "/users/me/tokens", &wish).await;
    assert_eq!(again.status, 409);
    assert_eq!(
        (&again.body["code"], &again.headers["idempotent-replayed"]),
        (&json!("shown_once"), &"true".parse().unwrap())
    );
    let list = ada.get("/users/me/tokens").await.ok();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert!(!list.to_string().contains("gw_"));
    for table in ["api_tokens", "idempotency_keys", "audit_logs"] {
        let rows = format!("select coalesce(string_agg(t::text, ' '), '') from {table} t");
        let rows: String =
            sqlx::query_scalar(sqlx::AssertSqlSafe(rows)).fetch_one(&server.owner).await.unwrap();
        let hex: String = token.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(!rows.contains(&token) && !rows.contains(&hex), "{table}");
    }
    assert_eq!(server.audited("token.created").await, 1);
    server.remove().await;
}

#[tokio::test]
async fn a_token_ends_when_it_is_deleted_when_its_time_is_over_and_with_its_person() {
    let server = Server::new().await;
    let (ada, bob) = (server.sign_up("ada").await, server.sign_up("bob").await);
    let first = make(&ada, &["projects:read"]).await;
    let path = format!("/users/me/tokens/{}", first["id"].as_str().unwrap());
    bob.send(Method::DELETE, &path, &json!({})).await.refused(404, "not_found");
    let holder = server.as_bearer(&ada, &first["token"]);
    assert!(ada.get("/users/me/tokens").await.ok()["items"][0]["last_used_at"].is_null());
    holder.get("/projects").await.ok();
    assert!(ada.get("/users/me/tokens").await.ok()["items"][0]["last_used_at"].is_string());
    assert_eq!(ada.send(Method::DELETE, &path, &json!({})).await.status, 204);
    holder.get("/projects").await.refused(401, "unauthorized");

    for over in ["update api_tokens set expires_at = now()", "update users set is_active = false"] {
        let holder = server.as_bearer(&ada, &make(&ada, &["projects:read"]).await["token"]);
        holder.get("/projects").await.ok();
        sqlx::query(over).execute(&server.owner).await.unwrap();
        holder.get("/projects").await.refused(401, "unauthorized");
    }
    server.remove().await;
}

#[tokio::test]
async fn wishes_are_checked_and_counted() {
    let server = Server::with(|settings| settings.identity.api_tokens_max = 1).await;
    let ada = server.sign_up("ada").await;
    let at = |days: i64| (chrono::Utc::now() + chrono::TimeDelta::days(days)).to_rfc3339();
    for (wish, code) in [
        (json!({"name": "CI", "scopes": []}), "invalid_fields"),
        (json!({"name": " ", "scopes": ["projects:read"]}), "invalid_fields"),
        (json!({"name": "CI", "scopes": ["account"]}), "invalid_body"),
        (json!({"name": "CI", "scopes": ["projects:read"], "expires_at": at(-1)}), "invalid_fields"),
        (json!({"name": "CI", "scopes": ["projects:read"], "expires_at": at(366)}), "invalid_fields"),
    ] {
        ada.send(Method::POST, "/users/me/tokens", &wish).await.refused(422, code);
    }
    let wish = json!({"name": "CI", "scopes": ["projects:read"], "expires_at": at(364)});
    ada.send(Method::POST, "/users/me/tokens", &wish).await.ok();
    let problem = ada.send(Method::POST, "/users/me/tokens", &wish).await;
    assert_eq!(problem.refused(429, "limit_reached")["limit"], 1);
    let none = server.request(Method::GET, "/api/v1/projects").bearer_auth("gw_nothing");
    Answer::of(none).await.refused(401, "unauthorized");
    server.remove().await;
}
