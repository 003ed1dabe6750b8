//! The workflow `Project`: a small loop around the rules. `domain` decides, this obeys.
//!
//! Must never enter: a clock, randomness, the environment, IO, `?` on an activity in `run` (it would end the project), an
//! await on the root cancellation token (after a cancellation request it fails for ever).

#![allow(missing_docs, reason = "the macros generate constants that cannot carry documentation")]

use crate::alarm::Alarm;
use crate::attributes::{self, Shown};
use crate::contract::Publish;
use crate::running::Running;
use crate::signals;
use crate::start::StartInput;
use futures::future::{FusedFuture as _, FutureExt as _};
use groundwork_domain::command::{Actor, Command, CommandBody, Outcome};
use groundwork_domain::event::Notice;
use groundwork_domain::ids::{CommandId, Timestamp};
use groundwork_domain::project::{Fact, Project, RULES, Step, Summary};
use groundwork_domain::publication::Publication;
use groundwork_domain::request::RequestView;
use std::future::poll_fn;
use std::task::Poll;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use temporalio_common::RetryPolicy;
use temporalio_common::data_converters::RawValue;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{
    ActivityOptions, ContinueAsNewOptions, LocalActivityOptions, SyncWorkflowContext, WorkflowContext,
    WorkflowContextView, WorkflowResult,
};
use temporalio_workflow::{TimerOptions, WaitConditionOptions, WorkflowCancellationToken};
use uuid::Uuid;

/// How long `publish` may take as a local activity before it goes on as an ordinary one.
const LOCAL_PUBLISH_MAX: Duration = Duration::from_secs(5);
/// How long one try of the ordinary one may take.
const PUBLISH_TRY_MAX: Duration = Duration::from_secs(10);

/// The workflow's state.
#[workflow]
pub struct ProjectWorkflow {
    project: Project,
    unpublished: Vec<Notice>,
    /// True where something unpublished came by update: a local activity would write it before the update is stored.
    by_update: bool,
    /// Set by handlers, so that the loop looks again.
    stirred: bool,
    /// True in the first run of an execution, whose fixed search attributes are not set yet.
    first_run: bool,
    upgrade: bool,
    /// Length of the history at the last publication, and its number among those of that length.
    published: (u32, u32),
}

#[workflow_methods]
impl ProjectWorkflow {
    /// Before the first handler.
    #[init]
    pub fn new(ctx: &WorkflowContextView, input: StartInput) -> Self {
        let now = instant(ctx.start_time());
        let (project, unpublished, first_run) = match input {
            StartInput::New { input, pipeline, limits, rules } => {
                let project = Project::start(*pipeline, limits, input, rules, now);
                let notices = project.opening_notices(now);
                (project, notices, true)
            }
            StartInput::Continued { project, rules } => (project.continued(rules), Vec::new(), false),
            StartInput::Reopened { project, rules, command } => {
                let mut project = project.continued(rules);
                let (_, notices) = project.obey(command, now);
                (project, notices, true)
            }
        };
        let published = (0, 0);
        Self { project, unpublished, by_update: false, stirred: false, first_run, upgrade: false, published }
    }

