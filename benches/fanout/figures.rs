//! What receivers count, and how they tell it to the parent: one JSON line.

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

/// What the receivers of one process saw in one window.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// TCP payload bytes read.
    pub(crate) bytes: u64,
    /// Marked frames.
    pub(crate) frames: u64,
    /// Frames missing between two that came.
    pub(crate) missing: u64,
    /// Frames that came again or late.
    pub(crate) repeated: u64,
    /// Reads that returned data: how finely the server's writes arrived.
    pub(crate) reads: u64,
    /// Connections that ended.
    pub(crate) closed: u64,
    /// Connections that brought no frame at all.
    pub(crate) silent: u64,
    /// Latencies of video frames.
    pub(crate) video: Latencies,
    /// Latencies of audio frames.
    pub(crate) audio: Latencies,
}

/// How far the receivers are.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// Connections that have brought both video and audio.
    pub(crate) flowing: usize,
    /// Connections that are open.
    pub(crate) open: usize,
}

/// A line from a child to its parent.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Line {
    /// The child listens here.
    Port(u16),
    /// Answer to `status`.
    Progress(Progress),
    /// Answer to `end`.
    Seen(Box<Seen>),
}

impl Line {
    /// Prints it for the parent.
    pub(crate) fn print(&self) {
        match serde_json::to_string(self) {
            Ok(text) => println!("{text}"),
            Err(error) => eprintln!("a line that cannot be written: {error}"),
        }
    }
}
