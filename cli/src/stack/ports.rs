//! Which loopback ports the local stack uses.

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

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

    /// Five ports in a row that nobody listens on now, for tests that run beside each other. They are below the range from
    /// which the system takes the ports of outgoing connections: a port of that range could be given away while its server
    /// is down; and a client that keeps trying would one day be connected to itself.
    ///
    /// # Errors
    /// When there are none.
    pub fn free() -> Result<Self> {
        const LOW: u16 = 20_000;
        const COUNT: u16 = 2_000;
        /// Processes that start after one another are far from each other.
        const APART: u32 = 127;
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let seed = u16::try_from(std::process::id().wrapping_mul(APART) % u32::from(COUNT))?;
        for _ in 0..COUNT {
            let slot = (seed + NEXT.fetch_add(1, Ordering::Relaxed) % COUNT) % COUNT;
            let base = LOW + slot * 5;
            if (base..base + 5).all(|port| bind(port).is_ok()) {
                return Ok(Self::from_base(base));
            }
        }
        bail!("no five free ports in a row between {LOW} and {}", LOW + COUNT * 5)
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
        let port = Ports::free().expect("free ports").api;
        let taken = bind(port).expect("a free port");
        assert_ne!(free_or_other(port).expect("another port"), port);
        drop(taken);
        assert_eq!(free_or_other(port).expect("the same port"), port);
    }
}
