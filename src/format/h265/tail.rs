//! The part of a sequence parameter set that says how pictures are coded: passed over to reach what is said of them.

use super::Error;
use crate::format::bits::BitReader;

/// Short-term reference picture sets (H.265 §7.4.3.2.1).
const SETS_MAX: u32 = 64;
/// Pictures in one of them: a decoded picture buffer holds no more (§A.4.2).
const SET_PICTURES_MAX: u32 = 16;
/// Long-term reference pictures (§7.4.3.2.1).
const LONG_TERM_MAX: u32 = 32;
/// log2_max_pic_order_cnt_lsb_minus4 (§7.4.3.2.1).
const ORDER_BITS_ABOVE_4_MAX: u32 = 12;

/// Reads from behind the bit depths to vui_parameters_present_flag, and returns that.
pub(super) fn skip_to_vui(bits: &mut BitReader<'_>, sub_layers: u8) -> Result<bool, Error> {
    let order_bits = within(bits.ue()?, ORDER_BITS_ABOVE_4_MAX)? + 4;
    skip_sub_layer_ordering(bits, sub_layers)?;
    // Sizes of coding and transform blocks, and depths of the transform hierarchy.
    for _ in 0..6 {
        bits.ue()?;
    }
    let scaling = bits.flag()?;
    if scaling && bits.flag()? {
        skip_scaling_lists(bits)?;
    }
    // amp_enabled_flag, sample_adaptive_offset_enabled_flag
    bits.skip(2)?;
    let pcm = bits.flag()?;
    if pcm {
        bits.skip(8)?;
        bits.ue()?;
        bits.ue()?;
        bits.flag()?;
    }
    skip_reference_sets(bits)?;
    let long_term = bits.flag()?;
    if long_term {
        let pictures = within(bits.ue()?, LONG_TERM_MAX)?;
        for _ in 0..pictures {
            bits.bits(order_bits + 1)?;
        }
    }
    // sps_temporal_mvp_enabled_flag, strong_intra_smoothing_enabled_flag
    bits.skip(2)?;
    Ok(bits.flag()?)
}

/// The buffer sizes of each sub-layer, or of the highest alone.
pub(super) fn skip_sub_layer_ordering(bits: &mut BitReader<'_>, sub_layers: u8) -> Result<(), Error> {
    let each = bits.flag()?;
    for _ in 0..=if each { sub_layers } else { 0 } {
        bits.ue()?;
        bits.ue()?;
        bits.ue()?;
    }
    Ok(())
}

/// scaling_list_data (§7.3.4). Of the 32x32 matrices only each third is coded: those of 4:4:4 are derived.
fn skip_scaling_lists(bits: &mut BitReader<'_>) -> Result<(), Error> {
    for size in 0..4_u32 {
        let matrices = if size == 3 { 2 } else { 6 };
        for _ in 0..matrices {
            let coded = bits.flag()?;
            if !coded {
                // scaling_list_pred_matrix_id_delta
                bits.ue()?;
                continue;
            }
            if size > 1 {
                // scaling_list_dc_coef_minus8
                bits.se()?;
            }
            for _ in 0..64.min(1_u32 << (4 + 2 * size)) {
                bits.se()?;
            }
        }
    }
    Ok(())
}

/// st_ref_pic_set (§7.3.7) for all of a parameter set.
fn skip_reference_sets(bits: &mut BitReader<'_>) -> Result<(), Error> {
    let sets = within(bits.ue()?, SETS_MAX)?;
    // Pictures in the set before, which the next may be predicted from.
    let mut pictures = 0;
    for index in 0..sets {
        let predicted = index > 0 && bits.flag()?;
        pictures = if predicted { skip_predicted_set(bits, pictures)? } else { skip_explicit_set(bits)? };
    }
    Ok(())
}

fn skip_predicted_set(bits: &mut BitReader<'_>, pictures_before: u32) -> Result<u32, Error> {
    // delta_rps_sign, abs_delta_rps_minus1
    bits.flag()?;
    bits.ue()?;
    let mut pictures = 0;
    for _ in 0..=pictures_before {
        let used = bits.flag()?;
        if used || bits.flag()? {
            pictures += 1;
        }
    }
    within(pictures, SET_PICTURES_MAX)
}

fn skip_explicit_set(bits: &mut BitReader<'_>) -> Result<u32, Error> {
    let negative = within(bits.ue()?, SET_PICTURES_MAX)?;
    let positive = within(bits.ue()?, SET_PICTURES_MAX)?;
    let pictures = within(negative + positive, SET_PICTURES_MAX)?;
    for _ in 0..pictures {
        // delta_poc_minus1, used_by_curr_pic_flag
        bits.ue()?;
        bits.flag()?;
    }
    Ok(pictures)
}

fn within(value: u32, max: u32) -> Result<u32, Error> {
    if value > max { Err(Error::BadSps) } else { Ok(value) }
}
