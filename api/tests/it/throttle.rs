//! Guessing passwords is slowed down; whoever guesses from elsewhere keeps nobody out.

use crate::server::{Answer, PASSWORD, Server};
use reqwest::Method;
use serde_json::json;

const HOME: &str = "198.51.100.7";
const ELSEWHERE: &str = "203.0.113.9";

async fn behind_a_proxy(pair: u32, address: u32, account: u32) -> Server {
    Server::with(|settings| {
        settings.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
        settings.identity.failures_pair_max = pair;
        settings.identity.failures_address_max = address;
        settings.identity.failures_account_max = account;
    })
    .await
}

async fn log_in(server: &Server, from: &str, email: &str, password: &str) -> Answer {
    let body = json!({"email": email, "password": password});
    let request = server.request(Method::POST, "/api/v1/auth/login").header("x-forwarded-for", from);
    Answer::of(request.json(&body)).await
}

#[tokio::test]
async fn a_guesser_is_slowed_down_and_the_owner_is_not() {
    let server = behind_a_proxy(3, 100, 100).await;
    server.sign_up("ada").await;
    log_in(&server, HOME, "ada@example.org", PASSWORD).await.ok();
    for _ in 0..3 {
        log_in(&server, ELSEWHERE, "ada@example.org", "guess guess").await.refused(401, "wrong_credentials");
    }
    let blocked = log_in(&server, ELSEWHERE, "ada@example.org", PASSWORD).await;
    let problem = blocked.refused(429, "limit_reached");
    assert_eq!((&problem["limit"], &problem["used"]), (&json!(3), &json!(3)));
    let wait: u32 = blocked.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=30).contains(&wait), "{wait}");
    log_in(&server, HOME, "ada@example.org", PASSWORD).await.ok();
    // The pause is over: the next failure makes it twice as long.
    sqlx::query("update attempt_counters set blocked_until = now() - interval '1 second'")
        .execute(&server.owner)
        .await
        .unwrap();
    log_in(&server, ELSEWHERE, "ada@example.org", "guess guess").await.refused(401, "wrong_credentials");
    let longer = log_in(&server, ELSEWHERE, "ada@example.org", PASSWORD).await;
    let wait: u32 = longer.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((31..=60).contains(&wait), "{wait}");
    // Right in the end: the pair begins anew.
    sqlx::query("update attempt_counters set blocked_until = null").execute(&server.owner).await.unwrap();
    log_in(&server, ELSEWHERE, "ada@example.org", PASSWORD).await.ok();
    log_in(&server, ELSEWHERE, "ada@example.org", "guess guess").await.refused(401, "wrong_credentials");
    log_in(&server, ELSEWHERE, "ada@example.org", PASSWORD).await.ok();
    server.remove().await;
}

#[tokio::test]
async fn guessing_from_many_addresses_stops_strangers_and_never_the_owner_at_home() {
    let server = behind_a_proxy(100, 100, 4).await;
    server.sign_up("ada").await;
    log_in(&server, HOME, "ada@example.org", PASSWORD).await.ok();
    for host in 1..=4 {
        let from = format!("203.0.113.{host}");
        log_in(&server, &from, "ada@example.org", "guess guess").await.refused(401, "wrong_credentials");
    }
    log_in(&server, "203.0.113.200", "ada@example.org", PASSWORD).await.refused(429, "limit_reached");
    log_in(&server, HOME, "ada@example.org", PASSWORD).await.ok();
    // A wrong password at home is one, and does not lock the door either.
    log_in(&server, HOME, "ada@example.org", "a typo, sorry").await.refused(401, "wrong_credentials");
    log_in(&server, HOME, "ada@example.org", PASSWORD).await.ok();
    server.remove().await;
}

#[tokio::test]
async fn one_address_cannot_try_many_accounts() {
    let server = behind_a_proxy(100, 3, 100).await;
    server.sign_up("ada").await;
    server.sign_up("bob").await;
    log_in(&server, ELSEWHERE, "bob@example.org", PASSWORD).await.ok();
    for name in ["one", "two", "three"] {
        let email = format!("{name}@example.org");
        log_in(&server, ELSEWHERE, &email, "guess guess").await.refused(401, "wrong_credentials");
    }
    // Nobody in particular was guessed, and unknown people are counted as known ones are.
    log_in(&server, ELSEWHERE, "ada@example.org", PASSWORD).await.refused(429, "limit_reached");
    // Bob signed in from there before; Ada is at home elsewhere.
    log_in(&server, ELSEWHERE, "bob@example.org", PASSWORD).await.ok();
    log_in(&server, HOME, "ada@example.org", PASSWORD).await.ok();
    server.remove().await;
}

#[tokio::test]
async fn many_attempts_at_once_are_counted_one_by_one() {
    let server = behind_a_proxy(3, 100, 100).await;
    server.sign_up("ada").await;
    let attempts = (0..10).map(|_| log_in(&server, ELSEWHERE, "ada@example.org", "guess guess"));
    let answers = futures::future::join_all(attempts).await;
    let count = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
    // On a machine that does much else some may find no turn to be compared in time; they are counted all the same.
    let (compared, late, refused) = (count(401), count(503), count(429));
    assert_eq!(compared + late, 3, "{answers:?}");
    assert_eq!(compared + late + refused, 10, "{answers:?}");
    server.remove().await;
}

#[tokio::test]
async fn an_address_that_a_client_invents_is_not_believed() {
    let server = Server::with(|settings| settings.identity.failures_pair_max = 2).await;
    server.sign_up("ada").await;
    for host in 1..=2 {
        let from = format!("203.0.113.{host}");
        log_in(&server, &from, "ada@example.org", "guess guess").await.refused(401, "wrong_credentials");
    }
    log_in(&server, "203.0.113.3", "ada@example.org", "guess guess").await.refused(429, "limit_reached");
    server.remove().await;
}

#[tokio::test]
async fn counters_say_nobodys_name() {
    let server = behind_a_proxy(3, 3, 3).await;
    log_in(&server, ELSEWHERE, "ada@example.org", "guess guess").await.refused(401, "wrong_credentials");
    let rows: String = sqlx::query_scalar("select string_agg(c::text, ' ') from attempt_counters c")
        .fetch_one(&server.owner)
        .await
        .unwrap();
    assert!(!rows.contains("ada") && !rows.contains(ELSEWHERE), "{rows}");
    server.remove().await;
}
