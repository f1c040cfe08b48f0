//! H.264 configuration: the avcC record, and the parameter sets in it.
//!
//! `sps` and `vui` read one sequence parameter set; this file owns the record around them. Slices are not looked into.

mod sps;
#[cfg(test)]
mod tests;
mod vui;

use bytes::{BufMut, Bytes, BytesMut};

use self::sps::Sequence;
pub use self::sps::{DIMENSION_MAX, Picture};
use super::bits::{BitError, BitReader, unescape};
use super::nal;
use super::wire::{Reader, Truncated};

/// Bytes of a record up to its first parameter set.
const RECORD_HEAD: usize = 6;

/// Bytes of an hvcC record up to its count of arrays (ISO/IEC 14496-15 §8.3.3.1).
const HVCC_HEAD: usize = 22;

/// Sequence sets in a record: their count has five bits.
const SPS_MAX: usize = 31;

/// Picture sets in a record: their count has eight bits.
const PPS_MAX: usize = 255;

/// Why a record or a parameter set cannot be used. Always the sender's doing; a later record may be good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Fewer bytes than any record has, or a length that goes past the end.
    #[error("the H.264 configuration is too short")]
    TooShort,
    /// A record of a version other than 1.
    #[error("version {0} of the H.264 configuration is not known")]
    Version(u8),
    /// NAL unit lengths of three bytes, which the standard does not allow.
    #[error("NAL unit lengths of {0} bytes are not allowed")]
    LengthSize(u8),
    /// A NAL unit of another type where a sequence parameter set belongs.
    #[error("NAL unit type {0} stands where a sequence parameter set belongs")]
    NotSps(u8),
    /// A sequence parameter set whose values no H.264 picture has.
    #[error("the sequence parameter set is damaged")]
    BadSps,
    /// Pictures without pixels, or larger than [`DIMENSION_MAX`] on a side.
    #[error("pictures of {width}x{height} are out of bounds")]
    Dimensions {
        /// Width in pixels before cropping.
        width: u64,
        /// Height in pixels before cropping.
        height: u64,
    },
    /// HEVC sent as if it were H.264, which some cameras and old encoders do.
    #[error("the sender labels HEVC video as H.264; set its encoder to H.264")]
    Hevc,
}

impl From<Truncated> for Error {
    fn from(_: Truncated) -> Self {
        Self::TooShort
    }
}

impl From<BitError> for Error {
    fn from(error: BitError) -> Self {
        match error {
            BitError::Exhausted => Self::TooShort,
            BitError::GolombTooLong => Self::BadSps,
        }
    }
}

/// A parsed avcC record (ISO/IEC 14496-15 §5.3.3.1). Equal when the record's bytes are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvcConfig {
    /// The record as the sender wrote it.
    pub record: Bytes,
    /// Bytes of each NAL unit's length prefix: 1, 2 or 4.
    pub length_size: u8,
    /// Sequence parameter sets, as NAL units.
    pub sps: Vec<Bytes>,
    /// Picture parameter sets, as NAL units.
    pub pps: Vec<Bytes>,
    /// What the first SPS says; `None` when parameter sets are in band and none was seen yet, or when it is damaged.
    pub picture: Option<Picture>,
}

impl AvcConfig {
    /// Reads a record as senders write them: reserved bits may be 0, the trailer of the High profiles may be missing or
    /// superfluous, and there may be no parameter sets. A damaged SPS does not fail the record, since the stream can
    /// still be relayed.
    ///
    /// # Errors
    /// [`Error::Hevc`] when the record is an hvcC; else what is wrong with it as an avcC.
    pub fn parse(record: Bytes) -> Result<Self, Error> {
        let parsed = Self::parse_avcc(&record);
        // hvcC opens with the same version byte and can pass for an avcC without sets, so a set that fits decides.
        let proven = parsed.as_ref().is_ok_and(|config| !config.sps.is_empty());
        if !proven && is_hvcc(&record) {
            return Err(Error::Hevc);
        }
        parsed
    }

    /// Writes a record around parameter sets found in band, with 4-byte lengths. Empty and repeated sets are left out.
    ///
    /// `None` when a set of either kind is missing, or the first SPS cannot be read, or they do not fit a record.
    #[must_use]
    pub fn from_parameter_sets(sps: &[Bytes], pps: &[Bytes]) -> Option<Self> {
        let (sps, pps) = (distinct(sps, SPS_MAX)?, distinct(pps, PPS_MAX)?);
        let first = sps.first()?;
        let sequence = Sequence::parse(first).ok()?;
        let &[_, profile, constraints, level, ..] = first.as_ref() else { return None };

        let mut record = BytesMut::new();
        record.put_slice(&[1, profile, constraints, level, 0xff]);
        record.put_u8(0xe0 | u8::try_from(sps.len()).ok()?);
        put_sets(&mut record, &sps)?;
        record.put_u8(u8::try_from(pps.len()).ok()?);
        put_sets(&mut record, &pps)?;
        if matches!(profile, 100 | 110 | 122 | 144 | 244) {
            let chroma_format = 0xfc | sequence.chroma_format;
            let depths = [0xf8 | sequence.luma_depth_above_8, 0xf8 | sequence.chroma_depth_above_8];
            record.put_slice(&[chroma_format, depths[0], depths[1], 0]);
        }
        Some(Self { record: record.freeze(), length_size: 4, sps, pps, picture: Some(sequence.picture) })
    }

