//! Servers of others that tests speak to: real ones, from `tests/servers/`.

use serde_json::Value;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

/// The first start on a machine installs packages.
const START_MAX: Duration = Duration::from_secs(300);
const LINE_MAX: Duration = Duration::from_secs(60);

/// One that runs; it ends when this is dropped, or when the test's process dies.
pub(crate) struct Outside {
    /// What it said when it had started.
    pub(crate) said: Value,
    lines: Lines<BufReader<ChildStdout>>,
    _child: Child,
    _stdin: ChildStdin,
}

impl Outside {
    pub(crate) async fn start(what: &str, options: &Value) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/servers/run.sh");
        let mut child = Command::new(script)
            .args([what, &options.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let stdin = child.stdin.take().unwrap();
        let mut outside = Self { said: Value::Null, lines, _child: child, _stdin: stdin };
        outside.said = timeout(START_MAX, outside.line()).await.unwrap();
        outside
    }

    /// The next thing that it tells.
    pub(crate) async fn next(&mut self) -> Value {
        timeout(LINE_MAX, self.line()).await.expect("it told nothing")
    }

    async fn line(&mut self) -> Value {
        loop {
            let line =
                self.lines.next_line().await.unwrap().expect("it ended: run tests/servers/run.sh by hand");
            if let Ok(value) = serde_json::from_str(&line) {
                return value;
            }
        }
    }
}
