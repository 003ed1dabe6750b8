//! Nothing secret stands in the logs, however much is logged.

use crate::server::{Answer, PASSWORD, Server};
use reqwest::Method;
use serde_json::json;
use std::io::{Result, Write};
use std::sync::{Arc, Mutex};
use tokio::runtime::Builder;
use tracing::Dispatch;
use tracing::subscriber::NoSubscriber;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Everything that is logged in the threads of one test.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[test]
fn nothing_secret_is_logged() {
    let lines = Lines::default();
    let everything =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(lines.clone());
    let everything = Dispatch::new(everything.finish());
    // Where there is just one, what other threads log first would be left out for good: they have none.
    let _other = Dispatch::new(NoSubscriber::default());
    // This thread does all that waits, and those that the runtime starts do the rest; what other tests do is not heard.
    let _heard = everything.clone().set_default();
    let runtime = Builder::new_current_thread()
        .enable_all()
        .on_thread_start(move || std::mem::forget(everything.clone().set_default()))
        .build()
        .unwrap();
    runtime.block_on(say_secrets(&lines));
}

async fn say_secrets(lines: &Lines) {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let idea = format!("Walrus counting. Use sk-ant-{} for it.", "q9Z8w7X6".repeat(4));
    ada.send(Method::POST, "/projects", &json!({"idea": idea})).await.refused(503, "engine_unavailable");
    let login = json!({"email": "ada@example.org", "password": "a wrong password"});
    server.post("/api/v1/auth/login", &login).await.refused(401, "wrong_credentials");
    let project = server.project(&ada).await;
    let answer = json!({"answers": [{"question_id": "Q1", "text": format!("{idea} Ostrich.")}]});
    ada.send(Method::PATCH, &format!("/projects/{project}/respond"), &answer).await;
    let request = server.request(Method::GET, "/api/v1/auth/me").bearer_auth("gw_not-a-token-of-ours");
    Answer::of(request).await.refused(401, "unauthorized");
    server.remove().await;

    let logged = String::from_utf8_lossy(&lines.0.lock().unwrap()).into_owned();
    assert!(logged.contains("answered") && logged.contains("/api/v1/auth/signup"), "nothing was logged");
    let signature = ada.token.rsplit('.').next().unwrap();
    let secrets = [
        PASSWORD,
        "a wrong password",
        &ada.token,
        signature,
        "not-a-token-of-ours",
        "q9Z8w7X6",
        "Ostrich",
        "$2b$",
    ];
    for secret in secrets {
        let line = logged.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "{secret} stands in the log: {line:?}");
    }
}
