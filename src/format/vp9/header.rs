//! The uncompressed header of a VP9 frame (VP9 §6.2): whether it is a key frame, and what a key frame says.

use super::Error;
use crate::format::bits::{BitError, BitReader};
use crate::format::shape::Colour;

/// frame_marker that opens each frame.
const FRAME_MARKER: u32 = 0b10;
/// frame_sync_code of key frames.
const SYNC_CODE: u32 = 0x49_8342;
/// color_space of red, green and blue.
const COLOUR_SPACE_RGB: u8 = 7;

/// chroma_subsampling of a configuration record (VP Codec ISO Media File Format Binding §"Semantics").
pub(super) mod chroma {
    pub(in super::super) const SUBSAMPLED_420_COLOCATED: u8 = 1;
    pub(in super::super) const SUBSAMPLED_422: u8 = 2;
    pub(in super::super) const FULL_444: u8 = 3;
}

/// What a key frame says of the pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyFrame {
    /// Profile, 0 to 3.
    pub profile: u8,
    /// Bits of a sample: 8, 10 or 12.
    pub bit_depth: u8,
    /// chroma_subsampling as records write it.
    pub chroma: u8,
    /// How sample values become light.
    pub colour: Colour,
    /// Width in samples.
    pub width: u32,
    /// Height in samples.
    pub height: u32,
}

/// A frame, or the first one of a superframe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame {
    /// A decoder may start here.
    Key(KeyFrame),
    /// Any other, also one that shows again what was decoded before.
    Other,
}

impl Frame {
    /// Reads the header that a frame's payload opens with.
    ///
    /// # Errors
    /// [`Error::TooShort`] and [`Error::BadFrame`].
    pub fn parse(payload: &[u8]) -> Result<Self, Error> {
        let mut bits = BitReader::new(payload);
        if bits.bits(2)? != FRAME_MARKER {
            return Err(Error::BadFrame);
        }
        let (low, high) = (bits.byte(1)?, bits.byte(1)?);
        let profile = high << 1 | low;
        if profile == 3 && bits.flag()? {
            return Err(Error::BadFrame);
        }
        let shown_again = bits.flag()?;
        if shown_again {
            return Ok(Self::Other);
        }
        let inter = bits.flag()?;
        if inter {
            return Ok(Self::Other);
        }
        // show_frame, error_resilient_mode
        bits.skip(2)?;
        if bits.bits(24)? != SYNC_CODE {
            return Err(Error::BadFrame);
        }
        let (bit_depth, chroma, colour) = read_colour(&mut bits, profile)?;
        let (width, height) = (bits.bits(16)? + 1, bits.bits(16)? + 1);
        Ok(Self::Key(KeyFrame { profile, bit_depth, chroma, colour, width, height }))
    }
}

/// color_config (VP9 §6.2.2).
fn read_colour(bits: &mut BitReader<'_>, profile: u8) -> Result<(u8, u8, Colour), BitError> {
    let bit_depth = match profile {
        0 | 1 => 8,
        _ if bits.flag()? => 12,
        _ => 10,
    };
    let space = bits.byte(3)?;
    // Profiles 1 and 3 have other than 4:2:0, and say what.
    let says_chroma = profile & 1 == 1;
    let mut colour = colour_of(space);
    if space == COLOUR_SPACE_RGB {
        if says_chroma {
            bits.flag()?;
        }
        return Ok((bit_depth, chroma::FULL_444, colour));
    }
    colour.full_range = bits.flag()?;
    if !says_chroma {
        return Ok((bit_depth, chroma::SUBSAMPLED_420_COLOCATED, colour));
    }
    let (x, y) = (bits.flag()?, bits.flag()?);
    // reserved_zero
    bits.flag()?;
    let chroma = match (x, y) {
        (true, true) => chroma::SUBSAMPLED_420_COLOCATED,
        (true, false) => chroma::SUBSAMPLED_422,
        // 4:4:0 has no number of its own.
        _ => chroma::FULL_444,
    };
    Ok((bit_depth, chroma, colour))
}

/// color_space (VP9 §7.2.2) in code points of H.273.
const fn colour_of(space: u8) -> Colour {
    let (primaries, transfer, matrix) = match space {
        // BT.601 and SMPTE-170 have the same numbers.
        1 | 3 => (6, 6, 6),
        2 => (1, 1, 1),
        4 => (7, 7, 7),
        5 => (9, 14, 9),
        COLOUR_SPACE_RGB => (1, 13, 0),
        _ => (Colour::UNSPECIFIED, Colour::UNSPECIFIED, Colour::UNSPECIFIED),
    };
    Colour { primaries, transfer, matrix, full_range: space == COLOUR_SPACE_RGB }
}
