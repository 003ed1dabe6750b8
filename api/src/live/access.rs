//! Changes of who may see what: open streams look again at once, instead of at their next sign of life.

use groundwork_domain::UserId;
use tokio::sync::broadcast::{self, error::RecvError};

/// Changes that a stream may lag behind; then it looks again, whomever they concerned.
const LAG_MAX: usize = 256;

/// Whom a change concerns; none: everybody.
pub(super) type Concerned = Option<UserId>;

pub(super) fn channel() -> broadcast::Sender<Concerned> {
    broadcast::channel(LAG_MAX).0
}

/// Reads `<workspace>:<user>`, where no user means all of them.
pub(super) fn read(payload: &str) -> Concerned {
    payload.split_once(':').and_then(|(_, user)| user.parse().ok())
}

/// What one stream hears of them.
#[derive(Debug)]
pub(crate) struct AccessChanges(pub(super) broadcast::Receiver<Concerned>);

impl AccessChanges {
    /// Waits until something changed that may concern this person. Safe to be dropped while it waits.
    pub(crate) async fn concern(&mut self, user: Option<UserId>) {
        loop {
            match self.0.recv().await {
                Ok(Some(other)) if Some(other) != user => {}
                Ok(_) | Err(RecvError::Lagged(_)) => return,
                // The hub ends with the process.
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stream_hears_what_concerns_its_person() {
        let (ada, bob) = (UserId(uuid::Uuid::from_u128(1)), UserId(uuid::Uuid::from_u128(2)));
        let sender = channel();
        let mut changes = AccessChanges(sender.subscribe());
        for payload in [format!("w:{bob}"), format!("w:{ada}"), "w:".to_owned(), format!("w:{bob}")] {
            let _ = sender.send(read(&payload));
        }
        changes.concern(Some(ada)).await;
        changes.concern(Some(ada)).await;
        let waiting = tokio::time::timeout(std::time::Duration::from_millis(20), changes.concern(Some(ada)));
        assert!(waiting.await.is_err(), "what concerns bob wakes nobody else");
    }
}
