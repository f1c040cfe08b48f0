//! H.264 payloads without what `avc1` must not carry: cut out by slicing, never by copying.

use bytes::Bytes;

use super::Slices;
use crate::format::h264::AvcConfig;
use crate::format::wire::Reader;

/// NAL unit types (ITU-T H.264 table 7-1).
const SPS: u8 = 7;
const PPS: u8 = 8;
const ACCESS_UNIT_DELIMITER: u8 = 9;
const FILLER: u8 = 12;

/// The payload's NAL units without delimiters, filler, and parameter sets that the configuration has already.
///
/// Parameter sets that differ stay: a decoder that reads them goes right, and one that does not is no worse off.
/// A unit whose length runs past the payload ends the sample before it.
pub(super) fn h264_slices(payload: &Bytes, config: &AvcConfig) -> Slices {
    let mut kept = Slices::new();
    let mut reader = Reader::new(payload);
    // Start and end of the stretch of units to keep that is being walked.
    let (mut start, mut end) = (0, 0);
    while let Some(unit) = next_unit(&mut reader, config.length_size) {
        let past = payload.len() - reader.remaining();
        if !dispensable(unit, config) {
            end = past;
            continue;
        }
        if end > start {
            kept.push(payload.slice(start..end));
        }
        (start, end) = (past, past);
    }
    if end > start {
        kept.push(payload.slice(start..end));
    }
    kept
}

/// The next unit behind its length; `None` at the end and where the length lies.
fn next_unit<'a>(reader: &mut Reader<'a>, length_size: u8) -> Option<&'a [u8]> {
    let mut ahead = *reader;
    let prefix = ahead.take(usize::from(length_size)).ok().filter(|prefix| !prefix.is_empty())?;
    let len = prefix.iter().fold(0_usize, |len, byte| (len << 8) | usize::from(*byte));
    let unit = ahead.take(len).ok()?;
    *reader = ahead;
    Some(unit)
}

fn dispensable(unit: &[u8], config: &AvcConfig) -> bool {
    let Some(first) = unit.first() else { return true };
    match first & 0x1f {
        SPS => config.sps.iter().any(|known| known == unit),
        PPS => config.pps.iter().any(|known| known == unit),
        ACCESS_UNIT_DELIMITER | FILLER => true,
        _ => false,
    }
}
