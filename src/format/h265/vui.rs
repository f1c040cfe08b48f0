//! The video usability information of a sequence parameter set: sample shape, colour and timing.
//!
//! Encoders write it cut or wrong while decoders play on, so nothing here fails a stream.

use crate::format::bits::{BitError, BitReader};
use crate::format::shape::Colour;
use crate::format::vui::{Aspect, Timing, skip_chroma_location, skip_overscan};

/// The fields (H.265 §E.2.1) that someone here asks for. 0 is not said.
#[derive(Debug, Default)]
pub(super) struct Vui {
    aspect: Aspect,
    pub(super) colour: Option<Colour>,
    pub(super) fields: bool,
    pub(super) timing: Timing,
}

impl Vui {
    /// Reads what follows vui_parameters_present_flag; on an error the fields before it are kept.
    pub(super) fn read(&mut self, bits: &mut BitReader<'_>) -> Result<(), BitError> {
        self.aspect.read(bits)?;
        skip_overscan(bits)?;
        let signal_present = bits.flag()?;
        if signal_present {
            self.colour = read_signal(bits)?;
        }
        skip_chroma_location(bits)?;
        // neutral_chroma_indication_flag
        bits.flag()?;
        self.fields = bits.flag()?;
        // frame_field_info_present_flag
        bits.flag()?;
        let display_window_present = bits.flag()?;
        if display_window_present {
            // Players show the conformance window whole; so does this.
            for _ in 0..4 {
                bits.ue()?;
            }
        }
        self.timing = Timing::read(bits)?;
        Ok(())
    }

    /// Width to height of a sample; square when not said or reserved.
    pub(super) fn sample_aspect(&self) -> (u32, u32) {
        self.aspect.ratio()
    }
}

/// video_signal_type; `None` when nothing of it is specified.
fn read_signal(bits: &mut BitReader<'_>) -> Result<Option<Colour>, BitError> {
    // video_format
    bits.skip(3)?;
    let full_range = bits.flag()?;
    let described = bits.flag()?;
    let mut colour = Colour {
        primaries: Colour::UNSPECIFIED,
        transfer: Colour::UNSPECIFIED,
        matrix: Colour::UNSPECIFIED,
        full_range,
    };
    if described {
        (colour.primaries, colour.transfer, colour.matrix) = (bits.byte(8)?, bits.byte(8)?, bits.byte(8)?);
    }
    Ok((colour.is_specified() || full_range).then_some(colour))
}
