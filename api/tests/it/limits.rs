//! Limits: their defaults, what is said where one is reached, and that all replicas count together. Then limits in time and size
//! of single requests.

use crate::live::PATIENCE;
use crate::server::{Answer, PASSWORD, Server};
use groundwork_domain::quota::{Quota, Quotas, Tier};
use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What the header `RateLimit` says is left.
fn left(answer: &Answer) -> u32 {
    let value = answer.headers["ratelimit"].to_str().unwrap();
    let left = value.split(';').find_map(|part| part.strip_prefix("r=")).unwrap();
    left.parse().unwrap()
}

/// The hour of the clock: windows of an hour are aligned to it, and one may end in the middle of a test.
pub(crate) fn hour() -> i64 {
    chrono::Utc::now().timestamp() / 3_600
}

/// Asks until it is refused. How many answers there were in the window of the refusal: windows begin anew while this runs.
async fn used_up(request: impl AsyncFn(usize) -> Answer, most: u32) -> (u32, Answer) {
    let (mut count, mut before) = (0, most);
    for number in 0..3 * most as usize {
        let answer = request(number).await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            return (count, answer);
        }
        let left = left(&answer);
        // Each answer of a window leaves less than the one before it.
        count = if left >= before { 1 } else { count + 1 };
        before = left;
    }
    panic!("{most} is no limit");
}

#[tokio::test]
async fn an_address_may_ask_a_hundred_times_a_minute() {
    let server = Server::with(|settings| settings.quotas = Quotas::default()).await;
    let ask = async |_| server.post("/api/v1/auth/login", &json!({})).await;
    let (count, answer) = used_up(ask, 100).await;
    assert_eq!(count, 100);
    let problem = answer.refused(429, "limit_reached");
    assert_eq!((&problem["limit"], &problem["used"]), (&json!(100), &json!(100)));
    let resets_at: chrono::DateTime<chrono::Utc> = problem["resets_at"].as_str().unwrap().parse().unwrap();
    let in_s = (resets_at - chrono::Utc::now()).num_seconds();
    assert!((-1..=60).contains(&in_s), "{in_s}");
    assert_eq!(answer.headers["ratelimit-policy"], "\"anonymous_requests\";q=100;w=60");
    let retry_after: u32 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&retry_after));
    // Whoever watches over the process goes on.
    server.get("/api/v1/healthz").await.ok();
    let metrics = String::from_utf8(server.get("/metrics").await.bytes).unwrap();
    assert!(
        metrics.contains(r#"groundwork_limits_total{limit="anonymous_requests",outcome="near"}"#),
        "{metrics}"
    );
    server.remove().await;
}

#[tokio::test]
async fn a_person_may_ask_so_often_of_all_replicas_together() {
    // Six hundred times a minute; here as often as a busy machine surely answers in one.
    assert_eq!(Quotas::default().most(Quota::Requests, Tier::Free), Some(600));
    let server = Server::with(|settings| settings.quotas.set(Quota::Requests, 100)).await;
    let ada = server.sign_up("ada").await;
    let urls = [server.url.clone(), server.replica().await];
    let ask = async |number: usize| {
        let url = format!("{}/api/v1/auth/me", urls[number % 2]);
        Answer::of(server.http.get(url).bearer_auth(&ada.token)).await
    };
    let (count, answer) = used_up_together(ask, 100).await;
    // What the other replica took and did not use is lost: at most one share.
    assert!((90..=100).contains(&count), "{count}");
    assert_eq!(answer.headers["ratelimit-policy"], "\"requests\";q=100;w=60");
    answer.refused(429, "limit_reached");
    // Another person has not used anything.
    let bob = server.sign_up("bob").await;
    assert!(left(&bob.get("/auth/me").await) >= 90);
    server.remove().await;
}

/// As `used_up`, where each replica knows of the other's use only when it takes another share.
async fn used_up_together(request: impl AsyncFn(usize) -> Answer, most: u32) -> (u32, Answer) {
    // Windows are minutes of the clock; one may end in the middle of this.
    let (mut count, mut window) = (0, 0);
    for number in 0..3 * most as usize {
        let now = chrono::Utc::now().timestamp() / 60;
        if now != window {
            (count, window) = (0, now);
        }
        let answer = request(number).await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            return (count, answer);
        }
        count += 1;
    }
    panic!("{most} is no limit");
}

#[tokio::test]
async fn tokens_that_are_refused_are_counted_by_address() {
    let server = Server::with(|settings| settings.quotas.set(Quota::AnonymousRequests, 3)).await;
    let ask = async |_| Answer::of(server.request(Method::GET, "/api/v1/auth/me").bearer_auth("guess")).await;
    let (count, answer) = used_up(ask, 3).await;
    assert_eq!(count, 3);
    answer.refused(429, "limit_reached");
    server.remove().await;
}

