//! Open bitstream units (AV1 §5.3): their walk, and what they say of a temporal unit without being decoded.

use super::Error;
use crate::format::wire::{Reader, Truncated};

/// Sequence header (AV1 §6.2.2, as all below).
pub const SEQUENCE_HEADER: u8 = 1;
/// Start of a temporal unit; containers have starts of their own.
pub const TEMPORAL_DELIMITER: u8 = 2;
/// Frame header, its tiles in units behind it.
pub const FRAME_HEADER: u8 = 3;
/// Frame header and tiles.
pub const FRAME: u8 = 6;
/// Tiles of large-scale tile coding.
pub const TILE_LIST: u8 = 8;
/// Bytes without meaning.
pub const PADDING: u8 = 15;

/// Bytes of a size in LEB128 (AV1 §4.10.5).
const SIZE_BYTES_MAX: u32 = 8;

/// One unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Obu<'a> {
    /// obu_type.
    pub kind: u8,
    /// Header, size and payload: what a container copies.
    pub whole: &'a [u8],
    /// What follows header and size.
    pub payload: &'a [u8],
    /// Whether it says its size; only the last of a temporal unit may leave it out.
    pub has_size: bool,
}

/// The units of a temporal unit in the low-overhead format. An unreadable unit is the last item.
#[derive(Debug, Clone)]
pub struct Obus<'a> {
    rest: &'a [u8],
}

impl<'a> Obus<'a> {
    /// Starts at the first unit.
    #[must_use]
    pub const fn new(temporal_unit: &'a [u8]) -> Self {
        Self { rest: temporal_unit }
    }

    fn read(&mut self) -> Result<Obu<'a>, Error> {
        let mut reader = Reader::new(self.rest);
        let header = reader.u8()?;
        if header & 0x80 != 0 {
            return Err(Error::BadObu);
        }
        if header & 0x04 != 0 {
            // temporal_id and spatial_id
            reader.u8()?;
        }
        let has_size = header & 0x02 != 0;
        let size = if has_size { leb128(&mut reader)? } else { reader.remaining() };
        let payload = reader.take(size)?;
        let used = self.rest.len() - reader.remaining();
        let (whole, rest) = self.rest.split_at_checked(used).ok_or(Error::TooShort)?;
        self.rest = rest;
        Ok(Obu { kind: (header >> 3) & 0x0f, whole, payload, has_size })
    }
}

impl<'a> Iterator for Obus<'a> {
    type Item = Result<Obu<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let read = self.read();
        if read.is_err() {
            self.rest = &[];
        }
        Some(read)
    }
}

fn leb128(reader: &mut Reader<'_>) -> Result<usize, Error> {
    let mut value = 0_u64;
    for at in 0..SIZE_BYTES_MAX {
        let byte = reader.u8()?;
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return usize::try_from(value).map_err(|_| Error::BadObu);
        }
    }
    Err(Error::BadObu)
}

impl From<Truncated> for Error {
    fn from(_: Truncated) -> Self {
        Self::TooShort
    }
}

/// Whether the unit has no place in an MP4 sample (AV1 in ISOBMFF §2.4): delimiters, tile lists and padding.
#[must_use]
pub const fn is_left_out_of_samples(kind: u8) -> bool {
    matches!(kind, TEMPORAL_DELIMITER | TILE_LIST | PADDING)
}

/// Kind of picture that a temporal unit opens with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// A key frame that is shown at once: a decoder with the sequence header may start here.
    Key,
    /// Anything else. A key frame that was sent earlier and is shown now is among them: what it refers to came before.
    Other,
}

/// What the first frame header in `payload`, a unit of type [`FRAME_HEADER`] or [`FRAME`], opens (AV1 §5.9.2).
///
/// `reduced` is the sequence's reduced_still_picture_header, which leaves only key frames.
#[must_use]
pub fn opening(payload: &[u8], reduced: bool) -> Opening {
    // show_existing_frame 0, frame_type 0 (KEY_FRAME), show_frame 1
    match payload.first() {
        Some(_) if reduced => Opening::Key,
        Some(first) if first >> 4 == 0b0001 => Opening::Key,
        _ => Opening::Other,
    }
}
