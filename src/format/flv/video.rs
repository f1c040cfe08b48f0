//! The first bytes of a video body: legacy (FLV 10.1 §E.4.3) and Enhanced RTMP v2.
//!
//! H.264 is split into its parts; every other coding is only named, so that a refusal can say what was sent.

use std::fmt;

use bytes::Bytes;

use super::{FourCc, write_four_cc};
use crate::format::wire::{Reader, Truncated};

/// Composition times beyond this, in milliseconds, are garbage: no decoder reorders over a quarter of an hour.
const CTS_MILLIS_MAX: u32 = 15 * 60 * 1_000;

/// The bit that says that the rest of the byte is Enhanced RTMP's.
const EX_HEADER: u8 = 0x80;
/// A frame type that carries a command for the player, no picture.
const COMMAND_FRAME: u8 = 5;
const KEY_FRAME: u8 = 1;
/// A key frame that a server made; players treat it as one.
const GENERATED_KEY_FRAME: u8 = 4;
const CODEC_AVC: u8 = 7;

/// Packet types of the extended header.
mod ex {
    pub(super) const SEQUENCE_START: u8 = 0;
    pub(super) const CODED_FRAMES: u8 = 1;
    pub(super) const SEQUENCE_END: u8 = 2;
    pub(super) const CODED_FRAMES_X: u8 = 3;
    pub(super) const MULTITRACK: u8 = 6;
    pub(super) const MOD_EX: u8 = 7;
}

/// A coding of pictures, as the body names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VideoCodec {
    /// By the number of a legacy body.
    Id(u8),
    /// By the FourCC of an extended header.
    FourCc(FourCc),
    /// Several tracks in one message; the FourCC is that of the first, if one is named.
    Multitrack,
}

impl fmt::Display for VideoCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let four = match self {
            Self::Id(id) => return write_legacy(f, *id),
            Self::Multitrack => return f.write_str("multitrack video"),
            Self::FourCc(four) => *four,
        };
        let name = match &four {
            b"avc1" => Some("H.264"),
            b"hvc1" | b"hev1" => Some("HEVC"),
            b"vvc1" => Some("VVC"),
            b"av01" => Some("AV1"),
            b"vp08" => Some("VP8"),
            b"vp09" => Some("VP9"),
            _ => None,
        };
        write_four_cc(f, name, four)
    }
}

fn write_legacy(f: &mut fmt::Formatter<'_>, id: u8) -> fmt::Result {
    f.write_str(match id {
        1 => "JPEG",
        2 => "Sorenson H.263",
        3 => "Screen Video",
        4 => "On2 VP6",
        5 => "On2 VP6 with alpha",
        6 => "Screen Video 2",
        CODEC_AVC => "H.264",
        8 => "H.263",
        9 => "MPEG-4 Part 2",
        // Not in the standard; Chinese CDNs and cameras use them.
        12 => "HEVC (codec id 12)",
        13 => "AV1 (codec id 13)",
        id => return write!(f, "video codec id {id}"),
    })
}

/// What an H.264 body carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AvcPacket {
    /// An avcC record.
    SequenceHeader,
    /// NAL units.
    Units {
        /// PTS minus DTS in milliseconds; 0 where the body held garbage.
        cts_millis: i32,
    },
    /// The sequence is over.
    EndOfSequence,
}

/// A video body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Video {
    /// H.264.
    Avc {
        /// Whether the body calls it a key frame. The NAL units know better.
        key: bool,
        /// What `data` is.
        packet: AvcPacket,
        /// What follows the header: a slice of the body.
        data: Bytes,
    },
    /// A coding that is not split here.
    Other(VideoCodec),
    /// Nothing to show: a command for the player, or a packet type that nobody defined.
    Nothing,
}

impl Video {
    /// Splits a body. An empty one is [`Nothing`](Self::Nothing).
    ///
    /// # Errors
    /// [`Truncated`] when the header is cut.
    pub fn parse(body: &Bytes) -> Result<Self, Truncated> {
        let mut reader = Reader::new(body);
        let Ok(first) = reader.u8() else { return Ok(Self::Nothing) };
        if first & EX_HEADER != 0 {
            return Self::parse_ex(body, reader, first);
        }
        let (frame, codec) = (first >> 4, first & 0x0F);
        if frame == COMMAND_FRAME {
            return Ok(Self::Nothing);
        }
        if codec != CODEC_AVC {
            return Ok(Self::Other(VideoCodec::Id(codec)));
        }
        if reader.is_empty() {
            return Ok(Self::Nothing);
        }
        let kind = reader.u8()?;
        let packet = match kind {
            0 => {
                reader.u24()?;
                AvcPacket::SequenceHeader
            }
            1 => AvcPacket::Units { cts_millis: believable(reader.i24()?) },
            // Some senders leave the composition time out here.
            2 => AvcPacket::EndOfSequence,
            _ => return Ok(Self::Nothing),
        };
        Ok(Self::Avc { key: is_key(frame), packet, data: body.slice_ref(reader.rest()) })
    }

