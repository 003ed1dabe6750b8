//! The activities that are under way: what `next` names is started, what it no longer names is cancelled.

use crate::contract::{AGENTS_QUEUE, Ask, Compose, Implement, Reply, Review, Verdict, Write};
use crate::project::ProjectWorkflow;
use futures::future::{FutureExt as _, LocalBoxFuture};
use groundwork_domain::ids::StageId;
use groundwork_domain::limits::Limits;
use groundwork_domain::pipeline::Verb;
use groundwork_domain::project::{Fact, Step};
use groundwork_domain::work::{Failure, StageOutcome, StageTask, Used};
use std::collections::BTreeMap;
use std::task::{Context, Poll};
use std::time::Duration;
use temporalio_common::error::{ActivityExecutionError, IncomingError, TimeoutType};
use temporalio_common::{ActivityCloseTimeouts, RetryPolicy};
use temporalio_sdk::{ActivityOptions, WorkflowContext};
use temporalio_workflow::WorkflowCancellationToken;

/// A worker that does not beat for so long is taken for dead (design.md §5).
const HEARTBEAT_TIMEOUT: Duration = Duration::from_secs(3);
/// The activity itself ends an attempt whose model time is up; the server's bound comes so much later.
const START_TO_CLOSE_GRACE: Duration = Duration::from_secs(60);

type Key = (StageId, u32);
type Ending = Result<StageOutcome, ActivityExecutionError>;

struct Attempt<'ctx> {
    token: WorkflowCancellationToken,
    ending: LocalBoxFuture<'ctx, Ending>,
}

/// Attempts under way, by stage and attempt. Ordered, so that they are polled in the same order in every replay.
#[derive(Default)]
pub(crate) struct Running<'ctx> {
    attempts: BTreeMap<Key, Attempt<'ctx>>,
    /// How often each was started in this run: a paused attempt is started anew while its old activity may still be open,
    /// and two open activities may not share an id.
    starts: BTreeMap<Key, u32>,
}

impl<'ctx> Running<'ctx> {
    pub(crate) fn is_empty(&self) -> bool {
        self.attempts.is_empty()
    }

    /// Starts what is missing, cancels what is no longer named.
    pub(crate) fn follow(
        &mut self,
        ctx: &'ctx WorkflowContext<ProjectWorkflow>,
        steps: Vec<Step>,
        limits: &Limits,
    ) {
        let mut wanted = BTreeMap::new();
        for step in steps {
            match step {
                Step::RunStage(task) => {
                    wanted.insert((task.stage.clone(), task.attempt), *task);
                }
                Step::AwaitHuman { .. } | Step::Finish => {}
            }
        }
        self.attempts.retain(|key, attempt| {
            let keep = wanted.contains_key(key);
            if !keep {
                attempt.token.cancel();
            }
            keep
        });
        for (key, task) in wanted {
            if !self.attempts.contains_key(&key) {
                let start = self.starts.entry(key.clone()).or_insert(0);
                *start += 1;
                let attempt = begin(ctx, task, *start, limits);
                self.attempts.insert(key, attempt);
            }
        }
    }

    /// The first attempt that has ended, as a fact.
    pub(crate) fn poll_ended(&mut self, cx: &mut Context<'_>) -> Poll<Fact> {
        let mut ended = None;
        for (key, attempt) in &mut self.attempts {
            if let Poll::Ready(ending) = attempt.ending.poll_unpin(cx) {
                ended = Some((key.clone(), ending));
                break;
            }
        }
        let Some((key, ending)) = ended else { return Poll::Pending };
        self.attempts.remove(&key);
        Poll::Ready(fact(key, ending))
    }
}

fn begin<'ctx>(
    ctx: &'ctx WorkflowContext<ProjectWorkflow>,
    task: StageTask,
    start: u32,
    limits: &Limits,
) -> Attempt<'ctx> {
    let token = WorkflowCancellationToken::new();
    let schedule_to_close = Duration::from_millis(limits.schedule_to_close_ms_max);
    let start_to_close =
        (Duration::from_millis(task.active_ms_left) + START_TO_CLOSE_GRACE).min(schedule_to_close);
    let mut id = format!("run_{}", task.stage);
    if task.attempt > 1 {
        id.push_str(&format!("-{}", task.attempt));
    }
    if start > 1 {
        id.push_str(&format!(".{start}"));
    }
    let options = ActivityOptions::with_close_timeouts(ActivityCloseTimeouts::ScheduleAndStartToClose {
        schedule_to_close,
        start_to_close,
    })
    .activity_id(id)
    .task_queue(AGENTS_QUEUE)
    .heartbeat_timeout(HEARTBEAT_TIMEOUT)
    .retry_policy(
        RetryPolicy::builder().initial_interval(Duration::from_secs(1)).backoff_coefficient(1.0).build(),
    )
    .cancellation_token(token.clone())
    .summary(format!("{}: {}, attempt {}", task.stage, task.agent, task.attempt))
    .build();
    let ending = match task.verb {
        Verb::Ask => ctx.execute_activity(Ask, task, options).boxed_local(),
        Verb::Write => ctx.execute_activity(Write, task, options).boxed_local(),
        Verb::Compose => ctx.execute_activity(Compose, task, options).boxed_local(),
        Verb::Review => ctx.execute_activity(Review, task, options).boxed_local(),
        Verb::Implement => ctx.execute_activity(Implement, task, options).boxed_local(),
        Verb::Reply => ctx.execute_activity(Reply, task, options).boxed_local(),
        Verb::Verdict => ctx.execute_activity(Verdict, task, options).boxed_local(),
    };
    Attempt { token, ending }
}

fn fact((stage, attempt): Key, ending: Ending) -> Fact {
    match ending {
        Ok(outcome) => Fact::StageEnded { stage, attempt, outcome },
        Err(error) => Fact::StageFailed { stage, attempt, failure: failure(&error) },
    }
}

/// The failure of an activity as the rules know it: its details where it has some, else by the kind of its end.
fn failure(error: &ActivityExecutionError) -> Failure {
    let plain = |code: &str, message: String, permanent: bool| Failure {
        code: code.to_owned(),
        message,
        permanent,
        calls: 0,
        cause_call: None,
        used: Used::default(),
    };
    if let Some(IncomingError::Application(application)) = error.cause() {
        if let Ok(Some(failure)) = application.details::<Failure>() {
            return failure;
        }
        let code = application.type_name().unwrap_or("internal");
        return plain(code, application.to_string(), application.is_non_retryable());
    }
    if let Some(timeout) = error.as_timeout() {
        return match timeout.timeout_type() {
            TimeoutType::StartToClose => plain(
                "active_time_exceeded",
                "The agents have worked as long as one run may. Retry starts a new allowance.".to_owned(),
                false,
            ),
            TimeoutType::ScheduleToClose
            | TimeoutType::ScheduleToStart
            | TimeoutType::Heartbeat
            | TimeoutType::Unspecified => plain(
                "provider_unavailable",
                format!(
                    "No model provider, or no worker, could do this in time. Retry when they are back. ({error})"
                ),
                false,
            ),
            #[allow(unreachable_patterns, reason = "the SDK's enum is non-exhaustive")]
            _ => plain("internal", error.to_string(), false),
        };
    }
    plain("internal", error.to_string(), false)
}
