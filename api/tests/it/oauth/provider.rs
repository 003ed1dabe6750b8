//! The whole way, against npm's oidc-provider.

use super::{Browser, PUBLIC, count, parameter, server_with, with_parameter};
use crate::mailbox::Mailbox;
use crate::outside::Outside;
use crate::server::{Answer, Server};
use groundwork_api::{ProviderSettings, Settings};
use reqwest::Method;
use serde_json::json;

pub(crate) const ADA: &str = "s1|Ada@Example.org|yes|Ada Lovelace";

/// A server, its mailbox, and a provider called `sso` for it.
pub(crate) async fn with_provider(
    options: serde_json::Value,
    change: impl FnOnce(&mut Settings),
) -> (Server, Mailbox, Outside) {
    let mut options = options;
    options["redirect_uri"] = json!(format!("{PUBLIC}/api/v1/auth/oauth/sso/callback"));
    let outside = Outside::start("oidc", &options).await;
    let provider = ProviderSettings {
        client_id: "groundwork".to_owned(),
        client_secret: "a secret with % and : in it".to_owned().into(),
        issuer: Some(outside.said["issuer"].as_str().unwrap().to_owned()),
        ..ProviderSettings::default()
    };
    let (server, mailbox) = server_with("sso", provider, change).await;
    (server, mailbox, outside)
}

#[tokio::test]
async fn somebody_new_signs_up_and_comes_back_as_the_same() {
    for claims_in_id_token in [false, true] {
        let (server, _mailbox, _outside) =
            with_provider(json!({"claims_in_id_token": claims_in_id_token}), |_| {}).await;
        let offered = server.get("/api/v1/auth/oauth").await.ok();
        assert_eq!(offered, json!({"items": [{"name": "sso", "label": "SSO"}]}));
        let first = Browser::new(&server).enter("sso", ADA).await;
        assert_eq!(
            (&first["user"]["email"], &first["user"]["name"]),
            (&json!("ada@example.org"), &json!("Ada Lovelace"))
        );
        assert!(first["user"]["email_verified_at"].is_string());
        assert_eq!(first["workspace"]["role"], "owner");
        let mine = server.request(Method::GET, "/api/v1/users/me/identities");
        let mine = Answer::of(mine.bearer_auth(first["access_token"].as_str().unwrap())).await.ok();
        assert_eq!(
            (&mine["items"][0]["provider"], &mine["items"][0]["email"]),
            (&json!("sso"), &json!("ada@example.org"))
        );

        // Her address elsewhere changed; she is who she is by her subject, and her address here stays.
        let again = Browser::new(&server).enter("sso", ADA).await;
        assert_eq!(again["user"]["id"], first["user"]["id"]);
        assert_eq!((count(&server, "users").await, count(&server, "oauth_identities").await), (1, 1));
        // She never had a password, and nobody has one for her.
        let guess = json!({"email": "ada@example.org", "password": ""});
        server.post("/api/v1/auth/login", &guess).await.refused(401, "wrong_credentials");
        server.remove().await;
    }
}

#[tokio::test]
async fn what_begins_the_way_says_no_more_than_it_must() {
    let (server, _mailbox, _outside) = with_provider(json!({}), |_| {}).await;
    let mut browser = Browser::new(&server);
    let url = browser.start("sso").await;
    assert_eq!(parameter(&url, "code_challenge_method"), "S256");
    assert_eq!(parameter(&url, "response_type"), "code");
    assert_eq!(parameter(&url, "scope"), "openid email profile");
    assert_eq!(parameter(&url, "redirect_uri"), format!("{PUBLIC}/api/v1/auth/oauth/sso/callback"));
    let other = browser.start("sso").await;
    for name in ["state", "nonce", "code_challenge"] {
        assert_eq!(parameter(&url, name).len(), 43);
        assert_ne!(parameter(&url, name), parameter(&other, name), "{name}");
    }
    let stored: String = sqlx::query_scalar("select string_agg(f::text, ' ') from oauth_flows f")
        .fetch_one(&server.owner)
        .await
        .unwrap();
    for secret in ["state", "nonce", "code_challenge"] {
        assert!(!stored.contains(&parameter(&url, secret)), "{secret}");
    }
    let unknown = server.get("/api/v1/auth/oauth/elsewhere/start").await;
    unknown.refused(404, "not_found");
    server.get("/api/v1/auth/oauth/elsewhere/callback?state=x").await.refused(404, "not_found");
    server.remove().await;
}

