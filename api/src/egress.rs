//! Calls to addresses that somebody else named: a name is resolved once, every address that it has is checked, and the
//! connection goes to what was checked. Nothing inside is reached: not this machine, not its network, not a cloud's metadata.

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Url};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

/// What may be called.
#[derive(Clone, Debug)]
pub struct Egress {
    /// Networks inside of which calls may go all the same.
    allowed: Arc<[IpNet]>,
}

/// Why an address is not called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EgressError {
    /// Not `https`, or `http` to what is not allowed by the settings.
    #[error("only https addresses are called")]
    Scheme,
    /// No host in it, or a user and a password.
    #[error("this is not the address of a server")]
    Host,
    /// Inside.
    #[error("{0} is an address that is not called from here")]
    Inside(String),
}

impl Egress {
    /// Nothing inside but these networks.
    #[must_use]
    pub fn new(allowed: &[IpNet]) -> Self {
        Self { allowed: allowed.into() }
    }

    /// Makes a client that resolves through this, follows no redirects and uses no proxy (a proxy would resolve by itself).
    /// Every URL has to pass [`Egress::check`] first: an address in place of a name is not resolved.
    ///
    /// # Errors
    /// Those of the builder.
    pub fn client(&self, builder: ClientBuilder) -> reqwest::Result<Client> {
        builder.dns_resolver(Arc::new(self.clone())).redirect(Policy::none()).no_proxy().build()
    }

    /// Whether this may be called, as far as can be seen without resolving it.
    ///
    /// # Errors
    /// [`EgressError`]: it may not.
    pub fn check(&self, url: &Url) -> Result<(), EgressError> {
        let host = url.host().ok_or(EgressError::Host)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EgressError::Host);
        }
        let ip = match host {
            url::Host::Ipv4(ip) => Some(IpAddr::V4(ip)),
            url::Host::Ipv6(ip) => Some(IpAddr::V6(ip)),
            url::Host::Domain(_) => None,
        };
        let is_allowed_inside = ip.is_some_and(|ip| self.is_excepted(ip));
        if url.scheme() != "https" && !(url.scheme() == "http" && is_allowed_inside) {
            return Err(EgressError::Scheme);
        }
        match ip {
            Some(ip) if !self.may_reach(ip) => Err(EgressError::Inside(ip.to_string())),
            Some(_) | None => Ok(()),
        }
    }

    fn is_excepted(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.allowed.iter().any(|net| net.contains(&ip))
    }

    fn may_reach(&self, ip: IpAddr) -> bool {
        is_outside(ip) || self.is_excepted(ip)
    }
}

impl Resolve for Egress {
    fn resolve(&self, name: Name) -> Resolving {
        let egress = self.clone();
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            // One address inside is enough: whoever mixes them means no good.
            if let Some(inside) = found.iter().find(|address| !egress.may_reach(address.ip())) {
                let error = EgressError::Inside(format!("{} ({})", name.as_str(), inside.ip()));
                return Err(error.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Whether an address belongs to the public internet.
fn is_outside(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => is_outside_v4(ip),
        IpAddr::V6(ip) => is_outside_v6(ip),
    }
}

fn is_outside_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let is_inside = ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_broadcast()
        || ip.is_documentation()
        || ip.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && b & 0xc0 == 64)
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && b & 0xfe == 18)
        // Metadata of one cloud, in an otherwise public network.
        || ip == Ipv4Addr::new(168, 63, 129, 16);
    !is_inside
}

fn is_outside_v6(ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.segments();
    // Only 2000::/3 is given out. What wraps an IPv4 address is as that address: 6to4, and NAT64 outside of 2000::/3.
    let [.., a, b] = ip.segments();
    let wrapped = |high: u16, low: u16| {
        let [one, two] = high.to_be_bytes();
        let [three, four] = low.to_be_bytes();
        Ipv4Addr::new(one, two, three, four)
    };
    match first {
        0x2002 => is_outside_v4(wrapped(second, ip.segments()[2])),
        0x64 if second == 0xff9b => is_outside_v4(wrapped(a, b)),
        // Teredo, benchmarks, ORCHID, documentation.
        0x2001 => second >= 0x200 && second != 0xdb8,
        0x3fff => false,
        0x2000..=0x3ffe => true,
        _ => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_inside_is_called() {
        let egress = Egress::new(&[]);
        for inside in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.100.100.200",
            "192.0.0.192",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "192.0.2.1",
            "168.63.129.16",
            "[::1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::ffff:10.0.0.1]",
            "[::127.0.0.1]",
            "[fc00::1]",
            "[fd00:ec2::254]",
            "[fe80::1]",
            "[ff02::1]",
            "[64:ff9b::7f00:1]",
            "[64:ff9b::a9fe:a9fe]",
            "[2002:7f00:1::]",
            "[2001::1]",
            "[2001:db8::1]",
            // Other spellings of 127.0.0.1, which URLs know.
            "2130706433",
            "0x7f.1",
            "017700000001",
            "127.1",
        ] {
            let url = Url::parse(&format!("https://{inside}/")).unwrap();
            assert!(matches!(egress.check(&url), Err(EgressError::Inside(_))), "{inside}");
        }
        for outside in ["1.1.1.1", "93.184.216.34", "[2606:4700::1111]", "[64:ff9b::101:101]", "example.org"]
        {
            egress.check(&Url::parse(&format!("https://{outside}/")).unwrap()).unwrap();
        }
    }

    #[test]
    fn only_https_and_no_credentials() {
        let egress = Egress::new(&["127.0.0.0/8".parse().unwrap()]);
        let check = |url: &str| egress.check(&Url::parse(url).unwrap());
        assert_eq!(check("http://example.org/"), Err(EgressError::Scheme));
        assert_eq!(check("file:///etc/passwd"), Err(EgressError::Host));
        assert_eq!(check("gopher://1.1.1.1/"), Err(EgressError::Scheme));
        assert_eq!(check("https://user:word@example.org/"), Err(EgressError::Host));
        check("http://127.0.0.1:8080/").unwrap();
        assert_eq!(check("https://[::1]/"), Err(EgressError::Inside("::1".to_owned())));
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_not_called() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
        let client = Egress::new(&[]).client(Client::builder()).unwrap();
        let error = client.get(url).send().await.unwrap_err();
        let causes = std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source());
        assert!(
            causes.into_iter().any(|cause| cause.to_string().contains("not called from here")),
            "{error:?}"
        );
        // Nobody came.
        let came = tokio::time::timeout(std::time::Duration::ZERO, listener.accept()).await;
        assert!(came.is_err());
    }

    proptest! {
        #[test]
        fn an_address_wrapped_in_ipv6_is_as_outside_as_itself(bits in any::<u32>()) {
            let ip = Ipv4Addr::from_bits(bits);
            prop_assert_eq!(is_outside(IpAddr::V6(ip.to_ipv6_mapped())), is_outside_v4(ip));
            let nat64 = Ipv6Addr::from_bits(0x0064_ff9b_u128 << 96 | u128::from(bits));
            prop_assert_eq!(is_outside(IpAddr::V6(nat64)), is_outside_v4(ip));
        }
    }
}
