//! Who is whom: an account that is there is given only to whom it belongs.

use super::provider::{ADA, with_provider};
use super::{Browser, PUBLIC, count};
use crate::mailbox::Mailbox;
use crate::server::{Person, Server};
use reqwest::Method;
use serde_json::json;

const NOTICE: &str = "A new way to sign in to your account";

/// Links the provider to the account of who is signed in, as that person there.
async fn link(server: &Server, who: &Person, there: &str) -> (String, String) {
    let mut browser = Browser::new(server);
    let url = format!("{PUBLIC}/api/v1/auth/oauth/sso/link");
    let answer = browser.send(Method::POST, &url, Some(&json!({})), Some(&who.token)).await;
    let authorize = answer.ok()["url"].as_str().unwrap().to_owned();
    let callback = browser.agree(&authorize, there).await;
    browser.land(&callback).await
}

async fn verify(server: &Server, mailbox: &Mailbox, email: &str) {
    let token = mailbox.token(email, crate::links::CONFIRM).await;
    assert_eq!(server.post("/api/v1/auth/verify-email", &json!({"token": token})).await.status, 204);
}

#[tokio::test]
async fn an_account_is_joined_only_where_both_sides_saw_the_mailbox() {
    let (server, mailbox, _outside) = with_provider(json!({}), |_| {}).await;
    let ada = server.sign_up("ada").await;
    // Nobody has shown here that the address is Ada's: this account may be an intruder's.
    let refused = Browser::new(&server).go("sso", ADA).await;
    assert_eq!(refused, ("error".into(), "email_in_use".into()));
    verify(&server, &mailbox, "ada@example.org").await;
    // The provider has not seen it: anybody could have written it there.
    for unproven in ["s3|ada@example.org|no|Eve", "s4||yes|Eve", "s5|new@example.org|no|Eve"] {
        let refused = Browser::new(&server).go("sso", unproven).await;
        assert_eq!(refused, ("error".into(), "provider_email_unverified".into()), "{unproven}");
    }
    assert_eq!(count(&server, "oauth_identities").await, 0);

    let signed_in = Browser::new(&server).enter("sso", ADA).await;
    assert_eq!(signed_in["user"]["id"], ada.id.to_string());
    let notice = mailbox.wait("ada@example.org", NOTICE).await;
    assert!(notice.contains("SSO"), "{notice}");
    let linked = "audit_logs where action = 'identity.linked' and resource_id = 'sso'";
    assert_eq!((count(&server, "users").await, count(&server, linked).await), (1, 1));
    server.remove().await;
}

#[tokio::test]
async fn who_is_signed_in_links_and_unlinks() {
    let (server, mailbox, _outside) = with_provider(json!({}), |_| {}).await;
    let (ada, bob) = (server.sign_up("ada").await, server.sign_up("bob").await);
    let nobody = server.post("/api/v1/auth/oauth/sso/link", &json!({})).await;
    nobody.refused(401, "unauthorized");
    // Her name there has another address, not verified: she shows both sides herself.
    let there = "s7|other@example.org|no|Ada";
    assert_eq!(link(&server, &ada, there).await, ("linked".into(), "sso".into()));
    mailbox.wait("ada@example.org", NOTICE).await;
    let signed_in = Browser::new(&server).enter("sso", there).await;
    assert_eq!(signed_in["user"]["id"], ada.id.to_string());

    // What is hers is not Bob's, she has one a provider, and the same again is no mistake.
    assert_eq!(link(&server, &bob, there).await, ("error".into(), "identity_taken".into()));
    assert_eq!(
        link(&server, &ada, "s8|x@example.org|yes|X").await,
        ("error".into(), "identity_taken".into())
    );
    assert_eq!(link(&server, &ada, there).await, ("linked".into(), "sso".into()));
    assert_eq!(bob.get("/users/me/identities").await.ok()["items"], json!([]));
    bob.send(Method::DELETE, "/users/me/identities/sso", &json!({})).await.refused(404, "not_found");

    assert_eq!(ada.send(Method::DELETE, "/users/me/identities/sso", &json!({})).await.status, 204);
    ada.send(Method::DELETE, "/users/me/identities/sso", &json!({})).await.refused(404, "not_found");
    let refused = Browser::new(&server).go("sso", there).await;
    assert_eq!(refused, ("error".into(), "provider_email_unverified".into()));
    let unlinked = "audit_logs where action = 'identity.unlinked'";
    assert_eq!(count(&server, unlinked).await, 1);
    server.remove().await;
}

#[tokio::test]
async fn somebody_without_a_password_sets_one_by_mail() {
    let (server, mailbox, _outside) = with_provider(json!({}), |_| {}).await;
    let first = Browser::new(&server).enter("sso", ADA).await;
    let wish = json!({"email": "ada@example.org"});
    assert_eq!(server.post("/api/v1/auth/password/reset", &wish).await.status, 202);
    let token = mailbox.token("ada@example.org", crate::links::RESET).await;
    let chosen = json!({"token": token, "password": "her first password", "email": "ada@example.org"});
    assert_eq!(server.post("/api/v1/auth/password/reset/confirm", &chosen).await.status, 204);
    let signed_in = server.post("/api/v1/auth/login", &chosen).await.ok();
    assert_eq!(signed_in["user"]["id"], first["user"]["id"]);
    // Her address was known to be hers, so the other way in stays.
    Browser::new(&server).enter("sso", ADA).await;
    server.remove().await;
}

#[tokio::test]
async fn a_provider_whose_administrator_gives_addresses_out_can_be_trusted_with_them() {
    let (server, _mailbox, _outside) = with_provider(json!({}), |settings| {
        settings.oauth.get_mut("sso").unwrap().emails_verified = true;
    })
    .await;
    let signed_in = Browser::new(&server).enter("sso", "s9|carl@example.org|no|Carl").await;
    assert_eq!(signed_in["user"]["email"], "carl@example.org");
    server.remove().await;
}
