//! `groundwork demo`: an idea goes through the whole stack into a folder, as a person would take it there.

use crate::args::DemoArguments;
use crate::client::Client;
use crate::client::shapes::{Project, Question};
use crate::client::tokens::{Bearer, Tokens};
use crate::commands::watch::{Follow, follow};
use crate::commands::{answer, export, new, read_text, show};
use crate::dev;
use crate::failure::{Exit, Failure, Result};
use crate::output::Output;
use crate::settings::Settings;
use crate::signals::Requests;
use crate::stack::{Home, LocalStack};
use groundwork_domain::document::Answer;
use reqwest::Method;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Instant;
use uuid::Uuid;

const EMAIL: &str = "demo@example.com";
/// What the script adds to one answer in words of its own; it must make sense behind any answer.
const SCRIPTED_REMARK: &str = "Keep it as simple as that: one part-time developer has to look after it.";

/// `groundwork demo`
pub(crate) async fn demo(arguments: &DemoArguments, settings: &Settings) -> Result<()> {
    let output = Output::Text;
    let idea = read_text(&arguments.idea_file)?;
    let mut requests = Requests::listen()?;
    let began = Instant::now();
    let (home, _lock) = dev::take_home(&arguments.stack, settings)?;
    let run = async {
        let mut stack = dev::start(home, &arguments.stack, settings, output).await?;
        dev::tell_where_to_look(output, &stack);
        let done = take_idea_to_package(&stack, arguments, &idea, output).await;
        let urls = urls(&stack);
        stack.stop().await?;
        let (project, folder) = done?;
        conclude(output, &project, &folder, &urls, began);
        Ok(())
    };
    tokio::select! {
        ended = run => ended,
        () = requests.next() => Err(Failure::new(Exit::Interrupted, "interrupted", "interrupted; the project is kept")),
    }
}

async fn take_idea_to_package(
    stack: &LocalStack,
    arguments: &DemoArguments,
    idea: &str,
    output: Output,
) -> Result<(Project, PathBuf)> {
    let client = sign_in(&stack.api_url(), stack.home()).await?;
    output.line(format!("signed in as {EMAIL}"));
    let created = new::create(&client, idea, None, "promptr").await?;
    let id = created.project_id;
    output.line(format!("created project {id} from {}\n", arguments.idea_file.display()));

    let project = follow(&client, output, id, &Follow::new(Some(0))).await?;
    let project = if project.item.phase == "awaiting_input" {
        answer_questions(&client, id, arguments.interactive, output).await?;
        follow(&client, output, id, &Follow::new(Some(project.last_sequence))).await?
    } else {
        project
    };
    if project.item.phase != "completed" {
        let why = format!("the project is {} and not completed", project.item.phase);
        return Err(Failure::new(Exit::ProjectFailed, "not_completed", why));
    }
    let folder = arguments.out.join(folder_name(&project.item.title, id));
    let files = export::unpack(&export::fetch(&client, id).await?, &folder)?;
    output.line(format!("\nwrote {} files to {}", files.len(), folder.display()));
    for file in &files {
        output.line(format!("  {}", folder.join(file).display()));
    }
    for finding in show::open_findings(&client, id).await? {
        output.line(format!("open finding {} ({}): {}", finding.id, finding.severity, finding.problem));
    }
    Ok((project, folder))
}

/// Signs the demo's account in; the first time it is made.
async fn sign_in(server: &str, home: &Home) -> Result<Client> {
    let password =
        home.remember(|state| state.demo_password.get_or_insert_with(|| Uuid::new_v4().to_string()).clone())?;
    let anonymous = Client::new(server, Bearer::Nobody)?;
    let body = json!({ "email": EMAIL, "password": password });
    let tokens: Tokens = match anonymous.change(Method::POST, "/auth/login", &body).await {
        Ok(tokens) => tokens,
        Err(failure) if failure.exit == Exit::NotSignedIn => {
            let body = json!({ "email": EMAIL, "password": password, "name": "Demo" });
            anonymous.change(Method::POST, "/auth/signup", &body).await?
        }
        Err(failure) => return Err(failure),
    };
    Client::new(server, Bearer::in_memory(tokens))
}

async fn answer_questions(client: &Client, id: Uuid, interactive: bool, output: Output) -> Result<()> {
    let questions = answer::open_questions(client, id).await?;
    let answers = if interactive {
        answer::interview(output, &questions)?
    } else {
        for question in &questions {
            output.line(answer::describe(question).trim_end());
        }
        scripted(&questions)
    };
    for question in &questions {
        let said = answers.iter().find(|answer| answer.question_id == question.id);
        let said = said.map_or_else(|| "the recommendation, as an assumption".to_owned(), spoken);
        output.line(format!("{} → {said}", question.id));
    }
    output.line("");
    answer::respond(client, id, &answers, true).await.map(drop)
}

/// The last question is answered by a person: its recommended option, and words. What lies before it is left to the
/// recommendations and becomes assumptions.
fn scripted(questions: &[Question]) -> Vec<Answer> {
    let answer = |question: &Question| Answer {
        question_id: question.id.clone(),
        options: question.recommended().map(str::to_owned).into_iter().collect(),
        text: Some(SCRIPTED_REMARK.to_owned()),
        assumption: None,
    };
    questions.last().map(answer).into_iter().collect()
}

fn spoken(answer: &Answer) -> String {
    let options = answer.options.join(", ");
    [options.as_str(), answer.text.as_deref().unwrap_or_default()].join(" ").trim().to_owned()
}

fn urls(stack: &LocalStack) -> [(&'static str, String); 2] {
    let ui = stack.temporal.as_ref().map_or_else(String::new, |temporal| temporal.ui_url());
    [("API", stack.api_url()), ("Temporal UI", ui)]
}

fn conclude(output: Output, project: &Project, folder: &Path, urls: &[(&str, String)], began: Instant) {
    output.line(format!(
        "\n“{}” is {} after {:.0} s",
        project.item.title,
        project.item.phase,
        began.elapsed().as_secs_f64()
    ));
    output.line(show::usage(project));
    output.line(format!("package      {}", folder.display()));
    for (name, url) in urls {
        output.line(format!("{name:<12} {url} (while `groundwork dev` runs)"));
    }
    output
        .line("everything that was started is stopped; the project is kept: make dev, then groundwork list");
}

/// Lower-case words of the title, and enough of the id that a second run does not write over the first.
fn folder_name(title: &str, id: Uuid) -> String {
    let mut name = String::new();
    for character in title.chars().flat_map(char::to_lowercase) {
        if character.is_alphanumeric() {
            name.push(character);
        } else if !name.ends_with('-') && !name.is_empty() {
            name.push('-');
        }
        if name.len() >= 48 {
            break;
        }
    }
    let id = id.simple().to_string();
    format!("{}-{}", name.trim_end_matches('-'), &id[..8]).trim_start_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_named_after_the_title() {
        let id = Uuid::from_u128(0xabcd_ef01_u128 << 96);
        assert_eq!(folder_name("Réserver: a gym's app!", id), "réserver-a-gym-s-app-abcdef01");
        assert_eq!(folder_name("../../etc", id), "etc-abcdef01");
        assert_eq!(folder_name("…", id), "abcdef01");
    }
}
