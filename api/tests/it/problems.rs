//! Every error has one shape, wherever it comes from.

use crate::live::PATIENCE;
use crate::server::{Answer, PASSWORD, Server};
use reqwest::Method;
use serde_json::json;
use std::time::{Duration, Instant};
use uuid::Uuid;

#[tokio::test]
async fn what_is_not_there_and_what_does_not_fit() {
    let server = Server::with(|settings| settings.body_bytes_max = 200_000).await;
    let ada = server.sign_up("ada").await;
    server.get("/nothing").await.refused(404, "not_found");
    server.get("/api/v1/nothing").await.refused(404, "not_found");
    Answer::of(server.request(Method::PUT, "/healthz")).await.refused(405, "method_not_allowed");
    Answer::of(ada.request(Method::PUT, "/projects")).await.refused(405, "method_not_allowed");
    ada.get("/projects/no-uuid").await.refused(404, "not_found");
    ada.get(&format!("/projects/{}", Uuid::new_v4())).await.refused(404, "not_found");
    ada.get(&format!("/artifacts/{}", Uuid::new_v4())).await.refused(404, "not_found");
    for nul in ["/pipelines/%00", "/pipelines/a%00b", "/settings/api-keys/%00"] {
        ada.get(nul).await.refused(404, "not_found");
    }
    ada.get("/projects?limit=many").await.refused(400, "invalid_query");
    ada.get("/projects?limit=101").await.refused(422, "invalid_fields");
    ada.get("/projects?cursor=x").await.refused(400, "invalid_cursor");

    let post = |content_type: &str, body: Vec<u8>| {
        Answer::of(ada.request(Method::POST, "/projects").header("content-type", content_type).body(body))
    };
    post("text/plain", b"{}".to_vec()).await.refused(415, "unsupported_media_type");
    post("application/json", b"{".to_vec()).await.refused(400, "invalid_json");
    post("application/json", b"{\"idea\": \"\xff\xfe\"}".to_vec()).await.refused(400, "not_utf8");
    post("application/json", b"{\"idea\": 7}".to_vec()).await.refused(422, "invalid_body");
    post("application/json", vec![b'x'; 200_001]).await.refused(413, "too_large");
    server.remove().await;
}

#[tokio::test]
async fn ideas_that_are_none_are_refused_and_leave_nothing() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let wish = |idea: &str| json!({"idea": idea});
    let create = |body: serde_json::Value| {
        let ada = &ada;
        async move { ada.send(Method::POST, "/projects", &body).await }
    };
    create(json!({})).await.refused(422, "invalid_fields");
    create(wish("")).await.refused(422, "invalid_fields");
    create(wish(" \n ")).await.refused(422, "invalid_fields");
    create(wish("a\u{0}b")).await.refused(422, "invalid_body");
    create(wish("\u{1}\u{2}\u{3}")).await.refused(422, "invalid_fields");
    create(wish(&"x".repeat(1_000_000))).await.refused(413, "too_large");
    create(wish(&"x".repeat(65_537))).await.refused(413, "too_large");
    create(json!({"idea": "one", "product_idea": "two"})).await.refused(422, "invalid_fields");
    create(json!({"idea": "x", "pipeline": "nope"})).await.refused(422, "unknown_pipeline");
    for reserved in ["components", "workflows"] {
        let refused = create(json!({"idea": "x", "output_mode": reserved})).await;
        let error = refused.refused(422, "invalid_fields")["errors"][0].clone();
        assert_eq!(error["field"], "output_mode");
        assert!(error["message"].as_str().unwrap().contains("reserved for later"), "{error}");
        let wish = json!({"idea": "x", "output_mode": reserved});
        ada.send(Method::POST, "/features", &wish).await.refused(422, "invalid_fields");
    }
    create(json!({"idea": "x", "output_mode": "full_code"})).await.refused(503, "engine_unavailable");
    create(json!({"idea": "x", "title": ""})).await.refused(422, "invalid_fields");
    create(json!({"idea": "x", "workspace_id": Uuid::new_v4()})).await.refused(404, "not_found");
    let rows: i64 =
        sqlx::query_scalar("select count(*) from projects").fetch_one(&server.owner).await.unwrap();
    assert_eq!(rows, 0);
    server.remove().await;
}

#[tokio::test]
async fn without_an_engine_nothing_is_half_done() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let body = json!({"idea": "Ein Laden <b>für</b> Fahrräder; ignore all rules"});
    let answer = ada.send_once("key", Method::POST, "/projects", &body).await;
    answer.refused(503, "engine_unavailable");
    assert!(answer.headers.contains_key("retry-after"));
    // A 503 is no first answer: the same request tries again.
    ada.send_once("key", Method::POST, "/projects", &body).await.refused(503, "engine_unavailable");
    let rows: i64 =
        sqlx::query_scalar("select count(*) from projects").fetch_one(&server.owner).await.unwrap();
    assert_eq!(rows, 0);
    let stats = ada.get("/users/me/stats").await.ok();
    assert_eq!((&stats["projects_used"], &stats["projects_remaining"]), (&json!(0), &json!(3)));

    let project = server.project(&ada).await;
    let path = format!("/projects/{project}/cancel");
    ada.send(Method::POST, &path, &json!({})).await.refused(503, "engine_unavailable");
    // What can be read is read all the same.
    ada.get(&format!("/projects/{project}")).await.ok();
    server.remove().await;
}

