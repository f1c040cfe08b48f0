//! AV1 configuration: the av1C record, and the sequence header in it.
//!
//! `obu` walks units, `sequence` reads the one that describes the pictures; this file owns the record around it.
//! Frames are not looked into beyond the first bits of their header.

pub mod obu;
mod sequence;
#[cfg(test)]
mod tests;

use bytes::{BufMut, Bytes, BytesMut};

use self::obu::Obus;
pub use self::obu::{Obu, Opening};
pub use self::sequence::{Format, Sequence};
use super::bits::BitError;
use super::shape::{Colour, Shape, VideoRange};
use super::wire::Reader;

/// Marker and version that open a record (AV1 in ISOBMFF §2.3.3).
const MARKER_AND_VERSION: u8 = 0x81;
/// Bytes of a record before its units.
const RECORD_HEAD: usize = 4;
/// Header of a sequence header unit that says its size.
const SEQUENCE_OBU_HEADER: u8 = obu::SEQUENCE_HEADER << 3 | 0x02;
/// Bytes of a sequence header, at most: real ones have 10 to 20, and all operating points together below 400.
const SEQUENCE_BYTES_MAX: usize = 1_024;

/// Why a record or a unit cannot be used. Always the sender's doing; a later one may be good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Fewer bytes than any record has, or a size that goes past the end.
    #[error("the AV1 data is too short")]
    TooShort,
    /// A record that does not open with marker and version 1.
    #[error("the AV1 configuration opens with {0:#04x}, not with version 1")]
    Version(u8),
    /// A unit with the forbidden bit, or a size that no unit has.
    #[error("an open bitstream unit is damaged")]
    BadObu,
    /// A sequence header whose values no AV1 stream has.
    #[error("the AV1 sequence header is damaged")]
    BadSequence,
}

impl From<BitError> for Error {
    fn from(error: BitError) -> Self {
        match error {
            BitError::Exhausted => Self::TooShort,
            BitError::GolombTooLong => Self::BadSequence,
        }
    }
}

/// A parsed av1C record (AV1 in ISOBMFF §2.3). Equal when the record's bytes are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Av1Config {
    /// The record as the sender wrote it.
    pub record: Bytes,
    /// The sequence header unit, header and size included; `None` when it is in band and was not seen yet.
    pub sequence_obu: Option<Bytes>,
    /// What that says; `None` too when it is damaged, and never there without it.
    pub sequence: Option<Sequence>,
}

impl Av1Config {
    /// Reads a record. A damaged sequence header does not fail it, since the stream can still be relayed.
    ///
    /// # Errors
    /// [`Error::TooShort`] and [`Error::Version`], and [`Error::BadObu`] for units that cannot be walked.
    pub fn parse(record: Bytes) -> Result<Self, Error> {
        let [first, _, _, _] = Reader::new(&record).array::<RECORD_HEAD>()?;
        if first != MARKER_AND_VERSION {
            return Err(Error::Version(first));
        }
        let mut sequence_obu = None;
        for unit in Obus::new(record.get(RECORD_HEAD..).unwrap_or_default()) {
            let unit = unit?;
            // Units of a record say their size (§2.3.4), so that they can stand before others.
            if unit.kind == obu::SEQUENCE_HEADER && unit.has_size && sequence_obu.is_none() {
                sequence_obu = Some(unit);
            }
        }
        let sequence = sequence_obu.and_then(|unit| Sequence::parse(unit.payload).ok());
        let sequence_obu = sequence_obu.map(|unit| record.slice_ref(unit.whole));
        Ok(Self { record, sequence_obu, sequence })
    }

    /// Writes a record around the payload of a sequence header unit that was found in band.
    ///
    /// # Errors
    /// Those of [`Sequence::parse`]; [`Error::BadSequence`] for more bytes than any sequence header has.
    pub fn from_sequence_header(payload: &[u8]) -> Result<Self, Error> {
        let sequence = Sequence::parse(payload)?;
        if payload.len() > SEQUENCE_BYTES_MAX {
            return Err(Error::BadSequence);
        }
        let format = sequence.format;
        let flag = |set: bool, shift: u8| u8::from(set) << shift;
        let mut record = BytesMut::new();
        record.put_u8(MARKER_AND_VERSION);
        record.put_u8(sequence.profile << 5 | sequence.level);
        record.put_u8(
            flag(sequence.high_tier, 7)
                | flag(format.bit_depth > 8, 6)
                | flag(format.bit_depth > 10, 5)
                | flag(format.monochrome, 4)
                | flag(format.subsampling_x, 3)
                | flag(format.subsampling_y, 2)
                | format.sample_position,
        );
        // No initial presentation delay is promised.
        record.put_u8(0);
        record.put_u8(SEQUENCE_OBU_HEADER);
        put_leb128(&mut record, payload.len());
        record.put_slice(payload);
        let record = record.freeze();
        let sequence_obu = Some(record.slice(RECORD_HEAD..));
        Ok(Self { record, sequence_obu, sequence: Some(sequence) })
    }