#[tokio::test]
async fn one_place_makes_so_many_accounts() {
    let (server, answer) = loop {
        let began = hour();
        let server = Server::with(|settings| settings.quotas.set(Quota::SignUps, 2)).await;
        for name in ["ada", "bob"] {
            server.sign_up(name).await;
        }
        let body = json!({"email": "eve@example.org", "password": PASSWORD, "name": "eve"});
        let answer = server.post("/api/v1/auth/signup", &body).await;
        if hour() == began {
            break (server, answer);
        }
        server.remove().await;
    };
    let problem = answer.refused(429, "limit_reached");
    assert_eq!((&problem["limit"], &problem["used"]), (&json!(2), &json!(2)));
    assert_eq!(answer.headers["ratelimit-policy"], "\"sign_ups\";q=2;w=3600");
    server.remove().await;
}

#[tokio::test]
async fn a_person_has_three_promptr_projects_and_ten_in_all() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let create = async || ada.send(Method::POST, "/projects", &json!({"idea": "x"})).await;
    let set = async |words: &str| {
        let sql = sqlx::AssertSqlSafe(format!("update users set {words}"));
        sqlx::query(sql).execute(&server.owner).await.unwrap();
    };
    create().await.refused(503, "engine_unavailable");
    set("projects_created = 3").await;
    let answer = create().await;
    assert_eq!(answer.refused(429, "limit_reached")["limit"], 3);
    let stats = ada.get("/users/me/stats").await.ok();
    assert_eq!(
        stats["limits"],
        json!([{"name": "promptr_projects", "limit": 3, "used": 3, "is_near": true},
               {"name": "projects", "limit": 10, "used": 0, "is_near": false}])
    );

    set("projects_created = 0").await;
    for _ in 0..10 {
        server.project(&ada).await;
    }
    let answer = create().await;
    let problem = answer.refused(429, "limit_reached");
    assert_eq!((&problem["limit"], &problem["used"]), (&json!(10), &json!(10)));
    // Deleted ones do not count, and what is paid for has no such limit.
    let sql = "update projects set lifecycle = 'deleted', deleted_at = now()
        where id = (select id from projects limit 1)";
    sqlx::query(sql).execute(&server.owner).await.unwrap();
    create().await.refused(503, "engine_unavailable");
    server.project(&ada).await;
    create().await.refused(429, "limit_reached");
    sqlx::query("update workspaces set plan_tier = 'paid'").execute(&server.owner).await.unwrap();
    create().await.refused(503, "engine_unavailable");
    server.remove().await;
}

#[tokio::test]
async fn a_head_that_does_not_come_ends_its_connection() {
    let server = Server::with(|settings| settings.head_ms_max = 200).await;
    let address = server.url.strip_prefix("http://").unwrap();
    for begin in ["", "GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow: "] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(begin.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("it is still open").ok();
    }
    server.remove().await;
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up() {
    let server = Server::with(|settings| settings.request_ms_max = 300).await;
    let address = server.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = "POST /api/v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{";
    stream.write_all(head.as_bytes()).await.unwrap();
    // Head and body may come one after the other.
    let mut answer = String::new();
    while !answer.contains("\"code\":\"timeout\"") {
        let mut piece = [0; 4_096];
        let read = tokio::time::timeout(PATIENCE, stream.read(&mut piece)).await;
        let count = read.unwrap_or_else(|_| panic!("no more comes: {answer}")).unwrap();
        assert!(count > 0, "it ends: {answer}");
        answer.push_str(&String::from_utf8_lossy(&piece[..count]));
    }
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    server.remove().await;
}

#[tokio::test]
async fn a_body_has_ten_mebibytes_at_most() {
    let server = Server::new().await;
    let post = |bytes: usize| {
        let mut body = br#"{"email": ""#.to_vec();
        body.resize(bytes, b'x');
        let request = server.request(Method::POST, "/api/v1/auth/login");
        Answer::of(request.header("content-type", "application/json").body(body))
    };
    post(10 * 1024 * 1024).await.refused(400, "invalid_json");
    post(10 * 1024 * 1024 + 1).await.refused(413, "too_large");
    server.remove().await;
}

#[tokio::test]
async fn secrets_are_taken_out_of_what_is_stored() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let project = server.project(&ada).await;
    let title = format!("Pay with sk_live_{}", "a1B2c3D4".repeat(3));
    let answer =
        ada.send(Method::PATCH, &format!("/projects/{project}"), &json!({"title": title})).await.ok();
    assert_eq!(answer["title"], "Pay with [redacted: service token]");
    server.remove().await;
}
