//! One connection: a reader of what its client says, and a forwarder for each project that it is subscribed to.

use super::words::{Said, notice, refusal};
use crate::access;
use crate::app::App;
use crate::auth::{self, CurrentUser};
use crate::live::{AccessChanges, Subscription};
use crate::metrics::OpenStream;
use crate::problem::ApiError;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, close_code};
use groundwork_domain::ProjectId;
use groundwork_domain::access::Permission;
use groundwork_store::sessions;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::MissedTickBehavior;

/// How long a client may take to say who it is.
const AUTH_MAX: Duration = Duration::from_secs(10);
/// Messages that wait for a slow client; then its subscriptions wait, lag, and read the table again.
const WAITING_MAX: usize = 64;
/// Close codes of our own (4000–4999 are for applications).
const CLOSE_UNAUTHORIZED: u16 = 4401;

/// Why a connection ends.
struct Ending {
    code: u16,
    reason: &'static str,
}

type Step = Result<(), Ending>;

struct Session {
    app: App,
    user: Option<CurrentUser>,
    socket: WebSocket,
    heard_at: Instant,
    begun_at: Instant,
    messages: mpsc::Sender<Arc<str>>,
    access: AccessChanges,
    forwarders: JoinSet<()>,
    projects: HashMap<ProjectId, AbortHandle>,
    _open: OpenStream,
}

pub(super) async fn run(app: App, socket: WebSocket, user: Option<CurrentUser>) {
    let (messages, mut waiting) = mpsc::channel(WAITING_MAX);
    let now = Instant::now();
    let access = app.hub.access_changes();
    let mut session = Session {
        app,
        user,
        socket,
        heard_at: now,
        begun_at: now,
        messages,
        access,
        forwarders: JoinSet::new(),
        projects: HashMap::new(),
        _open: OpenStream::new("websocket"),
    };
    let ending = session.talk(&mut waiting).await;
    session.forwarders.abort_all();
    let frame = CloseFrame { code: ending.code, reason: Utf8Bytes::from_static(ending.reason) };
    let close = session.socket.send(Message::Close(Some(frame)));
    // Whether a client that is being left hears why does not matter to us.
    let _ = tokio::time::timeout(Duration::from_secs(1), close).await;
}

impl Session {
    async fn talk(&mut self, waiting: &mut mpsc::Receiver<Arc<str>>) -> Ending {
        let shutdown = self.app.shutdown.clone();
        let mut ping = tokio::time::interval(self.app.settings.stream_ping().min(AUTH_MAX));
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        if self.user.is_some()
            && let Err(ending) = self.say(notice("authenticated", None, json!({})).into()).await
        {
            return ending;
        }
        loop {
            let step = tokio::select! {
                () = shutdown.cancelled() => {
                    Err(Ending { code: close_code::RESTART, reason: "reconnect: this server is going down" })
                }
                message = self.socket.recv() => self.hear(message).await,
                Some(message) = waiting.recv() => self.say(message).await,
                _ = ping.tick() => self.look().await,
                () = self.access.concern(self.user.map(|user| user.id)) => self.look().await,
            };
            if let Err(ending) = step {
                return ending;
            }
        }
    }

    async fn hear(&mut self, message: Option<Result<Message, axum::Error>>) -> Step {
        let gone = || Ending { code: close_code::NORMAL, reason: "" };
        self.heard_at = Instant::now();
        match message {
            Some(Ok(Message::Text(text))) => self.obey(&text).await,
            Some(Ok(Message::Binary(_))) => {
                Err(Ending { code: close_code::UNSUPPORTED, reason: "messages are JSON texts" })
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()),
            Some(Ok(Message::Close(_))) | None => Err(gone()),
            Some(Err(error)) => {
                tracing::debug!(%error, "a WebSocket broke");
                Err(Ending { code: close_code::SIZE, reason: "the message is too large or not one" })
            }
        }
    }

