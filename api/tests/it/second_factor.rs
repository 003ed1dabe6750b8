//! The second factor: codes work once, recovery codes work once, and without one there is no session.

use crate::server::{PASSWORD, Person, Server};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};
use totp_rs::{Builder, Secret, Totp};

/// An authenticator that has the secret, and steps through time by hand: each code is used once.
pub(crate) struct Authenticator {
    totp: Totp,
}

impl Authenticator {
    fn new(secret: &Value) -> Self {
        let secret = Secret::try_from_base32(secret.as_str().unwrap()).unwrap();
        Self { totp: Builder::new().with_secret(secret).build().unwrap() }
    }

    pub(crate) fn code(&self) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        self.totp.generate(now).to_string()
    }
}

/// Another time step, without waiting for it.
async fn step(server: &Server) {
    sqlx::query("update second_factors set last_step = last_step - 2").execute(&server.owner).await.unwrap();
}

pub(crate) async fn enabled(server: &Server, person: &Person) -> (Authenticator, Vec<String>) {
    let offer = person.send(Method::POST, "/auth/2fa/enable", &json!({"password": PASSWORD})).await.ok();
    let authenticator = Authenticator::new(&offer["secret"]);
    let codes = person.send(Method::POST, "/auth/2fa/verify", &json!({"code": authenticator.code()})).await;
    let codes = serde_json::from_value(codes.ok()["recovery_codes"].clone()).unwrap();
    step(server).await;
    (authenticator, codes)
}

async fn challenge(server: &Server) -> String {
    let answer = server.log_in("ada").await;
    assert_eq!(answer["second_factor_required"], true);
    assert!(answer.get("access_token").is_none() && answer.get("user").is_none(), "{answer}");
    answer["challenge"].as_str().unwrap().to_owned()
}

async fn prove(server: &Server, challenge: &str, code: &str) -> crate::server::Answer {
    server.post("/api/v1/auth/2fa/verify", &json!({"challenge": challenge, "code": code})).await
}

#[tokio::test]
async fn it_counts_once_it_is_confirmed_and_then_at_every_login() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let wrong = ada.send(Method::POST, "/auth/2fa/enable", &json!({"password": "not this one"})).await;
    wrong.refused(422, "invalid_fields");
    let offer = ada.send(Method::POST, "/auth/2fa/enable", &json!({"password": PASSWORD})).await.ok();
    let uri = offer["otpauth_uri"].as_str().unwrap();
    assert!(uri.starts_with("otpauth://totp/Groundwork:ada%40example.org?secret="), "{uri}");
    assert!(server.log_in("ada").await["access_token"].is_string(), "not confirmed yet");
    let authenticator = Authenticator::new(&offer["secret"]);
    ada.send(Method::POST, "/auth/2fa/verify", &json!({"code": "000000"}))
        .await
        .refused(422, "invalid_fields");
    let code = json!({"code": authenticator.code()});
    let codes = ada.send(Method::POST, "/auth/2fa/verify", &code).await.ok();
    assert_eq!(codes["recovery_codes"].as_array().unwrap().len(), 10);
    ada.send(Method::POST, "/auth/2fa/verify", &code).await.refused(409, "nothing_to_confirm");
    ada.send(Method::POST, "/auth/2fa/enable", &json!({"password": PASSWORD}))
        .await
        .refused(409, "second_factor_on");
    assert_eq!(ada.get("/auth/2fa").await.ok(), json!({"enabled": true, "recovery_codes_left": 10}));

    step(&server).await;
    let waiting = challenge(&server).await;
    let signed_in = prove(&server, &waiting, &authenticator.code()).await.ok();
    server.as_bearer(&ada, &signed_in["access_token"]).get("/auth/me").await.ok();
    // The challenge is used up with it.
    step(&server).await;
    prove(&server, &waiting, &authenticator.code()).await.refused(401, "invalid_challenge");
    // What lies in the table is not the secret.
    let sealed: Vec<u8> =
        sqlx::query_scalar("select sealed from second_factors").fetch_one(&server.owner).await.unwrap();
    let secret = Secret::try_from_base32(offer["secret"].as_str().unwrap()).unwrap();
    assert!(!sealed.windows(8).any(|window| window == &secret.as_bytes()[..8]));
    server.remove().await;
}