    /// The loop.
    #[run(name = "Project")]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<()> {
        let ctx = &*ctx;
        let mut running = Running::default();
        let mut alarm = Alarm::default();
        let mut shown = Shown::default();
        let mut cancellation = ctx.cancelled().boxed_local().fuse();
        loop {
            publish(ctx).await;
            show(ctx, &mut shown);
            let (steps, limits) = ctx.state(|state| (state.project.next(), state.project.limits().clone()));
            let finished = steps.contains(&Step::Finish);
            running.follow(ctx, steps, &limits);
            if finished && is_quiet(ctx, &running) {
                return Ok(());
            }
            let renew = ctx.continue_as_new_suggested() || ctx.state(|state| state.upgrade);
            if renew && is_quiet(ctx, &running) {
                let project = Box::new(ctx.state(|state| state.project.clone()));
                let input = StartInput::Continued { project, rules: RULES };
                ctx.continue_as_new(input, ContinueAsNewOptions::default())?;
            }
            let now = instant(ctx.workflow_time());
            alarm.follow(ctx, ctx.state(|state| state.project.deadline()), now);
            let mut stirred = Box::pin(ctx.wait_condition_with_options(|state| state.stirred, detached()));
            let event = poll_fn(|cx| {
                if let Poll::Ready(fact) = running.poll_ended(cx) {
                    return Poll::Ready(Woken::Ended(Box::new(fact)));
                }
                if !cancellation.is_terminated() && cancellation.poll_unpin(cx).is_ready() {
                    return Poll::Ready(Woken::CancellationRequested);
                }
                if alarm.poll_fired(cx).is_ready() {
                    return Poll::Ready(Woken::Deadline);
                }
                stirred.poll_unpin(cx).map(|_| Woken::Stirred)
            })
            .await;
            let now = instant(ctx.workflow_time());
            ctx.state_mut(|state| state.wake(event, now));
        }
    }

    /// A person's word. The refusal of an update that was accepted is a value, not an error.
    #[update(name = "command")]
    pub fn command(&mut self, ctx: &mut SyncWorkflowContext<Self>, command: Command) -> Outcome {
        let (outcome, notices) = self.project.obey(command, instant(ctx.workflow_time()));
        self.by_update |= !notices.is_empty();
        self.unpublished.extend(notices);
        self.stirred = true;
        outcome
    }

    /// Keeps refusals out of history. Only the text of its error reaches the client: the refusal's JSON.
    #[update_validator(command)]
    fn check_command(
        &self,
        _ctx: &WorkflowContextView,
        command: &Command,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Ok(self.project.check(command)?)
    }

    /// What list views show.
    #[query(name = "summary")]
    pub fn summary(&self, _ctx: &WorkflowContextView) -> Summary {
        self.project.summary()
    }

    /// Answers, from somebody who can only signal: `{"answers": [{"question_id": "Q1", "options": ["A"]}]}`.
    #[signal(name = "answer")]
    pub fn answer(&mut self, ctx: &mut SyncWorkflowContext<Self>, payload: RawValue) {
        self.hear("answer", &payload, instant(ctx.workflow_time()));
    }

    /// A decision at a gate.
    #[signal(name = "approve")]
    pub fn approve(&mut self, ctx: &mut SyncWorkflowContext<Self>, payload: RawValue) {
        self.hear("approve", &payload, instant(ctx.workflow_time()));
    }

    /// A decision at a gate.
    #[signal(name = "request_changes")]
    pub fn request_changes(&mut self, ctx: &mut SyncWorkflowContext<Self>, payload: RawValue) {
        self.hear("request_changes", &payload, instant(ctx.workflow_time()));
    }

    /// A decision at a gate.
    #[signal(name = "reject")]
    pub fn reject(&mut self, ctx: &mut SyncWorkflowContext<Self>, payload: RawValue) {
        self.hear("reject", &payload, instant(ctx.workflow_time()));
    }

    /// The failed stage again: nothing, or `{"model": "…"}`.
    #[signal(name = "retry")]
    pub fn retry(&mut self, ctx: &mut SyncWorkflowContext<Self>, payload: RawValue) {
        self.hear("retry", &payload, instant(ctx.workflow_time()));
    }

    /// Stop for good.
    #[signal(name = "cancel")]
    pub fn cancel(&mut self, ctx: &mut SyncWorkflowContext<Self>, payload: RawValue) {
        self.hear("cancel", &payload, instant(ctx.workflow_time()));
    }

    /// A chat turn.
    #[signal(name = "message")]
    pub fn message(&mut self, ctx: &mut SyncWorkflowContext<Self>, payload: RawValue) {
        self.hear("message", &payload, instant(ctx.workflow_time()));
    }

    /// Go on in a new run, by this build's rules, at the next quiet point. Its payload is not read.
    #[signal(name = "upgrade")]
    pub fn upgrade(&mut self, _ctx: &mut SyncWorkflowContext<Self>, _payload: RawValue) {
        self.upgrade = true;
        self.stirred = true;
    }
}

