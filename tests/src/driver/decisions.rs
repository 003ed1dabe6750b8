//! What a person does in `build` and `handoff`: confirms the brief, answers agents, and decides at gates; one thing at a time, when
//! nothing else is under way that could come before or after it.

use super::{Errand, LOOK_EVERY, STAGE_MAX, Style, say};
use crate::client::Client;
use crate::wait;
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use uuid::Uuid;

/// Waits until something waits for a person, and says what; none where the project is completed.
pub(super) async fn until_waiting(client: &Client, id: Uuid) -> Result<Option<String>> {
    let mut last = Value::Null;
    let found = wait::until_every(LOOK_EVERY, &format!("project {id} to wait"), STAGE_MAX, async || {
        let project = client.project(id).await?;
        let found = match (project["phase"].as_str(), project["waiting_for"].as_str()) {
            (Some("completed"), _) => Some(None),
            (Some("failed" | "cancelled"), _) => bail!("project {id}: {}", project["failure"]),
            (_, Some(wanted)) => Some(Some(wanted.to_owned())),
            _ => None,
        };
        last = project;
        Ok(found)
    })
    .await;
    found.with_context(|| format!("it was {last}"))
}

/// Everything that waits, until it is completed.
pub(super) async fn decide_all(client: &Client, id: Uuid, errand: &Errand) -> Result<()> {
    while let Some(waiting) = until_waiting(client, id).await? {
        match waiting.split_once(':') {
            None if waiting == "brief" => confirm(client, id, errand).await?,
            Some(("gate", gate)) => decide(client, id, errand, gate).await?,
            Some(("question", stage)) => reply(client, id, errand, stage).await?,
            _ => bail!("project {id} waits for {waiting}"),
        }
    }
    Ok(())
}

/// Confirms the brief once the agent has shaped one.
pub(crate) async fn confirm(client: &Client, id: Uuid, errand: &Errand) -> Result<()> {
    // The talk begins with a turn of the agent.
    let digest = wait::until_every(LOOK_EVERY, "a brief", STAGE_MAX, async || {
        let artifacts = client.get(&format!("/projects/{id}/artifacts")).await?.ok()?.body;
        let mut all = artifacts["items"].as_array().into_iter().flatten();
        Ok(all.find(|item| item["name"] == "brief").map(|brief| brief["digest"].clone()))
    })
    .await?;
    let body = json!({"command": "confirm_brief", "digest": digest});
    say(client, id, &format!("{}-brief", errand.key), &body).await
}

/// Once changes at the plan's gate, of one in three; then on.
async fn decide(client: &Client, id: Uuid, errand: &Errand, gate: &str) -> Result<()> {
    let request = wait::until_every(LOOK_EVERY, "the advice", STAGE_MAX, async || {
        Ok(pending(client, id, gate).await?.filter(|request| !request["recommendation"].is_null()))
    })
    .await?;
    if gate == "spec" {
        until_named(client, id).await?;
    }
    let wants_more = gate == "plan" && errand.style == Style::OneByOne && request["artifact_version"] == 1;
    let decision = if wants_more { "request_changes" } else { "approve" };
    let body = json!({
        "command": "decide", "gate": gate, "digest": request["digest"], "decision": decision, "comment": "Keep it small.",
    });
    say(client, id, &format!("{}-{gate}-{}", errand.key, request["artifact_version"]), &body).await
}

async fn reply(client: &Client, id: Uuid, errand: &Errand, stage: &str) -> Result<()> {
    let request = pending(client, id, stage).await?.with_context(|| format!("{stage} asks nothing"))?;
    let body = json!({
        "command": "decide", "gate": stage, "digest": request["digest"], "decision": "approve", "comment": "Members pay.",
    });
    say(client, id, &format!("{}-{stage}", errand.key), &body).await
}

/// The request that waits under that name.
///
/// # Errors
/// When the API refuses.
pub async fn pending(client: &Client, id: Uuid, gate: &str) -> Result<Option<Value>> {
    let requests = client.get(&format!("/projects/{id}/hitl")).await?.ok()?.body;
    let all = requests["items"].as_array().context("no items")?;
    Ok(all.iter().find(|request| request["gate"] == gate && request["status"] == "pending").cloned())
}

/// The agent that names the feature works beside everything else: here it is waited for.
async fn until_named(client: &Client, id: Uuid) -> Result<()> {
    wait::until_every(LOOK_EVERY, "a title", STAGE_MAX, async || {
        let events = client.get(&format!("/projects/{id}/events?after=0&limit=100")).await?.ok()?.body;
        let mut all = events["items"].as_array().into_iter().flatten();
        Ok(all.any(|event| event["event"] == "title_changed").then_some(()))
    })
    .await
}
