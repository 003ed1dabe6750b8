use crate::fakes::{End, Fake, Scripted};
use crate::wire::{call, request, settings};
use groundwork_agents::breaker::{BreakerSettings, BreakerState};
use groundwork_agents::{Agents, CallError, CancellationToken, ModelRequest};
use groundwork_domain::agent;
use groundwork_domain::ids::Timestamp;
use groundwork_domain::model::{Models, ProviderId};
use std::time::Duration;

const ANTHROPIC_OK: &str = r#"{"content":[{"type":"text","text":"from anthropic"}],"stop_reason":"end_turn","usage":{"input_tokens":3,"output_tokens":2}}"#;
const OPENAI_OK: &str = r#"{"choices":[{"message":{"content":"from openai"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2}}"#;
const BAD: &str = r#"{"error":{"message":"no"}}"#;

fn whole() -> ModelRequest {
    ModelRequest { stream: false, ..request() }
}

async fn two(anthropic: Vec<Scripted>, openai: Vec<Scripted>) -> (Fake, Fake, Agents) {
    let (one, other) = (Fake::start(anthropic).await, Fake::start(openai).await);
    let agents = Agents::new(settings(Some(&one), Some(&other))).unwrap();
    (one, other, agents)
}

fn ok(body: &str) -> Scripted {
    Scripted::json(200, body)
}

#[tokio::test]
async fn the_first_choice_answers_while_it_works() {
    let (_one, other, agents) = two(vec![ok(ANTHROPIC_OK)], vec![]).await;
    let reply = call(&agents, whole()).await.0.unwrap();
    assert_eq!(
        (reply.provider, reply.fallback, reply.model.as_str()),
        (ProviderId::Anthropic, false, "claude-haiku-5-5")
    );
    assert_eq!(other.calls(), 0);
}

#[tokio::test]
async fn an_overloaded_provider_is_stood_in_for_with_a_simpler_prompt() {
    for status in [529, 503, 500] {
        let (_one, other, agents) = two(vec![Scripted::json(status, BAD)], vec![ok(OPENAI_OK)]).await;
        let reply = call(&agents, whole()).await.0.unwrap();
        assert_eq!((reply.provider, reply.fallback), (ProviderId::OpenAi, true));
        assert_eq!(other.asked().body["messages"][0]["content"], "governance\n\nrole", "without the example");
    }
}

#[tokio::test]
async fn what_time_or_a_person_mends_is_not_handed_on() {
    for status in [429, 400, 401] {
        let (_one, other, agents) = two(vec![Scripted::json(status, BAD)], vec![]).await;
        assert!(call(&agents, whole()).await.0.is_err());
        assert_eq!(other.calls(), 0, "{status}");
    }
}

#[tokio::test]
async fn once_text_was_written_nobody_stands_in() {
    let begun =
        "data: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"Half\"}}\n\n";
    let (_one, other, agents) = two(vec![Scripted::stream(&[begun]).end(End::Cut)], vec![]).await;
    let (outcome, written) = call(&agents, request()).await;
    assert!(matches!(outcome, Err(CallError::Interrupted { .. })));
    assert_eq!((written.as_str(), other.calls()), ("Half", 0));
}

#[tokio::test]
async fn when_both_fail_the_first_failure_that_time_mends_is_told() {
    let (_one, other, agents) = two(vec![Scripted::json(529, BAD)], vec![Scripted::json(401, BAD)]).await;
    let error = call(&agents, whole()).await.0.unwrap_err();
    assert!(matches!(error, CallError::Overloaded { provider: ProviderId::Anthropic, .. }), "{error:?}");
    assert_eq!(other.calls(), 1);
}

#[tokio::test]
async fn five_failures_open_the_breaker_and_a_probe_closes_it() {
    let failures = (0..5).map(|_| Scripted::json(500, BAD)).collect();
    let answers = (0..6).map(|_| ok(OPENAI_OK)).collect();
    let (one, other) = (Fake::start(failures).await, Fake::start(answers).await);
    let mut settings = settings(Some(&one), Some(&other));
    settings.breaker = BreakerSettings { failures_max: 5, open_for: Duration::from_millis(300) };
    let agents = Agents::new(settings).unwrap();
    for _ in 0..5 {
        assert!(call(&agents, whole()).await.0.unwrap().fallback);
    }
    let health = &agents.health()[0];
    assert_eq!((health.failures, health.calls, health.calls_failed), (5, 5, 5));
    assert_eq!(health.last_error.as_deref(), Some("provider_unavailable"));
    // Until the breaker is half open the first choice is not asked; then one good answer closes it.
    one.push(ok(ANTHROPIC_OK));
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    loop {
        other.push(ok(OPENAI_OK));
        let reply = call(&agents, whole()).await.0.unwrap();
        if !reply.fallback {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "the breaker never let a probe pass");
        tokio::task::yield_now().await;
    }
    assert_eq!(one.calls(), 6, "no call went to the open provider");
    assert_eq!(agents.health()[0].breaker, BreakerState::Closed);
}

#[tokio::test]
async fn with_all_breakers_open_the_call_is_put_off() {
    let one = Fake::start(vec![Scripted::json(500, BAD)]).await;
    let mut settings = settings(Some(&one), None);
    settings.breaker.failures_max = 1;
    let agents = Agents::new(settings).unwrap();
    assert!(matches!(call(&agents, whole()).await.0, Err(CallError::ServerError { .. })));
    let error = call(&agents, whole()).await.0.unwrap_err();
    assert!(matches!(error, CallError::Unavailable { .. }) && error.retryable(), "{error:?}");
    assert!(error.retry_after().unwrap() > Duration::from_secs(1));
    assert_eq!(one.calls(), 1);
}

