//! What became of connections and publish attempts, for metrics.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Counts by a short label. The labels are ours, so their number is bounded.
#[derive(Debug, Default)]
pub struct Tally(Mutex<BTreeMap<&'static str, u64>>);

impl Tally {
    /// Counts one.
    pub fn count(&self, label: &'static str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(label).or_default() += 1;
    }

    /// All labels counted so far.
    #[must_use]
    pub fn all(&self) -> Vec<(&'static str, u64)> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.iter().map(|(label, count)| (*label, *count)).collect()
    }
}

/// Figures of the inbound side.
#[derive(Debug, Default)]
pub struct SessionStats {
    /// Publish attempts by result: `accepted`, `unknown_key`, `key_expired`, `key_disabled`, `busy`, `draining`; with a
    /// password also those that [`Unauthenticated`](crate::rtmp::Unauthenticated) ended, by its reasons.
    pub publishes: Tally,
    /// Connections of a client on its way to log in, which comes back on another: `auth_asked`, `auth_challenged`. One that
    /// has no password comes no further than the first.
    pub auth_steps: Tally,
    /// Play attempts by result: `accepted`, `not_found`, `no_publisher`, and what is wrong with a token.
    pub plays: Tally,
    /// Connections that broke a rule or a bound, by which.
    pub violations: Tally,
    /// TLS handshakes that came to nothing: `failed`, `timeout`.
    pub tls_failures: Tally,
    /// Frames not used, by why.
    pub refused_frames: Tally,
}
