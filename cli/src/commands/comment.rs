//! Comments on artifacts.

use super::{open, project_id, texts};
use crate::args::{
    AddCommentArguments, CommentArguments, CommentCommand, EditCommentArguments, ReadArguments,
};
use crate::failure::Result;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The comments of an artifact.
#[derive(Debug, Deserialize)]
struct Comments {
    open: u64,
    items: Vec<Value>,
}

/// `groundwork comment …`
pub(super) async fn comment(command: &CommentCommand) -> Result<()> {
    match command {
        CommentCommand::List(arguments) => list(arguments).await,
        CommentCommand::Add(arguments) => add(arguments).await,
        CommentCommand::Edit(arguments) => edit(arguments).await,
        CommentCommand::Delete(arguments) => delete(arguments).await,
        CommentCommand::Resolve(arguments) => resolve(arguments).await,
    }
}

async fn list(arguments: &ReadArguments) -> Result<()> {
    let (client, output) = open(&arguments.connection)?;
    let project = project_id(&client, &arguments.project).await?;
    let (id, _) = texts::artifact(&client, project, &arguments.artifact).await?;
    let found: Comments = client.get(&format!("/artifacts/{id}/comments")).await?;
    output.result(&json!({"open": found.open, "items": found.items}), || {
        let mut text = format!("{} open\n", found.open);
        for one in &found.items {
            let word = |name: &str| one[name].as_str().unwrap_or_default();
            let indent = if one["parent_id"].is_null() { "" } else { "    " };
            let settled = if one["resolved_at"].is_null() { "" } else { " (settled)" };
            let section = one["section"].as_str().map(|section| format!(" on {section}")).unwrap_or_default();
            let _ = write!(
                text,
                "\n{indent}{} {}{section}, v{}{settled}\n",
                word("id"),
                word("comment_type"),
                one["version"]
            );
            let said = if one["deleted_at"].is_null() { word("text") } else { "(deleted)" };
            for line in said.lines() {
                let _ = writeln!(text, "{indent}  {line}");
            }
        }
        text
    });
    Ok(())
}

async fn add(arguments: &AddCommentArguments) -> Result<()> {
    let (client, output) = open(&arguments.connection)?;
    let project = project_id(&client, &arguments.project).await?;
    let (id, _) = texts::artifact(&client, project, &arguments.artifact).await?;
    let body = json!({"text": arguments.text, "comment_type": arguments.comment_type, "section": arguments.section,
        "parent_id": arguments.parent});
    let made: Value = client.change(Method::POST, &format!("/artifacts/{id}/comments"), &body).await?;
    output.result(&made, || format!("{} is there", made["id"].as_str().unwrap_or_default()));
    Ok(())
}

async fn edit(arguments: &EditCommentArguments) -> Result<()> {
    let (client, output) = open(&arguments.connection)?;
    let path = format!("/comments/{}", arguments.comment);
    let edited: Value = client.change(Method::PATCH, &path, &json!({"text": arguments.text})).await?;
    output.result(&edited, || format!("{} is changed", arguments.comment));
    Ok(())
}

async fn delete(arguments: &CommentArguments) -> Result<()> {
    let (client, output) = open(&arguments.connection)?;
    client.change_quietly(Method::DELETE, &format!("/comments/{}", arguments.comment)).await?;
    output.result(&json!({"id": arguments.comment}), || format!("{} is deleted", arguments.comment));
    Ok(())
}

async fn resolve(arguments: &CommentArguments) -> Result<()> {
    let (client, output) = open(&arguments.connection)?;
    let path = format!("/comments/{}/resolve", arguments.comment);
    let settled: Value = client.change(Method::POST, &path, &json!({})).await?;
    output.result(&settled, || format!("{} is settled", arguments.comment));
    Ok(())
}