    async fn obey(&mut self, text: &str) -> Step {
        let Some(said) = Said::read(text) else {
            let words = "Say {\"type\": \"auth\" | \"subscribe\" | \"unsubscribe\" | \"ping\", …}.";
            return self.refuse("error", None, &ApiError::bad_request("unreadable", words)).await;
        };
        match (said, self.user) {
            (Said::Ping, _) => self.say(notice("pong", None, json!({})).into()).await,
            (Said::Auth { token }, None) => self.authenticate(&token).await,
            (Said::Auth { .. }, Some(_)) => self.say(notice("authenticated", None, json!({})).into()).await,
            (Said::Subscribe { project_id, after }, Some(user)) => {
                self.subscribe(user, project_id, after).await
            }
            (Said::Unsubscribe { project_id }, Some(_)) => {
                self.drop_subscription(project_id);
                self.say(notice("unsubscribed", Some(project_id), json!({})).into()).await
            }
            (Said::Subscribe { project_id, .. } | Said::Unsubscribe { project_id }, None) => {
                self.refuse("subscription_refused", Some(project_id), &ApiError::unauthorized()).await
            }
        }
    }

    async fn authenticate(&mut self, token: &str) -> Step {
        match auth::authenticate(&self.app, token).await {
            Ok(user) => {
                self.user = Some(user);
                self.say(notice("authenticated", None, json!({})).into()).await
            }
            Err(error) => {
                self.refuse("error", None, &error).await?;
                Err(Ending { code: CLOSE_UNAUTHORIZED, reason: "the token is not valid" })
            }
        }
    }

    async fn subscribe(&mut self, user: CurrentUser, project: ProjectId, after: i64) -> Step {
        let is_new = !self.projects.contains_key(&project);
        let limit = self.app.settings.socket_subscriptions_max;
        if is_new && self.projects.len() >= limit {
            let words = format!("A connection has at most {limit} subscriptions.");
            let error = ApiError::limit_reached(words, limit as u64, self.projects.len() as u64);
            return self.refuse("subscription_refused", Some(project), &error).await;
        }
        match access::project(&self.app, user, project, Permission::ReadProject).await {
            Ok((_, standing)) => {
                self.drop_subscription(project);
                let after = after.max(0);
                self.say(notice("subscribed", Some(project), json!({"after": after})).into()).await?;
                let subscription = self.app.hub.subscribe(standing.workspace_id, project, after);
                let forwarder = self.forwarders.spawn(forward(subscription, self.messages.clone()));
                self.projects.insert(project, forwarder);
                Ok(())
            }
            Err(error) => self.refuse("subscription_refused", Some(project), &error).await,
        }
    }

    fn drop_subscription(&mut self, project: ProjectId) {
        if let Some(forwarder) = self.projects.remove(&project) {
            forwarder.abort();
        }
    }

    /// From time to time: whether the client is there, and may still see what it sees.
    async fn look(&mut self) -> Step {
        // What has ended is only collected here.
        while self.forwarders.try_join_next().is_some() {}
        if self.heard_at.elapsed() > self.app.settings.stream_idle_max() {
            return Err(Ending { code: close_code::POLICY, reason: "nothing was heard for too long" });
        }
        let Some(user) = self.user else {
            if self.begun_at.elapsed() >= AUTH_MAX {
                return Err(Ending { code: CLOSE_UNAUTHORIZED, reason: "say who you are first" });
            }
            return Ok(());
        };
        if matches!(sessions::stands(&self.app.store, user.session, user.id).await, Ok(false)) {
            return Err(Ending { code: CLOSE_UNAUTHORIZED, reason: "the session has ended" });
        }
        let projects: Vec<_> = self.projects.keys().copied().collect();
        for project in projects {
            if !access::still_may(&self.app, user, project).await {
                self.drop_subscription(project);
                self.refuse("unsubscribed", Some(project), &ApiError::not_found("project")).await?;
            }
        }
        self.send(Message::Ping(bytes::Bytes::new())).await
    }

    async fn refuse(&mut self, event: &str, project: Option<ProjectId>, error: &ApiError) -> Step {
        self.say(refusal(event, project, error).into()).await
    }

    async fn say(&mut self, message: Arc<str>) -> Step {
        self.send(Message::Text(Utf8Bytes::from(&*message))).await
    }

    async fn send(&mut self, message: Message) -> Step {
        let patience = self.app.settings.stream_idle_max();
        match tokio::time::timeout(patience, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => {
                Err(Ending { code: close_code::POLICY, reason: "the client does not read" })
            }
        }
    }
}

async fn forward(mut subscription: Subscription, messages: mpsc::Sender<Arc<str>>) {
    while let Some(frame) = subscription.next().await {
        if messages.send(frame.json().clone()).await.is_err() {
            return;
        }
    }
}
