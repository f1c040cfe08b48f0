//! Latencies, counted in buckets, so that any number of them is as small as one.

use serde::{Deserialize, Serialize};

/// Latencies in buckets at most 3 % wide, in microseconds.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Latencies {
    counts: Vec<u64>,
    max_us: u64,
}

/// Buckets for each doubling.
const STEPS: u64 = 32;

impl Latencies {
    /// Counts one.
    pub(crate) fn add(&mut self, us: u64) {
        let index = Self::bucket(us);
        if self.counts.len() <= index {
            self.counts.resize(index + 1, 0);
        }
        if let Some(count) = self.counts.get_mut(index) {
            *count += 1;
        }
        self.max_us = self.max_us.max(us);
    }

    /// Adds another's counts.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.counts.resize(self.counts.len().max(other.counts.len()), 0);
        self.counts.iter_mut().zip(&other.counts).for_each(|(mine, theirs)| *mine += theirs);
        self.max_us = self.max_us.max(other.max_us);
    }

    /// The latency, in milliseconds, that the given share of messages does not exceed.
    pub(crate) fn quantile_ms(&self, share: f64) -> f64 {
        let total: u64 = self.counts.iter().sum();
        let goal = (total as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= goal && seen > 0 {
                return Self::value(index).min(self.max_us) as f64 / 1000.0;
            }
        }
        0.0
    }

    /// The longest, in milliseconds.
    pub(crate) fn max_ms(&self) -> f64 {
        self.max_us as f64 / 1000.0
    }

    fn bucket(us: u64) -> usize {
        if us < STEPS {
            return us as usize;
        }
        let doubling = u64::from((us / STEPS).ilog2());
        ((doubling + 1) * STEPS + (us >> doubling) - STEPS) as usize
    }

    fn value(index: usize) -> u64 {
        let index = index as u64;
        if index < STEPS {
            return index;
        }
        let doubling = index / STEPS - 1;
        (STEPS + index % STEPS) << doubling
    }
}
