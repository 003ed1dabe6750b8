//! How people prove who they are, for how long that holds, and how guessing is slowed down.

use super::SettingsError;
use serde::Deserialize;

/// Section `[api.identity]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Identity {
    /// Minutes that an access token lives, at most 1,440.
    pub token_minutes: u32,
    /// Days that a session and its chain of refresh tokens live.
    pub session_days: u32,
    /// Seconds within which a refresh whose answer was lost can be repeated under its Idempotency-Key.
    pub refresh_grace_s: u32,
    /// Days that a personal API token may live.
    pub api_token_days_max: u32,
    /// Personal API tokens that a person may have at a time.
    pub api_tokens_max: u32,
    /// Seconds that a login waits for its second factor.
    pub challenge_s: u32,
    /// Codes that may be tried in one login.
    pub challenge_tries_max: u32,
    /// Passwords that are hashed or compared at once: each takes a core for a quarter of a second. 0: half of the cores, so
    /// that other requests are never starved.
    pub hashes_at_once_max: usize,
    /// Passwords that may wait for their turn; more are told to come back.
    pub hashes_waiting_max: usize,
    /// Milliseconds that a password waits for its turn at most.
    pub hash_wait_ms_max: u64,
    /// Failed logins of one person from one address before there is a pause.
    pub failures_pair_max: u32,
    /// Failed logins from one address that is new to the person, whoever they are for.
    pub failures_address_max: u32,
    /// Failed logins of one person from all addresses that are new to them.
    pub failures_account_max: u32,
    /// Seconds of quiet after which failures are forgotten.
    pub failures_window_s: u32,
    /// Seconds of the first pause; each further failure doubles it.
    pub failures_pause_s: u32,
    /// Seconds of the longest pause.
    pub failures_pause_s_max: u32,
}

impl Default for Identity {
    fn default() -> Self {
        Self {
            token_minutes: 15,
            session_days: 7,
            refresh_grace_s: 60,
            api_token_days_max: 365,
            api_tokens_max: 50,
            challenge_s: 300,
            challenge_tries_max: 5,
            hashes_at_once_max: 0,
            hashes_waiting_max: 64,
            hash_wait_ms_max: 5_000,
            failures_pair_max: 5,
            failures_address_max: 30,
            failures_account_max: 50,
            failures_window_s: 3_600,
            failures_pause_s: 30,
            failures_pause_s_max: 900,
        }
    }
}

impl Identity {
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        if !(1..=1_440).contains(&self.token_minutes) {
            return Err(SettingsError("identity.token_minutes must be 1 to 1440"));
        }
        if !(1..=365).contains(&self.session_days) {
            return Err(SettingsError("identity.session_days must be 1 to 365"));
        }
        if !(1..=365).contains(&self.api_token_days_max) {
            return Err(SettingsError("identity.api_token_days_max must be 1 to 365"));
        }
        if [self.failures_pair_max, self.failures_address_max, self.failures_account_max].contains(&0) {
            return Err(SettingsError("identity.failures_*_max must be at least 1"));
        }
        Ok(())
    }

    /// Passwords that are hashed at once, on this machine.
    pub(crate) fn hashes_at_once(&self) -> usize {
        match self.hashes_at_once_max {
            0 => std::thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1)),
            set => set,
        }
    }
}
