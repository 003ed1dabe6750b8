//! Who may decide, how many must, and what happens where nobody does.

use super::{BUILD, IDEA, SOON, begin, confirm, decision, waiting};
use anyhow::{Context as _, Result};
use groundwork_tests::{Client, Options, Stack, driver, wait};
use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_expires_and_two_decide_at_once_in_a_pipeline_of_ones_own() -> Result<()> {
    let stack = Stack::start(Options::default()).await?;
    let client = stack.client().sign_up("lead").await?.patient(SOON);
    let source = BUILD.replace("id = \"build\"", "id = \"hasty\"").replacen(
        "advisor = \"alignment_reviewer\"\nremind_after = \"1d\"\nescalate_after = \"3d\"",
        "remind_after = \"1s\"\nescalate_after = \"2s\"\ndeadline = \"15s\"\non_expiry = \"fail\"",
        1,
    );
    let broken = source.replace("needs = [\"plan\"]", "needs = [\"nothing\"]");
    let refused =
        client.call(Method::POST, "/pipelines", Some("broken"), Some(&json!({"source": broken}))).await?;
    assert_eq!(refused.status.as_u16(), 422, "{}", refused.body);
    assert!(refused.body.to_string().contains("line"), "{}", refused.body);
    client.post("/pipelines", &json!({"source": source})).await?;
    let project = begin(&client, "/projects", &json!({"idea": IDEA, "pipeline": "hasty"})).await?;
    driver::until_phase(&client, project, &["drafting"]).await?;
    confirm(&client, project).await?;
    driver::until_phase(&client, project, &["failed"]).await?;
    let body = client.project(project).await?;
    assert_eq!(body["failure"]["code"], "gate_expired", "{body}");
    let said = stack.database().kinds(project).await?;
    for kind in ["gate_reminded", "gate_escalated", "gate_expired"] {
        assert_eq!(said.iter().filter(|said| *said == kind).count(), 1, "{kind}: {said:?}");
    }
    // Retry opens the same gate again; two decide at once, one is applied and one is told.
    client.command(project, "retry", &json!({"command": "retry"})).await?.ok()?;
    let request = waiting(&client, project, "spec").await?;
    let approve = decision(&request, "approve");
    let (one, other) =
        tokio::join!(client.command(project, "one", &approve), client.command(project, "other", &approve));
    let (one, other) = (one?, other?);
    let codes = [(one.status.as_u16(), one.code()), (other.status.as_u16(), other.code())];
    assert!(codes.iter().any(|code| code.0 == 200), "{codes:?}");
    assert!(codes.iter().any(|code| code.1 == "already_decided"), "{codes:?}");
    waiting(&client, project, "plan").await?;
    Ok(())
}

/// One more member of a workspace. Whoever joins by invitation has an address that is verified, and this stack sends no mail.
async fn member(stack: &Stack, workspace: Uuid, name: &str) -> Result<Client> {
    let client = stack.client().sign_up(name).await?.patient(SOON);
    let me = client.get("/auth/me").await?.ok()?.body;
    let id: Uuid = me["user"]["id"].as_str().with_context(|| me.to_string())?.parse()?;
    sqlx::query("insert into workspace_members (workspace_id, user_id, role, joined_at) values ($1, $2, 'editor', now())")
        .bind(workspace)
        .bind(id)
        .execute(stack.database().pool())
        .await?;
    Ok(client)
}

