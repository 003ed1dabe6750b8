//! Telling people by mail that a run ended or needs them (F-16): what waits for somebody becomes one mail, in the transaction that
//! settles it. So nothing is told twice, nothing is lost, and a burst is one mail.

use super::quote::quoted;
use super::template::Template;
use crate::app::App;
use groundwork_store::notices::{self, News, Taken};
use groundwork_store::outbox::{self, Allowance, Wanted};
use groundwork_store::{StoreError, Tx};
use serde_json::json;
use std::collections::HashSet;
use std::time::Duration;

/// People that one look tells.
const PEOPLE_MAX: usize = 100;
/// How long it is known what somebody was told.
const KEPT: Duration = Duration::from_secs(30 * 86_400);
/// Characters of a project's title.
const TITLE_CHARS_MAX: usize = 60;

/// Leaves a mail for everybody who is due one.
pub(super) async fn leave_due(app: &App) {
    for _ in 0..PEOPLE_MAX {
        match leave_one(app).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "news waits for the database");
                return;
            }
        }
    }
}

/// Takes away what is over.
pub(super) async fn sweep(app: &App) -> Result<i64, StoreError> {
    notices::sweep(&app.store, KEPT, !app.mailer.is_on()).await
}

async fn leave_one(app: &App) -> Result<bool, StoreError> {
    let mut tx = app.store.nobody().await?;
    let Some(taken) = notices::take(&mut tx, app.settings.mail.pace()).await? else { return Ok(false) };
    if !taken.news.is_empty() {
        leave(app, &mut tx, &taken).await?;
    }
    tx.commit().await?;
    Ok(true)
}

async fn leave(app: &App, tx: &mut Tx, taken: &Taken) -> Result<(), StoreError> {
    let is_needed = taken.news.iter().any(|news| needs(&news.kind));
    let template = if is_needed { Template::Needed } else { Template::News };
    let lines_max = usize::try_from(app.settings.mail.notice_lines_max).unwrap_or(usize::MAX);
    let items = items(&taken.news, lines_max, &app.settings.web_url());
    let mail = Wanted {
        template: template.as_str(),
        recipient: &taken.address,
        user: Some(taken.user),
        params: json!({"items": items}),
        ip: None,
    };
    outbox::want(tx, &mail, Allowance::default()).await?;
    Ok(())
}

/// Whether somebody is waited for.
fn needs(kind: &str) -> bool {
    !matches!(kind, "workflow_completed" | "workflow_failed")
}

/// What happened, each with its project's page; the same twice in one project is told once.
fn items(news: &[News], lines_max: usize, web: &str) -> String {
    let mut told = HashSet::new();
    let news: Vec<_> = news.iter().filter(|news| told.insert((&news.kind, news.project))).collect();
    let line =
        |news: &&News| format!("{}\n\n{web}/projects/{}", sentence(&news.kind, &news.title), news.project);
    let mut lines: Vec<_> = news.iter().take(lines_max).map(line).collect();
    let more = news.len().saturating_sub(lines_max);
    if more > 0 {
        lines.push(format!("And {more} more."));
    }
    lines.join("\n\n")
}

fn sentence(kind: &str, title: &str) -> String {
    let project = name(title);
    match kind {
        "gate_ready" => format!("A decision is needed in {project}."),
        "gate_reminded" => format!("A decision still waits in {project}."),
        "gate_escalated" => format!("Nobody has decided for a long time in {project}."),
        "gate_expired" => format!("The time for a decision is over in {project}."),
        "hitl_request" => format!("An agent asks a question in {project}."),
        "questions_ready" => format!("Questions wait for your answers in {project}."),
        "over_budget" => format!("The budget is used up in {project}."),
        "workflow_completed" => format!("All is done in {project}."),
        "workflow_failed" => format!("Something failed in {project}."),
        // A newer build's.
        _ => format!("There is news in {project}."),
    }
}

/// A project as a mail may call it: titles are words of people, and of models.
fn name(title: &str) -> String {
    let title = title.trim();
    let shown = match title.char_indices().nth(TITLE_CHARS_MAX) {
        None => title.to_owned(),
        Some(_) => {
            let kept: String = title.chars().take(TITLE_CHARS_MAX - 1).collect();
            format!("{}\u{2026}", kept.trim_end())
        }
    };
    quoted(&shown).unwrap_or_else(|| "a project of yours".to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use groundwork_domain::ProjectId;
    use uuid::Uuid;

    fn news(kind: &str, project: u128, title: &str) -> News {
        News { kind: kind.to_owned(), project: ProjectId(Uuid::from_u128(project)), title: title.to_owned() }
    }

    #[test]
    fn a_burst_is_a_few_lines() {
        let gate = |project| news("gate_ready", project, "Gym");
        let all = [gate(1), gate(1), news("workflow_failed", 1, "Gym"), gate(2), gate(3)];
        let told = items(&all, 2, "https://g.example.org");
        let page = "https://g.example.org/projects/00000000-0000-0000-0000-000000000001";
        assert_eq!(
            told,
            format!(
                "A decision is needed in \"Gym\".\n\n{page}\n\nSomething failed in \"Gym\".\n\n{page}\n\nAnd 2 more."
            )
        );
    }

    #[test]
    fn a_title_is_no_message() {
        assert_eq!(name(" Gym "), "\"Gym\"");
        assert_eq!(name("Win at https://evil.example"), "a project of yours");
        assert_eq!(name("a\nb"), "a project of yours");
        let long = name(&"字".repeat(200));
        assert_eq!(long.chars().count(), TITLE_CHARS_MAX + 2);
        assert!(long.ends_with("…\""), "{long}");
    }
}
