//! The sequence header (AV1 §5.5): what it says of the pictures.

use super::Error;
use crate::format::bits::{BitError, BitReader};
use crate::format::shape::{self, Colour, Shape};

/// Code points of sRGB content, which stand for full range and 4:4:4 (AV1 §5.5.2).
const SRGB: (u8, u8, u8) = (1, 13, 0);

/// Highest level without a tier (AV1 §5.5.1).
const TIERLESS_LEVEL_MAX: u8 = 7;

/// seq_profile: 0 Main, 1 High, 2 Professional.
const PROFILE_HIGH: u8 = 1;
const PROFILE_PROFESSIONAL: u8 = 2;

/// How samples are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    /// Bits of a sample: 8, 10 or 12.
    pub bit_depth: u8,
    /// Whether there is no chroma.
    pub monochrome: bool,
    /// Whether chroma has half the width.
    pub subsampling_x: bool,
    /// Whether chroma has half the height.
    pub subsampling_y: bool,
    /// chroma_sample_position, 0 to 3; 0 where it does not apply.
    pub sample_position: u8,
}

/// What a sequence header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequence {
    /// seq_profile, 0 to 2.
    pub profile: u8,
    /// seq_level_idx of the first operating point.
    pub level: u8,
    /// Whether the tier of the first operating point is High.
    pub high_tier: bool,
    /// reduced_still_picture_header: one picture, and short frame headers.
    pub reduced: bool,
    /// Largest width of a frame.
    pub width: u32,
    /// Largest height of a frame.
    pub height: u32,
    /// Frames a second as a fraction in lowest terms, where all frames last equally long.
    pub frame_rate: Option<(u32, u32)>,
    /// How samples are stored.
    pub format: Format,
    /// How sample values become light, where it is said.
    pub colour: Option<Colour>,
}

impl Sequence {
    /// Reads the payload of a sequence header unit.
    ///
    /// # Errors
    /// [`Error::TooShort`] and [`Error::BadSequence`].
    pub fn parse(payload: &[u8]) -> Result<Self, Error> {
        let mut bits = BitReader::new(payload);
        let profile = bits.byte(3)?;
        if profile > PROFILE_PROFESSIONAL {
            return Err(Error::BadSequence);
        }
        // still_picture
        bits.flag()?;
        let reduced = bits.flag()?;
        let point = if reduced { Point::reduced(&mut bits)? } else { Point::read_first(&mut bits)? };
        let (width_bits, height_bits) = (bits.bits(4)? + 1, bits.bits(4)? + 1);
        // At most 65536: sixteen bits and one.
        let (width, height) = (bits.bits(width_bits)? + 1, bits.bits(height_bits)? + 1);
        skip_tools(&mut bits, reduced)?;
        let (format, colour) = read_colour(&mut bits, profile)?;
        Ok(Self {
            profile,
            level: point.level,
            high_tier: point.high_tier,
            reduced,
            width,
            height,
            frame_rate: point.frame_rate,
            format,
            colour,
        })
    }

    /// What containers say of the pictures.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        Shape {
            width: self.width,
            height: self.height,
            frame_rate: self.frame_rate,
            sample_aspect: (1, 1),
            colour: self.colour,
        }
    }
}

/// The first operating point, which is that of the whole stream, and the timing before it.
struct Point {
    level: u8,
    high_tier: bool,
    frame_rate: Option<(u32, u32)>,
}

impl Point {
    fn reduced(bits: &mut BitReader<'_>) -> Result<Self, BitError> {
        Ok(Self { level: bits.byte(5)?, high_tier: false, frame_rate: None })
    }

