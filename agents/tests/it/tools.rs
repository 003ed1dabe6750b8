//! Loops of tool calls on both wires: what is sent, what is read, whatever a stream is split at.

use crate::fakes::Scripted;
use crate::wire::{WIRES, Wire, call, request};
use groundwork_agents::{ModelRequest, Part, StopReason, ToolCall, ToolResult, ToolSpec, Turn};
use groundwork_domain::model::ProviderId;
use serde_json::{Value, json};

const ARGUMENTS: [&str; 2] = [r#"{"path":"grün "#, r#"🌍.md","content":"a\nb"}"#];

fn tools() -> Vec<ToolSpec> {
    vec![ToolSpec {
        name: "write_file".into(),
        description: "Writes a file.".into(),
        schema: json!({"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}),
    }]
}

fn event(value: &Value) -> String {
    match value["type"].as_str() {
        Some(name) => format!("event: {name}\ndata: {value}\n\n"),
        None => format!("data: {value}\n\n"),
    }
}

/// Words, then two calls, the second without arguments.
fn answer(wire: Wire) -> Vec<String> {
    match wire.id {
        ProviderId::Anthropic => {
            let start = |index: u64, block: Value| {
                event(&json!({"type": "content_block_start", "index": index, "content_block": block}))
            };
            let delta = |index: u64, delta: Value| {
                event(&json!({"type": "content_block_delta", "index": index, "delta": delta}))
            };
            let json = |text: &str| delta(2, json!({"type": "input_json_delta", "partial_json": text}));
            vec![
                start(0, json!({"type": "thinking", "thinking": "", "signature": ""})),
                delta(0, json!({"type": "thinking_delta", "thinking": "hm"})),
                delta(0, json!({"type": "signature_delta", "signature": "sig"})),
                start(1, json!({"type": "text", "text": ""})),
                delta(1, json!({"type": "text_delta", "text": "I write."})),
                start(2, json!({"type": "tool_use", "id": "c1", "name": "write_file", "input": {}})),
                json(ARGUMENTS[0]),
                json(ARGUMENTS[1]),
                event(&json!({"type": "content_block_stop", "index": 2})),
                start(3, json!({"type": "tool_use", "id": "c2", "name": "finish", "input": {}})),
                wire.finish("tool_use"),
            ]
        }
        ProviderId::OpenAi => {
            let delta = |delta: Value| {
                event(&json!({"choices": [{"index": 0, "delta": delta, "finish_reason": null}]}))
            };
            let piece = |index: u64, rest: Value| {
                let mut call = json!({"index": index});
                call.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
                delta(json!({"tool_calls": [call]}))
            };
            let named = |id: &str, name: &str| json!({"id": id, "type": "function", "function": {"name": name, "arguments": ""}});
            vec![
                delta(json!({"content": "I write."})),
                piece(0, named("c1", "write_file")),
                piece(0, json!({"function": {"arguments": ARGUMENTS[0]}})),
                piece(0, json!({"function": {"arguments": ARGUMENTS[1]}})),
                piece(1, named("c2", "finish")),
                wire.finish("tool_calls"),
            ]
        }
    }
}

fn calls() -> Vec<ToolCall> {
    let call =
        |id: &str, name: &str, arguments: String| ToolCall { id: id.into(), name: name.into(), arguments };
    vec![call("c1", "write_file", ARGUMENTS.concat()), call("c2", "finish", String::new())]
}

#[tokio::test]
async fn calls_of_tools_are_read_whatever_a_stream_is_split_at() {
    for wire in WIRES {
        let parts = answer(wire);
        let mut all = vec![wire.begin()];
        all.extend(parts.iter().map(String::as_str));
        for size in [1, 3, 10_000] {
            let (_fake, agents) = wire.fake(Scripted::stream(&all).pieces_of(size)).await;
            let (outcome, written) = call(&agents, ModelRequest { tools: tools(), ..request() }).await;
            let reply = outcome.unwrap();
            assert_eq!((reply.text.as_str(), written.as_str()), ("I write.", "I write."), "{wire:?}");
            assert_eq!(reply.stop_reason, StopReason::ToolUse);
            assert_eq!(reply.calls().cloned().collect::<Vec<_>>(), calls());
            let again: Vec<Part> =
                serde_json::from_value(serde_json::to_value(&reply.parts).unwrap()).unwrap();
            assert_eq!(again, reply.parts, "parts are stored and come back");
        }
    }
}

#[tokio::test]
async fn calls_of_tools_come_in_one_piece_too() {
    let bodies = [
        r#"{"content":[{"type":"text","text":"I write."},{"type":"tool_use","id":"c1","name":"write_file","input":{"path":"a"}}],"stop_reason":"tool_use","usage":{"input_tokens":3,"output_tokens":2}}"#,
        r#"{"choices":[{"message":{"content":"I write.","tool_calls":[{"id":"c1","type":"function","function":{"name":"write_file","arguments":"{\"path\":\"a\"}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":3,"completion_tokens":2}}"#,
    ];
    for (wire, body) in WIRES.into_iter().zip(bodies) {
        let (_fake, agents) = wire.fake(Scripted::json(200, body)).await;
        let request = ModelRequest { stream: false, tools: tools(), ..request() };
        let reply = call(&agents, request).await.0.unwrap();
        let arguments: Vec<_> = reply.calls().map(|call| call.arguments.as_str()).collect();
        assert_eq!(arguments, [r#"{"path":"a"}"#], "{wire:?}");
        assert_eq!(reply.text, "I write.");
    }
}

/// The turns after an answer like the one above, with a call that was cut.
fn loop_request() -> ModelRequest {
    let thinking = json!({"type": "thinking", "thinking": "hm", "signature": "sig"});
    let mut parts = vec![
        Part::Thinking { provider: ProviderId::Anthropic, block: thinking },
        Part::Text { text: "I write. ".into() },
    ];
    parts.extend(calls().into_iter().map(Part::Call));
    parts.push(Part::Call(ToolCall { id: "c3".into(), name: "x".into(), arguments: "{\"cut".into() }));
    let result = |id: &str, content: &str, is_error| ToolResult {
        call_id: id.into(),
        content: content.into(),
        is_error,
    };
    let results =
        vec![result("c1", "written", false), result("c2", "not yet", true), result("c3", "cut", true)];
    let turns = vec![
        Turn::Model { parts },
        Turn::Results { results },
        Turn::Model { parts: Vec::new() },
        Turn::User { text: "Go on.".into() },
    ];
    ModelRequest { tools: tools(), turns, ..request() }
}

#[tokio::test]
async fn what_is_sent_in_a_loop() {
    for (wire, name) in WIRES.into_iter().zip(["anthropic_loop", "openai_loop"]) {
        let (fake, agents) =
            wire.fake(Scripted::stream(&[wire.begin(), &wire.finish(wire.reason("end_turn", "stop"))])).await;
        call(&agents, loop_request()).await.0.unwrap();
        let body = fake.asked().body;
        insta::with_settings!({sort_maps => true}, { insta::assert_json_snapshot!(name, body) });
    }
}

#[test]
fn turns_and_tools_count() {
    let (plain, with) = (request(), loop_request());
    assert!(with.prompt_tokens_estimate() > plain.prompt_tokens_estimate());
    assert_ne!(plain.digest(), with.digest());
    assert_ne!(ModelRequest { tools: tools(), ..request() }.digest(), plain.digest());
}

#[tokio::test]
async fn a_stream_that_breaks_in_a_call_is_an_interruption_and_not_a_call() {
    for wire in WIRES {
        let parts = answer(wire);
        let mut all = vec![wire.begin()];
        all.extend(parts[..parts.len() - 1].iter().map(String::as_str));
        let (_fake, agents) = wire.fake(Scripted::stream(&all).end(crate::fakes::End::Cut)).await;
        let error = call(&agents, ModelRequest { tools: tools(), ..request() }).await.0.unwrap_err();
        let rest = error.interruption().expect("it was begun, so it is paid");
        assert!(error.retryable() && rest.tokens.output >= 10, "{wire:?}: {rest:?}");
    }
}
