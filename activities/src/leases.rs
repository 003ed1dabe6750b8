//! The calls that this process makes now, whose leases it renews.

use groundwork_store::calls::Held;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Leases by a number of their own. A call that is dropped is not renewed any more, so that another worker may make it.
#[derive(Debug, Default)]
pub(crate) struct Leases {
    held: Mutex<(u64, HashMap<u64, Held>)>,
}

impl Leases {
    fn lock(&self) -> MutexGuard<'_, (u64, HashMap<u64, Held>)> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Renewed until what is returned is dropped.
    pub(crate) fn keep(self: &Arc<Self>, held: Held) -> Lease {
        let mut inner = self.lock();
        inner.0 += 1;
        let number = inner.0;
        inner.1.insert(number, held);
        Lease { leases: Arc::clone(self), number }
    }

    /// What is to be renewed.
    pub(crate) fn all(&self) -> Vec<Held> {
        self.lock().1.values().cloned().collect()
    }
}

/// One call that is being made.
#[derive(Debug)]
pub(crate) struct Lease {
    leases: Arc<Leases>,
    number: u64,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.leases.lock().1.remove(&self.number);
    }
}
