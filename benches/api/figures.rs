//! What the clients count, and how they tell it to the parent: one JSON line.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::mix::Class;
use crate::shared::latencies::Latencies;

/// What people saw in one window.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// Seconds of it.
    pub(crate) seconds: f64,
    /// From question to the last byte of the answer.
    pub(crate) cached: Latencies,
    pub(crate) reads: Latencies,
    pub(crate) writes: Latencies,
    /// How many of all three.
    pub(crate) answers: u64,
    /// How many were due.
    pub(crate) due: u64,
    /// Answers that were none of 200, by status.
    pub(crate) failed: BTreeMap<u16, u64>,
    /// Connections that ended.
    pub(crate) closed: u64,
}

impl Seen {
    pub(crate) fn add(&mut self, class: Class, us: u64, status: u16) {
        self.answers += 1;
        match class {
            Class::Cached => self.cached.add(us),
            Class::Read => self.reads.add(us),
            Class::Write => self.writes.add(us),
        }
        if status != 200 {
            *self.failed.entry(status).or_default() += 1;
        }
    }

    /// All three kinds together.
    pub(crate) fn all(&self) -> Latencies {
        let mut all = self.cached.clone();
        all.merge(&self.reads);
        all.merge(&self.writes);
        all
    }
}

/// A line from a child to its parent.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Line {
    /// Answer to `status`: clients that have had an answer.
    Flowing(usize),
    /// Answer to `end` of people.
    Seen(Box<Seen>),
    /// Answer to `end` of listeners: events and figures heard, and streams that ended.
    Heard { events: u64, closed: u64 },
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
