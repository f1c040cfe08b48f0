//! HLS for viewers, in memory, from the same packets that destinations get.
//!
//! In the order a frame passes: [`Packager`] (the task) -> [`Lifecycle`] (sessions) -> [`Segmenter`] (cuts) ->
//! [`Window`] (the sliding list) -> `playlist` (text) -> [`Rendition`] (what requests see, found in the [`Library`]).
//! Everything but the first and the last is pure. HTTP is `api::hls`.
//!
//! Pictures and sound share one rendition: RTMP has one clock for both, so they need no aligning, no second playlist
//! can run ahead of the first, and a viewer makes half the requests. What demuxed renditions are for, several audio
//! tracks or audio alone, RTMP does not bring.
//!
//! **Invariant:** in fMP4 a frame's bytes are those of the ring, shared: a segment costs its headers. TS copies them.

mod lifecycle;
mod packager;
mod playlist;
mod rendition;
mod segment;
mod segmenter;
mod window;

#[cfg(test)]
mod beside_tests;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use lifecycle::Lifecycle;
pub use packager::Packager;
pub use playlist::Rendered;
pub use rendition::{Counters, File, Kind, Library, Missing, Phase, Rendition, Snapshot};
pub use segment::{Init, Part, Segment};
pub use segmenter::{Input, Output, Segmenter};
pub use window::{Listed, Numbers, Window};

/// The form of segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Container {
    /// Fragmented MP4, whose segments share the bytes of frames.
    #[default]
    Fmp4,
    /// MPEG-TS, for players that know nothing else. Its segments are copies, which cost memory and time, and its
    /// playlists list no parts: players that know those know fMP4.
    Ts,
}

impl Container {
    /// What the names of segments end in; players refuse names without a known ending.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Fmp4 => "m4s",
            Self::Ts => "ts",
        }
    }

    /// Whether a decoder needs an init segment first.
    #[must_use]
    pub const fn has_init(self) -> bool {
        matches!(self, Self::Fmp4)
    }
}

/// How streams are packaged and kept.
#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// The form of segments.
    pub container: Container,
    /// A segment's duration, where keyframes allow it.
    pub segment: Duration,
    /// A part's duration at most.
    pub part: Duration,
    /// A segment's duration at most, whatever the keyframes.
    pub segment_max: Duration,
    /// Segments in the playlist.
    pub window: usize,
    /// How long after an unclean end the playlist stays open.
    pub resume: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            container: Container::default(),
            segment: Duration::from_secs(2),
            part: Duration::from_millis(333),
            segment_max: Duration::from_secs(10),
            window: 6,
            resume: Duration::from_secs(30),
        }
    }
}

impl Config {
    const fn cuts(&self) -> segmenter::Config {
        segmenter::Config {
            segment: self.segment,
            part: self.part,
            segment_max: self.segment_max,
            container: self.container,
        }
    }
}
