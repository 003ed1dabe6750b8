//! Which loopback ports the local stack uses.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, TcpListener};

/// One port for each thing that listens. The defaults are Temporal's own, so that its tools find the server unasked, and
/// ports beside the usual ones for what people often run already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ports {
    /// Groundwork's API.
    pub api: u16,
    /// Temporal's gRPC front end.
    pub temporal: u16,
    /// Temporal's web UI.
    pub temporal_ui: u16,
    /// PostgreSQL.
    pub postgres: u16,
    /// The simulated model provider.
    pub simulator: u16,
}

impl Default for Ports {
    fn default() -> Self {
        Self { api: 8080, temporal: 7233, temporal_ui: 8233, postgres: 54329, simulator: 8089 }
    }
}

impl Ports {
    /// Five ports in a row: API, Temporal, its UI, PostgreSQL, simulator.
    #[must_use]
    pub fn from_base(base: u16) -> Self {
        let port = |offset: u16| base.saturating_add(offset);
        Self { api: port(0), temporal: port(1), temporal_ui: port(2), postgres: port(3), simulator: port(4) }
    }

    /// Ports that nobody listens on now, for tests that run beside each other.
    ///
    /// # Errors
    /// When the system has none left.
    pub fn free() -> Result<Self> {
        // All five are held until the last is known: one that is let go at once could be given out twice.
        let held: Vec<TcpListener> = (0..5).map(|_| bind(0)).collect::<Result<_>>()?;
        let port = |index: usize| anyhow::Ok(held[index].local_addr()?.port());
        Ok(Self {
            api: port(0)?,
            temporal: port(1)?,
            temporal_ui: port(2)?,
            postgres: port(3)?,
            simulator: port(4)?,
        })
    }
}

/// The wished port where nobody listens on it, else any free one.
///
/// # Errors
/// When the system has no port left.
pub fn free_or_other(wished: u16) -> Result<u16> {
    match bind(wished) {
        Ok(_) => Ok(wished),
        Err(_) => Ok(bind(0)?.local_addr()?.port()),
    }
}

fn bind(port: u16) -> Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).with_context(|| format!("binding 127.0.0.1:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_replaced_and_a_free_one_kept() {
        let taken = bind(0).expect("a free port");
        let port = taken.local_addr().expect("its address").port();
        assert_ne!(free_or_other(port).expect("another port"), port);
        drop(taken);
        assert_eq!(free_or_other(port).expect("the same port"), port);
    }
}
