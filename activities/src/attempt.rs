//! An attempt of a stage from its references to its stored result.

use crate::calling::now;
use crate::error::AttemptError;
use crate::inputs::{self, Inputs};
use crate::standing::{self, Standing};
use crate::workshop::Workshop;
use crate::{advise, ask, audit, compose, conclude, implement, reply, review, write};
use groundwork_agents::prompt::PromptSet;
use groundwork_agents::{CallKeys, CancellationToken};
use groundwork_domain::agent::{self, AgentDefinition, OutputContract};
use groundwork_domain::document::files::CodePath;
use groundwork_domain::pipeline::Verb;
use groundwork_domain::work::{StageOutcome, StageResult, StageTask, Used, Work};
use groundwork_domain::{Digest, ProjectId};
use groundwork_store::calls;
use groundwork_store::results::{self, NewResult, Product};
use groundwork_store::{StoreError, Tx, usage};
use std::borrow::Cow;

/// The name under which the prompt of an agent that comes with its pipeline lies among the prompts.
const OWN_PROMPT: &str = "own-agent.md";

/// One attempt under way.
pub(crate) struct Attempt<'a> {
    pub(crate) workshop: &'a Workshop,
    pub(crate) task: &'a StageTask,
    pub(crate) agent: Cow<'a, AgentDefinition>,
    pub(crate) prompts: Cow<'a, PromptSet>,
    pub(crate) standing: Standing,
    pub(crate) keys: CallKeys,
    pub(crate) cancelled: &'a CancellationToken,
}

/// What a verb made of a reply.
pub(crate) struct Made {
    pub(crate) product: Product,
    /// What the agent says of it in the conversation.
    pub(crate) message: String,
    /// None where code made it.
    pub(crate) model: Option<String>,
    pub(crate) prompt_digest: Option<Digest>,
}

/// Runs an attempt: its result if it has one, else the work from where it was left.
pub(crate) async fn run(
    workshop: &Workshop,
    task: &StageTask,
    cancelled: &CancellationToken,
) -> Result<StageOutcome, AttemptError> {
    if task.verb == Verb::Verdict {
        return conclude::run(workshop, task).await;
    }
    let (agent, prompts) = definition(workshop, task)?;
    let mut tx = workshop.store.tenant(task.workspace_id, task.owner_id).await?;
    if let Some(outcome) = results::find(&mut tx, task.project_id, &task.stage, task.attempt).await? {
        return Ok(outcome);
    }
    let keys = workshop.keys_of(&mut tx, task).await?;
    drop(tx);
    let standing = standing::find(workshop, task).await?;
    let attempt = Attempt { workshop, task, agent, prompts, standing, keys, cancelled };
    match attempt.run().await {
        Err(AttemptError::Failed(mut failure)) => {
            failure.used = attempt.used().await?;
            failure.calls = failure.used.calls;
            Err(AttemptError::Failed(failure))
        }
        Err(AttemptError::Cancelled) if attempt.is_wanted().await => Err(AttemptError::Interrupted),
        // A result that is not kept: once there is money again the same attempt goes on.
        Err(AttemptError::OverBudget(over)) => {
            Ok(StageOutcome { result: over_budget(&over), used: attempt.used().await? })
        }
        ended => ended,
    }
}

fn over_budget(over: &groundwork_store::budgets::Over) -> StageResult {
    StageResult::OverBudget {
        scope: over.scope.as_str().to_owned(),
        measure: over.measure.as_str().to_owned(),
        limit: over.limit,
        used: over.used,
        reserved: over.reserved,
        wanted: over.wanted,
    }
}

