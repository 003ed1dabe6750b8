//! What people decide, through every real part: `build` and `handoff` over the API alone, from the command line alone and by
//! signals; gates passed, revised, amended and expired; two people at once; a worker that dies between a decision and its effect.
#![allow(clippy::unwrap_used, reason = "tests")]

mod build;
mod by_hand;
mod handoff;
mod money;
mod operators;
mod policies;

use anyhow::{Context as _, Result, bail};
use groundwork_tests::driver::decisions;
use groundwork_tests::{Client, wait};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

const SOON: Duration = Duration::from_secs(150);
const IDEA: &str = "Members of a climbing gym book classes; trainers see who comes. Cancelling is possible until one hour before.";
/// `build` as a workspace might change it: nobody waits for ever.
const BUILD: &str = include_str!("../../../domain/pipelines/build.toml");

/// The request that waits under that name, once it does.
async fn waiting(client: &Client, project: Uuid, gate: &str) -> Result<Value> {
    let found = wait::until(gate, SOON, async || decisions::pending(client, project, gate).await);
    match found.await {
        Ok(request) => Ok(request),
        Err(error) => Err(error.context(client.project(project).await?.to_string())),
    }
}

/// The body of a decision on what waits: bound to what was read.
fn decision(request: &Value, decision: &str) -> Value {
    json!({"command": "decide", "gate": request["gate"], "digest": request["digest"], "decision": decision})
}

/// A decision on what waits under that name now.
async fn decide(client: &Client, project: Uuid, gate: &str, wanted: &str, more: &Value) -> Result<Value> {
    let request = waiting(client, project, gate).await?;
    let mut body = decision(&request, wanted);
    body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    client.command(project, &Uuid::new_v4().to_string(), &body).await?.ok().context(gate.to_owned())?;
    Ok(request)
}

/// Begins a project at one of the routes for that, and says which one.
async fn begin(client: &Client, path: &str, wish: &Value) -> Result<Uuid> {
    let created = client.post(path, wish).await?;
    created["project_id"].as_str().with_context(|| created.to_string())?.parse().context("project_id")
}

/// Confirms the brief once the agent has shaped one.
async fn confirm(client: &Client, feature: Uuid) -> Result<()> {
    let path = format!("/features/{feature}/confirm-brief");
    wait::until("a brief to confirm", SOON, async || {
        let answer =
            client.call(Method::POST, &path, Some(&Uuid::new_v4().to_string()), Some(&json!({}))).await?;
        if answer.status.is_success() {
            return Ok(Some(()));
        }
        if answer.status.as_u16() == 409 { Ok(None) } else { bail!("{}", answer.body) }
    })
    .await
}
