//! People at gates: chat, decisions, deadlines, and stages that run at once.

use crate::script::Script;
use crate::{Scene, play_on, until};
use anyhow::{Context as _, Result, bail};
use groundwork_domain::access::Role;
use groundwork_domain::command::{CommandBody, Disposition, Rejection, RejectionCode};
use groundwork_domain::ids::Digest;
use groundwork_domain::project::Phase;
use groundwork_domain::request::Decision;
use temporalio_client::errors::WorkflowUpdateError;

/// A chat, a gate that waits so long, files, two reviews at once, and their verdict.
fn pipeline(gate: &str) -> String {
    format!(
        r#"
id = "gated"
version = 1
title = "Gated"
done_status = "done"

[[stage]]
id = "brief"
status = "drafting"
message = "Talking about the brief"
verb = "reply"
agent = "ba"
reads = ["idea"]
produces = "brief"
confirm = true

[[stage]]
id = "spec"
status = "spec_generating"
message = "Writing the specification"
verb = "write"
agent = "spec_writer"
needs = ["brief"]
reads = ["brief"]
produces = "spec"
gate = {{ name = "spec", status = "spec_ready", approved_status = "spec_approved", operators = true, {gate} }}

[[stage]]
id = "implement"
status = "implementing"
message = "Writing files"
verb = "implement"
agent = "implementer"
needs = ["spec"]
reads = ["spec"]
produces = "code"

[[stage]]
id = "security"
status = "review"
message = "Looking for holes"
verb = "review"
agent = "security_reviewer"
needs = ["implement"]
reads = ["code"]
produces = "security_review"

[[stage]]
id = "quality"
status = "review"
message = "Reading the code"
verb = "review"
agent = "code_reviewer"
needs = ["implement"]
reads = ["code"]
produces = "code_review"

[[stage]]
id = "verdict"
status = "review"
message = "Coming to a verdict"
verb = "verdict"
needs = ["security", "quality"]
reads = ["security_review", "code_review"]
produces = "verdict"
on_findings = {{ mend = "implement" }}
"#
    )
}

fn digest(artifact: &str, attempt: u32) -> Digest {
    Digest::of(format!("{artifact} {attempt}").as_bytes())
}

fn decide(decision: Decision, digest: Digest) -> CommandBody {
    let comment = (decision == Decision::RequestChanges).then(|| "Shorter.".to_owned());
    let role = Some(Role::Owner);
    CommandBody::Decide { gate: "spec".into(), digest, decision, comment, artifact: None, role }
}

async fn refused(scene: &Scene, body: CommandBody) -> Result<RejectionCode> {
    let error = scene.say(body).await.err().context("it was taken")?;
    let Some(WorkflowUpdateError::Failed(failure)) = error.downcast_ref() else { bail!("{error:#}") };
    Ok(Rejection::from_text(&failure.message).context(failure.message.clone())?.code)
}

/// Talks once, and confirms the brief that came of it. A specification is written, and the gate comes.
async fn confirm_the_brief(scene: &Scene) -> Result<()> {
    scene.until(Phase::Drafting).await?;
    scene.say_at_last(CommandBody::Message { text: "Members book classes.".into() }).await?;
    scene.until_begun("brief:2").await?;
    scene.say_at_last(CommandBody::ConfirmBrief { digest: digest("brief", 2) }).await
}

/// Opens a gate again that has expired, and approves; once more where it expires before the approval arrives.
async fn retry_and_approve(scene: &Scene) -> Result<()> {
    until("an approval in time", async || {
        // Refused where the gate is open still.
        let retried = scene.say(CommandBody::Retry { model: None }).await;
        match scene.say(decide(Decision::Approve, digest("spec", 1))).await {
            Ok(outcome) if outcome.disposition == Disposition::Applied => Ok(()),
            other => Err(format!("{retried:?}, {other:?}")),
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn people_decide_and_reviews_run_at_once() -> Result<()> {
    let script = Script::default();
    for review in ["security:1", "quality:1"] {
        script.hanging.lock().unwrap().insert(review.into());
    }
    play_on(&pipeline("remind_after = \"7d\""), script, async |scene| {
        confirm_the_brief(&scene).await?;
        scene.until(Phase::AwaitingApproval).await?;
        assert_eq!(scene.summary().await?.waiting_for.as_deref(), Some("gate:spec"));
        let stale = decide(Decision::Approve, digest("spec", 9));
        assert_eq!(refused(&scene, stale).await?, RejectionCode::StaleDigest);
        scene.say(decide(Decision::RequestChanges, digest("spec", 1))).await?;
        scene.until_begun("spec:2").await?;
        scene.until(Phase::AwaitingApproval).await?;
        // The details say what has to be named; they are a query, which needs this thread for the worker.
        let (asking, id) = (scene.clone(), scene.project.workflow_id());
        let described = move || asking.server.cli(&["workflow", "metadata", "--workflow-id", &id]);
        let described = tokio::task::spawn_blocking(described).await??;
        assert!(described.contains(&digest("spec", 2).0), "{described}");
        // What a signal says counts where the policy has it, if it names what was read.
        scene.signal("approve", None)?;
        scene.signal("approve", Some(r#"{"gate": "spec", "digest": "x", "role": "owner"}"#))?;
        scene.until_said("command_rejected", 2).await?;
        let digest = digest("spec", 2).0;
        scene.signal("approve", Some(&format!(r#"{{"gate": "spec", "digest": "{digest}"}}"#)))?;
        scene.until_begun("security:1").await?;
        scene.until_begun("quality:1").await?;
        scene.script.hanging.lock().unwrap().clear();
        assert_eq!(scene.until(Phase::Completed).await?.status, "done");
        assert!(!scene.history()?.contains("WORKFLOW_TASK_FAILED"));
        scene.replays("v2-gated").await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_reminds_and_expires_by_itself_and_retry_opens_it_again() -> Result<()> {
    let gate = r#"remind_after = "1s", deadline = "5s", on_expiry = "fail""#;
    play_on(&pipeline(gate), Script::default(), async |scene| {
        confirm_the_brief(&scene).await?;
        scene.until_said("gate_reminded", 1).await?;
        scene.until_said("gate_expired", 1).await?;
        scene.until(Phase::Failed).await?;
        let approve = decide(Decision::Approve, digest("spec", 1));
        assert!(scene.say(approve).await.is_err(), "nobody watched, and the gate opened");
        retry_and_approve(&scene).await?;
        scene.until(Phase::Completed).await?;
        scene.replays("v2-expired").await
    })
    .await
}
