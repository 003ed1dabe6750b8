//! Calls with keys of one's own: they reach the header, take the platform's place, and are never shown.

use crate::fakes::{Fake, Scripted};
use crate::wire::{call, request, settings};
use groundwork_agents::{Agents, KeyAccess, KeySource, ModelRequest, OfferedKey};
use groundwork_domain::agent;
use groundwork_domain::ids::Timestamp;
use groundwork_domain::model::ProviderId;
use groundwork_domain::sealed::KeyRing;

const OWN: &str = "sk-own-of-a-person-0123456789";
const ANTHROPIC_OK: &str = r#"{"content":[{"type":"text","text":"yes"}],"stop_reason":"end_turn","usage":{"input_tokens":3,"output_tokens":2}}"#;
const OPENAI_OK: &str = r#"{"choices":[{"message":{"content":"yes"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2}}"#;

fn ring() -> KeyRing {
    KeyRing::derive(&["an installation's secret".into()]).unwrap()
}

fn with_own(provider: ProviderId) -> ModelRequest {
    let sealed = ring().seal("row", [9; 12], &OWN.into()).unwrap();
    let offered = OfferedKey { provider, source: KeySource::User, row: "row".into(), sealed };
    let keys = KeyAccess::new(ring(), false).resolve(&[offered], true).unwrap();
    ModelRequest { stream: false, ..request() }.with_keys(keys)
}

#[tokio::test]
async fn the_persons_key_is_sent_and_the_platforms_is_not() {
    for (provider, header, wanted) in [
        (ProviderId::Anthropic, "x-api-key", OWN.to_owned()),
        (ProviderId::OpenAi, "authorization", format!("Bearer {OWN}")),
    ] {
        let one = Fake::start(vec![Scripted::json(200, ANTHROPIC_OK)]).await;
        let other = Fake::start(vec![Scripted::json(200, OPENAI_OK)]).await;
        let agents = Agents::new(settings(Some(&one), Some(&other))).unwrap();
        let reply = call(&agents, with_own(provider)).await.0.unwrap();
        assert_eq!(reply.provider, provider, "its key decides who is asked");
        let asked = if provider == ProviderId::Anthropic { one.asked() } else { other.asked() };
        assert_eq!(asked.headers[header], wanted);
    }
}

#[tokio::test]
async fn a_key_that_is_rejected_is_told_and_nobody_else_pays() {
    let one = Fake::start(vec![Scripted::json(401, r#"{"error":{"message":"bad key"}}"#)]).await;
    let other = Fake::start(vec![]).await;
    let agents = Agents::new(settings(Some(&one), Some(&other))).unwrap();
    let error = call(&agents, with_own(ProviderId::Anthropic)).await.0.unwrap_err();
    assert!(
        error.code() == "provider_rejected_key" && error.to_string().contains("your own provider keys"),
        "{error}"
    );
    assert_eq!(other.calls(), 0);
}

#[tokio::test]
async fn without_a_key_of_ones_own_the_error_says_what_to_do() {
    let one = Fake::start(vec![]).await;
    let agents = Agents::new(settings(Some(&one), None)).unwrap();
    let keys = KeyAccess::new(None, false).resolve(&[], true).unwrap();
    let error = call(&agents, request().with_keys(keys)).await.0.unwrap_err();
    assert_eq!(error.code(), "no_provider_key");
    assert!(error.to_string().contains("store one"), "{error}");
}

#[tokio::test]
async fn no_platform_key_at_all_and_a_persons_key_is_enough_to_choose_a_model() {
    let agents = Agents::new(settings(None, None)).unwrap();
    let elicitor = agent::find("elicitor").unwrap();
    assert!(agents.first_choice(elicitor, &request()).is_err());
    let model = agents.first_choice(elicitor, &with_own(ProviderId::OpenAi)).unwrap();
    assert_eq!(model.provider, ProviderId::OpenAi);
    assert!(
        agents.health().iter().all(|health| !health.configured),
        "what people bring is not the platform's"
    );
}

#[tokio::test]
async fn where_money_is_limited_models_without_a_price_are_left_out() {
    let (one, other) = (Fake::start(vec![]).await, Fake::start(vec![]).await);
    let agents = Agents::new(settings(Some(&one), Some(&other))).unwrap();
    let implementer = agent::find("implementer").unwrap();
    let at = Timestamp(1_800_000_000_000);
    assert_eq!(agents.cost_max(implementer, &request(), at).unwrap(), None, "one of its models has no price");
    let priced = ModelRequest { priced_only: true, ..request() };
    assert!(agents.cost_max(implementer, &priced, at).unwrap().is_some());
}

#[test]
fn no_key_is_shown_or_written_down() {
    let request = with_own(ProviderId::Anthropic);
    let shown = format!("{request:?} {}", serde_json::to_string(&request).unwrap());
    assert!(!shown.contains("sk-own"), "{shown}");
}
