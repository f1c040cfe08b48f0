//! What H.264 and HEVC write alike in their video usability information (H.264 §E.1.1, H.265 §E.2.1).

use super::bits::{BitError, BitReader};
use super::shape::{self, ASPECT_EXTENDED};

/// The shape of a sample. Square until it is read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Aspect {
    index: u8,
    extended: (u32, u32),
}

impl Aspect {
    /// Reads aspect_ratio_info_present_flag and what follows it; on an error what came before is kept.
    pub(super) fn read(&mut self, bits: &mut BitReader<'_>) -> Result<(), BitError> {
        if bits.flag()? {
            self.index = bits.byte(8)?;
            if self.index == ASPECT_EXTENDED {
                self.extended = (bits.bits(16)?, bits.bits(16)?);
            }
        }
        Ok(())
    }

    /// Width to height of a sample; square when not said or reserved.
    pub(super) fn ratio(self) -> (u32, u32) {
        shape::sample_aspect(self.index, self.extended)
    }
}

/// Passes over where the samples of chroma lie, which is left to the decoder.
pub(super) fn skip_chroma_location(bits: &mut BitReader<'_>) -> Result<(), BitError> {
    if bits.flag()? {
        bits.ue()?;
        bits.ue()?;
    }
    Ok(())
}

/// Passes over whether the pictures are to be cut at their edges.
pub(super) fn skip_overscan(bits: &mut BitReader<'_>) -> Result<(), BitError> {
    if bits.flag()? {
        bits.flag()?;
    }
    Ok(())
}

/// Timing. 0 is not said.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Timing {
    units_in_tick: u32,
    time_scale: u32,
}

impl Timing {
    /// Reads a flag and, where it is set, num_units_in_tick and time_scale.
    pub(super) fn read(bits: &mut BitReader<'_>) -> Result<Self, BitError> {
        let present = bits.flag()?;
        if !present {
            return Ok(Self::default());
        }
        Ok(Self { units_in_tick: bits.bits(32)?, time_scale: bits.bits(32)? })
    }

    /// Frames a second in lowest terms: one tick makes a picture, and two make a frame where `fields` are pictures.
    pub(super) fn frame_rate(self, fields: bool) -> Option<(u32, u32)> {
        let pictures = if fields { 2 } else { 1 };
        shape::frame_rate(u64::from(self.time_scale), u64::from(self.units_in_tick) * pictures)
    }
}
