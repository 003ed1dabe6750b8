//! Links that are mailed: each does one thing, once, for a while, for who has the mailbox.

use crate::limits::hour;
use crate::mailbox::{Mailbox, token};
use crate::server::{Answer, PASSWORD, Server};
use groundwork_api::{EmailVerification, Settings};
use reqwest::Method;
use serde_json::{Value, json};

pub(crate) const CONFIRM: &str = "Confirm your email address";
pub(crate) const RESET: &str = "Choose a new password";
pub(crate) const MAGIC: &str = "Your sign-in link";
const CHANGE: &str = "Confirm your new email address";
const ADA: &str = "ada@example.org";

async fn with_mail(change: impl FnOnce(&mut Settings)) -> (Server, Mailbox) {
    let mailbox = Mailbox::new();
    let server = Server::with(|settings| {
        mailbox.receive(settings);
        change(settings);
    })
    .await;
    (server, mailbox)
}

async fn ask(server: &Server, path: &str, email: &str) -> Answer {
    server.post(&format!("/api/v1/auth/{path}"), &json!({"email": email})).await
}

async fn follow(server: &Server, path: &str, token: &str) -> Answer {
    server.post(&format!("/api/v1/auth/{path}"), &json!({"token": token, "password": "a new password"})).await
}

async fn log_in(server: &Server, email: &str, password: &str) -> Answer {
    server.post("/api/v1/auth/login", &json!({"email": email, "password": password})).await
}

async fn change(server: &Server, statement: &'static str) {
    sqlx::query(statement).execute(&server.owner).await.unwrap();
}

async fn actions(server: &Server) -> Vec<String> {
    sqlx::query_scalar("select action from audit_logs order by id").fetch_all(&server.owner).await.unwrap()
}

#[tokio::test]
async fn an_invitation_is_mailed_without_a_secret_and_opens_for_who_has_the_address() {
    const INVITATION: &str = "An invitation to a workspace";
    let (server, mailbox) = with_mail(|settings| settings.mail.per_address_max = 2).await;
    let ada = server.sign_up("ada").await;
    let team = crate::members::shared(&ada, "Hiking & climbing").await;
    let invite = async || {
        let body = json!({"email": "bob@example.org", "role": "editor"});
        ada.send(Method::POST, &format!("/workspaces/{team}/members"), &body).await
    };
    // Nobody sends mail to others before they have shown that they can be reached themselves.
    let unmailed = invite().await;
    assert_eq!((unmailed.status.as_u16(), &unmailed.body["not_mailed"]), (201, &json!("email_unverified")));
    let confirmation = token(&mailbox.wait(ADA, CONFIRM).await);
    assert_eq!(follow(&server, "verify-email", &confirmation).await.status, 204);
    let mailed = invite().await;
    assert_eq!((mailed.status.as_u16(), &mailed.body["mailed"]), (201, &json!(true)));
    let mail = mailbox.wait("bob@example.org", INVITATION).await;
    assert!(mail.contains("Hiking & climbing") && mail.contains("Hiking &amp; climbing"), "{mail}");
    assert!(!mail.contains("token="), "{mail}");
    // Invited again and again, nobody's mailbox is filled; the invitation stands all the same.
    for _ in 0..3 {
        assert_eq!(invite().await.status, 201);
    }
    mailbox.wait_for(2, "bob@example.org", INVITATION).await;
    let waiting = "select count(*) from mail_outbox where template = 'invitation'";
    let wanted: i64 = sqlx::query_scalar(waiting).fetch_one(&server.owner).await.unwrap();
    assert_eq!(wanted, 2);
    // An address that is only said opens nothing.
    let bob = server.sign_up("bob").await;
    assert_eq!(bob.get("/invitations").await.ok()["items"], json!([]));
    let token = token(&mailbox.wait("bob@example.org", CONFIRM).await);
    assert_eq!(follow(&server, "verify-email", &token).await.status, 204);
    assert_eq!(bob.get("/invitations").await.ok()["items"][0]["workspace_name"], "Hiking & climbing");
    server.remove().await;
}

