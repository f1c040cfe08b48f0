//! Audio bodies: legacy (FLV 10.1 §E.4.2) and Enhanced RTMP v2, split into tracks and written.
//!
//! The rate, size and channel bits of a legacy body are not read: senders get them wrong, and every coding that is
//! used carries its own.

use std::fmt;

use bytes::Bytes;
use smallvec::{SmallVec, smallvec};

use super::ex::{self, Opening, Part, Parts};
use super::{Error, FourCc, Prefix, write_four_cc};
use crate::format::wire::Reader;

/// Sound formats of legacy bodies.
mod id {
    pub(super) const MP3: u8 = 2;
    /// The rest of the byte is Enhanced RTMP's.
    pub(super) const EX_HEADER: u8 = 9;
    pub(super) const AAC: u8 = 10;
    pub(super) const MP3_8_KHZ: u8 = 14;
}

/// 44 kHz, 16 bit, stereo: what AAC bodies say by convention, whatever the track is.
const AAC_FLAGS: u8 = 0xAF;

/// Packet types of the extended header.
mod kind {
    pub(super) const SEQUENCE_START: u8 = 0;
    pub(super) const CODED_FRAMES: u8 = 1;
    pub(super) const SEQUENCE_END: u8 = 2;
    pub(super) const MULTICHANNEL_CONFIG: u8 = 4;
    pub(super) const MULTITRACK: u8 = 5;
}

/// A coding of sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AudioCodec {
    /// `mp4a`, and sound format 10.
    Aac,
    /// `.mp3`, and sound formats 2 and 14.
    Mp3,
    /// `Opus`.
    Opus,
    /// `fLaC`.
    Flac,
    /// `ac-3`.
    Ac3,
    /// `ec-3`.
    Eac3,
    /// Any other, by the number of a legacy body.
    Id(u8),
    /// Any other, by the FourCC of an extended header.
    FourCc(FourCc),
}

impl AudioCodec {
    const fn from_four_cc(four: FourCc) -> Self {
        match &four {
            b"mp4a" => Self::Aac,
            b".mp3" => Self::Mp3,
            b"Opus" => Self::Opus,
            b"fLaC" => Self::Flac,
            b"ac-3" => Self::Ac3,
            b"ec-3" => Self::Eac3,
            _ => Self::FourCc(four),
        }
    }

    /// Its name in extended headers; `None` for codings that only have a number.
    #[must_use]
    pub const fn four_cc(self) -> Option<FourCc> {
        match self {
            Self::Aac => Some(*b"mp4a"),
            Self::Mp3 => Some(*b".mp3"),
            Self::Opus => Some(*b"Opus"),
            Self::Flac => Some(*b"fLaC"),
            Self::Ac3 => Some(*b"ac-3"),
            Self::Eac3 => Some(*b"ec-3"),
            Self::Id(_) => None,
            Self::FourCc(four) => Some(four),
        }
    }
}

impl fmt::Display for AudioCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aac => "AAC",
            Self::Mp3 => "MP3",
            Self::Opus => "Opus",
            Self::Flac => "FLAC",
            Self::Ac3 => "AC-3",
            Self::Eac3 => "E-AC-3",
            Self::FourCc(four) => return write_four_cc(f, *four),
            Self::Id(0 | 3) => "uncompressed PCM",
            Self::Id(1) => "ADPCM",
            Self::Id(4..=6) => "Nellymoser",
            Self::Id(7) => "G.711 A-law",
            Self::Id(8) => "G.711 mu-law",
            Self::Id(11) => "Speex",
            // Not in the standard; some WebRTC bridges use it.
            Self::Id(13) => "Opus (sound format 13)",
            Self::Id(15) => "device-specific sound",
            Self::Id(id) => return write!(f, "sound format {id}"),
        })
    }
}

/// What a track's part of an audio body carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AudioPacket {
    /// The coding's configuration record; empty for codings that have none, and where the sender knows none yet.
    SequenceStart,
    /// Coded frames.
    Frames,
    /// The sequence is over.
    SequenceEnd,
    /// Which channel is which ([`MultichannelConfig`](super::MultichannelConfig)). It may come for a track whose
    /// frames have legacy bodies.
    MultichannelConfig,
}

/// What stands before a track's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AudioHeader {
    /// Number of the track, 0 for the default one.
    pub track: u8,
    /// Its coding.
    pub codec: AudioCodec,
    /// What the data is.
    pub packet: AudioPacket,
    /// What the presentation time has beyond its milliseconds, in nanoseconds below 1000000.
    pub offset_nanos: u32,
}

