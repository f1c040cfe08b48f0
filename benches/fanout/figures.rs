//! What receivers count, and how they tell it to the parent: one JSON line.

use serde::{Deserialize, Serialize};

use crate::shared::latencies::Latencies;

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
