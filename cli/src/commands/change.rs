//! Short words to a project: refine, retry, pause, resume, cancel, archive, restore, delete.

use super::{open, project_id};
use crate::args::{ProjectArguments, RefineArguments, RetryArguments};
use crate::client::Client;
use crate::failure::Result;
use crate::output::Output;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

/// `groundwork refine`
pub(crate) async fn refine(arguments: &RefineArguments) -> Result<()> {
    let (client, output) = open(&arguments.connection)?;
    let id = project_id(&client, &arguments.project).await?;
    let body = json!({ "refinement_request": arguments.request, "target_section": arguments.target });
    say(&client, output, id, "refine", &body, "is being refined").await
}

/// `groundwork retry`
pub(crate) async fn retry(arguments: &RetryArguments) -> Result<()> {
    let (client, output) = open(&arguments.connection)?;
    let id = project_id(&client, &arguments.project).await?;
    let body = match &arguments.model {
        Some(model) => json!({ "model": model }),
        None => json!({}),
    };
    say(&client, output, id, "retry", &body, "is tried again").await
}

/// `groundwork pause`
pub(crate) async fn pause(arguments: &ProjectArguments) -> Result<()> {
    plain(arguments, "pause", "is paused").await
}

/// `groundwork resume`
pub(crate) async fn resume(arguments: &ProjectArguments) -> Result<()> {
    plain(arguments, "resume", "goes on").await
}

/// `groundwork cancel`
pub(crate) async fn cancel(arguments: &ProjectArguments) -> Result<()> {
    plain(arguments, "cancel", "is cancelled; what is there stays readable").await
}

/// `groundwork archive`
pub(crate) async fn archive(arguments: &ProjectArguments) -> Result<()> {
    plain(arguments, "archive", "is archived; `groundwork restore` takes it back").await
}

/// `groundwork restore`
pub(crate) async fn restore(arguments: &ProjectArguments) -> Result<()> {
    plain(arguments, "restore", "is back").await
}

/// `groundwork delete`
pub(crate) async fn delete(arguments: &ProjectArguments) -> Result<()> {
    let (client, output) = open(&arguments.connection)?;
    let id = project_id(&client, &arguments.project).await?;
    let answer: Value = client.change(Method::DELETE, &format!("/projects/{id}"), &json!({})).await?;
    output
        .result(&answer, || format!("{id} is deleted; for 30 days `groundwork restore {id}` takes it back"));
    Ok(())
}

async fn plain(arguments: &ProjectArguments, verb: &str, done: &str) -> Result<()> {
    let (client, output) = open(&arguments.connection)?;
    let id = project_id(&client, &arguments.project).await?;
    say(&client, output, id, verb, &json!({}), done).await
}

async fn say(client: &Client, output: Output, id: Uuid, verb: &str, body: &Value, done: &str) -> Result<()> {
    let answer: Value = client.change(Method::POST, &format!("/projects/{id}/{verb}"), body).await?;
    output.result(&answer, || format!("{id} {done}"));
    Ok(())
}