/// One track's part of an audio body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audio {
    /// What stands before the data.
    pub header: AudioHeader,
    /// What follows it: a slice of the body.
    pub data: Bytes,
}

impl Audio {
    /// Splits a body into the parts of its tracks. None for an empty body, and frames without data.
    ///
    /// # Errors
    /// [`Error`] when a header is cut, or lays the tracks out in a way that is not defined. Nothing of the body is
    /// used then.
    pub fn parse(body: &Bytes) -> Result<SmallVec<[Self; 1]>, Error> {
        let mut reader = Reader::new(body);
        let Ok(first) = reader.u8() else { return Ok(SmallVec::new()) };
        let (codec, packet) = match first >> 4 {
            id::EX_HEADER => return Self::parse_ex(body, reader, first),
            id::AAC => match reader.u8() {
                Ok(0) => (AudioCodec::Aac, AudioPacket::SequenceStart),
                Ok(1) => (AudioCodec::Aac, AudioPacket::Frames),
                _ => return Ok(SmallVec::new()),
            },
            id::MP3 | id::MP3_8_KHZ => (AudioCodec::Mp3, AudioPacket::Frames),
            other => (AudioCodec::Id(other), AudioPacket::Frames),
        };
        let data = body.slice_ref(reader.rest());
        if data.is_empty() && packet == AudioPacket::Frames {
            return Ok(SmallVec::new());
        }
        Ok(smallvec![Self { header: AudioHeader { track: 0, codec, packet, offset_nanos: 0 }, data }])
    }

    fn parse_ex(body: &Bytes, mut reader: Reader<'_>, first: u8) -> Result<SmallVec<[Self; 1]>, Error> {
        let (kind, offset_nanos) = ex::extensions(&mut reader, first & 0x0F)?;
        let Parts { kind, parts } = match kind {
            kind::MULTITRACK => ex::several(body, reader, kind)?,
            _ => ex::single(body, reader, kind)?,
        };
        let packet = match kind {
            kind::SEQUENCE_START => AudioPacket::SequenceStart,
            kind::CODED_FRAMES => AudioPacket::Frames,
            kind::SEQUENCE_END => AudioPacket::SequenceEnd,
            kind::MULTICHANNEL_CONFIG => AudioPacket::MultichannelConfig,
            unknown => return Err(Error::PacketType(unknown)),
        };
        let audio = |Part { four, track, data }| {
            let codec = AudioCodec::from_four_cc(four);
            Self { header: AudioHeader { track, codec, packet, offset_nanos }, data }
        };
        // FFmpeg sends frames without data at the end of a file.
        let says_something = |audio: &Self| packet != AudioPacket::Frames || !audio.data.is_empty();
        Ok(parts.into_iter().map(audio).filter(says_something).collect())
    }
}

impl AudioHeader {
    /// The legacy form, which everybody reads; `None` where there is none: for other tracks than the default one,
    /// and other codings than AAC. MP3 has one too, which says what is in the frames, so it is not made here.
    #[must_use]
    pub fn legacy(&self) -> Option<Prefix> {
        let packet = match self.packet {
            _ if self.track != 0 || self.codec != AudioCodec::Aac => return None,
            AudioPacket::SequenceStart => 0,
            AudioPacket::Frames => 1,
            AudioPacket::SequenceEnd | AudioPacket::MultichannelConfig => return None,
        };
        Some(smallvec![AAC_FLAGS, packet])
    }

    /// The extended form. `None` for a coding without a FourCC.
    #[must_use]
    pub fn enhanced(&self) -> Option<Prefix> {
        let opening = Opening {
            high: id::EX_HEADER << 4,
            kind: match self.packet {
                AudioPacket::SequenceStart => kind::SEQUENCE_START,
                AudioPacket::Frames => kind::CODED_FRAMES,
                AudioPacket::SequenceEnd => kind::SEQUENCE_END,
                AudioPacket::MultichannelConfig => kind::MULTICHANNEL_CONFIG,
            },
            multitrack: kind::MULTITRACK,
            four: self.codec.four_cc()?,
            track: self.track,
            offset_nanos: self.offset_nanos,
        };
        Some(opening.write())
    }
}

#[cfg(test)]
#[path = "audio_tests.rs"]
mod tests;
