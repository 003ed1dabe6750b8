//! When bytes leave: latency, rates, whole model time. All instants are counted from the arrival of the request, so
//! that a late delta does not make the ones after it late.

use crate::exchange::TOKEN_BYTES;
use crate::options::Options;
use axum::http::HeaderMap;
use std::time::Duration;

/// Deltas a second where only the length of a call is given: what providers do, roughly.
const DELTAS_PER_S: u64 = 50;
/// Bytes of a delta where nothing says how many there are: some four tokens.
const DELTA_BYTES: usize = 16;
/// Bytes of a delta in a stream that is sent at once.
const UNPACED_DELTA_BYTES: usize = 1024;

/// How fast one call is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pace {
    latency_ms: u64,
    call_ms: Option<u64>,
    deltas_per_s: Option<u32>,
    tokens_per_s: Option<u32>,
}

/// The times of one answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Bytes of text in a delta.
    pub(crate) delta_bytes: usize,
    /// From the request to the first byte.
    pub(crate) first: Duration,
    /// From one delta to the next.
    pub(crate) step: Duration,
    /// From the request to the last byte, for an answer with `deltas` deltas.
    pub(crate) total: Duration,
}

impl Plan {
    /// Whether everything may leave at once.
    pub(crate) fn is_immediate(&self) -> bool {
        self.total.is_zero()
    }

    /// When the delta with this index (0, 1, …) leaves, counted from the request.
    pub(crate) fn due(&self, index: usize) -> Duration {
        let steps = u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1);
        self.first + self.step.saturating_mul(steps)
    }
}

impl Pace {
    /// From the process's options and this request's headers `x-groundwork-latency-ms`, `-call-ms`, `-deltas-per-s` and
    /// `-tokens-per-s`; `hash` of the request decides the jitter.
    pub(crate) fn new(options: &Options, headers: &HeaderMap, hash: u64) -> Self {
        let header = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
        let small =
            |value: Option<u64>| value.and_then(|value| u32::try_from(value).ok()).filter(|rate| *rate > 0);
        let jitter_ms = hash.checked_rem(options.jitter_ms.saturating_add(1)).unwrap_or_default();
        Self {
            latency_ms: header("x-groundwork-latency-ms")
                .unwrap_or(options.latency_ms)
                .saturating_add(jitter_ms),
            call_ms: header("x-groundwork-call-ms").or(options.call_ms),
            deltas_per_s: small(header("x-groundwork-deltas-per-s")).or(options.deltas_per_s),
            tokens_per_s: small(header("x-groundwork-tokens-per-s")).or(options.tokens_per_s),
        }
    }

    /// How long an answer without a body (an error) takes.
    pub(crate) fn latency(&self) -> Duration {
        Duration::from_millis(self.latency_ms)
    }

    /// The times of an answer of so many bytes.
    pub(crate) fn plan(&self, bytes: usize) -> Plan {
        let first = self.latency();
        let spread = |deltas: usize, step: Duration, delta_bytes: usize| Plan {
            delta_bytes,
            first,
            step,
            total: first + step.saturating_mul(u32::try_from(deltas).unwrap_or(u32::MAX)),
        };
        if let Some(call_ms) = self.call_ms {
            let left_ms = call_ms.saturating_sub(self.latency_ms);
            let rate = self.deltas_per_s.map_or(DELTAS_PER_S, u64::from);
            let wanted = usize::try_from(left_ms.saturating_mul(rate) / 1000).unwrap_or(usize::MAX).max(1);
            let delta_bytes = bytes.div_ceil(wanted).max(1);
            let deltas = bytes.div_ceil(delta_bytes).max(1);
            let step = Duration::from_millis(left_ms) / u32::try_from(deltas).unwrap_or(u32::MAX);
            return spread(deltas, step, delta_bytes);
        }
        let by_rate =
            |delta_bytes: usize, step: Duration| spread(bytes.div_ceil(delta_bytes), step, delta_bytes);
        match (self.deltas_per_s, self.tokens_per_s) {
            (Some(deltas), None) => by_rate(DELTA_BYTES, Duration::from_secs(1) / deltas),
            (None, Some(tokens)) => {
                let delta_tokens = u32::try_from(DELTA_BYTES / TOKEN_BYTES).unwrap_or(1);
                by_rate(DELTA_BYTES, Duration::from_secs(1) * delta_tokens / tokens)
            }
            (Some(deltas), Some(tokens)) => {
                let bytes_per_s = usize::try_from(tokens).unwrap_or(usize::MAX).saturating_mul(TOKEN_BYTES);
                let per_delta = bytes_per_s / usize::try_from(deltas).unwrap_or(usize::MAX);
                by_rate(per_delta.max(1), Duration::from_secs(1) / deltas)
            }
            (None, None) => by_rate(UNPACED_DELTA_BYTES, Duration::ZERO),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(options: Options, bytes: usize) -> Plan {
        Pace::new(&options, &HeaderMap::new(), 5).plan(bytes)
    }

    #[test]
    fn a_call_takes_as_long_as_was_said() {
        let given = plan(Options { call_ms: Some(2000), latency_ms: 500, ..Options::default() }, 15_000);
        assert_eq!((given.delta_bytes, given.due(74)), (200, Duration::from_secs(2)));
        assert_eq!(given.total, Duration::from_secs(2));
        // A text shorter than its deltas would be still takes the whole time.
        let short = plan(Options { call_ms: Some(2000), ..Options::default() }, 10);
        assert_eq!((short.delta_bytes, short.total), (1, Duration::from_secs(2)));
    }

    #[test]
    fn rates_give_the_length() {
        let deltas = plan(Options { deltas_per_s: Some(50), ..Options::default() }, 1600);
        assert_eq!((deltas.step, deltas.total), (Duration::from_millis(20), Duration::from_secs(2)));
        let tokens = plan(Options { tokens_per_s: Some(100), ..Options::default() }, 1600);
        assert_eq!(tokens.total, Duration::from_secs(4));
        assert!(plan(Options::default(), 1_000_000).is_immediate());
    }
}
