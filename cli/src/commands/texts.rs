//! Artifacts: reading, editing, comparing, finding.

use super::{escaped, open, project_id, read_long_text};
use crate::args::{DiffArguments, EditArguments, ReadArguments, SearchArguments};
use crate::client::Client;
use crate::failure::{Exit, Failure, Result};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use std::fmt::Write as _;
use uuid::Uuid;

/// A list of the API.
#[derive(Debug, Deserialize)]
struct List {
    items: Vec<Value>,
}

/// The present version of an artifact: its id and digest.
pub(super) async fn artifact(client: &Client, project: Uuid, name: &str) -> Result<(String, String)> {
    let list: List = client.get(&format!("/projects/{project}/artifacts")).await?;
    let word = |item: &Value, field: &str| item[field].as_str().unwrap_or_default().to_owned();
    if let Some(found) = list.items.iter().find(|item| item["name"] == name) {
        return Ok((word(found, "id"), word(found, "digest")));
    }
    let names: Vec<_> = list.items.iter().map(|item| word(item, "name")).collect();
    let words = format!("there is no artifact `{name}`");
    Err(Failure::new(Exit::Refused, "not_found", words).next(format!("there are: {}", names.join(", "))))
}

/// `groundwork read`
pub(super) async fn read(arguments: &ReadArguments) -> Result<()> {
    let (client, output) = open(&arguments.connection)?;
    let project = project_id(&client, &arguments.project).await?;
    let (id, _) = artifact(&client, project, &arguments.artifact).await?;
    let version = arguments.version.map(|version| format!("?version={version}")).unwrap_or_default();
    let found: Value = client.get(&format!("/artifacts/{id}{version}")).await?;
    output.result(&found, || found["content"].as_str().unwrap_or_default().to_owned());
    let digest = found["digest"].as_str().unwrap_or_default();
    output.note(format!(
        "{} v{} {} {digest}",
        arguments.artifact,
        found["version"],
        found["state"].as_str().unwrap_or_default()
    ));
    Ok(())
}

/// `groundwork edit`
pub(super) async fn edit(arguments: &EditArguments) -> Result<()> {
    let content = read_long_text(&arguments.file)?;
    let (client, output) = open(&arguments.connection)?;
    let project = project_id(&client, &arguments.project).await?;
    let (id, present) = artifact(&client, project, &arguments.artifact).await?;
    let base = arguments.base.clone().unwrap_or(present);
    let body = json!({ "content": content, "base_digest": base });
    let edited: Value = client.change(Method::PUT, &format!("/artifacts/{id}"), &body).await?;
    output.result(&edited, || {
        format!("{} is version {} now", arguments.artifact, edited["artifact"]["version"])
    });
    Ok(())
}

/// `groundwork diff`
pub(super) async fn diff(arguments: &DiffArguments) -> Result<()> {
    let (client, output) = open(&arguments.connection)?;
    let project = project_id(&client, &arguments.project).await?;
    let (id, _) = artifact(&client, project, &arguments.artifact).await?;
    let mut path = format!("/artifacts/{id}/diff?context={}", arguments.context);
    for (name, version) in [("from", arguments.from), ("to", arguments.to)] {
        if let Some(version) = version {
            let _ = write!(path, "&{name}={version}");
        }
    }
    let found: Value = client.get(&path).await?;
    output.result(&found, || unified(&arguments.artifact, &found));
    Ok(())
}

/// As `diff -u` writes it.
fn unified(name: &str, diff: &Value) -> String {
    let mut text =
        format!("--- {name} v{}\n+++ {name} v{}\n", diff["from"]["version"], diff["to"]["version"]);
    let hunks = diff["hunks"].as_array().map_or(&[][..], Vec::as_slice);
    if hunks.is_empty() {
        text.push_str("(the same)\n");
    }
    for hunk in hunks {
        let _ = writeln!(
            text,
            "@@ -{},{} +{},{} @@",
            hunk["old_start"], hunk["old_lines"], hunk["new_start"], hunk["new_lines"]
        );
        for line in hunk["lines"].as_array().into_iter().flatten() {
            let sign = match line["kind"].as_str() {
                Some("deleted") => '-',
                Some("inserted") => '+',
                _ => ' ',
            };
            let _ = writeln!(text, "{sign}{}", line["text"].as_str().unwrap_or_default());
        }
    }
    text
}

/// `groundwork search`
pub(super) async fn search(arguments: &SearchArguments) -> Result<()> {
    let (client, output) = open(&arguments.connection)?;
    let words = escaped(&arguments.words);
    let path = match &arguments.project {
        Some(project) => format!("/projects/{}/search?q={words}", project_id(&client, project).await?),
        None => format!("/search?q={words}"),
    };
    let found: List = client.get(&path).await?;
    output.result(&found.items, || {
        if found.items.is_empty() {
            return "nothing was found".to_owned();
        }
        super::workspace::table(&found.items, &["kind", "id", "title", "detail"])
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_is_written_as_people_know_it() {
        let diff = json!({"from": {"version": 1}, "to": {"version": 2}, "hunks": [{"old_start": 1, "old_lines": 2,
            "new_start": 1, "new_lines": 2, "lines": [{"kind": "equal", "text": "a"}, {"kind": "deleted", "text": "b"},
            {"kind": "inserted", "text": "c"}]}]});
        assert_eq!(unified("spec", &diff), "--- spec v1\n+++ spec v2\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n");
    }
}
