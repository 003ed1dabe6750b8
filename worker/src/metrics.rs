//! Temporal's own metrics: its exporter binds a loopback port, which the API's `/metrics` appends to ours.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use temporalio_common::telemetry::metrics::CoreMeter;
use temporalio_common::telemetry::{
    PrometheusExporterOptions, TelemetryOptions, start_prometheus_metric_exporter,
};
use temporalio_sdk::runtime::RuntimeOptions;

struct Exporter {
    address: SocketAddr,
    meter: Arc<dyn CoreMeter>,
}

static EXPORTER: OnceLock<Option<Exporter>> = OnceLock::new();

/// Where Temporal's metrics of this process can be read; starts the exporter where it does not run yet. Must be called inside a
/// Tokio runtime.
#[must_use]
pub fn temporal_metrics_address() -> Option<SocketAddr> {
    start_exporter();
    EXPORTER.get().and_then(Option::as_ref).map(|exporter| exporter.address)
}

/// Starts the exporter, once a process. Must be called inside a Tokio runtime.
pub(crate) fn start_exporter() {
    EXPORTER.get_or_init(|| {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let options = PrometheusExporterOptions::builder().socket_addr(address).build();
        let started = start_prometheus_metric_exporter(options)
            .inspect_err(|error| tracing::warn!(%error, "Temporal's metrics are not exported"))
            .ok()?;
        Some(Exporter { address: started.bound_addr, meter: started.meter })
    });
}

pub(crate) fn runtime_options() -> RuntimeOptions {
    let meter = EXPORTER.get().and_then(Option::as_ref).map(|exporter| exporter.meter.clone());
    let telemetry = TelemetryOptions::builder().maybe_metrics(meter).build();
    RuntimeOptions::builder().telemetry_options(telemetry).build().unwrap_or_default()
}
