//! Projects and workspaces that are put away and taken back, through every real part: API, Temporal, workers, PostgreSQL.
#![allow(clippy::unwrap_used, reason = "tests")]

use anyhow::{Context as _, Result};
use groundwork_tests::driver::{self, Errand};
use groundwork_tests::{Client, Options, Stack, wait};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

const SOON: Duration = Duration::from_secs(120);

async fn post(client: &Client, path: &str) -> Result<Value> {
    Ok(client.call(Method::POST, path, None, Some(&json!({}))).await?.ok()?.body)
}

async fn until_lifecycle(client: &Client, project: Uuid, wanted: &str) -> Result<()> {
    wait::until(wanted, SOON, async || {
        Ok((client.project(project).await?["lifecycle"] == wanted).then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_put_away_stands_still_and_goes_on_where_it_stood() -> Result<()> {
    let stack = Stack::start(Options::default()).await?;
    let client = stack.client().sign_up("founder").await?.patient(SOON);
    let project = driver::begin(&client, &Errand::named("archived")).await?;
    let path = format!("/projects/{project}");

    let archived = post(&client, &format!("{path}/archive")).await?;
    assert_eq!((&archived["lifecycle"], &archived["phase"]), (&json!("archived"), &json!("paused")));
    let shown = client.project(project).await?;
    assert_eq!((&shown["lifecycle"], &shown["allowed"]), (&json!("archived"), &json!(["restore", "delete"])));
    let answers = json!({"command": "accept_recommendations"});
    let refused = client.command(project, "too early", &answers).await?;
    assert_eq!((refused.status, refused.code()), (StatusCode::CONFLICT, "wrong_state"));

    // Twice at once: it is opened once.
    let restore = format!("{path}/restore");
    let (one, two) = tokio::join!(
        client.call(Method::POST, &restore, Some("r1"), None),
        client.call(Method::POST, &restore, Some("r2"), None)
    );
    let mut statuses = [one?.status.as_u16(), two?.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    assert_eq!(client.phase(project).await?, "awaiting_input");

    // Deleted, undone, archived, deleted, undone; and then it is completed.
    for round in 0..2 {
        if round == 1 {
            post(&client, &format!("{path}/archive")).await?;
        }
        let deleted = client.call(Method::DELETE, &path, None, None).await?.ok()?.body;
        assert_eq!(deleted["lifecycle"], "deleted");
        assert_eq!(client.get(&path).await?.status, StatusCode::NOT_FOUND);
        let restored = post(&client, &restore).await?;
        assert_eq!(
            (&restored["lifecycle"], &restored["phase"]),
            (&json!("active"), &json!("awaiting_input"))
        );
    }
    client.command(project, "now", &answers).await?.ok()?;
    driver::until_phase(&client, project, &["completed"]).await?;
    let kinds = stack.database().kinds(project).await?;
    assert_eq!(kinds.iter().filter(|kind| *kind == "project_restored").count(), 3, "{kinds:?}");
    assert_eq!(kinds.iter().filter(|kind| *kind == "workflow_completed").count(), 1, "{kinds:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn projects_go_and_come_back_with_their_workspace() -> Result<()> {
    let stack = Stack::start(Options::default()).await?;
    let client = stack.client().sign_up("founder").await?.patient(SOON);
    let made = client.call(Method::POST, "/workspaces", None, Some(&json!({"name": "Team"}))).await?.ok()?;
    let workspace = made.body["id"].as_str().context("an id")?.to_owned();
    let mut projects = Vec::new();
    for name in ["one", "two"] {
        let body = json!({"idea": Errand::named(name).idea});
        let path = format!("/workspaces/{workspace}/projects");
        let project = client.call(Method::POST, &path, Some(name), Some(&body)).await?.ok()?.body;
        let project: Uuid = project["project_id"].as_str().context("an id")?.parse()?;
        driver::until_phase(&client, project, &["awaiting_input"]).await?;
        projects.push(project);
    }
    let (own, with) = (projects[0], projects[1]);
    post(&client, &format!("/projects/{own}/archive")).await?;

    let path = format!("/workspaces/{workspace}");
    post(&client, &format!("{path}/archive")).await?;
    until_lifecycle(&client, with, "archived").await?;
    post(&client, &format!("{path}/restore")).await?;
    until_lifecycle(&client, with, "active").await?;
    assert_eq!(client.phase(with).await?, "awaiting_input");
    assert_eq!(
        client.project(own).await?["lifecycle"],
        "archived",
        "a person archived it, not the workspace"
    );

    client.call(Method::DELETE, &path, None, None).await?.ok()?;
    assert_eq!(client.get(&format!("/projects/{with}")).await?.status, StatusCode::NOT_FOUND);
    post(&client, &format!("{path}/restore")).await?;
    until_lifecycle(&client, with, "active").await?;
    let answers = json!({"command": "accept_recommendations"});
    wait::until("answers to be taken", SOON, async || {
        let answer = client.command(with, &Uuid::new_v4().to_string(), &answers).await?;
        Ok(answer.status.is_success().then_some(()))
    })
    .await?;
    driver::until_phase(&client, with, &["completed"]).await?;
    Ok(())
}
