//! Frames as the byte streams that TS carries: start codes for lengths, headers before access units. Nothing is copied yet.

use bytes::Bytes;
use smallvec::SmallVec;

use super::{Sample, UnitHeader};
use crate::format::nal;

/// A start code with the delimiter of a picture of any kind (H.264 §7.3.2.4).
const DELIMITER: &[u8] = &[0, 0, 0, 1, nal::AUD, 0xf0];
const START_CODE: &[u8] = &[0, 0, 0, 1];

/// A delimiter, then `sets`, then the units of length-prefixed `data`. A bad length ends the picture before it.
pub(super) fn annex_b<'a>(
    sets: impl Iterator<Item = &'a [u8]>,
    data: &'a [Bytes],
    length_size: u8,
) -> SmallVec<[&'a [u8]; 32]> {
    let mut pieces = SmallVec::new();
    pieces.push(DELIMITER);
    let units = data.iter().flat_map(|slice| nal::Units::new(slice, length_size).map_while(Result::ok));
    for unit in sets.chain(units) {
        pieces.extend([START_CODE, unit]);
    }
    pieces
}

/// Each unit behind its header; those for which there is none are left out.
pub(super) fn framed<'a>(units: &'a [Sample], headers: &'a [UnitHeader]) -> SmallVec<[&'a [u8]; 64]> {
    let mut pieces = SmallVec::new();
    for (unit, header) in units.iter().zip(headers) {
        match header {
            UnitHeader::Adts(header) => pieces.push(header.as_slice()),
            UnitHeader::Own => {}
            UnitHeader::Impossible => continue,
        }
        pieces.extend(unit.data.iter().map(Bytes::as_ref));
    }
    pieces
}
