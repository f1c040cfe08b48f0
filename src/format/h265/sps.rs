//! The sequence parameter set (H.265 §7.3.2.2), and the timing of a video parameter set (§7.3.2.1).
//!
//! Strict up to the bit depth of the pictures; from there on, what cannot be read counts as not said. `tail` passes
//! over what stands before the usability information, and `vui` reads that.

use super::profile::Profile;
use super::unit;
use super::vui::Vui;
use super::{Error, tail};
use crate::format::bits::{BitReader, unescape};
use crate::format::shape::{Colour, Shape};
use crate::format::vui::Timing;

/// Largest width and height, in luma samples: the longer side that level 6.2 allows (H.265 §A.4.1).
pub const DIMENSION_MAX: u32 = 16_888;

/// Sub-layers below the highest; the three bits have room for one more, which means something else.
const SUB_LAYERS_BELOW_MAX: u8 = 6;

/// What a sequence parameter set says of the pictures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Profile, tier and level.
    pub profile: Profile,
    /// Width in luma samples inside the conformance window.
    pub width: u32,
    /// Height in luma samples inside the conformance window.
    pub height: u32,
    /// Frames a second as a fraction in lowest terms, where the VUI has believable timing.
    pub frame_rate: Option<(u32, u32)>,
    /// Sample aspect ratio; (1, 1) when square or not said.
    pub sample_aspect: (u32, u32),
    /// How sample values become light, where it is said.
    pub colour: Option<Colour>,
    /// chroma_format_idc, 0 to 3.
    pub chroma_format: u8,
    /// Bits of a luma sample, 8 to 16.
    pub luma_depth: u8,
    /// Bits of a chroma sample, 8 to 16.
    pub chroma_depth: u8,
    /// Temporal sub-layers, 1 to 7.
    pub temporal_layers: u8,
    /// Whether switching up between sub-layers is possible at any picture.
    pub temporal_nesting: bool,
}

impl Picture {
    /// Reads an SPS as a NAL unit of the base layer, header and emulation prevention included.
    ///
    /// # Errors
    /// [`Error::NotSps`], [`Error::TooShort`], [`Error::BadSps`] and [`Error::Dimensions`].
    pub fn parse(sps_nal: &[u8]) -> Result<Self, Error> {
        let Some(payload) = sps_nal.get(2..) else { return Err(Error::TooShort) };
        let kind = unit::unit_type(sps_nal).unwrap_or_default();
        if kind != unit::SPS || !unit::is_base_layer(sps_nal) {
            return Err(Error::NotSps(kind));
        }
        let plain = unescape(payload);
        let mut bits = BitReader::new(&plain);
        // sps_video_parameter_set_id
        bits.skip(4)?;
        let sub_layers = sub_layers(&mut bits)?;
        let temporal_nesting = bits.flag()?;
        let profile = Profile::read(&mut bits, sub_layers)?;
        up_to(bits.ue()?, 15)?;
        let chroma_format = up_to(bits.ue()?, 3)?;
        let separate_planes = chroma_format == 3 && bits.flag()?;
        let (width, height) = read_size(&mut bits, if separate_planes { 0 } else { chroma_format })?;
        let luma_depth = up_to(bits.ue()?, 8)? + 8;
        let chroma_depth = up_to(bits.ue()?, 8)? + 8;

        let mut vui = Vui::default();
        // Fields that came before the first unreadable one are kept.
        let _cut = tail::skip_to_vui(&mut bits, sub_layers).and_then(|present| {
            if present {
                vui.read(&mut bits)?;
            }
            Ok(())
        });
        Ok(Self {
            profile,
            width,
            height,
            frame_rate: vui.timing.frame_rate(vui.fields),
            sample_aspect: vui.sample_aspect(),
            colour: vui.colour,
            chroma_format,
            luma_depth,
            chroma_depth,
            temporal_layers: sub_layers + 1,
            temporal_nesting,
        })
    }

    /// What containers say of the pictures.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        Shape {
            width: self.width,
            height: self.height,
            frame_rate: self.frame_rate,
            sample_aspect: self.sample_aspect,
            colour: self.colour,
        }
    }
}

/// Frames a second by a VPS as a NAL unit; `None` where it has no believable timing.
pub(super) fn vps_frame_rate(vps_nal: &[u8]) -> Option<(u32, u32)> {
    let plain = unescape(vps_nal.get(2..)?);
    let mut bits = BitReader::new(&plain);
    read_vps_timing(&mut bits).ok()?.frame_rate(false)
}

fn read_vps_timing(bits: &mut BitReader<'_>) -> Result<Timing, Error> {
    // vps_video_parameter_set_id, base layer flags, vps_max_layers_minus1
    bits.skip(12)?;
    let sub_layers = sub_layers(bits)?;
    // vps_temporal_id_nesting_flag, vps_reserved_0xffff_16bits
    bits.skip(17)?;
    Profile::read(bits, sub_layers)?;
    tail::skip_sub_layer_ordering(bits, sub_layers)?;
    let layers = usize::from(bits.byte(6)?) + 1;
    let sets_below = usize::try_from(bits.ue()?).unwrap_or(usize::MAX);
    bits.skip(sets_below.saturating_mul(layers))?;
    Ok(Timing::read(bits)?)
}

fn sub_layers(bits: &mut BitReader<'_>) -> Result<u8, Error> {
    up_to(bits.bits(3)?, SUB_LAYERS_BELOW_MAX)
}

/// The value, if it is one that the field may have.
fn up_to(value: u32, max: u8) -> Result<u8, Error> {
    u8::try_from(value).ok().filter(|&value| value <= max).ok_or(Error::BadSps)
}

/// Width and height inside the conformance window; a window that leaves no picture counts as none.
fn read_size(bits: &mut BitReader<'_>, chroma_format: u8) -> Result<(u32, u32), Error> {
    let (width, height) = (bits.ue()?, bits.ue()?);
    if !(1..=DIMENSION_MAX).contains(&width) || !(1..=DIMENSION_MAX).contains(&height) {
        return Err(Error::Dimensions { width, height });
    }
    let windowed = bits.flag()?;
    if !windowed {
        return Ok((width, height));
    }
    let [left, right, top, bottom] = [bits.ue()?, bits.ue()?, bits.ue()?, bits.ue()?];
    let (unit_x, unit_y) = match chroma_format {
        1 => (2, 2),
        2 => (2, 1),
        _ => (1, 1),
    };
    let side = |full: u32, unit: u64, before: u32, after: u32| {
        let cut = unit * (u64::from(before) + u64::from(after));
        u32::try_from(cut).ok().and_then(|cut| full.checked_sub(cut)).filter(|&left| left > 0)
    };
    Ok(match (side(width, unit_x, left, right), side(height, unit_y, top, bottom)) {
        (Some(width), Some(height)) => (width, height),
        _ => (width, height),
    })
}
