//! The providers' prompt caches, as far as their counters show: which prefixes were seen lately.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Prefixes that are remembered; some 8 MB.
const ENTRIES_MAX: usize = 100_000;
/// Boundaries before a breakpoint where an older prefix is still found; Anthropic's documented figure.
const LOOKBACK: usize = 20;

/// Life of a cache entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ttl {
    /// Anthropic's default.
    FiveMinutes,
    /// `ttl: "1h"`.
    Hour,
}

impl Ttl {
    fn duration(self) -> Duration {
        match self {
            Self::FiveMinutes => Duration::from_secs(300),
            Self::Hour => Duration::from_secs(3600),
        }
    }
}

/// The end of a block of a request: everything up to here, hashed and counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Boundary {
    pub(crate) hash: u64,
    /// Tokens from the beginning up to here.
    pub(crate) tokens: u64,
    /// Set where the request asks for this prefix to be kept.
    pub(crate) breakpoint: Option<Ttl>,
}

/// How the input of a request divides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Split {
    pub(crate) read: u64,
    pub(crate) written_5m: u64,
    pub(crate) written_1h: u64,
}

/// Prefixes seen lately. Keys include provider, account and model.
#[derive(Debug, Default)]
pub(crate) struct PromptCache {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    expiry: HashMap<u64, Instant>,
    order: VecDeque<u64>,
}

impl Inner {
    fn knows(&self, hash: u64, now: Instant) -> bool {
        self.expiry.get(&hash).is_some_and(|expiry| *expiry > now)
    }

    fn keep(&mut self, hash: u64, until: Instant) {
        if self.expiry.insert(hash, until).is_none() {
            self.order.push_back(hash);
        }
        if self.order.len() > ENTRIES_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.expiry.remove(&oldest);
        }
    }
}

impl PromptCache {
    /// Anthropic's rule: the longest kept prefix that ends at a breakpoint, or up to 20 blocks before one, is read; what
    /// follows up to the last breakpoint is written. Prefixes below `min_tokens` are not kept.
    pub(crate) fn explicit(&self, boundaries: &[Boundary], min_tokens: u64) -> Split {
        let now = Instant::now();
        let mut inner = self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let breakpoints = || {
            let long_enough = |boundary: &Boundary| boundary.tokens >= min_tokens;
            let indexed = boundaries.iter().enumerate();
            indexed.filter_map(move |(at, boundary)| {
                Some((at, boundary, boundary.breakpoint.filter(|_| long_enough(boundary))?))
            })
        };
        let mut read = 0;
        for (at, _, ttl) in breakpoints() {
            let near = &boundaries[at.saturating_sub(LOOKBACK)..=at];
            if let Some(hit) = near.iter().rev().find(|boundary| inner.knows(boundary.hash, now)) {
                read = read.max(hit.tokens);
                inner.keep(hit.hash, now + ttl.duration()); // reading refreshes
            }
        }
        let mut split = Split { read, ..Split::default() };
        let mut counted = read;
        for (_, boundary, ttl) in breakpoints() {
            let new = boundary.tokens.saturating_sub(counted);
            match ttl {
                Ttl::FiveMinutes => split.written_5m += new,
                Ttl::Hour => split.written_1h += new,
            }
            counted += new;
            inner.keep(boundary.hash, now + ttl.duration());
        }
        split
    }

    /// OpenAI's rule: the longest prefix seen before is read, without being asked. Gives its tokens.
    pub(crate) fn automatic(&self, boundaries: &[Boundary]) -> u64 {
        let now = Instant::now();
        let mut inner = self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let known = boundaries.iter().rev().find(|boundary| inner.knows(boundary.hash, now));
        let read = known.map_or(0, |boundary| boundary.tokens);
        for boundary in boundaries {
            inner.keep(boundary.hash, now + Ttl::FiveMinutes.duration());
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hash: u64, tokens: u64, breakpoint: Option<Ttl>) -> Boundary {
        Boundary { hash, tokens, breakpoint }
    }

    #[test]
    fn a_prefix_seen_before_is_read() {
        let cache = PromptCache::default();
        let five = Some(Ttl::FiveMinutes);
        let first = cache.explicit(&[at(1, 100, five), at(2, 300, five), at(3, 350, None)], 0);
        assert_eq!(first, Split { read: 0, written_5m: 300, written_1h: 0 });
        let again = cache.explicit(&[at(1, 100, five), at(2, 300, five), at(4, 320, None)], 0);
        assert_eq!(again, Split { read: 300, written_5m: 0, written_1h: 0 });
        let other_task = cache.explicit(&[at(1, 100, five), at(9, 200, Some(Ttl::Hour))], 0);
        assert_eq!(other_task, Split { read: 100, written_5m: 0, written_1h: 100 });
    }

    #[test]
    fn a_breakpoint_that_moved_on_finds_what_it_left_behind() {
        let cache = PromptCache::default();
        cache.explicit(&[at(1, 100, Some(Ttl::FiveMinutes))], 0);
        let moved = cache.explicit(&[at(1, 100, None), at(2, 150, Some(Ttl::FiveMinutes))], 0);
        assert_eq!(moved, Split { read: 100, written_5m: 50, written_1h: 0 });
        assert_eq!(PromptCache::default().explicit(&[at(1, 100, Some(Ttl::Hour))], 1024), Split::default());
    }
}