#[tokio::test]
async fn an_address_is_verified_by_the_link_that_went_there() {
    let (server, mailbox) = with_mail(|_| {}).await;
    let ada = server.sign_up("ada").await;
    assert_eq!(ada.get("/auth/me").await.ok()["user"]["email_verified_at"], Value::Null);
    let mail = mailbox.wait(ADA, CONFIRM).await;
    assert!(mail.contains("http://groundwork.test/auth/verify-email#token="), "{mail}");
    let token = token(&mail);
    // For nothing else.
    for other in ["password/reset/confirm", "verify-magic-link", "email/change/confirm"] {
        follow(&server, other, &token).await.refused(400, "invalid_link");
    }
    assert_eq!(follow(&server, "verify-email", &token).await.status, 204);
    assert!(ada.get("/auth/me").await.ok()["user"]["email_verified_at"].is_string());
    follow(&server, "verify-email", &token).await.refused(400, "invalid_link");
    assert!(actions(&server).await.contains(&"email.verified".to_owned()));
    // There is nothing left to verify, and nobody is told.
    assert_eq!(ask(&server, "verify-email/send", ADA).await.status, 202);
    assert_eq!(mailbox.all(ADA, CONFIRM).len(), 1);
    server.remove().await;
}

#[tokio::test]
async fn a_password_is_reset_once_and_everybody_is_signed_out() {
    let (server, mailbox) = with_mail(|_| {}).await;
    let ada = server.sign_up("ada").await;
    let bob = server.sign_up("bob").await;
    let known = ask(&server, "password/reset", "ADA@example.org ").await;
    let unknown = ask(&server, "password/reset", "nobody@example.org").await;
    assert_eq!((known.status.as_u16(), &known.bytes), (unknown.status.as_u16(), &unknown.bytes));
    assert_eq!(known.status, 202);
    ask(&server, "magic-link", ADA).await;
    let magic = mailbox.token(ADA, MAGIC).await;
    let token = mailbox.token(ADA, RESET).await;
    let named = json!({"name": "script", "scopes": ["projects:read"]});
    let script = ada.send(Method::POST, "/users/me/tokens", &named).await.ok()["token"].clone();
    let by_script = async || {
        let request = server.request(Method::GET, "/api/v1/projects").bearer_auth(script.as_str().unwrap());
        Answer::of(request).await
    };
    by_script().await.ok();

    let short = json!({"token": token, "password": "short"});
    server.post("/api/v1/auth/password/reset/confirm", &short).await.refused(422, "invalid_fields");
    assert_eq!(follow(&server, "password/reset/confirm", &token).await.status, 204);
    follow(&server, "password/reset/confirm", &token).await.refused(400, "invalid_link");
    ada.get("/auth/me").await.refused(401, "unauthorized");
    by_script().await.refused(401, "unauthorized");
    bob.get("/auth/me").await.ok();
    log_in(&server, ADA, PASSWORD).await.refused(401, "wrong_credentials");
    log_in(&server, ADA, "a new password").await.ok();
    // The mailbox was shown to be hers, and what else was on its way is nothing now.
    let verified = "select email_verified_at is not null from users where email = 'ada@example.org'";
    assert!(sqlx::query_scalar::<_, bool>(verified).fetch_one(&server.owner).await.unwrap());
    follow(&server, "verify-magic-link", &magic).await.refused(400, "invalid_link");
    mailbox.wait(ADA, "Your password was changed").await;
    assert!(actions(&server).await.contains(&"password.reset".to_owned()));
    assert!(mailbox.all("nobody@example.org", RESET).is_empty());
    server.remove().await;
}

#[tokio::test]
async fn signing_up_tells_nobody_who_has_an_account_where_a_link_comes_first() {
    let (server, mailbox) = with_mail(|settings| {
        settings.sign_in.email_verification = EmailVerification::Required;
    })
    .await;
    let sign_up = async |email: &str| {
        let body = json!({"email": email, "password": PASSWORD, "name": "Somebody"});
        server.post("/api/v1/auth/signup", &body).await
    };
    let (first, again) = (sign_up(ADA).await, sign_up(ADA).await);
    assert_eq!((first.status.as_u16(), &first.body), (again.status.as_u16(), &again.body));
    assert_eq!(first.status, 202);
    mailbox.wait(ADA, "You have an account already").await;
    // What nobody ever confirmed is erased, and its address is free.
    let left = "select count(*) from users where email = 'ada@example.org'";
    let left = async || sqlx::query_scalar::<_, i64>(left).fetch_one(&server.owner).await.unwrap();
    let sweep = async || groundwork_store::shelving::sweep_unverified(&server.store, 7, 50).await.unwrap();
    assert_eq!((sweep().await, left().await), (0, 1));
    change(&server, "update users set created_at = now() - interval '8 days'").await;
    // The server's own sweeper may be before us.
    let deadline = std::time::Instant::now() + crate::live::PATIENCE;
    while left().await > 0 {
        assert!(std::time::Instant::now() < deadline);
        sweep().await;
    }
    assert_eq!(sign_up(ADA).await.status, 202);
    server.remove().await;
}

