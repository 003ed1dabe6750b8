//! An attempt of a stage from its references to its stored result.

use crate::calling::now;
use crate::error::AttemptError;
use crate::inputs::{self, Inputs};
use crate::workshop::Workshop;
use crate::{ask, compose, review, write};
use groundwork_agents::prompt::{self, Task};
use groundwork_agents::repair::{self, REPAIRS_MAX};
use groundwork_agents::{CancellationToken, ModelReply, StopReason, parse};
use groundwork_domain::Digest;
use groundwork_domain::agent::{self, AgentDefinition};
use groundwork_domain::model::{ProviderId, Tokens};
use groundwork_domain::pipeline::Verb;
use groundwork_domain::work::{StageOutcome, StageTask, Used};
use groundwork_store::calls::{self, FinishedCall};
use groundwork_store::results::{self, NewResult, Product};
use groundwork_store::{StoreError, Tx, usage};

/// One attempt under way.
pub(crate) struct Attempt<'a> {
    pub(crate) workshop: &'a Workshop,
    pub(crate) task: &'a StageTask,
    pub(crate) agent: &'static AgentDefinition,
    pub(crate) inputs_digest: Digest,
    pub(crate) cancelled: &'a CancellationToken,
}

/// What a verb made of a reply.
pub(crate) struct Made {
    pub(crate) product: Product,
    /// What the agent says of it in the conversation.
    pub(crate) message: String,
    pub(crate) model: String,
    pub(crate) prompt_digest: Digest,
}

/// A value that was read from a reply, with the reply's origin.
pub(crate) struct Answer<T> {
    pub(crate) value: T,
    model: String,
    prompt_digest: Digest,
}

impl<T> Answer<T> {
    pub(crate) fn made(self, message: String, product: impl FnOnce(T) -> Product) -> Made {
        Made { product: product(self.value), message, model: self.model, prompt_digest: self.prompt_digest }
    }
}

/// Runs an attempt: its result if it has one, else the work from where it was left.
pub(crate) async fn run(
    workshop: &Workshop,
    task: &StageTask,
    cancelled: &CancellationToken,
) -> Result<StageOutcome, AttemptError> {
    let agent = agent::find(&task.agent).ok_or_else(|| {
        AttemptError::failed("internal", format!("There is no agent `{}`.", task.agent), true)
    })?;
    let inputs_digest = inputs::digest(task)?;
    let attempt = Attempt { workshop, task, agent, inputs_digest, cancelled };
    match attempt.run().await {
        Err(AttemptError::Failed(mut failure)) => {
            failure.used = attempt.used().await?;
            failure.calls = failure.used.calls;
            Err(AttemptError::Failed(failure))
        }
        Err(AttemptError::Cancelled) if attempt.is_wanted().await => Err(AttemptError::Interrupted),
        ended => ended,
    }
}

