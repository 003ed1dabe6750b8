//! The checks themselves: each must find what it is there for.

use super::*;
use crate::database::{Event, ModelCall, ProjectRow, Purchase};

const KEY: &str = "00000000-0000-0000-0000-000000000001/spec/1/1";

fn kill(component: Component, at_ms: i64) -> Kill {
    Kill { component, before_ms: at_ms, gone_ms: at_ms + 5, ready_ms: at_ms + 900 }
}

fn call(seq: u64, started_ms: i64) -> Call {
    Call {
        provider: "anthropic".to_owned(),
        key_end: "0000".to_owned(),
        seq,
        call_key: Some(KEY.to_owned()),
        request_id: format!("req_{seq}"),
        started_ms,
        ended_ms: Some(started_ms + 1_000),
        status: Some(200),
        finished: true,
        hung_up: false,
        input_tokens: 100,
        output_tokens: 10,
    }
}

fn purchase(number: i32, outcome: &str) -> Purchase {
    let (key, outcome, cost_usd) = (KEY.to_owned(), outcome.to_owned(), Decimal::ONE);
    Purchase { key, purchase: number, outcome, input_tokens: 100, output_tokens: 10, cost_usd }
}

fn event(seq: i64, kind: &str) -> Event {
    let event_id = Uuid::new_v5(&Uuid::nil(), kind.as_bytes());
    Event { seq, event_id, kind: kind.to_owned(), cause: "start".to_owned(), item: None }
}

/// A project with one call that was sold once, at 1,000, and stored at 2,001.
fn record() -> Record {
    Record {
        id: Uuid::from_u128(1),
        row: ProjectRow {
            pipeline_id: "promptr".into(),
            phase: "completed".to_owned(),
            workflow_state: "started".to_owned(),
            summary: None,
            cost_usd: Decimal::ONE,
            input_tokens: 100,
            output_tokens: 10,
            model_calls: 1,
            next_seq: 3,
        },
        events: vec![event(1, "status_changed"), event(2, "workflow_completed")],
        calls: vec![ModelCall {
            key: KEY.to_owned(),
            state: "finished".to_owned(),
            purchase: 1,
            request_id: Some("req_1".to_owned()),
            finished_ms: Some(2_001),
            input_tokens: 100,
            output_tokens: 10,
            cost_usd: Decimal::ONE,
        }],
        purchases: vec![purchase(1, "finished")],
        content: vec!["spec".to_owned()],
    }
}

/// A feature whose advice ended, and was then ended by a decision once more.
fn advised(again: bool) -> Record {
    let mut record = record();
    record.row.pipeline_id = "build".to_owned();
    let of = |seq, kind: &str, cause: &str, item: Option<&str>| Event {
        cause: cause.to_owned(),
        item: item.map(str::to_owned),
        event_id: Uuid::from_u128(seq),
        seq: i64::try_from(seq).unwrap_or_default(),
        ..event(0, kind)
    };
    let (advice, decision) = ("stage:plan-advice:2", "command:decide:1");
    record.events = vec![
        of(1, "gate_advised", advice, None),
        of(2, "task_complete", advice, Some("plan-advice:2")),
        of(3, "task_complete", decision, Some("plan:2")),
    ];
    if again {
        record.events.push(of(4, "task_complete", decision, Some("plan-advice:2")));
        record.events.push(of(5, "agent_status_update", decision, Some("plan-advice:2:superseded")));
    }
    record.row.next_seq = i64::try_from(record.events.len()).unwrap_or_default() + 1;
    record
}

#[test]
fn advice_that_is_ended_again_by_a_decision_is_no_other_story() {
    check(&logs(&[advised(true)], &[advised(false)]), &[]);
    let mut never = advised(true);
    never.events[0].kind = "new_message".to_owned();
    check(&logs(&[never], &[advised(false)]), &["without kills"]);
}