/// The agent, and the prompts with its own among them.
fn definition<'a>(
    workshop: &'a Workshop,
    task: &StageTask,
) -> Result<(Cow<'a, AgentDefinition>, Cow<'a, PromptSet>), AttemptError> {
    let Some(own) = &task.own_agent else {
        let agent = agent::find(&task.agent).ok_or_else(|| {
            AttemptError::failed("internal", format!("There is no agent `{}`.", task.agent), true)
        })?;
        return Ok((Cow::Borrowed(agent), Cow::Borrowed(&workshop.prompts)));
    };
    let agent = AgentDefinition {
        id: own.id.clone(),
        role: own.role.clone(),
        tier: own.tier,
        prompt: OWN_PROMPT.to_owned(),
        output: own.output,
        output_tokens_max: own.output_tokens_max,
        effort: own.effort,
    };
    let prompts = workshop.prompts.with_own(OWN_PROMPT, &own.prompt, own.output);
    let prompts = prompts.map_err(|error| AttemptError::failed("internal", error.to_string(), true))?;
    Ok((Cow::Owned(agent), Cow::Owned(prompts)))
}

impl Attempt<'_> {
    async fn run(&self) -> Result<StageOutcome, AttemptError> {
        let task = self.task;
        self.carry_over().await?;
        let inputs = inputs::load(self.workshop, task, &self.standing).await?;
        let made = match self.by_verb(&inputs).await {
            Err(AttemptError::Asked { asked, model, prompt_digest }) => Made {
                message: asked.question.clone(),
                product: Product::Question(*asked),
                model: Some(model),
                prompt_digest: Some(prompt_digest),
            },
            made => made?,
        };
        let new = NewResult {
            task,
            product: made.product,
            model: made.model.as_deref(),
            prompt_digest: made.prompt_digest.as_ref(),
            message: &made.message,
            at: now(),
        };
        Ok(results::store(self.begin().await?, &new).await?)
    }

    async fn by_verb(&self, inputs: &Inputs) -> Result<Made, AttemptError> {
        match (self.task.verb, self.agent.output) {
            (Verb::Ask, _) => ask::make(self, inputs).await,
            (Verb::Write, _) => write::make(self, inputs).await,
            (Verb::Compose, _) => compose::make(self, inputs).await,
            (Verb::Review, _) if matches!(self.standing.work, Work::Advise { .. }) => {
                advise::make(self, inputs).await
            }
            (Verb::Review, OutputContract::Audit) => audit::make(self, inputs).await,
            (Verb::Review, _) => review::make(self, inputs).await,
            (Verb::Implement, _) => implement::make(self, inputs).await,
            (Verb::Reply, OutputContract::Title) => reply::title(self, inputs).await,
            (Verb::Reply, _) => reply::chat(self, inputs).await,
            (Verb::Verdict, _) => Err(misplaced(self, "ask an agent for a verdict that code gives")),
        }
    }

    /// Makes what an earlier attempt paid for this one's.
    async fn carry_over(&self) -> Result<(), AttemptError> {
        let task = self.task;
        let Some(carry_over) = &task.carry_over else { return Ok(()) };
        let mut tx = self.begin().await?;
        let attempts = (carry_over.attempt, task.attempt);
        let digest = &self.standing.inputs_digest;
        calls::carry_over(&mut tx, task.project_id, &task.stage, attempts, carry_over.except_call, digest)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    pub(crate) async fn begin(&self) -> Result<Tx, StoreError> {
        self.workshop.store.tenant(self.task.workspace_id, self.task.owner_id).await
    }

    /// What the attempt took so far, calls of lost workers included.
    pub(crate) async fn used(&self) -> Result<Used, AttemptError> {
        let mut tx = self.begin().await?;
        Ok(usage::of_attempt(&mut tx, self.task.project_id, &self.task.stage, self.task.attempt).await?)
    }

    /// Tells that these files are written, while the attempt goes on.
    pub(crate) async fn tell_written(&self, files: &[(CodePath, u64)]) -> Result<(), AttemptError> {
        if files.is_empty() {
            return Ok(());
        }
        Ok(results::tell_written(self.begin().await?, self.task, files, now()).await?)
    }

    /// The project.
    pub(crate) fn project(&self) -> ProjectId {
        self.task.project_id
    }
}

/// A stage that asks for what its verb cannot do.
pub(crate) fn misplaced(attempt: &Attempt<'_>, what: &str) -> AttemptError {
    let message = format!("Stage `{}` cannot do this: {what}.", attempt.task.stage);
    AttemptError::failed("internal", message, true)
}
