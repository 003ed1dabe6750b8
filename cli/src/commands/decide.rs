//! What waits for people, and what they decide.

use super::{open, project_id, read_long_text};
use crate::args::{Connection, Decision, GateArguments, RespondArguments};
use crate::client::Client;
use crate::failure::{Exit, Failure, Result};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;
use uuid::Uuid;

/// What waits, or waited, for a person.
#[derive(Debug, Deserialize, Serialize)]
struct Request {
    request_id: Uuid,
    project_id: Uuid,
    status: String,
    /// `gate` or `question`.
    kind: String,
    /// The gate's name; of a question the stage that asked.
    gate: String,
    /// SHA-256 of what is to be read.
    digest: String,
    #[serde(default)]
    artifact_name: Option<String>,
    #[serde(default)]
    artifact_version: Option<i64>,
    #[serde(flatten)]
    rest: serde_json::Map<String, Value>,
}

#[derive(Debug, Deserialize)]
struct Requests {
    items: Vec<Request>,
    /// Only of the inbox.
    #[serde(default)]
    projects: Vec<WaitingProject>,
}

/// A project that waits as a whole.
#[derive(Debug, Deserialize)]
struct WaitingProject {
    project_id: Uuid,
    project_title: String,
    /// `answers`, `brief` or `budget`.
    waiting_for: String,
}

impl WaitingProject {
    /// One paragraph for people.
    fn told(&self) -> String {
        let id = self.project_id;
        let (what, next) = match self.waiting_for.as_str() {
            "answers" => ("its questions wait for answers", format!("groundwork answer {id}")),
            "brief" => ("its brief waits to be confirmed", format!("groundwork confirm-brief {id}")),
            "budget" => ("its budget is used up", format!("groundwork budget set {id} --usd …")),
            other => (other, format!("groundwork show {id}")),
        };
        format!("{id}  {}\n  {what}\n  {next}", self.project_title)
    }
}

impl Request {
    fn is_pending(&self) -> bool {
        self.status == "pending"
    }

    fn is_gate(&self) -> bool {
        self.kind == "gate"
    }

