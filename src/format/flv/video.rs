//! Video bodies: legacy (FLV 10.1 §E.4.3) and Enhanced RTMP v2, split into tracks and written.
//!
//! What is in a frame is not looked at: the key bit is what the sender says, and `media::remux` knows better.

use std::fmt;

use bytes::Bytes;
use smallvec::{SmallVec, smallvec};

use super::ex::{self, Opening, Part, Parts};
use super::{Error, FourCc, Prefix, write_four_cc};
use crate::format::wire::{Reader, Truncated};

/// Composition times beyond this, in milliseconds, are garbage: no decoder reorders over a quarter of an hour.
const CTS_MILLIS_MAX: u32 = 15 * 60 * 1_000;
/// Composition times have 24 bits and a sign.
const CTS_WRITTEN_MAX: i32 = 0x007F_FFFF;

/// The bit that says that the rest of the byte is Enhanced RTMP's.
const EX_HEADER: u8 = 0x80;

/// Frame types.
mod frame {
    pub(super) const KEY: u8 = 1;
    pub(super) const INTER: u8 = 2;
    /// A key frame that a server made; players treat it as one.
    pub(super) const GENERATED_KEY: u8 = 4;
    /// A command for the player, no picture.
    pub(super) const COMMAND: u8 = 5;
}

/// Codec ids of legacy bodies.
mod id {
    pub(super) const AVC: u8 = 7;
    /// Not in the standard; Chinese CDNs and cameras use it, laid out like [`AVC`].
    pub(super) const HEVC: u8 = 12;
}

/// Packet types of the extended header.
mod kind {
    pub(super) const SEQUENCE_START: u8 = 0;
    pub(super) const CODED_FRAMES: u8 = 1;
    pub(super) const SEQUENCE_END: u8 = 2;
    pub(super) const CODED_FRAMES_X: u8 = 3;
    pub(super) const METADATA: u8 = 4;
    pub(super) const TRANSPORT_SEQUENCE_START: u8 = 5;
    pub(super) const MULTITRACK: u8 = 6;
}

/// A coding of pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VideoCodec {
    /// `avc1`, and codec id 7.
    Avc,
    /// `hvc1`, and codec id 12.
    Hevc,
    /// `vvc1`.
    Vvc,
    /// `av01`.
    Av1,
    /// `vp08`.
    Vp8,
    /// `vp09`.
    Vp9,
    /// Any other, by the number of a legacy body.
    Id(u8),
    /// Any other, by the FourCC of an extended header.
    FourCc(FourCc),
}

impl VideoCodec {
    const fn from_four_cc(four: FourCc) -> Self {
        match &four {
            b"avc1" => Self::Avc,
            b"hvc1" | b"hev1" => Self::Hevc,
            b"vvc1" => Self::Vvc,
            b"av01" => Self::Av1,
            b"vp08" => Self::Vp8,
            b"vp09" => Self::Vp9,
            _ => Self::FourCc(four),
        }
    }

    const fn from_id(codec: u8) -> Self {
        match codec {
            id::AVC => Self::Avc,
            id::HEVC => Self::Hevc,
            other => Self::Id(other),
        }
    }

    /// Its name in extended headers; `None` for codings that only have a number.
    #[must_use]
    pub const fn four_cc(self) -> Option<FourCc> {
        match self {
            Self::Avc => Some(*b"avc1"),
            Self::Hevc => Some(*b"hvc1"),
            Self::Vvc => Some(*b"vvc1"),
            Self::Av1 => Some(*b"av01"),
            Self::Vp8 => Some(*b"vp08"),
            Self::Vp9 => Some(*b"vp09"),
            Self::Id(_) => None,
            Self::FourCc(four) => Some(four),
        }
    }

    /// Whether frames are NAL units, which may be shown in another order than decoded.
    const fn has_composition_time(self) -> bool {
        matches!(self, Self::Avc | Self::Hevc | Self::Vvc)
    }
}

impl fmt::Display for VideoCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Avc => "H.264",
            Self::Hevc => "HEVC",
            Self::Vvc => "VVC",
            Self::Av1 => "AV1",
            Self::Vp8 => "VP8",
            Self::Vp9 => "VP9",
            Self::FourCc(four) => return write_four_cc(f, *four),
            Self::Id(1) => "JPEG",
            Self::Id(2) => "Sorenson H.263",
            Self::Id(3) => "Screen Video",
            Self::Id(4) => "On2 VP6",
            Self::Id(5) => "On2 VP6 with alpha",
            Self::Id(6) => "Screen Video 2",
            Self::Id(8) => "H.263",
            Self::Id(9) => "MPEG-4 Part 2",
            // Not in the standard, and nobody agrees on its layout.
            Self::Id(13) => "AV1 (codec id 13)",
            Self::Id(id) => return write!(f, "video codec id {id}"),
        })
    }
}

