#![allow(clippy::unwrap_used)]
use super::*;
use crate::call::StopReason;
use groundwork_domain::model::{ProviderId, Tokens};
use serde_json::{Value, json};

fn job() -> Job {
    Job {
        planned: vec!["a.ts".into(), "b.ts".into()],
        requirements: vec!["FR-001".into()],
        may_ask: false,
        limits: FileLimits { file_bytes_max: 10, total_bytes_max: 25, files_max: 3 },
    }
}

fn reply(calls: &[(&str, Value)], stop_reason: StopReason) -> ModelReply {
    let part = |(index, (name, arguments)): (usize, &(&str, Value))| {
        let arguments = arguments.as_str().map_or_else(|| arguments.to_string(), str::to_owned);
        Part::Call(ToolCall { id: format!("c{index}"), name: (*name).to_owned(), arguments })
    };
    ModelReply {
        text: String::new(),
        parts: calls.iter().enumerate().map(part).collect(),
        stop_reason,
        tokens: Tokens::default(),
        estimated: false,
        usage_raw: Value::Null,
        request_id: None,
        model: "m".into(),
        provider: ProviderId::Anthropic,
        duration_ms: 0,
        first_token_ms: None,
        rate_limits: Vec::new(),
        simulated: true,
        fallback: false,
    }
}

fn calls(calls: &[(&str, Value)]) -> ModelReply {
    reply(calls, StopReason::ToolUse)
}

fn files(files: &[(&str, &str)]) -> Value {
    let file = |(path, content): &(&str, &str)| json!({"path": path, "content": content});
    json!({"files": files.iter().map(file).collect::<Vec<_>>()})
}

/// Content and whether it is an error, of each result.
fn told(next: Next) -> Vec<(String, bool)> {
    match next {
        Next::Again(Turn::Results { results }) => {
            results.into_iter().map(|one| (one.content, one.is_error)).collect()
        }
        other => panic!("{other:?}"),
    }
}

fn finish(files: &[&str]) -> Value {
    json!({"summary": "Done.", "coverage": [{"requirement": "FR-001", "files": files}]})
}

#[test]
fn files_are_written_read_listed_and_handed_in() {
    let mut bench = Bench::new(job(), &[]);
    let told_first = told(bench.answer(&calls(&[
        ("list_files", json!("")),
        ("write_files", files(&[("a.ts", "1"), ("../x", "2"), ("b.ts", "12345678901")])),
        ("read_file", json!({"path": "a.ts"})),
        ("read_file", json!({"path": "/etc/passwd"})),
    ])));
    assert_eq!(told_first[0], ("No files yet.".to_owned(), false));
    assert!(told_first[1].1 && told_first[1].0.contains("`../x` is refused"), "{told_first:?}");
    assert!(
        told_first[1].0.contains("at most 10") && told_first[1].0.contains("1 written"),
        "{told_first:?}"
    );
    assert_eq!(told_first[2], ("1".to_owned(), false));
    assert!(told_first[3].1);
    let told_next = told(bench.answer(&calls(&[("finish", finish(&["a.ts"]))])));
    assert!(told_next[0].1 && told_next[0].0.contains("b.ts"), "a planned file is missing: {told_next:?}");
    let last = calls(&[("write_files", files(&[("b.ts", "2")])), ("finish", finish(&["a.ts"]))]);
    let Next::Done { files, manifest } = bench.answer(&last) else { panic!("not done") };
    assert_eq!((files.len(), manifest.files.len(), manifest.bytes()), (2, 2, 2));
    assert_eq!((manifest.summary.as_str(), manifest.gaps.len()), ("Done.", 0));
}

