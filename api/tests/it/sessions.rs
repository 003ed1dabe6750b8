//! Sessions: refreshing, what becomes of a token that was copied, the list, and ending them.

use crate::live::PATIENCE;
use crate::server::{Answer, PASSWORD, Server};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::timeout;
use uuid::Uuid;

async fn refresh(server: &Server, token: &str, key: Option<&str>) -> Answer {
    let request = server.request(Method::POST, "/api/v1/auth/refresh");
    let request = request.json(&json!({"refresh_token": token}));
    Answer::of(match key {
        Some(key) => request.header("idempotency-key", key),
        None => request,
    })
    .await
}

async fn statement(server: &Server, sql: &'static str) {
    sqlx::query(sql).execute(&server.owner).await.unwrap();
}

#[tokio::test]
async fn refreshing_goes_on_with_new_tokens_of_the_same_session() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let tokens = refresh(&server, &ada.refresh, None).await.ok();
    assert_ne!(tokens["refresh_token"], ada.refresh);
    assert_eq!(tokens["token_type"], "Bearer");
    let again = server.as_bearer(&ada, &tokens["access_token"]);
    let sessions = again.get("/auth/sessions").await.ok();
    assert_eq!(sessions["items"].as_array().unwrap().len(), 1);
    // The first access token was not called back: its fifteen minutes run on.
    ada.get("/auth/me").await.ok();
    refresh(&server, tokens["refresh_token"].as_str().unwrap(), None).await.ok();
    refresh(&server, "gwr_unknown", None).await.refused(401, "invalid_refresh_token");
    server.post("/api/v1/auth/refresh", &json!({})).await.refused(401, "invalid_refresh_token");
    let stored: Vec<String> =
        sqlx::query_scalar("select digest from refresh_tokens").fetch_all(&server.owner).await.unwrap();
    assert!(stored.len() == 3 && stored.iter().all(|digest| !digest.contains("gwr_")));
    server.remove().await;
}

#[tokio::test]
async fn a_spent_refresh_token_ends_its_session_and_no_other() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let other = server.log_in("ada").await;
    let tokens = refresh(&server, &ada.refresh, Some("k")).await.ok();
    // Another key: not the same request, so somebody has a copy.
    refresh(&server, &ada.refresh, Some("l")).await.refused(401, "invalid_refresh_token");
    assert_eq!(server.audited("session.replayed").await, 1);
    let thief = server.as_bearer(&ada, &tokens["access_token"]);
    thief.get("/auth/me").await.refused(401, "unauthorized");
    let successor = tokens["refresh_token"].as_str().unwrap();
    refresh(&server, successor, None).await.refused(401, "invalid_refresh_token");
    server.as_bearer(&ada, &other["access_token"]).get("/auth/me").await.ok();
    assert_eq!(server.audited("session.replayed").await, 1);
    server.remove().await;
}

#[tokio::test]
async fn a_lost_answer_is_given_again_to_the_same_request_for_a_moment() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let first = refresh(&server, &ada.refresh, Some("k")).await.ok();
    let again = refresh(&server, &ada.refresh, Some("k")).await.ok();
    assert_eq!(first["refresh_token"], again["refresh_token"]);
    // Once the successor is spent, the answer had arrived: whoever asks now is somebody else.
    refresh(&server, again["refresh_token"].as_str().unwrap(), None).await.ok();
    refresh(&server, &ada.refresh, Some("k")).await.refused(401, "invalid_refresh_token");
    assert_eq!(server.audited("session.replayed").await, 1);

    let bob = server.sign_up("bob").await;
    refresh(&server, &bob.refresh, Some("k")).await.ok();
    statement(&server, "update refresh_tokens set spent_at = spent_at - interval '61 seconds'").await;
    refresh(&server, &bob.refresh, Some("k")).await.refused(401, "invalid_refresh_token");
    assert_eq!(server.audited("session.replayed").await, 2);
    server.remove().await;
}

