//! What containers and playlists say of pictures, whatever their coding: size, rate, sample shape and colour.
//!
//! The codings fill it in from their own parameter sets; nothing here reads bits.

/// Frames a second above which timing is not believed: variable-rate phones write their 90 kHz clock there.
const FRAME_RATE_MAX: u64 = 1000;

/// Value of `aspect_ratio_idc` for an explicit ratio.
pub const ASPECT_EXTENDED: u8 = 255;

/// Sample aspect ratios by `aspect_ratio_idc` (ITU-T H.273 table 12), from 1.
const ASPECTS: [(u32, u32); 16] = [
    (1, 1),
    (12, 11),
    (10, 11),
    (16, 11),
    (40, 33),
    (24, 11),
    (20, 11),
    (32, 11),
    (80, 33),
    (18, 11),
    (15, 11),
    (64, 33),
    (160, 99),
    (4, 3),
    (3, 2),
    (2, 1),
];

/// What a container says of a track's pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Width in samples after cropping.
    pub width: u32,
    /// Height in samples after cropping.
    pub height: u32,
    /// Frames a second as a fraction in lowest terms, where it is said and believable.
    pub frame_rate: Option<(u32, u32)>,
    /// Sample aspect ratio; (1, 1) when square or not said.
    pub sample_aspect: (u32, u32),
    /// How sample values become light, where it is said.
    pub colour: Option<Colour>,
}

impl Shape {
    /// Size on a screen with square pixels, as `tkhd` (ISO/IEC 14496-12 §8.3.2) and `RESOLUTION` want it: the width is
    /// stretched by the sample aspect ratio.
    #[must_use]
    pub fn display_size(&self) -> (u32, u32) {
        let (h, v) = self.sample_aspect;
        let stretched = u64::from(self.width) * u64::from(h) / u64::from(v.max(1));
        (u32::try_from(stretched.max(1)).unwrap_or(u32::MAX), self.height)
    }

    /// The range of light that the pictures are graded for; the standard one where nothing is said.
    #[must_use]
    pub fn range(&self) -> VideoRange {
        self.colour.map_or(VideoRange::Sdr, |colour| colour.range())
    }
}

/// Code points of ITU-T H.273; 2 is unspecified in each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour {
    /// ColourPrimaries.
    pub primaries: u8,
    /// TransferCharacteristics.
    pub transfer: u8,
    /// MatrixCoefficients.
    pub matrix: u8,
    /// VideoFullRangeFlag.
    pub full_range: bool,
}

impl Colour {
    /// The code point that says nothing.
    pub const UNSPECIFIED: u8 = 2;
    /// Colour primaries of ITU-R BT.2020.
    pub const PRIMARIES_BT_2020: u8 = 9;
    /// Colour primaries of SMPTE EG 432-1.
    pub const PRIMARIES_P3_D65: u8 = 12;
    /// Transfer characteristics of SMPTE ST 2084.
    pub const TRANSFER_PQ: u8 = 16;
    /// Transfer characteristics of ARIB STD-B67.
    pub const TRANSFER_HLG: u8 = 18;

    /// Whether a code point says anything.
    #[must_use]
    pub const fn is_specified(&self) -> bool {
        self.primaries != Self::UNSPECIFIED
            || self.transfer != Self::UNSPECIFIED
            || self.matrix != Self::UNSPECIFIED
    }

    /// The range of light by the transfer characteristics.
    #[must_use]
    pub const fn range(&self) -> VideoRange {
        match self.transfer {
            Self::TRANSFER_PQ => VideoRange::Pq,
            Self::TRANSFER_HLG => VideoRange::Hlg,
            _ => VideoRange::Sdr,
        }
    }
}

/// `VIDEO-RANGE` of a playlist (RFC 8216bis §4.4.6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VideoRange {
    /// Standard dynamic range.
    Sdr,
    /// High dynamic range with the perceptual quantizer.
    Pq,
    /// High dynamic range with hybrid log-gamma.
    Hlg,
}

/// `frames` in `seconds` in lowest terms; `None` where there is no rate or no believable one.
#[must_use]
pub fn frame_rate(frames: u64, seconds: u64) -> Option<(u32, u32)> {
    if frames == 0 || seconds == 0 || frames > seconds.saturating_mul(FRAME_RATE_MAX) {
        return None;
    }
    let divisor = greatest_common_divisor(frames, seconds);
    Some((u32::try_from(frames / divisor).ok()?, u32::try_from(seconds / divisor).ok()?))
}

/// Width to height of a sample by `aspect_ratio_idc` and the explicit ratio; square when not said or reserved.
#[must_use]
pub fn sample_aspect(index: u8, extended: (u32, u32)) -> (u32, u32) {
    match index {
        ASPECT_EXTENDED if extended.0 > 0 && extended.1 > 0 => extended,
        _ => usize::from(index).checked_sub(1).and_then(|at| ASPECTS.get(at)).copied().unwrap_or((1, 1)),
    }
}

const fn greatest_common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anamorphic_pictures_are_shown_wider() {
        let shape = Shape {
            width: 1440,
            height: 1080,
            frame_rate: None,
            sample_aspect: sample_aspect(14, (0, 0)),
            colour: None,
        };
        assert_eq!(shape.display_size(), (1920, 1080));
        assert_eq!(shape.range(), VideoRange::Sdr);
    }

    #[test]
    fn rates_are_in_lowest_terms_and_clocks_are_none() {
        assert_eq!(frame_rate(60_000, 2_002), Some((30_000, 1_001)));
        assert_eq!(frame_rate(90_000, 1), None);
        assert_eq!(frame_rate(25, 0), None);
        assert_eq!(sample_aspect(ASPECT_EXTENDED, (0, 9)), (1, 1));
        assert_eq!(sample_aspect(17, (0, 0)), (1, 1));
    }
}
