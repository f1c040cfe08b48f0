//! The sequence parameter set (H.264 §7.3.2.1.1): what it says of the pictures.
//!
//! Strict up to the size of the pictures; from cropping on, what cannot be read counts as not said. `vui` reads the end.

use super::Error;
use super::vui::Vui;
use crate::format::bits::{BitError, BitReader, unescape};
use crate::format::nal;
use crate::format::shape::Shape;

/// Largest width and height before cropping, in pixels: about what level 6.2 allows on its longer side (H.264 §A.3.1).
pub const DIMENSION_MAX: u64 = 16_384;

/// What a sequence parameter set says of the pictures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// profile_idc.
    pub profile: u8,
    /// The constraint_set flags as one byte.
    pub constraints: u8,
    /// level_idc.
    pub level: u8,
    /// Width in pixels after cropping.
    pub width: u32,
    /// Height in pixels after cropping.
    pub height: u32,
    /// Frames a second as a fraction in lowest terms, where the VUI has believable timing.
    pub frame_rate: Option<(u32, u32)>,
    /// Sample aspect ratio; (1, 1) when square or not said.
    pub sample_aspect: (u32, u32),
}

impl Picture {
    /// Reads an SPS as a NAL unit, header byte and emulation prevention included.
    ///
    /// # Errors
    /// [`Error::NotSps`], [`Error::TooShort`] and [`Error::BadSps`] before the size is known, then [`Error::Dimensions`].
    pub fn parse(sps_nal: &[u8]) -> Result<Self, Error> {
        Sequence::parse(sps_nal).map(|sequence| sequence.picture)
    }

    /// What containers say of the pictures. Their colour is left to the decoder, which reads it in the SPS.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        Shape {
            width: self.width,
            height: self.height,
            frame_rate: self.frame_rate,
            sample_aspect: self.sample_aspect,
            colour: None,
        }
    }
}

/// The picture, and what the trailer of an avcC record repeats.
#[derive(Debug)]
pub(super) struct Sequence {
    pub(super) picture: Picture,
    /// chroma_format_idc, 0 to 3.
    pub(super) chroma_format: u8,
    /// bit_depth_luma_minus8, 0 to 6.
    pub(super) luma_depth_above_8: u8,
    /// bit_depth_chroma_minus8, 0 to 6.
    pub(super) chroma_depth_above_8: u8,
}

impl Sequence {
    pub(super) fn parse(sps_nal: &[u8]) -> Result<Self, Error> {
        let Some((_, payload)) = sps_nal.split_first() else { return Err(Error::TooShort) };
        let kind = nal::unit_type(sps_nal);
        if kind != nal::SPS {
            return Err(Error::NotSps(kind));
        }
        let plain = unescape(payload);
        let mut bits = BitReader::new(&plain);
        let (profile, constraints, level) = (bits.byte(8)?, bits.byte(8)?, bits.byte(8)?);
        up_to(bits.ue()?, 31)?;
        let format = if has_format(profile) { Format::parse(&mut bits)? } else { Format::OF_BASIC_PROFILES };
        // log2_max_frame_num_minus4
        bits.ue()?;
        skip_order_count(&mut bits)?;
        // max_num_ref_frames, gaps_in_frame_num_value_allowed_flag
        bits.ue()?;
        bits.flag()?;
        let size = Size::parse(&mut bits)?;

        let (width, height) = size.cropped(&mut bits, &format);
        let mut vui = Vui::default();
        // Fields that came before the first unreadable one are kept.
        let _cut = vui.read(&mut bits);
        Ok(Self {
            picture: Picture {
                profile,
                constraints,
                level,
                width,
                height,
                frame_rate: vui.frame_rate(),
                sample_aspect: vui.sample_aspect(),
            },
            chroma_format: format.chroma,
            luma_depth_above_8: format.luma_depth_above_8,
            chroma_depth_above_8: format.chroma_depth_above_8,
        })
    }
}

/// Whether SPS of this profile say the format of their samples.
const fn has_format(profile: u8) -> bool {
    matches!(profile, 100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135)
}

/// The value, if it is one that the field may have.
fn up_to(value: u32, max: u8) -> Result<u8, Error> {
    u8::try_from(value).ok().filter(|&value| value <= max).ok_or(Error::BadSps)
}

/// How samples are stored.
struct Format {
    chroma: u8,
    separate_planes: bool,
    luma_depth_above_8: u8,
    chroma_depth_above_8: u8,
}

