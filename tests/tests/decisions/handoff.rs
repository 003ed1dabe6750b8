//! `handoff` over the API alone: agents ask in the middle of their work.

use super::{IDEA, SOON, begin, waiting};
use anyhow::{Context as _, Result};
use groundwork_tests::{Options, Stack, driver, wait};
use reqwest::Method;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn agents_hand_on_and_ask_over_the_api_and_decisions_come_by_signal() -> Result<()> {
    let stack = Stack::start(Options::default()).await?;
    let client = stack.client().sign_up("lead").await?.patient(SOON);
    stack.simulator().add_faults(&["ask_person,agent=analyst", "ask_person,agent=coder"]).await?;
    let project = begin(&client, "/projects", &json!({"idea": IDEA, "pipeline": "handoff"})).await?;
    let asked = waiting(&client, project, "analyst").await?;
    assert_eq!(asked["kind"], "question");
    let inbox = client.get("/hitl").await?.ok()?.body;
    assert_eq!(inbox["waiting_for_me"], 1, "{inbox}");
    let path = format!("/hitl/{}/respond", asked["request_id"].as_str().context("id")?);
    let stranger = stack.client().sign_up("stranger").await?;
    let refused =
        stranger.call(Method::POST, &path, Some("steal"), Some(&json!({"action": "approve"}))).await?;
    assert_eq!(refused.status.as_u16(), 404);
    let silent = client.call(Method::POST, &path, Some("silent"), Some(&json!({"action": "reject"}))).await?;
    assert_eq!(silent.status.as_u16(), 422, "{}", silent.body);
    // Refused, with words: the analyst begins again, and asks again.
    client
        .post(&path, &json!({"action": "reject", "response_content": "Ask about the members instead."}))
        .await?;
    let again = wait::until("the second question", SOON, async || {
        let request = waiting(&client, project, "analyst").await?;
        Ok((request["request_id"] != asked["request_id"]).then_some(request))
    })
    .await?;
    let path = format!("/hitl/{}/respond", again["request_id"].as_str().context("id")?);
    client.post(&path, &json!({"action": "amend", "response_content": "Members pay, in euros."})).await?;
    // The coder's question may be answered by an operator's signal only where its policy says so: here it does not.
    let question = waiting(&client, project, "coder").await?;
    stack.signal(project, "approve", &json!({"gate": "coder", "digest": question["digest"]}))?;
    wait::until("the signal's refusal", SOON, async || {
        Ok(stack.database().kinds(project).await?.contains(&"command_rejected".to_owned()).then_some(()))
    })
    .await?;
    let path = format!("/hitl/{}/respond", question["request_id"].as_str().context("id")?);
    client.post(&path, &json!({"action": "approve", "response_content": "Yes."})).await?;
    driver::until_phase(&client, project, &["completed"]).await?;
    let said = stack.database().kinds(project).await?;
    assert_eq!(said.iter().filter(|kind| *kind == "hitl_request").count(), 3, "{said:?}");
    assert_eq!(said.iter().filter(|kind| *kind == "hitl_response").count(), 3, "{said:?}");
    Ok(())
}
