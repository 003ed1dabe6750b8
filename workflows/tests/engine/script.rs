//! Activities that follow a script: no model, no database. They let the workflow alone be looked at.
#![allow(
    dead_code,
    reason = "`activities` adds a constant for each, with which Rust callers could start it; the contract has them"
)]

use groundwork_domain::document::audit::Recommendation;
use groundwork_domain::document::{QuestionFormat, Verdict};
use groundwork_domain::ids::Digest;
use groundwork_domain::publication::Publication;
use groundwork_domain::request::question_request_id;
use groundwork_domain::work::{
    ArtifactRef, AskedQuestion, Failure, StageOutcome, StageResult, StageTask, Used, Work,
};
use groundwork_workflows::contract;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use temporalio_macros::activities;
use temporalio_sdk::ApplicationFailure;
use temporalio_sdk::activities::{ActivityContext, ActivityError};

/// What the activities do and what they were told.
#[derive(Default)]
pub(crate) struct Script {
    /// Attempts (`spec:1`) that fail for good.
    pub(crate) failing: Mutex<BTreeSet<String>>,
    /// Attempts that never end by themselves.
    pub(crate) hanging: Mutex<BTreeSet<String>>,
    /// Attempts that ask a person.
    pub(crate) asking: Mutex<BTreeSet<String>>,
    /// Attempts for which there is no money.
    pub(crate) poor: Mutex<BTreeSet<String>>,
    /// Reviews that ask for mending before one passes.
    pub(crate) revisions: u32,
    /// Attempts that have begun, oldest first.
    pub(crate) begun: Mutex<Vec<String>>,
    /// Everything published, oldest first.
    pub(crate) published: Mutex<Vec<Publication>>,
}

impl Script {
    pub(crate) fn kinds(&self) -> Vec<String> {
        let published = self.published.lock().unwrap();
        let notices = published.iter().flat_map(|publication| &publication.notices);
        notices.map(|notice| notice.kind.as_str().to_owned()).collect()
    }
}

pub(crate) struct Scripted(pub(crate) Arc<Script>);

#[activities]
impl Scripted {
    #[activity(definition = contract::Ask)]
    pub(crate) async fn ask(
        self: Arc<Self>,
        ctx: ActivityContext,
        task: StageTask,
    ) -> Result<StageOutcome, ActivityError> {
        let question = AskedQuestion {
            id: "Q1".into(),
            format: QuestionFormat::Radio,
            options: vec!["A".into(), "B".into()],
            recommended: Some("A".into()),
        };
        let result = StageResult::Asked { manifest: Digest::of(b"q"), questions: vec![question] };
        self.end(&ctx, &task, result).await
    }

    #[activity(definition = contract::Write)]
    pub(crate) async fn write(
        self: Arc<Self>,
        ctx: ActivityContext,
        task: StageTask,
    ) -> Result<StageOutcome, ActivityError> {
        let result = StageResult::Written { artifact: artifact(&task), stale_prompts: 0 };
        self.end(&ctx, &task, result).await
    }

    #[activity(definition = contract::Compose)]
    pub(crate) async fn compose(
        self: Arc<Self>,
        ctx: ActivityContext,
        task: StageTask,
    ) -> Result<StageOutcome, ActivityError> {
        let result = StageResult::Composed { artifact: artifact(&task), count: 5, changed: 5 };
        self.end(&ctx, &task, result).await
    }

    #[activity(definition = contract::Review)]
    pub(crate) async fn review(
        self: Arc<Self>,
        ctx: ActivityContext,
        task: StageTask,
    ) -> Result<StageOutcome, ActivityError> {
        if let Work::Advise { artifact, .. } = &task.work {
            let (artifact, reason) = (artifact.clone(), Digest::of(b"it says what the brief says"));
            let result = StageResult::Advised { artifact, recommendation: Recommendation::Approve, reason };
            return self.end(&ctx, &task, result).await;
        }
        let verdict = if task.attempt <= self.0.revisions { Verdict::Revise } else { Verdict::Pass };
        let mendable = u32::from(verdict == Verdict::Revise);
        let result = StageResult::Reviewed {
            artifact: artifact(&task),
            verdict,
            mendable,
            open: 0,
            passed: Some(mendable == 0),
        };
        self.end(&ctx, &task, result).await
    }

