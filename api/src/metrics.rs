//! `/metrics`: ours, and Temporal's own appended. Labels are routes, methods, kinds and statuses, never ids.

use crate::app::App;
use axum::extract::State;
use axum::http::{Method, StatusCode, header};
use axum::response::IntoResponse;
use prometheus::{
    Encoder as _, Gauge, HistogramVec, IntCounterVec, IntGaugeVec, TextEncoder, register_gauge,
    register_histogram_vec, register_int_counter_vec, register_int_gauge_vec,
};
use std::sync::LazyLock;
use std::time::Duration;

/// All metrics of this process's API; registering can only fail where two share a name.
struct Metrics {
    requests: IntCounterVec,
    request_seconds: HistogramVec,
    streams: IntGaugeVec,
    commands: IntCounterVec,
    projects_started: IntCounterVec,
    mails: IntCounterVec,
    limits: IntCounterVec,
    troubles: IntGaugeVec,
    resident_bytes: Gauge,
    cpu_seconds: Gauge,
}

static METRICS: LazyLock<Option<Metrics>> = LazyLock::new(|| {
    Metrics::register().inspect_err(|error| tracing::error!(%error, "metrics are off")).ok()
});

impl Metrics {
    fn register() -> prometheus::Result<Self> {
        Ok(Self {
            requests: register_int_counter_vec!(
                "groundwork_http_requests_total",
                "Requests answered.",
                &["method", "route", "status"]
            )?,
            request_seconds: register_histogram_vec!(
                "groundwork_http_request_seconds",
                "Time to the beginning of the answer.",
                &["method", "route"],
                vec![0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0]
            )?,
            streams: register_int_gauge_vec!("groundwork_streams", "Open event streams.", &["kind"])?,
            commands: register_int_counter_vec!(
                "groundwork_commands_total",
                "Commands of people, by what became of them.",
                &["command", "outcome"]
            )?,
            projects_started: register_int_counter_vec!(
                "groundwork_project_starts_total",
                "Starts of projects, by what became of them.",
                &["pipeline", "outcome"]
            )?,
            mails: register_int_counter_vec!(
                "groundwork_mails_total",
                "Tries to send a mail, by what became of them.",
                &["template", "outcome"]
            )?,
            limits: register_int_counter_vec!(
                "groundwork_limits_total",
                "Limits that somebody came near or reached.",
                &["limit", "outcome"]
            )?,
            troubles: register_int_gauge_vec!(
                "groundwork_projects_in_trouble",
                "Projects that are stuck, failed or over their budget, as the supervisor last found them.",
                &["kind"]
            )?,
            resident_bytes: register_gauge!("groundwork_process_resident_bytes", "Memory of this process.")?,
            cpu_seconds: register_gauge!(
                "groundwork_process_cpu_seconds",
                "Processor time of this process since its start."
            )?,
        })
    }
}

pub(crate) fn request(method: &Method, route: &str, status: StatusCode, took: Duration) {
    if let Some(metrics) = METRICS.as_ref() {
        // Methods are the client's words: those that no route takes are one.
        let method = match *method {
            Method::GET | Method::HEAD | Method::POST | Method::PATCH | Method::PUT | Method::DELETE => {
                method.as_str()
            }
            _ => "other",
        };
        metrics.requests.with_label_values(&[method, route, status.as_str()]).inc();
        metrics.request_seconds.with_label_values(&[method, route]).observe(took.as_secs_f64());
    }
}

pub(crate) fn command(command: &str, outcome: &str) {
    if let Some(metrics) = METRICS.as_ref() {
        metrics.commands.with_label_values(&[command, outcome]).inc();
    }
}

pub(crate) fn project_started(pipeline: &str, outcome: &str) {
    if let Some(metrics) = METRICS.as_ref() {
        metrics.projects_started.with_label_values(&[pipeline, outcome]).inc();
    }
}

pub(crate) fn mail(template: &str, outcome: &str) {
    if let Some(metrics) = METRICS.as_ref() {
        metrics.mails.with_label_values(&[template, outcome]).inc();
    }
}

pub(crate) fn limit(limit: &str, outcome: &str) {
    if let Some(metrics) = METRICS.as_ref() {
        metrics.limits.with_label_values(&[limit, outcome]).inc();
    }
}

pub(crate) fn troubles(kind: &str, count: usize) {
    if let Some(metrics) = METRICS.as_ref() {
        metrics.troubles.with_label_values(&[kind]).set(i64::try_from(count).unwrap_or(i64::MAX));
    }
}

/// Counts an open stream as long as it lives.
#[derive(Debug)]
pub(crate) struct OpenStream(&'static str);

impl OpenStream {
    pub(crate) fn new(kind: &'static str) -> Self {
        if let Some(metrics) = METRICS.as_ref() {
            metrics.streams.with_label_values(&[kind]).inc();
        }
        Self(kind)
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        if let Some(metrics) = METRICS.as_ref() {
            metrics.streams.with_label_values(&[self.0]).dec();
        }
    }
}

/// Everything in Prometheus's text format.
pub(crate) async fn show(State(app): State<App>) -> impl IntoResponse {
    observe_process();
    let encoder = TextEncoder::new();
    let mut text = Vec::new();
    if let Err(error) = encoder.encode(&prometheus::gather(), &mut text) {
        tracing::warn!(%error, "metrics could not be written");
    }
    text.extend(temporal(&app).await.unwrap_or_default());
    ([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text)
}

/// What Temporal's SDK serves on loopback; nothing where it is not there.
async fn temporal(app: &App) -> Option<Vec<u8>> {
    let address = app.settings.temporal_metrics_address?;
    let answer = app
        .http
        .get(format!("http://{address}/metrics"))
        .timeout(Duration::from_secs(1))
        .send()
        .await
        .ok()?
        .error_for_status()
        .ok()?;
    Some(answer.bytes().await.ok()?.to_vec())
}

/// Linux tells a process about itself; elsewhere the two stay at zero.
fn observe_process() {
    let Some(metrics) = METRICS.as_ref() else {
        return;
    };
    if let Some(pages) = field("/proc/self/statm", 1) {
        metrics.resident_bytes.set(pages * 4_096.0);
    }
    // Fields 14 and 15 of stat count from after the name in parentheses: 11 and 12, in hundredths of a second.
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let times = stat.rsplit(')').next().map(|rest| rest.split_whitespace().skip(11).take(2));
    let ticks: f64 = times.into_iter().flatten().filter_map(|field| field.parse::<f64>().ok()).sum();
    metrics.cpu_seconds.set(ticks / 100.0);
}

fn field(path: &str, index: usize) -> Option<f64> {
    std::fs::read_to_string(path).ok()?.split_whitespace().nth(index)?.parse().ok()
}