    fn read_first(bits: &mut BitReader<'_>) -> Result<Self, Error> {
        let mut first = Self { level: 0, high_tier: false, frame_rate: None };
        let mut delay_bits = None;
        let timing = bits.flag()?;
        if timing {
            first.frame_rate = read_timing(bits)?;
            let decoder_model = bits.flag()?;
            if decoder_model {
                delay_bits = Some(usize::from(bits.byte(5)?) + 1);
                // num_units_in_decoding_tick, lengths of buffer removal and presentation times
                bits.skip(42)?;
            }
        }
        let display_delay = bits.flag()?;
        let points = bits.byte(5)?;
        for point in 0..=points {
            // operating_point_idc
            bits.skip(12)?;
            let level = bits.byte(5)?;
            let high_tier = level > TIERLESS_LEVEL_MAX && bits.flag()?;
            if let Some(delay_bits) = delay_bits
                && bits.flag()?
            {
                // decoder_buffer_delay, encoder_buffer_delay, low_delay_mode_flag
                bits.skip(2 * delay_bits + 1)?;
            }
            if display_delay && bits.flag()? {
                bits.skip(4)?;
            }
            if point == 0 {
                (first.level, first.high_tier) = (level, high_tier);
            }
        }
        Ok(first)
    }
}

fn read_timing(bits: &mut BitReader<'_>) -> Result<Option<(u32, u32)>, Error> {
    let (units_in_tick, time_scale) = (bits.bits(32)?, bits.bits(32)?);
    let equal = bits.flag()?;
    if !equal {
        return Ok(None);
    }
    // num_ticks_per_picture_minus_1 is uvlc(), which has the form of ue().
    let ticks = u64::from(bits.ue()?) + 1;
    Ok(shape::frame_rate(u64::from(time_scale), u64::from(units_in_tick).saturating_mul(ticks)))
}

/// The coding tools between the size and the colour.
fn skip_tools(bits: &mut BitReader<'_>, reduced: bool) -> Result<(), Error> {
    if !reduced {
        let frame_ids = bits.flag()?;
        if frame_ids {
            bits.skip(7)?;
        }
    }
    // use_128x128_superblock, enable_filter_intra, enable_intra_edge_filter
    bits.skip(3)?;
    if !reduced {
        // enable_interintra_compound, enable_masked_compound, enable_warped_motion, enable_dual_filter
        bits.skip(4)?;
        let order_hint = bits.flag()?;
        if order_hint {
            // enable_jnt_comp, enable_ref_frame_mvs
            bits.skip(2)?;
        }
        let choose_screen_content = bits.flag()?;
        let screen_content = choose_screen_content || bits.flag()?;
        if screen_content {
            let choose_integer_mv = bits.flag()?;
            if !choose_integer_mv {
                bits.flag()?;
            }
        }
        if order_hint {
            bits.skip(3)?;
        }
    }
    // enable_superres, enable_cdef, enable_restoration
    bits.skip(3)?;
    Ok(())
}

/// color_config (AV1 §5.5.2).
fn read_colour(bits: &mut BitReader<'_>, profile: u8) -> Result<(Format, Option<Colour>), Error> {
    let high = bits.flag()?;
    let twelve = profile == PROFILE_PROFESSIONAL && high && bits.flag()?;
    let bit_depth = match (high, twelve) {
        (_, true) => 12,
        (true, false) => 10,
        (false, false) => 8,
    };
    let monochrome = profile != PROFILE_HIGH && bits.flag()?;
    let described = bits.flag()?;
    let mut colour = Colour {
        primaries: Colour::UNSPECIFIED,
        transfer: Colour::UNSPECIFIED,
        matrix: Colour::UNSPECIFIED,
        full_range: false,
    };
    if described {
        (colour.primaries, colour.transfer, colour.matrix) = (bits.byte(8)?, bits.byte(8)?, bits.byte(8)?);
    }
    let mut format =
        Format { bit_depth, monochrome, subsampling_x: true, subsampling_y: true, sample_position: 0 };
    if monochrome {
        colour.full_range = bits.flag()?;
    } else if (colour.primaries, colour.transfer, colour.matrix) == SRGB {
        colour.full_range = true;
        (format.subsampling_x, format.subsampling_y) = (false, false);
    } else {
        colour.full_range = bits.flag()?;
        (format.subsampling_x, format.subsampling_y) = match profile {
            0 => (true, true),
            PROFILE_HIGH => (false, false),
            _ if bit_depth == 12 => {
                let x = bits.flag()?;
                (x, x && bits.flag()?)
            }
            _ => (true, false),
        };
        if format.subsampling_x && format.subsampling_y {
            format.sample_position = bits.byte(2)?;
        }
    }
    Ok((format, (colour.is_specified() || colour.full_range).then_some(colour)))
}
