//! Which model answers: by tier, by what is set up, by what works. One call is decided at a time; trying the same
//! provider again is Temporal's business.

mod fit;
mod health;
mod settings;

use crate::anthropic::Anthropic;
use crate::breaker::{Breaker, BreakerState, Permit};
use crate::call::{ModelReply, ModelRequest, Provider, Sink};
use crate::error::CallError;
use crate::openai::OpenAi;
use crate::{http, metrics};
use groundwork_domain::agent::AgentDefinition;
use groundwork_domain::ids::Timestamp;
use groundwork_domain::model::{Model, Models, ProviderId, Tier, Tokens};
use rust_decimal::Decimal;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

pub use health::ProviderHealth;
pub use settings::{AgentsSettings, ProviderSettings};

#[derive(Default)]
struct Last {
    error: Option<(String, Timestamp)>,
    success: Option<Timestamp>,
}

/// A provider with what is known of it.
struct Slot {
    provider: Arc<dyn Provider>,
    /// False where only people's own keys open it.
    platform: bool,
    breaker: Breaker,
    seats: Semaphore,
    calls: AtomicU64,
    calls_failed: AtomicU64,
    last: Mutex<Last>,
}

/// All providers and models. One for a process; it is shared by reference.
pub struct Agents {
    models: Models,
    slots: BTreeMap<ProviderId, Slot>,
}

/// How an attempt at one model ended.
enum Attempt {
    Replied(Box<ModelReply>),
    /// Another provider may be asked: nothing was written, and this one is known to be in trouble.
    NextProvider(CallError),
    Failed(CallError),
}

impl Agents {
    /// Makes the clients.
    ///
    /// # Errors
    /// The TLS roots of the system cannot be read.
    pub fn new(settings: AgentsSettings) -> Result<Self, reqwest::Error> {
        let client = http::client(settings.timeouts)?;
        // Without a key or an address of the platform's a provider is there all the same, for people who bring a key.
        let slot = |id, one: Option<ProviderSettings>| {
            let platform = one.is_some();
            let one = one.unwrap_or_else(|| ProviderSettings::new(id, None, None));
            let key = one.api_key.unwrap_or_else(|| SecretString::from("none"));
            let provider: Arc<dyn Provider> = match id {
                ProviderId::Anthropic => Arc::new(Anthropic::new(client.clone(), &one.base_url, key)),
                ProviderId::OpenAi => Arc::new(OpenAi::new(client.clone(), &one.base_url, &key)),
            };
            (provider, one.concurrent_calls_max, platform)
        };
        let providers =
            vec![slot(ProviderId::Anthropic, settings.anthropic), slot(ProviderId::OpenAi, settings.openai)];
        Ok(Self::with_slots(settings.models, providers, settings.breaker))
    }

    /// The same with providers of one's own, each with the number of calls that it takes at once.
    #[must_use]
    pub fn with_providers(
        models: Models,
        providers: Vec<(Arc<dyn Provider>, usize)>,
        breaker: crate::breaker::BreakerSettings,
    ) -> Self {
        let providers = providers.into_iter().map(|(provider, seats)| (provider, seats, true)).collect();
        Self::with_slots(models, providers, breaker)
    }

    fn with_slots(
        models: Models,
        providers: Vec<(Arc<dyn Provider>, usize, bool)>,
        breaker: crate::breaker::BreakerSettings,
    ) -> Self {
        let slot = |(provider, seats, platform): (Arc<dyn Provider>, usize, bool)| {
            if platform {
                metrics::breaker(provider.id(), BreakerState::Closed);
            }
            let slot = Slot {
                platform,
                breaker: Breaker::new(breaker),
                seats: Semaphore::new(seats.clamp(1, Semaphore::MAX_PERMITS)),
                calls: AtomicU64::new(0),
                calls_failed: AtomicU64::new(0),
                last: Mutex::new(Last::default()),
                provider,
            };
            (slot.provider.id(), slot)
        };
        Self { models, slots: providers.into_iter().map(slot).collect() }
    }

    /// All models.
    #[must_use]
    pub fn models(&self) -> &Models {
        &self.models
    }

    /// Whose model this is; none for one that is not known.
    #[must_use]
    pub fn provider_of(&self, model: &str) -> Option<ProviderId> {
        self.models.find(model, "").ok().map(|found| found.model.provider)
    }

    /// US dollars for tokens of a model at an instant; `None` where nobody knows.
    #[must_use]
    pub fn cost(&self, model: &str, tokens: &Tokens, at: Timestamp) -> Option<Decimal> {
        self.models.cost(model, tokens, at)
    }

