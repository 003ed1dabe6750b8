//! A browser: it keeps cookies a site and goes where it is sent.

use super::{PUBLIC, with_parameter};
use crate::server::{Answer, Server};
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Method, Url};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const HOPS_MAX: usize = 10;

pub(crate) struct Browser<'a> {
    server: &'a Server,
    http: reqwest::Client,
    /// By site and name.
    cookies: BTreeMap<(String, String), String>,
}

impl<'a> Browser<'a> {
    pub(crate) fn new(server: &'a Server) -> Self {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        Self { server, http, cookies: BTreeMap::new() }
    }

    /// One request, with the cookies of its site.
    pub(crate) async fn send(
        &mut self,
        method: Method,
        url: &str,
        body: Option<&Value>,
        token: Option<&str>,
    ) -> Answer {
        let site = site(url);
        let request = self.http.request(method, url.replace(PUBLIC, &self.server.url));
        let cookies: Vec<_> = self
            .cookies
            .iter()
            .filter(|((of, _), _)| *of == site)
            .map(|((_, name), value)| format!("{name}={value}"))
            .collect();
        let mut request = request.header(COOKIE, cookies.join("; "));
        if let Some(body) = body {
            request = request.json(body);
        }
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = Answer::of(request).await;
        for cookie in answer.headers.get_all(SET_COOKIE) {
            let (name, value) = cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert((site.clone(), name.to_owned()), value.to_owned());
        }
        answer
    }

    /// Begins to sign in; where it is sent to.
    pub(crate) async fn start(&mut self, provider: &str) -> String {
        let url = format!("{PUBLIC}/api/v1/auth/oauth/{provider}/start");
        let answer = self.send(Method::GET, &url, None, None).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let cookie = answer.headers[SET_COOKIE].to_str().unwrap();
        assert!(cookie.starts_with("__Host-groundwork-flow="), "{cookie}");
        for attribute in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax", "Max-Age=660"] {
            assert!(cookie.split("; ").any(|found| found == attribute), "{attribute}: {cookie}");
        }
        location(&answer)
    }

    /// Is that person at the provider; the URL that it sends back to.
    pub(crate) async fn agree(&mut self, authorize: &str, person: &str) -> String {
        let mut url = with_parameter(authorize, "login_hint", person);
        for _ in 0..HOPS_MAX {
            let answer = self.send(Method::GET, &url, None, None).await;
            assert!(
                answer.status.is_redirection(),
                "{url}: {} {:?}",
                answer.status,
                String::from_utf8(answer.bytes)
            );
            url = Url::parse(&url).unwrap().join(&location(&answer)).unwrap().into();
            if url.starts_with(PUBLIC) {
                return url;
            }
        }
        panic!("sent in circles: {url}");
    }

    /// Comes back; what stands behind the `#` of where it is sent: (`code`, `linked` or `error`, its value).
    pub(crate) async fn land(&mut self, callback: &str) -> (String, String) {
        let answer = self.send(Method::GET, callback, None, None).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let landing = location(&answer);
        let outcome = landing.strip_prefix(&format!("{PUBLIC}/auth/complete#")).unwrap();
        let (what, value) = outcome.split_once('=').unwrap();
        (what.to_owned(), value.to_owned())
    }

    /// The whole way to the provider and back.
    pub(crate) async fn go(&mut self, provider: &str, person: &str) -> (String, String) {
        let authorize = self.start(provider).await;
        let callback = self.agree(&authorize, person).await;
        self.land(&callback).await
    }

    /// Exchanges the code that a return led to.
    pub(crate) async fn exchange(&mut self, code: &str) -> Answer {
        let url = format!("{PUBLIC}/api/v1/auth/oauth/exchange");
        self.send(Method::POST, &url, Some(&json!({"code": code})), None).await
    }

    /// The whole way, and in; the answer that has the tokens.
    pub(crate) async fn enter(&mut self, provider: &str, person: &str) -> Value {
        let (what, code) = self.go(provider, person).await;
        assert_eq!(what, "code", "{code}");
        let answer = self.exchange(&code).await;
        assert!(answer.headers[SET_COOKIE].to_str().unwrap().starts_with("__Host-groundwork-flow=;"));
        answer.ok()
    }
}

fn location(answer: &Answer) -> String {
    answer.headers[LOCATION].to_str().unwrap().to_owned()
}

fn site(url: &str) -> String {
    Url::parse(url).unwrap().origin().ascii_serialization()
}
