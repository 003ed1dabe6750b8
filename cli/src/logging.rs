//! What servers write while they run: lines for people, or JSON for machines, on standard error.

use crate::args::LogFormat;
use crate::settings::Log;
use std::io::IsTerminal as _;
use tracing_subscriber::EnvFilter;

/// Starts the log of a server. A filter that does not read is told and replaced by the default.
pub(crate) fn start(settings: &Log) {
    let filter = EnvFilter::try_new(&settings.filter);
    let wrong = filter.as_ref().err().map(ToString::to_string);
    let filter = filter.unwrap_or_else(|_| EnvFilter::new(Log::default().filter));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second call, in a test, is no reason to end.
    let _ = match settings.format {
        LogFormat::Text => builder.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => {
            builder.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init()
        }
    };
    if let Some(wrong) = wrong {
        tracing::warn!(filter = settings.filter, wrong, "log.filter cannot be read; using the default");
    }
}
