//! What people decide, through every real part: `build` and `handoff` over the API alone, from the command line alone and by
//! signals; gates passed, revised, amended and expired; two people at once; a worker that dies between a decision and its effect.
#![allow(clippy::unwrap_used, reason = "tests")]

use anyhow::{Context as _, Result, bail};
use groundwork_tests::driver;
use groundwork_tests::{Client, Component, Options, Stack, wait};
use reqwest::Method;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;
use uuid::Uuid;

const SOON: Duration = Duration::from_secs(90);
const IDEA: &str = "Members of a climbing gym book classes; trainers see who comes. Cancelling is possible until one hour before.";
/// `build` as a workspace might change it: nobody waits for ever.
const BUILD: &str = include_str!("../../domain/pipelines/build.toml");

/// The request that waits under that name, once it does.
async fn waiting(client: &Client, project: Uuid, gate: &str) -> Result<Value> {
    let path = format!("/projects/{project}/hitl");
    let found = wait::until(gate, SOON, async || {
        let requests = client.get(&path).await?.ok()?.body;
        let all = requests["items"].as_array().context("items")?;
        let is_it = |request: &&Value| request["gate"] == gate && request["status"] == "pending";
        Ok(all.iter().find(is_it).cloned())
    });
    match found.await {
        Ok(request) => Ok(request),
        Err(error) => Err(error.context(client.project(project).await?.to_string())),
    }
}

/// A decision on what waits under that name now.
async fn decide(client: &Client, project: Uuid, gate: &str, decision: &str, more: &Value) -> Result<Value> {
    let request = waiting(client, project, gate).await?;
    let mut body =
        json!({"command": "decide", "gate": gate, "digest": request["digest"], "decision": decision});
    body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    client.command(project, &Uuid::new_v4().to_string(), &body).await?.ok().context(gate.to_owned())?;
    Ok(request)
}

