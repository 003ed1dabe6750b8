use crate::fakes::{End, Scripted};
use crate::wire::{KEY, WIRES, call, request, settings};
use groundwork_agents::{
    Agents, AgentsSettings, CallError, CancellationToken, ModelRequest, ProviderSettings, StopReason,
};
use groundwork_domain::agent;
use groundwork_domain::model::{ProviderId, Tokens};
use secrecy::SecretString;
use std::time::Duration;

#[tokio::test]
async fn a_stream_is_read_whatever_it_is_split_at() {
    for wire in WIRES {
        let parts = [
            wire.begin(),
            &wire.delta("Grüße, "),
            &wire.delta("世界 🌍"),
            &wire.finish(wire.reason("end_turn", "stop")),
        ];
        for size in [1, 2, 3, 7, 10_000] {
            let scripted = Scripted::stream(&parts).header("x-groundwork-simulated", "true").pieces_of(size);
            let (_fake, agents) = wire.fake(scripted).await;
            let (outcome, written) = call(&agents, request()).await;
            let reply = outcome.unwrap();
            assert_eq!(reply.text, "Grüße, 世界 🌍", "{wire:?} in pieces of {size}");
            assert_eq!(written, reply.text);
            assert_eq!((reply.tokens, reply.estimated), (wire.counted(), false));
            assert_eq!((reply.stop_reason, reply.provider), (StopReason::EndTurn, wire.id));
            assert_eq!(reply.request_id.as_deref(), Some("req_1"));
            assert!(reply.simulated && !reply.fallback && reply.first_token_ms.is_some());
            assert!(reply.usage_raw.is_object());
        }
    }
}

#[tokio::test]
async fn what_is_sent_to_anthropic() {
    let wire = WIRES[0];
    let (fake, agents) = wire.fake(Scripted::stream(&[wire.begin(), &wire.finish("end_turn")])).await;
    call(&agents, request().with_repair("", "again")).await.0.unwrap();
    let asked = fake.asked();
    assert_eq!(asked.path, "/v1/messages");
    assert_eq!(asked.headers["x-api-key"], KEY);
    assert_eq!(asked.headers["anthropic-version"], "2023-06-01");
    assert_eq!(asked.headers["x-groundwork-call-key"], "p/questions/1/1");
    assert_eq!(asked.headers["x-groundwork-agent"], "elicitor");
    // Whether serde_json keeps or sorts fields depends on what else is built; the snapshot must not.
    insta::with_settings!({sort_maps => true}, { insta::assert_json_snapshot!("anthropic_request", asked.body) });
}

#[tokio::test]
async fn what_is_sent_to_openai() {
    let wire = WIRES[1];
    let (fake, agents) = wire.fake(Scripted::stream(&[wire.begin(), &wire.finish("stop")])).await;
    call(&agents, request().with_repair("old", "again")).await.0.unwrap();
    let asked = fake.asked();
    assert_eq!(asked.path, "/v1/chat/completions");
    assert_eq!(asked.headers["authorization"], format!("Bearer {KEY}"));
    assert_eq!(asked.headers["x-groundwork-call-key"], "p/questions/1/1");
    // Whether serde_json keeps or sorts fields depends on what else is built; the snapshot must not.
    insta::with_settings!({sort_maps => true}, { insta::assert_json_snapshot!("openai_request", asked.body) });
}

#[tokio::test]
async fn an_answer_in_one_piece() {
    let bodies = [
        r#"{"content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"Yes."}],"stop_reason":"end_turn","usage":{"input_tokens":3,"output_tokens":2}}"#,
        r#"{"choices":[{"message":{"content":"Yes."},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2}}"#,
    ];
    for (wire, body) in WIRES.into_iter().zip(bodies) {
        let (fake, agents) = wire.fake(Scripted::json(200, body)).await;
        let (outcome, written) = call(&agents, ModelRequest { stream: false, ..request() }).await;
        let reply = outcome.unwrap();
        assert_eq!((reply.text.as_str(), written.as_str()), ("Yes.", "Yes."), "{wire:?}");
        assert_eq!(reply.tokens, Tokens { input: 3, output: 2, ..Tokens::default() });
        assert_eq!(fake.asked().body["stream"], false);
    }
}

#[tokio::test]
async fn thinking_unknown_events_and_unknown_reasons_are_tolerated() {
    let wire = WIRES[0];
    let odd = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"hm\"}}\n\nevent: news\ndata: {\"type\":\"news\",\"a\":1}\n\n: a comment\n\n";
    let (_fake, agents) =
        wire.fake(Scripted::stream(&[wire.begin(), odd, &wire.delta("x"), &wire.finish("pause_turn")])).await;
    let reply = call(&agents, request()).await.0.unwrap();
    assert_eq!((reply.text.as_str(), reply.stop_reason), ("x", StopReason::Other("pause_turn".into())));

    let wire = WIRES[1];
    let (_fake, agents) =
        wire.fake(Scripted::stream(&[wire.begin(), &wire.delta("x"), &wire.finish("eos")])).await;
    let reply = call(&agents, request()).await.0.unwrap();
    assert_eq!(reply.stop_reason, StopReason::Other("eos".into()));
}

