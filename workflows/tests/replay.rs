//! Every recorded history still replays, every recorded state still loads. A history that landed is a contract: add new
//! ones (`GROUNDWORK_RECORD=1 cargo test -p groundwork-workflows --test engine`), never change one.
#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "the bans hold workflow code, which replays; these tests drive it from outside"
)]

use anyhow::{Context as _, Result};
use groundwork_domain::access::Role;
use groundwork_domain::command::{Actor, Command, CommandBody, Disposition};
use groundwork_domain::project::{Phase, Project};
use groundwork_domain::request::Decision;
use groundwork_domain::{CommandId, Digest, Timestamp, UserId};
use groundwork_workflows::{ProjectWorkflow, StartInput};
use std::fs;
use std::path::{Path, PathBuf};
use temporalio_client::WorkflowHistory;
use temporalio_sdk::workflow_replayer::{WorkflowReplayer, WorkflowReplayerOptions};
use uuid::Uuid;

fn recorded(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn every_recorded_history_replays() -> Result<()> {
    let files = recorded("histories");
    assert!(files.len() >= 4, "happy path, failure and retry, refinement, continue-as-new: {files:?}");
    let options = WorkflowReplayerOptions::new().register_workflow::<ProjectWorkflow>()?.build();
    let replayer = WorkflowReplayer::new(options)?;
    for file in files {
        let history = WorkflowHistory::from_json(&fs::read(&file)?)?;
        replayer.replay_workflow(history).await.with_context(|| file.display().to_string())?;
    }
    Ok(())
}

/// As a publication left it, in the history of the same name.
#[test]
fn every_recorded_state_that_waits_at_a_gate_loads_and_takes_a_decision() -> Result<()> {
    let files = recorded("histories/waiting");
    assert!(files.len() >= 3, "an open gate, one behind others, one after an expiry: {files:?}");
    for file in files {
        let text = fs::read_to_string(&file)?;
        let project: Project = serde_json::from_str(&text).with_context(|| file.display().to_string())?;
        assert_eq!(project.phase(), Phase::AwaitingApproval);
        let input = StartInput::Continued { project: Box::new(project), rules: 2 };
        let again: StartInput = serde_json::from_value(serde_json::to_value(input)?)?;
        let StartInput::Continued { project, rules } = again else { panic!("{again:?}") };
        let mut project = project.continued(rules);
        assert_eq!(project.phase(), Phase::AwaitingApproval);
        let waiting = project.waiting_requests().next().cloned().context("a request")?;
        let decide = |digest: &Digest| Command {
            command_id: CommandId(Uuid::from_u128(1)),
            actor: Actor::User { user_id: UserId(Uuid::from_u128(2)) },
            body: CommandBody::Decide {
                gate: waiting.gate.clone(),
                digest: digest.clone(),
                decision: Decision::Approve,
                comment: None,
                artifact: None,
                role: Some(Role::Owner),
            },
        };
        let now = Timestamp(4_000_000_000_000);
        project.check(&decide(&Digest::of(b"another text"))).unwrap_err();
        let (outcome, _) = project.obey(decide(&waiting.digest), now);
        assert_eq!(outcome.disposition, Disposition::Applied, "{}", file.display());
        assert!(project.waiting_requests().all(|request| request.request_id != waiting.request_id));
    }
    Ok(())
}

#[test]
fn every_recorded_state_loads_and_goes_on() -> Result<()> {
    let files = recorded("histories/states");
    assert!(!files.is_empty());
    for file in files {
        let text = fs::read_to_string(&file)?;
        let project: Project = serde_json::from_str(&text).with_context(|| file.display().to_string())?;
        assert_eq!(project.phase(), Phase::Completed);
        let run = project.run();
        let input = StartInput::Continued { project: Box::new(project), rules: 1 };
        let again: StartInput = serde_json::from_value(serde_json::to_value(input)?)?;
        let StartInput::Continued { project, rules } = again else { panic!("{again:?}") };
        assert_eq!(project.continued(rules).run(), run + 1);
    }
    Ok(())
}
