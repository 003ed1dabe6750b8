//! `build` over the API alone: every gate, a revision, an amendment, a brief begun anew; and a worker that dies.

use super::{IDEA, SOON, begin, confirm, decide, decision, waiting};
use anyhow::{Context as _, Result};
use groundwork_tests::{Client, Component, Options, Stack, driver, wait};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

/// Versions of an artifact, the latest first.
async fn versions(client: &Client, project: Uuid, name: &str) -> Result<Vec<Value>> {
    let artifacts = client.get(&format!("/projects/{project}/artifacts")).await?.ok()?.body;
    let all = artifacts["items"].as_array().context("artifacts")?;
    let id = all
        .iter()
        .find(|artifact| artifact["name"] == name)
        .with_context(|| format!("no {name}: {artifacts}"))?["id"]
        .clone();
    let path = format!("/artifacts/{}/versions", id.as_str().context("id")?);
    Ok(client.get(&path).await?.ok()?.body["items"].as_array().context("versions")?.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feature_is_built_over_the_api_alone() -> Result<()> {
    // Models that take their time: a reply that is there at once has no deltas.
    let simulator = vec!["--call-ms=400".to_owned()];
    let stack = Stack::start(Options { simulator, ..Options::default() }).await?;
    let client = stack.client().sign_up("lead").await?.patient(SOON);
    let feature = begin(&client, "/features", &json!({"idea": IDEA})).await?;
    // A talk, streamed, that ends with an answer; then the brief is confirmed.
    driver::until_phase(&client, feature, &["drafting"]).await?;
    let path = format!("/features/{feature}/chat");
    let message = json!({"message": "Trainers get a mail."});
    let said = wait::until("the agent's first turn to end", SOON, async || {
        // A key of its own each time: the refusal is the answer to the one before.
        let key = Uuid::new_v4().to_string();
        let said = client.call(Method::POST, &path, Some(&key), Some(&message)).await?;
        if said.code() == "wrong_state" { Ok(None) } else { said.ok().map(Some) }
    })
    .await?;
    let stream = String::from_utf8(said.bytes)?;
    assert!(stream.contains("event: delta") && stream.contains("event: done"), "{stream}");
    confirm(&client, feature).await?;
    the_specification_is_revised(&client, feature).await?;
    a_new_brief_begins_anew(&client, feature).await?;
    the_plan_is_amended(&client, feature).await?;
    decide(&client, feature, "tests", "approve", &json!({})).await?;
    driver::until_phase(&client, feature, &["completed"]).await?;
    let shown = client.get(&format!("/features/{feature}")).await?.ok()?.body;
    assert_eq!(shown["status"], "done", "{shown}");
    let zip = client.get(&format!("/features/{feature}/download")).await?.ok()?.bytes;
    assert_eq!(
        zip,
        client.get(&format!("/features/{feature}/download")).await?.ok()?.bytes,
        "the same files, the same bytes"
    );
    assert!(zip.starts_with(b"PK"));
    let found = client.get(&format!("/projects/{feature}/search?q=src/server")).await?.ok()?.body;
    assert_eq!(
        (&found["items"][0]["kind"], &found["items"][0]["title"]),
        (&json!("file"), &json!("src/server.ts"))
    );
    the_log_tells_who_decided(&stack, feature).await?;
    a_review_is_done_again_by_another_model(&client, feature).await?;
    // What is done stays done: there is no gate to begin anew from.
    let path = format!("/features/{feature}/revise");
    let body = json!({"brief": "# Brief\n\nSomething else.\n"});
    let late = client.call(Method::POST, &path, Some("too-late"), Some(&body)).await?;
    assert_eq!((late.status.as_u16(), late.code()), (409, "wrong_state"), "{}", late.body);
    Ok(())
}

async fn the_specification_is_revised(client: &Client, feature: Uuid) -> Result<()> {
    let first = decide(
        client,
        feature,
        "spec",
        "request_changes",
        &json!({"comment": "Name the time zone of every time."}),
    )
    .await?;
    let second = waiting(client, feature, "spec").await?;
    assert_ne!(first["digest"], second["digest"]);
    // What was read is gone: refused, whatever was meant.
    let stale = decision(&first, "approve");
    let refused = client.command(feature, "stale", &stale).await?;
    assert_eq!((refused.status.as_u16(), refused.code()), (409, "stale_digest"), "{}", refused.body);
    let mut wrong = decision(&second, "approve");
    wrong["gate"] = json!("plan");
    assert_eq!(client.command(feature, "wrong", &wrong).await?.code(), "wrong_gate");
    // The reviewer's advice stands beside it, and decides nothing.
    let advised = wait::until("advice", SOON, async || {
        let request = waiting(client, feature, "spec").await?;
        Ok(request["recommendation"].as_str().map(str::to_owned))
    })
    .await?;
    assert!(matches!(advised.as_str(), "approve" | "revise"), "{advised}");
    let path = format!("/features/{feature}/approve-spec");
    client.post(&path, &json!({"digest": second["digest"]})).await?;
    let late =
        client.call(Method::POST, &path, Some("late"), Some(&json!({"digest": second["digest"]}))).await?;
    assert_eq!(late.status.as_u16(), 409, "{}", late.body);
    let versions = versions(client, feature, "spec").await?;
    assert_eq!(versions.len(), 2, "{versions:?}");
    Ok(())
}

async fn the_plan_is_amended(client: &Client, feature: Uuid) -> Result<()> {
    let request = waiting(client, feature, "plan").await?;
    let id = request["artifact_id"].as_str().context("artifact_id")?;
    let plan = client.get(&format!("/artifacts/{id}")).await?.ok()?.body["content"]
        .as_str()
        .context("content")?
        .to_owned();
    let amended = plan.replace("(Simulated.)", "(Simulated, and amended by the lead.)");
    assert_ne!(plan, amended, "{plan}");
    decide(client, feature, "plan", "amend", &json!({"content": amended})).await?;
    waiting(client, feature, "tests").await?;
    let versions = versions(client, feature, "plan").await?;
    assert_eq!(versions.len(), 3, "{versions:?}");
    let id = request["artifact_id"].as_str().context("artifact_id")?;
    let origin = client.get(&format!("/artifacts/{id}/provenance?version=3")).await?.ok()?.body;
    assert_eq!(origin["decisions"][0]["decision"], "amend", "{origin}");
    let diff = client.get(&format!("/artifacts/{id}/diff?from=2&to=3")).await?;
    assert!(
        diff.status.is_success() && diff.body.to_string().contains("amended by the lead"),
        "{}",
        diff.body
    );
    Ok(())
}

async fn the_log_tells_who_decided(stack: &Stack, feature: Uuid) -> Result<()> {
    let kinds = stack.database().kinds(feature).await?;
    let count = |wanted: &str| kinds.iter().filter(|kind| *kind == wanted).count();
    // Five by people, and one that the new brief left without an object.
    assert_eq!(count("gate_decided"), 6, "{kinds:?}");
    assert_eq!(count("project_revised"), 1, "{kinds:?}");
    assert_eq!(count("brief_confirmed"), 1);
    assert!(count("file_written") > 0 && count("title_changed") > 0, "{kinds:?}");
    let database = stack.database();
    let with_digest: i64 = sqlx::query_scalar("select count(*) from gate_decisions where project_id = $1 and length(digest) = 64 and actor_id is not null")
        .bind(feature)
        .fetch_one(database.pool())
        .await?;
    assert_eq!(with_digest, 5);
    Ok(())
}

async fn a_review_is_done_again_by_another_model(client: &Client, feature: Uuid) -> Result<()> {
    let preview = client
        .get(&format!("/projects/{feature}/preview?command=rewind&target=code_review"))
        .await?
        .ok()?
        .body;
    let stages: Vec<&str> = preview["stages"]
        .as_array()
        .context("stages")?
        .iter()
        .filter_map(|stage| stage["stage"].as_str())
        .collect();
    assert!(
        stages.contains(&"code_review")
            && stages.contains(&"verdict")
            && !stages.contains(&"security_review"),
        "{preview}"
    );
    let body = json!({"command": "rewind", "stage": "code_review", "model": "gpt-4o"});
    let unknown = client
        .command(
            feature,
            "no-model",
            &json!({"command": "rewind", "stage": "code_review", "model": "no-such-model"}),
        )
        .await?;
    assert_eq!(unknown.status.as_u16(), 422, "{}", unknown.body);
    client.command(feature, "rewind", &body).await?.ok()?;
    // Until it is written anew there is none.
    wait::until("a second review", SOON, async || {
        let is_there = versions(client, feature, "code_review").await.is_ok_and(|all| all.len() == 2);
        Ok(is_there.then_some(()))
    })
    .await?;
    driver::until_phase(client, feature, &["completed"]).await?;
    let provenance = client.get(&format!("/projects/{feature}/provenance")).await?.ok()?;
    assert!(!provenance.bytes.is_empty());
    Ok(())
}

/// At the plan's gate. What was foretold is done, what it replaces is superseded and stays readable.
async fn a_new_brief_begins_anew(client: &Client, feature: Uuid) -> Result<()> {
    let plan = waiting(client, feature, "plan").await?;
    let preview = client.get(&format!("/projects/{feature}/preview?command=revise")).await?.ok()?.body;
    let superseded: Vec<_> = preview["superseded"]
        .as_array()
        .context("superseded")?
        .iter()
        .map(|one| one["name"].clone())
        .collect();
    assert!(superseded.contains(&json!("spec")) && superseded.contains(&json!("plan")), "{preview}");
    let body = json!({"brief": "# Brief\n\nOnly trainers book. Members see who trains when.\n"});
    client.post(&format!("/features/{feature}/revise"), &body).await?;
    wait::until("a plan that is superseded", SOON, async || {
        let artifacts = client.get(&format!("/projects/{feature}/artifacts")).await?.ok()?.body;
        let mut all = artifacts["items"].as_array().into_iter().flatten();
        Ok((!all.any(|artifact| artifact["name"] == "plan")).then_some(()))
    })
    .await?;
    let id = plan["artifact_id"].as_str().context("artifact_id")?;
    client
        .get(&format!("/artifacts/{id}?version=1"))
        .await?
        .ok()
        .context("what was superseded stays readable")?;
    let request = waiting(client, feature, "spec").await?;
    assert_eq!(request["artifact_version"], 3, "{request}");
    decide(client, feature, "spec", "approve", &json!({})).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_outlives_the_worker_that_took_it() -> Result<()> {
    let stack =
        Stack::start(Options::durable(&["--call-ms=1200", "--fault=many_files,agent=implementer,files=100"]))
            .await?;
    let client = stack.client().sign_up("lead").await?.patient(SOON);
    let feature = begin(&client, "/features", &json!({"idea": IDEA})).await?;
    confirm(&client, feature).await?;
    for gate in ["spec", "plan", "tests"] {
        waiting(&client, feature, gate).await?;
        // Nobody is there to take it; the person goes on asking under the same key.
        stack.kill(Component::Worker).await?;
        let back = async {
            tokio::time::sleep(Duration::from_secs(2)).await;
            stack.restart(Component::Worker).await
        };
        let nothing = json!({});
        tokio::try_join!(decide(&client, feature, gate, "approve", &nothing), back)?;
        // And it dies once more, before what follows has come far.
        stack.kill(Component::Worker).await?;
        stack.restart(Component::Worker).await?;
    }
    // In the middle of the implementer's loop: what it had reached is not bought again.
    let third = format!("{feature}/implement/1/3");
    wait::until("the third turn", SOON, async || {
        Ok((!stack.simulator().calls_of(&third).await?.is_empty()).then_some(()))
    })
    .await?;
    let turns = async || -> Result<Vec<usize>> {
        let mut bought = Vec::new();
        for turn in 1..=2 {
            bought.push(stack.simulator().calls_of(&format!("{feature}/implement/1/{turn}")).await?.len());
        }
        Ok(bought)
    };
    // One that was under way when the worker died above was made again then.
    let before = turns().await?;
    stack.kill(Component::Worker).await?;
    stack.restart(Component::Worker).await?;
    driver::until_phase(&client, feature, &["completed"]).await?;
    let decided =
        stack.database().kinds(feature).await?.iter().filter(|kind| *kind == "gate_decided").count();
    assert_eq!(decided, 3);
    assert_eq!(turns().await?, before, "turns were bought again");
    let ledger = stack.database().purchases(feature).await?;
    for turn in 1..=2 {
        let key = format!("{feature}/implement/1/{turn}");
        let kept = ledger.iter().filter(|entry| entry.key == key && entry.outcome == "finished").count();
        assert_eq!(kept, 1, "{key}: {ledger:?}");
    }
    Ok(())
}