#[tokio::test]
async fn a_cut_answer_is_no_whole_one_and_a_refusal_is_an_error_that_is_paid() {
    for wire in WIRES {
        let cut =
            [wire.begin(), &wire.delta("verdict: pass"), &wire.finish(wire.reason("max_tokens", "length"))];
        let (_fake, agents) = wire.fake(Scripted::stream(&cut)).await;
        let reply = call(&agents, request()).await.0.unwrap();
        assert!(reply.is_cut());
        let error = groundwork_agents::parse::whole(&reply).unwrap_err().to_string();
        assert!(error.contains("a reply cut after 20 tokens"), "{error}");

        let refused =
            [wire.begin(), &wire.delta("No."), &wire.finish(wire.reason("refusal", "content_filter"))];
        let (_fake, agents) = wire.fake(Scripted::stream(&refused)).await;
        let error = call(&agents, request()).await.0.unwrap_err();
        assert_eq!((error.code(), error.retryable()), ("provider_refused", false));
        assert!(matches!(error, CallError::Refused { reply } if reply.tokens == wire.counted()));
    }
}

#[tokio::test]
async fn an_error_in_the_stream_counts_by_whether_text_had_come() {
    for wire in WIRES {
        let early = [wire.begin(), &wire.error_event("overloaded_error")];
        let (_fake, agents) = wire.fake(Scripted::stream(&early)).await;
        let error = call(&agents, request()).await.0.unwrap_err();
        assert!(matches!(error, CallError::Overloaded { .. }), "{wire:?} {error:?}");

        let late = [wire.begin(), &wire.delta("Half of"), &wire.error_event("overloaded_error")];
        let (_fake, agents) = wire.fake(Scripted::stream(&late)).await;
        let error = call(&agents, request()).await.0.unwrap_err();
        assert!(error.retryable());
        let left = error.interruption().unwrap();
        assert_eq!(left.partial, "Half of");
        assert!(left.tokens.prompt() > 0 && left.tokens.output >= 3, "{left:?}");
        assert!(error.to_string().contains("overloaded_error: Overloaded"), "{error}");
    }
}

#[tokio::test]
async fn a_stream_that_breaks_leaves_what_there_was() {
    for wire in WIRES {
        for end in [End::Clean, End::Cut] {
            let scripted = Scripted::stream(&[wire.begin(), &wire.delta("Half of")]).end(end);
            let (_fake, agents) = wire.fake(scripted).await;
            let (outcome, written) = call(&agents, request()).await;
            let error = outcome.unwrap_err();
            assert!(matches!(error, CallError::Interrupted { .. }), "{wire:?} {error:?}");
            assert_eq!(
                (error.interruption().unwrap().partial.as_str(), written.as_str()),
                ("Half of", "Half of")
            );
        }
        let garbled = Scripted::stream(&[wire.begin(), &wire.delta("x"), "data: {nonsense\n\n"]);
        let (_fake, agents) = wire.fake(garbled).await;
        assert!(matches!(call(&agents, request()).await.0, Err(CallError::Interrupted { .. })));
    }
}

#[tokio::test]
async fn missing_usage_is_estimated_and_said_to_be() {
    let streams = [
        [
            "data: {\"type\":\"message_start\",\"message\":{}}\n\n",
            "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\ndata: {\"type\":\"message_stop\"}\n\n",
        ],
        ["", "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"],
    ];
    for (wire, [begin, end]) in WIRES.into_iter().zip(streams) {
        let (_fake, agents) = wire.fake(Scripted::stream(&[begin, &wire.delta("twelve bytes"), end])).await;
        let reply = call(&agents, request()).await.0.unwrap();
        assert!(reply.estimated && reply.usage_raw.is_null(), "{wire:?}");
        assert_eq!(reply.tokens.output, 4);
        assert_eq!(reply.tokens.input, request().prompt_tokens_estimate());
    }
}

