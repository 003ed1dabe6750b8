//! Keys of model providers. A key is never an argument: arguments are seen by others and kept by shells.

use super::open;
use crate::args::{KeysArguments, KeysCommand};
use crate::failure::{Failure, Result};
use crate::output::{ask_secretly, is_interactive};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use std::io::Read as _;

/// Longest key that is read, in bytes.
const KEY_BYTES_MAX: u64 = 4096;

/// A list of the API.
#[derive(Debug, Deserialize)]
struct List {
    items: Vec<Value>,
}

/// `groundwork keys …`
pub(super) async fn keys(command: &KeysCommand) -> Result<()> {
    let (client, output) = open(command.connection())?;
    match command {
        KeysCommand::List(arguments) => {
            let found: List = client.get(&base(arguments)).await?;
            output.result(&found.items, || {
                if found.items.is_empty() {
                    return "no keys are kept".to_owned();
                }
                let line = |key: &Value| {
                    let word = |name: &str| key[name].as_str().unwrap_or_default();
                    format!("{}  …{}  since {}", word("provider"), word("last_four"), word("updated_at"))
                };
                found.items.iter().map(line).collect::<Vec<_>>().join("\n")
            });
        }
        KeysCommand::Set(arguments) => {
            let key = read_key(&arguments.provider)?;
            let path = format!("{}/{}", base(&arguments.of), super::escaped(&arguments.provider));
            let kept: Value = client.change(Method::PUT, &path, &json!({ "key": key })).await?;
            output.result(&kept, || {
                format!(
                    "the key of {} is kept: …{}",
                    arguments.provider,
                    kept["last_four"].as_str().unwrap_or_default()
                )
            });
        }
        KeysCommand::Delete(arguments) => {
            let path = format!("{}/{}", base(&arguments.of), super::escaped(&arguments.provider));
            client.change_quietly(Method::DELETE, &path).await?;
            output.result(&json!({"provider": arguments.provider}), || {
                format!("no key of {} is kept", arguments.provider)
            });
        }
    }
    Ok(())
}

fn base(arguments: &KeysArguments) -> String {
    match arguments.workspace {
        Some(workspace) => format!("/workspaces/{workspace}/api-keys"),
        None => "/settings/api-keys".to_owned(),
    }
}

fn read_key(provider: &str) -> Result<String> {
    let key = if is_interactive() {
        ask_secretly(&format!("Key of {provider}: "))?.unwrap_or_default()
    } else {
        let mut text = String::new();
        std::io::stdin().lock().take(KEY_BYTES_MAX).read_to_string(&mut text)?;
        text
    };
    let key = key.trim().to_owned();
    if key.is_empty() {
        return Err(Failure::usage("no key was given").next("groundwork keys set anthropic < key.txt"));
    }
    Ok(key)
}
