//! The same for what is subscribed to: server-sent events and WebSockets.

use super::place::{Caller, Place};
use crate::live::{PATIENCE, Stream};
use crate::server::{Answer, Server};
use crate::socket::Socket;
use groundwork_domain::access::Role;
use reqwest::Method;
use serde_json::json;
use std::time::Instant;
use tokio_tungstenite::tungstenite::Error;

const OUTSIDE: [&str; 2] = ["stranger", "invited"];
const ENDED: [&str; 3] = ["expired", "revoked", "deactivated"];

#[tokio::test]
async fn a_stream_opens_for_members_only() {
    let server = Server::new().await;
    let place = Place::new(&server).await;
    let path = place.fill("/projects/{project_id}/events");
    for (names, status) in [(&OUTSIDE[..], 404), (&ENDED[..], 401)] {
        for name in names {
            let request =
                place.people[name].request(Method::GET, &path).header("accept", "text/event-stream");
            let answer = Answer::of(request).await;
            assert_eq!(answer.status, status, "{name}: {}", answer.body);
            assert_eq!(answer.headers["content-type"], "application/problem+json");
        }
    }
    let nobody = server.request(Method::GET, &format!("/api/v1{path}")).header("accept", "text/event-stream");
    assert_eq!(Answer::of(nobody).await.status, 401);
    for role in Role::ALL {
        let mut stream = Stream::open(&place.people[role.as_str()], place.project, None).await;
        assert_eq!(stream.next().await.unwrap().1["project_id"], json!(place.project));
    }
    server.remove().await;
}

#[tokio::test]
async fn a_socket_subscribes_members_only_and_tells_others_nothing() {
    let server = Server::new().await;
    let place = Place::new(&server).await;
    for name in ENDED {
        let header = ("authorization", format!("Bearer {}", place.people[name].token));
        match Socket::open(&server, "/api/v1/ws", &[header]).await {
            Err(Error::Http(response)) => assert_eq!(response.status(), 401, "{name}"),
            Err(other) => panic!("{name}: {other:?}"),
            Ok(_) => panic!("{name} was let in"),
        }
    }
    for role in Role::ALL {
        let mut socket = Socket::of(&server, &place.people[role.as_str()]).await;
        socket.subscribe(place.project, 0).await;
        assert_eq!(socket.next().await["project_id"], json!(place.project));
    }
    // The place has come to its first publication; one that was there already would go nowhere.
    for (name, number) in OUTSIDE.into_iter().zip(2..) {
        let person = &place.people[name];
        let own = server.project(person).await;
        let mut socket = Socket::of(&server, person).await;
        socket.subscribe(own, 0).await;
        socket.say(json!({"type": "subscribe", "project_id": place.project})).await;
        let refusal = socket.next().await;
        assert_eq!(
            (&refusal["event"], &refusal["code"]),
            (&json!("subscription_refused"), &json!("not_found"))
        );
        // What happens there now goes past; what happens in their own project after it is the next they hear.
        let mut owner = place.people["owner"].clone();
        owner.workspace = workspace(&server, &place).await;
        server.happen(&owner, place.project, number).await;
        server.happen(person, own, 1).await;
        for _ in 0..2 {
            assert_eq!(socket.next().await["project_id"], json!(own), "{name}");
        }
    }
    server.remove().await;
}

#[tokio::test]
async fn who_is_no_member_any_more_hears_no_more() {
    let server = Server::with(|settings| settings.stream_ping_ms = 50).await;
    let place = Place::new(&server).await;
    let viewer = &place.people["viewer"];
    let mut stream = Stream::open(viewer, place.project, None).await;
    stream.next().await.unwrap();
    let mut socket = Socket::of(&server, viewer).await;
    socket.subscribe(place.project, 1_000).await;
    let sql = "delete from workspace_members where user_id = $1 and role = 'viewer'";
    sqlx::query(sql).bind(viewer.id.0).execute(&server.owner).await.unwrap();
    assert_eq!(socket.next().await["event"], "unsubscribed");
    let deadline = Instant::now() + PATIENCE;
    while stream.next().await.is_some() {
        assert!(Instant::now() < deadline, "the stream goes on");
    }
    let Caller::Token { token, .. } = place.caller("viewer") else { panic!("no token") };
    let path = place.fill("/api/v1/projects/{project_id}");
    assert_eq!(Answer::of(server.request(Method::GET, &path).bearer_auth(token)).await.status, 404);
    server.remove().await;
}

async fn workspace(server: &Server, place: &Place) -> groundwork_domain::WorkspaceId {
    let sql = "select workspace_id from projects where id = $1";
    let id = sqlx::query_scalar(sql).bind(place.project.0).fetch_one(&server.owner).await.unwrap();
    groundwork_domain::WorkspaceId(id)
}
