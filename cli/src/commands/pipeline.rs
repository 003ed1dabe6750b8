//! Pipelines: those that ship, and one's own.

use super::{open, read_text};
use crate::args::{PipelineCommand, PipelineFileArguments, PipelinesArguments};
use crate::failure::{Exit, Failure, Result};
use crate::output::Output;
use groundwork_domain::agent::known_agents;
use groundwork_domain::pipeline::{Pipeline, SHIPPED};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// A list of the API.
#[derive(Debug, Deserialize)]
struct List {
    items: Vec<Value>,
}

/// `groundwork pipeline …`
pub(super) async fn pipeline(command: &PipelineCommand) -> Result<()> {
    match command {
        PipelineCommand::List(arguments) => list(arguments).await,
        PipelineCommand::Show(arguments) => {
            let (client, output) = open(&arguments.place.connection)?;
            let id = super::escaped(&arguments.pipeline);
            let found: Value = client.get(&format!("/pipelines/{id}{}", place(&arguments.place))).await?;
            output.result(&found, || found["source"].as_str().unwrap_or_default().to_owned());
            Ok(())
        }
        PipelineCommand::Check(arguments) => check(arguments),
        PipelineCommand::Add(arguments) => add(arguments).await,
    }
}

fn place(arguments: &PipelinesArguments) -> String {
    arguments.workspace.map(|workspace| format!("?workspace_id={workspace}")).unwrap_or_default()
}

async fn list(arguments: &PipelinesArguments) -> Result<()> {
    let (client, output) = open(&arguments.connection)?;
    let found: List = client.get(&format!("/pipelines{}", place(arguments))).await?;
    output.result(&found.items, || {
        let mut text = String::new();
        for one in &found.items {
            let word = |name: &str| one[name].as_str().unwrap_or_default();
            let names = |list: &Value, field: Option<&str>| {
                let items = list.as_array().into_iter().flatten();
                let words = items.filter_map(|item| field.map_or(item, |field| &item[field]).as_str());
                words.collect::<Vec<_>>().join(", ")
            };
            let _ =
                writeln!(text, "{} v{} ({})  {}", word("id"), one["version"], word("origin"), word("title"));
            let _ = writeln!(text, "  stages: {}", names(&one["stages"], Some("id")));
            let _ = writeln!(text, "  delivers: {}", names(&one["delivers"], None));
            if let Some(cost) = one["estimate"]["cost_usd"].as_str() {
                let _ = writeln!(text, "  about ${cost} by {} earlier projects", one["estimate"]["projects"]);
            }
        }
        text
    });
    Ok(())
}

/// The same check as the server's, on this machine.
fn check(arguments: &PipelineFileArguments) -> Result<()> {
    let output = Output::new(arguments.place.connection.json);
    let source = read_text(&arguments.file)?;
    let pipeline = Pipeline::parse(&source, &known_agents()).map_err(|error| {
        let words = format!("{}:{}: {}", arguments.file.display(), error.line, error.reason);
        Failure::new(Exit::Usage, "invalid_pipeline", words)
    })?;
    if SHIPPED.contains(&pipeline.id.as_str()) {
        let words = format!(
            "{}: `{}` is a pipeline that ships: give yours another id",
            arguments.file.display(),
            pipeline.id
        );
        return Err(Failure::new(Exit::Usage, "invalid_pipeline", words));
    }
    let value = json!({"id": pipeline.id, "version": pipeline.version, "stages": pipeline.stages.len()});
    output.result(&value, || {
        format!("{} version {} can be used: {} stages", pipeline.id, pipeline.version, pipeline.stages.len())
    });
    Ok(())
}

async fn add(arguments: &PipelineFileArguments) -> Result<()> {
    let source = read_text(&arguments.file)?;
    let (client, output) = open(&arguments.place.connection)?;
    let body = json!({"source": source, "workspace_id": arguments.place.workspace});
    let made: Value = client.change(Method::POST, "/pipelines", &body).await?;
    output.result(&made, || {
        let id = made["id"].as_str().unwrap_or_default();
        format!("{id} version {} is there: groundwork new --pipeline {id} …", made["version"])
    });
    Ok(())
}
