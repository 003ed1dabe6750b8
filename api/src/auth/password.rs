//! Passwords exist only as bcrypt hashes, cost 12, of a SHA-384 pre-hash: bcrypt itself ends at 72 bytes.

use crate::problem::{ApiError, ApiResult};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha384};
use std::sync::Arc;
use tokio::sync::Semaphore;

const COST: u32 = 12;

/// Hashes and compares off the async threads, so many at once at most.
#[derive(Debug)]
pub(crate) struct Passwords {
    at_once: Arc<Semaphore>,
    /// What unknown people's passwords are compared with, so that they wait as long as known ones.
    nobody: String,
}

impl Passwords {
    pub(crate) fn new(at_once_max: usize) -> Result<Self, bcrypt::BcryptError> {
        let nobody = bcrypt::non_truncating_hash(prehash(&rand::random::<u128>().to_string()), COST)?;
        Ok(Self { at_once: Arc::new(Semaphore::new(at_once_max)), nobody })
    }

    /// The hash that is stored.
    pub(crate) async fn hash(&self, password: &str) -> ApiResult<String> {
        let prehash = prehash(password);
        self.spend(move || bcrypt::non_truncating_hash(prehash, COST)).await
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
        // The semaphore is never closed.
        let _permit = self.at_once.acquire().await.map_err(|_| ApiError::internal())?;
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| crate::problem::internal("bcrypt's task", &error))?
            .map_err(|error| crate::problem::internal("bcrypt", &error))
    }
}

/// 64 characters, whatever the length of the password, and never a NUL.
fn prehash(password: &str) -> String {
    STANDARD.encode(Sha384::digest(password.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_after_72_bytes_differs() {
        let (long, longer) = ("x".repeat(100), "x".repeat(101));
        assert_eq!(prehash(&long).len(), 64);
        assert_ne!(prehash(&long), prehash(&longer));
    }
}