#[tokio::test]
async fn a_return_counts_once_in_the_browser_that_left() {
    let (server, _mailbox, _outside) = with_provider(json!({}), |_| {}).await;
    let (mut ada, mut eve) = (Browser::new(&server), Browser::new(&server));
    let authorize = ada.start("sso").await;
    let callback = ada.agree(&authorize, ADA).await;

    // Another browser, with no flow or one of its own; a made-up state; none at all.
    let refused = |answer: Answer| answer.refused(400, "invalid_state").clone();
    refused(eve.send(Method::GET, &callback, None, None).await);
    eve.start("sso").await;
    refused(eve.send(Method::GET, &callback, None, None).await);
    refused(ada.send(Method::GET, &with_parameter(&callback, "state", &"A".repeat(43)), None, None).await);
    refused(ada.send(Method::GET, &format!("{PUBLIC}/api/v1/auth/oauth/sso/callback"), None, None).await);

    // None of that used it up. Then it is used up.
    let (what, code) = ada.land(&callback).await;
    assert_eq!(what, "code");
    refused(ada.send(Method::GET, &callback, None, None).await);
    // The code is good once, and where the flow began.
    eve.exchange(&code).await.refused(400, "invalid_code");
    server.post("/api/v1/auth/oauth/exchange", &json!({"code": code})).await.refused(400, "invalid_code");
    let kept = ada.send(Method::GET, &format!("{PUBLIC}/healthz"), None, None).await;
    assert!(kept.headers.get("set-cookie").is_none());
    ada.exchange(&code).await.ok();
    ada.exchange(&code).await.refused(400, "invalid_code");
    server.remove().await;
}

#[tokio::test]
async fn a_way_that_took_too_long_is_over() {
    let (server, _mailbox, _outside) = with_provider(json!({}), |_| {}).await;
    let mut browser = Browser::new(&server);
    let authorize = browser.start("sso").await;
    let callback = browser.agree(&authorize, ADA).await;
    let lives = "select round(extract(epoch from expires_at - created_at))::bigint from oauth_flows";
    assert_eq!(sqlx::query_scalar::<_, i64>(lives).fetch_one(&server.owner).await.unwrap(), 600);
    let over = "update oauth_flows set expires_at = now()";
    sqlx::query(over).execute(&server.owner).await.unwrap();
    browser.send(Method::GET, &callback, None, None).await.refused(400, "invalid_state");

    let (_, code) = browser.go("sso", ADA).await;
    sqlx::query("update magic_links set expires_at = now()").execute(&server.owner).await.unwrap();
    browser.exchange(&code).await.refused(400, "invalid_code");
    server.remove().await;
}

#[tokio::test]
async fn a_code_of_another_way_is_refused_by_the_provider() {
    let (server, _mailbox, _outside) = with_provider(json!({}), |_| {}).await;
    let mut browser = Browser::new(&server);
    // Used already.
    let authorize = browser.start("sso").await;
    let used = browser.agree(&authorize, ADA).await;
    browser.land(&used).await;
    let authorize = browser.start("sso").await;
    let fresh = browser.agree(&authorize, ADA).await;
    let replayed = with_parameter(&fresh, "code", &parameter(&used, "code"));
    assert_eq!(browser.land(&replayed).await, ("error".into(), "provider_refused".into()));

    // Somebody else's, unused, slipped into one's own return: PKCE's verifier is another one.
    let mut eve = Browser::new(&server);
    let eves = eve.start("sso").await;
    let eves = eve.agree(&eves, "s2|eve@example.org|yes|Eve").await;
    let authorize = browser.start("sso").await;
    let mine = browser.agree(&authorize, ADA).await;
    let injected = with_parameter(&mine, "code", &parameter(&eves, "code"));
    assert_eq!(browser.land(&injected).await, ("error".into(), "provider_refused".into()));
    assert_eq!(count(&server, "users").await, 1);
    server.remove().await;
}

#[tokio::test]
async fn a_nonce_or_a_challenge_of_somebody_elses_is_refused() {
    let (server, _mailbox, _outside) = with_provider(json!({}), |_| {}).await;
    for changed in ["nonce", "code_challenge"] {
        let mut browser = Browser::new(&server);
        let authorize = browser.start("sso").await;
        let authorize = with_parameter(&authorize, changed, &"B".repeat(43));
        let callback = browser.agree(&authorize, ADA).await;
        assert_eq!(browser.land(&callback).await, ("error".into(), "provider_refused".into()), "{changed}");
    }
    let mut browser = Browser::new(&server);
    assert_eq!(browser.go("sso", "deny").await, ("error".into(), "access_denied".into()));
    assert_eq!(count(&server, "users").await, 0);
    server.remove().await;
}

#[tokio::test]
async fn the_installations_cap_holds_here_too() {
    let (server, _mailbox, _outside) = with_provider(json!({}), |settings| settings.users_max = 1).await;
    Browser::new(&server).enter("sso", ADA).await;
    let refused = Browser::new(&server).go("sso", "s2|bob@example.org|yes|Bob").await;
    assert_eq!(refused, ("error".into(), "limit_reached".into()));
    Browser::new(&server).enter("sso", ADA).await;
    sqlx::query("update users set is_active = false").execute(&server.owner).await.unwrap();
    assert_eq!(Browser::new(&server).go("sso", ADA).await, ("error".into(), "account_closed".into()));
    server.remove().await;
}

#[tokio::test]
async fn a_provider_that_is_away_is_said_to_be() {
    let (server, _mailbox, outside) = with_provider(json!({}), |_| {}).await;
    let mut browser = Browser::new(&server);
    let authorize = browser.start("sso").await;
    let callback = browser.agree(&authorize, ADA).await;
    drop(outside);
    let deadline = std::time::Instant::now() + crate::live::PATIENCE;
    while reqwest::get(&authorize).await.is_ok() {
        assert!(std::time::Instant::now() < deadline, "the provider did not end");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(browser.land(&callback).await, ("error".into(), "provider_unavailable".into()));
    server.remove().await;
}