/// Why the loop looks again.
enum Woken {
    Ended(Box<Fact>),
    CancellationRequested,
    Deadline,
    Stirred,
}

impl ProjectWorkflow {
    fn wake(&mut self, woken: Woken, now: Timestamp) {
        match woken {
            // A stage's result is never refused; one that nobody asks for any more changes only the cost.
            Woken::Ended(fact) => self.take(*fact, now),
            Woken::CancellationRequested => {
                let name = format!("cancellation-request|{}", self.project.run());
                let command_id = CommandId(Uuid::new_v5(&self.project.input().project_id.0, name.as_bytes()));
                self.obey_operator(
                    Command { command_id, actor: Actor::Operator, body: CommandBody::Cancel },
                    now,
                );
            }
            Woken::Deadline => self.take(Fact::Deadline, now),
            Woken::Stirred => {}
        }
    }

    fn take(&mut self, fact: Fact, now: Timestamp) {
        if let Ok(notices) = self.project.apply(fact, now) {
            self.unpublished.extend(notices);
        }
    }

    /// A signal never returns an error: what cannot be read or applied becomes a `command_rejected` event.
    fn hear(&mut self, name: &str, payload: &RawValue, now: Timestamp) {
        self.stirred = true;
        let digest = signals::digest(payload);
        let occurrence = self.project.count_signal(name, &digest);
        match signals::read(name, payload) {
            Ok(heard) => {
                let project = self.project.input().project_id.0;
                let derived = format!("signal|{name}|{digest}|{occurrence}");
                let command_id =
                    heard.command_id.unwrap_or_else(|| CommandId(Uuid::new_v5(&project, derived.as_bytes())));
                self.obey_operator(Command { command_id, actor: Actor::Operator, body: heard.body }, now);
            }
            Err(signals::Refused { code, message }) => {
                self.take(
                    Fact::SignalRefused { name: name.to_owned(), digest, occurrence, code, message },
                    now,
                );
            }
        }
    }

    fn obey_operator(&mut self, command: Command, now: Timestamp) {
        match self.project.apply(Fact::Command(command.clone()), now) {
            Ok(notices) => self.unpublished.extend(notices),
            Err(rejection) => {
                self.unpublished.push(self.project.rejection_notice(&command, &rejection, now));
            }
        }
    }

    /// What is to be published now, if anything: with it, whether it came by update, and how many texts go with it.
    fn take_publication(&mut self, history_length: u32) -> Option<(Publication, bool)> {
        self.stirred = false;
        if self.unpublished.is_empty() {
            return None;
        }
        let notices = std::mem::take(&mut self.unpublished);
        let by_update = std::mem::take(&mut self.by_update);
        let mut publication = self.project.publication(notices, history_length);
        let (length, nth) = self.published;
        publication.position.nth = if length == history_length { nth + 1 } else { 0 };
        self.published = (history_length, publication.position.nth);
        Some((publication, by_update))
    }
}

/// Publishes until nothing is left; what arrives meanwhile is published with the next one.
async fn publish(ctx: &WorkflowContext<ProjectWorkflow>) {
    loop {
        let history_length = ctx.history_length();
        let Some((publication, by_update)) = ctx.state_mut(|state| state.take_publication(history_length))
        else {
            return;
        };
        let texts = publication.texts.len();
        if by_update || !publish_locally(ctx, &publication).await {
            publish_durably(ctx, &publication).await;
        }
        ctx.state_mut(|state| state.project.texts_stored(texts));
    }
}