async fn post(client: &Client, path: &str, body: &Value) -> Result<Value> {
    Ok(client
        .call(Method::POST, path, Some(&Uuid::new_v4().to_string()), Some(body))
        .await?
        .ok()
        .context(path.to_owned())?
        .body)
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

async fn kinds(stack: &Stack, project: Uuid) -> Result<Vec<String>> {
    Ok(stack.database().events(project).await?.into_iter().map(|event| event.kind).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feature_is_built_over_the_api_alone() -> Result<()> {
    let stack = Stack::start(Options::default()).await?;
    let client = stack.client().sign_up("lead").await?.patient(SOON);
    let created = post(&client, "/features", &json!({"idea": IDEA})).await?;
    let feature: Uuid = created["project_id"].as_str().context("project_id")?.parse()?;
    // A talk, streamed, that ends with an answer; then the brief is confirmed.
    driver::until_phase(&client, feature, &["drafting"]).await?;
    let said = client
        .call(
            Method::POST,
            &format!("/features/{feature}/chat"),
            Some("chat"),
            Some(&json!({"message": "Trainers get a mail."})),
        )
        .await?
        .ok()?;
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
    let stale =
        json!({"command": "decide", "gate": "spec", "digest": first["digest"], "decision": "approve"});
    let refused = client.command(feature, "stale", &stale).await?;
    assert_eq!((refused.status.as_u16(), refused.code()), (409, "stale_digest"), "{}", refused.body);
    let wrong =
        json!({"command": "decide", "gate": "plan", "digest": second["digest"], "decision": "approve"});
    assert_eq!(client.command(feature, "wrong", &wrong).await?.code(), "wrong_gate");
    // The reviewer's advice stands beside it, and decides nothing.
    let advised = wait::until("advice", SOON, async || {
        let request = waiting(client, feature, "spec").await?;
        Ok(request["recommendation"].as_str().map(str::to_owned))
    })
    .await?;
    assert!(matches!(advised.as_str(), "approve" | "revise"), "{advised}");
    let path = format!("/features/{feature}/approve-spec");
    post(client, &path, &json!({"digest": second["digest"]})).await?;
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
    let diff = client.get(&format!("/artifacts/{id}/diff?from=2&to=3")).await?;
    assert!(
        diff.status.is_success() && diff.body.to_string().contains("amended by the lead"),
        "{}",
        diff.body
    );
    Ok(())
}

async fn the_log_tells_who_decided(stack: &Stack, feature: Uuid) -> Result<()> {
    let kinds = kinds(stack, feature).await?;
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
    post(client, &format!("/features/{feature}/revise"), &body).await?;
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
async fn a_gate_expires_and_two_decide_at_once_in_a_pipeline_of_ones_own() -> Result<()> {
    let stack = Stack::start(Options::default()).await?;
    let client = stack.client().sign_up("lead").await?.patient(SOON);
    let source = BUILD.replace("id = \"build\"", "id = \"hasty\"").replacen(
        "advisor = \"alignment_reviewer\"\nremind_after = \"1d\"\nescalate_after = \"3d\"",
        "remind_after = \"1s\"\nescalate_after = \"2s\"\ndeadline = \"3s\"\non_expiry = \"fail\"",
        1,
    );
    let broken = source.replace("needs = [\"plan\"]", "needs = [\"nothing\"]");
    let refused =
        client.call(Method::POST, "/pipelines", Some("broken"), Some(&json!({"source": broken}))).await?;
    assert_eq!(refused.status.as_u16(), 422, "{}", refused.body);
    assert!(refused.body.to_string().contains("line"), "{}", refused.body);
    post(&client, "/pipelines", &json!({"source": source})).await?;
    let created = post(&client, "/projects", &json!({"idea": IDEA, "pipeline": "hasty"})).await?;
    let project: Uuid = created["project_id"].as_str().context("project_id")?.parse()?;
    driver::until_phase(&client, project, &["drafting"]).await?;
    confirm(&client, project).await?;
    driver::until_phase(&client, project, &["failed"]).await?;
    let body = client.project(project).await?;
    assert_eq!(body["failure"]["code"], "gate_expired", "{body}");
    let said = kinds(&stack, project).await?;
    for kind in ["gate_reminded", "gate_escalated", "gate_expired"] {
        assert_eq!(said.iter().filter(|said| *said == kind).count(), 1, "{kind}: {said:?}");
    }
    // Retry opens the same gate again; two decide at once, one is applied and one is told.
    client.command(project, "retry", &json!({"command": "retry"})).await?.ok()?;
    let request = waiting(&client, project, "spec").await?;
    let approve =
        json!({"command": "decide", "gate": "spec", "digest": request["digest"], "decision": "approve"});
    let (one, other) =
        tokio::join!(client.command(project, "one", &approve), client.command(project, "other", &approve));
    let (one, other) = (one?, other?);
    let codes = [(one.status.as_u16(), one.code()), (other.status.as_u16(), other.code())];
    assert!(codes.iter().any(|code| code.0 == 200), "{codes:?}");
    assert!(codes.iter().any(|code| code.1 == "already_decided"), "{codes:?}");
    waiting(&client, project, "plan").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_outlives_the_worker_that_took_it() -> Result<()> {
    let stack =
        Stack::start(Options::durable(&["--call-ms=1200", "--fault=many_files,agent=implementer,files=100"]))
            .await?;
    let client = stack.client().sign_up("lead").await?.patient(SOON);
    let created = post(&client, "/features", &json!({"idea": IDEA})).await?;
    let feature: Uuid = created["project_id"].as_str().context("project_id")?.parse()?;
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
    stack.kill(Component::Worker).await?;
    stack.restart(Component::Worker).await?;
    driver::until_phase(&client, feature, &["completed"]).await?;
    let decided = kinds(&stack, feature).await?.iter().filter(|kind| *kind == "gate_decided").count();
    assert_eq!(decided, 3);
    for turn in 1..=2 {
        let bought = stack.simulator().calls_of(&format!("{feature}/implement/1/{turn}")).await?.len();
        assert_eq!(bought, 1, "turn {turn} was bought {bought} times");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_hand_on_and_ask_over_the_api_and_decisions_come_by_signal() -> Result<()> {
    let stack = Stack::start(Options::default()).await?;
    let client = stack.client().sign_up("lead").await?.patient(SOON);
    stack.simulator().add_faults(&["ask_person,agent=analyst", "ask_person,agent=coder"]).await?;
    let created = post(&client, "/projects", &json!({"idea": IDEA, "pipeline": "handoff"})).await?;
    let project: Uuid = created["project_id"].as_str().context("project_id")?.parse()?;
    let asked = waiting(&client, project, "analyst").await?;
    assert_eq!(asked["kind"], "question");
    let inbox = client.get("/hitl").await?.ok()?.body;
    assert_eq!(inbox["waiting_for_me"], 1, "{inbox}");
    let path = format!("/hitl/{}/respond", asked["request_id"].as_str().context("id")?);
    let stranger = stack.client().sign_up("stranger").await?;
    let refused =
        stranger.call(Method::POST, &path, Some("steal"), Some(&json!({"action": "approve"}))).await?;
    assert_eq!(refused.status.as_u16(), 404);
    // Refused, with words: the analyst begins again, and asks again.
    post(&client, &path, &json!({"action": "reject", "response_content": "Ask about the members instead."}))
        .await?;
    let again = wait::until("the second question", SOON, async || {
        let request = waiting(&client, project, "analyst").await?;
        Ok((request["request_id"] != asked["request_id"]).then_some(request))
    })
    .await?;
    let path = format!("/hitl/{}/respond", again["request_id"].as_str().context("id")?);
    post(&client, &path, &json!({"action": "amend", "response_content": "Members pay, in euros."})).await?;
    // The coder's question may be answered by an operator's signal only where its policy says so: here it does not.
    let question = waiting(&client, project, "coder").await?;
    signal(&stack, project, "approve", &json!({"gate": "coder", "digest": question["digest"]}))?;
    wait::until("the signal's refusal", SOON, async || {
        Ok(kinds(&stack, project).await?.contains(&"command_rejected".to_owned()).then_some(()))
    })
    .await?;
    post(
        &client,
        &format!("/hitl/{}/respond", question["request_id"].as_str().context("id")?),
        &json!({"action": "approve", "response_content": "Yes."}),
    )
    .await?;
    driver::until_phase(&client, project, &["completed"]).await?;
    let said = kinds(&stack, project).await?;
    assert_eq!(said.iter().filter(|kind| *kind == "hitl_request").count(), 3, "{said:?}");
    assert_eq!(said.iter().filter(|kind| *kind == "hitl_response").count(), 3, "{said:?}");
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
    let place = post(&lead, "/workspaces", &json!({"name": "Climbing"})).await?;
    let workspace: Uuid = place["id"].as_str().with_context(|| place.to_string())?.parse()?;
    let (ada, bob) = (member(&stack, workspace, "ada").await?, member(&stack, workspace, "bob").await?);
    let gates = ["", "approvals = 2\nfour_eyes = true", "operators = true"];
    let mut parts =
        BUILD.split("advisor = \"alignment_reviewer\"\nremind_after = \"1d\"\nescalate_after = \"3d\"");
    let mut source = parts.next().context("a pipeline")?.replace("id = \"build\"", "id = \"ours\"");
    for (policy, rest) in gates.into_iter().zip(parts) {
        source = source + policy + rest;
    }
    post(&lead, "/pipelines", &json!({"source": source, "workspace_id": workspace})).await?;
    let created =
        post(&lead, &format!("/workspaces/{workspace}/projects"), &json!({"idea": IDEA, "pipeline": "ours"}))
            .await?;
    let project: Uuid = created["project_id"].as_str().context("project_id")?.parse()?;
    confirm(&lead, project).await?;
    // Two people at once: one is applied, the other one told so.
    let request = waiting(&ada, project, "spec").await?;
    let approve =
        json!({"command": "decide", "gate": "spec", "digest": request["digest"], "decision": "approve"});
    let (one, other) =
        tokio::join!(ada.command(project, "ada", &approve), bob.command(project, "bob", &approve));
    let (one, other) = (one?, other?);
    let mut codes = [(one.status.as_u16(), one.code()), (other.status.as_u16(), other.code())];
    codes.sort_unstable();
    assert_eq!(codes, [(200, ""), (409, "already_decided")]);
    // Who began it does not approve; two others do.
    let request = waiting(&lead, project, "plan").await?;
    let approve =
        json!({"command": "decide", "gate": "plan", "digest": request["digest"], "decision": "approve"});
    let own = lead.command(project, "own", &approve).await?;
    assert_eq!((own.status.as_u16(), own.code()), (403, "four_eyes"), "{}", own.body);
    ada.command(project, "ada-plan", &approve).await?.ok()?;
    let twice = ada.command(project, "ada-again", &approve).await?;
    assert_eq!((twice.status.as_u16(), twice.code()), (409, "already_decided"), "{}", twice.body);
    assert_eq!(waiting(&lead, project, "plan").await?["approvals"].as_array().map(Vec::len), Some(1));
    bob.command(project, "bob-plan", &approve).await?.ok()?;
    // An operator, who can only signal: changes first, then on.
    let first = waiting(&lead, project, "tests").await?;
    signal(
        &stack,
        project,
        "request_changes",
        &json!({"gate": "tests", "digest": first["digest"], "comment": "Test the time zone."}),
    )?;
    let second = wait::until("tests written again", SOON, async || {
        let request = waiting(&lead, project, "tests").await?;
        Ok((request["digest"] != first["digest"]).then_some(request))
    })
    .await?;
    signal(&stack, project, "message", &json!({"text": "Is that all?"}))?;
    wait::until("the message in the log", SOON, async || {
        Ok(kinds(&stack, project).await?.contains(&"message_taken".to_owned()).then_some(()))
    })
    .await?;
    signal(&stack, project, "approve", &json!({"gate": "tests", "digest": second["digest"]}))?;
    driver::until_phase(&lead, project, &["completed"]).await?;
    Ok(())
}

/// As an operator does with Temporal's own tool.
fn signal(stack: &Stack, project: Uuid, name: &str, payload: &Value) -> Result<()> {
    let (id, input) = (format!("project-{project}"), payload.to_string());
    let output = Command::new(groundwork_cli::stack::temporal::find_binary()?)
        .args(["workflow", "signal", "--workflow-id", &id, "--name", name, "--input", &input])
        .args(["--address", &stack.temporal_address()])
        .output()?;
    if !output.status.success() {
        bail!("{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

/// The `groundwork` program with credentials and a folder of its own.
struct Cli<'a> {
    stack: &'a Stack,
    home: TempDir,
}

impl<'a> Cli<'a> {
    fn new(stack: &'a Stack, name: &str) -> Result<Self> {
        let cli = Self { stack, home: TempDir::new()? };
        let email = format!("{name}-{}@example.com", Uuid::new_v4().simple());
        cli.run(&["signup", "--email", &email, "--name", name])?;
        Ok(cli)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn output(&self, arguments: &[&str]) -> Result<std::process::Output> {
        let command = Command::new(self.stack.binary())
            .args(arguments)
            .current_dir(self.home.path())
            .env("GROUNDWORK_SERVER", self.stack.url())
            .env("GROUNDWORK_CREDENTIALS", self.path("credentials.toml"))
            .env("GROUNDWORK_PASSWORD", groundwork_tests::client::PASSWORD)
            .output()?;
        Ok(command)
    }

    fn run(&self, arguments: &[&str]) -> Result<String> {
        let output = self.output(arguments)?;
        let (out, err) =
            (String::from_utf8(output.stdout)?, String::from_utf8_lossy(&output.stderr).into_owned());
        if !output.status.success() {
            bail!("groundwork {arguments:?}: {}\n{out}{err}", output.status);
        }
        Ok(out)
    }

    fn json(&self, arguments: &[&str]) -> Result<Value> {
        let text = self.run(&[arguments, &["--json"]].concat())?;
        serde_json::from_str(&text).with_context(|| format!("{arguments:?}: {text}"))
    }

    /// Repeats a command until it succeeds: agents may still be at work.
    async fn at_last(&self, arguments: &[&str]) -> Result<String> {
        let mut last = String::new();
        wait::until(arguments[0], SOON, async || match self.run(arguments) {
            Ok(text) => Ok(Some(text)),
            Err(error) => {
                last = format!("{error:#}");
                Ok(None)
            }
        })
        .await
        .with_context(|| last)
    }
}

fn write(path: &Path, text: &str) -> Result<String> {
    std::fs::write(path, text)?;
    Ok(path.display().to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feature_is_built_from_the_command_line_alone() -> Result<()> {
    let stack = Stack::start(Options::default()).await?;
    let cli = Cli::new(&stack, "lead")?;
    let source = BUILD.replace("id = \"build\"", "id = \"mine\"").replacen(
        "advisor = \"alignment_reviewer\"\nremind_after = \"1d\"\nescalate_after = \"3d\"",
        "deadline = \"2s\"\non_expiry = \"request_changes\"",
        1,
    );
    let file = write(&cli.path("mine.toml"), &source)?;
    cli.run(&["pipeline", "check", &file])?;
    let wrong = write(&cli.path("wrong.toml"), &source.replace("agent = \"planner\"", "agent = \"nobody\""))?;
    let checked = cli.output(&["pipeline", "check", &wrong])?;
    let told =
        String::from_utf8_lossy(&checked.stderr).into_owned() + &String::from_utf8_lossy(&checked.stdout);
    assert!(!checked.status.success() && told.contains("nobody") && told.contains("wrong.toml:"), "{told}");
    cli.run(&["pipeline", "add", &file])?;

    let new = cli.json(&["new", "--idea", IDEA, "--pipeline", "build"])?;
    let feature = new["project_id"].as_str().with_context(|| new.to_string())?.to_owned();
    cli.at_last(&["chat", &feature, "Trainers get a mail."]).await?;
    cli.at_last(&["confirm-brief", &feature]).await?;
    cli.at_last(&["request-changes", &feature, "--gate", "spec", "-m", "Name the time zone."]).await?;
    wait::until("a second specification", SOON, async || {
        let text = cli.run(&["diff", &feature, "spec"]).unwrap_or_default();
        Ok((!text.is_empty()).then_some(()))
    })
    .await?;
    wait::until("the gate in the inbox", SOON, async || {
        Ok(cli.run(&["inbox"])?.contains("gate spec").then_some(()))
    })
    .await?;
    cli.at_last(&["approve", &feature, "--gate", "spec"]).await?;
    let brief =
        write(&cli.path("brief.md"), "# Brief\n\nOnly trainers book. Members see who trains when.\n")?;
    cli.at_last(&["preview", &feature, "revise"]).await?;
    cli.at_last(&["revise", &feature, "--brief-file", &brief]).await?;
    cli.at_last(&["approve", &feature, "--gate", "spec"]).await?;
    let plan = cli.at_last(&["read", &feature, "plan"]).await?;
    let file = write(&cli.path("plan.md"), &plan.replace("(Simulated.)", "(Simulated, and amended.)"))?;
    cli.at_last(&["amend", &feature, "--gate", "plan", "--file", &file]).await?;
    cli.at_last(&["approve", &feature, "--gate", "tests"]).await?;
    cli.run(&["watch", &feature, "--to-end"])?;
    let shown = cli.json(&["show", &feature])?;
    assert_eq!(shown["status"], "done", "{shown}");

    let (bundle, package) =
        (cli.path("bundle.zip").display().to_string(), cli.path("package").display().to_string());
    cli.run(&["provenance", &feature, "--out", &bundle])?;
    let verified = cli.json(&["verify", &bundle])?;
    assert!(verified["decisions"].as_u64() >= Some(4), "{verified}");
    let mut bytes = std::fs::read(&bundle)?;
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&bundle, bytes)?;
    assert!(!cli.output(&["verify", &bundle])?.status.success(), "a changed bundle is found out");
    cli.run(&["export", &feature, "--out", &package])?;
    assert!(cli.path("package").read_dir()?.count() > 0);
    cli.run(&["preview", &feature, "rewind", "code_review"])?;

    // Nobody comes to the first gate of the other one: its deadline asks for changes, three times.
    let new = cli.json(&["new", "--idea", IDEA, "--pipeline", "mine"])?;
    let hasty = new["project_id"].as_str().with_context(|| new.to_string())?.to_owned();
    cli.at_last(&["confirm-brief", &hasty]).await?;
    wait::until("an expired gate", SOON, async || {
        Ok(kinds(&stack, hasty.parse()?).await?.contains(&"gate_expired".to_owned()).then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handoff_is_carried_out_from_the_command_line_alone() -> Result<()> {
    let stack = Stack::start(Options::default()).await?;
    stack.simulator().add_faults(&["ask_person,agent=handoff_architect"]).await?;
    let cli = Cli::new(&stack, "lead")?;
    let new = cli.json(&["new", "--idea", IDEA, "--pipeline", "handoff"])?;
    let project = new["project_id"].as_str().with_context(|| new.to_string())?.to_owned();
    let asked = async |but: &str| {
        wait::until("the architect's question", SOON, async || {
            let inbox = cli.json(&["inbox"])?;
            let first =
                inbox.as_array().and_then(|all| all.first()).and_then(|one| one["request_id"].as_str());
            Ok(first.filter(|id| *id != but).map(str::to_owned))
        })
        .await
    };
    let first = asked("").await?;
    assert!(cli.run(&["inbox"])?.contains("architect asks:"));
    cli.run(&["respond", &first, "reject", "-m", "Ask about the members instead."])?;
    let second = asked(&first).await?;
    cli.run(&["respond", &second, "amend", "-m", "Members pay, in euros."])?;
    cli.run(&["watch", &project, "--to-end"])?;
    let shown = cli.json(&["show", &project])?;
    assert_eq!(shown["phase"], "completed", "{shown}");
    let package = cli.path("package").display().to_string();
    cli.run(&["export", &project, "--out", &package])?;
    assert!(cli.path("package/code").read_dir()?.count() > 0 && cli.path("package/documents").is_dir());
    let bundle = cli.path("bundle.zip").display().to_string();
    cli.run(&["provenance", &project, "--out", &bundle])?;
    cli.run(&["verify", &bundle])?;
    Ok(())
}
