//! How far an IP address reaches: what keeps a peer from sending us to places that only we can see.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How far an address reaches, the nearest first. What is not unicast counts as nearest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// This machine.
    Host,
    /// This link; clouds keep credentials at such addresses.
    Link,
    /// A private network, or a provider's shared one.
    Site,
    /// The internet.
    World,
}

/// Which addresses are connected to on somebody's word: what keeps an account of ours from having us knock at doors
/// inside our network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowed {
    /// All of them.
    All,
    /// All but those of this link, where clouds keep credentials: for people who are trusted with the network.
    NotLink,
    /// The internet alone.
    World,
}

impl Allowed {
    /// Whether an address that reaches so far is among them.
    #[must_use]
    pub const fn takes(self, reach: Reach) -> bool {
        match self {
            Self::All => true,
            Self::NotLink => !matches!(reach, Reach::Link),
            Self::World => matches!(reach, Reach::World),
        }
    }
}

impl Reach {
    /// Of an address.
    #[must_use]
    pub const fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self::of_v4(v4),
            IpAddr::V6(v6) => Self::of_v6(v6),
        }
    }

    const fn of_v4(address: Ipv4Addr) -> Self {
        match address.octets() {
            [0 | 127 | 224..=255, ..] => Self::Host,
            // The second is a cloud's place for credentials, too.
            [169, 254, ..] | [192, 0, 0, _] => Self::Link,
            [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] | [198, 18 | 19, ..] => {
                Self::Site
            }
            _ => Self::World,
        }
    }

    const fn of_v6(address: Ipv6Addr) -> Self {
        match address.segments() {
            // NAT64 and 6to4: the IPv4 address in it is where it leads.
            [0x64, 0xFF9B, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
                let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
                Self::of_v4(Ipv4Addr::new(a, b, c, d))
            }
            [0, 0, 0, 0, 0, 0, ..] | [0xFF00..=0xFFFF, ..] => Self::Host,
            [0xFE80..=0xFEBF, ..] => Self::Link,
            // The last is a network's own NAT64, which may lead anywhere in it.
            [0xFC00..=0xFDFF | 0xFEC0..=0xFEFF, ..] | [0x64, 0xFF9B, 1, ..] => Self::Site,
            _ => Self::World,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_apart_by_how_far_they_reach() {
        for (address, reach) in [
            ("127.0.0.1", Reach::Host),
            ("0.0.0.0", Reach::Host),
            ("239.1.1.1", Reach::Host),
            ("::1", Reach::Host),
            ("::", Reach::Host),
            ("::ffff:127.0.0.1", Reach::Host),
            ("ff02::1", Reach::Host),
            ("169.254.169.254", Reach::Link),
            ("192.0.0.192", Reach::Link),
            ("fe80::1", Reach::Link),
            ("10.1.2.3", Reach::Site),
            ("172.31.0.1", Reach::Site),
            ("192.168.0.1", Reach::Site),
            ("100.64.0.1", Reach::Site),
            ("fd00::1", Reach::Site),
            ("::ffff:10.0.0.1", Reach::Site),
            ("64:ff9b::a00:1", Reach::Site),
            ("64:ff9b:1::7f00:1", Reach::Site),
            ("fec0::1", Reach::Site),
            ("2002:7f00:1::1", Reach::Host),
            ("2002:a00:1::1", Reach::Site),
            ("172.32.0.1", Reach::World),
            ("93.184.216.34", Reach::World),
            ("2606:2800::1", Reach::World),
        ] {
            assert_eq!(Reach::of(address.parse().expect("an address")), reach, "{address}");
        }
        let taken = |allowed: Allowed| {
            [Reach::Host, Reach::Link, Reach::Site, Reach::World].map(|reach| allowed.takes(reach))
        };
        assert_eq!(taken(Allowed::All), [true; 4]);
        assert_eq!(taken(Allowed::NotLink), [true, false, true, true]);
        assert_eq!(taken(Allowed::World), [false, false, false, true]);
        assert!(Reach::Host < Reach::Link && Reach::Link < Reach::Site && Reach::Site < Reach::World);
    }
}
