//! A provider that answers from a script, over real HTTP, and remembers what it was asked.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Response, StatusCode, Uri};
use futures::StreamExt;
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;

/// What comes after the scripted bytes of an answer.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum End {
    /// The body ends.
    Clean,
    /// The connection breaks.
    Cut,
    /// Nothing, for ever.
    Hang,
}

pub(crate) struct Scripted {
    status: u16,
    headers: Vec<(&'static str, String)>,
    chunks: Vec<Vec<u8>>,
    end: End,
}

pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

/// Counts one answer under way, and tells when its body was dropped: the client closed the connection.
struct UnderWay(Arc<Inner>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::SeqCst);
        self.0.changed.notify_waiters();
        self.0.changed.notify_one();
    }
}

#[derive(Default)]
struct Inner {
    script: Mutex<VecDeque<Scripted>>,
    asked: Mutex<Vec<Asked>>,
    under_way: AtomicUsize,
    under_way_max: AtomicUsize,
    changed: Notify,
}

#[derive(Clone)]
pub(crate) struct Fake {
    inner: Arc<Inner>,
    pub(crate) address: String,
}

impl Scripted {
    pub(crate) fn stream(parts: &[&str]) -> Self {
        let chunks = parts.iter().map(|part| part.as_bytes().to_vec()).collect();
        let headers = vec![
            ("content-type", "text/event-stream".to_owned()),
            ("request-id", "req_1".to_owned()),
            ("x-request-id", "req_1".to_owned()),
        ];
        Self { status: 200, headers, chunks, end: End::Clean }
    }

    pub(crate) fn json(status: u16, body: &str) -> Self {
        let headers =
            vec![("content-type", "application/json".to_owned()), ("request-id", "req_2".to_owned())];
        Self { status, headers, chunks: vec![body.as_bytes().to_vec()], end: End::Clean }
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(crate) fn end(mut self, end: End) -> Self {
        self.end = end;
        self
    }

    /// The same bytes in pieces of so many.
    pub(crate) fn pieces_of(mut self, size: usize) -> Self {
        self.chunks = self.chunks.concat().chunks(size).map(<[u8]>::to_vec).collect();
        self
    }
}

impl Fake {
    pub(crate) async fn start(script: Vec<Scripted>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let inner = Arc::new(Inner { script: Mutex::new(script.into()), ..Inner::default() });
        let app = Router::new().fallback(answer).with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { inner, address }
    }

    pub(crate) fn push(&self, scripted: Scripted) {
        self.inner.script.lock().unwrap().push_back(scripted);
    }

    pub(crate) fn calls(&self) -> usize {
        self.inner.asked.lock().unwrap().len()
    }

    pub(crate) fn asked(&self) -> Asked {
        self.inner.asked.lock().unwrap().remove(0)
    }

    pub(crate) fn under_way_max(&self) -> usize {
        self.inner.under_way_max.load(Ordering::SeqCst)
    }

    /// Waits until no answer is under way any more: each was finished, or its client went away.
    pub(crate) async fn is_idle(&self) {
        let idle = async {
            while self.inner.under_way.load(Ordering::SeqCst) > 0 {
                self.inner.changed.notified().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(60), idle)
            .await
            .expect("the connection stayed open");
    }
}

async fn answer(
    State(inner): State<Arc<Inner>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    inner.asked.lock().unwrap().push(Asked { path: uri.path().to_owned(), headers, body });
    let Some(scripted) = inner.script.lock().unwrap().pop_front() else {
        return Response::builder()
            .status(StatusCode::IM_A_TEAPOT)
            .body(Body::from("the script is at its end"))
            .unwrap();
    };
    let now = inner.under_way.fetch_add(1, Ordering::SeqCst) + 1;
    inner.under_way_max.fetch_max(now, Ordering::SeqCst);
    let under_way = UnderWay(inner);
    let mut response = Response::builder().status(scripted.status);
    for (name, value) in scripted.headers {
        response = response.header(name, value);
    }
    let end = scripted.end;
    let tail = async move {
        let _under_way = under_way;
        match end {
            End::Clean => None,
            End::Cut => {
                // The server writes out what it has when its body is not ready; only then may the connection break.
                for _ in 0..10 {
                    tokio::task::yield_now().await;
                }
                Some(Err(std::io::Error::other("cut")))
            }
            End::Hang => std::future::pending().await,
        }
    };
    // A pause between the pieces lets each travel alone; what they are split at is then seen by the client.
    let pieces = futures::stream::iter(scripted.chunks).then(|chunk| async move {
        tokio::task::yield_now().await;
        Ok(Bytes::from(chunk))
    });
    let tail = futures::stream::once(tail).filter_map(|last| async move { last });
    response.body(Body::from_stream(pieces.chain(tail))).unwrap()
}
