//! Where deliveries may go: looks names up itself, and lets nothing pass that is not allowed.
//!
//! The connector connects to what it is given here and looks nothing up of its own, so a name that leads elsewhere at the
//! second question gains nothing. An address that stands in the URL itself is no question to this, so it is checked
//! before every request.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::lookup_host;

use crate::net::{Allowed, Reach};

/// Addresses of a name that are tried at most.
const ADDRESSES_MAX: usize = 8;

/// The address is not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the address leads into a private network, where webhooks may not go (relay.allow_private)")]
pub(super) struct Refused;

impl Refused {
    /// Whether this is what an error comes of.
    pub(super) fn is_cause_of(error: &(dyn Error + 'static)) -> bool {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if error.is::<Self>() {
                return true;
            }
            cause = error.source();
        }
        false
    }
}

/// The one that looks names up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Guard(pub(super) Allowed);

impl Guard {
    /// Whether a URL may be asked for, as far as that can be said before its name is looked up.
    ///
    /// # Errors
    /// [`Refused`].
    pub(super) fn check(self, url: &Url) -> Result<(), Refused> {
        let host = url.host_str().unwrap_or_default();
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        match literal {
            Ok(address) if !self.takes(address) => Err(Refused),
            _ => Ok(()),
        }
    }

    fn takes(self, address: IpAddr) -> bool {
        self.0.takes(Reach::of(address))
    }

    /// Those of a name's addresses that are allowed.
    fn pick(self, addresses: impl Iterator<Item = SocketAddr>) -> Result<Vec<SocketAddr>, Refused> {
        let allowed: Vec<_> =
            addresses.filter(|address| self.takes(address.ip())).take(ADDRESSES_MAX).collect();
        if allowed.is_empty() { Err(Refused) } else { Ok(allowed) }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = *self;
        Box::pin(async move {
            // The port is the URL's; nobody looks at this one.
            let found: Vec<_> = lookup_host((name.as_str(), 0)).await?.collect();
            if found.is_empty() {
                return Err("the name has no address".into());
            }
            Ok(Box::new(guard.pick(found.into_iter())?.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(url: &str) -> Result<(), Refused> {
        Guard(Allowed::World).check(&Url::parse(url).expect("a URL"))
    }

    #[test]
    fn an_address_in_the_url_is_seen_in_whatever_form() {
        for url in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://127.1/",
            "http://[::1]/",
            "http://[::ffff:169.254.169.254]/latest/meta-data",
            "http://169.254.169.254/latest/meta-data",
            "http://10.0.0.7:8080/",
            "http://[fd00:ec2::254]/",
            "http://0.0.0.0/",
        ] {
            assert_eq!(checked(url), Err(Refused), "{url}");
        }
        assert_eq!(checked("https://93.184.216.34/in"), Ok(()));
        assert_eq!(checked("https://hooks.example/in"), Ok(()), "its name is looked up later");
        let private = Url::parse("http://192.168.1.5/").expect("a URL");
        assert_eq!(Guard(Allowed::All).check(&private), Ok(()));
    }

    #[test]
    fn of_a_name_only_the_addresses_outside_are_taken() {
        let address = |text: &str| SocketAddr::new(text.parse().expect("an address"), 0);
        let guard = Guard(Allowed::World);
        let both = [address("10.0.0.1"), address("93.184.216.34"), address("::1")];
        assert_eq!(guard.pick(both.into_iter()), Ok(vec![address("93.184.216.34")]));
        assert_eq!(guard.pick([address("fe80::1")].into_iter()), Err(Refused));
    }
}
