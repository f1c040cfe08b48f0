//! The first bytes of an audio body: legacy (FLV 10.1 §E.4.2) and Enhanced RTMP v2.
//!
//! AAC and MP3 are split from their headers; every other coding is only named. The rate, size and channel bits are
//! not read: senders get them wrong, and both codings carry their own.

use std::fmt;

use bytes::Bytes;

use super::video::skip_mod_ex;
use super::{FourCc, write_four_cc};
use crate::format::wire::{Reader, Truncated};

const FORMAT_MP3: u8 = 2;
/// Sound format 9 says that the rest of the byte is Enhanced RTMP's.
const FORMAT_EX_HEADER: u8 = 9;
const FORMAT_AAC: u8 = 10;
const FORMAT_MP3_8_KHZ: u8 = 14;

/// Packet types of the extended header.
mod ex {
    pub(super) const SEQUENCE_START: u8 = 0;
    pub(super) const CODED_FRAMES: u8 = 1;
    pub(super) const SEQUENCE_END: u8 = 2;
    pub(super) const MULTITRACK: u8 = 5;
    pub(super) const MOD_EX: u8 = 7;
}

/// A coding of sound, as the body names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AudioCodec {
    /// By the number of a legacy body.
    Id(u8),
    /// By the FourCC of an extended header.
    FourCc(FourCc),
    /// Several tracks in one message.
    Multitrack,
}

impl fmt::Display for AudioCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let four = match self {
            Self::Id(id) => return write_legacy(f, *id),
            Self::Multitrack => return f.write_str("multitrack audio"),
            Self::FourCc(four) => *four,
        };
        let name = match &four {
            b"mp4a" => Some("AAC"),
            b".mp3" => Some("MP3"),
            b"Opus" => Some("Opus"),
            b"fLaC" => Some("FLAC"),
            b"ac-3" => Some("AC-3"),
            b"ec-3" => Some("E-AC-3"),
            _ => None,
        };
        write_four_cc(f, name, four)
    }
}

fn write_legacy(f: &mut fmt::Formatter<'_>, id: u8) -> fmt::Result {
    f.write_str(match id {
        0 | 3 => "uncompressed PCM",
        1 => "ADPCM",
        FORMAT_MP3 | FORMAT_MP3_8_KHZ => "MP3",
        4..=6 => "Nellymoser",
        7 => "G.711 A-law",
        8 => "G.711 mu-law",
        FORMAT_AAC => "AAC",
        11 => "Speex",
        // Not in the standard; some WebRTC bridges use it.
        13 => "Opus (sound format 13)",
        15 => "device-specific sound",
        id => return write!(f, "sound format {id}"),
    })
}

/// What an AAC body carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AacPacket {
    /// An AudioSpecificConfig.
    SequenceHeader,
    /// One access unit.
    Raw,
    /// The sequence is over. Only extended headers say so.
    EndOfSequence,
}

/// An audio body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audio {
    /// AAC.
    Aac {
        /// What `data` is.
        packet: AacPacket,
        /// What follows the header: a slice of the body.
        data: Bytes,
    },
    /// MP3 frames: a slice of the body.
    Mp3(Bytes),
    /// A coding that is not split here.
    Other(AudioCodec),
    /// Nothing to hear: an empty body, or a packet type that nobody defined.
    Nothing,
}

impl Audio {
    /// Splits a body. An empty one is [`Nothing`](Self::Nothing).
    ///
    /// # Errors
    /// [`Truncated`] when the header is cut.
    pub fn parse(body: &Bytes) -> Result<Self, Truncated> {
        let mut reader = Reader::new(body);
        let Ok(first) = reader.u8() else { return Ok(Self::Nothing) };
        Ok(match first >> 4 {
            FORMAT_EX_HEADER => return Self::parse_ex(body, reader, first & 0x0F),
            FORMAT_AAC => {
                let packet = match reader.u8() {
                    Ok(0) => AacPacket::SequenceHeader,
                    Ok(1) => AacPacket::Raw,
                    _ => return Ok(Self::Nothing),
                };
                Self::Aac { packet, data: body.slice_ref(reader.rest()) }
            }
            FORMAT_MP3 | FORMAT_MP3_8_KHZ => Self::Mp3(body.slice_ref(reader.rest())),
            other => Self::Other(AudioCodec::Id(other)),
        })
    }

    fn parse_ex(body: &Bytes, mut reader: Reader<'_>, mut kind: u8) -> Result<Self, Truncated> {
        while kind == ex::MOD_EX {
            kind = skip_mod_ex(&mut reader)?;
        }
        if kind == ex::MULTITRACK {
            return Ok(Self::Other(AudioCodec::Multitrack));
        }
        let four = reader.array::<4>()?;
        let data = body.slice_ref(reader.rest());
        Ok(match (&four, kind) {
            (b"mp4a", ex::SEQUENCE_START) => Self::Aac { packet: AacPacket::SequenceHeader, data },
            (b"mp4a", ex::CODED_FRAMES) => Self::Aac { packet: AacPacket::Raw, data },
            (b"mp4a", ex::SEQUENCE_END) => Self::Aac { packet: AacPacket::EndOfSequence, data },
            (b".mp3", ex::CODED_FRAMES) => Self::Mp3(data),
            // Channel orders and the like: the coding's own configuration says the same.
            (b"mp4a" | b".mp3", _) => Self::Nothing,
            _ => Self::Other(AudioCodec::FourCc(four)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(body: &[u8]) -> Audio {
        Audio::parse(&Bytes::copy_from_slice(body)).expect("whole")
    }

    #[test]
    fn aac_is_aac_whatever_its_flags_say() {
        for flags in [0xAF, 0xA2, 0xA0] {
            let Audio::Aac { packet, data } = parse(&[flags, 1, 0x21, 0x10]) else { panic!("not AAC") };
            assert_eq!((packet, &data[..]), (AacPacket::Raw, &[0x21, 0x10][..]));
        }
    }

    #[test]
    fn codings_that_are_not_split_have_names() {
        for (body, name) in [
            (&[0x72, 1][..], "G.711 A-law"),
            (&[0x82, 1], "G.711 mu-law"),
            (&[0xB2, 1], "Speex"),
            (&[0x62, 1], "Nellymoser"),
            (&[0x90, b'O', b'p', b'u', b's'], "Opus (Opus)"),
            (&[0x91, b'e', b'c', b'-', b'3', 0], "E-AC-3 (ec-3)"),
            (&[0x95, 0x00], "multitrack audio"),
        ] {
            let Audio::Other(codec) = parse(body) else { panic!("{name} was split") };
            assert_eq!(codec.to_string(), name);
        }
    }

    #[test]
    fn extended_headers_carry_the_same_codings() {
        assert!(
            matches!(parse(&[0x91, b'm', b'p', b'4', b'a', 7]), Audio::Aac { packet: AacPacket::Raw, data } if data[..] == [7])
        );
        assert!(matches!(parse(&[0x91, b'.', b'm', b'p', b'3', 7]), Audio::Mp3(data) if data[..] == [7]));
        assert_eq!(parse(&[0x94, b'm', b'p', b'4', b'a', 1, 2]), Audio::Nothing);
    }

    #[test]
    fn empty_bodies_are_nothing() {
        for body in [&[][..], &[0xAF], &[0xAF, 7, 1]] {
            assert_eq!(parse(body), Audio::Nothing, "{body:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_parse_or_are_cut(body in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _any = Audio::parse(&Bytes::from(body));
        }
    }
}
