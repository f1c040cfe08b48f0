//! What the clients count, and how they tell it to the parent: one JSON line.

use serde::{Deserialize, Serialize};

use crate::shared::latencies::Latencies;

/// What viewers saw in one window.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// Seconds of it.
    pub(crate) seconds: f64,
    /// Bytes read, heads included.
    pub(crate) bytes: u64,
    /// From question to the last byte of a playlist.
    pub(crate) playlists: Latencies,
    /// How many.
    pub(crate) playlist_count: u64,
    /// From question to the last byte of a segment.
    pub(crate) segments: Latencies,
    /// How many.
    pub(crate) segment_count: u64,
    /// Answers that were no 200.
    pub(crate) failed: u64,
    /// Connections that ended.
    pub(crate) closed: u64,
}

/// What those saw who wait for each part.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Waited {
    /// Seconds of the window.
    pub(crate) seconds: f64,
    /// Bytes read, heads included.
    pub(crate) bytes: u64,
    /// Different parts that were waited for.
    pub(crate) parts: u64,
    /// Answers.
    pub(crate) answers: u64,
    /// From the first answer about a part to each.
    pub(crate) spread: Latencies,
    /// From each part's last answer to its first, once a part.
    pub(crate) last: Latencies,
    /// From when somebody who asks all the time saw the part, to each answer; those that came before count as 0.
    pub(crate) after_observer: Latencies,
    /// Answers that were no 200.
    pub(crate) failed: u64,
    /// Connections that ended.
    pub(crate) closed: u64,
}

/// A line from a child to its parent.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Line {
    /// Answer to `status`: clients that have what they came for.
    Flowing(usize),
    /// Answer to `end` of viewers.
    Seen(Box<Seen>),
    /// Answer to `end` of those who wait.
    Waited(Box<Waited>),
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
