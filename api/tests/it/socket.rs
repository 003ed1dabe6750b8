//! The WebSocket: who it is, what it may see, what it missed.

use crate::live::PATIENCE;
use crate::server::{Answer, Person, Server};
use futures::{SinkExt as _, StreamExt as _};
use groundwork_domain::ProjectId;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use uuid::Uuid;

pub(crate) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    pub(crate) async fn open(
        server: &Server,
        path: &str,
        headers: &[(&'static str, String)],
    ) -> Result<Self, Error> {
        let mut request = format!("{}{path}", server.url.replace("http", "ws")).into_client_request()?;
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        Ok(Self(connect_async(request).await?.0))
    }

    pub(crate) async fn of(server: &Server, person: &Person) -> Self {
        let header = ("authorization", format!("Bearer {}", person.token));
        let mut socket = Self::open(server, "/api/v1/ws", &[header]).await.unwrap();
        assert_eq!(socket.next().await["event"], "authenticated");
        socket
    }

    pub(crate) async fn say(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    async fn message(&mut self) -> Message {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.0.next()).await.expect("nothing came");
            match message.expect("the socket ended").unwrap() {
                Message::Ping(_) | Message::Pong(_) => {}
                message => return message,
            }
        }
    }

    pub(crate) async fn next(&mut self) -> Value {
        let message = self.message().await;
        let value: Value = serde_json::from_str(message.to_text().unwrap()).unwrap();
        assert_eq!(value["event"], value["event_type"]);
        assert!(value["timestamp"].as_str().unwrap().ends_with('Z'));
        value
    }

    async fn close(&mut self) -> CloseFrame {
        match self.message().await {
            Message::Close(Some(frame)) => frame,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn subscribe(&mut self, project: ProjectId, after: i64) {
        self.say(json!({"type": "subscribe", "project_id": project, "after": after})).await;
        let answer = self.next().await;
        assert_eq!((&answer["event"], &answer["project_id"]), (&json!("subscribed"), &json!(project)));
    }
}

#[tokio::test]
async fn one_socket_sees_several_projects_and_resumes_each() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let (one, two) = (server.project(&ada).await, server.project(&ada).await);
    server.happen(&ada, one, 1).await;
    server.happen(&ada, two, 1).await;
    let mut socket = Socket::of(&server, &ada).await;
    socket.subscribe(one, 1).await;
    let event = socket.next().await;
    assert_eq!((&event["project_id"], &event["sequence"]), (&json!(one), &json!(2)));
    socket.say(json!({"type": "join_project", "project_id": two})).await;
    assert_eq!(socket.next().await["event"], "subscribed");
    for sequence in [1, 2] {
        let event = socket.next().await;
        assert_eq!((&event["project_id"], &event["sequence"]), (&json!(two), &json!(sequence)));
    }
    server.happen(&ada, one, 2).await;
    assert_eq!(socket.next().await["sequence"], 3);
    socket.say(json!({"type": "unsubscribe", "project_id": one})).await;
    assert_eq!(socket.next().await["event"], "unsubscribed");
    server.happen(&ada, one, 3).await;
    server.happen(&ada, two, 2).await;
    assert_eq!(socket.next().await["project_id"], json!(two));
    socket.say(json!({"type": "ping"})).await;
    assert_eq!(socket.next().await["event"], "pong");
    server.stop().await;
    let close = socket.close().await;
    assert_eq!(u16::from(close.code), 1012);
    assert!(close.reason.starts_with("reconnect"));
    server.remove().await;
}

#[tokio::test]
async fn refusals_are_said() {
    let server = Server::with(|settings| settings.socket_subscriptions_max = 1).await;
    let (ada, eve) = (server.sign_up("ada").await, server.sign_up("eve").await);
    let (hers, his) = (server.project(&ada).await, server.project(&eve).await);
    let mut socket = Socket::of(&server, &ada).await;
    for project in [his.0, Uuid::new_v4()] {
        socket.say(json!({"type": "subscribe", "project_id": project})).await;
        let refusal = socket.next().await;
        assert_eq!(
            (&refusal["event"], &refusal["code"]),
            (&json!("subscription_refused"), &json!("not_found"))
        );
        assert_eq!(refusal["project_id"], json!(project));
    }
    socket.subscribe(hers, 0).await;
    // Once more is the same subscription, another one is too many.
    socket.subscribe(hers, 0).await;
    let more = server.project(&ada).await;
    socket.say(json!({"type": "subscribe", "project_id": more})).await;
    assert_eq!(socket.next().await["code"], "limit_reached");
    for unreadable in [json!([]), json!({"type": "fly"}), json!("x")] {
        socket.say(unreadable).await;
        assert_eq!(socket.next().await["code"], "unreadable");
    }
    socket.0.send(Message::text("x".repeat(70_000))).await.unwrap();
    assert_eq!(u16::from(socket.close().await.code), 1009);
    server.remove().await;
}

#[tokio::test]
async fn a_token_comes_in_three_ways() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let project = server.project(&ada).await;
    let protocol = ("sec-websocket-protocol", format!("groundwork, bearer.{}", ada.token));
    let mut socket = Socket::open(&server, "/ws", &[protocol]).await.unwrap();
    assert_eq!(socket.next().await["event"], "authenticated");

    let mut socket = Socket::open(&server, "/api/v1/ws", &[]).await.unwrap();
    socket.say(json!({"type": "subscribe", "project_id": project})).await;
    let refusal = socket.next().await;
    assert_eq!(
        (&refusal["event"], &refusal["code"]),
        (&json!("subscription_refused"), &json!("unauthorized"))
    );
    socket.say(json!({"type": "auth", "token": ada.token})).await;
    assert_eq!(socket.next().await["event"], "authenticated");
    socket.subscribe(project, 0).await;

    let header = ("authorization", "Bearer nonsense".to_owned());
    match Socket::open(&server, "/ws", &[header]).await {
        Err(Error::Http(response)) => assert_eq!(response.status(), 401),
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("a forged token was taken"),
    }
    let mut socket = Socket::open(&server, "/ws", &[]).await.unwrap();
    socket.say(json!({"type": "auth", "token": "nonsense"})).await;
    assert_eq!(socket.next().await["code"], "unauthorized");
    assert_eq!(u16::from(socket.close().await.code), 4401);
    Answer::of(server.request(Method::GET, "/ws")).await.refused(426, "upgrade_required");
    server.remove().await;
}

#[tokio::test]
async fn a_socket_ends_with_its_session() {
    let server = Server::with(|settings| settings.stream_ping_ms = 50).await;
    let ada = server.sign_up("ada").await;
    let mut socket = Socket::of(&server, &ada).await;
    ada.send(Method::POST, "/auth/logout", &json!({})).await;
    assert_eq!(u16::from(socket.close().await.code), 4401);
    server.remove().await;
}
