//! `/_simulator/…`: what tests and demonstrations see and steer. Not part of any provider's protocol.

use crate::calls::{Call, Filter};
use crate::fault::Rule;
use crate::handle::Shared;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/_simulator/health", get(health))
        .route("/_simulator/calls", get(list_calls).delete(clear_calls))
        .route("/_simulator/deltas", get(list_deltas))
        .route("/_simulator/faults", get(list_faults).post(add_faults).delete(clear_faults))
}

async fn health(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let (calls, remembered) = shared.log.counts();
    Json(json!({
        "status": "ok", "simulated": true, "version": env!("CARGO_PKG_VERSION"), "calls": calls,
        "remembered": remembered, "faults": shared.rules.list().len(),
    }))
}

#[derive(Deserialize)]
struct CallsQuery {
    call_key: Option<String>,
    #[serde(default)]
    after: u64,
    limit: Option<usize>,
}

/// `last` is the number of the newest call, remembered or not.
async fn list_calls(State(shared): State<Arc<Shared>>, Query(query): Query<CallsQuery>) -> Json<Value> {
    let limit = query.limit.unwrap_or(usize::MAX);
    let calls: Vec<Call> =
        shared.log.list(&Filter { call_key: query.call_key.as_deref(), after: query.after, limit });
    let (last, remembered) = shared.log.counts();
    Json(json!({"calls": calls, "last": last, "remembered": remembered}))
}

#[derive(Deserialize)]
struct DeltasQuery {
    seq: u64,
}

/// When the deltas of the call with this number left; empty unless the process was started with `--log-deltas`.
async fn list_deltas(State(shared): State<Arc<Shared>>, Query(query): Query<DeltasQuery>) -> Json<Value> {
    Json(json!({"deltas": shared.log.deltas(query.seq)}))
}

async fn clear_calls(State(shared): State<Arc<Shared>>) -> StatusCode {
    shared.log.clear();
    StatusCode::NO_CONTENT
}

async fn list_faults(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(json!({"faults": shared.rules.list()}))
}

/// Takes one rule or a list of rules, each an object or the text of a flag.
async fn add_faults(
    State(shared): State<Arc<Shared>>,
    Json(body): Json<Value>,
) -> Result<(StatusCode, Json<Value>), (StatusCode, Json<Value>)> {
    let bodies = match body {
        Value::Array(bodies) => bodies,
        one => vec![one],
    };
    let rules = bodies.into_iter().map(read_rule).collect::<Result<Vec<_>, _>>();
    let rules = rules.map_err(|error| (StatusCode::BAD_REQUEST, Json(json!({"error": error}))))?;
    shared.rules.add(rules);
    Ok((StatusCode::CREATED, Json(json!({"faults": shared.rules.list()}))))
}

fn read_rule(body: Value) -> Result<Rule, String> {
    if let Value::String(text) = &body {
        return text.parse().map_err(|error: crate::fault::RuleError| error.to_string());
    }
    let rule: Rule = serde_json::from_value(body).map_err(|error| error.to_string())?;
    rule.validate().map_err(|error| error.to_string())?;
    Ok(rule)
}

async fn clear_faults(State(shared): State<Arc<Shared>>) -> StatusCode {
    shared.rules.clear();
    StatusCode::NO_CONTENT
}
