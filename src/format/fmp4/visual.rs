//! Sample entries of pictures (ISO/IEC 14496-12 §12.1.3): `avc1`, `hvc1`, `av01` and `vp09`.

use bytes::Bytes;
use mp4_atom::{Atom, Av01, Av1c, Avc1, Avcc, Colr, Hvc1, HvcCArray, Hvcc, Pasp, Visual, Vp09, VpcC};

use super::Error;
use crate::format::av1::Av1Config;
use crate::format::h264::{AvcConfig, Picture};
use crate::format::h265::{HevcConfig, unit};
use crate::format::light::Light;
use crate::format::shape::{Colour, Shape};
use crate::format::vp9::Vp9Config;

/// What all entries of pictures have in common.
#[derive(Default)]
struct Entry {
    visual: Visual,
    pasp: Option<Pasp>,
    colr: Option<Colr>,
}

impl Entry {
    /// Sizes are those of the samples, zero where they are unknown; how they are shown stands beside them.
    fn of(shape: Option<Shape>, light: &Light) -> Self {
        let Some(shape) = shape.map(|shape| light.on(shape)) else {
            let visual = Visual { data_reference_index: 1, ..Visual::default() };
            return Self { visual, ..Self::default() };
        };
        let side = |side: u32| u16::try_from(side).unwrap_or(u16::MAX);
        let (h_spacing, v_spacing) = shape.sample_aspect;
        Self {
            visual: Visual {
                data_reference_index: 1,
                width: side(shape.width),
                height: side(shape.height),
                ..Visual::default()
            },
            pasp: (h_spacing != v_spacing).then_some(Pasp { h_spacing, v_spacing }),
            colr: shape.colour.filter(Colour::is_specified).map(|colour| Colr::Nclx {
                colour_primaries: colour.primaries.into(),
                transfer_characteristics: colour.transfer.into(),
                matrix_coefficients: colour.matrix.into(),
                full_range_flag: colour.full_range,
            }),
        }
    }
}

pub(super) fn avc1(config: &AvcConfig, light: &Light) -> Result<Avc1, Error> {
    let Entry { visual, pasp, colr } = Entry::of(config.picture.as_ref().map(Picture::shape), light);
    Ok(Avc1 { visual, avcc: avcc(config)?, btrt: None, colr, pasp, taic: None, fiel: None, spatial: None })
}

/// The record again from what was parsed: senders leave zeros in its profile bytes, so the SPS decides.
fn avcc(config: &AvcConfig) -> Result<Avcc, Error> {
    let Some([_, profile, constraints, level, ..]) = config.sps.first().map(|sps| sps.as_ref()) else {
        return Err(Error::NoParameterSets);
    };
    if config.pps.is_empty() {
        return Err(Error::NoParameterSets);
    }
    // Only the trailer of high profiles is taken from the record; many senders leave it out, and it may be.
    let ext = Avcc::decode_body(&mut config.record.as_ref()).ok().and_then(|record| record.ext);
    Ok(Avcc {
        configuration_version: 1,
        avc_profile_indication: *profile,
        profile_compatibility: *constraints,
        avc_level_indication: *level,
        length_size: config.length_size,
        sequence_parameter_sets: config.sps.iter().map(|sps| sps.to_vec()).collect(),
        picture_parameter_sets: config.pps.iter().map(|pps| pps.to_vec()).collect(),
        ext,
    })
}

pub(super) fn hvc1(config: &HevcConfig, light: &Light) -> Result<Hvc1, Error> {
    let Entry { visual, pasp, colr } = Entry::of(config.shape(), light);
    Ok(Hvc1 { visual, hvcc: hvcc(config)?, colr, pasp, ..Hvc1::default() })
}

/// The record again from what was parsed: the SPS decides where the record disagrees, and all sets are out of band.
fn hvcc(config: &HevcConfig) -> Result<Hvcc, Error> {
    let (true, Some(picture)) = (config.sets.is_complete(), &config.picture) else {
        return Err(Error::NoParameterSets);
    };
    let array = |nal_unit_type: u8, units: &[Bytes]| HvcCArray {
        completeness: nal_unit_type != unit::PREFIX_SEI,
        nal_unit_type,
        nalus: units.iter().map(|unit| unit.to_vec()).collect(),
    };
    let sets = &config.sets;
    // An array has units of one type; SEI behind the picture describes that picture, so it has no place here.
    let sei: Vec<_> =
        sets.sei.iter().filter(|sei| unit::unit_type(sei) == Some(unit::PREFIX_SEI)).cloned().collect();
    let mut arrays =
        vec![array(unit::VPS, &sets.vps), array(unit::SPS, &sets.sps), array(unit::PPS, &sets.pps)];
    if !sei.is_empty() {
        arrays.push(array(unit::PREFIX_SEI, &sei));
    }
    let profile = picture.profile;
    Ok(Hvcc {
        general_profile_space: profile.space,
        general_tier_flag: profile.high_tier,
        general_profile_idc: profile.idc,
        general_profile_compatibility_flags: profile.compatibility.to_be_bytes(),
        general_constraint_indicator_flags: profile.constraints,
        general_level_idc: profile.level,
        chroma_format_idc: picture.chroma_format,
        bit_depth_luma_minus8: picture.luma_depth.saturating_sub(8),
        bit_depth_chroma_minus8: picture.chroma_depth.saturating_sub(8),
        num_temporal_layers: picture.temporal_layers,
        temporal_id_nested: picture.temporal_nesting,
        length_size_minus_one: config.length_size.saturating_sub(1),
        arrays,
        ..Hvcc::new()
    })
}

/// The record again from the sequence header, which decides where the record disagrees.
pub(super) fn av01(config: &Av1Config, light: &Light) -> Result<Av01, Error> {
    let (Some(sequence), Some(unit)) = (&config.sequence, &config.sequence_obu) else {
        return Err(Error::NoParameterSets);
    };
    let Entry { visual, pasp, colr } = Entry::of(config.shape(), light);
    let format = sequence.format;
    let av1c = Av1c {
        seq_profile: sequence.profile,
        seq_level_idx_0: sequence.level,
        seq_tier_0: sequence.high_tier,
        high_bitdepth: format.bit_depth > 8,
        twelve_bit: format.bit_depth > 10,
        monochrome: format.monochrome,
        chroma_subsampling_x: format.subsampling_x,
        chroma_subsampling_y: format.subsampling_y,
        chroma_sample_position: format.sample_position,
        initial_presentation_delay: None,
        config_obus: unit.to_vec(),
    };
    Ok(Av01 { visual, av1c, colr, pasp, ..Av01::default() })
}

pub(super) fn vp09(config: &Vp9Config, light: &Light) -> Result<Vp09, Error> {
    if config.size.is_none() {
        return Err(Error::NoParameterSets);
    }
    let Entry { visual, pasp, colr } = Entry::of(config.shape(), light);
    let own = config.colour;
    let colour = match light.colour {
        Some(said) if !own.is_specified() => Colour { full_range: own.full_range, ..said },
        _ => own,
    };
    let vpcc = VpcC {
        profile: config.profile,
        level: config.level,
        bit_depth: config.bit_depth,
        chroma_subsampling: config.chroma,
        video_full_range_flag: colour.full_range,
        color_primaries: colour.primaries,
        transfer_characteristics: colour.transfer,
        matrix_coefficients: colour.matrix,
        codec_initialization_data: Vec::new(),
    };
    Ok(Vp09 { visual, vpcc, colr, pasp, ..Vp09::default() })
}