impl Attempt<'_> {
    async fn run(&self) -> Result<StageOutcome, AttemptError> {
        let task = self.task;
        if let Some(outcome) = self.resume().await? {
            return Ok(outcome);
        }
        let inputs = inputs::load(self.workshop, task).await?;
        let made = match task.verb {
            Verb::Ask => ask::make(self, &inputs).await?,
            Verb::Write => write::make(self, &inputs).await?,
            Verb::Compose => compose::make(self, &inputs).await?,
            Verb::Review => review::make(self, &inputs).await?,
        };
        let new = NewResult {
            task,
            product: made.product,
            model: &made.model,
            prompt_digest: &made.prompt_digest,
            message: &made.message,
            at: now(),
        };
        Ok(results::store(self.begin().await?, &new).await?)
    }

    /// The result, if it is stored; else makes what a failed attempt paid for this one's.
    async fn resume(&self) -> Result<Option<StageOutcome>, AttemptError> {
        let task = self.task;
        let mut tx = self.begin().await?;
        if let Some(outcome) = results::find(&mut tx, task.project_id, &task.stage, task.attempt).await? {
            return Ok(Some(outcome));
        }
        if let Some(carry_over) = &task.carry_over {
            let attempts = (carry_over.attempt, task.attempt);
            let except = carry_over.except_call;
            calls::carry_over(&mut tx, task.project_id, &task.stage, attempts, except, &self.inputs_digest)
                .await?;
            tx.commit().await?;
        }
        Ok(None)
    }

    pub(crate) async fn begin(&self) -> Result<Tx, StoreError> {
        self.workshop.store.tenant(self.task.workspace_id, self.task.owner_id).await
    }

    /// What the attempt took so far, calls of lost workers included.
    pub(crate) async fn used(&self) -> Result<Used, AttemptError> {
        let mut tx = self.begin().await?;
        Ok(usage::of_attempt(&mut tx, self.task.project_id, &self.task.stage, self.task.attempt).await?)
    }

    /// Asks for something and reads the reply; what cannot be read is quoted back, a bounded number of times, and then
    /// the attempt fails: nothing is guessed.
    pub(crate) async fn answer<T>(
        &self,
        inputs: &Inputs,
        task: Task<'_>,
        read: impl Fn(&str) -> Result<T, parse::ParseErrors>,
    ) -> Result<Answer<T>, AttemptError> {
        let prompts = &self.workshop.prompts;
        let rendered = prompt::render(prompts, self.agent, &inputs.documents(), &task)?;
        let mut first = rendered.into_request(self.agent, String::new());
        if let Some(model) = &self.task.model {
            first.model = Some(model.clone());
            first.model_setting = "retry.model".to_owned();
        }
        first.avoid = inputs.writer.as_deref().and_then(|model| self.workshop.agents.provider_of(model));
        let mut request = first.clone();
        for call_no in 1.. {
            let finished = self.buy(call_no, request).await?;
            let errors = match parse::whole(&reply(&finished)).and_then(&read) {
                Ok(value) => {
                    let (model, prompt_digest) = (finished.model, finished.prompt_digest);
                    return Ok(Answer { value, model, prompt_digest });
                }
                Err(errors) => errors,
            };
            tracing::info!(project = %self.task.project_id, stage = %self.task.stage, call_no, %errors, "unreadable reply");
            if call_no > REPAIRS_MAX {
                return Err(AttemptError::unreadable(&self.agent.id, &errors, call_no));
            }
            request =
                first.clone().with_repair(finished.reply, repair::request(prompts, task.kind(), &errors)?);
        }
        Err(AttemptError::failed("internal", "There are no numbers left for calls.", true))
    }
}

/// A stored call as the reader wants it.
fn reply(finished: &FinishedCall) -> ModelReply {
    let provider = ProviderId::ALL.into_iter().find(|provider| provider.as_str() == finished.provider);
    ModelReply {
        text: finished.reply.clone(),
        parts: Vec::new(),
        stop_reason: StopReason::from_wire(finished.stop_reason.as_deref().unwrap_or_default()),
        tokens: Tokens { output: finished.output_tokens, ..Tokens::default() },
        estimated: false,
        usage_raw: serde_json::Value::Null,
        request_id: None,
        model: finished.model.clone(),
        provider: provider.unwrap_or(ProviderId::Anthropic),
        duration_ms: 0,
        first_token_ms: None,
        rate_limits: Vec::new(),
        simulated: finished.simulated,
        fallback: false,
    }
}

/// An error that a repair turn can quote, where no line is to blame.
pub(crate) fn objection(rule: impl Into<String>, found: impl Into<String>) -> parse::ParseErrors {
    parse::ParseErrors(vec![parse::ParseError { line: 0, rule: rule.into(), found: found.into() }])
}

/// A stage that asks for what its verb cannot do.
pub(crate) fn misplaced(attempt: &Attempt<'_>, what: &str) -> AttemptError {
    let message = format!("Stage `{}` cannot do this: {what}.", attempt.task.stage);
    AttemptError::failed("internal", message, true)
}