    /// The most that a call may cost, whichever of its candidates answers: what a budget reserves. `None` where one of
    /// them is unpriced.
    ///
    /// # Errors
    /// As [`Self::call`] before it asks anybody.
    pub fn cost_max(
        &self,
        agent: &AgentDefinition,
        request: &ModelRequest,
        at: Timestamp,
    ) -> Result<Option<Decimal>, CallError> {
        let prompt = request.prompt_tokens_max();
        let costs: Vec<Option<Decimal>> = self
            .candidates(agent, request)?
            .iter()
            .map(|model| model.cost_max(prompt, request.output_tokens_max, at))
            .collect();
        Ok(costs.into_iter().collect::<Option<Vec<_>>>().and_then(|costs| costs.into_iter().max()))
    }

    /// The model that would be asked first.
    ///
    /// # Errors
    /// As [`Self::call`] before it asks anybody.
    pub fn first_choice(&self, agent: &AgentDefinition, request: &ModelRequest) -> Result<&Model, CallError> {
        let candidates = self.candidates(agent, request)?;
        candidates.first().copied().ok_or_else(|| CallError::NoKey { wanted: agent.id.clone() })
    }

    /// Makes one call. The text goes to `sink` while it is written; once `cancel` is cancelled the call ends with what
    /// there was. No provider is asked twice, and another one only if the first failed before it wrote anything.
    ///
    /// # Errors
    /// Every failure, sorted; see [`CallError::retryable`].
    pub async fn call(
        &self,
        agent: &AgentDefinition,
        request: ModelRequest,
        sink: Sink<'_>,
        cancel: &CancellationToken,
    ) -> Result<ModelReply, CallError> {
        let candidates = self.candidates(agent, &request)?;
        let first = candidates.first().map(|model| model.provider);
        let mut failure: Option<CallError> = None;
        let mut wait: Option<Duration> = None;
        for model in &candidates {
            let Some(slot) = self.slots.get(&model.provider) else {
                continue;
            };
            let (permit, _seat) = match slot.admit(cancel).await? {
                Ok(admitted) => admitted,
                Err(delay) => {
                    wait = Some(wait.map_or(delay, |other| other.min(delay)));
                    continue;
                }
            };
            let stands_in = first != Some(model.provider);
            let simpler = stands_in.then(|| request.simpler());
            let asked = simpler.as_ref().unwrap_or(&request);
            match self.attempt(slot, permit, model, asked, sink, cancel).await {
                Attempt::Replied(mut reply) => {
                    reply.fallback = stands_in;
                    return Ok(*reply);
                }
                // What the stand-in says is told only if it was paid for, or if time can mend it as well.
                Attempt::Failed(error) if failure.is_none() || error.retryable() => return Err(error),
                Attempt::Failed(error @ (CallError::Refused { .. } | CallError::Cancelled { .. })) => {
                    return Err(error);
                }
                Attempt::Failed(_) => {}
                Attempt::NextProvider(error) => {
                    tracing::warn!(provider = %model.provider, model = %model.id, agent = %agent.id, %error, "asking the next provider");
                    metrics::fell_back(model.provider);
                    failure.get_or_insert(error);
                }
            }
        }
        Err(failure.unwrap_or_else(|| CallError::Unavailable {
            providers: candidates.iter().map(|model| model.provider.as_str()).collect::<Vec<_>>().join(", "),
            retry_after: wait.unwrap_or(Duration::from_secs(1)),
        }))
    }

    async fn attempt(
        &self,
        slot: &Slot,
        permit: Permit,
        model: &Model,
        request: &ModelRequest,
        sink: Sink<'_>,
        cancel: &CancellationToken,
    ) -> Attempt {
        let provider = model.provider;
        let mut wrote = false;
        let mut watched = |piece: &str| {
            wrote = true;
            sink(piece);
        };
        slot.calls.fetch_add(1, Ordering::Relaxed);
        let in_flight = metrics::InFlight::begin(provider);
        let outcome = slot.provider.call(model, request, &mut watched, cancel).await;
        drop(in_flight);
        let error = match outcome {
            Ok(reply) => {
                permit.succeeded();
                slot.note_success();
                metrics::breaker(provider, slot.breaker.state(Instant::now()));
                metrics::replied(&request.agent, &reply, model.cost(&reply.tokens, now()));
                return Attempt::Replied(Box::new(reply));
            }
            Err(error) => error,
        };
        metrics::failed(&request.agent, provider, &model.id, &error);
        self.count_spent(model, &error);
        let mut open = false;
        if error.counts_against_provider() {
            open = permit.failed(Instant::now(), error.retry_after());
        } else if !matches!(error, CallError::Cancelled { .. }) {
            permit.succeeded();
        }
        if !matches!(error, CallError::Cancelled { .. }) {
            slot.note_failure(&error);
        }
        metrics::breaker(provider, slot.breaker.state(Instant::now()));
        let in_trouble =
            open || matches!(error, CallError::Overloaded { .. } | CallError::ServerError { .. });
        if in_trouble && !wrote && error.retryable() && error.interruption().is_none() {
            return Attempt::NextProvider(error);
        }
        Attempt::Failed(error)
    }

