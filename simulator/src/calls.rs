//! What was asked: the log behind `GET /_simulator/calls`. Bounded, in memory, gone with the process.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One call to a model, as `GET /_simulator/calls` shows it.
#[derive(Clone, Debug, Serialize)]
pub struct Call {
    /// 1, 2, … in the order in which calls arrived; never reused while the process lives.
    pub seq: u64,
    /// `anthropic` or `openai`.
    pub provider: &'static str,
    /// The last four characters of the account's key; empty where there was none that is accepted.
    pub key_end: String,
    /// The model asked for; empty where the request could not be read.
    pub model: String,
    /// The agent, from its header or guessed from the system prompt.
    pub agent: Option<String>,
    /// The call key, as sent.
    pub call_key: Option<String>,
    /// The request id that was returned.
    pub request_id: String,
    /// When the request had arrived; RFC 3339 with milliseconds.
    #[serde(serialize_with = "rfc3339")]
    pub started_at: DateTime<Utc>,
    /// The same in milliseconds since 1970.
    pub started_ms: i64,
    /// When the last byte was handed over or the client hung up; null while it runs.
    #[serde(serialize_with = "rfc3339_option")]
    pub ended_at: Option<DateTime<Utc>>,
    /// The same in milliseconds since 1970.
    pub ended_ms: Option<i64>,
    /// HTTP status; null until it is known.
    pub status: Option<u16>,
    /// Whether the answer was a stream.
    pub streamed: bool,
    /// True when the answer was handed over whole.
    pub finished: bool,
    /// True when the client hung up before that.
    pub hung_up: bool,
    /// Tokens read, all of them.
    pub input_tokens: u64,
    /// Of these, read from the cache.
    pub cached_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// What went wrong on purpose.
    pub fault: Option<&'static str>,
}

/// A delta that left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct SentDelta {
    /// Bytes of the call's text up to and with it.
    pub(crate) end: usize,
    /// When it left, in milliseconds since 1970.
    pub(crate) at_ms: i64,
}

fn rfc3339<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.to_rfc3339_opts(SecondsFormat::Millis, true))
}

fn rfc3339_option<S: Serializer>(at: &Option<DateTime<Utc>>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => rfc3339(at, serializer),
        None => serializer.serialize_none(),
    }
}

#[derive(Debug, Default)]
struct Inner {
    calls: VecDeque<Call>,
    /// By number of the call; empty unless the process logs deltas.
    deltas: HashMap<u64, Vec<SentDelta>>,
    last: u64,
}

/// All calls of a process, the oldest forgotten beyond `max`.
#[derive(Debug)]
pub(crate) struct CallLog {
    inner: Mutex<Inner>,
    max: usize,
}

/// Which calls to show.
#[derive(Debug, Default)]
pub(crate) struct Filter<'a> {
    /// Exactly this key, or every key below it (`<project>` shows all calls of a project).
    pub(crate) call_key: Option<&'a str>,
    pub(crate) after: u64,
    pub(crate) limit: usize,
}

