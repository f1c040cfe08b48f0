//! NAL units of H.265: their types, and what those say of a picture. `nal` walks the units of a payload.

/// Leading picture that refers to pictures before its CRA picture, and is not decoded by who starts there
/// (H.265 table 7-1, as all below).
pub const RASL_N: u8 = 8;
/// As [`RASL_N`], and others refer to it.
pub const RASL_R: u8 = 9;
/// First type of the intra random access point pictures: BLA, then IDR, then CRA.
pub const BLA_W_LP: u8 = 16;
/// IDR picture that decodable leading pictures may follow.
pub const IDR_W_RADL: u8 = 19;
/// IDR picture without leading pictures.
pub const IDR_N_LP: u8 = 20;
/// Clean random access: a decoder may start here, but pictures may follow that refer to earlier ones.
pub const CRA: u8 = 21;
/// Last type of the intra random access point pictures; 22 and 23 are reserved for them.
const IRAP_LAST: u8 = 23;
/// Last type of coded slices.
const SLICE_LAST: u8 = 31;
/// Video parameter set.
pub const VPS: u8 = 32;
/// Sequence parameter set.
pub const SPS: u8 = 33;
/// Picture parameter set.
pub const PPS: u8 = 34;
/// Access unit delimiter.
pub const AUD: u8 = 35;
/// Filler, which only keeps a bit rate up.
pub const FILLER: u8 = 38;
/// Supplemental enhancement information before the picture.
pub const PREFIX_SEI: u8 = 39;
/// Supplemental enhancement information after the picture.
pub const SUFFIX_SEI: u8 = 40;

/// `nal_unit_type` of a NAL unit (H.265 §7.3.1.2); `None` when it has no whole header.
#[must_use]
pub fn unit_type(unit: &[u8]) -> Option<u8> {
    unit.get(1)?;
    unit.first().map(|first| (first >> 1) & 0x3f)
}

/// Whether a unit belongs to the base layer. Other layers (alpha, a second eye) are extensions of it, and no picture
/// of their own.
#[must_use]
pub fn is_base_layer(unit: &[u8]) -> bool {
    matches!(unit, [first, second, ..] if first & 1 == 0 && second >> 3 == 0)
}

/// Whether units of this type are slices of a picture.
#[must_use]
pub const fn is_slice(kind: u8) -> bool {
    kind <= SLICE_LAST
}

/// Whether a decoder may start at a picture of this type (IRAP).
#[must_use]
pub const fn is_random_access(kind: u8) -> bool {
    BLA_W_LP <= kind && kind <= IRAP_LAST
}

/// Whether a picture of this type is random access skipped leading: not decodable when decoding starts at the CRA
/// picture before it.
#[must_use]
pub const fn is_skipped_leading(kind: u8) -> bool {
    matches!(kind, RASL_N | RASL_R)
}
