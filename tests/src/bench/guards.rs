//! What sign-in, membership and row-level security cost a GET: the API against a server that has none of them, but reads the same
//! rows by the same functions and shows them in the same shape. Both are asked in turn, so that a slow minute hits both.

use super::figures::{Reading, Round, percentile};
use super::load::{Load, Meter};
use super::{Measure, Sizes, steady, walk};
use crate::client::Client;
use crate::database::Database;
use crate::stack::Stack;
use anyhow::{Context, Result};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use groundwork_domain::ProjectId;
use groundwork_store::{StoreError, project_reads, project_texts};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::net::TcpListener;
use uuid::Uuid;

/// Turns that both take.
const TURNS: usize = 3;

/// One round.
///
/// # Errors
/// When a GET is not answered with success, or both show something else.
pub async fn round(sizes: &Sizes) -> Result<Round> {
    let stack = super::stack(&[]).await?;
    let person = stack.client().sign_up("reader").await?;
    let project = walk::walk(&person, 0).await?.id;
    let bare = bare(&stack).await?;
    let path = [format!("/projects/{project}")];
    let same =
        async |client: &Client| anyhow::Ok(client.get(&path[0]).await?.ok()?.body["final_prompts"].clone());
    anyhow::ensure!(same(&person).await? == same(&bare).await?, "the bare server shows something else");

    let meter = Meter::of(&stack).await;
    let first = meter.sample()?;
    let (mut guarded, mut unguarded) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        guarded.extend(steady::read(&person, &path, sizes.guards_seconds).await?);
        unguarded.extend(steady::read(&bare, &path, sizes.guards_seconds).await?);
    }
    let load = Load::between(&first, &meter.sample()?);
    let ratio = |percent| percentile(&guarded, percent) / percentile(&unguarded, percent);
    let readings = vec![
        Reading::new("GET p95 with sign-in and row-level security over without", ratio(95), ""),
        Reading::new("GET p50 with sign-in and row-level security over without", ratio(50), ""),
        Reading::new("GET with both, p95", percentile(&guarded, 95), "ms"),
        Reading::new("GET without, p95", percentile(&unguarded, 95), "ms"),
        Reading::new("GET with both, p50", percentile(&guarded, 50), "ms"),
        Reading::new("GET without, p50", percentile(&unguarded, 50), "ms"),
    ];
    Ok(Round { measure: Measure::Guards, readings, load })
}

/// A client of a server that asks nobody who they are and connects as a superuser; it ends with the bench.
async fn bare(stack: &Stack) -> Result<Client> {
    let database: Database = stack.database();
    let router =
        Router::new().route("/api/v1/projects/{project}", get(show)).with_state(database.pool().clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.context("a port")?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(Client::new(&url))
}

async fn show(State(pool): State<PgPool>, Path(project): Path<Uuid>) -> Result<Json<Value>, StatusCode> {
    view(&pool, ProjectId(project)).await.map(Json).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

/// As the API's own page of a project.
async fn view(pool: &PgPool, project: ProjectId) -> Result<Value, StoreError> {
    let mut connection = pool.acquire().await?;
    let prompts = project_texts::prompts(&mut connection, project, false).await?;
    let mut view = json!(project_reads::head(&mut connection, project).await?);
    view["tasks"] = json!(project_reads::tasks(&mut connection, project).await?);
    view["artifacts"] = json!(project_texts::artifacts(&mut connection, project, false).await?);
    view["final_prompts_count"] = prompts.len().into();
    view["final_prompts"] = json!(prompts);
    Ok(view)
}
