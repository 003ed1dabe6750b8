//! The shipped pipelines `build` and `handoff`, each with what people can do to them on the way.

use crate::script::Script;
use crate::{Scene, play_on, until};
use anyhow::Result;
use groundwork_domain::access::Role;
use groundwork_domain::command::{CommandBody, Disposition, Rejection, RejectionCode};
use groundwork_domain::ids::Digest;
use groundwork_domain::project::Phase;
use groundwork_domain::request::{Decision, RequestView};
use groundwork_domain::work::ArtifactRef;
use temporalio_client::errors::WorkflowUpdateError;

const BUILD: &str = include_str!("../../../domain/pipelines/build.toml");
const HANDOFF: &str = include_str!("../../../domain/pipelines/handoff.toml");

fn version(name: &str, version: u32) -> ArtifactRef {
    let digest = Digest::of(format!("{name} {version}").as_bytes());
    ArtifactRef { name: name.into(), version, digest }
}

/// The request of that gate, or of that stage's agent, once it waits.
async fn waiting(scene: &Scene, gate: &str) -> Result<RequestView> {
    until(gate, async || {
        let summary = scene.summary().await;
        let found = summary.as_ref().ok().and_then(|now| now.gates.iter().find(|view| view.gate == gate));
        found.cloned().ok_or_else(|| format!("it does not wait: {summary:?}"))
    })
    .await
}

async fn decide(scene: &Scene, gate: &str, decision: Decision, artifact: Option<ArtifactRef>) -> Result<()> {
    let digest = waiting(scene, gate).await?.digest;
    let role = Some(Role::Editor);
    let comment = Some("Members only.".to_owned());
    let body = CommandBody::Decide { gate: gate.into(), digest, decision, comment, artifact, role };
    let outcome = scene.say(body).await?;
    assert_eq!(outcome.disposition, Disposition::Applied, "{gate}: {decision:?}");
    Ok(())
}

/// One is applied, the other is told so, whether the validator or the handler sees it.
async fn two_decide_at_once(scene: &Scene, gate: &str) -> Result<()> {
    let digest = waiting(scene, gate).await?.digest;
    let approve = || CommandBody::Decide {
        gate: gate.into(),
        digest: digest.clone(),
        decision: Decision::Approve,
        comment: None,
        artifact: None,
        role: Some(Role::Editor),
    };
    let (first, second) = tokio::join!(scene.say(approve()), scene.say(approve()));
    let told = [first, second].map(|answer| match answer {
        Ok(outcome) => match outcome.disposition {
            Disposition::Applied | Disposition::Repeated => None,
            Disposition::Rejected { rejection } => Some(rejection.code),
        },
        Err(error) => match error.downcast_ref() {
            Some(WorkflowUpdateError::Failed(failure)) => {
                Rejection::from_text(&failure.message).map(|rejection| rejection.code)
            }
            _ => panic!("{error:#}"),
        },
    });
    let refused: Vec<_> = told.into_iter().flatten().collect();
    assert_eq!(refused, [RejectionCode::AlreadyDecided]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feature_is_talked_over_revised_amended_edited_and_built() -> Result<()> {
    let script = Script::default();
    script.failing.lock().unwrap().insert("security_review:1".into());
    script.poor.lock().unwrap().insert("implement:1".into());
    play_on(BUILD, script, async |scene| {
        scene.until_begun("brief:1").await?;
        scene.say_at_last(CommandBody::ConfirmBrief { digest: version("brief", 1).digest }).await?;
        // A word at a gate, advice beside it, and a new brief.
        waiting(&scene, "spec").await?;
        scene.until_said("gate_advised", 1).await?;
        scene.say(CommandBody::Message { text: "Why so long?".into() }).await?;
        scene.until_begun("brief:2").await?;
        scene.say(CommandBody::Revise { brief: Some(version("brief", 9)) }).await?;
        scene.until_begun("spec:2").await?;
        decide(&scene, "spec", Decision::Amend, Some(version("spec", 8))).await?;
        // Its timers for reminders are set anew in the next run.
        waiting(&scene, "plan").await?;
        scene.signal("upgrade", None)?;
        decide(&scene, "plan", Decision::Approve, None).await?;
        waiting(&scene, "tests").await?;
        let edit = CommandBody::Edit { base: version("spec", 8).digest, artifact: version("spec", 10) };
        scene.say(edit).await?;
        for gate in ["spec", "plan"] {
            decide(&scene, gate, Decision::Approve, None).await?;
        }
        two_decide_at_once(&scene, "tests").await?;
        scene.until_said("over_budget", 1).await?;
        scene.script.poor.lock().unwrap().clear();
        scene.say(CommandBody::SetBudget { tokens: None, usd: Some(10.into()) }).await?;
        // One review fails; the other goes on, and stays done.
        scene.until(Phase::Failed).await?;
        scene.say(CommandBody::Retry { model: None }).await?;
        assert_eq!(scene.until(Phase::Completed).await?.status, "done");
        let begun = scene.script.begun.lock().unwrap().clone();
        assert_eq!(begun.iter().filter(|attempt| *attempt == "code_review:1").count(), 1, "{begun:?}");
        assert_eq!(begun.iter().filter(|attempt| *attempt == "implement:1").count(), 2, "{begun:?}");
        assert!(!scene.history()?.contains("WORKFLOW_TASK_FAILED"));
        assert!(scene.script.published.lock().unwrap().last().unwrap().position.run > 1, "it was continued");
        scene.say(CommandBody::Rewind { stage: "code_review".into(), model: None }).await?;
        scene.until_begun("code_review:2").await?;
        scene.until(Phase::Completed).await?;
        // E-36: each step is an activity of its own, under its own name. (What was to be done over has its attempt behind it.)
        let ids = scene.activity_ids().await?;
        for step in ["spec", "plan", "tests", "implement", "security_review", "code_review", "verdict"] {
            let id = format!("run_{step}");
            let is_it = |one: &String| *one == id || one.starts_with(&format!("{id}-"));
            assert!(ids.iter().any(is_it), "{id}: {ids:?}");
        }
        scene.replays("v2-build").await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_hand_over_and_ask_people() -> Result<()> {
    let script = Script::default();
    script.asking.lock().unwrap().extend(["analyst:1", "analyst:2", "coder:1"].map(str::to_owned));
    play_on(HANDOFF, script, async |scene| {
        decide(&scene, "analyst", Decision::Reject, None).await?;
        scene.until_begun("analyst:2").await?;
        decide(&scene, "analyst", Decision::Approve, None).await?;
        // A pause leaves the question decidable.
        waiting(&scene, "coder").await?;
        scene.say(CommandBody::Pause).await?;
        decide(&scene, "coder", Decision::Amend, None).await?;
        scene.until(Phase::Paused).await?;
        scene.say(CommandBody::Resume).await?;
        scene.until(Phase::Completed).await?;
        scene.until_said("hitl_response", 3).await?;
        assert_eq!(scene.script.kinds().iter().filter(|kind| *kind == "hitl_response").count(), 3);
        assert!(!scene.history()?.contains("WORKFLOW_TASK_FAILED"));
        scene.replays("v2-handoff").await
    })
    .await
}
