//! `build` and `handoff` from the command line alone.

use super::{BUILD, IDEA, SOON};
use anyhow::{Context as _, Result};
use groundwork_tests::{Cli, Options, Stack, wait};
use std::path::Path;

fn write(path: &Path, text: &str) -> Result<String> {
    std::fs::write(path, text)?;
    Ok(path.display().to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feature_is_built_from_the_command_line_alone() -> Result<()> {
    let stack = Stack::start(Options::default()).await?;
    let cli = Cli::sign_up(&stack, "lead")?;
    let source = BUILD.replace("id = \"build\"", "id = \"mine\"").replacen(
        "advisor = \"alignment_reviewer\"\nremind_after = \"1d\"\nescalate_after = \"3d\"",
        "deadline = \"2s\"\non_expiry = \"request_changes\"",
        1,
    );
    let file = write(&cli.path("mine.toml"), &source)?;
    cli.run(&["pipeline", "check", &file])?;
    let wrong = write(&cli.path("wrong.toml"), &source.replace("agent = \"planner\"", "agent = \"nobody\""))?;
    let checked = cli.output(&["pipeline", "check", &wrong])?;
    let told =
        String::from_utf8_lossy(&checked.stderr).into_owned() + &String::from_utf8_lossy(&checked.stdout);
    assert!(!checked.status.success() && told.contains("nobody") && told.contains("wrong.toml:"), "{told}");
    let shipped = write(&cli.path("shipped.toml"), BUILD)?;
    let told = String::from_utf8(cli.output(&["pipeline", "check", &shipped])?.stderr)?;
    assert!(told.contains("is a pipeline that ships"), "{told}");
    cli.run(&["pipeline", "add", &file])?;

    let new = cli.json(&["new", "--idea", IDEA, "--pipeline", "build"])?;
    let feature = new["project_id"].as_str().with_context(|| new.to_string())?.to_owned();
    cli.at_last(&["chat", &feature, "Trainers get a mail."]).await?;
    cli.at_last(&["confirm-brief", &feature]).await?;
    cli.at_last(&["request-changes", &feature, "--gate", "spec", "-m", "Name the time zone."]).await?;
    wait::until("a second specification", SOON, async || {
        let text = cli.run(&["diff", &feature, "spec"]).unwrap_or_default();
        Ok((!text.is_empty()).then_some(()))
    })
    .await?;
    wait::until("the gate in the inbox", SOON, async || {
        Ok(cli.run(&["inbox"])?.contains("gate spec").then_some(()))
    })
    .await?;
    cli.at_last(&["approve", &feature, "--gate", "spec"]).await?;
    let brief =
        write(&cli.path("brief.md"), "# Brief\n\nOnly trainers book. Members see who trains when.\n")?;
    cli.at_last(&["preview", &feature, "revise"]).await?;
    cli.at_last(&["revise", &feature, "--brief-file", &brief]).await?;
    cli.at_last(&["approve", &feature, "--gate", "spec"]).await?;
    // A text of one's own, without the form that agents keep.
    let file = write(
        &cli.path("plan.md"),
        "# Plan\n\nOne server process, one database, as few files as possible.\n",
    )?;
    cli.at_last(&["amend", &feature, "--gate", "plan", "--file", &file]).await?;
    cli.at_last(&["approve", &feature, "--gate", "tests"]).await?;
    cli.run(&["watch", &feature, "--to-end"])?;
    let shown = cli.json(&["show", &feature])?;
    assert_eq!(shown["status"], "done", "{shown}");

    let (bundle, package) =
        (cli.path("bundle.zip").display().to_string(), cli.path("package").display().to_string());
    let written = cli.json(&["provenance", &feature, "--out", &bundle])?;
    let manifest = written["manifest_digest"].as_str().with_context(|| written.to_string())?;
    let verified = cli.json(&["verify", &bundle, "--manifest", manifest])?;
    let other = "0".repeat(64);
    assert!(!cli.output(&["verify", &bundle, "--manifest", &other])?.status.success(), "another manifest");
    assert!(verified["decisions"].as_u64() >= Some(4), "{verified}");
    let mut bytes = std::fs::read(&bundle)?;
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&bundle, bytes)?;
    assert!(!cli.output(&["verify", &bundle])?.status.success(), "a changed bundle is found out");
    cli.run(&["export", &feature, "--out", &package])?;
    assert!(cli.path("package").read_dir()?.count() > 0);
    cli.run(&["preview", &feature, "rewind", "code_review"])?;

    // Nobody comes to the first gate of the other one: its deadline asks for changes, three times.
    let new = cli.json(&["new", "--idea", IDEA, "--pipeline", "mine"])?;
    let hasty = new["project_id"].as_str().with_context(|| new.to_string())?.to_owned();
    cli.at_last(&["confirm-brief", &hasty]).await?;
    wait::until("an expired gate", SOON, async || {
        Ok(stack.database().kinds(hasty.parse()?).await?.contains(&"gate_expired".to_owned()).then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handoff_is_carried_out_from_the_command_line_alone() -> Result<()> {
    let stack = Stack::start(Options::default()).await?;
    stack.simulator().add_faults(&["ask_person,agent=handoff_architect"]).await?;
    let cli = Cli::sign_up(&stack, "lead")?;
    let new = cli.json(&["new", "--idea", IDEA, "--pipeline", "handoff"])?;
    let project = new["project_id"].as_str().with_context(|| new.to_string())?.to_owned();
    let asked = async |but: &str| {
        wait::until("the architect's question", SOON, async || {
            let inbox = cli.json(&["inbox"])?;
            let first =
                inbox.as_array().and_then(|all| all.first()).and_then(|one| one["request_id"].as_str());
            Ok(first.filter(|id| *id != but).map(str::to_owned))
        })
        .await
    };
    let first = asked("").await?;
    assert!(cli.run(&["inbox"])?.contains("architect asks:"));
    cli.run(&["respond", &first, "reject", "-m", "Ask about the members instead."])?;
    let second = asked(&first).await?;
    cli.run(&["respond", &second, "amend", "-m", "Members pay, in euros."])?;
    cli.run(&["watch", &project, "--to-end"])?;
    let shown = cli.json(&["show", &project])?;
    assert_eq!(shown["phase"], "completed", "{shown}");
    let package = cli.path("package").display().to_string();
    cli.run(&["export", &project, "--out", &package])?;
    assert!(cli.path("package/code").read_dir()?.count() > 0 && cli.path("package/documents").is_dir());
    let bundle = cli.path("bundle.zip").display().to_string();
    cli.run(&["provenance", &project, "--out", &bundle])?;
    cli.run(&["verify", &bundle])?;
    Ok(())
}