#[tokio::test]
async fn failed_answers_are_sorted_with_delay_and_request_id() {
    let limit = r#"{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}"#;
    let delays = [
        ("retry-after-ms", "1500", Duration::from_millis(1_500)),
        ("retry-after", "7", Duration::from_secs(7)),
        ("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT", Duration::ZERO),
    ];
    for wire in WIRES {
        for (name, value, expected) in delays {
            let (_fake, agents) = wire.fake(Scripted::json(429, limit).header(name, value)).await;
            let error = call(&agents, request()).await.0.unwrap_err();
            assert!(matches!(error, CallError::RateLimited { .. }), "{wire:?} {error:?}");
            assert_eq!((error.retry_after(), error.request_id()), (Some(expected), Some("req_2")));
        }
        for (status, body, code, retryable) in [
            (529, r#"{"error":{"type":"overloaded_error","message":"busy"}}"#, "provider_unavailable", true),
            (500, "<html>oops</html>", "provider_unavailable", true),
            (
                400,
                r#"{"error":{"type":"invalid_request_error","message":"bad"}}"#,
                "provider_rejected_request",
                false,
            ),
            (
                400,
                r#"{"error":{"message":"x","code":"context_length_exceeded"}}"#,
                "context_too_large",
                false,
            ),
            (
                401,
                r#"{"error":{"message":"Incorrect API key provided: sk-test-very-secret"}}"#,
                "provider_rejected_key",
                false,
            ),
            (402, r#"{"error":{"type":"billing_error","message":"pay"}}"#, "provider_rejected_key", false),
            (404, r#"{"error":{"message":"model: claude-x"}}"#, "unknown_model", false),
        ] {
            let (_fake, agents) = wire.fake(Scripted::json(status, body)).await;
            let error = call(&agents, request()).await.0.unwrap_err();
            assert_eq!((error.code(), error.retryable()), (code, retryable), "{wire:?} {status} {error:?}");
            assert!(!format!("{error} {error:?}").contains("very-secret"), "{error:?}");
        }
    }
}

#[tokio::test]
async fn a_cancelled_call_closes_the_connection_and_tells_what_there_was() {
    for wire in WIRES {
        let (fake, agents) =
            wire.fake(Scripted::stream(&[wire.begin(), &wire.delta("Half of")]).end(End::Hang)).await;
        let cancel = CancellationToken::new();
        let on_text = cancel.clone();
        let elicitor = agent::find("elicitor").unwrap();
        let error =
            agents.call(elicitor, request(), &mut |_: &str| on_text.cancel(), &cancel).await.unwrap_err();
        assert_eq!((error.code(), error.retryable()), ("cancelled", false));
        assert_eq!(error.interruption().unwrap().partial, "Half of");
        fake.is_idle().await;
        assert_eq!(agents.health()[wire.id as usize].failures, 0, "a cancelled call is nobody's failure");
    }
}

#[tokio::test]
async fn a_dropped_call_closes_the_connection() {
    for wire in WIRES {
        let (fake, agents) =
            wire.fake(Scripted::stream(&[wire.begin(), &wire.delta("x")]).end(End::Hang)).await;
        let began = tokio::sync::Notify::new();
        let (cancel, elicitor) = (CancellationToken::new(), agent::find("elicitor").unwrap());
        let mut sink = |_: &str| began.notify_one();
        tokio::select! {
            _ = agents.call(elicitor, request(), &mut sink, &cancel) => panic!("it cannot end"),
            () = began.notified() => {}
        }
        fake.is_idle().await;
    }
}

#[tokio::test]
async fn silence_ends_a_call() {
    let impatient = |settings: &mut AgentsSettings| settings.timeouts.idle = Duration::from_millis(1_500);
    for wire in WIRES {
        let scripted = Scripted::stream(&[wire.begin(), &wire.delta("Half of")]).end(End::Hang);
        let (_fake, agents) = wire.fake_with(scripted, impatient).await;
        let error = call(&agents, request()).await.0.unwrap_err();
        assert_eq!(error.interruption().unwrap().partial, "Half of", "{error:?}");
    }
    // A server that accepts and never answers.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let mut settings = settings(None, None);
    impatient(&mut settings);
    settings.anthropic = Some(ProviderSettings::new(ProviderId::Anthropic, Some(address), None));
    let error = call(&Agents::new(settings).unwrap(), request()).await.0.unwrap_err();
    assert!(matches!(error, CallError::Timeout { .. }), "{error:?}");
}

#[tokio::test]
async fn nobody_at_the_address_is_a_network_failure() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    for id in ProviderId::ALL {
        let mut settings = settings(None, None);
        let provider = Some(ProviderSettings::new(id, Some(address.clone()), Some(SecretString::from(KEY))));
        match id {
            ProviderId::Anthropic => settings.anthropic = provider,
            ProviderId::OpenAi => settings.openai = provider,
        }
        assert!(!format!("{settings:?}").contains("very-secret"));
        let error = call(&Agents::new(settings).unwrap(), request()).await.0.unwrap_err();
        assert!(matches!(error, CallError::Network { .. }), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("very-secret"));
    }
}

#[tokio::test]
async fn a_key_that_cannot_be_a_header_is_rejected_like_a_wrong_one() {
    let unauthorised = r#"{"error":{"message":"invalid x-api-key"}}"#;
    for wire in WIRES {
        let (fake, agents) = wire
            .fake_with(Scripted::json(401, unauthorised), |settings| {
                for provider in [&mut settings.anthropic, &mut settings.openai].into_iter().flatten() {
                    provider.api_key = Some(SecretString::from("sk-\u{7}bell"));
                }
            })
            .await;
        assert_eq!(call(&agents, request()).await.0.unwrap_err().code(), "provider_rejected_key", "{wire:?}");
        assert_eq!(fake.calls(), 1);
    }
}
