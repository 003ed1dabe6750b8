//! What is left of a project, read from the tables, with what only this project could have taken out of it.

use crate::database::{Database, Event, ModelCall, ProjectRow, Purchase};
use crate::stack::Stack;
use anyhow::{Context, Result};
use groundwork_domain::ProjectId;
use groundwork_domain::project::Summary;
use groundwork_workflows::ProjectWorkflow;
use std::time::Duration;
use temporalio_client::{Client, ClientOptions, Connection, ConnectionOptions, WorkflowQueryOptions};
use uuid::Uuid;

/// A query of a workflow whose worker was just killed waits for its sticky queue, then for a replay.
const QUERY_MAX: Duration = Duration::from_secs(60);

/// Everything that the checks read of one project.
#[derive(Clone, Debug)]
pub struct Record {
    /// The project.
    pub id: Uuid,
    /// Its row.
    pub row: ProjectRow,
    /// Its log, in order.
    pub events: Vec<Event>,
    /// Its calls.
    pub calls: Vec<ModelCall>,
    /// Its ledger.
    pub purchases: Vec<Purchase>,
    /// What people read of it.
    pub content: Vec<String>,
}

impl Record {
    /// Reads one project.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn of(database: &Database, id: Uuid) -> Result<Self> {
        Ok(Self {
            id,
            row: database.project(id).await?,
            events: database.events(id).await?,
            calls: database.model_calls(id).await?,
            purchases: database.purchases(id).await?,
            content: database.content(id).await?,
        })
    }

    /// Reads many, in their order.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn of_all(database: &Database, ids: &[Uuid]) -> Result<Vec<Self>> {
        let mut records = Vec::with_capacity(ids.len());
        for id in ids {
            records.push(Self::of(database, *id).await?);
        }
        Ok(records)
    }

    /// The log as (kind, cause, item), ids replaced by the order in which they appear: two projects of the same idea,
    /// treated alike, have the same. Where stages run side by side, the log of each item by itself, since whichever ends last
    /// is the cause of what follows both, and the pipeline's own word follows whichever of them is under way.
    #[must_use]
    pub fn story(&self) -> Vec<String> {
        let item = |event: &Event| event.item.clone().unwrap_or_else(|| "-".to_owned());
        if self.is_in_order() {
            let mut ids = Ids::default();
            let line = |event: &Event| format!("{} because of {} ({})", event.kind, event.cause, item(event));
            return self.events.iter().map(|event| ids.replace(&line(event))).collect();
        }
        let is_compared = |event: &&Event| event.kind != "status_changed" && !self.is_told_again(event);
        let compared = self.events.iter().filter(is_compared);
        let mut told: Vec<_> = compared.map(|event| (Ids::hide(&item(event)), event.kind.as_str())).collect();
        // Stable: what happens to one item keeps its order. What happens to none has no order that counts.
        told.sort_by(|one, other| match (one.0 == "-", other.0 == "-") {
            (true, true) => one.1.cmp(other.1),
            _ => one.0.cmp(&other.0),
        });
        told.into_iter().map(|(item, kind)| format!("{item}: {kind}")).collect()
    }

    /// Whether a decision ended advice that had been told of before. A worker that dies between the telling and the end of its workflow
    /// task leaves the advice to be taken up again, together with what came meanwhile; and what people decide, comes first then.
    fn is_told_again(&self, event: &Event) -> bool {
        let Some(item) = event.item.as_deref().filter(|_| event.cause.starts_with("command:")) else {
            return false;
        };
        let cause = format!("stage:{}", item.strip_suffix(":superseded").unwrap_or(item));
        let mut earlier = self.events.iter().take_while(|other| other.seq < event.seq);
        earlier.any(|other| other.kind == "gate_advised" && other.cause == cause)
    }

    /// What people read, comparable in the same way.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        if self.is_in_order() {
            return self.content.clone();
        }
        let mut lines: Vec<_> = self.content.iter().map(|line| Ids::hide(&without_number(line))).collect();
        lines.sort();
        lines
    }

    /// Whether one thing happens after another: in `promptr` no two stages run at once.
    fn is_in_order(&self) -> bool {
        self.row.pipeline_id == "promptr"
    }
}

/// A turn's number is its place among all others.
fn without_number(line: &str) -> String {
    match line.strip_prefix("turn ").and_then(|rest| rest.split_once(' ')) {
        Some((_, rest)) => format!("turn {rest}"),
        None => line.to_owned(),
    }
}

/// Ids that were seen, in order.
#[derive(Debug, Default)]
struct Ids(Vec<Uuid>);

impl Ids {
    const TEXT_BYTES: usize = 36;

    fn replace(&mut self, text: &str) -> String {
        let mut replaced = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let id = rest.get(..Self::TEXT_BYTES).and_then(|part| part.parse::<Uuid>().ok());
            if let Some(id) = id {
                replaced.push_str(&format!("<id {}>", self.number(id)));
                rest = &rest[Self::TEXT_BYTES..];
            } else {
                replaced.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
        replaced
    }

    /// Without any ids.
    fn hide(text: &str) -> String {
        let mut ids = Self::default();
        let mut hidden = ids.replace(text);
        for number in 1..=ids.0.len() {
            hidden = hidden.replace(&format!("<id {number}>"), "<id>");
        }
        hidden
    }

    fn number(&mut self, id: Uuid) -> usize {
        if let Some(index) = self.0.iter().position(|known| *known == id) {
            return index + 1;
        }
        self.0.push(id);
        self.0.len()
    }
}

/// The summary that each project's workflow holds now, asked by query.
///
/// # Errors
/// When a workflow does not answer.
pub async fn summaries(stack: &Stack, projects: &[Uuid]) -> Result<Vec<Summary>> {
    let target = format!("http://{}", stack.temporal_address()).parse::<reqwest::Url>()?;
    let connection = Connection::connect(ConnectionOptions::new(target).build()).await?;
    let client = Client::new(connection, ClientOptions::new("default").build())?;
    let mut summaries = Vec::with_capacity(projects.len());
    for id in projects {
        let handle = client.get_workflow_handle::<ProjectWorkflow>(ProjectId(*id).workflow_id());
        let query = handle.query(ProjectWorkflow::summary, (), WorkflowQueryOptions::default());
        let summary = tokio::time::timeout(QUERY_MAX, query).await;
        let summary = summary.with_context(|| format!("the workflow of {id} does not answer"))?;
        summaries.push(summary.with_context(|| format!("asking the workflow of {id}"))?);
    }
    Ok(summaries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_become_their_order() {
        let mut ids = Ids::default();
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_eq!(ids.replace(&format!("a:{one} é {other}")), "a:<id 1> é <id 2>");
        assert_eq!(ids.replace(&format!("{other}{one}")), "<id 2><id 1>");
    }
}
