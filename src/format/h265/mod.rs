//! H.265 / HEVC configuration: the hvcC record, and the parameter sets in it.
//!
//! `sps`, `tail` and `vui` read parameter sets, `unit` names NAL units; this file owns the record around them. Slices
//! are not looked into.

mod profile;
mod sps;
mod tail;
#[cfg(test)]
mod tests;
pub mod unit;
mod vui;

use bytes::{BufMut, Bytes, BytesMut};

use self::profile::PROFILE_BYTES;
pub use self::profile::Profile;
pub use self::sps::{DIMENSION_MAX, Picture};
use super::bits::BitError;
use super::shape::Shape;
use super::wire::{Reader, Truncated};

/// Sets of one kind in a record: as many as there are ids of the most numerous kind (H.265 §7.4.3.3.1).
const SETS_MAX: usize = 64;

/// Bit of an array's first byte that says that its sets are not also in the frames.
const COMPLETE: u8 = 0x80;

/// Why a record or a parameter set cannot be used. Always the sender's doing; a later record may be good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Fewer bytes than any record has, or a length that goes past the end.
    #[error("the HEVC configuration is too short")]
    TooShort,
    /// A record of a version other than 1.
    #[error("version {0} of the HEVC configuration is not known")]
    Version(u8),
    /// NAL unit lengths of three bytes, which the standard does not allow.
    #[error("NAL unit lengths of {0} bytes are not allowed")]
    LengthSize(u8),
    /// More sets of a kind than there are ids for.
    #[error("more than {SETS_MAX} parameter sets of one kind")]
    TooManySets,
    /// A NAL unit of another type or layer where a sequence parameter set belongs.
    #[error("NAL unit type {0} stands where a sequence parameter set of the base layer belongs")]
    NotSps(u8),
    /// A sequence parameter set whose values no HEVC picture has.
    #[error("the sequence parameter set is damaged")]
    BadSps,
    /// Pictures without pixels, or larger than [`DIMENSION_MAX`] on a side.
    #[error("pictures of {width}x{height} are out of bounds")]
    Dimensions {
        /// Width in pixels before cropping.
        width: u32,
        /// Height in pixels before cropping.
        height: u32,
    },
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

/// NAL units of a configuration by kind. Each is shared with what it was found in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sets {
    /// Video parameter sets.
    pub vps: Vec<Bytes>,
    /// Sequence parameter sets.
    pub sps: Vec<Bytes>,
    /// Picture parameter sets.
    pub pps: Vec<Bytes>,
    /// SEI units that hold for the whole stream, such as the mastering display.
    pub sei: Vec<Bytes>,
}

impl Sets {
    /// The list for units of this type; `None` for units that no configuration has.
    fn of(&mut self, kind: u8) -> Option<&mut Vec<Bytes>> {
        Some(match kind {
            unit::VPS => &mut self.vps,
            unit::SPS => &mut self.sps,
            unit::PPS => &mut self.pps,
            unit::PREFIX_SEI | unit::SUFFIX_SEI => &mut self.sei,
            _ => return None,
        })
    }

    /// Whether a decoder can start with them.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        !self.vps.is_empty() && !self.sps.is_empty() && !self.pps.is_empty()
    }

    /// What the first readable SPS says, with the frame rate of the VPS where the SPS has none.
    fn picture(&self) -> Option<Picture> {
        let mut picture = self.sps.iter().find_map(|set| Picture::parse(set).ok())?;
        if picture.frame_rate.is_none() {
            picture.frame_rate = self.vps.iter().find_map(|set| sps::vps_frame_rate(set));
        }
        Some(picture)
    }
}

/// A parsed hvcC record (ISO/IEC 14496-15 §8.3.3.1). Equal when the record's bytes are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HevcConfig {
    /// The record as the sender wrote it.
    pub record: Bytes,
    /// Bytes of each NAL unit's length prefix: 1, 2 or 4.
    pub length_size: u8,
    /// Profile, tier and level: the SPS's, or the record's where no SPS can be read.
    pub profile: Profile,
    /// Parameter sets; empty when they are in band and none was seen yet.
    pub sets: Sets,
    /// What the first SPS says; `None` when there is none, or it is damaged.
    pub picture: Option<Picture>,
}

