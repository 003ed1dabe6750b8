//! Passwords exist only as bcrypt hashes, cost 12, of a SHA-384 pre-hash: bcrypt itself ends at 72 bytes.

use crate::problem::{ApiError, ApiResult};
use crate::settings::Identity;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha384};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

const COST: u32 = 12;

/// Hashes and compares off the async threads, so many at once at most. A queue that is full, or does not move, answers at once.
#[derive(Debug)]
pub(crate) struct Passwords {
    at_once: Arc<Semaphore>,
    /// Places in the queue, those at work among them.
    places: Arc<Semaphore>,
    wait_max: Duration,
    /// What unknown people's passwords are compared with, so that they wait as long as known ones.
    nobody: String,
}

impl Passwords {
    pub(crate) fn new(settings: &Identity) -> Result<Self, bcrypt::BcryptError> {
        let nobody = bcrypt::non_truncating_hash(prehash(&rand::random::<u128>().to_string()), COST)?;
        let at_once = settings.hashes_at_once();
        Ok(Self {
            at_once: Arc::new(Semaphore::new(at_once)),
            places: Arc::new(Semaphore::new(at_once + settings.hashes_waiting_max)),
            wait_max: Duration::from_millis(settings.hash_wait_ms_max),
            nobody,
        })
    }

    /// The hash that is stored.
    pub(crate) async fn hash(&self, password: &str) -> ApiResult<String> {
        let prehash = prehash(password);
        self.spend(move || bcrypt::non_truncating_hash(prehash, COST)).await
    }

    /// A hash that is stored for somebody who has no password: of something random that nobody was told.
    pub(crate) fn of_nobody(&self) -> &str {
        &self.nobody
    }

    /// Whether the password is the one of that hash; without a hash it takes as long, and is not.
    pub(crate) async fn matches(&self, password: &str, hash: Option<String>) -> ApiResult<bool> {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.nobody.clone());
        let prehash = prehash(password);
        let same = self.spend(move || bcrypt::non_truncating_verify(prehash, &hash)).await?;
        Ok(same && known)
    }

    async fn spend<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> bcrypt::BcryptResult<T> + Send + 'static,
    ) -> ApiResult<T> {
        let _place = self.places.try_acquire().map_err(|_| busy())?;
        let turn = tokio::time::timeout(self.wait_max, self.at_once.clone().acquire_owned()).await;
        // The semaphore is never closed.
        let permit = turn.map_err(|_elapsed| busy())?.map_err(|_| ApiError::internal())?;
        let work = move || {
            // Held by the work and not by its request: one that was given up still takes its core.
            let _permit = permit;
            work()
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| crate::problem::internal("bcrypt's task", &error))?
            .map_err(|error| crate::problem::internal("bcrypt", &error))
    }
}

fn busy() -> ApiError {
    ApiError::unavailable("busy", "Too many people are signing in at this moment. Try again in a second.", 1)
}

/// 64 characters, whatever the length of the password, and never a NUL.
fn prehash(password: &str) -> String {
    STANDARD.encode(Sha384::digest(password.as_bytes()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_after_72_bytes_differs() {
        let (long, longer) = ("x".repeat(100), "x".repeat(101));
        assert_eq!(prehash(&long).len(), 64);
        assert_ne!(prehash(&long), prehash(&longer));
    }

    #[tokio::test]
    async fn a_full_queue_and_one_that_does_not_move_say_so() {
        let settings = Identity {
            hashes_at_once_max: 1,
            hashes_waiting_max: 1,
            hash_wait_ms_max: 1,
            ..Identity::default()
        };
        let passwords = Passwords::new(&settings).unwrap();
        let working = passwords.at_once.clone().acquire_owned().await.unwrap();
        assert_eq!(passwords.hash("x").await.unwrap_err().code(), "busy");
        let _places = passwords.places.acquire_many(2).await.unwrap();
        drop(working);
        assert_eq!(passwords.hash("x").await.unwrap_err().code(), "busy");
    }
}