    fn word(&self, name: &str) -> &str {
        self.rest.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// What is decided on: name, version and the digest's beginning.
    fn subject(&self) -> String {
        let digest = self.digest.get(..12).unwrap_or(&self.digest);
        match (&self.artifact_name, self.artifact_version) {
            (Some(name), Some(version)) => format!("{name} v{version} {digest}"),
            _ => format!("what {} asks ({digest}): {}", self.gate, self.word("request_content")),
        }
    }

    /// One paragraph for people.
    fn told(&self) -> String {
        let mine = self.rest.get("waits_for_me").and_then(Value::as_bool).unwrap_or_default();
        let mut text = format!("{}  {}", self.project_id, self.word("project_title"));
        let what = if self.is_gate() {
            format!("gate {}", self.gate)
        } else {
            format!("{} asks: {}", self.gate, self.word("request_content"))
        };
        let _ = write!(text, "\n  {}{what}", if mine { "" } else { "(waits for others) " });
        if self.artifact_name.is_some() {
            let _ = write!(text, ": {}", self.subject());
        }
        if !self.word("recommendation").is_empty() {
            let _ = write!(
                text,
                "\n  the reviewer says {}: {}",
                self.word("recommendation"),
                self.word("reason")
            );
        }
        if !self.is_gate() {
            let _ = write!(text, "\n  groundwork respond {} approve|reject|amend", self.request_id);
        }
        text
    }
}

/// `groundwork inbox`
pub(super) async fn inbox(connection: &Connection) -> Result<()> {
    let (client, output) = open(connection)?;
    let waiting: Requests = client.get("/hitl").await?;
    output.result(&waiting.items, || {
        let projects = waiting.projects.iter().map(WaitingProject::told);
        let told: Vec<_> = waiting.items.iter().map(Request::told).chain(projects).collect();
        if told.is_empty() { "nothing waits for anybody".to_owned() } else { told.join("\n\n") }
    });
    Ok(())
}

/// `groundwork decide`, `approve`, `request-changes`, `reject`, `amend`
pub(super) async fn decide(gate: &GateArguments, decision: Decision, file: Option<&Path>) -> Result<()> {
    let content = file.map(read_long_text).transpose()?;
    let (client, output) = open(&gate.connection)?;
    let id = project_id(&client, &gate.project).await?;
    let waiting = waiting(&client, id, gate.gate.as_deref()).await?;
    let digest = gate.digest.as_ref().unwrap_or(&waiting.digest);
    if gate.digest.is_none() {
        // Nobody said what was read: here is what is decided on.
        output.note(format!("deciding on {}", waiting.subject()));
    }
    let mut body = json!({
        "command": "decide", "gate": waiting.gate, "digest": digest, "decision": decision.as_str(),
    });
    if let Some(comment) = &gate.comment {
        body["comment"] = json!(comment);
    }
    if let Some(content) = content {
        body["content"] = json!(content);
    }
    let answer: Value = client.change(Method::POST, &format!("/projects/{id}/commands"), &body).await?;
    output.result(&answer, || {
        format!(
            "{}: gate {} of {id}, on {}; now {}",
            decision.as_str(),
            waiting.gate,
            waiting.subject(),
            answer["status"].as_str().unwrap_or_default()
        )
    });
    output.note(format!("next: groundwork watch {id}"));
    Ok(())
}

/// The gate that waits; with several, the one that is named.
async fn waiting(client: &Client, id: Uuid, gate: Option<&str>) -> Result<Request> {
    let all: Requests = client.get(&format!("/projects/{id}/hitl")).await?;
    let pending = all.items.into_iter().filter(|one| one.is_pending() && one.is_gate());
    let mut found: Vec<_> = pending.filter(|one| gate.is_none_or(|gate| one.gate == gate)).collect();
    match (found.pop(), found.is_empty()) {
        (Some(one), true) => Ok(one),
        (Some(_), false) => {
            Err(Failure::usage("several gates wait")
                .next("name one with --gate; `groundwork inbox` shows them"))
        }
        (None, _) => {
            let words =
                gate.map_or_else(|| "no gate waits".to_owned(), |gate| format!("no gate `{gate}` waits"));
            Err(Failure::new(Exit::Refused, "not_waiting", words).next(format!("groundwork show {id}")))
        }
    }
}

/// `groundwork respond`
pub(super) async fn respond(arguments: &RespondArguments) -> Result<()> {
    let text = match (&arguments.text, &arguments.file) {
        (Some(text), _) => Some(text.clone()),
        (None, Some(file)) => Some(read_long_text(file)?),
        (None, None) => None,
    };
    let (client, output) = open(&arguments.connection)?;
    let digest = match &arguments.digest {
        Some(digest) => digest.clone(),
        None => {
            let waiting = asked(&client, arguments.request).await?;
            output.note(format!("deciding on {}", waiting.subject()));
            waiting.digest
        }
    };
    let body = json!({"action": arguments.action, "response_content": text, "digest": digest});
    let path = format!("/hitl/{}/respond", arguments.request);
    let answer: Value = client.change(Method::POST, &path, &body).await?;
    output.result(&answer, || {
        format!("{} is {}", arguments.request, answer["new_status"].as_str().unwrap_or_default())
    });
    Ok(())
}

/// The request of that id that waits.
async fn asked(client: &Client, request: Uuid) -> Result<Request> {
    let all: Requests = client.get("/hitl").await?;
    all.items.into_iter().find(|one| one.request_id == request).ok_or_else(|| {
        Failure::new(Exit::Refused, "not_waiting", format!("nothing waits under {request}"))
            .next("groundwork inbox shows what waits")
    })
}
