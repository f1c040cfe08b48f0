//! From a window to the bytes of its playlists: rendered once for each change, shared by all viewers.

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::window::Window;
use crate::format::m3u8::{MediaPlaylist, MediaSegment, Variant};

/// How far a measured frame rate may lie from what the stream says of itself before the stream is not believed.
const FRAME_RATE_TOLERANCE: f64 = 0.05;

/// A playlist as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// Its text.
    pub plain: Bytes,
    /// Its text, gzipped.
    pub gzip: Bytes,
    /// A weak entity tag: both forms share it, another text never does.
    pub etag: String,
    /// Seconds for which a cache may answer with it.
    pub max_age: u32,
}

impl Rendered {
    fn new(text: String, etag: String, max_age: u32) -> Self {
        let mut gzip = GzEncoder::new(Vec::with_capacity(text.len() / 2), Compression::fast());
        // Writing to a Vec cannot fail; without a gzipped form the plain one is sent.
        let gzip = gzip.write_all(text.as_bytes()).and_then(|()| gzip.finish()).unwrap_or_default();
        Self { plain: text.into(), gzip: gzip.into(), etag, max_age }
    }
}

/// The media playlist; `None` until there is a target duration.
#[must_use]
pub(super) fn media(window: &Window) -> Option<Rendered> {
    let target_duration = window.target_duration()?;
    let maps: Vec<String> = window.listed().map(|listed| listed.init_uri(window.nonce())).collect();
    let mut map_before = None;
    let segments = window.listed().zip(&maps).map(|(listed, map)| {
        let segment = &listed.segment;
        // Named again after a break, for players that forget it there.
        let named = (map_before.replace(map) != Some(map) || segment.discontinuity)
            && segment.init.container.has_init();
        let named = named.then_some(map.as_str());
        MediaSegment {
            uri: &listed.uri,
            map: named,
            discontinuity: segment.discontinuity,
            date: Some(segment.date.as_millis()),
            duration: segment.play_time(),
        }
    });
    let numbers = window.numbers();
    let playlist = MediaPlaylist {
        target_duration,
        media_sequence: numbers.media,
        discontinuity_sequence: numbers.discontinuity,
        independent_segments: window.independent(),
        ended: window.ended(),
        date_ranges: window.cues(),
        segments: segments.collect(),
    };
    let newest = window.listed().next_back().map_or(numbers.media, |listed| listed.number);
    let (ended, cues) = (u8::from(window.ended()), window.cues_marked());
    let etag = format!("W/\"{}-{newest}-{cues}-{ended}\"", window.nonce());
    // Half a target duration keeps a cache from hiding a new segment for long (RFC 8216bis appendix on caching).
    let max_age = if window.ended() { target_duration } else { (target_duration / 2).max(1) };
    Some(Rendered::new(playlist.render(), etag, max_age))
}

/// The multivariant playlist; `None` until there is a media playlist with a segment.
#[must_use]
pub(super) fn multivariant(window: &Window) -> Option<Rendered> {
    let target_duration = window.target_duration()?;
    let newest = window.listed().next_back()?;
    let init = &newest.segment.init;
    let (bandwidth, average_bandwidth) = window.bandwidth();
    let measured = window.frame_rate().filter(|_| init.resolution.is_some());
    let frame_rate = measured.map(|measured| match init.nominal_frame_rate {
        Some(nominal) if (measured / nominal - 1.0).abs() <= FRAME_RATE_TOLERANCE => nominal,
        _ => measured,
    });
    let variant = Variant {
        uri: &window.playlist_uri(),
        bandwidth,
        average_bandwidth,
        codecs: &init.codecs,
        resolution: init.resolution,
        frame_rate,
        captions: window.captions(),
        init_segments: init.container.has_init(),
    };
    let etag = format!("W/\"{}-{}-{}\"", window.nonce(), newest.number, u8::from(window.captions()));
    Some(Rendered::new(variant.render(), etag, (target_duration / 2).max(1)))
}
