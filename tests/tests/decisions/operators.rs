//! What operators see and do over all workspaces: failed stages and their replay, pausing everything, projects in trouble.

use super::{IDEA, SOON, begin, confirm, decide};
use anyhow::{Context as _, Result};
use groundwork_tests::{Cli, Client, Options, Stack, driver, wait};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;

const OPERATORS: [&str; 2] = ["rest@operators.example.com", "cli@operators.example.com"];

/// A stack, and its two operators: one who speaks to the API, and one with a terminal.
async fn stack() -> Result<Stack> {
    let operators = ("GROUNDWORK__API__OPERATORS".to_owned(), OPERATORS.join(","));
    Stack::start(Options { env: vec![operators], ..Options::default() }).await
}

async fn operator(stack: &Stack) -> Result<Client> {
    let operator = stack.client().sign_up_as(OPERATORS[0], "operator").await?.patient(SOON);
    let early = operator.get("/admin/dead-letters").await?;
    assert_eq!(early.status.as_u16(), 403, "an address that nobody has shown to be theirs");
    stack.database().verify(OPERATORS[0]).await?;
    Ok(operator)
}

/// Projects whose first call is refused, until they have failed.
async fn failed(stack: &Stack, client: &Client, count: usize) -> Result<Vec<Uuid>> {
    stack.simulator().add_faults(&["bad_request,agent=elicitor"]).await?;
    let mut projects = Vec::new();
    for _ in 0..count {
        projects.push(client.create(&Uuid::new_v4().to_string(), IDEA).await?);
    }
    for project in &projects {
        driver::until_phase(client, *project, &["failed"]).await?;
    }
    Ok(projects)
}

/// What operators say is shown a little later: until then a project is still failed.
async fn until_asked(client: &Client, project: Uuid) -> Result<()> {
    wait::until("questions", SOON, async || {
        Ok((client.phase(project).await? == "awaiting_input").then_some(()))
    })
    .await
}