    /// `avc1.PPCCLL` (RFC 6381 §3.3), lower case, from the SPS, or from the record where it has none.
    #[must_use]
    pub fn codec_string(&self) -> String {
        // The record's own bytes can disagree with the SPS, and decoders go by the SPS.
        let source = self.sps.first().filter(|sps| sps.len() >= 4).unwrap_or(&self.record);
        match source.as_ref() {
            [_, profile, constraints, level, ..] => format!("avc1.{profile:02x}{constraints:02x}{level:02x}"),
            _ => "avc1".to_owned(),
        }
    }

    fn parse_avcc(record: &Bytes) -> Result<Self, Error> {
        let &[version, _, _, _, lengths, sps_count, ..] = record.as_ref() else {
            return Err(Error::TooShort);
        };
        if version != 1 {
            return Err(Error::Version(version));
        }
        let length_size = (lengths & 3) + 1;
        if length_size == 3 {
            return Err(Error::LengthSize(length_size));
        }
        let mut rest = Reader::new(record.get(RECORD_HEAD..).unwrap_or_default());
        let sps = take_sets(record, &mut rest, sps_count & 0x1f)?;
        if let Some(other) = sps.iter().map(|set| nal::unit_type(set)).find(|&kind| kind != nal::SPS) {
            return Err(Error::NotSps(other));
        }
        // A record cut right behind its SPS has no PPS, which is as good as in band.
        let pps_count = rest.u8().unwrap_or(0);
        let pps = take_sets(record, &mut rest, pps_count)?;
        let picture = sps.first().and_then(|set| Picture::parse(set).ok());
        Ok(Self { record: record.clone(), length_size, sps, pps, picture })
    }
}

/// Bytes of a parameter set in which its id ends: three of profile and level, 17 bits of id, emulation prevention.
const ID_WITHIN: usize = 8;

/// The id of a parameter set, a NAL unit of either kind: seq_parameter_set_id (H.264 §7.3.2.1.1) or
/// pic_parameter_set_id (§7.3.2.2). `None` when it cannot be read or is out of bounds, and for other units.
#[must_use]
pub fn set_id(unit: &[u8]) -> Option<u8> {
    let payload = unit.get(1..)?;
    let plain = unescape(payload.get(..ID_WITHIN).unwrap_or(payload));
    let mut bits = BitReader::new(&plain);
    let max = match nal::unit_type(unit) {
        nal::SPS => {
            bits.skip(24).ok()?;
            31
        }
        nal::PPS => 255,
        _ => return None,
    };
    u8::try_from(bits.ue().ok()?).ok().filter(|id| *id <= max)
}

/// `count` sets with 16-bit lengths, sharing the record's bytes; empty ones are passed over.
fn take_sets(record: &Bytes, rest: &mut Reader<'_>, count: u8) -> Result<Vec<Bytes>, Error> {
    let mut sets = Vec::new();
    for _ in 0..count {
        let length = usize::from(rest.u16()?);
        let set = rest.take(length)?;
        if !set.is_empty() {
            sets.push(record.slice_ref(set));
        }
    }
    Ok(sets)
}

fn put_sets(record: &mut BytesMut, sets: &[Bytes]) -> Option<()> {
    for set in sets {
        record.put_u16(u16::try_from(set.len()).ok()?);
        record.put_slice(set);
    }
    Some(())
}

/// The sets without empty and repeated ones; `None` when none or more than `max` are left.
fn distinct(sets: &[Bytes], max: usize) -> Option<Vec<Bytes>> {
    let mut kept: Vec<Bytes> = Vec::new();
    for set in sets {
        if !set.is_empty() && !kept.contains(set) {
            if kept.len() == max {
                return None;
            }
            kept.push(set.clone());
        }
    }
    (!kept.is_empty()).then_some(kept)
}

/// Whether the record walks as an hvcC to an array of HEVC parameter sets: VPS, SPS or PPS.
fn is_hvcc(record: &[u8]) -> bool {
    let Some((head, rest)) = record.split_at_checked(HVCC_HEAD) else { return false };
    head.first() == Some(&1) && has_hevc_sets(Reader::new(rest)).unwrap_or(false)
}

fn has_hevc_sets(mut rest: Reader<'_>) -> Result<bool, Truncated> {
    let arrays = rest.u8()?;
    for _ in 0..arrays {
        let kind = rest.u8()? & 0x3f;
        let units = rest.u16()?;
        for _ in 0..units {
            let length = usize::from(rest.u16()?);
            let unit = rest.take(length)?;
            let unit_kind = unit.first().map(|header| (header >> 1) & 0x3f);
            if matches!(kind, 32..=34) && unit_kind == Some(kind) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
