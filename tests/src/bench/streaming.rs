//! Running texts: many model calls that stream at once, each to a stream of its own. The simulator says when each delta
//! left it, the client when it had it.

use super::figures::{Aim, Reading, Round, percentile, real};
use super::load::{Load, Meter, Sample};
use super::walk::{self, Asked, NEXT_STAGE};
use super::{Measure, Sizes};
use crate::client::Client;
use crate::simulator::{Call, SentDelta};
use crate::wait::now_ms;
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use uuid::Uuid;

/// What a call streams: 50 deltas a second of 8 bytes each, so that a specification takes about half a minute.
const PACE: [&str; 3] = ["--log-deltas", "--deltas-per-s=50", "--tokens-per-s=100"];
const PEOPLE: usize = 10;
const SAMPLE_EVERY: Duration = Duration::from_millis(500);
/// Of issue 3: the share that arrives, the delay in milliseconds, the cores.
const SHARE_AIM: Aim = Aim::AtLeast(1.0);
const DELAY_AIM: Aim = Aim::Under(300.0);
const CORES_AIM: Aim = Aim::Under(1.0);

/// A piece of the text that arrived.
#[derive(Clone, Copy, Debug)]
struct Arrival {
    /// Bytes of the text before it, and up to and with it.
    start: u64,
    end: u64,
    at_ms: i64,
}

/// A call with what was sent and what arrived of it.
struct Streamed {
    call: Call,
    sent: Vec<SentDelta>,
    arrivals: Vec<Arrival>,
}

/// One round.
///
/// # Errors
/// When a project does not come to its specification, or the calls do not run at the same time.
pub async fn round(sizes: &Sizes) -> Result<Round> {
    let stack = super::stack(&PACE).await?;
    let people = super::people(&stack, PEOPLE).await?;
    let (streams, samples) = sampled(Meter::of(&stack).await, streams(&people, sizes.streams)).await?;
    let mut all = Vec::with_capacity(streams.len());
    for (project, arrivals) in streams {
        let calls = stack.simulator().calls_of(&format!("{project}/{NEXT_STAGE}")).await?;
        let call = calls.into_iter().find(|call| call.finished).context("no call of the specification")?;
        let sent = stack.simulator().deltas(call.seq).await?;
        all.push(Streamed { call, sent, arrivals });
    }
    let (from, to) = together(&all)?;
    let load = load_between(&samples, from, to)?;
    Ok(Round { measure: Measure::Streaming, readings: readings(&all, (from, to), &load), load })
}

fn readings(all: &[Streamed], (from, to): (i64, i64), load: &Load) -> Vec<Reading> {
    let (mut sent, mut arrived, mut delays) = (0, 0, Vec::new());
    for streamed in all {
        for (delta, at_ms) in streamed.sent.iter().zip(deliveries(streamed)) {
            sent += 1;
            let Some(at_ms) = at_ms else { continue };
            arrived += 1;
            if (from..to).contains(&delta.at_ms) {
                delays.push(real(u64::try_from(at_ms - delta.at_ms).unwrap_or_default()));
            }
        }
    }
    let frames: usize = all.iter().map(|streamed| streamed.arrivals.len()).sum();
    vec![
        Reading::new("share of deltas delivered", real(arrived) / real(sent).max(1.0), "").aim(SHARE_AIM),
        Reading::new("delay of a delta, p95", percentile(&delays, 95), "ms").aim(DELAY_AIM),
        Reading::new("cores of worker and API", load.of("worker") + load.of("api"), "cores").aim(CORES_AIM),
        Reading::new("delay of a delta, p50", percentile(&delays, 50), "ms"),
        Reading::new("delay of a delta, longest", percentile(&delays, 100), "ms"),
        Reading::new("deltas sent", real(sent), ""),
        Reading::new("frames received", real(u64::try_from(frames).unwrap_or_default()), ""),
        Reading::new(
            "seconds in which all calls streamed",
            real(u64::try_from(to - from).unwrap_or_default()) / 1000.0,
            "s",
        ),
    ]
}

/// When the client had each delta that was sent, nothing before it missing; none where that never was.
fn deliveries(streamed: &Streamed) -> Vec<Option<i64>> {
    let mut arrivals = streamed.arrivals.iter();
    let mut had = (0, i64::MIN);
    let mut is_torn = false;
    let deliver = |delta: &SentDelta| {
        while had.0 < delta.end && !is_torn {
            let arrival = arrivals.next()?;
            is_torn = arrival.start > had.0;
            had = (had.0.max(arrival.end), arrival.at_ms);
        }
        (!is_torn).then_some(had.1)
    };
    streamed.sent.iter().map(deliver).collect()
}