/// Ids of the list's projects, over all of its pages.
async fn dead_letters(operator: &Client, query: &str) -> Result<BTreeSet<Uuid>> {
    let mut found = BTreeSet::new();
    let mut cursor = String::new();
    loop {
        let page = operator.get(&format!("/admin/dead-letters?limit=1{query}{cursor}")).await?.ok()?.body;
        for item in page["items"].as_array().context("items")? {
            let id = item["project_id"].as_str().context("project_id")?.parse()?;
            assert!(found.insert(id), "{id} is on two pages");
        }
        let Some(next) = page["next_cursor"].as_str() else { return Ok(found) };
        cursor = format!("&cursor={next}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_stages_are_listed_and_replayed_one_by_one_and_by_query() -> Result<()> {
    let stack = stack().await?;
    let client = stack.client().sign_up("founder").await?.patient(SOON);
    let projects = failed(&stack, &client, 3).await?;
    let refused = client.get("/admin/dead-letters").await?;
    assert_eq!((refused.status.as_u16(), refused.code()), (403, "forbidden"), "{}", refused.body);
    let operator = operator(&stack).await?;
    let all: BTreeSet<_> = projects.iter().copied().collect();
    assert_eq!(dead_letters(&operator, "").await?, all);
    assert_eq!(dead_letters(&operator, "&stage=questions&code=provider_rejected_request").await?, all);
    assert!(dead_letters(&operator, "&pipeline=build").await?.is_empty());

    // While the cause lasts a replay fails again, and is in the list again.
    let replay = format!("/admin/dead-letters/{}/replay", projects[0]);
    assert_eq!(operator.post(&replay, &json!({})).await?["outcome"], "applied");
    wait::until("the second failure", SOON, async || {
        let kinds = stack.database().kinds(projects[0]).await?;
        Ok((kinds.iter().filter(|kind| *kind == "workflow_failed").count() == 2).then_some(()))
    })
    .await?;
    assert_eq!(dead_letters(&operator, "").await?, all);
    stack.simulator().clear_faults().await?;
    assert_eq!(operator.post(&replay, &json!({})).await?["outcome"], "applied");
    until_asked(&client, projects[0]).await?;
    let none = operator.call(Method::POST, &replay, Some("none"), Some(&json!({}))).await?;
    assert_eq!(none.status.as_u16(), 404, "{}", none.body);

    // The rest from the command line, by a query.
    let cli = Cli::sign_up_as(&stack, OPERATORS[1], "operator")?;
    assert_eq!(cli.output(&["ops", "failed"])?.status.code(), Some(3));
    stack.database().verify(OPERATORS[1]).await?;
    let shown = cli.json(&["ops", "failed", "--query", "stage=questions"])?;
    assert_eq!(shown.as_array().map(Vec::len), Some(2), "{shown}");
    let moved = cli.json(&["ops", "retry", "--query", "code=provider_rejected_request"])?;
    assert_eq!(moved["applied"], 2, "{moved}");
    for project in &projects {
        until_asked(&client, *project).await?;
    }
    assert!(cli.run(&["ops", "failed"])?.contains("no stage has failed"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_paused_and_goes_on() -> Result<()> {
    let stack = stack().await?;
    let client = stack.client().sign_up("founder").await?.patient(SOON);
    let operator = operator(&stack).await?;
    let asked = driver::begin(&client, &driver::errand(0)).await?;
    let own = driver::begin(&client, &driver::errand(3)).await?;
    client
        .call(Method::POST, &format!("/projects/{own}/pause"), Some("own"), Some(&json!({})))
        .await?
        .ok()?;
    let paused = operator.post("/admin/pause", &json!({})).await?;
    assert!(paused["applied"].as_u64() >= Some(1), "{paused}");
    driver::until_phase(&client, asked, &["paused"]).await?;
    // What a person decides in the meantime is taken, and carried out later.
    client.command(asked, "answers", &json!({"command": "accept_recommendations"})).await?.ok()?;
    assert_eq!(client.phase(asked).await?, "paused");
    let calls = stack.simulator().calls_of_project(asked).await?.len();
    let cli = Cli::sign_up_as(&stack, OPERATORS[1], "operator")?;
    stack.database().verify(OPERATORS[1]).await?;
    assert_eq!(stack.simulator().calls_of_project(asked).await?.len(), calls, "nothing is bought");
    let resumed = cli.json(&["ops", "resume"])?;
    assert!(resumed["applied"].as_u64() >= Some(1), "{resumed}");
    driver::until_phase(&client, asked, &["completed"]).await?;
    // Who paused for themselves goes on when they say so, not when everybody does.
    assert_eq!(client.phase(own).await?, "paused");
    what_was_not_told_is_paused_too(&stack, &client, &operator).await
}

/// As after a request that died before it had told anybody, and as with what begins at that very moment.
async fn what_was_not_told_is_paused_too(stack: &Stack, client: &Client, operator: &Client) -> Result<()> {
    let late = driver::begin(client, &driver::errand(5)).await?;
    stack.database().halt().await?;
    driver::until_phase(client, late, &["paused"]).await?;
    operator.post("/admin/resume", &json!({})).await?;
    until_asked(client, late).await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_failed_branches_are_two_dead_letters_and_one_replay() -> Result<()> {
    let stack = stack().await?;
    let client = stack.client().sign_up("lead").await?.patient(SOON);
    let operator = operator(&stack).await?;
    stack
        .simulator()
        .add_faults(&["bad_request,agent=code_reviewer", "bad_request,agent=security_reviewer"])
        .await?;
    let project = begin(&client, "/features", &json!({"idea": IDEA})).await?;
    confirm(&client, project).await?;
    for gate in ["spec", "plan", "tests"] {
        decide(&client, project, gate, "approve", &json!({})).await?;
    }
    let stages = async || -> Result<BTreeSet<String>> {
        let page = operator.get("/admin/dead-letters").await?.ok()?.body;
        let items = page["items"].as_array().context("items")?;
        Ok(items.iter().filter_map(|item| item["stage"].as_str().map(str::to_owned)).collect())
    };
    let both =
        wait::until("two dead letters", SOON, async || Ok((stages().await?.len() == 2).then_some(()))).await;
    if let Err(error) = both {
        let told = stack.database().kinds(project).await?;
        return Err(error.context(format!("{told:?}: {}", client.project(project).await?)));
    }
    assert_eq!(stages().await?, BTreeSet::from(["code_review".to_owned(), "security_review".to_owned()]));
    // The list that the supervisor keeps says so too.
    let seen: Value = operator.post("/admin/troubles", &json!({})).await?;
    let troubles = operator.get("/admin/troubles").await?.ok()?.body;
    let is_told = |item: &Value| item["project_id"] == json!(project) && item["kind"] == "failing";
    assert!(troubles["items"].as_array().is_some_and(|all| all.iter().any(is_told)), "{seen} {troubles}");
    stack.simulator().clear_faults().await?;
    let cli = Cli::sign_up_as(&stack, OPERATORS[1], "operator")?;
    stack.database().verify(OPERATORS[1]).await?;
    cli.run(&["ops", "retry", &project.to_string()])?;
    wait::until("a project that is done", SOON, async || {
        Ok((client.phase(project).await? == "completed").then_some(()))
    })
    .await?;
    assert!(stages().await?.is_empty());
    Ok(())
}