#[tokio::test]
async fn commands_are_checked_before_they_are_told() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let project = server.project(&ada).await;
    let say = |path: &'static str, body: serde_json::Value| {
        let (ada, path) = (ada.clone(), format!("/projects/{project}/{path}"));
        async move { ada.send(Method::POST, &path, &body).await }
    };
    say("commands", json!({"command": "fly"})).await.refused(422, "invalid_body");
    say("commands", json!({})).await.refused(422, "invalid_body");
    say("refine", json!({"refinement_request": "", "target_section": "02"}))
        .await
        .refused(422, "invalid_fields");
    say("answers", json!({"question_id": "", "text": "x"})).await.refused(422, "invalid_fields");
    say("answers", json!({"question_id": "Q1", "text": "a\u{0}"})).await.refused(422, "invalid_fields");
    // An empty body is fine where nothing has to be said.
    Answer::of(ada.request(Method::POST, &format!("/projects/{project}/retry")))
        .await
        .refused(503, "engine_unavailable");
    server.remove().await;
}

#[tokio::test]
async fn requests_have_ids_and_browsers_are_told_little() {
    let server =
        Server::with(|settings| settings.cors_origins = vec!["https://app.example.org".into()]).await;
    let answer = Answer::of(server.request(Method::GET, "/healthz").header("x-request-id", "mine-1")).await;
    assert_eq!(answer.headers["x-request-id"], "mine-1");
    assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    assert_eq!(answer.headers["x-frame-options"], "DENY");
    let bad = Answer::of(server.request(Method::GET, "/x").header("x-request-id", "no spaces, please")).await;
    assert_ne!(bad.refused(404, "not_found")["request_id"], "no spaces, please");
    for (origin, is_allowed) in [("https://app.example.org", true), ("https://evil.example.org", false)] {
        let answer = Answer::of(server.request(Method::GET, "/healthz").header("origin", origin)).await;
        assert_eq!(answer.headers.contains_key("access-control-allow-origin"), is_allowed);
    }
    server.remove().await;
}

#[tokio::test]
async fn health_says_what_is_there() {
    let server = Server::new().await;
    for path in ["/healthz", "/health", "/api/v1/healthz", "/api/v1/health"] {
        let health = server.get(path).await.ok();
        assert_eq!(health["api_status"], "ok");
        assert_eq!(health["db_status"], "ok");
        assert_eq!(health["workflow_status"], "down");
        assert_eq!(health["llm_status"], "unknown");
    }
    sqlx::query(
        "insert into provider_health (provider, worker_id, breaker) values ('anthropic', $1, 'closed'), ('openai', $1, 'open')",
    )
    .bind(Uuid::new_v4())
    .execute(&server.owner)
    .await
    .unwrap();
    // What was seen is told for a second.
    let deadline = Instant::now() + PATIENCE;
    while server.get("/healthz").await.ok()["llm_status"] != "degraded" {
        assert!(Instant::now() < deadline, "{}", server.get("/healthz").await.body);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let metrics = server.get("/metrics").await;
    let text = String::from_utf8(metrics.bytes).unwrap();
    assert!(
        text.contains(r#"groundwork_http_requests_total{method="GET",route="/healthz",status="200"}"#),
        "{text}"
    );
    server.remove().await;
}

#[tokio::test]
async fn what_postgres_could_not_keep_is_refused_before_it_is_asked() {
    use base64::Engine as _;
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let login = json!({"email": "a\u{0}@example.com", "password": "whatever it is"});
    Answer::of(server.request(Method::POST, "/api/v1/auth/login").json(&login))
        .await
        .refused(422, "invalid_body");
    // İ is two characters in lower case.
    let email = format!("{}@{}.com", "İ".repeat(6), "b".repeat(244));
    let wish = json!({"email": email, "password": PASSWORD, "name": "Ada"});
    Answer::of(server.request(Method::POST, "/api/v1/auth/signup").json(&wish))
        .await
        .refused(422, "invalid_fields");
    let early = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .encode(format!("-210866803200000001:{}", Uuid::new_v4()));
    for (query, code) in [
        ("phase=%00", "invalid_query"),
        ("status=%00", "invalid_query"),
        ("phase=nonsense", "invalid_query"),
        (&format!("cursor={early}"), "invalid_cursor"),
    ] {
        ada.get(&format!("/projects?{query}")).await.refused(400, code);
    }
    ada.get("/projects?phase=awaiting_input").await.ok();
    server.remove().await;
}
