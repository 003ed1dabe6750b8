//! What must be true after the kills. Every check returns sentences, one for each thing that is wrong.

use super::kills::Kill;
use super::record::Record;
use crate::database::ModelCall;
use crate::simulator::Call;
use crate::stack::Component;
use groundwork_domain::project::Summary;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Bytes of two different texts that a sentence shows.
const SHOWN_BYTES: usize = 160;

/// Every project is completed, and its workflow known.
#[must_use]
pub fn completed(records: &[Record]) -> Vec<String> {
    let is_wrong =
        |record: &&Record| record.row.phase != "completed" || record.row.workflow_state != "started";
    let say = |record: &Record| {
        format!("{}: phase {}, workflow {}", record.id, record.row.phase, record.row.workflow_state)
    };
    records.iter().filter(is_wrong).map(say).collect()
}

/// Every log is gapless from 1, has no event twice, and tells the same story as the same errand without kills.
///
/// The order is compared too, of `promptr` as a whole, of pipelines with stages side by side for each item. It could legitimately differ only where two facts reach a workflow at the same time: two
/// commands, or a command and the end of a stage. Here every command is given by somebody who has seen the effect of the one
/// before, at a time when no stage runs; so one order is possible, and any other is a fault.
#[must_use]
pub fn logs(records: &[Record], reference: &[Record]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut seen = BTreeMap::<Uuid, Uuid>::new();
    for (record, undisturbed) in records.iter().zip(reference) {
        let id = record.id;
        for (expected, event) in (1..).zip(&record.events) {
            if event.seq != expected {
                wrong.push(format!("{id}: event {expected} is missing, {} follows instead", event.seq));
                break;
            }
        }
        let count = i64::try_from(record.events.len()).unwrap_or(i64::MAX);
        if record.row.next_seq != count + 1 {
            wrong.push(format!("{id}: {count} events, but the next would be number {}", record.row.next_seq));
        }
        for event in &record.events {
            if let Some(other) = seen.insert(event.event_id, id) {
                wrong.push(format!("{id}: event_id {} is in the log of {other} already", event.event_id));
            }
        }
        wrong.extend(difference(id, "event", &record.story(), &undisturbed.story()));
    }
    wrong
}

/// What people read is, byte for byte, what the same errand gave without kills.
#[must_use]
pub fn contents(records: &[Record], reference: &[Record]) -> Vec<String> {
    let pairs = records.iter().zip(reference);
    pairs
        .flat_map(|(record, undisturbed)| {
            difference(record.id, "content", &record.texts(), &undisturbed.texts())
        })
        .collect()
}

/// The first place at which two lists differ, in words.
fn difference(id: Uuid, what: &str, found: &[String], expected: &[String]) -> Option<String> {
    let place =
        (0..found.len().max(expected.len())).find(|index| found.get(*index) != expected.get(*index))?;
    let part = |lines: &[String]| match lines.get(place) {
        Some(line) => line.chars().take(SHOWN_BYTES).collect(),
        None => "nothing".to_owned(),
    };
    Some(format!("{id}: {what} {} is “{}”, without kills “{}”", place + 1, part(found), part(expected)))
}

/// Nothing was bought twice without a reason: see the three rules inside.
#[must_use]
pub fn purchases(records: &[Record], calls: &[Call], kills: &[Kill]) -> Vec<String> {
    let by_key = by_key(records, calls);
    let mut wrong = Vec::new();
    for (record, call) in
        records.iter().flat_map(|record| record.calls.iter().map(move |call| (record, call)))
    {
        let Some(committed_ms) = call.finished_ms.filter(|_| call.state == "finished") else {
            wrong.push(format!(
                "{}: {}, though its project {} is {}",
                call.key, call.state, record.id, record.row.phase
            ));
            continue;
        };
        let seen = by_key.get(call.key.as_str()).map(Vec::as_slice).unwrap_or_default();
        // What an attempt took over from the one before, whose question a person answered, is not bought again at all.
        if is_taken_over(record, call) {
            if !seen.is_empty() {
                wrong.push(format!("{}: taken over, and bought {} times all the same", call.key, seen.len()));
            }
            continue;
        }
        // 1. Once a reply was committed its key was never asked for again.
        for late in seen.iter().filter(|seen| seen.started_ms > committed_ms) {
            let after_ms = late.started_ms - committed_ms;
            wrong.push(format!("{}: bought again {after_ms} ms after its reply was committed", call.key));
        }
        // 2. Every further purchase has a kill behind it, between the start of the call before it and its own. (That is
        // stricter than "between the start of one call and the commit of its reply", for the commit comes last of all.)
        for pair in seen.windows(2) {
            if causes_between(kills, pair[0].started_ms, pair[1].started_ms).is_empty() {
                let gap_ms = pair[1].started_ms - pair[0].started_ms;
                wrong.push(format!(
                    "{}: bought again after {gap_ms} ms, though nothing was killed meanwhile",
                    call.key
                ));
            }
        }
        // 3. What is stored is what was sold: a call that the simulator handed over whole.
        let sold = seen.iter().find(|seen| Some(seen.request_id.as_str()) == call.request_id.as_deref());
        if sold.is_none_or(|sold| !sold.finished) {
            wrong.push(format!("{}: its stored reply {:?} was not handed over", call.key, call.request_id));
        }
    }
    let stored: BTreeSet<&str> =
        records.iter().flat_map(|record| record.calls.iter().map(|call| call.key.as_str())).collect();
    let unknown = by_key.keys().filter(|key| !stored.contains(*key));
    wrong.extend(unknown.map(|key| format!("{key}: was bought, but nothing is known of it")));
    wrong
}