    #[activity(definition = contract::Implement)]
    pub(crate) async fn implement(
        self: Arc<Self>,
        ctx: ActivityContext,
        task: StageTask,
    ) -> Result<StageOutcome, ActivityError> {
        let result = StageResult::Implemented { artifact: artifact(&task), files: 2, bytes: 200 };
        self.end(&ctx, &task, result).await
    }

    #[activity(definition = contract::Reply)]
    pub(crate) async fn reply(
        self: Arc<Self>,
        ctx: ActivityContext,
        task: StageTask,
    ) -> Result<StageOutcome, ActivityError> {
        let artifact = Some(artifact(&task));
        let result = StageResult::Replied { message: Digest::of(b"yes"), artifact, title: None };
        self.end(&ctx, &task, result).await
    }

    #[activity(definition = contract::Verdict)]
    pub(crate) async fn verdict(
        self: Arc<Self>,
        ctx: ActivityContext,
        task: StageTask,
    ) -> Result<StageOutcome, ActivityError> {
        let (artifact, verdict) = (artifact(&task), Verdict::Pass);
        let result = StageResult::Reviewed { artifact, verdict, mendable: 0, open: 0, passed: Some(true) };
        self.end(&ctx, &task, result).await
    }

    #[activity(definition = contract::Publish)]
    pub(crate) async fn publish(
        self: Arc<Self>,
        _ctx: ActivityContext,
        publication: Publication,
    ) -> Result<(), ActivityError> {
        self.0.published.lock().unwrap().push(publication);
        Ok(())
    }
}

impl Scripted {
    async fn end(
        &self,
        ctx: &ActivityContext,
        task: &StageTask,
        result: StageResult,
    ) -> Result<StageOutcome, ActivityError> {
        let key = format!("{}:{}", task.stage, task.attempt);
        self.0.begun.lock().unwrap().push(key.clone());
        while self.0.hanging.lock().unwrap().contains(&key) {
            ctx.record_heartbeat(()).await.ok();
            tokio::select! {
                _ = ctx.cancelled() => return Err(ActivityError::cancelled()),
                () = tokio::time::sleep(std::time::Duration::from_millis(200)) => {}
            }
        }
        if self.0.failing.lock().unwrap().contains(&key) {
            let failure = Failure {
                code: "provider_refused".into(),
                message: "The provider refused.".into(),
                permanent: true,
                calls: 1,
                cause_call: Some(1),
                used: Used::default(),
            };
            let error =
                ApplicationFailure::builder("refused").type_name(failure.code.clone()).non_retryable(true);
            return Err(ActivityError::from(error.details(failure).build()));
        }
        let result = self.instead(&key, task).unwrap_or(result);
        Ok(StageOutcome { result, used: Used { active_ms: 10, calls: 1, ..Used::default() } })
    }
}

impl Scripted {
    /// What an attempt comes to that asks a person, or for which there is no money.
    fn instead(&self, key: &str, task: &StageTask) -> Option<StageResult> {
        if self.0.asking.lock().unwrap().contains(key) {
            let request_id = question_request_id(task.project_id, &task.stage, task.attempt);
            return Some(StageResult::PersonAsked { request_id, manifest: Digest::of(key.as_bytes()) });
        }
        self.0.poor.lock().unwrap().contains(key).then(|| StageResult::OverBudget {
            scope: "project".into(),
            measure: "usd".into(),
            limit: 1.into(),
            used: 1.into(),
            reserved: 0.into(),
            wanted: 1.into(),
        })
    }
}

fn artifact(task: &StageTask) -> ArtifactRef {
    ArtifactRef {
        name: task.produces.clone(),
        version: task.attempt,
        digest: Digest::of(format!("{} {}", task.produces, task.attempt).as_bytes()),
    }
}
