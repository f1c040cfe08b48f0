//! The video usability information at the end of a sequence parameter set: sample shape and timing.
//!
//! Encoders write it cut or wrong while decoders play on, so nothing here fails a stream.

use crate::format::bits::{BitError, BitReader};
use crate::format::vui::{Aspect, Timing, skip_chroma_location, skip_overscan};

/// The fields of the video usability information (§E.1.1) that someone here asks for. 0 is not said.
#[derive(Default)]
pub(super) struct Vui {
    aspect: Aspect,
    timing: Timing,
}

impl Vui {
    /// Reads vui_parameters_present_flag and what follows it; on an error the fields before it are kept.
    pub(super) fn read(&mut self, bits: &mut BitReader<'_>) -> Result<(), BitError> {
        let present = bits.flag()?;
        if !present {
            return Ok(());
        }
        self.aspect.read(bits)?;
        skip_overscan(bits)?;
        let signal_present = bits.flag()?;
        if signal_present {
            // video_format, video_full_range_flag
            bits.skip(4)?;
            let colour_present = bits.flag()?;
            if colour_present {
                bits.skip(24)?;
            }
        }
        skip_chroma_location(bits)?;
        self.timing = Timing::read(bits)?;
        Ok(())
    }

    /// Frames a second in lowest terms. Two ticks make a frame, whether it is shown as fields or not.
    pub(super) fn frame_rate(&self) -> Option<(u32, u32)> {
        self.timing.frame_rate(true)
    }

    /// Width to height of a sample; square when not said or reserved.
    pub(super) fn sample_aspect(&self) -> (u32, u32) {
        self.aspect.ratio()
    }
}
