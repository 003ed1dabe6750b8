//! Starting a project.

use super::{open, read_text, watch};
use crate::args::NewArguments;
use crate::client::Client;
use crate::client::shapes::Created;
use crate::failure::{Failure, Result};
use reqwest::Method;
use serde_json::json;

/// `groundwork new`
pub(crate) async fn new(arguments: &NewArguments) -> Result<()> {
    let idea = match (&arguments.idea, &arguments.idea_file) {
        (Some(idea), _) => idea.clone(),
        (None, Some(path)) => read_text(path)?,
        (None, None) => return Err(Failure::usage("--idea or --idea-file is needed")),
    };
    let (client, output) = open(&arguments.connection)?;
    let created = create(&client, &idea, arguments.title.as_deref(), &arguments.pipeline).await?;
    let id = created.project_id;
    output.result(&created, || format!("started {id}"));
    if arguments.watch {
        return watch::follow(&client, output, id, &watch::Follow::new(Some(0))).await.map(drop);
    }
    output.note(format!("next: groundwork watch {id}"));
    Ok(())
}

/// Creates a project; its workflow runs when this returns.
pub(crate) async fn create(
    client: &Client,
    idea: &str,
    title: Option<&str>,
    pipeline: &str,
) -> Result<Created> {
    let mut body = json!({ "idea": idea, "pipeline": pipeline });
    if let Some(title) = title {
        body["title"] = json!(title);
    }
    client.change(Method::POST, "/projects", &body).await
}
