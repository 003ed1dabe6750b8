//! One call to a model, bought once: claimed, made, stored before it is read.

use crate::attempt::Attempt;
use crate::error::AttemptError;
use groundwork_agents::{CallError, Interruption, ModelReply, ModelRequest};
use groundwork_domain::Timestamp;
use groundwork_domain::model::Tokens;
use groundwork_store::budgets::{self, Most, Reservation};
use groundwork_store::calls::{self, CallKey, CallRequest, Claim, FinishedCall, Held, Reply};
use groundwork_store::usage::{self, PurchaseEnd, Spending};
use groundwork_store::{StoreError, streams};
use serde_json::{Value, json};
use std::sync::Mutex;
use std::time::Duration;

/// Delays between tries to store what was bought: doubled from the first to the longest.
const STORE_AGAIN: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));
/// Tries to store what a failed call took; after them its lease runs out and it is booked as lost.
const GIVE_UP_TRIES: u32 = 5;

/// Why we closed a stream ourselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closed {
    Unwanted,
    TimeUp,
}

/// Whose turn it is to make a call.
enum Turn {
    /// It was made.
    Finished(Box<FinishedCall>),
    /// Ours, within so much model time.
    Ours { purchase: u32, left: Duration },
    /// Somebody makes it.
    Leased,
    /// Nobody's yet: calls under way have reserved what it would take.
    Reserved,
}

