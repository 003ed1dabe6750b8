//! All projects, as a table.

use super::{open, projects};
use crate::args::ListArguments;
use crate::client::shapes::ProjectItem;
use crate::failure::Result;
use crate::output::Output;
use serde_json::Value;
use std::fmt::Write as _;

/// `groundwork list`
pub(crate) async fn list(arguments: &ListArguments) -> Result<()> {
    let (client, output) = open(&arguments.connection)?;
    let phase = arguments.phase.as_deref();
    let mut cursor: Option<String> = None;
    if output == Output::Json {
        let mut all = Vec::new();
        loop {
            let page: Value = client.get(&path(phase, cursor.as_deref())).await?;
            all.extend(page["items"].as_array().cloned().unwrap_or_default());
            cursor = page["next_cursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
        output.result(&all, String::new);
        return Ok(());
    }
    let mut items = Vec::new();
    loop {
        let page = projects(&client, phase, cursor.as_deref()).await?;
        items.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    if items.is_empty() {
        output.note("no projects yet; next: groundwork new --idea \"…\"");
    } else {
        output.line(table(&items).trim_end());
    }
    Ok(())
}

/// The path of one page. Cursors and phases are the server's own words, so nothing in them needs escaping but what is escaped here.
pub(super) fn path(phase: Option<&str>, cursor: Option<&str>) -> String {
    let mut query: Vec<(&str, &str)> = vec![("limit", "100")];
    query.extend(phase.map(|phase| ("phase", phase)));
    query.extend(cursor.map(|cursor| ("cursor", cursor)));
    let mut url = reqwest::Url::parse("http://unused/projects").map_err(|_| ());
    if let Ok(url) = &mut url {
        url.query_pairs_mut().extend_pairs(query);
    }
    url.map_or_else(
        |()| "/projects".to_owned(),
        |url| format!("/projects?{}", url.query().unwrap_or_default()),
    )
}

fn table(items: &[ProjectItem]) -> String {
    let mut text = format!(
        "{:<36}  {:<17}  {:<14}  {:>9}  {:<16}  TITLE\n",
        "PROJECT", "PHASE", "STATUS", "COST", "LAST (UTC)"
    );
    for item in items {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{}  {:<17}  {:<14}  {:>9}  {}  {}",
            item.project_id,
            item.phase,
            item.status,
            format!("${:.4}", item.cost_usd),
            item.last_activity_at.format("%Y-%m-%d %H:%M"),
            item.title
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_cannot_add_to_the_query() {
        assert_eq!(path(Some("a&b=c"), Some("x y")), "/projects?limit=100&phase=a%26b%3Dc&cursor=x+y");
    }
}
