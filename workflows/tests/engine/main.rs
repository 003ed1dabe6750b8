//! The workflow alone on a real Temporal server, with activities that follow a script: commands, signals, cancellation,
//! continue-as-new, retry, and what operators see.
#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "the bans hold workflow code, which replays; these tests drive it from outside"
)]

mod people;
mod record;
mod script;
mod server;
mod shipped;

use anyhow::{Context as _, Result, bail};
use groundwork_domain::agent::known_agents;
use groundwork_domain::command::{
    Actor, Command, CommandBody, Disposition, Outcome, Rejection, RejectionCode,
};
use groundwork_domain::ids::{CommandId, Digest, ProjectId, UserId, WorkspaceId};
use groundwork_domain::limits::Limits;
use groundwork_domain::pipeline::Pipeline;
use groundwork_domain::project::{Phase, ProjectInput, RULES, Summary};
use groundwork_workflows::contract::{AGENTS_QUEUE, QUEUE};
use groundwork_workflows::{ProjectWorkflow, StartInput};
use script::{Script, Scripted};
use server::Server;
use std::sync::Arc;
use std::time::{Duration, Instant};
use temporalio_client::errors::WorkflowUpdateError;
use temporalio_client::{
    Client, WorkflowExecuteUpdateOptions, WorkflowExecutionStatus, WorkflowHandle, WorkflowQueryOptions,
    WorkflowStartOptions,
};
use temporalio_sdk::{Runtime, Worker, WorkerOptions};
use uuid::Uuid;

/// For everything that happens soon or not at all; never waited for where a test passes.
const PATIENCE: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(50);
/// What hangs in spite of all patience is told, and not waited for.
const SCENE_MAX: Duration = Duration::from_secs(600);
/// Until an update counts as lost: far more than the busiest machine needs for one.
const ANSWER_MAX: Duration = Duration::from_secs(20);