impl Format {
    /// 4:2:0 in 8 bits, which profiles without these fields have.
    const OF_BASIC_PROFILES: Self =
        Self { chroma: 1, separate_planes: false, luma_depth_above_8: 0, chroma_depth_above_8: 0 };

    fn parse(bits: &mut BitReader<'_>) -> Result<Self, Error> {
        let chroma = up_to(bits.ue()?, 3)?;
        let separate_planes = chroma == 3 && bits.flag()?;
        let luma_depth_above_8 = up_to(bits.ue()?, 6)?;
        let chroma_depth_above_8 = up_to(bits.ue()?, 6)?;
        // qpprime_y_zero_transform_bypass_flag
        bits.flag()?;
        let scaling_matrix = bits.flag()?;
        if scaling_matrix {
            for list in 0..if chroma == 3 { 12 } else { 8 } {
                if bits.flag()? {
                    skip_scaling_list(bits, if list < 6 { 16 } else { 64 })?;
                }
            }
        }
        Ok(Self { chroma, separate_planes, luma_depth_above_8, chroma_depth_above_8 })
    }
}

/// A scaling list (§7.3.2.1.1.1), whose length depends on its own values.
fn skip_scaling_list(bits: &mut BitReader<'_>, length: u32) -> Result<(), BitError> {
    let (mut last, mut next) = (8_i64, 8_i64);
    for _ in 0..length {
        if next != 0 {
            next = (last + i64::from(bits.se()?) + 256).rem_euclid(256);
        }
        if next != 0 {
            last = next;
        }
    }
    Ok(())
}

fn skip_order_count(bits: &mut BitReader<'_>) -> Result<(), Error> {
    match bits.ue()? {
        0 => {
            // log2_max_pic_order_cnt_lsb_minus4
            bits.ue()?;
        }
        1 => {
            // delta_pic_order_always_zero_flag, offset_for_non_ref_pic, offset_for_top_to_bottom_field
            bits.flag()?;
            bits.se()?;
            bits.se()?;
            for _ in 0..up_to(bits.ue()?, 255)? {
                bits.se()?;
            }
        }
        2 => {}
        _ => return Err(Error::BadSps),
    }
    Ok(())
}

/// Width and height before cropping, within bounds.
struct Size {
    width: u32,
    height: u32,
    /// 1 for frames, 2 where pictures may be fields.
    fields: u32,
}

impl Size {
    fn parse(bits: &mut BitReader<'_>) -> Result<Self, Error> {
        let columns = u64::from(bits.ue()?) + 1;
        let rows = u64::from(bits.ue()?) + 1;
        let fields = if bits.flag()? { 1 } else { 2 };
        if fields == 2 {
            // mb_adaptive_frame_field_flag
            bits.flag()?;
        }
        let (width, height) = (columns * 16, rows * 16 * u64::from(fields));
        let believed = |side: u64| u32::try_from(side).ok().filter(|_| side <= DIMENSION_MAX);
        match (believed(width), believed(height)) {
            (Some(width), Some(height)) => Ok(Self { width, height, fields }),
            _ => Err(Error::Dimensions { width, height }),
        }
    }

    /// Reads the cropping rectangle and applies it; one that is cut or leaves no picture counts as none.
    fn cropped(&self, bits: &mut BitReader<'_>, format: &Format) -> (u32, u32) {
        let (unit_x, unit_y) = match format.chroma {
            1 if !format.separate_planes => (2, 2 * self.fields),
            2 if !format.separate_planes => (2, self.fields),
            _ => (1, self.fields),
        };
        let whole = (self.width, self.height);
        let Ok([left, right, top, bottom]) = read_cropping(bits) else { return whole };
        let side = |full: u32, unit: u32, before: u32, after: u32| {
            let cut = u64::from(unit) * (u64::from(before) + u64::from(after));
            u32::try_from(cut).ok().and_then(|cut| full.checked_sub(cut)).filter(|&left| left > 0)
        };
        match (side(self.width, unit_x, left, right), side(self.height, unit_y, top, bottom)) {
            (Some(width), Some(height)) => (width, height),
            _ => whole,
        }
    }
}

/// direct_8x8_inference_flag, then left, right, top and bottom in cropping units.
fn read_cropping(bits: &mut BitReader<'_>) -> Result<[u32; 4], BitError> {
    bits.flag()?;
    let cropping = bits.flag()?;
    if !cropping {
        return Ok([0; 4]);
    }
    Ok([bits.ue()?, bits.ue()?, bits.ue()?, bits.ue()?])
}