    fn count_spent(&self, model: &Model, error: &CallError) {
        let tokens = match error {
            CallError::Refused { reply } => Some(&reply.tokens),
            other => other.interruption().map(|interruption| &interruption.tokens),
        };
        if let Some(tokens) = tokens {
            metrics::used(model.provider, &model.id, tokens, model.cost(tokens, now()));
        }
    }

    /// The models that may answer, the best first: those of the tier, or the one that a person named.
    fn candidates(&self, agent: &AgentDefinition, request: &ModelRequest) -> Result<Vec<&Model>, CallError> {
        let mut candidates: Vec<&Model> = match &request.model {
            Some(name) => vec![self.models.find(name, &request.model_setting)?.model],
            None => self.models.tier(agent.tier).collect(),
        };
        let keys = &request.keys;
        let opens = |slot: &Slot, id| keys.of(id).is_some() || (slot.platform && keys.takes_platform());
        candidates
            .retain(|model| self.slots.get(&model.provider).is_some_and(|slot| opens(slot, model.provider)));
        if candidates.is_empty() {
            let wanted = request.model.clone().unwrap_or_else(|| format!("tier {}", agent.tier.as_str()));
            let is_missing = keys.is_missing() || !keys.takes_platform();
            return Err(if is_missing {
                CallError::NoOwnKey { wanted }
            } else {
                CallError::NoKey { wanted }
            });
        }
        // Where none of them has a price, the caller is told so when it asks what the call may cost.
        if request.priced_only && candidates.iter().any(|model| model.is_priced()) {
            candidates.retain(|model| model.is_priced());
        }
        if agent.tier == Tier::Critic && request.model.is_none() {
            let writer = request.avoid.or_else(|| self.writers_provider());
            // Stable: among the others the order of the file stays.
            candidates.sort_by_key(|model| Some(model.provider) == writer);
        }
        fit::fitting(candidates, request)
    }

    /// Who writes what a critic reads, where the request does not say.
    fn writers_provider(&self) -> Option<ProviderId> {
        self.models
            .tier(Tier::Standard)
            .map(|model| model.provider)
            .find(|provider| self.slots.get(provider).is_some_and(|slot| slot.platform))
    }

    /// How each provider does, those that are not set up included.
    #[must_use]
    pub fn health(&self) -> Vec<ProviderHealth> {
        let now = Instant::now();
        ProviderId::ALL
            .into_iter()
            .map(|id| {
                let slot = self.slots.get(&id).filter(|slot| slot.platform);
                slot.map_or_else(|| ProviderHealth::absent(id), |slot| slot.health(id, now))
            })
            .collect()
    }
}

impl Slot {
    /// A seat and leave to call; or how long the breaker stays open.
    async fn admit<'a>(
        &'a self,
        cancel: &CancellationToken,
    ) -> Result<Result<(Permit, tokio::sync::SemaphorePermit<'a>), Duration>, CallError> {
        if self.breaker.state(Instant::now()) == BreakerState::Open {
            return Ok(Err(self.breaker.open_for(Instant::now())));
        }
        let seat = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(CallError::Cancelled { interruption: None }),
            seat = self.seats.acquire() => seat,
        };
        // Nobody closes the semaphore; if it were, waiting a second is as good an answer as any.
        let Ok(seat) = seat else {
            return Ok(Err(Duration::from_secs(1)));
        };
        Ok(self.breaker.permit(Instant::now()).map(|permit| (permit, seat)))
    }

    fn last(&self) -> std::sync::MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_success(&self) {
        self.last().success = Some(now());
    }

    fn note_failure(&self, error: &CallError) {
        self.calls_failed.fetch_add(1, Ordering::Relaxed);
        self.last().error = Some((error.code().to_owned(), now()));
    }

    fn health(&self, provider: ProviderId, at: Instant) -> ProviderHealth {
        let last = self.last();
        ProviderHealth {
            provider,
            configured: true,
            breaker: self.breaker.state(at),
            failures: self.breaker.failures(),
            open_for_ms: u64::try_from(self.breaker.open_for(at).as_millis()).unwrap_or(u64::MAX),
            calls: self.calls.load(Ordering::Relaxed),
            calls_failed: self.calls_failed.load(Ordering::Relaxed),
            last_error: last.error.as_ref().map(|(code, _)| code.clone()),
            last_error_at: last.error.as_ref().map(|(_, at)| *at),
            last_success_at: last.success,
        }
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
