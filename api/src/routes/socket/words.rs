//! What clients say on a WebSocket, and what is said to them beside events.

use crate::live::rfc3339;
use crate::problem::ApiError;
use chrono::Utc;
use groundwork_domain::ProjectId;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// A message of a client; `event` is another name of `type`.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Said {
    /// Who it is.
    Auth {
        /// An access token.
        token: String,
    },
    /// What it wants to see.
    #[serde(alias = "join_project")]
    Subscribe {
        /// The project.
        project_id: ProjectId,
        /// Only events after this number; all when not said.
        #[serde(default)]
        after: i64,
    },
    /// What it no longer wants to see.
    #[serde(alias = "leave_project")]
    Unsubscribe {
        /// The project.
        project_id: ProjectId,
    },
    /// Whether we are there.
    Ping,
}

impl Said {
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut value: Value = serde_json::from_str(text).ok()?;
        let fields = value.as_object_mut()?;
        if !fields.contains_key("type") {
            let name = fields.get("event").or_else(|| fields.get("event_type"))?.clone();
            fields.insert("type".to_owned(), name);
        }
        serde_json::from_value(value).ok()
    }
}

/// A message that is no event of a project's log: the same frame, without a sequence.
pub(super) fn notice(event: &str, project: Option<ProjectId>, fields: Value) -> String {
    let mut all = match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    };
    all.insert("event".to_owned(), json!(event));
    all.insert("event_type".to_owned(), json!(event));
    all.insert("project_id".to_owned(), json!(project));
    all.insert("timestamp".to_owned(), json!(rfc3339(Utc::now())));
    Value::Object(all).to_string()
}

/// A refusal, said as plainly as in an answer to a request.
pub(super) fn refusal(event: &str, project: Option<ProjectId>, error: &ApiError) -> String {
    notice(event, project, json!({"code": error.code(), "message": error.detail()}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_names_of_a_subscription_mean_the_same() {
        let id = "6a3c2d4e-0000-4000-8000-000000000001";
        let wanted =
            Some(Said::Subscribe { project_id: ProjectId(id.parse().unwrap_or_default()), after: 0 });
        assert_eq!(Said::read(&format!(r#"{{"type":"subscribe","project_id":"{id}"}}"#)), wanted);
        assert_eq!(
            Said::read(&format!(r#"{{"type":"join_project","project_id":"{id}","after":0}}"#)),
            wanted
        );
        assert_eq!(Said::read(&format!(r#"{{"event":"join_project","project_id":"{id}"}}"#)), wanted);
    }

    #[test]
    fn what_is_not_understood_is_nothing() {
        for text in ["", "[]", "1", r#"{"type":"drop"}"#, r#"{"type":"subscribe","project_id":"x"}"#] {
            assert_eq!(Said::read(text), None);
        }
    }
}