impl CallLog {
    pub(crate) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self { inner: Mutex::default(), max: max.max(1) })
    }

    /// Records that a call arrived. The record ends with the guard.
    pub(crate) fn start(
        self: &Arc<Self>,
        provider: &'static str,
        agent: Option<String>,
        call_key: Option<String>,
    ) -> CallGuard {
        let now = Utc::now();
        let mut inner = self.lock();
        inner.last += 1;
        let seq = inner.last;
        let request_id = format!("req_simulated_{seq:08}");
        if inner.calls.len() >= self.max
            && let Some(oldest) = inner.calls.pop_front()
        {
            inner.deltas.remove(&oldest.seq);
        }
        inner.calls.push_back(Call {
            seq,
            provider,
            key_end: String::new(),
            model: String::new(),
            agent,
            call_key,
            request_id: request_id.clone(),
            started_at: now,
            started_ms: now.timestamp_millis(),
            ended_at: None,
            ended_ms: None,
            status: None,
            streamed: false,
            finished: false,
            hung_up: false,
            input_tokens: 0,
            cached_tokens: 0,
            output_tokens: 0,
            fault: None,
        });
        CallGuard { log: Arc::clone(self), seq, request_id, ended: false }
    }

    pub(crate) fn list(&self, filter: &Filter<'_>) -> Vec<Call> {
        let under = |call: &Call| match (filter.call_key, call.call_key.as_deref()) {
            (None, _) => true,
            (Some(wanted), Some(key)) => {
                key.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
            (Some(_), None) => false,
        };
        let inner = self.lock();
        let start = inner.calls.partition_point(|call| call.seq <= filter.after);
        inner.calls.range(start..).filter(|call| under(call)).take(filter.limit).cloned().collect()
    }

    /// Number of the newest call, and how many are remembered.
    pub(crate) fn counts(&self) -> (u64, usize) {
        let inner = self.lock();
        (inner.last, inner.calls.len())
    }

    /// The deltas of a call, oldest first.
    pub(crate) fn deltas(&self, seq: u64) -> Vec<SentDelta> {
        self.lock().deltas.get(&seq).cloned().unwrap_or_default()
    }

    pub(crate) fn clear(&self) {
        let mut inner = self.lock();
        inner.calls.clear();
        inner.deltas.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, seq: u64, change: impl FnOnce(&mut Call)) {
        let mut inner = self.lock();
        // Gone if forgotten or cleared meanwhile; what is left is sorted by seq without gaps.
        let index = inner.calls.front().and_then(|first| seq.checked_sub(first.seq));
        if let Some(call) = index.and_then(|index| inner.calls.get_mut(usize::try_from(index).ok()?)) {
            change(call);
        }
    }
}

/// A running call. Dropped before `finish` it records that the client hung up.
#[derive(Debug)]
pub(crate) struct CallGuard {
    log: Arc<CallLog>,
    seq: u64,
    pub(crate) request_id: String,
    ended: bool,
}

impl CallGuard {
    pub(crate) fn update(&self, change: impl FnOnce(&mut Call)) {
        self.log.change(self.seq, change);
    }

    /// Records that the text left up to this byte.
    pub(crate) fn sent(&self, end: usize) {
        let at_ms = Utc::now().timestamp_millis();
        let mut inner = self.log.lock();
        if inner.calls.front().is_some_and(|oldest| oldest.seq <= self.seq) {
            inner.deltas.entry(self.seq).or_default().push(SentDelta { end, at_ms });
        }
    }

    pub(crate) fn finish(mut self) {
        self.end(true);
    }

    /// The server itself broke the answer off.
    pub(crate) fn broken(mut self) {
        self.ended = true;
        self.update(end);
    }

    fn end(&mut self, finished: bool) {
        self.ended = true;
        self.log.change(self.seq, |call| {
            end(call);
            call.finished = finished;
            call.hung_up = !finished;
        });
    }
}

fn end(call: &mut Call) {
    let now = Utc::now();
    call.ended_at = Some(now);
    call.ended_ms = Some(now.timestamp_millis());
}

impl Drop for CallGuard {
    fn drop(&mut self) {
        if !self.ended {
            self.end(false);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_log_is_bounded_and_knows_who_hung_up() {
        let log = CallLog::new(2);
        let first = log.start("openai", None, Some("p/a/1/1".into()));
        log.start("openai", None, Some("p/b/1/1".into())).finish();
        drop(log.start("openai", None, Some("pp".into())));
        first.finish(); // forgotten by now: must not end another call
        let all = log.list(&Filter { limit: 9, ..Filter::default() });
        assert_eq!(
            all.iter().map(|call| (call.seq, call.finished, call.hung_up)).collect::<Vec<_>>(),
            [(2, true, false), (3, false, true)]
        );
        let of_p = log.list(&Filter { call_key: Some("p"), limit: 9, after: 0 });
        assert_eq!(of_p.len(), 1);
        assert_eq!(log.list(&Filter { after: 2, limit: 9, call_key: None }).len(), 1);
    }

    #[test]
    fn deltas_are_forgotten_with_their_call() {
        let log = CallLog::new(1);
        let first = log.start("openai", None, None);
        first.sent(4);
        first.sent(9);
        assert_eq!(log.deltas(1).iter().map(|delta| delta.end).collect::<Vec<_>>(), [4, 9]);
        let _second = log.start("openai", None, None);
        first.sent(12);
        assert_eq!(log.deltas(1), []);
    }
}
