//! How a simulator process behaves: everything that a flag can say.

use crate::fault::Rule;
use clap::Args;

/// Settings of a simulator. The defaults answer at once and never fail, which is what tests and benches want.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Milliseconds before the first byte of an answer.
    #[arg(long, default_value_t = 0, value_name = "MS")]
    pub latency_ms: u64,
    /// Whole model time of a call in milliseconds, spread evenly over its stream; replaces the two rates below.
    #[arg(long, value_name = "MS")]
    pub call_ms: Option<u64>,
    /// Text deltas a second in a stream.
    #[arg(long, value_name = "N")]
    pub deltas_per_s: Option<u32>,
    /// Output tokens a second, in a stream and (as waiting) without one.
    #[arg(long, value_name = "N")]
    pub tokens_per_s: Option<u32>,
    /// At most so many milliseconds more latency, chosen by a hash of the request.
    #[arg(long, default_value_t = 0, value_name = "MS")]
    pub jitter_ms: u64,
    /// Something that goes wrong on purpose; may be repeated. EFFECT[,key=value…], for example
    /// `rate_limit,agent=architect,calls=1..3` or `break_stream,probability=0.1,seed=7`.
    #[arg(long = "fault", value_name = "RULE")]
    pub faults: Vec<Rule>,
    /// Calls that are remembered; older ones are forgotten.
    #[arg(long, default_value_t = 200_000, value_name = "N")]
    pub calls_max: usize,
    /// Remember when each delta of a paced stream left, for `GET /_simulator/deltas`: how late it arrives can be measured then.
    #[arg(long)]
    pub log_deltas: bool,
    /// Shortest prefix in tokens that the Anthropic prompt cache takes (real models: 1,024 to 4,096; 0 takes all).
    #[arg(long, default_value_t = 0, value_name = "TOKENS")]
    pub cache_min_tokens: u64,
    /// Model ids that are accepted beside the ones that the providers ship; may be repeated.
    #[arg(long = "model", value_name = "ID")]
    pub models: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            latency_ms: 0,
            call_ms: None,
            deltas_per_s: None,
            tokens_per_s: None,
            jitter_ms: 0,
            faults: Vec::new(),
            calls_max: 200_000,
            log_deltas: false,
            cache_min_tokens: 0,
            models: Vec::new(),
        }
    }
}