impl HevcConfig {
    /// Reads a record as senders write them: reserved bits may be 0, there may be no arrays, the type of an array may
    /// be wrong (the unit's own counts), and three zero bytes may stand in front, where a composition time belongs in
    /// other messages. A damaged SPS does not fail the record, since the stream can still be relayed.
    ///
    /// # Errors
    /// What is wrong with it as an hvcC.
    pub fn parse(mut record: Bytes) -> Result<Self, Error> {
        if record.starts_with(&[0, 0, 0, 1]) {
            record = record.slice(3..);
        }
        let mut rest = Reader::new(&record);
        let version = rest.u8()?;
        if version != 1 {
            return Err(Error::Version(version));
        }
        let profile = Profile::from_bytes(rest.array::<PROFILE_BYTES>()?);
        // min_spatial_segmentation_idc, parallelismType, chroma format, bit depths, avgFrameRate
        rest.take(8)?;
        let length_size = (rest.u8()? & 3) + 1;
        if length_size == 3 {
            return Err(Error::LengthSize(length_size));
        }
        // A record cut right behind its head has no sets, which is as good as in band.
        let arrays = rest.u8().unwrap_or(0);
        let sets = take_sets(&record, &mut rest, arrays)?;
        let picture = sets.picture();
        let profile = picture.as_ref().map_or(profile, |picture| picture.profile);
        Ok(Self { record, length_size, profile, sets, picture })
    }

    /// Writes a record around parameter sets found in band, with 4-byte lengths. Empty and repeated sets are left out.
    ///
    /// `None` when a set of a kind is missing, or no SPS can be read, or they do not fit a record.
    #[must_use]
    pub fn from_parameter_sets(vps: &[Bytes], sps: &[Bytes], pps: &[Bytes]) -> Option<Self> {
        let sets = Sets { vps: distinct(vps)?, sps: distinct(sps)?, pps: distinct(pps)?, sei: Vec::new() };
        let picture = sets.picture()?;
        let mut record = BytesMut::new();
        record.put_u8(1);
        record.put_slice(&picture.profile.to_bytes());
        // No least segmentation and no kind of parallelism is promised.
        record.put_slice(&[0xf0, 0, 0xfc, 0xfc | picture.chroma_format]);
        for depth in [picture.luma_depth, picture.chroma_depth] {
            // Three bits; deeper samples are in no profile that has a record of version 1.
            record.put_u8(0xf8 | depth.saturating_sub(8).min(7));
        }
        // No average and no constant frame rate is promised.
        record.put_u16(0);
        record.put_u8(picture.temporal_layers << 3 | u8::from(picture.temporal_nesting) << 2 | 3);
        record.put_u8(3);
        put_array(&mut record, unit::VPS, &sets.vps)?;
        put_array(&mut record, unit::SPS, &sets.sps)?;
        put_array(&mut record, unit::PPS, &sets.pps)?;
        let profile = picture.profile;
        Some(Self { record: record.freeze(), length_size: 4, profile, sets, picture: Some(picture) })
    }

    /// The codec string of an `hvc1` track (ISO/IEC 14496-15 §E.3), from the SPS, or the record where it has none.
    #[must_use]
    pub fn codec_string(&self) -> String {
        self.profile.codec_string()
    }

    /// What containers say of the pictures.
    #[must_use]
    pub fn shape(&self) -> Option<Shape> {
        self.picture.as_ref().map(Picture::shape)
    }
}

/// The sets of `arrays` arrays, sharing the record's bytes. Empty units, and those of other kinds, are passed over.
fn take_sets(record: &Bytes, rest: &mut Reader<'_>, arrays: u8) -> Result<Sets, Error> {
    let mut sets = Sets::default();
    for _ in 0..arrays {
        // array_completeness and NAL_unit_type
        rest.u8()?;
        let units = rest.u16()?;
        for _ in 0..units {
            let length = usize::from(rest.u16()?);
            let set = rest.take(length)?;
            let Some(list) = unit::unit_type(set).and_then(|kind| sets.of(kind)) else { continue };
            if list.len() == SETS_MAX {
                return Err(Error::TooManySets);
            }
            list.push(record.slice_ref(set));
        }
    }
    Ok(sets)
}

fn put_array(record: &mut BytesMut, kind: u8, sets: &[Bytes]) -> Option<()> {
    record.put_u8(COMPLETE | kind);
    record.put_u16(u16::try_from(sets.len()).ok()?);
    for set in sets {
        record.put_u16(u16::try_from(set.len()).ok()?);
        record.put_slice(set);
    }
    Some(())
}

/// The sets without empty and repeated ones; `None` when none or too many are left.
fn distinct(sets: &[Bytes]) -> Option<Vec<Bytes>> {
    let mut kept: Vec<Bytes> = Vec::new();
    for set in sets {
        if !set.is_empty() && !kept.contains(set) {
            if kept.len() == SETS_MAX {
                return None;
            }
            kept.push(set.clone());
        }
    }
    (!kept.is_empty()).then_some(kept)
}