/// Whether the call's reply is that of an earlier attempt of its stage.
fn is_taken_over(record: &Record, call: &ModelCall) -> bool {
    let is_earlier = |other: &&ModelCall| other.request_id == call.request_id && other.key < call.key;
    call.request_id.is_some() && record.calls.iter().any(|other| is_earlier(&other))
}

/// Kills of worker, PostgreSQL or Temporal between two instants, milliseconds since 1970. (The API has no part in calls.)
#[must_use]
pub fn causes_between(kills: &[Kill], from_ms: i64, to_ms: i64) -> BTreeSet<Component> {
    let is_between = |kill: &&Kill| match kill.component {
        Component::Worker | Component::Postgres | Component::Temporal => {
            kill.gone_ms >= from_ms && kill.before_ms <= to_ms
        }
        Component::Api => false,
    };
    kills.iter().filter(is_between).map(|kill| kill.component).collect()
}

/// The simulator's calls of these projects, by key, in the order of their starts.
#[must_use]
pub fn by_key<'a>(records: &[Record], calls: &'a [Call]) -> BTreeMap<&'a str, Vec<&'a Call>> {
    let ids: BTreeSet<String> = records.iter().map(|record| record.id.to_string()).collect();
    let mut by_key = BTreeMap::<&str, Vec<&Call>>::new();
    for call in calls {
        let project = call.key().split('/').next().unwrap_or_default();
        if ids.contains(project) {
            by_key.entry(call.key()).or_default().push(call);
        }
    }
    for calls in by_key.values_mut() {
        calls.sort_by_key(|call| (call.started_ms, call.seq));
    }
    by_key
}

/// The ledger has one row a purchase and no purchase less than the simulator sold; the rows add up to what the project
/// shows; and what was stored costs exactly the tokens that the simulator counted.
#[must_use]
pub fn ledger(records: &[Record], calls: &[Call]) -> Vec<String> {
    let by_key = by_key(records, calls);
    let by_request: BTreeMap<&str, &Call> =
        calls.iter().map(|call| (call.request_id.as_str(), call)).collect();
    let mut wrong = Vec::new();
    for record in records {
        let (id, row, booked) = (record.id, &record.row, &record.purchases);
        let cost: Decimal = booked.iter().map(|purchase| purchase.cost_usd).sum();
        let input: i64 = booked.iter().map(|purchase| purchase.input_tokens).sum();
        let output: i64 = booked.iter().map(|purchase| purchase.output_tokens).sum();
        let count = i32::try_from(booked.len()).unwrap_or(i32::MAX);
        let shown = (row.cost_usd, row.input_tokens, row.output_tokens, row.model_calls);
        if shown != (cost, input, output, count) {
            wrong.push(format!("{id}: shows {shown:?}, its ledger has {:?}", (cost, input, output, count)));
        }
        for call in record.calls.iter().filter(|call| !is_taken_over(record, call)) {
            let of_key = || booked.iter().filter(|purchase| purchase.key == call.key);
            let (sold, rows) = (by_key.get(call.key.as_str()).map_or(0, Vec::len), of_key().count());
            if rows < sold || usize::try_from(call.purchase).is_ok_and(|purchases| purchases != rows) {
                let purchase = call.purchase;
                wrong.push(format!(
                    "{}: sold {sold} times, purchase {purchase}, {rows} rows in the ledger",
                    call.key
                ));
            }
            let counted = call.request_id.as_deref().and_then(|request| by_request.get(request));
            let counted = counted.and_then(|call| {
                Some((i64::try_from(call.input_tokens).ok()?, i64::try_from(call.output_tokens).ok()?))
            });
            let finished = of_key().find(|purchase| purchase.outcome == "finished");
            let paid = finished.map(|purchase| (purchase.input_tokens, purchase.output_tokens));
            if Some((call.input_tokens, call.output_tokens)) != counted {
                wrong.push(format!(
                    "{}: stored with {} + {} tokens, the simulator counted {counted:?}",
                    call.key, call.input_tokens, call.output_tokens
                ));
            }
            // A reply of a worker that was taken for dead is stored, though its purchase was booked as lost before.
            let was_lost = of_key().any(|purchase| purchase.outcome == "lost");
            if paid != counted && !(paid.is_none() && was_lost) {
                wrong.push(format!(
                    "{}: the ledger has {paid:?} tokens, the simulator counted {counted:?}",
                    call.key
                ));
            }
        }
    }
    wrong
}

/// Nothing is left that happened and was not published: what workflows hold now is what the tables show.
#[must_use]
pub fn published(records: &[Record], live: &[Summary]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (record, live) in records.iter().zip(live) {
        let shown = record.row.summary.clone().map(serde_json::from_value::<Summary>);
        match shown {
            Some(Ok(shown)) if shown == *live => {}
            other => wrong.push(format!("{}: shows {other:?}, but its workflow holds {live:?}", record.id)),
        }
    }
    wrong
}

#[cfg(test)]
mod tests;
