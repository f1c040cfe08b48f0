//! VP9 configuration: the record of a `vpcC` box, completed by what key frames say.
//!
//! `header` reads frames; this file owns the record. A record has no size, so a configuration is whole only once a key
//! frame came.

mod header;
#[cfg(test)]
mod tests;

use bytes::Bytes;

pub use self::header::{Frame, KeyFrame};
use super::bits::BitError;
use super::shape::{Colour, Shape, VideoRange};
use super::wire::{Reader, Truncated};

/// Version 1 and no flags: what opens a full box, and the records of some senders.
const FULL_BOX: [u8; 4] = [1, 0, 0, 0];
/// Bytes of a record without initialization data, which VP9 has none of.
const RECORD_BYTES: usize = 8;
/// MatrixCoefficients of RGB (H.273 table 4), which has all of its chroma: a `vpcC` may not say it of subsampled pictures.
const MATRIX_RGB: u8 = 0;

/// Frames a second that a level is chosen for, since neither records nor frames say it.
const ASSUMED_FRAME_RATE: u64 = 30;

/// Levels by luma samples a second and in a picture (VP9 levels, webmproject.org).
const LEVELS: [(u8, u64, u64); 14] = [
    (10, 829_440, 36_864),
    (11, 2_764_800, 73_728),
    (20, 4_608_000, 122_880),
    (21, 9_216_000, 245_760),
    (30, 20_736_000, 552_960),
    (31, 36_864_000, 983_040),
    (40, 83_558_400, 2_228_224),
    (41, 160_432_128, 2_228_224),
    (50, 311_951_360, 8_912_896),
    (51, 588_251_136, 8_912_896),
    (52, 1_176_502_272, 8_912_896),
    (60, 1_176_502_272, 35_651_584),
    (61, 2_353_004_544, 35_651_584),
    (62, 4_706_009_088, 35_651_584),
];

/// Why a record or a frame cannot be used. Always the sender's doing; a later one may be good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Fewer bytes than any record or frame header has.
    #[error("the VP9 data is too short")]
    TooShort,
    /// A record with values that VP9 has not.
    #[error("the VP9 configuration is damaged")]
    BadRecord,
    /// Bytes that are no VP9 frame.
    #[error("this is no VP9 frame")]
    BadFrame,
}

impl From<BitError> for Error {
    fn from(_: BitError) -> Self {
        Self::TooShort
    }
}

impl From<Truncated> for Error {
    fn from(_: Truncated) -> Self {
        Self::TooShort
    }
}

/// VPCodecConfigurationRecord and the size of the pictures. Equal when both are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vp9Config {
    /// The record without the head of a full box, eight bytes. Its level may be 0, which is unknown.
    pub record: Bytes,
    /// Profile, 0 to 3.
    pub profile: u8,
    /// Level times ten; by the size for 30 frames a second where the record has none, and 0 while that is not known.
    pub level: u8,
    /// Bits of a sample: 8, 10 or 12.
    pub bit_depth: u8,
    /// chroma_subsampling: 0 and 1 are 4:2:0, 2 is 4:2:2, 3 is 4:4:4.
    pub chroma: u8,
    /// How sample values become light.
    pub colour: Colour,
    /// Width and height of the last key frame; `None` before the first.
    pub size: Option<(u32, u32)>,
}