#[test]
fn what_is_never_mended_is_taken_and_written_down() {
    let mut bench = Bench::new(job(), &[]);
    let nothing = told(bench.answer(&calls(&[("finish", finish(&["a.ts"]))])));
    assert!(nothing[0].0.contains("no files"), "without files nothing is ever finished");
    bench.answer(&calls(&[("write_files", files(&[("a.ts", "1")]))]));
    let poor = calls(&[("finish", json!({"summary": "x", "coverage": []}))]);
    for _ in 0..2 {
        assert!(told(bench.answer(&poor))[0].1);
    }
    let Next::Done { manifest, .. } = bench.answer(&poor) else { panic!("not done") };
    assert!(manifest.gaps.iter().any(|gap| gap.contains("b.ts")), "{:?}", manifest.gaps);
    assert!(manifest.gaps.iter().any(|gap| gap.contains("FR-001")), "{:?}", manifest.gaps);
}

#[test]
fn calls_that_cannot_be_read_are_told_and_do_nothing() {
    let mut bench = Bench::new(job(), &[]);
    let odd = [
        ("write_files", json!("{\"files\":[{\"path\":\"a")),
        ("write_files", json!({"files": []})),
        ("write_files", json!({"files": [{"path": "a", "content": "x", "mode": "120777"}]})),
        ("write_files", json!("[]")),
        ("run", json!({"command": "rm -rf /"})),
        ("finish", json!({"summary": "", "coverage": []})),
        ("finish", json!({"summary": "x", "coverage": [{"requirement": "FR-001", "files": ["../x"]}]})),
        ("ask_person", json!({"question": "Which?"})),
        ("read_file", json!({})),
    ];
    let answers = told(bench.answer(&calls(&odd)));
    assert!(answers.iter().all(|(_, is_error)| *is_error), "{answers:?}");
    assert_eq!(bench.size(), (0, 0));
    let cut = reply(&[("write_files", json!("{\"files\":[{\"pa"))], StopReason::MaxTokens);
    assert!(told(bench.answer(&cut))[0].0.contains("cut at its limit"));
    let silent = reply(&[], StopReason::EndTurn);
    assert!(matches!(bench.answer(&silent), Next::Again(Turn::User { .. })));
}

#[test]
fn a_person_is_asked_and_what_else_was_called_is_done() {
    let mut bench = Bench::new(Job { may_ask: true, ..job() }, &[]);
    let asked = bench.answer(&calls(&[
        ("write_files", files(&[("a.ts", "1")])),
        ("ask_person", json!({"question": "Which currency?", "reason": "Prices."})),
    ]));
    let Next::Ask { question, call_id, results } = asked else { panic!("{asked:?}") };
    assert_eq!((question.question.as_str(), call_id.as_str(), results.len()), ("Which currency?", "c1", 1));
    assert_eq!(bench.size(), (1, 1));
    let names: Vec<_> = file_tools(true).into_iter().map(|tool| tool.name).collect();
    assert_eq!(names, ["write_files", "read_file", "list_files", "finish", "ask_person"]);
    let question = super::question(&calls(&[("ask_person", json!({"question": "Which?"}))])).unwrap();
    assert_eq!(question.map(|(id, one)| (id, one.question)), Some(("c0".to_owned(), "Which?".to_owned())));
    assert!(super::question(&calls(&[("write_files", files(&[("a", "b")]))])).is_err());
    assert_eq!(super::question(&reply(&[], StopReason::EndTurn)), Ok(None));
}

#[test]
fn the_same_replies_leave_the_same_files_and_earlier_ones_are_kept() {
    let replies = [
        calls(&[("write_files", files(&[("a.ts", "1"), ("A.ts", "2")]))]),
        calls(&[("write_files", files(&[("b.ts", "3"), ("a.ts", "4")]))]),
        calls(&[("finish", finish(&["b.ts"]))]),
    ];
    let run = || {
        let mut bench = Bench::new(job(), &[]);
        let all: Vec<Next> = replies.iter().map(|reply| bench.answer(reply)).collect();
        all
    };
    assert_eq!(run(), run());
    let Some(Next::Done { files, .. }) = run().pop() else { panic!("not done") };
    let mut again = Bench::new(job(), &files);
    assert_eq!(again.size().0, 2);
    assert_eq!(told(again.answer(&calls(&[("read_file", json!({"path": "a.ts"}))])))[0].0, "4");
}
