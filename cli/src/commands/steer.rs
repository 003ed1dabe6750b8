//! Going back and beginning anew: what would be redone is shown before it is done.

use super::{open, project_id, read_long_text};
use crate::args::{ConfirmArguments, PreviewArguments, ReviseArguments, RewindArguments};
use crate::client::Client;
use crate::failure::{Exit, Failure, Result};
use crate::output::Output;
use reqwest::Method;
use serde_json::{Value, json};
use std::fmt::Write as _;
use uuid::Uuid;

/// `groundwork revise`
pub(super) async fn revise(arguments: &ReviseArguments) -> Result<()> {
    let brief = read_long_text(&arguments.brief_file)?;
    let (client, output) = open(&arguments.connection)?;
    let id = project_id(&client, &arguments.project).await?;
    let body = json!({"command": "revise", "brief": brief});
    let answer: Value = client.change(Method::POST, &format!("/projects/{id}/commands"), &body).await?;
    output.result(&answer, || format!("{id} begins anew; what was there stays readable"));
    Ok(())
}

/// `groundwork rewind`
pub(super) async fn rewind(arguments: &RewindArguments) -> Result<()> {
    let (client, output) = open(&arguments.connection)?;
    let id = project_id(&client, &arguments.project).await?;
    let body = json!({"command": "rewind", "stage": arguments.stage, "model": arguments.model});
    let answer: Value = client.change(Method::POST, &format!("/projects/{id}/commands"), &body).await?;
    output.result(&answer, || format!("{id} is back at {}; what was there stays readable", arguments.stage));
    Ok(())
}

/// `groundwork confirm-brief`
pub(super) async fn confirm_brief(arguments: &ConfirmArguments) -> Result<()> {
    let (client, output) = open(&arguments.connection)?;
    let id = project_id(&client, &arguments.project).await?;
    let digest = match &arguments.digest {
        Some(digest) => digest.clone(),
        None => present_brief(&client, output, id).await?,
    };
    let body = json!({ "digest": digest });
    let answer: Value = client.change(Method::POST, &format!("/features/{id}/confirm-brief"), &body).await?;
    output.result(&answer, || format!("the brief of {id} is confirmed; the work begins"));
    output.note(format!("next: groundwork watch {id}"));
    Ok(())
}

/// The digest of the brief as it is; says which one that is.
async fn present_brief(client: &Client, output: Output, id: Uuid) -> Result<String> {
    let all: Value = client.get(&format!("/projects/{id}/artifacts")).await?;
    let mut items = all["items"].as_array().into_iter().flatten();
    let brief = items.find(|one| one["name"] == "brief").ok_or_else(|| {
        Failure::new(Exit::Refused, "no_brief", "there is no brief yet")
            .next(format!("groundwork chat {id} \"…\""))
    })?;
    let digest = brief["digest"].as_str().unwrap_or_default();
    output.note(format!("confirming brief v{} {}", brief["version"], digest.get(..12).unwrap_or(digest)));
    Ok(digest.to_owned())
}

/// `groundwork preview`
pub(super) async fn preview(arguments: &PreviewArguments) -> Result<()> {
    let (client, output) = open(&arguments.connection)?;
    let id = project_id(&client, &arguments.project).await?;
    let mut path = format!("/projects/{id}/preview?command={}", super::escaped(&arguments.command));
    if let Some(target) = &arguments.target {
        let _ = write!(path, "&target={}", super::escaped(target));
    }
    let answer: Value = client.get(&path).await?;
    output.result(&answer, || told(&answer));
    Ok(())
}

fn told(answer: &Value) -> String {
    let mut text = String::new();
    let stages = answer["stages"].as_array().map_or(&[][..], Vec::as_slice);
    if stages.is_empty() {
        return "nothing would be done again".to_owned();
    }
    text.push_str("would be done again:\n");
    for stage in stages {
        let cost = stage["last_cost_usd"]
            .as_str()
            .map_or_else(|| "no earlier run".to_owned(), |cost| format!("${cost} last time"));
        let _ = writeln!(
            text,
            "  {}  {}  {cost}",
            stage["stage"].as_str().unwrap_or_default(),
            stage["agent"].as_str().unwrap_or_default()
        );
    }
    for artifact in answer["superseded"].as_array().into_iter().flatten() {
        let _ = writeln!(
            text,
            "would be superseded: {} v{}",
            artifact["name"].as_str().unwrap_or_default(),
            artifact["version"]
        );
    }
    let _ =
        write!(text, "about ${} and {} tokens", answer["cost_usd"].as_str().unwrap_or("?"), answer["tokens"]);
    text
}
