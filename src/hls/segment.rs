//! Finished media: init segments, parts, and the segments made of them.
//!
//! A segment is a list of parts from the start, because low latency needs them and costs nothing until then. All of
//! it is immutable and shared; the frames are the very bytes that were ingested, but for short ones, which are joined.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::Container;
use crate::format::shape::VideoRange;
use crate::media::{MediaTime, Metadata};

/// Characters of a track's name at most; it stands in menus.
const NAME_MAX: usize = 40;
/// Characters of a language tag at most (RFC 5646 §4.4.1 has real ones below).
const LANGUAGE_MAX: usize = 35;

/// An init segment, and what a multivariant playlist says of it.
#[derive(Debug)]
pub struct Init {
    /// Counts up for the life of a rendition: different bytes have different numbers.
    pub number: u32,
    /// The form of the segments.
    pub container: Container,
    /// `ftyp` and `moov`; empty in TS, which has no init segment.
    pub bytes: Bytes,
    /// RFC 6381 codings, comma separated.
    pub codecs: String,
    /// Whether there are pictures, even of a size that is not known.
    pub has_pictures: bool,
    /// Size in square pixels; `None` without pictures.
    pub resolution: Option<(u32, u32)>,
    /// The range of light of the pictures; `None` without pictures.
    pub range: Option<VideoRange>,
    /// Frames a second as the stream itself says, where it says so.
    pub nominal_frame_rate: Option<f64>,
    /// Channels of the sound; `None` without sound.
    pub channels: Option<u8>,
    /// Whether only some players decode the sound.
    pub seldom_decoded: bool,
    /// What the source says that its sound is.
    pub label: Label,
}

/// What a viewer chooses a sound track by, where the source says it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Label {
    /// Its name, fit for the quotes of a playlist.
    pub name: Option<String>,
    /// A language tag (RFC 5646).
    pub language: Option<String>,
}

impl Label {
    /// What is said of audio track `index`.
    #[must_use]
    pub fn of(metadata: &Metadata, index: u8) -> Self {
        let name = metadata.audio_track_text(index, &["name", "title", "label"]).map(|name| {
            let fit = name.chars().filter(|c| !c.is_control() && *c != '"').take(NAME_MAX);
            fit.collect::<String>().trim().to_owned()
        });
        let language = metadata.audio_track_text(index, &["language", "lang"]).filter(|tag| {
            (2..=LANGUAGE_MAX).contains(&tag.len())
                && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        });
        Self { name: name.filter(|name| !name.is_empty()), language: language.map(str::to_owned) }
    }
}

/// One fragment: the smallest piece that can be served. In TS all of it is the header.
#[derive(Debug)]
pub struct Part {
    /// `moof` and the opening of `mdat`.
    pub header: Bytes,
    /// The frames, in the order of the header; short ones are joined.
    pub payload: Vec<Bytes>,
    /// How long it plays.
    pub duration: MediaTime,
    /// Whether a decoder can start at its first frame.
    pub independent: bool,
}

impl Part {
    /// Piece `index` of its bytes: the header, then each frame.
    #[must_use]
    pub fn piece(&self, index: usize) -> Option<&Bytes> {
        match index.checked_sub(1) {
            None => Some(&self.header),
            Some(frame) => self.payload.get(frame),
        }
    }

    /// Bytes in all.
    #[must_use]
    pub fn len(&self) -> u64 {
        (self.header.len() + self.payload.iter().map(Bytes::len).sum::<usize>()) as u64
    }

    /// Its duration for playlists and arithmetic without scales.
    #[must_use]
    pub fn play_time(&self) -> Duration {
        play_time(self.duration)
    }

    /// Whether it has no bytes; never, once the segmenter made it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What is known of a segment when it begins, and stands before its first part in a playlist.
#[derive(Debug, Clone)]
pub struct Opening {
    /// What a decoder needs first.
    pub init: Arc<Init>,
    /// When its first frame arrived, in milliseconds since 1970.
    pub date: MediaTime,
    /// Whether it can be decoded without the segments before it.
    pub independent: bool,
    /// Whether timestamps or codings break before it.
    pub discontinuity: bool,
}

/// A finished segment.
#[derive(Debug)]
pub struct Segment {
    /// What it began with.
    pub opening: Opening,
    /// In order; their bytes joined are the segment's bytes, their durations added are its duration.
    pub parts: Vec<Arc<Part>>,
    /// Decode time of its first frame on the session's clock.
    pub start: MediaTime,
    /// How long it plays, by decode times: the sum over all segments never drifts from the media.
    pub duration: MediaTime,
    /// Pictures in it.
    pub frames: u32,
    /// Whether it has any sample; one of a track that stalls has none.
    pub has_media: bool,
    /// Bytes in all.
    pub len: u64,
}

impl Segment {
    /// Its duration for playlists and arithmetic without scales.
    #[must_use]
    pub fn play_time(&self) -> Duration {
        play_time(self.duration)
    }
}

/// A distance on a media clock as a [`Duration`], to the nanosecond; zero for a negative one.
#[must_use]
pub(super) fn play_time(time: MediaTime) -> Duration {
    let ticks = u128::try_from(time.ticks()).unwrap_or(0);
    let nanos = ticks * 1_000_000_000 / u128::from(time.scale().ticks_per_second());
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}