/// Asks until there is an answer. `Err` is what there is instead, for the message at the end of all patience.
async fn until<T>(what: &str, mut probe: impl AsyncFnMut() -> Result<T, String>) -> Result<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        // One that hangs is asked again.
        let probed = tokio::time::timeout(ANSWER_MAX, probe()).await;
        match probed.unwrap_or_else(|_elapsed| Err("no answer".to_owned())) {
            Ok(found) => return Ok(found),
            Err(instead) if Instant::now() > deadline => bail!("{what}: {instead}"),
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

struct Scene {
    server: Server,
    client: Client,
    script: Arc<Script>,
    project: ProjectId,
}

impl Scene {
    fn handle(&self) -> WorkflowHandle<Client, ProjectWorkflow> {
        self.client.get_workflow_handle::<ProjectWorkflow>(self.project.workflow_id())
    }

    async fn summary(&self) -> Result<Summary> {
        Ok(self.handle().query(ProjectWorkflow::summary, (), WorkflowQueryOptions::default()).await?)
    }

    async fn until(&self, phase: Phase) -> Result<Summary> {
        let reached = until("a phase", async || match self.summary().await {
            Ok(summary) if summary.phase == phase => Ok(summary),
            other => Err(format!("not {phase:?}: {other:?}")),
        });
        match reached.await {
            Ok(summary) => Ok(summary),
            Err(error) => Err(error.context(self.history()?)),
        }
    }

    async fn until_said(&self, kind: &str, times: usize) -> Result<()> {
        until(kind, async || {
            let kinds = self.script.kinds();
            let count = kinds.iter().filter(|said| *said == kind).count();
            if count < times { Err(format!("not said {times} times: {kinds:?}")) } else { Ok(()) }
        })
        .await
    }

    async fn until_begun(&self, attempt: &str) -> Result<()> {
        until(attempt, async || {
            let begun = self.script.begun.lock().unwrap().clone();
            if begun.iter().any(|one| one == attempt) { Ok(()) } else { Err(format!("begun are {begun:?}")) }
        })
        .await
    }

    async fn say(&self, body: CommandBody) -> Result<Outcome> {
        self.send(Uuid::new_v4(), body).await
    }

    /// Says it until it is taken: an agent may still be at its turn.
    async fn say_at_last(&self, body: CommandBody) -> Result<()> {
        until("a command", async || match self.say(body.clone()).await {
            Ok(outcome) if outcome.disposition == Disposition::Applied => Ok(()),
            other => Err(format!("{body:?} is not taken: {other:?}")),
        })
        .await
    }

    /// An update that arrives as a run continues as new may be dropped with it, and its sender waits for ever: it is sent again then, under
    /// the same id, as the API's clients do.
    async fn send(&self, id: Uuid, body: CommandBody) -> Result<Outcome> {
        let actor = Actor::User { user_id: UserId(Uuid::from_u128(3)) };
        let command = Command { command_id: CommandId(id), actor, body };
        let answer = until("an answer", async || {
            let options = WorkflowExecuteUpdateOptions::builder().update_id(id.to_string()).build();
            Ok(self.handle().execute_update(ProjectWorkflow::command, command.clone(), options).await)
        });
        Ok(answer.await??)
    }

    /// Starts a run from the last published state, as the API does.
    async fn reopen(&self, id: Uuid, body: CommandBody) -> Result<()> {
        let snapshot = self.script.published.lock().unwrap().last().context("a state")?.snapshot.clone();
        let actor = Actor::User { user_id: UserId(Uuid::from_u128(3)) };
        let command = Command { command_id: CommandId(id), actor, body };
        let project = Box::new(serde_json::from_value(snapshot)?);
        let input = StartInput::Reopened { project, rules: RULES, command };
        let options = WorkflowStartOptions::new(QUEUE, self.project.workflow_id()).build();
        self.client.start_workflow(ProjectWorkflow::run, input, options).await?;
        Ok(())
    }

    async fn until_closed(&self) -> Result<()> {
        until("the end of the run", async || match self.handle().describe(Default::default()).await {
            Ok(described) if described.status() != WorkflowExecutionStatus::Running => Ok(()),
            Ok(_) => Err("it still runs".to_owned()),
            Err(error) => Err(error.to_string()),
        })
        .await
    }

    /// Has the project go on by newer rules, and waits for the run that does.
    async fn upgrade(&self) -> Result<()> {
        let before = self.handle().describe(Default::default()).await?.run_id().to_owned();
        self.signal("upgrade", None)?;
        until("another run", async || match self.handle().describe(Default::default()).await {
            Ok(described) if described.run_id() != before => Ok(()),
            other => Err(format!("{:?}", other.map(|described| described.run_id().to_owned()))),
        })
        .await
    }

    /// Sends a signal by Temporal's own tool, as an operator does.
    fn signal(&self, name: &str, input: Option<&str>) -> Result<()> {
        let id = self.project.workflow_id();
        let mut arguments = vec!["workflow", "signal", "--workflow-id", &id, "--name", name];
        if let Some(input) = input {
            arguments.extend(["--input", input]);
        }
        self.server.cli(&arguments).map(|_| ())
    }

    fn history(&self) -> Result<String> {
        self.server.cli(&[
            "workflow",
            "show",
            "--workflow-id",
            &self.project.workflow_id(),
            "--output",
            "json",
        ])
    }
}

/// Starts a server, a worker with the script, and one project; then lets `body` act.
async fn play<F: Future<Output = Result<()>>>(
    script: Script,
    body: impl FnOnce(Arc<Scene>) -> F,
) -> Result<()> {
    play_on(include_str!("../../../domain/pipelines/promptr.toml"), script, body).await
}

/// The same with a project of another pipeline.
async fn play_on<F: Future<Output = Result<()>>>(
    pipeline: &str,
    script: Script,
    body: impl FnOnce(Arc<Scene>) -> F,
) -> Result<()> {
    let server = Server::start().await?;
    let client = server.client().await?;
    let script = Arc::new(script);
    let runtime = Runtime::from_current_tokio(Default::default())?;
    let workflows = WorkerOptions::new(QUEUE)
        .register_workflow::<ProjectWorkflow>()?
        .register_activities(Scripted(script.clone()))
        .build();
    let agents = WorkerOptions::new(AGENTS_QUEUE).register_activities(Scripted(script.clone())).build();
    let mut workflows = Worker::new(&runtime, client.clone(), workflows)?;
    let mut agents = Worker::new(&runtime, client.clone(), agents)?;
    let stops = (workflows.shutdown_handle(), agents.shutdown_handle());
    let project = ProjectId(Uuid::new_v4());
    let input = ProjectInput {
        project_id: project,
        workspace_id: WorkspaceId(Uuid::from_u128(2)),
        owner_id: UserId(Uuid::from_u128(3)),
        idea: Digest::of(b"a gym"),
    };
    let pipeline = Pipeline::parse(pipeline, &known_agents())?;
    let start = StartInput::new(input, pipeline, Limits::default());
    let options = WorkflowStartOptions::new(QUEUE, project.workflow_id()).build();
    client.start_workflow(ProjectWorkflow::run, start, options).await?;
    let scene = Arc::new(Scene { server, client, script, project });
    let acting = async {
        let result = body(scene).await;
        (stops.0)();
        (stops.1)();
        result
    };
    let everything = async { tokio::join!(workflows.run(), agents.run(), acting) };
    let ended = tokio::time::timeout(SCENE_MAX, everything).await;
    let (first, second, result) = ended.context("the scene has no end")?;
    result.and(first.map_err(Into::into)).and(second.map_err(Into::into))
}

fn recommended() -> CommandBody {
    CommandBody::AcceptRecommendations
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_run_leaves_a_short_history() -> Result<()> {
    play(Script::default(), async |scene| {
        scene.until(Phase::AwaitingInput).await?;
        scene.say(recommended()).await?;
        scene.until(Phase::Completed).await?;
        let history = scene.history()?;
        let events = history.matches("\"eventId\"").count();
        assert!(events < 60, "{events} events");
        scene.replays("v1-plain").await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_runs_is_refined_and_parks() -> Result<()> {
    let script = Script { revisions: 1, ..Script::default() };
    play(script, async |scene| {
        scene.until(Phase::AwaitingInput).await?;
        let id = Uuid::new_v4();
        assert_eq!(scene.send(id, recommended()).await?.disposition, Disposition::Applied);
        scene.until(Phase::Completed).await?;
        assert!(matches!(
            scene.send(id, recommended()).await?.disposition,
            Disposition::Applied | Disposition::Repeated
        ));
        let refused = scene.say(recommended()).await.unwrap_err();
        let Some(WorkflowUpdateError::Failed(failure)) = refused.downcast_ref() else { bail!("{refused:#}") };
        let rejection = Rejection::from_text(&failure.message).context(failure.message.clone())?;
        assert_eq!(rejection.code, RejectionCode::NotWaiting);
        scene.say(CommandBody::Refine { target: "02".into(), request: "Shorter.".into() }).await?;
        scene.until_said("refinement_completed", 1).await?;
        assert_eq!(scene.until(Phase::Completed).await?.refinements_used, 1);
        // The attribute is set after the phase, and the list follows the workflows.
        until("the project in Temporal's list", async || {
            let list = ["workflow", "list", "--query", "GroundworkStatus=\"completed\"", "--output", "json"];
            let listed = scene.server.cli(&list).map_err(|error| error.to_string())?;
            if listed.contains(&scene.project.workflow_id()) { Ok(()) } else { Err(listed) }
        })
        .await?;
        let history = scene.history()?;
        let events = history.matches("\"eventId\"").count();
        assert!(!history.contains("WORKFLOW_TASK_FAILED"), "a task failed: {history}");
        assert!(events < 100, "{events} events with one round of mending and one refinement");
        scene.replays("v1-mended-and-refined").await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn signals_of_any_form_leave_the_project_answering() -> Result<()> {
    play(Script::default(), async |scene| {
        scene.until(Phase::AwaitingInput).await?;
        scene.signal("answer", None)?;
        scene.signal("answer", Some("\"nonsense\""))?;
        scene.signal("answer", Some("\"nonsense\""))?;
        scene.signal("answer", Some("{\"answers\": [{\"question_id\": \"Q9\", \"options\": [\"A\"]}]}"))?;
        scene.signal("approve", Some("{}"))?;
        scene.signal("no_such_signal", Some("{}"))?;
        // An update that does not decode is the sender's failure, not the project's.
        let id = scene.project.workflow_id();
        for input in ["\"nonsense\"", "{\"command\": \"fly\"}"] {
            let update = [
                "workflow",
                "update",
                "execute",
                "--workflow-id",
                &id,
                "--name",
                "command",
                "--input",
                input,
            ];
            assert!(scene.server.cli(&update).is_err());
        }
        scene.until_said("command_rejected", 5).await?;
        scene.signal("answer", Some("{\"answers\": [{\"question_id\": \"Q1\", \"options\": [\"B\"]}]}"))?;
        scene.until(Phase::Completed).await?;
        scene.replays("v1-signals").await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_request_parks_the_project_and_leaves_it_answering() -> Result<()> {
    let script = Script::default();
    script.hanging.lock().unwrap().insert("spec:1".into());
    play(script, async |scene| {
        scene.until(Phase::AwaitingInput).await?;
        scene.say(recommended()).await?;
        scene.until(Phase::Working).await?;
        scene.server.cli(&["workflow", "cancel", "--workflow-id", &scene.project.workflow_id()])?;
        scene.until(Phase::Cancelled).await?;
        // Every wait, timer and activity after a cancellation request must still work.
        scene.signal("answer", Some("[]"))?;
        scene.until_said("command_rejected", 1).await?;
        let outcome = scene.say(CommandBody::Delete).await?;
        assert!(outcome.summary.deleted);
        scene.until_said("project_deleted", 1).await?;
        scene.replays("v1-cancelled-and-deleted").await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archived_project_is_reopened_by_restore_alone() -> Result<()> {
    let script = Script::default();
    script.hanging.lock().unwrap().insert("spec:1".into());
    play(script, async |scene| {
        scene.until(Phase::AwaitingInput).await?;
        scene.say(recommended()).await?;
        scene.until(Phase::Working).await?;
        // An attempt is under way, and with the project it is put away.
        scene.say(CommandBody::Archive).await?;
        scene.until_closed().await?;
        let refused = scene.say(CommandBody::Restore).await.unwrap_err();
        assert!(
            matches!(refused.downcast_ref(), Some(WorkflowUpdateError::NotFound(_))),
            "a closed workflow hears nothing: {refused:#}"
        );
        let id = Uuid::new_v4();
        scene.reopen(id, CommandBody::Restore).await?;
        scene.until_said("project_restored", 1).await?;
        scene.script.hanging.lock().unwrap().clear();
        scene.until(Phase::Completed).await?;
        scene.say(CommandBody::Delete).await?;
        scene.until_closed().await?;
        // The same Restore again opens nothing.
        scene.reopen(id, CommandBody::Restore).await?;
        scene.until_closed().await?;
        assert_eq!(scene.script.kinds().iter().filter(|kind| *kind == "project_restored").count(), 1);
        scene.replays("v1-archived-and-restored").await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_stage_is_retried_and_a_paused_one_started_anew() -> Result<()> {
    let script = Script::default();
    script.failing.lock().unwrap().insert("spec:1".into());
    script.hanging.lock().unwrap().insert("prompts:1".into());
    play(script, async |scene| {
        scene.until(Phase::AwaitingInput).await?;
        scene.say(recommended()).await?;
        scene.until(Phase::Failed).await?;
        // What the state says is published a moment later.
        scene.until_said("workflow_failed", 1).await?;
        let published = scene.script.published.lock().unwrap().clone();
        let failure = published.iter().rev().find_map(|one| one.view.failure.clone()).unwrap();
        assert_eq!(
            (failure.failure.code.as_str(), failure.failure.cause_call),
            ("provider_refused", Some(1))
        );
        scene.signal("retry", None)?;
        scene.until_said("spec_ready", 1).await?;
        scene.say(CommandBody::Pause).await?;
        scene.until(Phase::Paused).await?;
        scene.say(CommandBody::Resume).await?;
        scene.script.hanging.lock().unwrap().clear();
        scene.until(Phase::Completed).await?;
        scene.replays("v1-failed-retried-paused").await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_continues_as_new_and_goes_on() -> Result<()> {
    play(Script::default(), async |scene| {
        scene.until(Phase::AwaitingInput).await?;
        scene.upgrade().await?;
        scene.say(recommended()).await?;
        scene.until(Phase::Completed).await?;
        scene.upgrade().await?;
        scene.say(CommandBody::Refine { target: "Data model".into(), request: "More.".into() }).await?;
        scene.until_said("refinement_completed", 1).await?;
        assert!(scene.script.published.lock().unwrap().last().unwrap().position.run > 1);
        scene.replays("v1-continued-as-new").await
    })
    .await
}
