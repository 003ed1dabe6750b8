//! One project, whole.

use super::{open, project_id};
use crate::args::ProjectArguments;
use crate::client::Client;
use crate::client::shapes::{Finding, Page, Project, Question};
use crate::failure::Result;
use crate::output::Output;
use serde_json::Value;
use std::fmt::Write as _;
use uuid::Uuid;

/// `groundwork show`
pub(crate) async fn show(arguments: &ProjectArguments) -> Result<()> {
    let (client, output) = open(&arguments.connection)?;
    let id = project_id(&client, &arguments.project).await?;
    match output {
        Output::Json => {
            let project: Value = client.get(&format!("/projects/{id}")).await?;
            output.result(&project, String::new);
        }
        Output::Text => {
            let project = project(&client, id).await?;
            let questions = questions(&client, id).await?;
            output.line(describe(&project, &questions).trim_end());
        }
    }
    Ok(())
}

/// Reads a project.
pub(crate) async fn project(client: &Client, id: Uuid) -> Result<Project> {
    client.get(&format!("/projects/{id}")).await
}

/// Reads a project's questions, answered ones too.
pub(crate) async fn questions(client: &Client, id: Uuid) -> Result<Vec<Question>> {
    let page: Page<Question> = client.get(&format!("/projects/{id}/questions")).await?;
    Ok(page.items)
}

/// Reads what the last review left open.
pub(crate) async fn open_findings(client: &Client, id: Uuid) -> Result<Vec<Finding>> {
    let page: Page<Finding> = client.get(&format!("/projects/{id}/findings")).await?;
    Ok(page.items.into_iter().filter(|finding| finding.state == "open").collect())
}

/// One line about money and tokens.
pub(crate) fn usage(project: &Project) -> String {
    let simulated = if project.item.simulated { ", simulated" } else { "" };
    format!(
        "{} model calls, {} tokens read, {} written, {:.1} s of model time, ${:.4}{simulated}",
        project.model_calls,
        project.input_tokens,
        project.output_tokens,
        project.active_ms as f64 / 1000.0,
        project.item.cost_usd,
    )
}

fn describe(project: &Project, questions: &[Question]) -> String {
    let item = &project.item;
    let mut text = format!("{}\n{}\n", item.title, item.project_id);
    // Writing to a String cannot fail.
    let _ = write!(text, "{} · {} ({})", item.pipeline, item.status, item.phase);
    if let Some(stage) = &project.stage {
        let _ = write!(text, " · stage {stage}");
    }
    let _ = writeln!(text, "\n{}", usage(project));
    let _ = writeln!(text, "refinements: {} of {}", project.refinements_used, project.refinements_max);
    for task in &project.tasks {
        let _ =
            writeln!(text, "  {:<12} {:<18} {} #{}", task.stage, task.status, task.agent_type, task.attempt);
    }
    for artifact in &project.artifacts {
        let _ = writeln!(text, "  {} v{}", artifact.name, artifact.version);
    }
    for question in questions.iter().filter(|question| question.is_open()) {
        let _ = writeln!(text, "open: {} {}", question.id, question.text);
    }
    if let Some(failure) = &project.failure {
        let kind = if failure.permanent { "permanent" } else { "may pass" };
        let _ = writeln!(text, "failed at {}: {} ({}, {kind})", failure.stage, failure.message, failure.code);
    }
    let _ = writeln!(text, "possible now: {}", project.allowed.join(", "));
    let _ = writeln!(text, "{}", next(item.project_id, project));
    text
}

/// What a person would do now.
pub(crate) fn next(id: Uuid, project: &Project) -> String {
    match project.item.phase.as_str() {
        _ if project.item.waiting_for.as_deref() == Some("budget") => {
            format!("next: groundwork budget show {id}, then groundwork budget set {id} --usd …")
        }
        "drafting" => {
            format!("next: groundwork chat {id} \"…\", or groundwork confirm-brief {id}")
        }
        "awaiting_approval" => format!("next: groundwork inbox, then groundwork approve {id}"),
        "awaiting_input" => format!("next: groundwork answer {id}"),
        "completed" => format!("next: groundwork export {id} --out package"),
        "failed" => format!("next: groundwork retry {id}"),
        "paused" => format!("next: groundwork resume {id}"),
        _ => format!("next: groundwork watch {id}"),
    }
}