#[tokio::test]
async fn links_end_with_time_and_with_the_account() {
    let (server, mailbox) = with_mail(|_| {}).await;
    server.sign_up("ada").await;
    for (path, subject, used) in
        [("password/reset", RESET, "password/reset/confirm"), ("magic-link", MAGIC, "verify-magic-link")]
    {
        ask(&server, path, ADA).await;
        let token = mailbox.token(ADA, subject).await;
        change(&server, "update magic_links set expires_at = now() - interval '1 second'").await;
        follow(&server, used, &token).await.refused(400, "invalid_link");
        change(&server, "update magic_links set expires_at = now() + interval '1 minute'").await;
        change(&server, "update users set is_active = false").await;
        follow(&server, used, &token).await.refused(400, "invalid_link");
        change(&server, "update users set is_active = true").await;
        assert!(follow(&server, used, &token).await.status.is_success());
    }
    for made_up in ["", "x", &"A".repeat(43)] {
        let answer = follow(&server, "verify-magic-link", made_up).await;
        assert!(answer.status == 400 || answer.status == 422, "{made_up:?}");
    }
    server.remove().await;
}

#[tokio::test]
async fn links_live_as_long_as_they_should() {
    let (server, mailbox) = with_mail(|_| {}).await;
    server.sign_up("ada").await;
    ask(&server, "password/reset", ADA).await;
    ask(&server, "magic-link", ADA).await;
    for subject in [CONFIRM, RESET, MAGIC] {
        mailbox.wait(ADA, subject).await;
    }
    let lives =
        "select purpose, round(extract(epoch from expires_at - created_at) / 60)::bigint from magic_links
        order by purpose";
    let lives: Vec<(String, i64)> = sqlx::query_as(lives).fetch_all(&server.owner).await.unwrap();
    let minutes = [("magic_link", 15), ("reset_password", 60), ("verify_email", 24 * 60)];
    assert_eq!(lives, minutes.map(|(purpose, minutes)| (purpose.to_owned(), minutes)));
    server.remove().await;
}

#[tokio::test]
async fn a_magic_link_signs_in_once() {
    let (server, mailbox) = with_mail(|_| {}).await;
    server.sign_up("ada").await;
    change(&server, "update users set email_verified_at = now()").await;
    assert_eq!(ask(&server, "magic-link", ADA).await.status, 202);
    let token = mailbox.token(ADA, MAGIC).await;
    // What is stored is not what opens: neither the link's row nor the waiting mail has it.
    let stored = "select (select string_agg(l::text, ' ') from magic_links l) || (select string_agg(o::text, ' ') from mail_outbox o)";
    let stored: String = sqlx::query_scalar(stored).fetch_one(&server.owner).await.unwrap();
    assert!(stored.contains(ADA) && !stored.contains(&token));

    let both = tokio::join!(
        follow(&server, "verify-magic-link", &token),
        follow(&server, "verify-magic-link", &token)
    );
    let (first, second) = if both.0.status.is_success() { both } else { (both.1, both.0) };
    second.refused(400, "invalid_link");
    let signed_in = first.ok();
    let me = server
        .request(Method::GET, "/api/v1/auth/me")
        .bearer_auth(signed_in["access_token"].as_str().unwrap());
    assert_eq!(Answer::of(me).await.ok()["user"]["email"], ADA);
    // She had shown before that the address is hers, so her password stays.
    log_in(&server, ADA, PASSWORD).await.ok();
    server.remove().await;
}

