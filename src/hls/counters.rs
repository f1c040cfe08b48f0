//! What was asked for and sent, of one stream.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Viewers;
use super::playlist::Renders;

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `index.m3u8`.
    Index,
    /// A media playlist.
    Playlist,
    /// An init segment.
    Init,
    /// A segment.
    Segment,
    /// A part.
    Part,
    /// Something that was not there.
    Missing,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Index, Self::Playlist, Self::Init, Self::Segment, Self::Part, Self::Missing];

    /// As metric labels have it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Index => "index",
            Self::Playlist => "playlist",
            Self::Init => "init",
            Self::Segment => "segment",
            Self::Part => "part",
            Self::Missing => "missing",
        }
    }
}

/// Requests and bytes of body by [`Kind`], and what answering them cost.
#[derive(Debug, Default)]
pub struct Counters {
    requests: [AtomicU64; Kind::ALL.len()],
    bytes: [AtomicU64; Kind::ALL.len()],
    renders: Renders,
    viewers: Viewers,
    left_out: AtomicU64,
}

impl Counters {
    pub(super) fn of(renders: Renders) -> Self {
        Self { renders, ..Self::default() }
    }

    /// Counts requests.
    pub(crate) fn count_requests(&self, kind: Kind, times: u64) {
        if let Some(counter) = self.requests.get(kind as usize) {
            counter.fetch_add(times, Ordering::Relaxed);
        }
    }

    /// Counts bytes handed to the connection.
    pub(crate) fn count_bytes(&self, kind: Kind, bytes: u64) {
        if let Some(counter) = self.bytes.get(kind as usize) {
            counter.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    /// Who asked.
    #[must_use]
    pub const fn viewers(&self) -> &Viewers {
        &self.viewers
    }

    /// Counts a frame of a track that is not packaged.
    pub(super) fn count_left_out(&self) {
        self.left_out.fetch_add(1, Ordering::Relaxed);
    }

    /// Frames so far of tracks that are not packaged.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.left_out.load(Ordering::Relaxed)
    }

    /// Media playlists rendered so far: none that nobody asked for.
    #[must_use]
    pub fn renders(&self) -> u64 {
        self.renders.load(Ordering::Relaxed)
    }

    /// Requests so far.
    #[must_use]
    pub fn requests(&self, kind: Kind) -> u64 {
        self.requests.get(kind as usize).map_or(0, |counter| counter.load(Ordering::Relaxed))
    }

    /// Bytes so far.
    #[must_use]
    pub fn bytes(&self, kind: Kind) -> u64 {
        self.bytes.get(kind as usize).map_or(0, |counter| counter.load(Ordering::Relaxed))
    }
}
