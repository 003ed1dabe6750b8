//! What goes over the wire: flat JSON with `event`, `event_type`, `project_id` and `timestamp` (M-02).

use chrono::{DateTime, SecondsFormat, Utc};
use groundwork_store::events::EventRow;
use groundwork_store::streams::Delta;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// One message of a project's stream.
#[derive(Clone, Debug)]
pub(crate) enum Frame {
    /// An event of the log.
    Event {
        /// Its number in the project.
        seq: i64,
        /// The wire name of its kind.
        kind: Arc<str>,
        /// The whole message.
        json: Arc<str>,
    },
    /// A piece of a running text: not in the log, and not sent again.
    Delta {
        /// Where it belongs.
        delta: Arc<Delta>,
        /// The whole message.
        json: Arc<str>,
    },
}

impl Frame {
    pub(crate) fn of_event(project: uuid::Uuid, row: &EventRow) -> Self {
        Self::Event {
            seq: row.seq,
            kind: row.kind.as_str().into(),
            json: event_json(project, row).to_string().into(),
        }
    }

    pub(crate) fn of_delta(delta: Delta) -> Self {
        let json = json!({
            "event": "delta",
            "event_type": "delta",
            "project_id": delta.project_id,
            "stage": delta.stage,
            "attempt": delta.attempt,
            "offset": delta.offset,
            "text": delta.text,
            "timestamp": rfc3339(Utc::now()),
        });
        Self::Delta { delta: Arc::new(delta), json: json.to_string().into() }
    }

    pub(crate) fn json(&self) -> &Arc<str> {
        match self {
            Self::Event { json, .. } | Self::Delta { json, .. } => json,
        }
    }
}

/// An event as clients see it: the payload's fields beside its own, which win.
pub(crate) fn event_json(project: uuid::Uuid, row: &EventRow) -> Value {
    let mut fields = match &row.payload {
        Value::Object(fields) => fields.clone(),
        Value::Null => Map::new(),
        other => Map::from_iter([("payload".to_owned(), other.clone())]),
    };
    for (name, value) in [
        ("event", json!(row.kind)),
        ("event_type", json!(row.kind)),
        ("event_id", json!(row.event_id)),
        ("project_id", json!(project)),
        ("sequence", json!(row.seq)),
        ("timestamp", json!(rfc3339(row.at))),
        ("cause", json!(row.cause)),
        ("actor", json!(row.actor)),
        ("actor_id", json!(row.actor_id)),
        ("command_id", json!(row.command_id)),
    ] {
        fields.insert(name.to_owned(), value);
    }
    Value::Object(fields)
}

/// With milliseconds and `Z`.
pub(crate) fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
