//! Commands for people and scripts: each is a client of the API and nothing more.

pub(crate) mod account;
pub(crate) mod answer;
mod budget;
pub(crate) mod change;
mod chat;
mod comment;
mod decide;
pub(crate) mod export;
mod keys;
pub(crate) mod list;
pub(crate) mod new;
mod ops;
mod pipeline;
mod provenance;
pub(crate) mod show;
mod steer;
mod texts;
pub(crate) mod watch;
pub(crate) mod workspace;

use crate::args::{ClientCommand, Connection, Decision};
use crate::client::Client;
use crate::client::shapes::{Page, ProjectItem};
use crate::credentials::Credentials;
use crate::failure::{Exit, Failure, Result};
use crate::output::Output;
use crate::stack::Home;
use std::io::Read as _;
use std::path::Path;
use uuid::Uuid;

/// Bytes of an idea or of answers; the server has the same limit for an idea.
const TEXT_BYTES_MAX: u64 = 64 * 1024;

/// Bytes of an artifact or a brief; the server has the same limit.
const LONG_TEXT_BYTES_MAX: u64 = 1024 * 1024;

/// Where a server listens by default.
const DEFAULT_SERVER: &str = "http://127.0.0.1:8080";

/// Does what a command says.
pub(crate) async fn run(command: &ClientCommand) -> Result<()> {
    match command {
        ClientCommand::Signup(signup) => account::signup(signup).await,
        ClientCommand::Login(login) => account::login(login).await,
        ClientCommand::Logout(connection) => account::logout(connection).await,
        ClientCommand::New(new) => new::new(new).await,
        ClientCommand::List(list) => list::list(list).await,
        ClientCommand::Show(project) => show::show(project).await,
        ClientCommand::Watch(watch) => watch::watch(watch).await,
        ClientCommand::Answer(answer) => answer::answer(answer).await,
        ClientCommand::Refine(refine) => change::refine(refine).await,
        ClientCommand::Retry(retry) => change::retry(retry).await,
        ClientCommand::Pause(project) => change::pause(project).await,
        ClientCommand::Resume(project) => change::resume(project).await,
        ClientCommand::Cancel(project) => change::cancel(project).await,
        ClientCommand::Archive(project) => change::archive(project).await,
        ClientCommand::Restore(project) => change::restore(project).await,
        ClientCommand::Delete(project) => change::delete(project).await,
        ClientCommand::Workspace(command) => workspace::workspace(command).await,
        ClientCommand::Export(export) => export::export(export).await,
        ClientCommand::Inbox(connection) => decide::inbox(connection).await,
        ClientCommand::Decide(decide) => {
            decide::decide(&decide.gate, decide.decision, decide.file.as_deref()).await
        }
        ClientCommand::Approve(gate) => decide::decide(gate, Decision::Approve, None).await,
        ClientCommand::RequestChanges(gate) => decide::decide(gate, Decision::RequestChanges, None).await,
        ClientCommand::Reject(gate) => decide::decide(gate, Decision::Reject, None).await,
        ClientCommand::Amend(amend) => decide::decide(&amend.gate, Decision::Amend, Some(&amend.file)).await,
        ClientCommand::Respond(respond) => decide::respond(respond).await,
        ClientCommand::Revise(revise) => steer::revise(revise).await,
        ClientCommand::Rewind(rewind) => steer::rewind(rewind).await,
        ClientCommand::Preview(preview) => steer::preview(preview).await,
        ClientCommand::Chat(chat) => chat::chat(chat).await,
        ClientCommand::ConfirmBrief(confirm) => steer::confirm_brief(confirm).await,
        ClientCommand::Read(read) => texts::read(read).await,
        ClientCommand::Edit(edit) => texts::edit(edit).await,
        ClientCommand::Diff(diff) => texts::diff(diff).await,
        ClientCommand::Comment(command) => comment::comment(command).await,
        ClientCommand::Provenance(provenance) => provenance::write(provenance).await,
        ClientCommand::Verify(verify) => provenance::verify(verify),
        ClientCommand::Search(search) => texts::search(search).await,
        ClientCommand::Budget(command) => budget::budget(command).await,
        ClientCommand::Keys(command) => keys::keys(command).await,
        ClientCommand::Pipeline(command) => pipeline::pipeline(command).await,
        ClientCommand::Ops(command) => ops::ops(command).await,
    }
}

