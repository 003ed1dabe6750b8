//! A project's events: as a page, or as a stream of server-sent events that resumes where its client lost it (M-06).

use super::projects::page_limit;
use crate::access;
use crate::app::App;
use crate::auth::CurrentUser;
use crate::extract::{Path, Query};
use crate::live::{AccessChanges, Frame, Subscription, event_json};
use crate::metrics::OpenStream;
use crate::openapi::{ReadProblems, ServerSentEvent};
use crate::problem::{ApiError, ApiResult};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, StreamExt as _};
use groundwork_domain::ProjectId;
use groundwork_domain::access::Permission;
use groundwork_store::events;
use serde::{Deserialize, Serialize};
use std::convert::Infallible;
use std::time::Duration;
use tokio::time::{Instant, Interval, MissedTickBehavior};
use utoipa::{IntoParams, ToSchema};

/// How soon a client that lost the stream should come back.
const COME_BACK: Duration = Duration::from_secs(1);

/// From where.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventsQuery {
    /// Only events after this sequence number; `Last-Event-ID` wins.
    after: Option<i64>,
    /// Rows of a page: 1 to 100, 20 when not said.
    limit: Option<u32>,
}

/// A page of the event log, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventPage {
    /// Flat objects: `event`, `event_type`, `event_id`, `project_id`, `sequence`, `timestamp`, `cause`, `actor`, `actor_id`,
    /// `command_id` and the fields of their kind.
    #[schema(value_type = Vec<Object>)]
    items: Vec<serde_json::Value>,
    /// The `after` of the next page; none: this is the last one as yet.
    next_cursor: Option<String>,
    /// The most rows that this page could have had.
    limit: u32,
}

/// What happened and happens. `Accept: text/event-stream` streams, and resumes after `Last-Event-ID`; anything else gives a page.
#[utoipa::path(get, operation_id = "list_events", path = "/projects/{project_id}/events", tag = "live",
    params(("project_id" = Uuid, Path), EventsQuery,
        ("last-event-id" = Option<i64>, Header, description = "Sequence number of the last event that was received")),
    security(("bearer" = [])),
    responses((status = OK, description = "A page, or a stream of the same objects and of deltas",
        content((EventPage = "application/json"), (ServerSentEvent = "text/event-stream"))), ReadProblems))]
pub(crate) async fn events(
    State(app): State<App>,
    user: CurrentUser,
    Path(project): Path<ProjectId>,
    Query(query): Query<EventsQuery>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let after = after(&headers, &query)?;
    if !wants_stream(&headers) {
        return Ok(Json(page(&app, user, project, after, query.limit).await?).into_response());
    }
    // Heard of from before the check, so that nothing is missed between it and the stream.
    let changes = app.hub.access_changes();
    let (tx, standing) = access::project(&app, user, project, Permission::ReadProject).await?;
    drop(tx);
    let subscription = app.hub.subscribe(standing.workspace_id, project, after);
    Ok(stream(Streaming::new(app, user, project, subscription, changes)).into_response())
}

fn after(headers: &HeaderMap, query: &EventsQuery) -> ApiResult<i64> {
    let Some(value) = headers.get("last-event-id") else {
        return Ok(query.after.unwrap_or_default().max(0));
    };
    let number = value.to_str().ok().and_then(|text| text.trim().parse::<i64>().ok());
    number.filter(|number| *number >= 0).ok_or_else(|| {
        ApiError::bad_request("invalid_last_event_id", "Last-Event-ID is the sequence number of an event.")
    })
}

fn wants_stream(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accept.contains("text/event-stream")
}

async fn page(
    app: &App,
    user: CurrentUser,
    project: ProjectId,
    after: i64,
    limit: Option<u32>,
) -> ApiResult<EventPage> {
    let limit = page_limit(app, limit)?;
    let (mut tx, _) = access::project(app, user, project, Permission::ReadProject).await?;
    let mut rows = events::page(&mut tx, project, after.unsigned_abs(), limit + 1).await?;
    let has_more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next_cursor = rows.last().filter(|_| has_more).map(|row| row.seq.to_string());
    let items = rows.iter().map(|row| event_json(project.0, row)).collect();
    Ok(EventPage { items, next_cursor, limit })
}

/// An open stream.
struct Streaming {
    app: App,
    user: CurrentUser,
    project: ProjectId,
    subscription: Subscription,
    access: AccessChanges,
    ping: Interval,
    has_ended: bool,
    _open: OpenStream,
}

impl Streaming {
    fn new(
        app: App,
        user: CurrentUser,
        project: ProjectId,
        subscription: Subscription,
        access: AccessChanges,
    ) -> Self {
        let period = app.settings.stream_ping();
        let mut ping = tokio::time::interval_at(Instant::now() + period, period);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let open = OpenStream::new("sse");
        Self { app, user, project, subscription, access, ping, has_ended: false, _open: open }
    }

    /// The next thing to send; none at the end.
    async fn next(&mut self) -> Option<Event> {
        if self.has_ended {
            return None;
        }
        tokio::select! {
            biased;
            () = self.app.shutdown.cancelled() => {
                self.has_ended = true;
                Some(Event::default().event("reconnect").retry(COME_BACK).data(r#"{"event":"reconnect","event_type":"reconnect"}"#))
            }
            _ = self.ping.tick() => {
                self.has_ended = !access::still_may(&self.app, self.user, self.project).await;
                Some(sign_of_life())
            }
            () = self.access.concern(Some(self.user.id)) => {
                self.has_ended = !access::still_may(&self.app, self.user, self.project).await;
                Some(Event::default().comment(""))
            }
            frame = self.subscription.next() => frame.map(|frame| of_frame(&frame)),
        }
    }
}

fn stream(streaming: Streaming) -> Sse<impl futures::Stream<Item = Result<Event, Infallible>>> {
    // At once, so that clients and proxies see that the stream is open. Who may see it was asked just before.
    let opening = stream::once(async { Ok(sign_of_life()) });
    let events = stream::unfold(streaming, |mut streaming| async move {
        let event = streaming.next().await?;
        Some((Ok(event), streaming))
    });
    Sse::new(opening.chain(events))
}

fn sign_of_life() -> Event {
    Event::default().retry(COME_BACK).comment("")
}

fn of_frame(frame: &Frame) -> Event {
    match frame {
        Frame::Event { seq, kind, json } => {
            Event::default().id(seq.to_string()).event(kind.as_ref()).data(json.as_ref())
        }
        Frame::Delta { json, .. } => Event::default().event("delta").data(json.as_ref()),
    }
}
