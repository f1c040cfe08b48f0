//! How often one caller may ask: by token, by account, and by address where nobody is signed in.
//!
//! A bucket each, and a bounded number of buckets: the one that was not used for the longest gives way. Signing in has
//! limits of its own, where passwords are.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue};
use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use crate::account::Via;
use crate::api::v1::take::Who;
use crate::api::{Problem, catalogue};
use crate::net::masked;
use crate::store::{TokenId, UserId};

/// Buckets at once. Each is some 200 bytes.
const BUCKETS_MAX: u64 = 16_384;

/// Bits of an IPv6 address that one household has for itself.
const HOUSEHOLD_BITS: u8 = 64;

/// How often one caller may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Requests a second, for long.
    pub per_second: NonZeroU32,
    /// Requests at once, after a pause.
    pub burst: NonZeroU32,
}

impl Default for Rate {
    /// A page of the dashboard is some fifteen requests at once and one a second after that; ten people may sit behind
    /// one account.
    fn default() -> Self {
        let (per_second, burst) = (NonZeroU32::new(20), NonZeroU32::new(200));
        Self { per_second: per_second.unwrap_or(NonZeroU32::MIN), burst: burst.unwrap_or(NonZeroU32::MIN) }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Token(TokenId),
    User(UserId),
    Address(IpAddr),
}

type Bucket = RateLimiter<NotKeyed, InMemoryState, DefaultClock, StateInformationMiddleware>;

/// All buckets.
pub(super) struct Limiter {
    quota: Quota,
    rate: Rate,
    buckets: Cache<Key, Arc<Bucket>>,
}

/// What is left in a bucket.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    rate: Rate,
    left: u32,
}

impl Limiter {
    /// With full buckets.
    #[must_use]
    pub(super) fn new(rate: Rate) -> Self {
        let quota = Quota::per_second(rate.per_second).allow_burst(rate.burst);
        let buckets =
            Cache::builder().max_capacity(BUCKETS_MAX).eviction_policy(EvictionPolicy::lru()).build();
        Self { quota, rate, buckets }
    }

    /// Takes one from the caller's bucket.
    ///
    /// # Errors
    /// `too_many_requests`.
    pub(super) fn check(&self, who: &Who, address: IpAddr) -> Result<Room, Problem> {
        let key = match who {
            Who::Known(caller) => match caller.via {
                Via::Token(token) => Key::Token(token),
                Via::Session(_) => Key::User(caller.user.id),
            },
            Who::Nobody | Who::Refused(_) if address.is_ipv6() => {
                Key::Address(masked(address, HOUSEHOLD_BITS))
            }
            Who::Nobody | Who::Refused(_) => Key::Address(address),
        };
        let fresh =
            || Arc::new(RateLimiter::direct(self.quota).with_middleware::<StateInformationMiddleware>());
        match self.buckets.get_with(key, fresh).check() {
            Ok(snapshot) => Ok(Room { rate: self.rate, left: snapshot.remaining_burst_capacity() }),
            Err(not_until) => {
                let wait: Duration = not_until.wait_time_from(DefaultClock::default().now());
                Err(Problem::of(&catalogue::TOO_MANY_REQUESTS).retry_after(wait))
            }
        }
    }
}

/// Says what is left. The fields are a draft's (ietf-httpapi-ratelimit-headers-11): told, not depended on.
pub(super) fn say(room: Option<Room>, headers: &mut HeaderMap) {
    let Some(Room { rate, left }) = room else { return };
    let (per_second, burst) = (rate.per_second.get(), rate.burst.get());
    let window = burst.div_ceil(per_second);
    let until_full = burst.saturating_sub(left).div_ceil(per_second);
    let values = [
        ("ratelimit-policy", format!("\"api\";q={burst};w={window}")),
        ("ratelimit", format!("\"api\";r={left};t={until_full}")),
    ];
    for (name, value) in values {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
}
