//! Temporal's own metrics: its exporter binds a loopback port, which the API's `/metrics` appends to ours.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::OnceLock;
use temporalio_common::telemetry::{
    PrometheusExporterOptions, StartedPromServer, TelemetryOptions, start_prometheus_metric_exporter,
};
use temporalio_sdk::runtime::RuntimeOptions;

static EXPORTER: OnceLock<Option<StartedPromServer>> = OnceLock::new();

/// Where Temporal's metrics of this process can be read, once a worker runs.
#[must_use]
pub fn temporal_metrics_address() -> Option<SocketAddr> {
    EXPORTER.get().and_then(Option::as_ref).map(|server| server.bound_addr)
}

/// Starts the exporter, once a process. Must be called inside a Tokio runtime.
pub(crate) fn start_exporter() {
    EXPORTER.get_or_init(|| {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let options = PrometheusExporterOptions::builder().socket_addr(address).build();
        start_prometheus_metric_exporter(options)
            .inspect_err(|error| tracing::warn!(%error, "Temporal's metrics are not exported"))
            .ok()
    });
}

pub(crate) fn runtime_options() -> RuntimeOptions {
    let telemetry = TelemetryOptions::builder();
    let telemetry = match EXPORTER.get().and_then(Option::as_ref) {
        Some(server) => {
            telemetry.metrics(server.meter.clone() as std::sync::Arc<dyn temporalio_common::telemetry::metrics::CoreMeter>).build()
        }
        None => telemetry.build(),
    };
    RuntimeOptions::builder().telemetry_options(telemetry).build().unwrap_or_default()
}