#[tokio::test]
async fn a_link_is_one_factor_and_the_second_is_asked_for() {
    let (server, mailbox) = with_mail(|_| {}).await;
    let ada = server.sign_up("ada").await;
    change(&server, "update users set email_verified_at = now()").await;
    crate::second_factor::enabled(&server, &ada).await;
    ask(&server, "magic-link", ADA).await;
    let token = mailbox.token(ADA, MAGIC).await;
    let challenged = follow(&server, "verify-magic-link", &token).await.ok();
    assert_eq!(challenged["second_factor_required"], true);
    assert!(challenged["challenge"].is_string() && challenged["access_token"].is_null());
    server.remove().await;
}

#[tokio::test]
async fn whoever_took_somebodys_address_first_is_thrown_out_when_they_come() {
    for (path, subject, used) in
        [("magic-link", MAGIC, "verify-magic-link"), ("password/reset", RESET, "password/reset/confirm")]
    {
        let (server, mailbox) = with_mail(|_| {}).await;
        // Eve signs up with Ada's address, links a sign-in of her own, and waits.
        let eve = server.sign_up("ada").await;
        let wish = json!({"name": "t", "scopes": ["projects:read"]});
        let made = eve.send(Method::POST, "/users/me/tokens", &wish).await.ok();
        let api_token = made["token"].as_str().unwrap().to_owned();
        let identity =
            "insert into oauth_identities (issuer, subject, user_id, provider) values ('i', 'eve', $1, 'p')";
        sqlx::query(identity).bind(eve.id.0).execute(&server.owner).await.unwrap();
        ask(&server, path, ADA).await;
        let token = mailbox.token(ADA, subject).await;
        assert!(follow(&server, used, &token).await.status.is_success(), "{path}");
        eve.get("/auth/me").await.refused(401, "unauthorized");
        log_in(&server, ADA, PASSWORD).await.refused(401, "wrong_credentials");
        let with_token = server.request(Method::GET, "/api/v1/projects").bearer_auth(&api_token);
        Answer::of(with_token).await.refused(401, "unauthorized");
        let left: i64 = sqlx::query_scalar("select count(*) from oauth_identities")
            .fetch_one(&server.owner)
            .await
            .unwrap();
        assert_eq!(left, 0, "{path}");
        server.remove().await;
    }
}

#[tokio::test]
async fn an_address_changes_when_the_new_mailbox_says_so_and_the_old_one_is_told() {
    let (server, mailbox) = with_mail(|_| {}).await;
    let ada = server.sign_up("ada").await;
    let wish = |email: &str, password: &str| json!({"email": email, "password": password});
    let path = "/auth/email/change";
    ada.send(Method::POST, path, &wish("new@example.org", "wrong")).await.refused(422, "invalid_fields");
    let nobody = server.post("/api/v1/auth/email/change", &wish("new@example.org", PASSWORD)).await;
    nobody.refused(401, "unauthorized");
    ask(&server, "password/reset", ADA).await;
    let reset = mailbox.token(ADA, RESET).await;
    assert_eq!(ada.send(Method::POST, path, &wish("New@example.org", PASSWORD)).await.status, 202);
    let token = mailbox.token("new@example.org", CHANGE).await;
    assert_eq!(ada.get("/auth/me").await.ok()["user"]["email"], ADA);

    assert_eq!(follow(&server, "email/change/confirm", &token).await.status, 204);
    follow(&server, "email/change/confirm", &token).await.refused(400, "invalid_link");
    let me = ada.get("/auth/me").await.ok();
    assert_eq!(me["user"]["email"], "new@example.org");
    assert!(me["user"]["email_verified_at"].is_string());
    let notice = mailbox.wait(ADA, "Your email address was changed").await;
    assert!(notice.contains("new@example.org"), "{notice}");
    log_in(&server, ADA, PASSWORD).await.refused(401, "wrong_credentials");
    log_in(&server, "new@example.org", PASSWORD).await.ok();
    // Who still reads the old mailbox gets nowhere with what is in it.
    follow(&server, "password/reset/confirm", &reset).await.refused(400, "invalid_link");
    server.remove().await;
}

