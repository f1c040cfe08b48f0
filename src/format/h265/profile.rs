//! Profile, tier and level, and the codec string that they make.

use std::fmt::Write as _;

use crate::format::bits::{BitError, BitReader};

/// Bytes that a profile has in hvcC records and in parameter sets.
pub(super) const PROFILE_BYTES: usize = 12;

/// The general part of profile_tier_level (H.265 §7.3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// general_profile_space, 0 to 3.
    pub space: u8,
    /// Whether the tier is High.
    pub high_tier: bool,
    /// general_profile_idc, 0 to 31.
    pub idc: u8,
    /// general_profile_compatibility_flags; that of profile 0 is the highest bit.
    pub compatibility: u32,
    /// Source and constraint flags.
    pub constraints: [u8; 6],
    /// general_level_idc: thirty times the level.
    pub level: u8,
}

impl Profile {
    /// From the twelve bytes that records and unescaped parameter sets have in common.
    pub(super) const fn from_bytes(bytes: [u8; PROFILE_BYTES]) -> Self {
        let [first, a, b, c, d, constraints @ .., level] = bytes;
        Self {
            space: first >> 6,
            high_tier: first & 0x20 != 0,
            idc: first & 0x1f,
            compatibility: u32::from_be_bytes([a, b, c, d]),
            constraints,
            level,
        }
    }

    /// The twelve bytes again.
    pub(super) fn to_bytes(self) -> [u8; PROFILE_BYTES] {
        let [a, b, c, d] = self.compatibility.to_be_bytes();
        let [e, f, g, h, i, j] = self.constraints;
        let first = self.space << 6 | u8::from(self.high_tier) << 5 | self.idc;
        [first, a, b, c, d, e, f, g, h, i, j, self.level]
    }

    /// Reads profile_tier_level of a set with `sub_layers` layers below the highest.
    pub(super) fn read(bits: &mut BitReader<'_>, sub_layers: u8) -> Result<Self, BitError> {
        let mut bytes = [0; PROFILE_BYTES];
        for byte in &mut bytes {
            *byte = bits.byte(8)?;
        }
        let mut present = Vec::with_capacity(usize::from(sub_layers));
        for _ in 0..sub_layers {
            present.push((bits.flag()?, bits.flag()?));
        }
        if sub_layers > 0 {
            // reserved_zero_2bits for the layers up to eight
            bits.skip(2 * usize::from(8_u8.saturating_sub(sub_layers)))?;
        }
        for (profile, level) in present {
            bits.skip(if profile { 88 } else { 0 } + if level { 8 } else { 0 })?;
        }
        Ok(Self::from_bytes(bytes))
    }

    /// `hvc1.PROFILE.COMPATIBILITY.TIERLEVEL.CONSTRAINTS` (ISO/IEC 14496-15 §E.3).
    pub(super) fn codec_string(&self) -> String {
        let space = ["", "A", "B", "C"].get(usize::from(self.space)).copied().unwrap_or_default();
        // The flags are written with that of profile 0 as the lowest bit.
        let compatibility = self.compatibility.reverse_bits();
        let tier = if self.high_tier { 'H' } else { 'L' };
        let mut string = format!("hvc1.{space}{}.{compatibility:X}.{tier}{}", self.idc, self.level);
        let said = self.constraints.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        for byte in self.constraints.iter().take(said) {
            // Writing to a String cannot fail.
            write!(string, ".{byte:X}").ok();
        }
        string
    }
}
