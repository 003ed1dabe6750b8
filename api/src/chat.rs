//! A turn of the chat as a stream: what a person says is told to the project, then the agent's words come as it writes them, until the log
//! has its whole answer. The log is what counts: who loses the stream reads the answer there.

use crate::access;
use crate::app::App;
use crate::auth::CurrentUser;
use crate::live::{AccessChanges, Frame, Subscription};
use crate::problem::ApiResult;
use crate::speaker::Speaker;
use crate::telling::{self, Wish};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream;
use groundwork_domain::ProjectId;
use groundwork_domain::access::Permission;
use groundwork_domain::command::CommandBody;
use groundwork_store::events;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// Says something to the agent and streams its answer. What is refused is refused before the stream begins.
pub(crate) async fn say(
    app: &App,
    speaker: &Speaker,
    project: ProjectId,
    message: String,
) -> ApiResult<Response> {
    // Subscribed to before it is told, so that nothing of the answer is missed; and heard of before the check who may hear it.
    let changes = app.hub.access_changes();
    let (mut tx, standing) = access::project(app, speaker.user, project, Permission::WorkOnProject).await?;
    let seen = i64::try_from(events::last_seq(&mut tx, project).await?).unwrap_or(i64::MAX);
    drop(tx);
    let subscription = app.hub.subscribe(standing.workspace_id, project, seen);
    let told =
        telling::tell(app, speaker, project, Wish::Plain(CommandBody::Message { text: message })).await?;
    let subscription = if told.outcome == "repeated" {
        // Its answer may be in the log already.
        drop(subscription);
        app.hub.subscribe(standing.workspace_id, project, 0)
    } else {
        subscription
    };
    let turn = Turn {
        app: app.clone(),
        user: speaker.user,
        project,
        access: changes,
        subscription,
        command: told.command_id,
        place: None,
        ends_at: Instant::now() + Duration::from_millis(app.settings.stream_idle_ms_max),
        patience: Duration::from_millis(app.settings.stream_idle_ms_max),
        has_ended: false,
    };
    let words = stream::unfold(turn, |mut turn| async move {
        let event = turn.next().await?;
        Some((Ok::<_, Infallible>(event), turn))
    });
    let alive = KeepAlive::new().interval(app.settings.stream_ping());
    Ok(Sse::new(words).keep_alive(alive).into_response())
}

/// The answer to one message.
struct Turn {
    app: App,
    user: CurrentUser,
    project: ProjectId,
    access: AccessChanges,
    subscription: Subscription,
    command: Uuid,
    /// The stage and the turn in which it is answered, once the project has said so.
    place: Option<(String, u64)>,
    ends_at: Instant,
    patience: Duration,
    has_ended: bool,
}

impl Turn {
    /// The next thing to send; none at the end.
    async fn next(&mut self) -> Option<Event> {
        while !self.has_ended {
            let frame = tokio::select! {
                biased;
                () = self.access.concern(Some(self.user.id)) => {
                    self.has_ended = !access::still_may(&self.app, self.user, self.project).await;
                    continue;
                }
                frame = tokio::time::timeout_at(self.ends_at, self.subscription.next()) => frame,
            };
            let Ok(frame) = frame else {
                self.has_ended = true;
                let words = "The agent has said nothing for long. Its answer will stand in the chat.";
                return Some(event("error", &json!({"code": "timeout", "detail": words})));
            };
            self.ends_at = Instant::now() + self.patience;
            let Some(frame) = frame else { break };
            if let Some(event) = self.read(&frame) {
                return Some(event);
            }
        }
        None
    }

    fn read(&mut self, frame: &Frame) -> Option<Event> {
        match frame {
            Frame::Delta { delta, .. } => {
                let (stage, turn) = self.place.as_ref()?;
                let is_ours = delta.stage.0 == *stage && u64::from(delta.attempt) == *turn;
                is_ours.then(|| event("delta", &json!({"text": delta.text, "offset": delta.offset})))
            }
            Frame::Event { json, kind, .. } => {
                let value: Value = serde_json::from_str(json).ok()?;
                self.read_event(kind, &value)
            }
        }
    }

    fn read_event(&mut self, kind: &str, value: &Value) -> Option<Event> {
        if kind == "message_taken" && value["command_id"] == json!(self.command) {
            let stage = value["stage"].as_str().unwrap_or_default().to_owned();
            self.place = Some((stage, value["turn"].as_u64().unwrap_or_default()));
            return None;
        }
        let (stage, turn) = self.place.as_ref()?;
        let is_ours = value["cause"].as_str() == Some(&format!("stage:{stage}:{turn}"));
        match kind {
            "new_message" if is_ours && value["kind"] == "agent_response" => {
                self.has_ended = true;
                let told = json!({"message": value["message"], "agent": value["agent"], "turn": turn,
                    "sequence": value["sequence"], "command_id": self.command});
                Some(event("done", &told))
            }
            "message_failed" if is_ours || value["turn"].as_u64() == Some(*turn) => {
                self.has_ended = true;
                let error = &value["error"];
                Some(event("error", &json!({"code": error["code"], "detail": error["message"]})))
            }
            _ => None,
        }
    }
}

fn event(name: &str, data: &Value) -> Event {
    Event::default().event(name).data(data.to_string())
}
