//! The one timer of a project: for the earliest instant at which something expires. That it fired is a hint, no more: the rules
//! say what is due.

use crate::project::ProjectWorkflow;
use futures::future::{FutureExt as _, LocalBoxFuture};
use groundwork_domain::ids::Timestamp;
use std::task::{Context, Poll};
use std::time::Duration;
use temporalio_sdk::WorkflowContext;
use temporalio_workflow::{TimerOptions, WorkflowCancellationToken};

/// Set, or not. It survives neither continue-as-new nor the end: the instant lies in the project's state.
#[derive(Default)]
pub(crate) struct Alarm<'ctx>(Option<Timer<'ctx>>);

struct Timer<'ctx> {
    at: Timestamp,
    token: WorkflowCancellationToken,
    fired: LocalBoxFuture<'ctx, ()>,
}

impl<'ctx> Alarm<'ctx> {
    /// Sets it to the deadline, if it is not; takes it away where there is none.
    pub(crate) fn follow(
        &mut self,
        ctx: &'ctx WorkflowContext<ProjectWorkflow>,
        deadline: Option<Timestamp>,
        now: Timestamp,
    ) {
        if self.0.as_ref().map(|timer| timer.at) == deadline {
            return;
        }
        if let Some(timer) = self.0.take() {
            timer.token.cancel();
        }
        self.0 = deadline.map(|at| set(ctx, at, now));
    }

    /// Ready once, when it has fired.
    pub(crate) fn poll_fired(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(timer) = &mut self.0 else { return Poll::Pending };
        timer.fired.poll_unpin(cx).map(|()| self.0 = None)
    }
}

/// A millisecond at least: a server takes no shorter one for a timer.
fn set<'ctx>(ctx: &'ctx WorkflowContext<ProjectWorkflow>, at: Timestamp, now: Timestamp) -> Timer<'ctx> {
    let ms = u64::try_from(at.0.saturating_sub(now.0)).unwrap_or_default().max(1);
    let token = WorkflowCancellationToken::new();
    let options = TimerOptions::builder(Duration::from_millis(ms))
        .cancellation_token(token.clone())
        .summary("deadline".to_owned())
        .build();
    Timer { at, token, fired: ctx.timer(options).map(|_| ()).boxed_local() }
}
