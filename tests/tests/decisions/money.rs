//! Who pays, and how much: budgets that stop a project and let it go on after a raise, and the keys that calls are made with.

use super::{IDEA, SOON};
use anyhow::{Context as _, Result};
use groundwork_tests::driver;
use groundwork_tests::{Cli, Client, Options, Stack, wait};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

async fn until_over_budget(client: &Client, project: Uuid) -> Result<()> {
    wait::until("a project that waits for money", SOON, async || {
        Ok((client.project(project).await?["waiting_for"] == "budget").then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_stops_at_its_budget_and_goes_on_after_a_raise() -> Result<()> {
    let stack = Stack::start(Options::default()).await?;
    let client = stack.client().sign_up("founder").await?.patient(SOON);
    let project = driver::begin(&client, &driver::errand(0)).await?;
    let path = format!("/projects/{project}/budget");
    let put = async |client: &Client, body: Value| client.call(Method::PUT, &path, None, Some(&body)).await;
    for wrong in [json!({"usd_max": "-1"}), json!({"usd_max": "much"}), json!({"tokens_max": -5})] {
        let refused = put(&client, wrong.clone()).await?;
        assert_eq!(refused.status.as_u16(), 422, "{wrong}: {}", refused.body);
    }
    let stranger = stack.client().sign_up("stranger").await?;
    assert_eq!(put(&stranger, json!({"usd_max": "20"})).await?.status.as_u16(), 404);

    // Less than the next call may cost: nothing is bought.
    let used = client.get(&path).await?.ok()?.body["tokens_used"].as_u64().context("tokens_used")?;
    assert!(used > 0);
    put(&client, json!({"tokens_max": used + 1})).await?.ok()?;
    let before = stack.simulator().calls_of_project(project).await?.len();
    client.command(project, "answer", &json!({"command": "accept_recommendations"})).await?.ok()?;
    until_over_budget(&client, project).await?;
    let events = client.get(&format!("/projects/{project}/events?after=0&limit=100")).await?.ok()?.body;
    let all = events["items"].as_array().context("events")?;
    let told = all.iter().find(|event| event["event"] == "over_budget").context("over_budget")?;
    assert_eq!((&told["scope"], &told["measure"]), (&json!("project"), &json!("tokens")), "{told}");
    assert_eq!(stack.simulator().calls_of_project(project).await?.len(), before, "nothing is bought");
    // A raise that is too small stops it again; one that is enough lets it go on to its end.
    put(&client, json!({"tokens_max": used + 2})).await?.ok()?;
    wait::until("the second stop in the log", SOON, async || {
        let kinds = stack.database().kinds(project).await?;
        // The request tells the project of the raise, and so may a sweeper.
        Ok((kinds.iter().filter(|kind| *kind == "over_budget").count() >= 2).then_some(()))
    })
    .await?;
    until_over_budget(&client, project).await?;
    put(&client, json!({"tokens_max": 100_000_000, "usd_max": "50"})).await?.ok()?;
    driver::until_phase(&client, project, &["completed"]).await?;
    let budget = client.get(&path).await?.ok()?.body;
    let ledger = stack.database().project(project).await?;
    assert_eq!(budget["tokens_used"].as_i64(), Some(ledger.input_tokens + ledger.output_tokens), "{budget}");
    assert_eq!(budget["tokens_reserved"], 0, "{budget}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspaces_budget_is_raised_from_the_command_line() -> Result<()> {
    let stack = Stack::start(Options::default()).await?;
    let cli = Cli::sign_up(&stack, "owner")?;
    let listed = cli.json(&["workspace", "list"])?;
    let workspace = listed["workspaces"][0]["id"].as_str().with_context(|| listed.to_string())?.to_owned();
    cli.run(&["budget", "set", "--workspace", &workspace, "--tokens", "1"])?;
    let new = cli.json(&["new", "--idea", IDEA, "--pipeline", "handoff"])?;
    let project = new["project_id"].as_str().with_context(|| new.to_string())?.to_owned();
    wait::until("a project that waits for money", SOON, async || {
        Ok((cli.json(&["show", &project])?["waiting_for"] == "budget").then_some(()))
    })
    .await?;
    assert!(stack.simulator().calls_of_project(project.parse()?).await?.is_empty(), "nothing is bought");
    assert!(cli.run(&["budget", "show", "--workspace", &workspace])?.contains("tokens: 0 of 1"));
    assert!(cli.run(&["inbox"])?.contains("its budget is used up"));
    cli.run(&["budget", "set", "--workspace", &workspace, "--usd", "20"])?;
    cli.run(&["watch", &project, "--to-end"])?;
    assert_eq!(cli.json(&["show", &project])?["phase"], "completed");
    Ok(())
}

/// The ends of the keys that a project's calls to a provider were made with.
async fn keys_of(stack: &Stack, project: Uuid, provider: &str) -> Result<Vec<String>> {
    let calls = stack.simulator().calls_of_project(project).await?;
    let mut ends: Vec<_> =
        calls.into_iter().filter(|call| call.provider == provider).map(|call| call.key_end).collect();
    ends.dedup();
    Ok(ends)
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_made_with_ones_own_key_then_the_workspaces_then_the_platforms() -> Result<()> {
    let stack = Stack::start(Options::default()).await?;
    let client = stack.client().sign_up("founder").await?.patient(SOON);
    let me = client.get("/workspaces").await?.ok()?.body;
    let workspace = me["items"][0]["id"].as_str().with_context(|| me.to_string())?.to_owned();
    let (own, shared) =
        ("sk-ant-own-aaaaaaaaaaaaaaaaaaaaaaaa-1111", "sk-ant-shared-bbbbbbbbbbbbbbbbbbbbbb-2222");
    let own_path = "/settings/api-keys/anthropic".to_owned();
    let shared_path = format!("/workspaces/{workspace}/api-keys/anthropic");
    for (path, key) in [(&own_path, own), (&shared_path, shared)] {
        let kept = client.call(Method::PUT, path, None, Some(&json!({ "key": key }))).await?.ok()?;
        assert_eq!(kept.body["last_four"].as_str(), key.get(key.len() - 4..));
        for bytes in [
            kept.bytes,
            client.get(path).await?.ok()?.bytes,
            client.get("/settings/api-keys").await?.ok()?.bytes,
        ] {
            assert!(!String::from_utf8_lossy(&bytes).contains(key), "a key is never shown again");
        }
    }
    let mut nth = 0;
    let mut ends = async || -> Result<Vec<String>> {
        nth += 1;
        let project = driver::run(&client, &driver::errand(nth * 3)).await?;
        keys_of(&stack, project, "anthropic").await
    };
    assert_eq!(ends().await?, ["1111"]);
    client.call(Method::DELETE, &own_path, None, None).await?.ok()?;
    assert_eq!(ends().await?, ["2222"]);
    client.call(Method::DELETE, &shared_path, None, None).await?.ok()?;
    assert_eq!(ends().await?, ["ated"], "the platform's");
    // One that the provider does not take is told as that, and is not passed over for somebody else's.
    let wrong = json!({"key": "invalid-key-of-a-person-0000000000"});
    client.call(Method::PUT, &own_path, None, Some(&wrong)).await?.ok()?;
    let project = client.create("with-a-wrong-key", IDEA).await?;
    driver::until_phase(&client, project, &["failed"]).await?;
    let failed = client.project(project).await?;
    assert_eq!(failed["failure"]["code"], "provider_rejected_key", "{failed}");
    // Nowhere on disk as it is: neither in logs nor in the database.
    for log in std::fs::read_dir(stack.logs())? {
        let text = std::fs::read(log?.path())?;
        let text = String::from_utf8_lossy(&text);
        assert!(!text.contains(own) && !text.contains(shared), "a key in a log");
    }
    Ok(())
}
