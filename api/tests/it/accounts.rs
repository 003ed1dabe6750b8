//! Sign-up, login, logout, and what a person knows of themselves.

use crate::server::{Answer, PASSWORD, Server};
use groundwork_domain::quota::Quota;
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn a_person_signs_up_and_is_somebody_with_a_workspace() {
    let server = Server::new().await;
    let body = json!({"email": " Ada@Example.org ", "password": PASSWORD, "name": "Ada"});
    let answer = server.post("/api/v1/auth/register", &body).await;
    assert_eq!(answer.status, 201);
    let signed_in = answer.ok();
    assert_eq!(signed_in["user"]["email"], "ada@example.org");
    assert_eq!(signed_in["token_type"], "Bearer");
    assert_eq!(signed_in["workspace"]["role"], "owner");
    assert!(!signed_in.to_string().contains("password"));

    let me = Answer::of(
        server
            .request(Method::GET, "/api/v1/auth/me")
            .bearer_auth(signed_in["access_token"].as_str().unwrap()),
    );
    let me = me.await.ok();
    assert_eq!(me["user"]["id"], signed_in["user"]["id"]);
    assert_eq!(me["workspace"], signed_in["workspace"]);
    assert!(me["user"]["last_login_at"].is_string());

    let hash: String =
        sqlx::query_scalar("select password_hash from users").fetch_one(&server.owner).await.unwrap();
    assert!(hash.starts_with("$2b$12$"), "{hash}");
    server.remove().await;
}

#[tokio::test]
async fn an_address_is_taken_once_and_a_repeat_is_the_same_person() {
    let server = Server::new().await;
    let body = json!({"email": "ada@example.org", "password": PASSWORD, "name": "Ada"});
    let sign_up = |body: serde_json::Value| {
        Answer::of(
            server.request(Method::POST, "/api/v1/auth/signup").header("idempotency-key", "k").json(&body),
        )
    };
    let first = sign_up(body.clone()).await.ok();
    let again = sign_up(body.clone()).await.ok();
    assert_eq!(first["user"]["id"], again["user"]["id"]);
    let other = json!({"email": "ada@example.org", "password": "another password", "name": "Ada"});
    sign_up(other).await.refused(409, "email_taken");
    server.post("/api/v1/auth/signup", &body).await.refused(409, "email_taken");
    server.remove().await;
}

#[tokio::test]
async fn fields_are_checked_before_anything_is_done() {
    let server = Server::new().await;
    let long = "x".repeat(129);
    for (field, value) in [
        ("email", "no address"),
        ("email", "a@b"),
        ("email", "two words@example.org"),
        ("password", "seven77"),
        ("password", &long),
        ("name", "  "),
        ("name", "a\nb"),
    ] {
        let mut body = json!({"email": "ada@example.org", "password": PASSWORD, "name": "Ada"});
        body[field] = json!(value);
        let answer = server.post("/api/v1/auth/signup", &body).await;
        let problem = answer.refused(422, "invalid_fields");
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
    let edge = "ü".repeat(128);
    let body = json!({"email": "ada@example.org", "password": edge, "name": "Ada"});
    server.post("/api/v1/auth/signup", &body).await.ok();
    server.post("/api/v1/auth/login", &body).await.ok();
    server.remove().await;
}

#[tokio::test]
async fn wrong_credentials_tell_nothing() {
    let server = Server::new().await;
    server.sign_up("ada").await;
    let login = |email: &str, password: &str| json!({"email": email, "password": password});
    server.post("/api/v1/auth/login", &login("ADA@example.org", PASSWORD)).await.ok();
    let wrong = server.post("/api/v1/auth/login", &login("ada@example.org", "not this one")).await;
    let unknown = server.post("/api/v1/auth/login", &login("bob@example.org", PASSWORD)).await;
    let (wrong, unknown) =
        (wrong.refused(401, "wrong_credentials"), unknown.refused(401, "wrong_credentials"));
    assert_eq!(wrong["detail"], unknown["detail"]);

    // neither inactive nor deleted people come in, and they hear the same.
    for column in ["is_active = false", "is_active = true, is_deleted = true"] {
        sqlx::query(sqlx::AssertSqlSafe(format!("update users set {column}")))
            .execute(&server.owner)
            .await
            .unwrap();
        server
            .post("/api/v1/auth/login", &login("ada@example.org", PASSWORD))
            .await
            .refused(401, "wrong_credentials");
    }
    server.remove().await;
}

#[tokio::test]
async fn a_session_ends_at_once() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    ada.get("/auth/me").await.ok();
    let out = ada.send(Method::POST, "/auth/logout", &json!({})).await;
    assert_eq!(out.status, 204);
    let refused = ada.get("/auth/me").await;
    refused.refused(401, "unauthorized");
    assert_eq!(refused.headers["www-authenticate"], "Bearer");

    let bob = server.sign_up("bob").await;
    sqlx::query("update users set is_active = false").execute(&server.owner).await.unwrap();
    bob.get("/auth/me").await.refused(401, "unauthorized");
    server.remove().await;
}

#[tokio::test]
async fn no_token_and_a_forged_one_are_nobody() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    server.get("/api/v1/projects").await.refused(401, "unauthorized");
    let (head, signature) = ada.token.rsplit_once('.').unwrap();
    let (_, claims) = head.rsplit_once('.').unwrap();
    for forged in [
        format!("{head}.{}", signature.chars().rev().collect::<String>()),
        format!("eyJhbGciOiJub25lIn0.{claims}."),
        "x".to_owned(),
    ] {
        let request = server.request(Method::GET, "/api/v1/projects").bearer_auth(forged);
        Answer::of(request).await.refused(401, "unauthorized");
    }
    server.remove().await;
}

#[tokio::test]
async fn a_failed_login_is_noted_for_its_person_and_one_for_nobody_nowhere() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    for email in ["ada@example.org", "nobody@example.org"] {
        let body = json!({"email": email, "password": "not the password"});
        server.post("/api/v1/auth/login", &body).await.refused(401, "wrong_credentials");
    }
    let failed = "select user_id from audit_logs where action = 'login.failed'";
    let deadline = std::time::Instant::now() + crate::live::PATIENCE;
    loop {
        let noted: Vec<uuid::Uuid> = sqlx::query_scalar(failed).fetch_all(&server.owner).await.unwrap();
        if noted == [ada.id.0] {
            break;
        }
        assert!(noted.is_empty() && std::time::Instant::now() < deadline, "{noted:?}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    server.remove().await;
}

#[tokio::test]
async fn the_cap_of_accounts_can_be_a_quota_like_others() {
    let server = Server::with(|settings| settings.quotas.set(Quota::Accounts, 1)).await;
    server.sign_up("ada").await;
    let body = json!({"email": "bob@example.org", "password": PASSWORD, "name": "Bob"});
    server.post("/api/v1/auth/signup", &body).await.refused(429, "limit_reached");
    server.remove().await;
}

#[tokio::test]
async fn an_installation_can_be_full() {
    let server = Server::with(|settings| settings.users_max = 1).await;
    server.sign_up("ada").await;
    let body = json!({"email": "bob@example.org", "password": PASSWORD, "name": "Bob"});
    let answer = server.post("/api/v1/auth/signup", &body).await;
    let problem = answer.refused(429, "limit_reached");
    assert_eq!((&problem["limit"], &problem["used"]), (&json!(1), &json!(1)));
    server.remove().await;
}
