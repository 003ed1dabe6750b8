//! People's provider keys after a change of `SECRET_KEY`: those that a secret before it sealed are sealed anew, so that it can be retired.

use groundwork_agents::KeyAccess;
use groundwork_store::api_keys::{self, OldKey};
use groundwork_store::{Store, StoreError};

/// Keys that are read at once.
const KEYS_AT_ONCE: u32 = 100;

/// What one look did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rotated {
    /// Keys that were sealed anew.
    pub sealed: u32,
    /// Keys that do not open: they want a secret that is not among ours any more.
    pub unopened: u32,
}

/// Seals anew what another key of the ring sealed. Any number of workers may do so at once.
pub(crate) async fn rotate(store: &Store, keys: &KeyAccess) -> Result<Rotated, StoreError> {
    let mut rotated = Rotated::default();
    let Some(ring_now) = keys.ring_now() else { return Ok(rotated) };
    let mut last: Option<OldKey> = None;
    loop {
        let page = api_keys::sealed_before(store, &ring_now, last.as_ref(), KEYS_AT_ONCE).await?;
        for key in &page {
            match keys.sealed_anew(&key.owner.aad(&key.provider), &key.sealed, nonce()) {
                Ok(Some(sealed)) => {
                    let is_done = api_keys::seal_anew(store, key, &sealed, &ring_now).await?;
                    rotated.sealed += u32::from(is_done);
                }
                Ok(None) => {}
                Err(_) => rotated.unopened += 1,
            }
        }
        match page.into_iter().next_back() {
            Some(key) => last = Some(key),
            None => return Ok(rotated),
        }
    }
}

/// 96 random bits.
fn nonce() -> [u8; 12] {
    rand::random()
}