impl Attempt<'_> {
    /// The reply to a request: found, waited for, or bought.
    pub(crate) async fn buy(
        &self,
        call_no: u32,
        mut request: ModelRequest,
    ) -> Result<FinishedCall, AttemptError> {
        let key = CallKey {
            project_id: self.task.project_id,
            stage: self.task.stage.clone(),
            attempt: self.task.attempt,
            call_no,
        };
        request.call_key = key.to_string();
        // What was paid for is used again whatever could be asked today: its model may be gone, its key withdrawn.
        if let Some(finished) = self.finished(&key).await? {
            return Ok(finished);
        }
        let (mut wanted, mut most) = self.call_request(&key, &request)?;
        loop {
            let claim = match self.claim(&wanted, &most).await {
                // A limit in money holds, and one of the models that might answer has no price: then without it.
                Err(AttemptError::OverBudget(_)) if most.cost_usd.is_none() && !request.priced_only => {
                    request.priced_only = true;
                    (wanted, most) = self.call_request(&key, &request)?;
                    continue;
                }
                claimed => claimed?,
            };
            let pause = match claim {
                Turn::Finished(finished) => return Ok(*finished),
                Turn::Ours { purchase, left } => {
                    let held = Held {
                        workspace_id: wanted.workspace_id,
                        user_id: wanted.user_id,
                        key: key.clone(),
                        purchase,
                        agent: wanted.agent.clone(),
                    };
                    return self.make(held, request, left).await;
                }
                Turn::Leased => self.workshop.settings.lease_poll,
                Turn::Reserved => self.workshop.settings.budget_poll,
            };
            tokio::select! {
                () = self.cancelled.cancelled() => return Err(AttemptError::Cancelled),
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn finished(&self, key: &CallKey) -> Result<Option<FinishedCall>, AttemptError> {
        let mut tx = self.begin().await?;
        Ok(calls::finished(&mut tx, key).await?)
    }

    /// What is written down before the call, and the most that it can take. What can be known to fail without a call
    /// fails here.
    fn call_request(
        &self,
        key: &CallKey,
        request: &ModelRequest,
    ) -> Result<(CallRequest, Most), AttemptError> {
        let agents = &self.workshop.agents;
        let failed = |error: CallError| AttemptError::of_call(&error, key.call_no);
        let model = agents.first_choice(&self.agent, request).map_err(failed)?;
        let most = Most {
            tokens: request.prompt_tokens_max() + u64::from(request.output_tokens_max),
            cost_usd: agents.cost_max(&self.agent, request, now()).map_err(failed)?,
        };
        let assumed = Tokens { input: request.prompt_tokens_estimate(), ..Tokens::default() };
        let wanted = CallRequest {
            workspace_id: self.task.workspace_id,
            user_id: self.task.owner_id,
            key: key.clone(),
            inputs_digest: self.standing.inputs_digest.clone(),
            prompt_digest: request.digest(),
            agent: self.agent.id.clone(),
            provider: model.provider.as_str().to_owned(),
            model: model.id.clone(),
            parameters: json!({
                "output_tokens_max": request.output_tokens_max, "effort": request.effort,
                "key": request.keys.source(model.provider).as_str(),
                "tools": request.tools.iter().map(|tool| &tool.name).collect::<Vec<_>>(),
            }),
            assumed_input_tokens: assumed.input,
            assumed_cost_usd: agents.cost(&model.id, &assumed, now()).unwrap_or_default(),
        };
        Ok((wanted, most))
    }

    /// Whose turn it is. A call that is ours to make has reserved the most that it can take; one that no budget has room for is
    /// not claimed.
    async fn claim(&self, wanted: &CallRequest, most: &Most) -> Result<Turn, AttemptError> {
        // Nothing is bought for an attempt that has been cancelled before it began.
        if self.cancelled.is_cancelled() {
            return Err(AttemptError::Cancelled);
        }
        let mut tx = self.begin().await?;
        let key = &wanted.key;
        let purchase = match calls::claim(&mut tx, self.workshop.worker_id, wanted).await? {
            Claim::Finished(finished) => return Ok(Turn::Finished(finished)),
            Claim::Leased { worker } => {
                tracing::debug!(%key, %worker, "waiting for a call that is under way");
                return Ok(Turn::Leased);
            }
            Claim::Yours { purchase } => purchase,
        };
        // Where it is refused the claim goes with the transaction.
        match budgets::reserve(&mut tx, wanted.workspace_id, key, purchase, most).await? {
            Reservation::Reserved => {}
            Reservation::OverBudget(over) if over.is_only_reserved() => {
                tracing::debug!(%key, "waiting for what calls under way have reserved of the budget");
                return Ok(Turn::Reserved);
            }
            Reservation::OverBudget(over) | Reservation::Unpriced(over) => {
                return Err(AttemptError::OverBudget(Box::new(over)));
            }
        }
        let used = usage::of_attempt(&mut tx, key.project_id, &key.stage, key.attempt).await?;
        tx.commit().await?;
        Ok(Turn::Ours {
            purchase,
            left: Duration::from_millis(self.task.active_ms_left.saturating_sub(used.active_ms)),
        })
    }

    /// Makes a call that is ours to make, and stores its reply.
    async fn make(
        &self,
        held: Held,
        request: ModelRequest,
        left: Duration,
    ) -> Result<FinishedCall, AttemptError> {
        // Renewed until the reply is stored, however long that takes.
        let _lease = self.workshop.leases.keep(held.clone());
        let mut stream = self.workshop.deltas.open(self.task);
        let stop = groundwork_agents::CancellationToken::new();
        let closed = Mutex::new(None);
        let answered = {
            let mut sink = |piece: &str| stream.push(piece);
            let call = self.workshop.agents.call(&self.agent, request, &mut sink, &stop);
            let watch = async {
                let why = self.reason_to_close(left).await;
                *closed.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(why);
                stop.cancel();
                std::future::pending::<()>().await;
            };
            tokio::select! {
                answered = call => answered,
                () = watch => Err(CallError::Cancelled { interruption: None }),
            }
        };
        stream.close(&self.workshop.store).await;
        match answered {
            Ok(reply) => Ok(self.store_reply(&held, reply).await),
            Err(error) => {
                let closed = closed.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
                Err(self.give_up(&held, &error, closed).await)
            }
        }
    }

    /// Resolves when the call should be closed. An activity is not told why it is cancelled, so the store is asked: as
    /// long as the attempt is wanted, the stream is read on and the next try finds its reply.
    async fn reason_to_close(&self, left: Duration) -> Closed {
        let unwanted = async {
            self.cancelled.cancelled().await;
            while self.is_wanted().await {
                tokio::time::sleep(self.workshop.settings.wanted_poll).await;
            }
        };
        tokio::select! {
            () = unwanted => Closed::Unwanted,
            () = tokio::time::sleep(left) => Closed::TimeUp,
        }
    }

    /// Wanted, too, while the store does not say.
    pub(crate) async fn is_wanted(&self) -> bool {
        let task = self.task;
        let asked = async {
            let mut tx = self.begin().await?;
            calls::is_wanted(&mut tx, task.project_id, &task.stage, task.attempt).await
        };
        asked.await.unwrap_or_else(|error: StoreError| {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "cannot ask whether an attempt is wanted"
            );
            true
        })
    }

    /// Stores a reply, again and again until it is stored: it was paid for.
    async fn store_reply(&self, held: &Held, reply: ModelReply) -> FinishedCall {
        let reply = self.reply(reply);
        let mut delay = STORE_AGAIN.0;
        loop {
            let stored = async {
                let mut tx = self.begin().await?;
                let finished = calls::finish(&mut tx, held, &reply).await?;
                tx.commit().await?;
                Ok::<_, StoreError>(finished)
            };
            match stored.await {
                Ok(finished) => return finished,
                Err(error) => {
                    tracing::warn!(key = %held.key, error = &error as &dyn std::error::Error, "a reply waits to be stored")
                }
            }
            tokio::time::sleep(delay).await;
            delay = (delay * 2).min(STORE_AGAIN.1);
        }
    }

    fn reply(&self, reply: ModelReply) -> Reply {
        let spending = self.spending_of_reply(&reply);
        Reply {
            unpriced: self.workshop.agents.cost(&reply.model, &reply.tokens, now()).is_none(),
            parts: (!reply.parts.is_empty()).then(|| json!(reply.parts)),
            text: reply.text,
            stop_reason: Some(reply.stop_reason.as_str().to_owned()),
            spending,
            raw_usage: (!reply.usage_raw.is_null()).then_some(reply.usage_raw),
            request_id: reply.request_id,
        }
    }

    fn spending_of_reply(&self, reply: &ModelReply) -> Spending {
        Spending {
            provider: reply.provider.as_str().to_owned(),
            model: reply.model.clone(),
            tokens: reply.tokens,
            cost_usd: self.cost(&reply.model, &reply.tokens),
            estimated: reply.estimated,
            simulated: reply.simulated,
            duration_ms: reply.duration_ms,
        }
    }

    fn spending_of_rest(&self, rest: &Interruption) -> Spending {
        Spending {
            provider: rest.provider.as_str().to_owned(),
            model: rest.model.clone(),
            tokens: rest.tokens,
            cost_usd: self.cost(&rest.model, &rest.tokens),
            estimated: true,
            simulated: rest.simulated,
            duration_ms: rest.duration_ms,
        }
    }

    fn cost(&self, model: &str, tokens: &Tokens) -> rust_decimal::Decimal {
        self.workshop.agents.cost(model, tokens, now()).unwrap_or_default()
    }

    /// Books what a failed call took, and says how the attempt goes on.
    async fn give_up(&self, held: &Held, error: &CallError, closed: Option<Closed>) -> AttemptError {
        let spending = match error {
            CallError::Refused { reply } => Some(self.spending_of_reply(reply)),
            other => other.interruption().map(|rest| self.spending_of_rest(rest)),
        };
        let end = if closed.is_some() { PurchaseEnd::Abandoned } else { PurchaseEnd::Failed };
        let record =
            json!({"code": error.code(), "message": error.to_string(), "request_id": error.request_id()});
        self.store_end(held, end, &record, spending.as_ref()).await;
        match closed {
            Some(Closed::TimeUp) => AttemptError::failed(
                "active_time_exceeded",
                "The agents have worked as long as one run may. Retry starts a new allowance.",
                false,
            ),
            Some(Closed::Unwanted) => AttemptError::Cancelled,
            None => AttemptError::of_call(error, held.key.call_no),
        }
    }

    async fn store_end(&self, held: &Held, end: PurchaseEnd, record: &Value, spending: Option<&Spending>) {
        let mut delay = STORE_AGAIN.0;
        for _ in 0..GIVE_UP_TRIES {
            let stored = async {
                let mut tx = self.begin().await?;
                calls::give_up(&mut tx, held, end, record, spending).await?;
                streams::forget(&mut tx, held.key.project_id, &held.key.stage, held.key.attempt).await?;
                tx.commit().await
            };
            match stored.await {
                Ok(()) => return,
                Err(error) => {
                    tracing::warn!(key = %held.key, error = &error as &dyn std::error::Error, "the end of a call waits to be stored");
                }
            }
            tokio::time::sleep(delay).await;
            delay = (delay * 2).min(STORE_AGAIN.1);
        }
    }
}

/// The clock of this machine: prices have dates, and what agents say has a time.
pub(crate) fn now() -> Timestamp {
    Timestamp(chrono::Utc::now().timestamp_millis())
}