/// What a track's part of a video body carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VideoPacket {
    /// The coding's configuration record. Some senders leave it empty at first.
    SequenceStart,
    /// Coded frames.
    Frames {
        /// PTS minus DTS in milliseconds; 0 where the body held garbage, and for codings that do not reorder.
        cts_millis: i32,
    },
    /// The sequence is over.
    SequenceEnd,
    /// AMF0 values, names and values in turn: `colorInfo`.
    Metadata,
    /// A configuration as MPEG-TS has it, which nobody sends.
    TransportSequenceStart,
}

/// What stands before a track's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VideoHeader {
    /// Number of the track, 0 for the default one.
    pub track: u8,
    /// Its coding.
    pub codec: VideoCodec,
    /// Whether the sender calls it a key frame.
    pub key: bool,
    /// What the data is.
    pub packet: VideoPacket,
    /// What the presentation time has beyond its milliseconds, in nanoseconds below 1000000.
    pub offset_nanos: u32,
}

/// One track's part of a video body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Video {
    /// What stands before the data.
    pub header: VideoHeader,
    /// What follows it: a slice of the body.
    pub data: Bytes,
}

impl Video {
    /// Splits a body into the parts of its tracks. None for an empty body, a command to the player, and frames
    /// without data.
    ///
    /// # Errors
    /// [`Error`] when a header is cut, or lays the tracks out in a way that is not defined. Nothing of the body is
    /// used then.
    pub fn parse(body: &Bytes) -> Result<SmallVec<[Self; 1]>, Error> {
        let mut reader = Reader::new(body);
        let Ok(first) = reader.u8() else { return Ok(SmallVec::new()) };
        if first & EX_HEADER != 0 {
            return Self::parse_ex(body, reader, first);
        }
        let (frame, codec) = (first >> 4, VideoCodec::from_id(first & 0x0F));
        if frame == frame::COMMAND {
            return Ok(SmallVec::new());
        }
        let Some(packet) = legacy_packet(codec, &mut reader)? else { return Ok(SmallVec::new()) };
        let header = VideoHeader { track: 0, codec, key: is_key(frame), packet, offset_nanos: 0 };
        Ok(smallvec![Self { header, data: body.slice_ref(reader.rest()) }])
    }

    fn parse_ex(body: &Bytes, mut reader: Reader<'_>, first: u8) -> Result<SmallVec<[Self; 1]>, Error> {
        let frame = first >> 4 & 0x07;
        let (kind, offset_nanos) = ex::extensions(&mut reader, first & 0x0F)?;
        // The frame type of metadata means nothing: FFmpeg writes that of a command, OBS none.
        if frame == frame::COMMAND && kind != kind::METADATA {
            return Ok(SmallVec::new());
        }
        let Parts { kind, parts } = match kind {
            kind::MULTITRACK => ex::several(body, reader, kind)?,
            _ => ex::single(body, reader, kind)?,
        };
        let mut videos = SmallVec::new();
        for Part { four, track, data } in parts {
            let codec = VideoCodec::from_four_cc(four);
            let Some((packet, data)) = ex_packet(kind, codec, data)? else { continue };
            let header = VideoHeader { track, codec, key: is_key(frame), packet, offset_nanos };
            videos.push(Self { header, data });
        }
        Ok(videos)
    }
}

/// The packet type of a legacy body; `None` where there is nothing in it.
fn legacy_packet(codec: VideoCodec, reader: &mut Reader<'_>) -> Result<Option<VideoPacket>, Truncated> {
    if !codec.has_composition_time() {
        return Ok(Some(VideoPacket::Frames { cts_millis: 0 }));
    }
    if reader.is_empty() {
        return Ok(None);
    }
    Ok(match reader.u8()? {
        0 => {
            reader.u24()?;
            Some(VideoPacket::SequenceStart)
        }
        1 => Some(VideoPacket::Frames { cts_millis: believable(reader.i24()?) }),
        // Some senders leave the composition time out here.
        2 => {
            reader.u24().ok();
            Some(VideoPacket::SequenceEnd)
        }
        _ => None,
    })
}