impl Vp9Config {
    /// Reads a record, with the head of a full box or without it.
    ///
    /// # Errors
    /// [`Error::TooShort`] and [`Error::BadRecord`].
    pub fn parse(record: &Bytes) -> Result<Self, Error> {
        let bare = record.strip_prefix(&FULL_BOX).filter(|rest| rest.len() >= RECORD_BYTES).unwrap_or(record);
        let mut rest = Reader::new(bare);
        let bytes = rest.array::<RECORD_BYTES>()?;
        let [profile, level, packed, primaries, transfer, matrix, _, _] = bytes;
        let (bit_depth, chroma) = (packed >> 4, packed >> 1 & 7);
        if profile > 3 || !matches!(bit_depth, 8 | 10 | 12) || chroma > header::chroma::FULL_444 {
            return Err(Error::BadRecord);
        }
        // FFmpeg, when it copies a stream whose `colorInfo` is empty, writes 0 for what was not said.
        let contradicts = matrix == MATRIX_RGB && chroma != header::chroma::FULL_444;
        let matrix = if contradicts { Colour::UNSPECIFIED } else { matrix };
        let record = Bytes::copy_from_slice(&[profile, level, packed, primaries, transfer, matrix, 0, 0]);
        let colour = Colour { primaries, transfer, matrix, full_range: packed & 1 == 1 };
        Ok(Self { record, profile, level, bit_depth, chroma, colour, size: None })
    }

    /// From a key frame alone, where no record was sent.
    #[must_use]
    pub fn from_key_frame(frame: &KeyFrame) -> Self {
        let KeyFrame { profile, bit_depth, chroma, colour, width, height } = *frame;
        let packed = bit_depth << 4 | chroma << 1 | u8::from(colour.full_range);
        let level = level_of(width, height);
        let fields = [profile, level, packed, colour.primaries, colour.transfer, colour.matrix, 0, 0];
        let record = Bytes::copy_from_slice(&fields);
        Self { record, profile, level, bit_depth, chroma, colour, size: Some((width, height)) }
    }

    /// The same configuration with the size of `frame`; one made from `frame` alone where the two contradict each other.
    #[must_use]
    pub fn with_key_frame(&self, frame: &KeyFrame) -> Self {
        if self.profile != frame.profile || self.bit_depth != frame.bit_depth {
            return Self::from_key_frame(frame);
        }
        let level = match self.record.get(1) {
            Some(&said) if said != 0 => said,
            _ => level_of(frame.width, frame.height),
        };
        Self { level, size: Some((frame.width, frame.height)), ..self.clone() }
    }

    /// `vp09.PP.LL.DD` (VP Codec ISO Media File Format Binding), with the optional part where it tells a player
    /// something that the default does not: high dynamic range, or other than 4:2:0.
    #[must_use]
    pub fn codec_string(&self) -> String {
        let Self { profile, level, bit_depth, chroma, colour, .. } = self;
        // A player refuses level 0; 10 is the least.
        let level = (*level).max(10);
        let short = format!("vp09.{profile:02}.{level:02}.{bit_depth:02}");
        if *chroma <= header::chroma::SUBSAMPLED_420_COLOCATED && colour.range() == VideoRange::Sdr {
            return short;
        }
        // What is not said is written as its default, BT.709.
        let or_default = |point: u8| if point == Colour::UNSPECIFIED { 1 } else { point };
        let points = [colour.primaries, colour.transfer, colour.matrix].map(or_default);
        let [primaries, transfer, matrix] = points;
        let full_range = u8::from(colour.full_range);
        format!("{short}.{chroma:02}.{primaries:02}.{transfer:02}.{matrix:02}.{full_range:02}")
    }

    /// What containers say of the pictures.
    #[must_use]
    pub fn shape(&self) -> Option<Shape> {
        let (width, height) = self.size?;
        let colour = Some(self.colour).filter(|colour| colour.is_specified() || colour.full_range);
        Some(Shape { width, height, frame_rate: None, sample_aspect: (1, 1), colour })
    }
}

/// The least level for pictures of this size at [`ASSUMED_FRAME_RATE`]; the highest for larger ones.
fn level_of(width: u32, height: u32) -> u8 {
    let picture = u64::from(width) * u64::from(height);
    let fits = |&&(_, rate_max, picture_max): &&(u8, u64, u64)| {
        picture <= picture_max && picture * ASSUMED_FRAME_RATE <= rate_max
    };
    LEVELS.iter().find(fits).map_or(62, |(level, _, _)| *level)
}
