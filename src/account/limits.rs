//! How often somebody may try: by account and by address, in a fixed amount of memory.
//!
//! Accounts and addresses are hashed into a fixed number of buckets, with a key that nobody outside knows. So the table
//! cannot grow, whoever comes; two that share a bucket share its limit, which nobody can bring about on purpose.

use std::fmt;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use super::{Clock, Error};

/// Buckets of each limit, some 50 bytes each: 3 MiB if every one of them is in use.
const BUCKETS: u64 = 1 << 16;

/// What attempts have in common that are too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limited {
    /// The account: 10 at once, then one every 6 seconds, whoever tries. At that rate, a password that keeps to the rule
    /// outlasts its owner.
    Account,
    /// The address: 30 at once, then one every 2 seconds, since many people can be behind one.
    Address,
    /// New accounts from one address: 5 at once, then one every 10 minutes.
    SignUp,
}

impl Limited {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Account, Self::Address, Self::SignUp];

    const fn quota(self) -> (u32, Duration) {
        match self {
            Self::Account => (10, Duration::from_secs(6)),
            Self::Address => (30, Duration::from_secs(2)),
            Self::SignUp => (5, Duration::from_secs(600)),
        }
    }
}

impl fmt::Display for Limited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Account => "for this account",
            Self::Address => "from this address",
            Self::SignUp => "to make accounts from this address",
        })
    }
}

/// All limits.
pub(super) struct Limits {
    clock: Clock,
    hasher: RandomState,
    limiters: [Limiter; Limited::ALL.len()],
}

struct Limiter {
    buckets: RateLimiter<u64, DashMapStateStore<u64>, Clock, NoOpMiddleware<Nanos>>,
    refused: AtomicU64,
}

impl Limits {
    pub(super) fn new(clock: &Clock) -> Self {
        let limiters = Limited::ALL.map(|limited| {
            let (burst, every) = limited.quota();
            let burst = NonZeroU32::new(burst).expect("a burst above zero");
            let quota = Quota::with_period(every).expect("a period above zero").allow_burst(burst);
            Limiter {
                buckets: RateLimiter::dashmap_with_clock(quota, clock.clone()),
                refused: AtomicU64::new(0),
            }
        });
        Self { clock: clock.clone(), hasher: RandomState::new(), limiters }
    }

    /// One attempt on an account, by its address in any case, whether there is such an account or not.
    pub(super) fn account(&self, email: &str) -> Result<(), Error> {
        self.check(Limited::Account, &email.to_lowercase())
    }

    /// One attempt from an address.
    pub(super) fn address(&self, address: IpAddr) -> Result<(), Error> {
        self.check(Limited::Address, &neighbourhood(address))
    }

    /// One new account from an address.
    pub(super) fn sign_up(&self, address: IpAddr) -> Result<(), Error> {
        self.check(Limited::SignUp, &neighbourhood(address))
    }

    /// Attempts refused so far.
    pub(super) fn refused(&self, by: Limited) -> u64 {
        self.limiter(by).map_or(0, |limiter| limiter.refused.load(Ordering::Relaxed))
    }

    fn limiter(&self, by: Limited) -> Option<&Limiter> {
        self.limiters.get(by as usize)
    }

    fn check(&self, by: Limited, key: &impl Hash) -> Result<(), Error> {
        let Some(limiter) = self.limiter(by) else { return Ok(()) };
        let bucket = self.hasher.hash_one(key) % BUCKETS;
        limiter.buckets.check_key(&bucket).map_err(|until| {
            limiter.refused.fetch_add(1, Ordering::Relaxed);
            Error::TooMany { by, retry_after: until.wait_time_from(governor::clock::Clock::now(&self.clock)) }
        })
    }
}

/// The addresses that one customer has: one of IPv4, and of IPv6 a network of 64 bits.
fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::UnixMillis;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn a_burst_is_allowed_then_one_every_while() {
        let clock = Clock::by_hand(UnixMillis(0));
        let limits = Limits::new(&clock);
        for _ in 0..10 {
            assert!(limits.account("ada@example.org").is_ok());
        }
        match limits.account("Ada@Example.org") {
            Err(Error::TooMany { by: Limited::Account, retry_after }) => {
                assert_eq!(retry_after, Duration::from_secs(6));
            }
            other => panic!("{other:?}"),
        }
        assert!(limits.account("bob@example.org").is_ok(), "another account is not concerned");
        clock.advance(Duration::from_secs(6));
        assert!(limits.account("ada@example.org").is_ok());
        assert!(limits.account("ada@example.org").is_err());
        assert_eq!((limits.refused(Limited::Account), limits.refused(Limited::Address)), (2, 0));
    }

    #[test]
    fn one_customer_has_one_limit_however_many_addresses() {
        let limits = Limits::new(&Clock::by_hand(UnixMillis(0)));
        for host in 0..30 {
            assert!(limits.address(address(&format!("2001:db8:1:2::{host:x}"))).is_ok());
        }
        assert!(limits.address(address("2001:db8:1:2:ffff::1")).is_err());
        assert!(limits.address(address("2001:db8:1:3::1")).is_ok());
        for _ in 0..30 {
            assert!(limits.address(address("203.0.113.7")).is_ok());
        }
        assert!(limits.address(address("::ffff:203.0.113.7")).is_err(), "the same, written as IPv6");
        assert!(limits.address(address("203.0.113.8")).is_ok());
    }

    #[test]
    fn the_table_has_an_end_whoever_comes() {
        let limits = Limits::new(&Clock::by_hand(UnixMillis(0)));
        for number in 0..200_000 {
            // What it says is not the point here.
            limits.account(&format!("{number}@example.org")).ok();
        }
        let buckets = limits.limiters[Limited::Account as usize].buckets.len();
        assert!(buckets as u64 <= BUCKETS, "{buckets}");
    }
}