    /// `av01.P.LLT.DD` (AV1 in ISOBMFF §5), with the optional part where it tells a player something that the default
    /// does not: high dynamic range, or other than 4:2:0.
    #[must_use]
    pub fn codec_string(&self) -> String {
        let Some(sequence) = &self.sequence else { return self.codec_string_of_record() };
        let mut string =
            short_string(sequence.profile, sequence.level, sequence.high_tier, sequence.format.bit_depth);
        let format = sequence.format;
        let subsampled = format.subsampling_x && format.subsampling_y;
        let range = sequence.colour.map_or(VideoRange::Sdr, |colour| colour.range());
        if format.monochrome || !subsampled || range != VideoRange::Sdr {
            string.push_str(&optional_part(format, sequence.colour));
        }
        string
    }

    /// From the fields of the record, which hold where no sequence header is known.
    fn codec_string_of_record(&self) -> String {
        let &[_, profile_and_level, flags, ..] = self.record.as_ref() else { return "av01".to_owned() };
        let bit_depth = match flags & 0x60 {
            0x60 => 12,
            0x40 => 10,
            _ => 8,
        };
        short_string(profile_and_level >> 5, profile_and_level & 0x1f, flags & 0x80 != 0, bit_depth)
    }

    /// What containers say of the pictures.
    #[must_use]
    pub fn shape(&self) -> Option<Shape> {
        self.sequence.as_ref().map(Sequence::shape)
    }
}

fn short_string(profile: u8, level: u8, high_tier: bool, bit_depth: u8) -> String {
    let tier = if high_tier { 'H' } else { 'M' };
    format!("av01.{profile}.{level:02}{tier}.{bit_depth:02}")
}

fn optional_part(format: Format, colour: Option<Colour>) -> String {
    // What is not said is written as its default, BT.709.
    let or_default = |point: u8| if point == Colour::UNSPECIFIED { 1 } else { point };
    let (primaries, transfer, matrix, full_range) = colour.map_or((1, 1, 1, false), |colour| {
        (
            or_default(colour.primaries),
            or_default(colour.transfer),
            or_default(colour.matrix),
            colour.full_range,
        )
    });
    format!(
        ".{}.{}{}{}.{primaries:02}.{transfer:02}.{matrix:02}.{}",
        u8::from(format.monochrome),
        u8::from(format.subsampling_x),
        u8::from(format.subsampling_y),
        format.sample_position,
        u8::from(full_range),
    )
}

fn put_leb128(out: &mut BytesMut, mut value: usize) {
    loop {
        let low = u8::try_from(value & 0x7f).unwrap_or_default();
        value >>= 7;
        if value == 0 {
            out.put_u8(low);
            return;
        }
        out.put_u8(low | 0x80);
    }
}

/// What a temporal unit consists of, as far as a relay asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TemporalUnit<'a> {
    /// The payload of its first sequence header.
    pub sequence_header: Option<&'a [u8]>,
    /// What its first frame opens; `None` when it has no frame.
    pub opening: Option<Opening>,
}

impl<'a> TemporalUnit<'a> {
    /// Looks through the units. `reduced` is that of the sequence header in force; one in `data` takes over.
    ///
    /// # Errors
    /// Those of [`Obus`].
    pub fn read(data: &'a [u8], mut reduced: bool) -> Result<Self, Error> {
        let mut seen = Self { sequence_header: None, opening: None };
        for unit in Obus::new(data) {
            let unit = unit?;
            match unit.kind {
                obu::SEQUENCE_HEADER if seen.sequence_header.is_none() => {
                    seen.sequence_header = Some(unit.payload);
                    reduced = Sequence::parse(unit.payload).is_ok_and(|sequence| sequence.reduced);
                }
                obu::FRAME_HEADER | obu::FRAME if seen.opening.is_none() => {
                    seen.opening = Some(obu::opening(unit.payload, reduced));
                }
                _ => {}
            }
        }
        Ok(seen)
    }
}
