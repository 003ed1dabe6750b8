//! What people feel of the pages: how soon they are there and how soon they answer, with a dashboard of 500 projects and a project
//! of 2,000 events, in Chromium. `web/e2e/measure.e2e.ts` measures; the same runs with the end-to-end tests.

mod seed;

pub use seed::{Seeded, seed};

use super::figures::{Aim, Reading, Round};
use super::load::{Load, Meter};
use super::{Measure, Sizes};
use crate::stack::Stack;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::process::Command as StdCommand;
use tokio::process::Command;

/// Where Debian and others put it; the same as in `web/e2e/support/browser.ts`.
const CHROMIUM: [&str; 3] = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/// A figure of `measure.e2e.ts`.
#[derive(Debug, Deserialize)]
struct Figure {
    name: String,
    unit: String,
    value: f64,
    /// At most this, where something is aimed at.
    aim: Option<f64>,
}

/// One round.
///
/// # Errors
/// When the browser does not come to its end.
pub async fn round(_sizes: &Sizes) -> Result<Round> {
    let stack = super::stack(&[]).await?;
    let seeded = seed(&stack).await?;
    let meter = Meter::of(&stack).await;
    let first = meter.sample()?;
    let figures = measure(&stack, &seeded).await?;
    let load = Load::between(&first, &meter.sample()?);
    Ok(Round { measure: Measure::Web, readings: figures.into_iter().map(reading).collect(), load })
}

/// Where the application is.
#[must_use]
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../web")
}

/// What is not there and must be to open pages in a browser; none where everything is.
#[must_use]
pub fn lacks() -> Option<String> {
    let web = folder();
    let npm = StdCommand::new("npm").arg("--version").output();
    if npm.is_err() {
        return Some("npm is not there: install Node 20".to_owned());
    }
    if !web.join("node_modules").is_dir() || !web.join("dist/index.html").is_file() {
        return Some("the web application is not built: make web".to_owned());
    }
    if !CHROMIUM.iter().any(|path| Path::new(path).is_file()) {
        return Some("Chromium is not there: deploy/install-chromium.sh".to_owned());
    }
    None
}

async fn measure(stack: &Stack, seeded: &Seeded) -> Result<Vec<Figure>> {
    let out = tempfile::tempdir()?;
    let figures = out.path().join("figures.json");
    let output = Command::new("npm")
        .args(["run", "--silent", "e2e", "--", "e2e/measure.e2e.ts"])
        .current_dir(folder())
        .env("GROUNDWORK_E2E_URL", stack.url().replace("127.0.0.1", "localhost"))
        .env("GROUNDWORK_E2E_SEEDED", serde_json::to_string(seeded)?)
        .env("GROUNDWORK_E2E_FIGURES", &figures)
        .kill_on_drop(true)
        .output()
        .await
        .context("running npm")?;
    if !output.status.success() {
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        bail!("the browser did not come to its end:\n{out}{err}");
    }
    let bytes = std::fs::read(&figures).context("reading what the browser measured")?;
    serde_json::from_slice(&bytes).context("what the browser measured")
}

fn reading(figure: Figure) -> Reading {
    let unit = match figure.unit.as_str() {
        "ms" => "ms",
        "kB" => "kB",
        _ => "",
    };
    let reading = Reading::new(figure.name, figure.value, unit);
    match figure.aim {
        Some(aim) => reading.aim(Aim::AtMost(aim)),
        None => reading,
    }
}
