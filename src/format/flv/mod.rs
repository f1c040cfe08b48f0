//! FLV: the file's header and tags, and the first bytes of audio and video bodies, which RTMP messages share.
//!
//! Leaves to `media::remux` what a frame is worth: here a body is only told apart and split.

mod audio;
mod tag;
mod video;

pub use audio::{AacPacket, Audio, AudioCodec};
pub use tag::{Tag, TagKind, Tags, write_header, write_tag};
pub use video::{AvcPacket, Video, VideoCodec};

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
}

/// Four characters that name a codec in Enhanced RTMP bodies.
pub type FourCc = [u8; 4];

/// `Name (four)` for a FourCC with a known name, the four characters alone for others.
fn write_four_cc(f: &mut std::fmt::Formatter<'_>, name: Option<&str>, four: FourCc) -> std::fmt::Result {
    let text = four.escape_ascii();
    match name {
        Some(name) => write!(f, "{name} ({text})"),
        None => write!(f, "codec {text}"),
    }
}