#[tokio::test(flavor = "multi_thread")]
async fn several_people_decide_and_operators_where_they_may() -> Result<()> {
    let stack = Stack::start(Options::default()).await?;
    let lead = stack.client().sign_up("lead").await?.patient(SOON);
    let place = lead.post("/workspaces", &json!({"name": "Climbing"})).await?;
    let workspace: Uuid = place["id"].as_str().with_context(|| place.to_string())?.parse()?;
    let (ada, bob) = (member(&stack, workspace, "ada").await?, member(&stack, workspace, "bob").await?);
    let gates = ["", "approvals = 2\nfour_eyes = true", "operators = true"];
    let mut parts =
        BUILD.split("advisor = \"alignment_reviewer\"\nremind_after = \"1d\"\nescalate_after = \"3d\"");
    let mut source = parts.next().context("a pipeline")?.replace("id = \"build\"", "id = \"ours\"");
    for (policy, rest) in gates.into_iter().zip(parts) {
        source = source + policy + rest;
    }
    lead.post("/pipelines", &json!({"source": source, "workspace_id": workspace})).await?;
    let path = format!("/workspaces/{workspace}/projects");
    let project = begin(&lead, &path, &json!({"idea": IDEA, "pipeline": "ours"})).await?;
    confirm(&lead, project).await?;
    // Two people at once: one is applied, the other one told so.
    let request = waiting(&ada, project, "spec").await?;
    let approve = decision(&request, "approve");
    let (one, other) =
        tokio::join!(ada.command(project, "ada", &approve), bob.command(project, "bob", &approve));
    let (one, other) = (one?, other?);
    let mut codes = [(one.status.as_u16(), one.code()), (other.status.as_u16(), other.code())];
    codes.sort_unstable();
    assert_eq!(codes, [(200, ""), (409, "already_decided")]);
    // Who began it does not approve; two others do.
    let request = waiting(&lead, project, "plan").await?;
    let approve = decision(&request, "approve");
    let own = lead.command(project, "own", &approve).await?;
    assert_eq!((own.status.as_u16(), own.code()), (403, "four_eyes"), "{}", own.body);
    ada.command(project, "ada-plan", &approve).await?.ok()?;
    let twice = ada.command(project, "ada-again", &approve).await?;
    assert_eq!((twice.status.as_u16(), twice.code()), (409, "already_decided"), "{}", twice.body);
    wait::until("the first approval in the request", SOON, async || {
        let approvals = waiting(&lead, project, "plan").await?["approvals"].as_array().map(Vec::len);
        Ok((approvals == Some(1)).then_some(()))
    })
    .await?;
    bob.command(project, "bob-plan", &approve).await?.ok()?;
    // An operator, who can only signal: changes first, then on.
    let first = waiting(&lead, project, "tests").await?;
    stack.signal(
        project,
        "request_changes",
        &json!({"gate": "tests", "digest": first["digest"], "comment": "Test the time zone."}),
    )?;
    let second = wait::until("tests written again", SOON, async || {
        let request = waiting(&lead, project, "tests").await?;
        Ok((request["digest"] != first["digest"]).then_some(request))
    })
    .await?;
    stack.signal(project, "message", &json!({"text": "Is that all?"}))?;
    wait::until("the message in the log", SOON, async || {
        Ok(stack.database().kinds(project).await?.contains(&"message_taken".to_owned()).then_some(()))
    })
    .await?;
    stack.signal(project, "approve", &json!({"gate": "tests", "digest": second["digest"]}))?;
    driver::until_phase(&lead, project, &["completed"]).await?;
    Ok(())
}

/// The example of docs/pipelines.md: an agent of one's own, which learns from its output contract what form its reply has.
#[tokio::test(flavor = "multi_thread")]
async fn the_example_of_the_documentation_comes_to_its_gate() -> Result<()> {
    let documentation = include_str!("../../../docs/pipelines.md");
    let source: String = documentation
        .lines()
        .skip_while(|line| !line.starts_with("    id = "))
        .take_while(|line| line.is_empty() || line.starts_with("    "))
        .map(|line| format!("{}\n", line.trim_start()))
        .collect();
    let stack = Stack::start(Options::default()).await?;
    let lead = stack.client().sign_up("lead").await?.patient(SOON);
    lead.post("/pipelines", &json!({"source": source})).await?;
    let project = begin(&lead, "/projects", &json!({"idea": IDEA, "pipeline": "haiku"})).await?;
    let request = waiting(&lead, project, "poem").await?;
    assert_eq!((&request["artifact_name"], &request["four_eyes"]), (&json!("poem"), &json!(true)));
    Ok(())
}
