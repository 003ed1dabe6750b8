//! Mail goes out to a real SMTP server, under TLS, or it does not go out.

use crate::links::{CONFIRM, MAGIC};
use crate::mailbox::{decoded, token};
use crate::outside::Outside;
use crate::server::Server;
use groundwork_api::{EmailVerification, Settings};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const PUBLIC: &str = "https://groundwork.test";

/// Settings for that server; the folder holds its certificate.
fn use_smtp(settings: &mut Settings, smtp: &Outside, folder: &TempDir, url: &str) {
    let certificate = folder.path().join("ca.pem");
    std::fs::write(&certificate, smtp.said["certificate"].as_str().unwrap()).unwrap();
    settings.public_url = Some(PUBLIC.to_owned());
    settings.mail.url = Some(url.replace("PORT", &smtp.said["port"].to_string()));
    settings.mail.ca_file = Some(certificate);
    settings.mail.retry_ms = 20;
    settings.mail.look_every_ms = 20;
    settings.sign_in.email_verification = EmailVerification::Optional;
}

async fn server(smtp: &Outside, url: &str, change: impl FnOnce(&mut Settings)) -> (Server, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::with(|settings| {
        use_smtp(settings, smtp, &folder, url);
        change(settings);
    })
    .await;
    (server, folder)
}

/// What became of the only mail: how often it was tried, and why it failed in the end.
async fn became(server: &Server) -> (i32, Option<String>) {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let row = "select tries, failure from mail_outbox where settled_at is not null";
        if let Some(row) = sqlx::query_as(row).fetch_optional(&server.owner).await.unwrap() {
            return row;
        }
        assert!(Instant::now() < deadline, "the mail is not settled");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn headers(mail: &Value) -> String {
    mail["mail"].as_str().unwrap().split("\r\n\r\n").next().unwrap().to_owned()
}

#[tokio::test]
async fn a_mail_goes_out_by_starttls_with_a_password() {
    let password = "ünusual pässword";
    let mut smtp =
        Outside::start("smtp", &json!({"starttls": true, "user": "us@here", "password": password})).await;
    let secrets = tempfile::tempdir().unwrap();
    let file = secrets.path().join("mail");
    std::fs::write(&file, format!("{password}\n")).unwrap();
    let (server, _folder) = server(&smtp, "smtp://us%40here@localhost:PORT", |settings| {
        settings.mail.password_file = Some(file);
        settings.mail.from = "Our Groundwork <no-reply@example.org>".to_owned();
    })
    .await;
    server.sign_up("ada").await;
    let mail = smtp.next().await;
    assert_eq!((&mail["tls"], &mail["user"]), (&json!(true), &json!("us@here")));
    assert_eq!((&mail["from"], &mail["to"]), (&json!("no-reply@example.org"), &json!(["ada@example.org"])));
    let head = headers(&mail);
    assert!(head.contains(&format!("Subject: {CONFIRM}")), "{head}");
    assert!(head.contains("From: \"Our Groundwork\" <no-reply@example.org>"), "{head}");
    let body = decoded(mail["mail"].as_str().unwrap());
    assert!(body.contains(&format!("{PUBLIC}/auth/verify-email#token=")), "{body}");
    assert!(body.contains("<a href=\"https://groundwork.test/auth/verify-email#token="), "{body}");
    let verified = server.post("/api/v1/auth/verify-email", &json!({"token": token(&body)})).await;
    assert_eq!(verified.status, 204);
    assert_eq!(became(&server).await, (1, None));
    server.remove().await;
}

#[tokio::test]
async fn a_mail_goes_out_by_tls_from_the_first_byte() {
    let mut smtp = Outside::start("smtp", &json!({"tls": true})).await;
    let (server, _folder) = server(&smtp, "smtps://127.0.0.1:PORT", |_| {}).await;
    server.sign_up("ada").await;
    assert_eq!(smtp.next().await["tls"], true);
    server.remove().await;
}

#[tokio::test]
async fn what_is_not_taken_now_is_tried_again_and_what_never_is_not() {
    let mut smtp = Outside::start("smtp", &json!({})).await;
    let (first, _folder) = server(&smtp, "smtp://127.0.0.1:PORT?tls=none", |_| {}).await;
    first.sign_up("later").await;
    assert_eq!(smtp.next().await["to"], json!(["later@example.org"]));
    assert_eq!(became(&first).await, (2, None));
    first.remove().await;

    let (second, _folder) = server(&smtp, "smtp://127.0.0.1:PORT?tls=none", |_| {}).await;
    second.sign_up("never").await;
    let (tries, failure) = became(&second).await;
    assert_eq!(tries, 1);
    assert!(failure.unwrap().contains("550"));
    second.remove().await;
}

#[tokio::test]
async fn a_server_that_cannot_be_trusted_gets_no_mail() {
    // Its certificate is nobody's that we know; it takes no TLS; it is not there: each time the mail waits.
    let unknown = Outside::start("smtp", &json!({"starttls": true})).await;
    let plain = Outside::start("smtp", &json!({})).await;
    let wrong = Outside::start("smtp", &json!({"starttls": true, "user": "u", "password": "p"})).await;
    for (smtp, url, trusted) in [
        (&unknown, "smtp://localhost:PORT", false),
        (&plain, "smtp://localhost:PORT", true),
        (&wrong, "smtp://u@localhost:PORT", true),
        (&plain, "smtp://127.0.0.1:1?tls=none", true),
    ] {
        let (server, _folder) = server(smtp, url, |settings| {
            settings.mail.password = Some("not this one".to_owned().into());
            settings.mail.tries_max = 2;
            if !trusted {
                settings.mail.ca_file = None;
            }
        })
        .await;
        server.sign_up("ada").await;
        let (tries, failure) = became(&server).await;
        assert_eq!(tries, 2, "{url}: {failure:?}");
        assert!(failure.is_some(), "{url}");
        server.remove().await;
    }
}

#[tokio::test]
async fn where_mail_goes_out_an_address_must_be_verified() {
    let mut smtp = Outside::start("smtp", &json!({})).await;
    let (server, _folder) = server(&smtp, "smtp://127.0.0.1:PORT?tls=none", |settings| {
        settings.sign_in.email_verification = EmailVerification::Auto;
    })
    .await;
    let ada = json!({"email": "ada@example.org", "password": crate::server::PASSWORD, "name": "Ada"});
    let waiting = server.post("/api/v1/auth/signup", &ada).await;
    assert_eq!(waiting.status, 202);
    server.post("/api/v1/auth/login", &ada).await.refused(403, "email_unverified");
    assert!(headers(&smtp.next().await).contains(CONFIRM));
    // A link that signs in shows as much.
    let ask = server.post("/api/v1/auth/magic-link", &json!({"email": "ada@example.org"})).await;
    assert_eq!(ask.status, 202);
    let mail = smtp.next().await;
    assert!(headers(&mail).contains(MAGIC));
    let token = token(&decoded(mail["mail"].as_str().unwrap()));
    server.post("/api/v1/auth/verify-magic-link", &json!({"token": token})).await.ok();
    server.remove().await;
}
