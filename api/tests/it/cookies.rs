//! Browsers: tokens in cookies, and other sites kept away from them.

use crate::server::{Answer, PASSWORD, Server};
use futures::StreamExt as _;
use reqwest::{Method, RequestBuilder};
use serde_json::json;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

/// What a browser would send back of what was set.
fn jar(answer: &Answer) -> String {
    let cookies = answer.headers.get_all("set-cookie").iter().map(|value| {
        let cookie = value.to_str().unwrap();
        for attribute in ["; Path=/", "; Secure", "; HttpOnly", "; SameSite=Lax", "; Max-Age="] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
        assert!(cookie.starts_with("__Host-gw_") && !cookie.contains("Domain"), "{cookie}");
        cookie.split(';').next().unwrap().to_owned()
    });
    cookies.collect::<Vec<_>>().join("; ")
}

async fn log_in(server: &Server) -> Answer {
    let body = json!({"email": "ada@example.org", "password": PASSWORD, "cookie": true});
    let login = server.request(Method::POST, "/api/v1/auth/login").json(&body);
    Answer::of(login.header("sec-fetch-site", "same-origin")).await
}

#[tokio::test]
async fn a_browser_gets_cookies_and_no_tokens_and_is_somebody_with_them() {
    let server = Server::new().await;
    server.sign_up("ada").await;
    let answer = log_in(&server).await;
    let cookies = jar(&answer);
    let body = answer.ok();
    assert!(body.get("access_token").is_none() && body.get("refresh_token").is_none(), "{body}");
    assert_eq!(body["user"]["email"], "ada@example.org");

    let with = |request: RequestBuilder| request.header("cookie", &cookies);
    let me = with(server.request(Method::GET, "/api/v1/auth/me"));
    assert_eq!(Answer::of(me).await.ok()["user"]["email"], "ada@example.org");

    let refresh = with(server.request(Method::POST, "/api/v1/auth/refresh"));
    let refreshed = Answer::of(refresh.header("sec-fetch-site", "same-origin")).await;
    let newer = jar(&refreshed);
    let body = refreshed.ok();
    assert!(body.get("refresh_token").is_none() && newer != cookies, "{body}");

    let logout = server.request(Method::POST, "/api/v1/auth/logout").header("cookie", &newer);
    let out = Answer::of(logout.header("sec-fetch-site", "same-origin")).await;
    assert_eq!(out.status, 204);
    let cleared: Vec<_> = out.headers.get_all("set-cookie").iter().collect();
    assert!(
        cleared.len() == 2 && cleared.iter().all(|cookie| cookie.to_str().unwrap().contains("Max-Age=0"))
    );
    let me = server.request(Method::GET, "/api/v1/auth/me").header("cookie", &newer);
    Answer::of(me).await.refused(401, "unauthorized");
    server.remove().await;
}

#[tokio::test]
async fn another_site_cannot_use_a_browsers_cookies() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let project = server.project(&ada).await;
    let cookies = jar(&log_in(&server).await);
    let own = server.url.clone();
    let rename = |headers: &[(&str, &str)]| {
        let path = format!("/api/v1/projects/{project}");
        let mut request = server.request(Method::PATCH, &path).header("cookie", &cookies);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::of(request.json(&json!({"title": "Hers"})))
    };
    for foreign in [
        &[("sec-fetch-site", "cross-site")][..],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "cross-site"), ("origin", own.as_str())],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        // A browser that says neither is none.
        &[],
    ] {
        rename(foreign).await.refused(403, "cross_site");
    }
    for ours in
        [&[("sec-fetch-site", "same-origin")][..], &[("sec-fetch-site", "none")], &[("origin", own.as_str())]]
    {
        rename(ours).await.ok();
    }
    // A bearer token is no cookie: nobody's browser sends it by itself.
    let body = json!({"title": "Hers"});
    let bearer = ada.request(Method::PATCH, &format!("/projects/{project}")).json(&body);
    Answer::of(bearer.header("sec-fetch-site", "cross-site").header("origin", "https://evil.example"))
        .await
        .ok();
    // Nor does another site sign a browser in, or refresh in its name.
    let login = json!({"email": "ada@example.org", "password": PASSWORD, "cookie": true});
    let login = server.request(Method::POST, "/api/v1/auth/login").json(&login);
    Answer::of(login.header("origin", "https://evil.example")).await.refused(403, "cross_site");
    let refresh = server.request(Method::POST, "/api/v1/auth/refresh").header("cookie", &cookies);
    Answer::of(refresh.header("sec-fetch-site", "cross-site")).await.refused(403, "cross_site");
    server.remove().await;
}

#[tokio::test]
async fn behind_a_proxy_the_public_address_is_the_own_one() {
    let server = Server::with(|settings| settings.public_url = Some("https://g.example.org".into())).await;
    server.sign_up("ada").await;
    let cookies = jar(&log_in(&server).await);
    let logout = |origin: &str| {
        let request = server.request(Method::POST, "/api/v1/auth/logout").header("cookie", &cookies);
        Answer::of(request.header("origin", origin))
    };
    logout(&server.url).await.refused(403, "cross_site");
    assert_eq!(logout("https://g.example.org").await.status, 204);
    server.remove().await;
}

#[tokio::test]
async fn a_socket_takes_the_cookie_of_our_own_pages_only() {
    let server = Server::new().await;
    server.sign_up("ada").await;
    let cookies = jar(&log_in(&server).await);
    let connect = |origin: Option<String>| {
        let url = format!("{}/api/v1/ws", server.url.replace("http", "ws"));
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("cookie", cookies.parse().unwrap());
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", origin.parse().unwrap());
        }
        connect_async(request)
    };
    for foreign in [None, Some("https://evil.example".to_owned())] {
        let error = connect(foreign).await.unwrap_err();
        assert!(error.to_string().contains("403"), "{error}");
    }
    let (mut socket, _) = connect(Some(server.url.clone())).await.unwrap();
    let first = socket.next().await.unwrap().unwrap();
    assert!(matches!(&first, Message::Text(text) if text.contains("authenticated")), "{first:?}");
    drop(socket);
    server.remove().await;
}