#[tokio::test]
async fn of_two_refreshes_at_once_one_succeeds_and_the_copy_is_noticed() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let (one, two) = tokio::join!(refresh(&server, &ada.refresh, None), refresh(&server, &ada.refresh, None));
    let statuses = [one.status.as_u16(), two.status.as_u16()];
    assert!(statuses == [200, 401] || statuses == [401, 200], "{statuses:?}");
    ada.get("/auth/me").await.refused(401, "unauthorized");
    // The same with one key is one request.
    let bob = server.sign_up("bob").await;
    let both =
        tokio::join!(refresh(&server, &bob.refresh, Some("k")), refresh(&server, &bob.refresh, Some("k")));
    assert_eq!(both.0.ok()["refresh_token"], both.1.ok()["refresh_token"]);
    server.remove().await;
}

#[tokio::test]
async fn a_session_is_over_after_its_days_and_with_its_person() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    statement(&server, "update users set is_active = false").await;
    refresh(&server, &ada.refresh, None).await.refused(401, "invalid_refresh_token");
    statement(&server, "update users set is_active = true").await;
    let tokens = refresh(&server, &ada.refresh, None).await.ok();
    let days = "select round(extract(epoch from expires_at - created_at) / 86400)::integer from sessions";
    let days: i32 = sqlx::query_scalar(days).fetch_one(&server.owner).await.unwrap();
    assert_eq!(days, 7);
    statement(&server, "update sessions set expires_at = now()").await;
    let successor = tokens["refresh_token"].as_str().unwrap();
    refresh(&server, successor, None).await.refused(401, "invalid_refresh_token");
    ada.get("/auth/me").await.refused(401, "unauthorized");
    server.remove().await;
}

#[tokio::test]
async fn an_access_token_lives_fifteen_minutes_and_no_longer_than_its_session() {
    let server = Server::new().await;
    let claims = |token: &Value| -> Value {
        let claims = token.as_str().unwrap().split('.').nth(1).unwrap().to_owned();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
    };
    server.sign_up("ada").await;
    let signed_in = server.log_in("ada").await;
    let said = claims(&signed_in["access_token"]);
    assert_eq!(said["exp"].as_i64().unwrap() - said["iat"].as_i64().unwrap(), 15 * 60);
    statement(&server, "update sessions set expires_at = now() + interval '5 minutes'").await;
    let tokens = refresh(&server, signed_in["refresh_token"].as_str().unwrap(), None).await.ok();
    let said = claims(&tokens["access_token"]);
    assert!(said["exp"].as_i64().unwrap() - said["iat"].as_i64().unwrap() <= 300);
    server.remove().await;
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one_or_all_others() {
    let server = Server::new().await;
    let (ada, bob) = (server.sign_up("ada").await, server.sign_up("bob").await);
    let login = json!({"email": "ada@example.org", "password": PASSWORD});
    let phone = server.request(Method::POST, "/api/v1/auth/login").header("user-agent", "a phone");
    let phone = Answer::of(phone.json(&login)).await.ok();
    let phone = server.as_bearer(&ada, &phone["access_token"]);

    let list = ada.get("/auth/sessions").await.ok();
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    let current: Vec<_> = items.iter().filter(|session| session["is_current"] == true).collect();
    let on_phone = items.iter().find(|session| session["user_agent"] == "a phone").unwrap();
    assert_eq!((current.len(), &on_phone["is_current"]), (1, &json!(false)));
    assert_eq!(on_phone["ip"], "127.0.0.1");

    // Somebody else's session is no session.
    let path = format!("/auth/sessions/{}", on_phone["id"].as_str().unwrap());
    bob.send(Method::DELETE, &path, &json!({})).await.refused(404, "not_found");
    phone.get("/auth/me").await.ok();
    assert_eq!(ada.send(Method::DELETE, &path, &json!({})).await.status, 204);
    phone.get("/auth/me").await.refused(401, "unauthorized");
    ada.send(Method::DELETE, &path, &json!({})).await.refused(404, "not_found");
    assert_eq!(server.audited("session.revoked").await, 1);

    let third = server.log_in("ada").await;
    let ended = ada.send(Method::DELETE, "/auth/sessions", &json!({})).await.ok();
    assert_eq!(ended["ended"], 1);
    server.as_bearer(&ada, &third["access_token"]).get("/auth/me").await.refused(401, "unauthorized");
    refresh(&server, third["refresh_token"].as_str().unwrap(), None)
        .await
        .refused(401, "invalid_refresh_token");
    for person in [&ada, &bob] {
        person.get("/auth/me").await.ok();
    }
    server.remove().await;
}

#[tokio::test]
async fn being_seen_is_noted_once_a_minute_without_a_write_a_request() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let version = || async {
        sqlx::query_scalar::<_, String>("select xmin::text from sessions")
            .fetch_one(&server.owner)
            .await
            .unwrap()
    };
    let before = version().await;
    for _ in 0..5 {
        ada.get("/auth/me").await.ok();
    }
    assert_eq!(version().await, before, "nothing was written");
    statement(&server, "update sessions set last_seen_at = now() - interval '61 seconds'").await;
    let before = version().await;
    ada.get("/auth/me").await.ok();
    assert_ne!(version().await, before);
    let is_fresh: bool =
        sqlx::query_scalar("select last_seen_at > now() - interval '30 seconds' from sessions")
            .fetch_one(&server.owner)
            .await
            .unwrap();
    assert!(is_fresh);
    server.remove().await;
}

