//! Talking with the agent that shapes the brief. Its words come as it writes them.

use super::{open, project_id};
use crate::args::ChatArguments;
use crate::failure::{Exit, Failure, Result};
use eventsource_stream::Eventsource as _;
use futures::StreamExt as _;
use serde::Deserialize;
use serde_json::{Value, json};

/// Said so far, as far as it is shown.
#[derive(Debug, Deserialize)]
struct Turns {
    items: Vec<Value>,
}

/// `groundwork chat`
pub(super) async fn chat(arguments: &ChatArguments) -> Result<()> {
    let (client, output) = open(&arguments.connection)?;
    let id = project_id(&client, &arguments.project).await?;
    let path = format!("/features/{id}/chat");
    let Some(message) = &arguments.message else {
        let said: Turns = client.get(&path).await?;
        output.result(&said.items, || {
            let line = |turn: &Value| {
                let who = turn["agent_role"].as_str().unwrap_or("you");
                format!("{who}: {}", turn["content"].as_str().unwrap_or_default())
            };
            said.items.iter().map(line).collect::<Vec<_>>().join("\n\n")
        });
        return Ok(());
    };
    let body = json!({ "message": message });
    let response = client.open_stream(&path, &body).await?;
    let mut frames = response.bytes_stream().eventsource();
    while let Some(frame) = frames.next().await {
        let broken = |error: &dyn std::fmt::Display| {
            Failure::new(Exit::Unreachable, "stream_lost", format!("the stream broke: {error}"))
                .next(format!("groundwork chat {id} shows what was said"))
        };
        let frame = frame.map_err(|error| broken(&error))?;
        let data: Value = serde_json::from_str(&frame.data).unwrap_or_default();
        match frame.event.as_str() {
            "delta" => output.fragment(data["text"].as_str().unwrap_or_default()),
            "done" => {
                output.fragment("\n");
                output.json_line(&data);
                return Ok(());
            }
            "error" => {
                let words = data["detail"].as_str().unwrap_or("the agent did not answer").to_owned();
                let code = data["code"].as_str().unwrap_or("failed").to_owned();
                return Err(
                    Failure::new(Exit::ProjectFailed, &code, words).next(format!("groundwork show {id}"))
                );
            }
            _ => {}
        }
    }
    Err(Failure::new(Exit::Unreachable, "stream_lost", "the stream ended before the answer")
        .next(format!("groundwork chat {id} shows what was said")))
}
