//! ID tokens that do not hold, from an issuer of our own that signs whatever a test wants.

use super::{Browser, PUBLIC, count, parameter, server_with};
use crate::mailbox::Mailbox;
use crate::server::Server;
use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use groundwork_api::{ProviderSettings, Settings};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// What stands before the 32 bytes of an Ed25519 seed in PKCS#8 (RFC 8410).
const PKCS8_ED25519: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// A key pair by its number.
fn key(number: u8) -> EncodingKey {
    EncodingKey::from_ed_der(&[PKCS8_ED25519.to_vec(), vec![number; 32]].concat())
}

fn public(number: u8) -> Value {
    let mut jwk =
        serde_json::to_value(Jwk::from_encoding_key(&key(number), Algorithm::EdDSA).unwrap()).unwrap();
    jwk["kid"] = json!(format!("k{number}"));
    jwk
}

fn signed(number: u8, claims: &Value) -> String {
    let header = Header { kid: Some(format!("k{number}")), ..Header::new(Algorithm::EdDSA) };
    jsonwebtoken::encode(&header, claims, &key(number)).unwrap()
}

#[derive(Default)]
struct Said {
    issuer: String,
    keys: Vec<Value>,
    keys_asked: usize,
    id_token: String,
}

#[derive(Clone)]
struct Issuer {
    url: String,
    said: Arc<Mutex<Said>>,
}

async fn document(State(issuer): State<Issuer>) -> Json<Value> {
    let url = &issuer.url;
    Json(
        json!({"issuer": issuer.said.lock().unwrap().issuer, "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"), "jwks_uri": format!("{url}/jwks")}),
    )
}

async fn jwks(State(issuer): State<Issuer>) -> Json<Value> {
    let mut said = issuer.said.lock().unwrap();
    said.keys_asked += 1;
    Json(json!({"keys": said.keys}))
}

async fn token(State(issuer): State<Issuer>) -> Json<Value> {
    let id_token = issuer.said.lock().unwrap().id_token.clone();
    Json(json!({"access_token": "a", "token_type": "Bearer", "id_token": id_token}))
}

impl Issuer {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let said = Said { issuer: url.clone(), keys: vec![public(1)], ..Said::default() };
        let issuer = Self { url, said: Arc::new(Mutex::new(said)) };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(document))
            .route("/jwks", get(jwks))
            .route("/token", post(token))
            .with_state(issuer.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        issuer
    }

    async fn server(&self, change: impl FnOnce(&mut Settings)) -> (Server, Mailbox) {
        let provider = ProviderSettings {
            client_id: "us".to_owned(),
            issuer: Some(self.url.clone()),
            ..ProviderSettings::default()
        };
        server_with("sso", provider, change).await
    }

    /// What a token should say, for this nonce.
    fn claims(&self, nonce: &str) -> Value {
        let now = chrono::Utc::now().timestamp();
        json!({"iss": self.said.lock().unwrap().issuer, "sub": "s", "aud": "us", "iat": now, "exp": now + 300,
            "nonce": nonce, "email": "ada@example.org", "email_verified": true})
    }

    /// Goes the whole way with the token that `forge` makes of the right claims.
    async fn go(&self, server: &Server, forge: impl FnOnce(Value) -> String) -> (String, String) {
        let mut browser = Browser::new(server);
        let url = browser.start("sso").await;
        let token = forge(self.claims(&parameter(&url, "nonce")));
        self.said.lock().unwrap().id_token = token;
        let state = parameter(&url, "state");
        browser.land(&format!("{PUBLIC}/api/v1/auth/oauth/sso/callback?code=c&state={state}")).await
    }
}

fn refused() -> (String, String) {
    ("error".to_owned(), "provider_refused".to_owned())
}

#[tokio::test]
async fn a_token_that_says_anything_else_is_refused() {
    let issuer = Issuer::start().await;
    let (server, _mailbox) = issuer.server(|_| {}).await;
    let now = chrono::Utc::now().timestamp();
    for (claim, value) in [
        ("iss", json!("https://elsewhere.example.org")),
        ("iss", Value::Null),
        ("aud", json!("others")),
        ("aud", json!([])),
        ("aud", Value::Null),
        ("azp", json!("others")),
        ("exp", json!(now - 120)),
        ("exp", Value::Null),
        ("iat", json!(now + 600)),
        ("iat", Value::Null),
        ("nbf", json!(now + 600)),
        ("nonce", json!("another")),
        ("nonce", Value::Null),
        ("sub", json!("")),
        ("sub", json!("a\u{0}b")),
        ("sub", json!("x".repeat(256))),
        ("sub", Value::Null),
    ] {
        let outcome = issuer.go(&server, |mut claims| {
            claims[claim] = value.clone();
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(claim);
            }
            signed(1, &claims)
        });
        assert_eq!(outcome.await, refused(), "{claim}: {value}");
    }
    assert_eq!(count(&server, "users").await, 0);
    let outcome = issuer.go(&server, |mut claims| {
        claims["aud"] = json!(["us", "others"]);
        claims["azp"] = json!("us");
        signed(1, &claims)
    });
    assert_eq!(outcome.await.0, "code");
    server.remove().await;
}

