//! Numbers for `/metrics`, in the default registry. Labels have few values: never a project or a key.

use crate::breaker::BreakerState;
use crate::call::ModelReply;
use crate::error::CallError;
use groundwork_domain::model::{ProviderId, Tokens};
use prometheus::{
    CounterVec, HistogramVec, IntCounterVec, IntGaugeVec, register_counter_vec, register_histogram_vec,
    register_int_counter_vec, register_int_gauge_vec,
};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use std::sync::LazyLock;
use std::time::Duration;

/// Seconds; model calls take from half a second to ten minutes.
const SECONDS: [f64; 11] = [0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 600.0];
const ONCE: &str = "each metric is registered once, here";

static CALLS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let labels = ["provider", "model", "agent", "outcome"];
    register_int_counter_vec!("groundwork_model_calls_total", "Calls of models", &labels).expect(ONCE)
});
static TOKENS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let labels = ["provider", "model", "kind"];
    register_int_counter_vec!("groundwork_model_tokens_total", "Tokens as billed, by counter", &labels)
        .expect(ONCE)
});
static COST: LazyLock<CounterVec> = LazyLock::new(|| {
    let labels = ["provider", "model"];
    register_counter_vec!("groundwork_model_cost_usd_total", "US dollars, unpriced models left out", &labels)
        .expect(ONCE)
});
static DURATION: LazyLock<HistogramVec> = LazyLock::new(|| {
    let labels = ["provider", "model"];
    let help = "Seconds from sending a request to the end of its answer";
    register_histogram_vec!("groundwork_model_call_seconds", help, &labels, SECONDS.to_vec()).expect(ONCE)
});
static FIRST_TOKEN: LazyLock<HistogramVec> = LazyLock::new(|| {
    let labels = ["provider", "model"];
    let help = "Seconds from sending a request to the first text";
    register_histogram_vec!("groundwork_model_first_text_seconds", help, &labels, SECONDS.to_vec())
        .expect(ONCE)
});
static IN_FLIGHT: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    let help = "Calls that a provider is answering";
    register_int_gauge_vec!("groundwork_model_calls_in_flight", help, &["provider"]).expect(ONCE)
});
static FALLBACKS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let help = "Calls that another provider took over, by the one that failed";
    register_int_counter_vec!("groundwork_model_fallbacks_total", help, &["provider"]).expect(ONCE)
});
static BREAKER: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    let help = "Circuit breaker: 0 closed, 1 half open, 2 open";
    register_int_gauge_vec!("groundwork_provider_breaker_state", help, &["provider"]).expect(ONCE)
});

/// A call under way; counts down when it is dropped, however the call ends.
pub(crate) struct InFlight(ProviderId);

impl InFlight {
    pub(crate) fn begin(provider: ProviderId) -> Self {
        IN_FLIGHT.with_label_values(&[provider.as_str()]).inc();
        Self(provider)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        IN_FLIGHT.with_label_values(&[self.0.as_str()]).dec();
    }
}

pub(crate) fn replied(agent: &str, reply: &ModelReply, cost: Option<Decimal>) {
    let labels = [reply.provider.as_str(), reply.model.as_str()];
    CALLS.with_label_values(&[labels[0], labels[1], agent, "ok"]).inc();
    DURATION.with_label_values(&labels).observe(seconds(reply.duration_ms));
    if let Some(first) = reply.first_token_ms {
        FIRST_TOKEN.with_label_values(&labels).observe(seconds(first));
    }
    used(reply.provider, &reply.model, &reply.tokens, cost);
}

pub(crate) fn failed(agent: &str, provider: ProviderId, model: &str, error: &CallError) {
    CALLS.with_label_values(&[provider.as_str(), model, agent, error.code()]).inc();
}

pub(crate) fn used(provider: ProviderId, model: &str, tokens: &Tokens, cost: Option<Decimal>) {
    let counters = [
        ("input", tokens.input),
        ("cache_write_5m", tokens.cache_write_5m),
        ("cache_write_1h", tokens.cache_write_1h),
        ("cache_read", tokens.cache_read),
        ("output", tokens.output),
    ];
    for (kind, count) in counters {
        TOKENS.with_label_values(&[provider.as_str(), model, kind]).inc_by(count);
    }
    if let Some(dollars) = cost.and_then(|cost| cost.to_f64()) {
        COST.with_label_values(&[provider.as_str(), model]).inc_by(dollars);
    }
}

pub(crate) fn fell_back(from: ProviderId) {
    FALLBACKS.with_label_values(&[from.as_str()]).inc();
}

pub(crate) fn breaker(provider: ProviderId, state: BreakerState) {
    let number = match state {
        BreakerState::Closed => 0,
        BreakerState::HalfOpen => 1,
        BreakerState::Open => 2,
    };
    BREAKER.with_label_values(&[provider.as_str()]).set(number);
}

fn seconds(ms: u64) -> f64 {
    Duration::from_millis(ms).as_secs_f64()
}
