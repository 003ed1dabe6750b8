//! Budgets of projects and workspaces.

use super::{open, project_id};
use crate::args::{BudgetArguments, BudgetCommand};
use crate::client::Client;
use crate::failure::Result;
use reqwest::Method;
use serde_json::{Value, json};

/// `groundwork budget …`
pub(super) async fn budget(command: &BudgetCommand) -> Result<()> {
    let (client, output) = open(command.connection())?;
    let answer: Value = match command {
        BudgetCommand::Show(arguments) => client.get(&path(&client, arguments).await?).await?,
        BudgetCommand::Set(arguments) => {
            let body = json!({"tokens_max": arguments.tokens, "usd_max": arguments.usd,
                "allow_unpriced": arguments.allow_unpriced});
            client.change(Method::PUT, &path(&client, &arguments.of).await?, &body).await?
        }
    };
    output.result(&answer, || told(&answer));
    Ok(())
}

async fn path(client: &Client, arguments: &BudgetArguments) -> Result<String> {
    Ok(match (&arguments.workspace, &arguments.project) {
        (Some(workspace), _) => format!("/workspaces/{workspace}/budget"),
        (None, project) => {
            let project = project_id(client, project.as_deref().unwrap_or_default()).await?;
            format!("/projects/{project}/budget")
        }
    })
}

fn told(budget: &Value) -> String {
    let most = |value: &Value| match value {
        Value::Null => "any".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    format!(
        "tokens: {} of {}, {} reserved\nUSD:    {} of {}, {} reserved",
        budget["tokens_used"],
        most(&budget["tokens_max"]),
        budget["tokens_reserved"],
        most(&budget["usd_used"]),
        most(&budget["usd_max"]),
        most(&budget["usd_reserved"]),
    )
}