#[tokio::test]
async fn a_token_that_nobody_or_somebody_else_signed_is_refused() {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let issuer = Issuer::start().await;
    let (server, _mailbox) = issuer.server(|settings| settings.sign_in.keys_s = 0).await;
    let unsigned = |claims: Value| {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.", part(&json!({"alg": "none", "kid": "k1"})), part(&claims))
    };
    assert_eq!(issuer.go(&server, unsigned).await, refused());
    // The public key as if it were a shared secret.
    let shared = |claims: Value| {
        let header = Header { kid: Some("k1".to_owned()), ..Header::new(Algorithm::HS256) };
        let secret = URL_SAFE_NO_PAD.decode(public(1)["x"].as_str().unwrap()).unwrap();
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(&secret)).unwrap()
    };
    assert_eq!(issuer.go(&server, shared).await, refused());
    // Another key under the known one's name, and one under its own.
    let impostor = |claims: Value| {
        let header = Header { kid: Some("k1".to_owned()), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, &claims, &key(2)).unwrap()
    };
    assert_eq!(issuer.go(&server, impostor).await, refused());
    assert_eq!(issuer.go(&server, |claims| signed(2, &claims)).await, refused());
    let bent = |claims: Value| {
        let token = signed(1, &claims);
        let mut parts: Vec<_> = token.split('.').map(str::to_owned).collect();
        let mut other = claims;
        other["email"] = json!("eve@example.org");
        parts[1] = URL_SAFE_NO_PAD.encode(other.to_string());
        parts.join(".")
    };
    assert_eq!(issuer.go(&server, bent).await, refused());
    assert_eq!(issuer.go(&server, |_| "no token at all".to_owned()).await, refused());
    assert_eq!(count(&server, "users").await, 0);
    server.remove().await;
    // Meant to encrypt with.
    issuer.said.lock().unwrap().keys[0]["use"] = json!("enc");
    let (server, _mailbox) = issuer.server(|_| {}).await;
    assert_eq!(issuer.go(&server, |claims| signed(1, &claims)).await, refused());
    server.remove().await;
}

#[tokio::test]
async fn keys_change_and_are_not_asked_for_at_every_word() {
    let issuer = Issuer::start().await;
    let (server, _mailbox) = issuer.server(|settings| settings.sign_in.keys_s = 0).await;
    for _ in 0..3 {
        assert_eq!(issuer.go(&server, |claims| signed(1, &claims)).await.0, "code");
    }
    assert_eq!(issuer.said.lock().unwrap().keys_asked, 1);
    issuer.said.lock().unwrap().keys = vec![public(2), public(3)];
    assert_eq!(issuer.go(&server, |claims| signed(3, &claims)).await.0, "code");
    assert_eq!(issuer.go(&server, |claims| signed(2, &claims)).await.0, "code");
    assert_eq!(issuer.go(&server, |claims| signed(1, &claims)).await, refused());
    assert_eq!(issuer.said.lock().unwrap().keys_asked, 3);
    server.remove().await;

    // With the default, made-up keys are not looked for again within the minute.
    let (server, _mailbox) = issuer.server(|_| {}).await;
    for number in 4..9 {
        assert_eq!(issuer.go(&server, |claims| signed(number, &claims)).await, refused());
    }
    assert_eq!(issuer.said.lock().unwrap().keys_asked, 4);
    server.remove().await;
}

#[tokio::test]
async fn an_issuer_speaks_for_itself_alone() {
    let issuer = Issuer::start().await;
    issuer.said.lock().unwrap().issuer = "https://accounts.google.com".to_owned();
    let (server, _mailbox) = issuer.server(|_| {}).await;
    server.get("/api/v1/auth/oauth/sso/start").await.refused(403, "provider_refused");
    server.remove().await;

    // One of many tenants says which; the person is that tenant's.
    let tenant = "9188040d-6c67-4c5b-b112-36a304b66dad";
    issuer.said.lock().unwrap().issuer = format!("{}/{{tenantid}}/v2.0", issuer.url);
    let (server, _mailbox) = issuer.server(|_| {}).await;
    let of_tenant = |tid: &str, iss: &str, claims: Value| {
        let mut claims = claims;
        claims["tid"] = json!(tid);
        claims["iss"] = json!(format!("{}/{iss}/v2.0", issuer.url));
        signed(1, &claims)
    };
    assert_eq!(issuer.go(&server, |claims| of_tenant(tenant, "elsewhere", claims)).await, refused());
    assert_eq!(issuer.go(&server, |claims| of_tenant("x/..", "x/..", claims)).await, refused());
    assert_eq!(issuer.go(&server, |claims| of_tenant(tenant, tenant, claims)).await.0, "code");
    server.remove().await;
}

#[tokio::test]
async fn a_google_workspace_lets_its_own_people_in() {
    let issuer = Issuer::start().await;
    let (server, _mailbox) = issuer
        .server(|settings| {
            settings.oauth.get_mut("sso").unwrap().hosted_domain = Some("example.org".to_owned())
        })
        .await;
    let of = |domain: Option<&str>, claims: Value| {
        let mut claims = claims;
        claims["hd"] = json!(domain);
        signed(1, &claims)
    };
    assert_eq!(issuer.go(&server, |claims| of(None, claims)).await, refused());
    assert_eq!(issuer.go(&server, |claims| of(Some("evil.example"), claims)).await, refused());
    assert_eq!(issuer.go(&server, |claims| of(Some("example.org"), claims)).await.0, "code");
    server.remove().await;
}
