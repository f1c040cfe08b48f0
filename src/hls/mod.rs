//! HLS for viewers, in memory, from the same packets that destinations get.
//!
//! In the order a frame passes: [`Packager`] (the task) -> [`Lifecycle`] (sessions) -> [`Segmenter`] (cuts) ->
//! [`Window`] (the sliding list) -> `playlist` (text) -> [`Snapshot`] (what can be fetched now) -> [`Rendition`] (what
//! requests see and wait on, found in the [`Library`]). Everything but the first and the last is pure. HTTP is
//! `api::hls`.
//!
//! A part is shown as soon as it is finished: one snapshot a part, whose playlists are rendered for the first viewer who
//! asks and never again, however many there are; without viewers nothing is. A viewer who waits for it is a parked task.
//!
//! A stream of one video and one audio track has one media playlist with both. One of several tracks has a playlist
//! for each ([`Lane`]), all cut alike: variants of pictures, and a group of sounds.
//!
//! **Invariant:** in fMP4 a frame's bytes are those of the ring, shared, but for short ones, which are joined once; a
//! segment costs little more than its headers. TS copies all of them.

mod breaks;
mod counters;
mod index;
mod library;
mod lifecycle;
mod lineup;
mod measured;
mod names;
mod numbers;
mod packager;
mod playlist;
mod reload;
mod rendered;
mod rendition;
mod segment;
mod segmenter;
mod snapshot;
mod viewers;
mod window;

#[cfg(test)]
mod beside_tests;
#[cfg(test)]
mod breaks_in_sound_tests;
#[cfg(test)]
mod low_latency_tests;
#[cfg(test)]
mod multitrack_tests;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use breaks::Breaks;
pub use counters::{Counters, Kind};
pub use library::Library;
pub use lifecycle::Lifecycle;
pub use lineup::Lane;
pub use numbers::Numbers;
pub use packager::Packager;
pub use reload::Wanted;
pub use rendered::Rendered;
pub use rendition::{Came, Place, Rendition};
pub use segment::{Init, Label, Opening, Part, Segment};
pub use segmenter::{Input, Output, Segmenter, Targets};
pub use snapshot::{Ask, File, Missing, Phase, Snapshot};
pub use viewers::{Audience, Viewers};
pub use window::{Growing, Listed, Window};

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
    /// Whether parts are published and players may wait for them. The same playlists stay right for players that
    /// know nothing of parts.
    pub low_latency: bool,
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
            low_latency: true,
            segment_max: Duration::from_secs(10),
            window: 10,
            resume: Duration::from_secs(30),
        }
    }
}

impl Config {
    const fn cuts(&self) -> segmenter::Config {
        segmenter::Config {
            segment: self.segment,
            part: self.part,
            low_latency: self.low_latency && self.container.has_init(),
            segment_max: self.segment_max,
            container: self.container,
        }
    }
}
