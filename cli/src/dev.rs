//! `groundwork dev`: the whole stack on this machine, kept alive until it is asked to end.

use crate::args::StackArguments;
use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::settings::Settings;
use crate::signals::Requests;
use crate::stack::{Home, LocalStack, Options, Ports, home::Lock};
use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::{Duration, Instant};

const LOOK_MS: u64 = 500;
/// So many restarts in a minute mean that something does not work, and not that somebody killed it.
const RESTARTS_MAX: usize = 20;
const RESTARTS_WITHIN: Duration = Duration::from_secs(60);

/// `groundwork dev`
pub(crate) async fn dev(arguments: &StackArguments, settings: &Settings) -> Result<()> {
    let output = Output::Text;
    let mut requests = Requests::listen()?;
    let (home, _lock) = take_home(arguments, settings)?;
    let starting = start(home, arguments, settings, output);
    let mut stack = tokio::select! {
        stack = starting => stack?,
        // What was started by then ends with the future that holds it.
        () = requests.next() => return Err(interrupted()),
    };
    tell_where_to_look(output, &stack);
    let ended = keep_alive(&mut stack, &mut requests, output).await;
    output.line("ending; projects are kept");
    tokio::select! {
        stopped = stack.stop() => stopped?,
        () = requests.next() => return Err(interrupted()),
    }
    ended
}

/// Opens the directory and takes it for this process.
pub(crate) fn take_home(arguments: &StackArguments, settings: &Settings) -> Result<(Home, Lock)> {
    let directory = arguments.directory.as_ref().unwrap_or(&settings.dev.directory);
    let home = Home::open(directory)?;
    let lock = home
        .lock()
        .map_err(|error| Failure::from(error).next("end it first, or give this one another --directory"))?;
    Ok((home, lock))
}

/// Starts the stack and says what came up.
pub(crate) async fn start(
    home: Home,
    arguments: &StackArguments,
    settings: &Settings,
    output: Output,
) -> Result<LocalStack> {
    let base = arguments.port_base.or(settings.dev.port_base);
    // What the person's own environment says goes before what is usual here.
    let set = |name: &str, value: u32| {
        std::env::var_os(name).is_none().then(|| (name.to_owned(), value.to_string()))
    };
    let mail = settings.api.mail.url.is_none().then(|| {
        // Nothing leaves this machine: mails are files, and the log says which.
        let url = format!("file://{}", mail_folder(&home).display());
        ("GROUNDWORK__API__MAIL__URL".to_owned(), url)
    });
    let env = [
        set("GROUNDWORK__API__USERS_MAX", settings.dev.users_max),
        set("GROUNDWORK__API__PROJECTS_MAX", settings.dev.projects_max),
        set("GROUNDWORK__API__QUOTAS__PROJECTS__FREE", settings.dev.projects_max),
        set("GROUNDWORK__API__QUOTAS__SIGN_UPS__FREE", settings.dev.users_max),
        // Everybody on this machine has one address, and programs that watch ask often.
        set("GROUNDWORK__API__QUOTAS__ANONYMOUS_REQUESTS__FREE", 6_000),
        set("GROUNDWORK__API__QUOTAS__REQUESTS__FREE", 6_000),
        mail,
    ];
    let options = Options {
        ports: base.map_or(settings.dev.ports, Ports::from_base),
        simulator: arguments.simulator.clone(),
        env: env.into_iter().flatten().collect(),
        inherit: true,
        ..Options::default()
    };
    Ok(LocalStack::start(home, options, &mut |line| output.line(line)).await?)
}

/// The places that people want to see.
pub(crate) fn tell_where_to_look(output: Output, stack: &LocalStack) {
    output.line("");
    output.line(format!("API          {}/api/v1   health {0}/healthz", stack.api_url()));
    if let Some(temporal) = &stack.temporal {
        output.line(format!("Temporal UI  {}", temporal.ui_url()));
        output.line(format!("operators    temporal workflow list --address {}", temporal.address()));
    }
    output.line(format!("logs         {}", stack.home().path().join("logs").display()));
    output.line(format!("mail         {}", mail_folder(stack.home()).display()));
    output.line("");
}

/// Where mails are written when no server for them is named.
fn mail_folder(home: &Home) -> PathBuf {
    home.path().join("mail")
}

/// Starts again what ends by itself, until a request to end.
async fn keep_alive(stack: &mut LocalStack, requests: &mut Requests, output: Output) -> Result<()> {
    output.line("running until Ctrl-C; next: groundwork signup, then groundwork new --idea \"…\"");
    let mut restarts = VecDeque::new();
    loop {
        tokio::select! {
            () = requests.next() => return Ok(()),
            () = tokio::time::sleep(Duration::from_millis(LOOK_MS)) => {}
        }
        let mended = tokio::select! {
            mended = stack.mend() => mended?,
            () = requests.next() => return Ok(()),
        };
        for part in mended {
            output.line(format!("restarted  {part}: it had ended by itself"));
            restarts.push_back(Instant::now());
        }
        while restarts.front().is_some_and(|at| at.elapsed() > RESTARTS_WITHIN) {
            restarts.pop_front();
        }
        if restarts.len() > RESTARTS_MAX {
            return Err(anyhow::anyhow!("parts of the stack end again and again: see the logs").into());
        }
    }
}

fn interrupted() -> Failure {
    Failure::new(crate::failure::Exit::Interrupted, "interrupted", "interrupted")
}
