//! FLV: the file's header and tags, and the first bytes of audio and video bodies, which RTMP messages share.
//!
//! Leaves to `media::remux` what a frame is worth: here a body is only told apart and split.

mod audio;
mod channels;
mod ex;
mod tag;
mod video;

pub use audio::{Audio, AudioCodec, AudioHeader, AudioPacket};
pub use channels::{ChannelLayout, MultichannelConfig};
pub use tag::{Tag, TagKind, Tags, write_header, write_tag};
pub use video::{Video, VideoCodec, VideoHeader, VideoPacket};

use smallvec::SmallVec;

use super::wire::Truncated;

/// Why bytes are no FLV.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The file does not begin with `FLV` and version 1.
    #[error("no FLV header")]
    NotFlv,
    /// A header, a tag or a body is cut.
    #[error(transparent)]
    Truncated(#[from] Truncated),
    /// A body does not fit the 24 bits of a tag's size field.
    #[error("a tag body of {0} bytes; 16777215 is the most")]
    TooLong(usize),
    /// A packet type of an extended header that nobody defined, or one inside another where it may not be.
    #[error("extended packet type {0} where it is not defined")]
    PacketType(u8),
    /// A way to lay out several tracks that nobody defined.
    #[error("multitrack type {0} is not defined")]
    MultitrackType(u8),
    /// More tracks in one message than anybody sends.
    #[error("more than 16 tracks in one message")]
    TooManyTracks,
}

/// Four characters that name a codec in Enhanced RTMP bodies.
pub type FourCc = [u8; 4];

/// What stands before a frame's payload. The longest has 15 bytes: an extension, a track, a composition time.
pub type Prefix = SmallVec<[u8; 16]>;

/// A FourCC without a name.
fn write_four_cc(f: &mut std::fmt::Formatter<'_>, four: FourCc) -> std::fmt::Result {
    write!(f, "codec {}", four.escape_ascii())
}

#[cfg(test)]
mod cases;
