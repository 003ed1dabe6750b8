//! Guessing is slowed down without locking anybody out: whoever guesses from elsewhere never stops a person from
//! signing in where they signed in before.

use crate::app::App;
use crate::problem::{ApiError, ApiResult};
use groundwork_domain::{Digest, UserId};
use groundwork_store::attempts::{self, Backoff, Blocked, Counter};
use std::net::{IpAddr, Ipv6Addr};

/// What somebody tries.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Attempt<'a> {
    /// A password, for this address, which may be nobody's.
    Password { email: &'a str },
    /// The second factor of a login.
    SecondFactor { user: UserId, email: &'a str },
    /// A password or code of somebody who is signed in already.
    Confirmation { user: UserId },
}

/// An attempt that was counted, and is taken back if it succeeds.
#[derive(Debug)]
pub(crate) struct Counted(Vec<Counter>);

impl Counted {
    /// It was no guess.
    pub(crate) async fn forgive(self, app: &App) -> ApiResult<()> {
        Ok(attempts::forgive(&app.store, &self.0).await?)
    }
}

/// Counts an attempt before it is made, so that many at once are counted too.
///
/// Under the pair of person and place it always is. From a place where the person never signed in, it is counted under the
/// place and under the person too. A block of these two therefore never concerns the places that a person comes from.
pub(crate) async fn count(app: &App, attempt: Attempt<'_>, ip: Option<IpAddr>) -> ApiResult<Counted> {
    let settings = &app.settings.identity;
    let place = ip.map_or_else(|| "unknown".to_owned(), place);
    let (kind, subject, email) = match attempt {
        Attempt::Password { email } => ("password", email.to_owned(), Some(email)),
        Attempt::SecondFactor { user, email } => ("second factor", user.to_string(), Some(email)),
        Attempt::Confirmation { user } => ("confirmation", user.to_string(), None),
    };
    let counter = |scope: &str, parts: [&str; 2], most: u32| Counter {
        key: Digest::of_parts([kind, scope, parts[0], parts[1]].map(str::as_bytes)),
        most,
    };
    let mut counters = vec![counter("pair", [&subject, &place], settings.failures_pair_max)];
    if let Some(email) = email
        && !attempts::is_known_place(&app.store, email, &place).await?
    {
        counters.push(counter("address", [&place, ""], settings.failures_address_max));
        counters.push(counter("account", [&subject, ""], settings.failures_account_max));
    }
    let backoff = Backoff {
        window_s: settings.failures_window_s,
        pause_s: settings.failures_pause_s,
        pause_s_max: settings.failures_pause_s_max,
    };
    match attempts::count(&app.store, &counters, backoff).await? {
        None => Ok(Counted(counters)),
        Some(blocked) => Err(refusal(blocked)),
    }
}

fn refusal(blocked: Blocked) -> ApiError {
    let words = format!("Too many attempts failed. The next one can be made in {} seconds.", blocked.wait_s);
    ApiError::limit_reached(words, blocked.most.into(), blocked.used.into()).retry_after(blocked.wait_s)
}

/// What counts as one place: an IPv4 address, or the /64 that an IPv6 client moves about in.
pub(crate) fn place(ip: IpAddr) -> String {
    match network(ip) {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(network) => format!("{network}/64"),
    }
}

/// What one person is taken to have: an address, or a network of 64 bits.
pub(crate) fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        ip @ IpAddr::V4(_) => ip,
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() & (u128::MAX << 64)).into(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_an_address_or_a_network() {
        let seen = |ip: &str| place(ip.parse().unwrap());
        assert_eq!(seen("203.0.113.9"), "203.0.113.9");
        assert_eq!(seen("::ffff:203.0.113.9"), "203.0.113.9");
        assert_eq!(seen("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(seen("2001:db8:1:2::9"), seen("2001:db8:1:2:ffff::1"));
    }
}