/// The same after a worker died at 1,500 and the call was made again at 5,000.
fn record_bought_twice() -> (Record, [Call; 2]) {
    let mut record = record();
    record.purchases = vec![purchase(1, "lost"), purchase(2, "finished")];
    record.row = ProjectRow {
        cost_usd: Decimal::TWO,
        input_tokens: 200,
        output_tokens: 20,
        model_calls: 2,
        ..record.row
    };
    record.calls[0].purchase = 2;
    record.calls[0].request_id = Some("req_2".to_owned());
    record.calls[0].finished_ms = Some(6_001);
    let broken_off = Call { finished: false, hung_up: true, ..call(1, 1_000) };
    (record, [broken_off, call(2, 5_000)])
}

/// What is wrong, each sentence held against a part of it.
fn check(found: &[String], expected: &[&str]) {
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (sentence, part) in found.iter().zip(expected) {
        assert!(sentence.contains(part), "{sentence} does not say: {part}");
    }
}

#[test]
fn nothing_is_wrong_where_nothing_is() {
    let records = [record()];
    check(&completed(&records), &[]);
    check(&logs(&records, &records), &[]);
    check(&contents(&records, &records), &[]);
    check(&purchases(&records, &[call(1, 1_000)], &[]), &[]);
    check(&ledger(&records, &[call(1, 1_000)]), &[]);
}

#[test]
fn a_second_call_needs_a_kill_between_the_two() {
    let (record, calls) = record_bought_twice();
    let records = [record];
    check(&purchases(&records, &calls, &[kill(Component::Worker, 1_500)]), &[]);
    check(&ledger(&records, &calls), &[]);
    let too_late = [kill(Component::Worker, 5_500)];
    let of_the_api = [kill(Component::Api, 1_500)];
    check(
        &purchases(&records, &calls, &too_late),
        &["bought again after 4000 ms, though nothing was killed"],
    );
    check(
        &purchases(&records, &calls, &of_the_api),
        &["bought again after 4000 ms, though nothing was killed"],
    );
}

#[test]
fn a_call_after_the_commit_is_never_excused() {
    let kills = [kill(Component::Worker, 2_500)];
    let found = purchases(&[record()], &[call(1, 1_000), call(2, 3_000)], &kills);
    check(&found, &["bought again 999 ms after its reply was committed"]);
}

#[test]
fn what_is_stored_must_have_been_sold_and_what_was_sold_must_be_known() {
    let broken_off = Call { finished: false, ..call(1, 1_000) };
    check(&purchases(&[record()], &[broken_off], &[]), &["was not handed over"]);
    let mut forgotten = record();
    forgotten.calls.clear();
    check(&purchases(&[forgotten], &[call(1, 1_000)], &[]), &["nothing is known of it"]);
    let mut leased = record();
    "leased".clone_into(&mut leased.calls[0].state);
    check(&purchases(&[leased], &[call(1, 1_000)], &[]), &["leased, though"]);
}

#[test]
fn the_ledger_must_add_up() {
    let mut unbooked = record();
    unbooked.purchases.clear();
    check(
        &ledger(&[unbooked], &[call(1, 1_000)]),
        &["its ledger has (0, 0, 0, 0)", "0 rows in the ledger", "the ledger has None"],
    );
    let mut dear = record();
    dear.calls[0].output_tokens = 11;
    check(&ledger(&[dear], &[call(1, 1_000)]), &["stored with 100 + 11 tokens"]);
}

#[test]
fn a_log_must_be_whole_and_tell_the_same_story() {
    let undisturbed = [record()];
    let mut gap = record();
    gap.events[1].seq = 3;
    check(&logs(&[gap], &undisturbed), &["event 2 is missing"]);
    let mut short = record();
    short.events.pop();
    check(&logs(&[short], &undisturbed), &["1 events, but the next", "without kills “workflow_completed"]);
    let mut twice = record();
    twice.events[1].event_id = twice.events[0].event_id;
    check(&logs(&[twice], &undisturbed), &["is in the log of"]);
}

#[test]
fn a_difference_names_its_place() {
    let mut other = record();
    other.content.push("more".to_owned());
    check(&contents(&[record()], &[other]), &["content 2 is “nothing”, without kills “more”"]);
}