/// What an extended packet type says of a part, and the part behind its composition time; `None` where there is
/// nothing in it.
fn ex_packet(kind: u8, codec: VideoCodec, data: Bytes) -> Result<Option<(VideoPacket, Bytes)>, Error> {
    let packet = match kind {
        // FFmpeg sends such at the end of a file.
        kind::CODED_FRAMES | kind::CODED_FRAMES_X if data.is_empty() => return Ok(None),
        kind::CODED_FRAMES if codec.has_composition_time() => {
            let mut reader = Reader::new(&data);
            let cts_millis = believable(reader.i24()?);
            let rest = data.slice_ref(reader.rest());
            return Ok(Some((VideoPacket::Frames { cts_millis }, rest)));
        }
        kind::CODED_FRAMES | kind::CODED_FRAMES_X => VideoPacket::Frames { cts_millis: 0 },
        kind::SEQUENCE_START => {
            return Ok(Some((VideoPacket::SequenceStart, without_composition_time(codec, data))));
        }
        kind::SEQUENCE_END => VideoPacket::SequenceEnd,
        kind::METADATA => VideoPacket::Metadata,
        kind::TRANSPORT_SEQUENCE_START => VideoPacket::TransportSequenceStart,
        unknown => return Err(Error::PacketType(unknown)),
    };
    Ok(Some((packet, data)))
}

/// Some hardware writes a composition time before an hvcC record too, as legacy bodies have it. A record begins
/// with 1, and a start code goes on with a parameter set, whose type does not fit a profile.
fn without_composition_time(codec: VideoCodec, data: Bytes) -> Bytes {
    match (codec, data.as_ref()) {
        (VideoCodec::Hevc, [0, 0, 0, 1, profile, ..]) if profile & 0x1F != 0 => data.slice(3..),
        _ => data,
    }
}

const fn is_key(frame: u8) -> bool {
    matches!(frame, frame::KEY | frame::GENERATED_KEY)
}

const fn believable(cts_millis: i32) -> i32 {
    if cts_millis.unsigned_abs() > CTS_MILLIS_MAX { 0 } else { cts_millis }
}

impl VideoHeader {
    /// The legacy form, which everybody reads; `None` where there is none: for other tracks than the default one,
    /// and other codings than H.264.
    #[must_use]
    pub fn legacy(&self) -> Option<Prefix> {
        if self.track != 0 || self.codec != VideoCodec::Avc {
            return None;
        }
        let (frame, packet, cts_millis) = match self.packet {
            VideoPacket::SequenceStart => (frame::KEY, 0, 0),
            VideoPacket::Frames { cts_millis } => (self.frame(), 1, cts_millis),
            VideoPacket::SequenceEnd => (frame::KEY, 2, 0),
            VideoPacket::Metadata | VideoPacket::TransportSequenceStart => return None,
        };
        let mut out: Prefix = smallvec![frame << 4 | id::AVC, packet];
        put_cts(&mut out, cts_millis);
        Some(out)
    }

    /// The extended form. `None` for a coding without a FourCC.
    #[must_use]
    pub fn enhanced(&self) -> Option<Prefix> {
        let (frame, kind, cts_millis) = match self.packet {
            VideoPacket::SequenceStart => (frame::KEY, kind::SEQUENCE_START, None),
            VideoPacket::Frames { cts_millis } if !self.codec.has_composition_time() => {
                debug_assert!(cts_millis == 0, "a composition time of a coding that has none");
                (self.frame(), kind::CODED_FRAMES, None)
            }
            VideoPacket::Frames { cts_millis: 0 } => (self.frame(), kind::CODED_FRAMES_X, None),
            VideoPacket::Frames { cts_millis } => (self.frame(), kind::CODED_FRAMES, Some(cts_millis)),
            VideoPacket::SequenceEnd => (frame::INTER, kind::SEQUENCE_END, None),
            // FFmpeg takes any other frame type for a picture.
            VideoPacket::Metadata => (frame::COMMAND, kind::METADATA, None),
            VideoPacket::TransportSequenceStart => (frame::KEY, kind::TRANSPORT_SEQUENCE_START, None),
        };
        let opening = Opening {
            high: EX_HEADER | frame << 4,
            kind,
            multitrack: kind::MULTITRACK,
            four: self.codec.four_cc()?,
            track: self.track,
            offset_nanos: self.offset_nanos,
        };
        let mut out = opening.write();
        if let Some(cts_millis) = cts_millis {
            put_cts(&mut out, cts_millis);
        }
        Some(out)
    }

    const fn frame(&self) -> u8 {
        if self.key { frame::KEY } else { frame::INTER }
    }
}

fn put_cts(out: &mut Prefix, cts_millis: i32) {
    let [_, high, middle, low] = cts_millis.clamp(-CTS_WRITTEN_MAX, CTS_WRITTEN_MAX).to_be_bytes();
    out.extend_from_slice(&[high, middle, low]);
}

#[cfg(test)]
#[path = "video_tests.rs"]
mod tests;
