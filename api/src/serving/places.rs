//! How many connections a client has.

use crate::throttle::place;
use ipnet::IpNet;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

type Counts = Arc<Mutex<HashMap<String, u32>>>;

/// Connections by client: an IPv4 address, or the /64 of an IPv6 one.
#[derive(Debug)]
pub(super) struct Places {
    most: u32,
    proxies: Vec<IpNet>,
    counts: Counts,
}

/// One connection of a client; free again when this is dropped.
#[derive(Debug)]
pub(super) struct Place(Option<(Counts, String)>);

impl Places {
    pub(super) fn new(most: u32, proxies: Vec<IpNet>) -> Self {
        Self { most, proxies, counts: Counts::default() }
    }

    /// A place for one more connection; none where the client has all of its own.
    pub(super) fn take(&self, peer: IpAddr) -> Option<Place> {
        let peer = peer.to_canonical();
        if self.most == 0 || self.proxies.iter().any(|net| net.contains(&peer)) {
            return Some(Place(None));
        }
        let client = place(peer);
        // Whatever a thread that panicked left there is a count like any other.
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(client.clone()).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Place(Some((self.counts.clone(), client))))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((counts, client)) = self.0.take() else { return };
        let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&client) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&client);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_client_has_so_many_and_a_proxy_any_number() {
        let places = Places::new(2, vec!["10.0.0.0/8".parse().unwrap()]);
        let take = |ip: &str| places.take(ip.parse().unwrap());
        let (first, second) = (take("203.0.113.9").unwrap(), take("::ffff:203.0.113.9").unwrap());
        assert!(take("203.0.113.9").is_none());
        let _others = [take("203.0.113.10").unwrap(), take("10.0.0.1").unwrap()];
        let _more = [take("10.0.0.1").unwrap(), take("10.0.0.1").unwrap()];
        drop(first);
        let third = take("203.0.113.9").unwrap();
        drop((second, third));
        assert!(!places.counts.lock().unwrap().contains_key("203.0.113.9"));
        let _network = [take("2001:db8:1:2::1").unwrap(), take("2001:db8:1:2::2").unwrap()];
        assert!(take("2001:db8:1:2::3").is_none());
    }
}