/// From when the last call had begun until the first one ended, in milliseconds since 1970.
fn together(all: &[Streamed]) -> Result<(i64, i64)> {
    let from = all.iter().map(|streamed| streamed.call.started_ms).max().unwrap_or_default();
    let to = all.iter().filter_map(|streamed| streamed.call.ended_ms).min().unwrap_or_default();
    ensure!(from < to, "the calls did not run at the same time: the last one began {} ms late", from - to);
    Ok((from, to))
}

/// Does something, and takes samples until it is done.
async fn sampled<T>(meter: Meter, work: impl Future<Output = Result<T>>) -> Result<(T, Vec<Sample>)> {
    let mut work = pin!(work);
    let mut tick = tokio::time::interval(SAMPLE_EVERY);
    let mut samples = Vec::new();
    loop {
        tokio::select! {
            done = &mut work => return Ok((done?, samples)),
            _ = tick.tick() => samples.push(meter.sample()?),
        }
    }
}

fn load_between(samples: &[Sample], from: i64, to: i64) -> Result<Load> {
    let mut inside = samples.iter().filter(|sample| (from..to).contains(&sample.at_ms));
    let first = inside.next().context("no sample while all calls streamed")?;
    let last = inside.next_back().context("one sample only while all calls streamed")?;
    Ok(Load::between(first, last))
}

/// Projects that are all answered at the same time, each with what its stream brought of the specification.
async fn streams(people: &[Client], count: usize) -> Result<Vec<(Uuid, Vec<Arrival>)>> {
    let all_ask = Arc::new(Barrier::new(count));
    let mut tasks = JoinSet::new();
    for number in 0..count {
        let (person, all_ask) = (people[number % people.len()].clone(), Arc::clone(&all_ask));
        tasks.spawn(async move {
            let Asked { id, mut events, .. } = walk::begin(&person, number).await?;
            all_ask.wait().await;
            let (arrivals, ()) = tokio::try_join!(receive(&mut events), walk::answer(&person, id))?;
            anyhow::Ok((id, arrivals))
        });
    }
    let mut streams = Vec::with_capacity(count);
    while let Some(stream) = tasks.join_next().await {
        streams.push(stream.context("a stream's task")??);
    }
    Ok(streams)
}

#[derive(Deserialize)]
struct Delta {
    stage: String,
    offset: u64,
    text: String,
}

/// What a stream brings of the specification until it is done.
async fn receive(events: &mut super::events::Events) -> Result<Vec<Arrival>> {
    let mut arrivals = Vec::new();
    loop {
        let event = events.next().await?;
        let at_ms = now_ms();
        match event.event.as_str() {
            "delta" => {
                let delta: Delta = serde_json::from_str(&event.data).context("a delta")?;
                if delta.stage == NEXT_STAGE {
                    let (start, end) = (delta.offset, delta.offset + delta.text.len() as u64);
                    arrivals.push(Arrival { start, end, at_ms });
                }
            }
            "spec_ready" => return Ok(arrivals),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn streamed(sent: &[u64], arrivals: &[(u64, u64, i64)]) -> Streamed {
        let call = serde_json::from_value(serde_json::json!({
            "seq": 1, "provider": "anthropic", "key_end": "0000", "request_id": "r", "started_ms": 0, "finished": true, "hung_up": false, "input_tokens": 0,
            "output_tokens": 0,
        }));
        Streamed {
            call: call.expect("a call"),
            sent: sent.iter().map(|end| SentDelta { end: *end, at_ms: 0 }).collect(),
            arrivals: arrivals
                .iter()
                .map(|(start, end, at_ms)| Arrival { start: *start, end: *end, at_ms: *at_ms })
                .collect(),
        }
    }

    #[test]
    fn a_delta_is_delivered_when_all_up_to_its_end_is_there() {
        let whole = streamed(&[4, 8, 12], &[(0, 6, 10), (6, 12, 20)]);
        assert_eq!(deliveries(&whole), [Some(10), Some(20), Some(20)]);
        let torn = streamed(&[4, 8, 12], &[(0, 4, 10), (6, 12, 20)]);
        assert_eq!(deliveries(&torn), [Some(10), None, None]);
        let short = streamed(&[4, 8], &[(0, 4, 10)]);
        assert_eq!(deliveries(&short), [Some(10), None]);
    }
}