#[tokio::test]
async fn streams_end_with_their_session() {
    let server = Server::with(|settings| settings.stream_ping_ms = 50).await;
    let ada = server.sign_up("ada").await;
    let project = server.project(&ada).await;
    let other = server.log_in("ada").await;
    let other = server.as_bearer(&ada, &other["access_token"]);
    let stream = other
        .request(Method::GET, &format!("/projects/{project}/events"))
        .header("accept", "text/event-stream")
        .send()
        .await
        .unwrap();
    assert_eq!(stream.status(), 200);
    ada.send(Method::DELETE, "/auth/sessions", &json!({})).await.ok();
    let ended = timeout(PATIENCE, stream.bytes()).await.expect("the stream ends");
    assert!(ended.is_ok());
    server.remove().await;
}

#[tokio::test]
async fn another_password_ends_all_other_sessions() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let other = server.log_in("ada").await;
    let change = |old: &str, new: &str| json!({"old_password": old, "new_password": new});
    let path = "/auth/password/change";
    let wrong = ada.send(Method::POST, path, &change("not this one", "another password")).await;
    assert_eq!(wrong.refused(422, "invalid_fields")["errors"][0]["field"], "old_password");
    ada.send(Method::POST, path, &change(PASSWORD, "short")).await.refused(422, "invalid_fields");
    let ended = ada.send(Method::POST, path, &change(PASSWORD, "another password")).await.ok();
    assert_eq!(ended["ended"], 1);
    ada.get("/auth/me").await.ok();
    server.as_bearer(&ada, &other["access_token"]).get("/auth/me").await.refused(401, "unauthorized");
    let login = |password: &str| json!({"email": "ada@example.org", "password": password});
    server.post("/api/v1/auth/login", &login(PASSWORD)).await.refused(401, "wrong_credentials");
    server.post("/api/v1/auth/login", &login("another password")).await.ok();
    assert_eq!(server.audited("password.changed").await, 1);
    server.remove().await;
}

#[tokio::test]
async fn a_token_is_verified_with_the_published_key() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let answer = server.get("/.well-known/jwks.json").await;
    let keys: JwkSet = serde_json::from_slice(&answer.bytes).unwrap();
    let header = jsonwebtoken::decode_header(&ada.token).unwrap();
    assert_eq!(header.alg, Algorithm::EdDSA);
    let key = keys.find(header.kid.as_deref().unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&["groundwork"]);
    let token = jsonwebtoken::decode::<Value>(&ada.token, &DecodingKey::from_jwk(key).unwrap(), &validation);
    assert_eq!(token.unwrap().claims["sub"], ada.id.to_string());
    assert!(!answer.body.to_string().contains("\"d\""), "no private part");
    let unknown = Uuid::new_v4().to_string();
    assert!(keys.find(&unknown).is_none());
    server.remove().await;
}
