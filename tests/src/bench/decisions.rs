//! How long a person waits after a decision at a gate until the next stage is seen to start; what an implementer's run of many files
//! takes; and what going back to a stage costs, beside what the whole feature did.

use super::events::Events;
use super::figures::{Reading, Round, ms, percentile, real};
use super::load::{Load, Meter};
use super::{Measure, Sizes};
use crate::client::Client;
use crate::driver::{self, Errand, Pipeline, decisions};
use crate::recovery::until_called;
use crate::stack::Stack;
use crate::wait::now_ms;
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::time::Instant;
use uuid::Uuid;

/// The gates of `build`, each with the stage that its approval starts.
const GATES: [(&str, &str); 3] = [("spec", "plan"), ("plan", "tests"), ("tests", "implement")];
/// The stage that is gone back to, which needs the implementer's files and none after it.
const REWOUND: &str = "code_review";

/// What one round collects.
#[derive(Default)]
struct Times {
    decided: Vec<f64>,
    called: Vec<f64>,
    rewound: Vec<f64>,
}

/// One round: features one after the other, and one of many files.
///
/// # Errors
/// When a feature does not come to its end.
pub async fn round(sizes: &Sizes) -> Result<Round> {
    let stack = super::stack(&[]).await?;
    let person = stack.client().sign_up("bench").await?;
    // The first one opens connections and fills caches.
    feature(&stack, &person, 0, &mut Times::default()).await?;
    let meter = Meter::of(&stack).await;
    let first = meter.sample()?;
    let (mut times, mut whole, mut redone) = (Times::default(), 0, 0);
    for number in 1..=sizes.features {
        let id = feature(&stack, &person, number, &mut times).await?;
        let before = stack.simulator().calls_of_project(id).await?.len();
        rewind(&person, id, &mut times).await?;
        whole += before;
        redone += stack.simulator().calls_of_project(id).await?.len() - before;
    }
    stack.simulator().add_faults(&[&format!("many_files,agent=implementer,files={}", sizes.files)]).await?;
    let (written_ms, calls, bytes) = many_files(&stack, &person, sizes).await?;
    let load = Load::between(&first, &meter.sample()?);
    let files = f64::from(sizes.files);
    let readings = vec![
        Reading::new("decision to next stage, p50", percentile(&times.decided, 50), "ms"),
        Reading::new("decision to next stage, p95", percentile(&times.decided, 95), "ms"),
        Reading::new("decision to next model call, p50", percentile(&times.called, 50), "ms"),
        Reading::new("files of the implementer's run", files, ""),
        Reading::new("implementer's run at no model latency", written_ms, "ms"),
        Reading::new("implementer's run, a file", written_ms / files, "ms"),
        Reading::new("implementer's run, model calls", real(calls), ""),
        Reading::new("implementer's run, bytes written", real(bytes), ""),
        Reading::new("rewind to the review, to its start, p50", percentile(&times.rewound, 50), "ms"),
        Reading::new("rewind, calls over those of the feature", real(redone as u64) / real(whole as u64), ""),
    ];
    Ok(Round { measure: Measure::Decisions, readings, load })
}

/// A feature from its idea to its verdict, every gate passed as soon as it opens.
async fn feature(stack: &Stack, person: &Client, number: usize, times: &mut Times) -> Result<Uuid> {
    let (id, mut events) = until_first_gate(person, number).await?;
    for (gate, next) in GATES {
        let (sent_ms, waited) = pass(person, id, &mut events, gate, next).await?;
        times.decided.push(waited);
        let call = until_called(stack, id, next).await?;
        times.called.push(real(u64::try_from(call.started_ms - sent_ms).unwrap_or_default()));
    }
    events.until("workflow_completed").await?;
    Ok(id)
}

async fn until_first_gate(person: &Client, number: usize) -> Result<(Uuid, Events)> {
    let key = Uuid::new_v4().to_string();
    let errand = Errand { pipeline: Pipeline::Build, key, ..driver::errand(number) };
    let id = driver::begin(person, &errand).await?;
    let events = Events::open(person, id).await?;
    decisions::confirm(person, id, &errand).await?;
    Ok((id, events))
}

/// Approves what waits there; says when that was sent and how many milliseconds later the next stage was seen to start.
async fn pass(person: &Client, id: Uuid, events: &mut Events, gate: &str, next: &str) -> Result<(i64, f64)> {
    events.until("gate_ready").await?;
    let request =
        decisions::pending(person, id, gate).await?.with_context(|| format!("{gate} does not wait"))?;
    let body = json!({"command": "decide", "gate": gate, "digest": request["digest"], "decision": "approve"});
    let (sent, sent_ms) = (Instant::now(), now_ms());
    let watch = async {
        events.until_stage(next).await?;
        Ok(ms(sent.elapsed()))
    };
    // At once: the answer's response comes after its events.
    let ((), waited) = tokio::try_join!(say(person, id, &body), watch)?;
    Ok((sent_ms, waited))
}

async fn rewind(person: &Client, id: Uuid, times: &mut Times) -> Result<()> {
    let mut events = Events::open(person, id).await?;
    events.until("workflow_completed").await?;
    let sent = Instant::now();
    let body = json!({"command": "rewind", "stage": REWOUND});
    let watch = async {
        events.until_stage(REWOUND).await?;
        Ok(ms(sent.elapsed()))
    };
    let ((), waited) = tokio::try_join!(say(person, id, &body), watch)?;
    times.rewound.push(waited);
    events.until("workflow_completed").await?;
    Ok(())
}

/// Milliseconds from the implementer's start to its end, its calls, and the bytes that it wrote.
async fn many_files(stack: &Stack, person: &Client, sizes: &Sizes) -> Result<(f64, u64, u64)> {
    let (id, mut events) = until_first_gate(person, sizes.features + 1).await?;
    for (gate, next) in GATES {
        pass(person, id, &mut events, gate, next).await?;
    }
    let began = Instant::now();
    events.until_stage(REWOUND).await?;
    let written_ms = ms(began.elapsed());
    events.until("workflow_completed").await?;
    let calls = stack.simulator().calls_of(&format!("{id}/implement")).await?.len();
    let sql = "select count(*), coalesce(sum(bytes), 0)::bigint from artifact_files where project_id = $1";
    let (files, bytes): (i64, i64) =
        sqlx::query_as(sql).bind(id).fetch_one(stack.database().pool()).await.context("counting files")?;
    anyhow::ensure!(files >= i64::from(sizes.files), "{files} files instead of {}", sizes.files);
    Ok((written_ms, calls as u64, u64::try_from(bytes).unwrap_or_default()))
}

async fn say(person: &Client, id: Uuid, body: &Value) -> Result<()> {
    driver::say(person, id, &Uuid::new_v4().to_string(), body).await
}
