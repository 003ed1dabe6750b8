//! For operators of the installation.

use super::{escaped, open};
use crate::args::{Connection, OpsCommand, OpsRetryArguments, TroublesArguments};
use crate::client::Client;
use crate::failure::{Failure, Result};
use crate::output::Output;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// A page of the API.
#[derive(Debug, Deserialize)]
struct Page {
    items: Vec<Value>,
    #[serde(default)]
    next_cursor: Option<String>,
}

/// What became of many projects.
#[derive(Debug, Default, Deserialize, Serialize)]
struct Moved {
    applied: u64,
    items: Vec<Value>,
    has_more: bool,
    #[serde(default, skip_serializing)]
    next_cursor: Option<String>,
}

/// `groundwork ops …`
pub(super) async fn ops(command: &OpsCommand) -> Result<()> {
    match command {
        OpsCommand::Failed(arguments) => failed(&arguments.connection, &arguments.query).await,
        OpsCommand::Retry(arguments) => retry(arguments).await,
        OpsCommand::Pause(connection) => all(connection, "pause", "paused").await,
        OpsCommand::Resume(connection) => all(connection, "resume", "going on").await,
        OpsCommand::Troubles(arguments) => troubles(arguments).await,
    }
}

async fn failed(connection: &Connection, query: &[String]) -> Result<()> {
    let query = read_query(query)?;
    let (client, output) = open(connection)?;
    let mut items = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut path = "/admin/dead-letters?limit=100".to_owned();
        for (field, word) in &query {
            let _ = write!(path, "&{field}={}", escaped(word.as_str().unwrap_or_default()));
        }
        if let Some(cursor) = &cursor {
            let _ = write!(path, "&cursor={}", escaped(cursor));
        }
        let page: Page = client.get(&path).await?;
        items.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    output.result(&items, || {
        if items.is_empty() {
            return "no stage has failed".to_owned();
        }
        super::workspace::table(&items, &["project_id", "pipeline", "stage", "code", "failed_at"])
    });
    if !items.is_empty() {
        output.note("next: groundwork ops retry PROJECT, or --query code=…");
    }
    Ok(())
}

async fn retry(arguments: &OpsRetryArguments) -> Result<()> {
    let mut body = read_query(&arguments.query)?;
    let (client, output) = open(&arguments.connection)?;
    if let Some(model) = &arguments.model {
        body.insert("model".to_owned(), json!(model));
    }
    if let Some(project) = arguments.project {
        let path = format!("/admin/dead-letters/{project}/replay");
        let moved: Value = client.change(Method::POST, &path, &body).await?;
        output.result(&moved, || told(&moved));
        return Ok(());
    }
    let mut sum = Moved::default();
    loop {
        let moved: Moved = client.change(Method::POST, "/admin/dead-letters/replay", &body).await?;
        sum.applied += moved.applied;
        sum.items.extend(moved.items);
        // Only what failed before those: what fails once more would be found again without end.
        let Some(cursor) = moved.next_cursor else { break };
        body.insert("cursor".to_owned(), json!(cursor));
    }
    show(output, &sum, "tried again");
    Ok(())
}

async fn all(connection: &Connection, verb: &str, done: &str) -> Result<()> {
    let (client, output) = open(connection)?;
    let mut sum = Moved::default();
    let mut after = Value::Null;
    loop {
        let moved = step(&client, verb, &after).await?;
        let has_more = moved.has_more;
        after = moved.items.last().map(|last| last["project_id"].clone()).unwrap_or_default();
        sum.applied += moved.applied;
        sum.items.extend(moved.items);
        if !has_more {
            break;
        }
    }
    show(output, &sum, done);
    Ok(())
}

async fn step(client: &Client, verb: &str, after: &Value) -> Result<Moved> {
    let body = if after.is_null() { json!({}) } else { json!({ "after": after }) };
    client.change(Method::POST, &format!("/admin/{verb}"), &body).await
}

fn show(output: Output, moved: &Moved, done: &str) {
    output.result(moved, || {
        let others =
            moved.items.iter().filter(|one| one["outcome"] != "applied" && one["outcome"] != "repeated");
        let lines: Vec<_> = others.map(told).collect();
        let more = if moved.has_more { "\nthere is more: say it again" } else { "" };
        let but = if lines.is_empty() { String::new() } else { format!("\n{}", lines.join("\n")) };
        format!("{} {done}{but}{more}", moved.applied)
    });
}

fn told(moved: &Value) -> String {
    let word = |name: &str| moved[name].as_str().unwrap_or_default();
    let reason = moved["reason"].as_str().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("{} {}{reason}", word("project_id"), word("outcome"))
}

async fn troubles(arguments: &TroublesArguments) -> Result<()> {
    let (client, output) = open(&arguments.connection)?;
    if arguments.now {
        let _: Value = client.change(Method::POST, "/admin/troubles", &json!({})).await?;
    }
    let found: Page = client.get("/admin/troubles").await?;
    output.result(&found.items, || {
        if found.items.is_empty() {
            return "no project is in trouble".to_owned();
        }
        super::workspace::table(&found.items, &["project_id", "kind", "stage", "since"])
    });
    Ok(())
}

/// `field=word` pairs of the fields that the list knows.
fn read_query(query: &[String]) -> Result<Map<String, Value>> {
    let mut fields = Map::new();
    for one in query {
        let pair = one.split_once('=').filter(|(field, _)| ["pipeline", "stage", "code"].contains(field));
        let Some((field, word)) = pair else {
            return Err(Failure::usage(format!("`{one}` is no query"))
                .next("pipeline=…, stage=… or code=…; `groundwork ops failed` shows them"));
        };
        fields.insert(field.to_owned(), json!(word));
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_name_fields_of_the_list() {
        let query = read_query(&["code=internal".to_owned(), "stage=spec".to_owned()]).expect("a query");
        assert_eq!(Value::Object(query), json!({"code": "internal", "stage": "spec"}));
        for wrong in ["internal", "title=x"] {
            assert!(read_query(&[wrong.to_owned()]).is_err(), "{wrong}");
        }
    }
}