#[tokio::test]
async fn the_critic_is_of_another_vendor_than_the_writer() {
    let critic = agent::find("critic").unwrap();
    let (_one, _other, agents) = two(vec![], vec![]).await;
    let choice = |avoid| agents.first_choice(critic, &ModelRequest { avoid, ..whole() }).unwrap().provider;
    assert_eq!(choice(None), ProviderId::OpenAi);
    assert_eq!(choice(Some(ProviderId::Anthropic)), ProviderId::OpenAi);
    assert_eq!(choice(Some(ProviderId::OpenAi)), ProviderId::Anthropic, "a stand-in wrote it");
    let one = Fake::start(vec![]).await;
    let alone = Agents::new(settings(Some(&one), None)).unwrap();
    let model = alone.first_choice(critic, &whole()).unwrap();
    assert_eq!(model.id, "claude-opus-5-5", "with one vendor at least another model");
}

#[tokio::test]
async fn a_person_may_name_a_model_and_learns_what_is_wrong_with_the_name() {
    let (_one, other, agents) = two(vec![], vec![ok(OPENAI_OK)]).await;
    let named = |name: &str| ModelRequest { model: Some(name.into()), ..whole() };
    let reply = call(&agents, named("gpt-4o-mini")).await.0.unwrap();
    assert_eq!((reply.model.as_str(), reply.fallback), ("gpt-5.6-luna", false));
    assert_eq!(other.asked().body["model"], "gpt-5.6-luna");
    let error = call(&agents, named("gpt-99")).await.0.unwrap_err();
    assert_eq!((error.code(), error.retryable()), ("unknown_model", false));
    assert!(error.to_string().starts_with("retry.model names the model `gpt-99`"), "{error}");
    let one = Fake::start(vec![]).await;
    let alone = Agents::new(settings(Some(&one), None)).unwrap();
    let error = call(&alone, named("gpt-4o")).await.0.unwrap_err();
    assert_eq!(error.code(), "no_provider_key");
}

#[tokio::test]
async fn without_a_provider_the_error_names_the_settings() {
    let agents = Agents::new(settings(None, None)).unwrap();
    let error = call(&agents, whole()).await.0.unwrap_err();
    assert_eq!(error.code(), "no_provider_key");
    assert!(error.to_string().contains("ANTHROPIC_API_KEY or OPENAI_API_KEY"), "{error}");
    assert!(agents.health().iter().all(|health| !health.configured));
}

#[tokio::test]
async fn what_does_not_fit_is_refused_before_the_call() {
    let one = Fake::start(vec![]).await;
    let mut settings = settings(Some(&one), None);
    let small = include_str!("../../../domain/models.toml")
        .replace("context_window_tokens = 1_000_000", "context_window_tokens = 130_000");
    settings.models = Models::parse(&small).unwrap();
    let agents = Agents::new(settings).unwrap();
    let mut long = whole();
    long.user[0].text = "x".repeat(400_000);
    let error = call(&agents, long).await.0.unwrap_err();
    assert_eq!((error.code(), error.retryable(), one.calls()), ("context_too_large", false, 0));
    assert!(error.to_string().contains("takes 126000 beside its answer"), "{error}");
}

#[tokio::test]
async fn calls_beyond_the_limit_wait_their_turn() {
    let one = Fake::start((0..6).map(|_| ok(ANTHROPIC_OK)).collect()).await;
    let mut settings = settings(Some(&one), None);
    settings.anthropic.as_mut().unwrap().concurrent_calls_max = 2;
    let agents = Agents::new(settings).unwrap();
    let outcomes = futures::future::join_all((0..6).map(|_| call(&agents, whole()))).await;
    assert!(outcomes.iter().all(|(outcome, _)| outcome.is_ok()));
    assert!(one.under_way_max() <= 2);

    let cancel = CancellationToken::new();
    cancel.cancel();
    let elicitor = agent::find("elicitor").unwrap();
    let error = agents.call(elicitor, whole(), &mut |_: &str| {}, &cancel).await.unwrap_err();
    assert!(matches!(error, CallError::Cancelled { interruption: None }), "nothing was sent: {error:?}");
    assert_eq!(one.calls(), 6);
}

#[tokio::test]
async fn a_reservation_covers_the_dearest_candidate() {
    let (_one, _other, agents) = two(vec![], vec![]).await;
    let elicitor = agent::find("elicitor").unwrap();
    let at = Timestamp(1_795_000_000_000);
    let most = agents.cost_max(elicitor, &whole(), at).unwrap().unwrap();
    let each = agents
        .models()
        .tier(elicitor.tier)
        .map(|model| model.cost_max(whole().prompt_tokens_max(), 4_000, at).unwrap());
    assert_eq!(Some(most), each.max());
    let unpriced = ModelRequest { model: Some("gpt-5.6-sol".into()), ..whole() };
    assert_eq!(agents.cost_max(elicitor, &unpriced, at).unwrap(), None);
}

#[tokio::test]
async fn the_numbers_are_in_the_default_registry() {
    let (_one, _other, agents) = two(vec![ok(ANTHROPIC_OK)], vec![]).await;
    call(&agents, whole()).await.0.unwrap();
    let names: Vec<String> = prometheus::gather().iter().map(|family| family.name().to_owned()).collect();
    for name in [
        "groundwork_model_calls_total",
        "groundwork_model_tokens_total",
        "groundwork_model_cost_usd_total",
        "groundwork_model_call_seconds",
        "groundwork_provider_breaker_state",
    ] {
        assert!(names.iter().any(|found| found == name), "{name} is not in {names:?}");
    }
}
