//! Server-sent events: everything once and in order, from where the client left off, and a tail of what is being written.

use crate::server::{Person, Server};
use eventsource_stream::Eventsource as _;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use groundwork_domain::{ProjectId, StageId};
use groundwork_store::streams::{self, Chunk};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Long enough for a loaded machine; never waited for where the test passes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Stream(BoxStream<'static, eventsource_stream::Event>);

impl Stream {
    pub(crate) async fn open(person: &Person, project: ProjectId, last: Option<i64>) -> Self {
        let mut request = person
            .request(Method::GET, &format!("/projects/{project}/events"))
            .header("accept", "text/event-stream");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self(response.bytes_stream().eventsource().filter_map(|event| async { event.ok() }).boxed())
    }

    /// The next message that has data; none at the end.
    pub(crate) async fn next(&mut self) -> Option<(eventsource_stream::Event, Value)> {
        let event = tokio::time::timeout(PATIENCE, self.0.next()).await.expect("nothing came")?;
        let data = serde_json::from_str(&event.data).unwrap();
        Some((event, data))
    }

    async fn numbers(&mut self, count: usize) -> Vec<i64> {
        let mut numbers = Vec::new();
        while numbers.len() < count {
            let (event, data) = self.next().await.unwrap();
            assert_eq!(event.id, data["sequence"].to_string());
            numbers.push(data["sequence"].as_i64().unwrap());
        }
        numbers
    }
}

#[tokio::test]
async fn a_stream_begins_with_what_was_missed_and_goes_on() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let project = server.project(&ada).await;
    server.happen(&ada, project, 1).await;
    let mut all = Stream::open(&ada, project, None).await;
    let (event, first) = all.next().await.unwrap();
    assert_eq!((event.event.as_str(), event.id.as_str()), ("new_message", "1"));
    assert_eq!(first["event"], "new_message");
    assert_eq!(first["event_type"], "new_message");
    assert_eq!(first["project_id"], project.to_string());
    assert_eq!(first["message"], crate::server::IDEA);
    let (_, second) = all.next().await.unwrap();
    assert_eq!(second["timestamp"], "2023-11-14T22:13:20.001Z");
    assert_eq!(second["stage"], "questions");
    assert_eq!(second["actor"], "system");

    server.happen(&ada, project, 2).await;
    server.happen(&ada, project, 3).await;
    assert_eq!(all.numbers(2).await, [3, 4]);
    let mut rest = Stream::open(&ada, project, Some(2)).await;
    assert_eq!(rest.numbers(2).await, [3, 4]);
    for number in 4..40 {
        server.happen(&ada, project, number).await;
    }
    assert_eq!(all.numbers(36).await, (5..41).collect::<Vec<_>>());
    assert_eq!(rest.numbers(36).await, (5..41).collect::<Vec<_>>());

    // What is streamed can be read back (M-05).
    let page = ada.get(&format!("/projects/{project}/events?after=1&limit=2")).await.ok();
    assert_eq!(page["items"][0], second);
    assert_eq!(page["next_cursor"], "3");
    server.remove().await;
}

#[tokio::test]
async fn a_lost_listener_loses_no_event() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let project = server.project(&ada).await;
    server.happen(&ada, project, 1).await;
    let mut stream = Stream::open(&ada, project, None).await;
    assert_eq!(stream.numbers(2).await, [1, 2]);
    for number in 2..5 {
        // Every connection of the server ends, the listener's too.
        sqlx::query(
            "select pg_terminate_backend(pid) from pg_stat_activity
             where datname = current_database() and usename = 'groundwork_app'",
        )
        .execute(&server.owner)
        .await
        .unwrap();
        // The pool finds out with its next use.
        let deadline = Instant::now() + PATIENCE;
        while let Err(error) = server.store.ping().await {
            assert!(Instant::now() < deadline, "{error}");
        }
        server.happen(&ada, project, number).await;
    }
    assert_eq!(stream.numbers(3).await, [3, 4, 5]);
    server.remove().await;
}

#[tokio::test]
async fn a_late_client_starts_with_the_tail_of_what_is_written() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let project = server.project(&ada).await;
    let chunk = |offset: u64, text: &str| Chunk {
        workspace_id: ada.workspace,
        project_id: project,
        stage: StageId::from("spec"),
        attempt: 1,
        offset,
        text: text.to_owned(),
    };
    server.happen(&ada, project, 1).await;
    streams::flush(&server.store, &[chunk(0, "# Gym"), chunk(5, "\n\nIt ")]).await.unwrap();
    let mut stream = Stream::open(&ada, project, Some(2)).await;
    let (event, tail) = stream.next().await.unwrap();
    assert_eq!((event.event.as_str(), event.id.as_str()), ("delta", ""));
    assert_eq!((&tail["offset"], &tail["text"]), (&json!(0), &json!("# Gym\n\nIt ")));
    assert!(tail.get("sequence").is_none());
    // What overlaps is not given out twice.
    streams::flush(&server.store, &[chunk(7, "It bööks")]).await.unwrap();
    let (_, delta) = stream.next().await.unwrap();
    assert_eq!((&delta["offset"], &delta["text"]), (&json!(10), &json!("bööks")));
    assert_eq!((&delta["stage"], &delta["attempt"]), (&json!("spec"), &json!(1)));
    server.remove().await;
}

#[tokio::test]
async fn a_stream_ends_with_its_session_and_says_so_before_a_restart() {
    let server = Server::with(|settings| settings.stream_ping_ms = 50).await;
    let (ada, bob) = (server.sign_up("ada").await, server.sign_up("bob").await);
    let (hers, his) = (server.project(&ada).await, server.project(&bob).await);
    let mut of_ada = Stream::open(&ada, hers, None).await;
    let mut of_bob = Stream::open(&bob, his, None).await;
    ada.send(Method::POST, "/auth/logout", &json!({})).await;
    assert!(of_ada.next().await.is_none());
    server.stop().await;
    let (event, data) = of_bob.next().await.unwrap();
    assert_eq!((event.event.as_str(), &data["event"]), ("reconnect", &json!("reconnect")));
    assert!(of_bob.next().await.is_none());
    server.remove().await;
}

#[tokio::test]
async fn a_wrong_last_event_id_is_refused() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let project = server.project(&ada).await;
    let request =
        ada.request(Method::GET, &format!("/projects/{project}/events")).header("last-event-id", "x");
    crate::server::Answer::of(request).await.refused(400, "invalid_last_event_id");
    server.remove().await;
}