    fn parse_ex(body: &Bytes, mut reader: Reader<'_>, first: u8) -> Result<Self, Truncated> {
        let (frame, mut kind) = (first >> 4 & 0x07, first & 0x0F);
        while kind == ex::MOD_EX {
            kind = skip_mod_ex(&mut reader)?;
        }
        if frame == COMMAND_FRAME {
            return Ok(Self::Nothing);
        }
        if kind == ex::MULTITRACK {
            return Ok(Self::Other(VideoCodec::Multitrack));
        }
        let four = reader.array::<4>()?;
        if &four != b"avc1" {
            return Ok(Self::Other(VideoCodec::FourCc(four)));
        }
        let packet = match kind {
            ex::SEQUENCE_START => AvcPacket::SequenceHeader,
            ex::CODED_FRAMES if !reader.is_empty() => {
                AvcPacket::Units { cts_millis: believable(reader.i24()?) }
            }
            ex::CODED_FRAMES_X => AvcPacket::Units { cts_millis: 0 },
            ex::SEQUENCE_END => AvcPacket::EndOfSequence,
            _ => return Ok(Self::Nothing),
        };
        Ok(Self::Avc { key: is_key(frame), packet, data: body.slice_ref(reader.rest()) })
    }
}

const fn is_key(frame: u8) -> bool {
    matches!(frame, KEY_FRAME | GENERATED_KEY_FRAME)
}

const fn believable(cts_millis: i32) -> i32 {
    if cts_millis.unsigned_abs() > CTS_MILLIS_MAX { 0 } else { cts_millis }
}

/// Skips one extension (a nanosecond offset, for instance) and returns the packet type that follows it.
pub(super) fn skip_mod_ex(reader: &mut Reader<'_>) -> Result<u8, Truncated> {
    let mut size = usize::from(reader.u8()?) + 1;
    // 255 says that two bytes with the real size follow.
    if size == 256 {
        size = usize::from(reader.u16()?) + 1;
    }
    reader.take(size)?;
    Ok(reader.u8()? & 0x0F)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(body: &[u8]) -> Video {
        Video::parse(&Bytes::copy_from_slice(body)).expect("whole")
    }

    fn cts(body: &[u8]) -> i32 {
        match parse(body) {
            Video::Avc { packet: AvcPacket::Units { cts_millis }, .. } => cts_millis,
            other => panic!("{other:?}"),
        }
    }

    fn name(body: &[u8]) -> String {
        match parse(body) {
            Video::Other(codec) => codec.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn composition_times_are_signed_and_garbage_counts_as_none() {
        assert_eq!(cts(&[0x17, 1, 0, 0, 67, 9]), 67);
        assert_eq!(cts(&[0x27, 1, 0xFF, 0xFF, 0xFF, 9]), -1);
        assert_eq!(cts(&[0x27, 1, 0x7F, 0xFF, 0xFF, 9]), 0);
        assert_eq!(cts(&[0x27, 1, 0x80, 0, 0, 9]), 0);
    }

    #[test]
    fn codings_that_are_not_split_have_names() {
        assert_eq!(name(&[0x22, 0, 0]), "Sorenson H.263");
        assert_eq!(name(&[0x14]), "On2 VP6");
        assert_eq!(name(&[0x1C, 0, 0, 0, 0]), "HEVC (codec id 12)");
        assert_eq!(name(&[0x90, b'h', b'v', b'c', b'1', 1]), "HEVC (hvc1)");
        assert_eq!(name(&[0x91, b'a', b'v', b'0', b'1', 1]), "AV1 (av01)");
        assert_eq!(name(&[0x91, b'x', 0, b'"', b'1', 1]), "codec x\\x00\\\"1");
        assert_eq!(name(&[0x96, 0x01]), "multitrack video");
    }

    #[test]
    fn extensions_before_the_fourcc_are_skipped() {
        assert_eq!(name(&[0x97, 2, 1, 2, 3, 0x01, b'h', b'v', b'c', b'1', 1]), "HEVC (hvc1)");
    }

    #[test]
    fn h264_in_an_extended_header_is_h264() {
        assert_eq!(cts(&[0xA1, b'a', b'v', b'c', b'1', 0, 0, 33, 9]), 33);
        assert_eq!(cts(&[0xA3, b'a', b'v', b'c', b'1', 9]), 0);
        let header = parse(&[0x90, b'a', b'v', b'c', b'1', 1, 0x64]);
        assert!(matches!(
            header,
            Video::Avc { key: true, packet: AvcPacket::SequenceHeader, data } if data[..] == [1, 0x64]
        ));
    }

    #[test]
    fn commands_and_empty_bodies_are_nothing() {
        for body in [&[][..], &[0x57, 0], &[0x17], &[0x17, 9, 0, 0, 0], &[0xD0, 1]] {
            assert_eq!(parse(body), Video::Nothing, "{body:?}");
        }
    }

    #[test]
    fn an_end_of_sequence_needs_no_composition_time() {
        assert!(matches!(parse(&[0x17, 2]), Video::Avc { packet: AvcPacket::EndOfSequence, .. }));
    }

    proptest! {
        #[test]
        fn any_bytes_parse_or_are_cut(body in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _any = Video::parse(&Bytes::from(body));
        }
    }
}
