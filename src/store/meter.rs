//! What the store counts of itself.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::error::Error;
use super::statement::Kind;

/// Counters, since the store was opened.
#[derive(Debug, Default)]
pub(super) struct Meter {
    reads: AtomicU64,
    writes: AtomicU64,
    transactions: AtomicU64,
    micros: AtomicU64,
    errors: AtomicU64,
    timeouts: AtomicU64,
    acquire_waits: AtomicU64,
    acquire_wait_micros: AtomicU64,
    acquire_timeouts: AtomicU64,
}

/// A reading of the counters. None ever falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Statements that only read.
    pub reads: u64,
    /// Statements that may write.
    pub writes: u64,
    /// Transactions begun, the ones of several statements.
    pub transactions: u64,
    /// Time in statements of both kinds.
    pub statement_time: Duration,
    /// Statements that failed by the database's fault, timeouts included; not refusals such as a conflict.
    pub errors: u64,
    /// Of those, the ones that took too long.
    pub timeouts: u64,
    /// Calls that found no idle connection.
    pub acquire_waits: u64,
    /// Time those calls waited.
    pub acquire_wait_time: Duration,
    /// Of those, the ones that got none in time.
    pub acquire_timeouts: u64,
}

/// The pool now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gauges {
    /// Connections that may be open.
    pub max: u32,
    /// Connections that are open.
    pub open: u32,
    /// Connections that nobody uses.
    pub idle: u32,
    /// How long a call waits for a connection.
    pub acquire_timeout: Duration,
    /// How long a statement may run.
    pub statement_timeout: Duration,
}

impl Meter {
    pub(super) fn began(&self) {
        self.transactions.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn ran(&self, kind: Kind, since: Instant, error: Option<&Error>) {
        let count = match kind {
            Kind::Read => &self.reads,
            Kind::Write => &self.writes,
        };
        count.fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(micros(since), Ordering::Relaxed);
        match error {
            Some(Error::Timeout(_)) => {
                self.timeouts.fetch_add(1, Ordering::Relaxed);
                self.errors.fetch_add(1, Ordering::Relaxed);
            }
            Some(Error::Unavailable(_) | Error::Damaged(_) | Error::Database(_)) => {
                self.errors.fetch_add(1, Ordering::Relaxed);
            }
            _ => {}
        }
    }

    pub(super) fn waited(&self, since: Instant, in_vain: bool) {
        self.acquire_waits.fetch_add(1, Ordering::Relaxed);
        self.acquire_wait_micros.fetch_add(micros(since), Ordering::Relaxed);
        if in_vain {
            self.acquire_timeouts.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn totals(&self) -> Totals {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Totals {
            reads: read(&self.reads),
            writes: read(&self.writes),
            transactions: read(&self.transactions),
            statement_time: Duration::from_micros(read(&self.micros)),
            errors: read(&self.errors),
            timeouts: read(&self.timeouts),
            acquire_waits: read(&self.acquire_waits),
            acquire_wait_time: Duration::from_micros(read(&self.acquire_wait_micros)),
            acquire_timeouts: read(&self.acquire_timeouts),
        }
    }
}

fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}
