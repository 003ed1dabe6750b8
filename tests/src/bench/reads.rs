//! What people read, at a steady rate.

use super::figures::{Aim, Reading, Round, percentile};
use super::load::{Load, Meter};
use super::{Measure, Sizes, steady, walk};
use crate::client::Client;
use anyhow::{Context, Result};
use tokio::task::JoinSet;
use uuid::Uuid;

/// Projects of the person who reads.
const PROJECTS: usize = 50;
/// Of these made at once.
const AT_ONCE: usize = 10;
/// Of issue 3, in milliseconds.
const P95_AIM: Aim = Aim::Under(20.0);

/// One round.
///
/// # Errors
/// When a GET is not answered with success.
pub async fn round(sizes: &Sizes) -> Result<Round> {
    let stack = super::stack(&[]).await?;
    let person = stack.client().sign_up("reader").await?;
    let projects = projects(&person).await?;
    let paths = paths(&person, &projects).await?;
    let meter = Meter::of(&stack).await;
    let first = meter.sample()?;
    let times = steady::read(&person, &paths, sizes.reads_seconds).await?;
    let load = Load::between(&first, &meter.sample()?);
    let readings = vec![
        Reading::new("GET, p95", percentile(&times, 95), "ms").aim(P95_AIM),
        Reading::new("GET, p50", percentile(&times, 50), "ms"),
        Reading::new("GET, p99", percentile(&times, 99), "ms"),
    ];
    Ok(Round { measure: Measure::Reads, readings, load })
}

async fn projects(person: &Client) -> Result<Vec<Uuid>> {
    let mut projects = Vec::with_capacity(PROJECTS);
    while projects.len() < PROJECTS {
        let mut tasks = JoinSet::new();
        for number in projects.len()..(projects.len() + AT_ONCE).min(PROJECTS) {
            let person = person.clone();
            tasks.spawn(async move { walk::walk(&person, number).await });
        }
        while let Some(walk) = tasks.join_next().await {
            projects.push(walk.context("a project's task")??.id);
        }
    }
    Ok(projects)
}

/// What is read, in turn: the list, and of each project itself, its questions, its events and its specification.
async fn paths(person: &Client, projects: &[Uuid]) -> Result<Vec<String>> {
    let mut paths = Vec::new();
    for project in projects {
        let artifacts = person.get(&format!("/projects/{project}/artifacts")).await?.ok()?.body;
        let items = artifacts["items"].as_array().context("artifacts")?;
        let spec = items.iter().find(|artifact| artifact["name"] == "spec").context("no specification")?;
        let spec = spec["id"].as_str().context("an artifact's id")?;
        paths.push("/projects?limit=50".to_owned());
        paths.push(format!("/projects/{project}"));
        paths.push(format!("/projects/{project}/questions"));
        paths.push(format!("/projects/{project}/events?after=0&limit=100"));
        paths.push(format!("/artifacts/{spec}"));
    }
    Ok(paths)
}
