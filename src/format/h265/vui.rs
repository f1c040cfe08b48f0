//! The video usability information of a sequence parameter set: sample shape, colour and timing.
//!
//! Encoders write it cut or wrong while decoders play on, so nothing here fails a stream.

use crate::format::bits::{BitError, BitReader};
use crate::format::shape::{self, ASPECT_EXTENDED, Colour};

/// Timing as parameter sets write it. 0 is not said.
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

/// The fields (H.265 §E.2.1) that someone here asks for. 0 is not said.
#[derive(Debug, Default)]
pub(super) struct Vui {
    aspect_index: u8,
    aspect_extended: (u32, u32),
    pub(super) colour: Option<Colour>,
    pub(super) fields: bool,
    pub(super) timing: Timing,
}

impl Vui {
    /// Reads what follows vui_parameters_present_flag; on an error the fields before it are kept.
    pub(super) fn read(&mut self, bits: &mut BitReader<'_>) -> Result<(), BitError> {
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
            self.colour = read_signal(bits)?;
        }
        let chroma_location_present = bits.flag()?;
        if chroma_location_present {
            bits.ue()?;
            bits.ue()?;
        }
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
        shape::sample_aspect(self.aspect_index, self.aspect_extended)
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
