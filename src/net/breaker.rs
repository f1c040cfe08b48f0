//! A circuit breaker for each host that we call, so that one that is dead causes no storm of all who want it.
//!
//! Closed until so many failures in a row; then open for a time; then one attempt decides. Asking for a retry by hand
//! always passes.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[derive(Debug, Default)]
struct Circuit {
    failures: u32,
    open_until: Option<Instant>,
}

/// All circuits. One for each host that failed and did not answer since, so their number is bounded by who may be called.
#[derive(Debug)]
pub struct Breakers {
    after: u32,
    open_for: Duration,
    hosts: Mutex<HashMap<String, Circuit>>,
}

impl Breakers {
    /// Opens after so many failures in a row, for so long.
    #[must_use]
    pub fn new(after: u32, open_for: Duration) -> Self {
        Self { after, open_for, hosts: Mutex::default() }
    }

    /// How long attempts to `host` pause; `None` when one may be made now. An attempt after the pause is granted once,
    /// then not again for as long, unless it succeeds.
    pub fn pause(&self, host: &str, now: Instant) -> Option<Duration> {
        let mut hosts = self.lock();
        let circuit = hosts.get_mut(host)?;
        let until = circuit.open_until?;
        if now < until {
            return Some(until - now);
        }
        circuit.open_until = Some(now + self.open_for);
        None
    }

    /// An attempt failed in a way that speaks against the host. `true` when that opened the circuit.
    pub fn failed(&self, host: &str, now: Instant) -> bool {
        let mut hosts = self.lock();
        let circuit = hosts.entry(host.to_owned()).or_default();
        circuit.failures = circuit.failures.saturating_add(1);
        if circuit.failures < self.after {
            return false;
        }
        circuit.open_until = Some(now + self.open_for);
        circuit.failures == self.after
    }

    /// The host answered.
    pub fn succeeded(&self, host: &str) {
        self.lock().remove(host);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Circuit>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: Duration = Duration::from_secs(30);

    #[test]
    fn a_host_that_keeps_failing_is_left_alone_and_then_tried_by_one() {
        let breakers = Breakers::new(3, OPEN);
        let now = Instant::now();
        assert!(!breakers.failed("a", now));
        assert!(!breakers.failed("a", now));
        assert_eq!(breakers.pause("a", now), None, "closed until the third");
        assert!(breakers.failed("a", now));
        assert_eq!(breakers.pause("a", now), Some(OPEN));
        assert_eq!(breakers.pause("b", now), None, "another host is not concerned");
        let later = now + OPEN;
        assert_eq!(breakers.pause("a", later), None, "one may try");
        assert_eq!(breakers.pause("a", later), Some(OPEN), "one");
        assert!(!breakers.failed("a", later), "open already");
        breakers.succeeded("a");
        assert_eq!(breakers.pause("a", later), None);
    }
}