/// One round trip less and no events but a marker; it has little time, since the task that runs it is not stored yet.
async fn publish_locally(ctx: &WorkflowContext<ProjectWorkflow>, publication: &Publication) -> bool {
    let options = LocalActivityOptions::builder()
        .schedule_to_close_timeout(LOCAL_PUBLISH_MAX)
        .start_to_close_timeout(LOCAL_PUBLISH_MAX)
        .retry_policy(retry_soon())
        .cancellation_token(WorkflowCancellationToken::new())
        .summary("publish".to_owned())
        .build();
    ctx.execute_local_activity(Publish, publication.clone(), options).await.is_ok()
}

async fn publish_durably(ctx: &WorkflowContext<ProjectWorkflow>, publication: &Publication) {
    loop {
        let options = ActivityOptions::with_start_to_close_timeout(PUBLISH_TRY_MAX)
            .retry_policy(retry_soon())
            .cancellation_token(WorkflowCancellationToken::new())
            .summary("publish")
            .build();
        if ctx.execute_activity(Publish, publication.clone(), options).await.is_ok() {
            return;
        }
        // Its retries have no end, so this is an activity that was ended by hand. What happened must still be told.
        let pause = TimerOptions::builder(PUBLISH_TRY_MAX)
            .cancellation_token(WorkflowCancellationToken::new())
            .build();
        ctx.timer(pause).await;
    }
}

fn retry_soon() -> RetryPolicy {
    RetryPolicy::builder()
        .initial_interval(Duration::from_millis(500))
        .backoff_coefficient(1.5)
        .maximum_interval(Duration::from_secs(5))
        .build()
}

/// Shows operators where the project is: search attributes that changed, and details in Markdown.
fn show(ctx: &WorkflowContext<ProjectWorkflow>, shown: &mut Shown) {
    let (now, fixed) = ctx.state_mut(|state| {
        let fixed = std::mem::take(&mut state.first_run).then(|| attributes::fixed(&state.project));
        (Shown::of(&state.project), fixed)
    });
    let mut updates = now.updates(shown);
    updates.extend(fixed.into_iter().flatten());
    if !updates.is_empty() {
        ctx.upsert_search_attributes(updates);
        ctx.set_current_details(ctx.state(|state| details(&state.project)));
    }
    *shown = now;
}

fn details(project: &Project) -> String {
    let summary = project.summary();
    let line = |name: &str, value: Option<String>| {
        value.map(|value| format!("- {name}: {value}\n")).unwrap_or_default()
    };
    let artifacts: Vec<_> =
        project.artifacts().map(|artifact| format!("{} v{}", artifact.name, artifact.version)).collect();
    let requests: Vec<_> = project.waiting_requests().map(asked).collect();
    [
        format!("**{}** · {}\n\n", summary.phase.as_str(), summary.status),
        line("pipeline", Some(format!("{} v{}", project.pipeline().id, project.pipeline().version))),
        line("stage", summary.stage.map(|stage| stage.0)),
        line("waiting for", summary.waiting_for),
        line(
            "open questions",
            (!summary.open_questions.is_empty()).then(|| summary.open_questions.join(", ")),
        ),
        requests.concat(),
        line("artifacts", (!artifacts.is_empty()).then(|| artifacts.join(", "))),
        line("refinements", Some(format!("{} of {}", summary.refinements_used, summary.refinements_max))),
        line("cost", Some(format!("{} USD", summary.cost_usd))),
        line("project", Some(project.input().project_id.to_string())),
    ]
    .concat()
}

/// What a signal that decides has to name.
fn asked(request: &RequestView) -> String {
    format!("- waits for a decision: gate `{}`, digest `{}`\n", request.gate, request.digest)
}

/// Nothing running, nothing unpublished, no handler under way: what is in flight would be lost at continue-as-new.
fn is_quiet(ctx: &WorkflowContext<ProjectWorkflow>, running: &Running<'_>) -> bool {
    running.is_empty() && ctx.all_handlers_finished() && ctx.state(|state| state.unpublished.is_empty())
}

fn detached() -> WaitConditionOptions {
    WaitConditionOptions::builder().cancellation_token(WorkflowCancellationToken::new()).build()
}

fn instant(time: Option<SystemTime>) -> Timestamp {
    let since = time.and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