/// A signed-in client, and how to speak.
pub(crate) fn open(connection: &Connection) -> Result<(Client, Output)> {
    let server = server(connection);
    let bearer = Credentials::find()?.bearer(&server)?;
    Ok((Client::new(&server, bearer)?, Output::new(connection.json)))
}

/// `--server`, GROUNDWORK_SERVER, the `groundwork dev` that runs in this directory, or the default.
pub(crate) fn server(connection: &Connection) -> String {
    let named = connection.server.clone();
    let server = named.or_else(local_server).unwrap_or_else(|| DEFAULT_SERVER.to_owned());
    server.trim_end_matches('/').to_owned()
}

fn local_server() -> Option<String> {
    let directory = Path::new(".groundwork");
    let state = directory.join("stack.json").exists().then(|| Home::open(directory).ok()?.state().ok())??;
    state.dev.is_some_and(|dev| dev.is_alive()).then_some(state.api_url)?
}

/// The id of a project that is named by it, or by enough of its first characters.
pub(crate) async fn project_id(client: &Client, name: &str) -> Result<Uuid> {
    if let Ok(id) = name.parse() {
        return Ok(id);
    }
    let name = name.to_ascii_lowercase();
    if name.len() < 4 || !name.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-') {
        return Err(Failure::usage(format!(
            "`{name}` is no project id, nor the first four characters of one"
        ))
        .next("groundwork list"));
    }
    let mut found = Vec::new();
    let mut cursor = None;
    loop {
        let page = projects(client, None, cursor.as_deref()).await?;
        found.extend(
            page.items.iter().map(|item| item.project_id).filter(|id| id.to_string().starts_with(&name)),
        );
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    match found.as_slice() {
        [id] => Ok(*id),
        [] => Err(Failure::new(Exit::Refused, "not_found", format!("no project begins with `{name}`"))
            .next("groundwork list")),
        _ => {
            Err(Failure::usage(format!("{} projects begin with `{name}`", found.len()))
                .next("groundwork list"))
        }
    }
}

/// One page of the list.
async fn projects(client: &Client, phase: Option<&str>, cursor: Option<&str>) -> Result<Page<ProjectItem>> {
    client.get(&list::path(phase, cursor)).await
}

/// A word as it stands in a path or a query.
pub(crate) fn escaped(word: &str) -> String {
    let mut escaped = String::with_capacity(word.len());
    for byte in word.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// A short text from a file or, for `-`, from standard input.
pub(crate) fn read_text(path: &Path) -> Result<String> {
    read(path, TEXT_BYTES_MAX, "shorten it: the idea, not the plan, is wanted here")
}

/// An artifact or a brief from a file or, for `-`, from standard input.
pub(crate) fn read_long_text(path: &Path) -> Result<String> {
    read(path, LONG_TEXT_BYTES_MAX, "the server takes no more")
}

fn read(path: &Path, bytes_max: u64, next: &str) -> Result<String> {
    let unreadable = |error: &dyn std::fmt::Display| Failure::usage(format!("{}: {error}", path.display()));
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(bytes_max + 1).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(bytes_max + 1).read_to_end(&mut bytes))
    };
    read.map_err(|error| unreadable(&error))?;
    if bytes.len() as u64 > bytes_max {
        return Err(unreadable(&format!("longer than {} KiB", bytes_max / 1024)).next(next));
    }
    String::from_utf8(bytes).map_err(|_| unreadable(&"not UTF-8 text"))
}