#[tokio::test]
async fn a_code_is_taken_once() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let (authenticator, _) = enabled(&server, &ada).await;
    let (one, two) = (challenge(&server).await, challenge(&server).await);
    // Also of two at once only one gets in.
    let code = authenticator.code();
    let both = tokio::join!(prove(&server, &one, &code), prove(&server, &two, &code));
    let mut statuses = [both.0.status.as_u16(), both.1.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401]);
    let third = challenge(&server).await;
    prove(&server, &third, &code).await.refused(401, "wrong_code");
    server.remove().await;
}

#[tokio::test]
async fn a_recovery_code_works_once_however_it_is_typed() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let (_, codes) = enabled(&server, &ada).await;
    let typed = codes[0].to_uppercase().replace('-', " ");
    let waiting = challenge(&server).await;
    prove(&server, &waiting, &typed).await.ok();
    assert_eq!(server.audited("recovery_code.used").await, 1);
    let waiting = challenge(&server).await;
    prove(&server, &waiting, &codes[0]).await.refused(401, "wrong_code");
    prove(&server, &waiting, &codes[1]).await.ok();
    assert_eq!(ada.get("/auth/2fa").await.ok()["recovery_codes_left"], 8);
    let stored: Vec<String> =
        sqlx::query_scalar("select digest from recovery_codes").fetch_all(&server.owner).await.unwrap();
    assert!(codes.iter().all(|code| !stored.contains(code)));
    server.remove().await;
}

#[tokio::test]
async fn a_challenge_has_five_tries_and_five_minutes() {
    let server = Server::with(|settings| settings.identity.failures_pair_max = 50).await;
    let ada = server.sign_up("ada").await;
    let (authenticator, _) = enabled(&server, &ada).await;
    let waiting = challenge(&server).await;
    for _ in 0..5 {
        prove(&server, &waiting, "000000").await.refused(401, "wrong_code");
    }
    prove(&server, &waiting, &authenticator.code()).await.refused(401, "invalid_challenge");
    let late = challenge(&server).await;
    sqlx::query("update login_challenges set expires_at = now()").execute(&server.owner).await.unwrap();
    prove(&server, &late, &authenticator.code()).await.refused(401, "invalid_challenge");
    prove(&server, "gwc_unknown", &authenticator.code()).await.refused(401, "invalid_challenge");
    server.remove().await;
}

#[tokio::test]
async fn codes_cannot_be_guessed_over_many_logins() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    enabled(&server, &ada).await;
    let first = challenge(&server).await;
    for _ in 0..4 {
        prove(&server, &first, "000000").await.refused(401, "wrong_code");
    }
    let second = challenge(&server).await;
    prove(&server, &second, "000000").await.refused(401, "wrong_code");
    let blocked = prove(&server, &second, "000000").await;
    assert_eq!(blocked.refused(429, "limit_reached")["limit"], 5);
    assert!(blocked.headers.contains_key("retry-after"));
    server.remove().await;
}

#[tokio::test]
async fn it_is_taken_away_and_renewed_with_both_proofs_only() {
    let server = Server::with(|settings| settings.identity.failures_pair_max = 50).await;
    let ada = server.sign_up("ada").await;
    let (authenticator, codes) = enabled(&server, &ada).await;
    let both = |password: &str, code: &str| json!({"password": password, "code": code});
    for path in ["/auth/2fa/disable", "/auth/2fa/recovery-codes"] {
        ada.send(Method::POST, path, &both("not this one", &codes[0])).await.refused(422, "invalid_fields");
        ada.send(Method::POST, path, &both(PASSWORD, "000000")).await.refused(422, "invalid_fields");
    }
    let renewed =
        ada.send(Method::POST, "/auth/2fa/recovery-codes", &both(PASSWORD, &authenticator.code())).await;
    let renewed = renewed.ok();
    ada.send(Method::POST, "/auth/2fa/disable", &both(PASSWORD, &codes[0]))
        .await
        .refused(422, "invalid_fields");
    let code = renewed["recovery_codes"][0].as_str().unwrap();
    let off = ada.send(Method::POST, "/auth/2fa/disable", &both(PASSWORD, code)).await;
    assert_eq!(off.status, 204);
    assert!(server.log_in("ada").await["access_token"].is_string());
    ada.send(Method::POST, "/auth/2fa/disable", &both(PASSWORD, code))
        .await
        .refused(409, "second_factor_off");
    for action in ["second_factor.enabled", "second_factor.disabled", "recovery_codes.renewed"] {
        assert_eq!(server.audited(action).await, 1, "{action}");
    }
    server.remove().await;
}