#[tokio::test]
async fn an_address_that_somebody_has_cannot_be_taken() {
    let (server, mailbox) = with_mail(|_| {}).await;
    let ada = server.sign_up("ada").await;
    let wish = |email: &str| json!({"email": email, "password": PASSWORD});
    assert_eq!(ada.send(Method::POST, "/auth/email/change", &wish("bob@example.org")).await.status, 202);
    let token = mailbox.token("bob@example.org", CHANGE).await;
    let bob = server.sign_up("bob").await;
    // Taken in between; and from now on nothing is sent there, though the answer is the same.
    follow(&server, "email/change/confirm", &token).await.refused(409, "email_taken");
    let eve = server.sign_up("eve").await;
    assert_eq!(eve.send(Method::POST, "/auth/email/change", &wish("bob@example.org")).await.status, 202);
    assert_eq!(eve.send(Method::POST, "/auth/email/change", &wish("eve2@example.org")).await.status, 202);
    mailbox.wait("eve2@example.org", CHANGE).await;
    assert_eq!(mailbox.all("bob@example.org", CHANGE).len(), 1);
    assert_eq!(bob.get("/auth/me").await.ok()["user"]["email"], "bob@example.org");
    assert_eq!(ada.get("/auth/me").await.ok()["user"]["email"], ADA);
    server.remove().await;
}

#[tokio::test]
async fn mail_can_be_asked_for_so_often() {
    let (server, refused) = loop {
        let began = hour();
        let (server, mailbox) = with_mail(|settings| settings.mail.per_ip_max = 12).await;
        server.sign_up("ada").await;
        for email in [ADA, "nobody@example.org"] {
            for _ in 0..5 {
                assert_eq!(ask(&server, "magic-link", email).await.status, 202);
            }
            let refused = ask(&server, "magic-link", email).await;
            refused.refused(429, "limit_reached");
            assert_eq!(refused.headers["retry-after"], "3600");
        }
        mailbox.wait_for(5, ADA, MAGIC).await;
        // Another kind of mail, two more from here, and then none to anybody.
        for _ in 0..2 {
            assert_eq!(ask(&server, "password/reset", ADA).await.status, 202);
        }
        let refused = ask(&server, "password/reset", "bob@example.org").await;
        if hour() == began {
            break (server, refused);
        }
        // What is counted from here begins anew with the hour, and so does this.
        server.remove().await;
    };
    refused.refused(429, "limit_reached");
    change(&server, "update mail_outbox set created_at = now() - interval '61 minutes'").await;
    change(&server, "update rate_counters set begun_at = begun_at - interval '61 minutes'").await;
    assert_eq!(ask(&server, "magic-link", ADA).await.status, 202);
    server.remove().await;
}

#[tokio::test]
async fn where_it_is_required_nobody_enters_with_an_address_that_is_not_verified() {
    let (server, mailbox) =
        with_mail(|settings| settings.sign_in.email_verification = EmailVerification::Required).await;
    let body = json!({"email": ADA, "password": PASSWORD, "name": "Ada"});
    let waiting = server.post("/api/v1/auth/signup", &body).await;
    assert_eq!(waiting.status, 202);
    assert_eq!(waiting.body, json!({"email": ADA, "next": "verify_email"}));
    log_in(&server, ADA, PASSWORD).await.refused(403, "email_unverified");
    log_in(&server, ADA, "wrong password").await.refused(401, "wrong_credentials");
    let first = mailbox.token(ADA, CONFIRM).await;
    assert_eq!(ask(&server, "verify-email/send", ADA).await.status, 202);
    mailbox.wait_for(2, ADA, CONFIRM).await;
    assert_eq!(follow(&server, "verify-email", &first).await.status, 204);
    log_in(&server, ADA, PASSWORD).await.ok();
    server.remove().await;
}

#[tokio::test]
async fn without_a_way_out_nothing_is_promised() {
    let server = Server::new().await;
    server.sign_up("ada").await;
    for path in ["magic-link", "password/reset", "verify-email/send"] {
        ask(&server, path, ADA).await.refused(503, "mail_off");
    }
    let waiting: i64 =
        sqlx::query_scalar("select count(*) from mail_outbox").fetch_one(&server.owner).await.unwrap();
    assert_eq!(waiting, 0);
    server.remove().await;
}
