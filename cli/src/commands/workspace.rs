//! Workspaces and their members, in a small way.

use super::open;
use crate::args::{Connection, InviteArguments, WorkspaceCommand};
use crate::failure::Result;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use std::fmt::Write as _;
use uuid::Uuid;

/// A list of the API, as far as it is shown.
#[derive(Debug, Deserialize)]
struct List {
    items: Vec<Value>,
}

/// `groundwork workspace …`
pub(crate) async fn workspace(command: &WorkspaceCommand) -> Result<()> {
    match command {
        WorkspaceCommand::List(connection) => list(connection).await,
        WorkspaceCommand::Create(arguments) => {
            let (client, output) = open(&arguments.connection)?;
            let body = json!({ "name": arguments.name });
            let made: Value = client.change(Method::POST, "/workspaces", &body).await?;
            output.result(&made, || format!("{} is there", word(&made, "id")));
            Ok(())
        }
        WorkspaceCommand::Members(arguments) => members(&arguments.connection, arguments.workspace).await,
        WorkspaceCommand::Invite(arguments) => invite(arguments).await,
        WorkspaceCommand::Accept(arguments) => {
            let (client, output) = open(&arguments.connection)?;
            let path = format!("/invitations/{}/accept", arguments.invitation);
            let joined: Value = client.change(Method::POST, &path, &json!({})).await?;
            output.result(&joined, || {
                format!("you belong to {} now, as {}", word(&joined, "name"), word(&joined, "role"))
            });
            Ok(())
        }
        WorkspaceCommand::Archive(arguments) => {
            say(&arguments.connection, Method::POST, arguments.workspace, "/archive").await
        }
        WorkspaceCommand::Restore(arguments) => {
            say(&arguments.connection, Method::POST, arguments.workspace, "/restore").await
        }
        WorkspaceCommand::Delete(arguments) => {
            say(&arguments.connection, Method::DELETE, arguments.workspace, "").await
        }
    }
}

async fn list(connection: &Connection) -> Result<()> {
    let (client, output) = open(connection)?;
    let mine: List = client.get("/workspaces").await?;
    let offers: List = client.get("/invitations").await?;
    output.result(&json!({"workspaces": mine.items, "invitations": offers.items}), || {
        let mut text = table(&mine.items, &["id", "role", "lifecycle", "name"]);
        if !offers.items.is_empty() {
            text.push_str("\ninvitations, to be accepted with `groundwork workspace accept ID`:\n");
            text.push_str(&table(&offers.items, &["id", "role", "invited_by", "workspace_name"]));
        }
        text
    });
    Ok(())
}

async fn members(connection: &Connection, workspace: Uuid) -> Result<()> {
    let (client, output) = open(connection)?;
    let list: List = client.get(&format!("/workspaces/{workspace}/members")).await?;
    output.result(&list.items, || table(&list.items, &["user_id", "role", "email", "name"]));
    Ok(())
}

async fn invite(arguments: &InviteArguments) -> Result<()> {
    let (client, output) = open(&arguments.connection)?;
    let body = json!({"email": arguments.email, "role": arguments.role});
    let path = format!("/workspaces/{}/members", arguments.workspace);
    let invited: Value = client.change(Method::POST, &path, &body).await?;
    output.result(&invited, || {
        format!(
            "{} is invited as {} until {}",
            arguments.email,
            word(&invited, "role"),
            word(&invited, "expires_at")
        )
    });
    Ok(())
}

async fn say(connection: &Connection, method: Method, workspace: Uuid, part: &str) -> Result<()> {
    let (client, output) = open(connection)?;
    let answer: Value = client.change(method, &format!("/workspaces/{workspace}{part}"), &json!({})).await?;
    output.result(&answer, || format!("{} is {}", word(&answer, "name"), word(&answer, "lifecycle")));
    Ok(())
}

fn word<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// One line an item, the columns as wide as they must be.
pub(super) fn table(items: &[Value], columns: &[&str]) -> String {
    let width = |name: &str| items.iter().map(|item| word(item, name).chars().count()).max().unwrap_or(0);
    let widths: Vec<_> = columns.iter().map(|name| width(name)).collect();
    let mut text = String::new();
    for item in items {
        for (name, width) in columns.iter().zip(&widths) {
            // Writing to a String cannot fail.
            let _ = write!(text, "{:<width$}  ", word(item, name));
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_they_must_be() {
        let items = [json!({"id": "1", "name": "Ümit"}), json!({"id": "22", "name": "B"})];
        assert_eq!(table(&items, &["id", "name"]), "1   Ümit\n22  B\n");
    }
}
