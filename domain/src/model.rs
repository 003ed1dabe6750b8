//! Models and what they cost, as data. Filled in from `models.toml`.

use serde::{Deserialize, Serialize};

/// The five counters that providers bill, normalised: `input` excludes what was read from or written to a cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tokens {
    /// Read, not cached.
    pub input: u64,
    /// Written to a cache that lives five minutes.
    pub cache_write_5m: u64,
    /// Written to a cache that lives an hour.
    pub cache_write_1h: u64,
    /// Read from a cache.
    pub cache_read: u64,
    /// Written by the model.
    pub output: u64,
}
