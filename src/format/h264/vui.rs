//! The video usability information at the end of a sequence parameter set: sample shape and timing.
//!
//! Encoders write it cut or wrong while decoders play on, so nothing here fails a stream.

use crate::format::bits::{BitError, BitReader};
use crate::format::shape::{self, ASPECT_EXTENDED};

/// The fields of the video usability information (§E.1.1) that someone here asks for. 0 is not said.
#[derive(Default)]
pub(super) struct Vui {
    aspect_index: u8,
    aspect_extended: (u32, u32),
    units_in_tick: u32,
    time_scale: u32,
}

impl Vui {
    /// Reads vui_parameters_present_flag and what follows it; on an error the fields before it are kept.
    pub(super) fn read(&mut self, bits: &mut BitReader<'_>) -> Result<(), BitError> {
        let present = bits.flag()?;
        if !present {
            return Ok(());
        }
        let aspect_present = bits.flag()?;
        if aspect_present {
            self.aspect_index = bits.byte(8)?;
            if self.aspect_index == ASPECT_EXTENDED {
                self.aspect_extended = (bits.bits(16)?, bits.bits(16)?);
            }
        }
        let overscan_present = bits.flag()?;
        if overscan_present {
            bits.flag()?;
        }
        let signal_present = bits.flag()?;
        if signal_present {
            // video_format, video_full_range_flag
            bits.skip(4)?;
            let colour_present = bits.flag()?;
            if colour_present {
                bits.skip(24)?;
            }
        }
        let chroma_location_present = bits.flag()?;
        if chroma_location_present {
            bits.ue()?;
            bits.ue()?;
        }
        let timing_present = bits.flag()?;
        if timing_present {
            (self.units_in_tick, self.time_scale) = (bits.bits(32)?, bits.bits(32)?);
        }
        Ok(())
    }

    /// Frames a second in lowest terms. Two ticks make a frame, whether it is shown as fields or not.
    pub(super) fn frame_rate(&self) -> Option<(u32, u32)> {
        shape::frame_rate(u64::from(self.time_scale), u64::from(self.units_in_tick) * 2)
    }

    /// Width to height of a sample; square when not said or reserved.
    pub(super) fn sample_aspect(&self) -> (u32, u32) {
        shape::sample_aspect(self.aspect_index, self.aspect_extended)
    }
}
