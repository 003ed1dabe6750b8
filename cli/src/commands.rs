//! Commands for people and scripts: each is a client of the API and nothing more.

pub(crate) mod account;
pub(crate) mod answer;
pub(crate) mod change;
pub(crate) mod export;
pub(crate) mod list;
pub(crate) mod new;
pub(crate) mod show;
pub(crate) mod watch;
pub(crate) mod workspace;

use crate::args::Connection;
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

/// Where a server listens by default.
const DEFAULT_SERVER: &str = "http://127.0.0.1:8080";

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

/// A short text from a file or, for `-`, from standard input.
pub(crate) fn read_text(path: &Path) -> Result<String> {
    let unreadable = |error: &dyn std::fmt::Display| Failure::usage(format!("{}: {error}", path.display()));
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(TEXT_BYTES_MAX + 1).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(TEXT_BYTES_MAX + 1).read_to_end(&mut bytes))
    };
    read.map_err(|error| unreadable(&error))?;
    if bytes.len() as u64 > TEXT_BYTES_MAX {
        return Err(
            unreadable(&"longer than 64 KiB").next("shorten it: the idea, not the plan, is wanted here")
        );
    }
    String::from_utf8(bytes).map_err(|_| unreadable(&"not UTF-8 text"))
}
