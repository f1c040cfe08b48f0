//! HLS playlists as text (RFC 8216 and its revision): the media playlist by hand, the multivariant by `m3u8-rs`.
//!
//! The media playlist is ours because the tags of low latency have no place in that crate's model. Which segments
//! are listed, and under which names, `hls::playlist` decides.

mod media;
mod multivariant;

pub use media::{
    LowLatency, MediaHead, MediaPart, MediaPlaylist, MediaSegment, OpenSegment, RenditionReport,
};
pub use multivariant::{Multivariant, SoundRendition, Variant};
