//! The only place that writes to standard output and standard error.

use crate::failure::Failure;
use serde::Serialize;
use std::io::{IsTerminal as _, Write as _};

/// How a command speaks: sentences for people, or one JSON document for scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// Sentences.
    Text,
    /// JSON on standard output and nothing else there; notes are left out.
    Json,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        if json { Self::Json } else { Self::Text }
    }

    /// One line for people, on standard output.
    pub(crate) fn line(self, text: impl AsRef<str>) {
        if self == Self::Text {
            write_line(&printable(text.as_ref()));
        }
    }

    /// A remark beside the result, on standard error, so that it is not in a pipe's way.
    pub(crate) fn note(self, text: impl AsRef<str>) {
        if self == Self::Text {
            // Nobody is left to be told when standard error is closed.
            let _ = writeln!(std::io::stderr().lock(), "{}", printable(text.as_ref()));
        }
    }

    /// Text as it comes, without a line's end, for what streams.
    pub(crate) fn fragment(self, text: &str) {
        if self == Self::Text {
            let mut stdout = std::io::stdout().lock();
            let written = stdout.write_all(printable(text).as_bytes()).and_then(|()| stdout.flush());
            end_on_closed_pipe(written);
        }
    }

    /// The result of a command: `text` for people, `value` for scripts.
    pub(crate) fn result(self, value: &impl Serialize, text: impl FnOnce() -> String) {
        match self {
            Self::Text => write_line(&printable(text().trim_end())),
            Self::Json => write_line(&serde_json::to_string_pretty(value).unwrap_or_default()),
        }
    }

    /// One of many results: a line of JSON.
    pub(crate) fn json_line(self, value: &impl Serialize) {
        if self == Self::Json {
            write_line(&serde_json::to_string(value).unwrap_or_default());
        }
    }

    /// What went wrong and what to do next, on standard error.
    pub(crate) fn failure(self, failure: &Failure) {
        let mut stderr = std::io::stderr().lock();
        // Nobody is left to be told when standard error is closed.
        let _ = match self {
            Self::Text => writeln!(stderr, "{}", printable(&failure.to_string())),
            Self::Json => writeln!(stderr, "{}", failure.json()),
        };
    }
}

/// Whether a person sits in front of both ends.
pub(crate) fn is_interactive() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

/// Asks on standard error and reads one line from standard input; `None` at its end.
pub(crate) fn ask(question: &str) -> std::io::Result<Option<String>> {
    let mut stderr = std::io::stderr().lock();
    write!(stderr, "{question}")?;
    stderr.flush()?;
    drop(stderr);
    let mut line = String::new();
    let bytes = std::io::stdin().read_line(&mut line)?;
    Ok((bytes > 0).then(|| line.trim().to_owned()))
}

/// As `ask`, without showing what is typed.
pub(crate) fn ask_secretly(question: &str) -> std::io::Result<Option<String>> {
    use nix::sys::termios::{LocalFlags, SetArg, tcgetattr, tcsetattr};
    let stdin = std::io::stdin();
    let Ok(before) = tcgetattr(&stdin) else { return ask(question) };
    let mut silent = before.clone();
    silent.local_flags.remove(LocalFlags::ECHO);
    tcsetattr(&stdin, SetArg::TCSAFLUSH, &silent)?;
    let answer = ask(question);
    tcsetattr(&stdin, SetArg::TCSAFLUSH, &before)?;
    Output::Text.note("");
    answer
}

/// Texts come from models and from other people: what could move the cursor or retitle the terminal is left out.
fn printable(text: &str) -> String {
    text.chars().filter(|character| matches!(character, '\n' | '\t') || !character.is_control()).collect()
}

fn write_line(text: &str) {
    let mut stdout = std::io::stdout().lock();
    end_on_closed_pipe(writeln!(stdout, "{text}"));
}

/// `groundwork list | head -1` closes our pipe; that is an end and not a failure.
fn end_on_closed_pipe(written: std::io::Result<()>) {
    if written.is_err_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe) {
        std::process::exit(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_do_not_reach_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\r\n\tc\u{9b}1m"), "a[2Jb\n\tc1m");
    }
}
