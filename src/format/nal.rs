//! NAL units of H.264 in a payload: length-prefixed and Annex B, and what their types say of the picture.
//!
//! Leaves the contents of parameter sets to `h264`, and what to do with a broken payload to the caller.

use bytes::{BufMut, Bytes, BytesMut};

use super::bits::{BitReader, unescape};

/// Coded slice of a picture that is no IDR picture (H.264 table 7-1, as all below).
pub const SLICE: u8 = 1;
/// Coded slice of an IDR picture: decoding can start here.
pub const IDR: u8 = 5;
/// Supplemental enhancement information.
pub const SEI: u8 = 6;
/// Sequence parameter set.
pub const SPS: u8 = 7;
/// Picture parameter set.
pub const PPS: u8 = 8;
/// Access unit delimiter.
pub const AUD: u8 = 9;
/// End of the coded sequence.
pub const END_OF_SEQUENCE: u8 = 10;
/// End of the stream.
pub const END_OF_STREAM: u8 = 11;
/// Filler, which only keeps a bit rate up.
pub const FILLER: u8 = 12;

/// SEI payload type of the recovery point message (H.264 §D.1.8).
const SEI_RECOVERY_POINT: usize = 6;

/// Sets of one kind taken from one payload. avcC counts sequence sets in five bits; more would not fit a record.
const PARAMETER_SETS_MAX: usize = 31;

/// `nal_unit_type` of a NAL unit; 0, which the standard leaves open, for an empty one.
#[must_use]
pub fn unit_type(unit: &[u8]) -> u8 {
    unit.first().map_or(0, |header| header & 0x1f)
}

/// A length prefix that reaches past the end of the payload, or a prefix that is itself cut short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a NAL unit of {length} bytes is announced where {left} are left")]
pub struct BadLength {
    /// Bytes that the prefix announced; the size of the prefix when that was cut short.
    pub length: usize,
    /// Bytes that were left.
    pub left: usize,
}

/// The units of a length-prefixed payload. Empty units are passed over; a bad length is the last item.
#[derive(Debug, Clone)]
pub struct Units<'a> {
    rest: &'a [u8],
    length_size: usize,
}

impl<'a> Units<'a> {
    /// `length_size` is the record's: 1, 2 or 4 bytes. Anything above 4 reads as 4, and 0 as 1.
    #[must_use]
    pub fn new(payload: &'a [u8], length_size: u8) -> Self {
        Self { rest: payload, length_size: usize::from(length_size.clamp(1, 4)) }
    }

    fn stop(&mut self, length: usize, left: usize) -> Option<Result<&'a [u8], BadLength>> {
        self.rest = &[];
        Some(Err(BadLength { length, left }))
    }
}

impl<'a> Iterator for Units<'a> {
    type Item = Result<&'a [u8], BadLength>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            let Some((prefix, rest)) = self.rest.split_at_checked(self.length_size) else {
                return self.stop(self.length_size, self.rest.len());
            };
            let length = prefix.iter().fold(0, |value, &byte| (value << 8) | usize::from(byte));
            let Some((unit, rest)) = rest.split_at_checked(length) else {
                return self.stop(length, rest.len());
            };
            self.rest = rest;
            if !unit.is_empty() {
                return Some(Ok(unit));
            }
        }
        None
    }
}

/// Whether `payload` is Annex B where length prefixes belong: it opens with a start code, and its lengths do not add up.
///
/// `00 00 00 01` alone proves nothing: it is also the prefix of a unit of one byte.
#[must_use]
pub fn is_annex_b(payload: &[u8], length_size: u8) -> bool {
    let opens = payload.starts_with(&[0, 0, 0, 1]) || payload.starts_with(&[0, 0, 1]);
    opens && Units::new(payload, length_size).any(|unit| unit.is_err())
}

/// The units of an Annex B byte stream (H.264 annex B), without start codes and the zeros around them.
/// Bytes before the first start code are passed over.
#[derive(Debug, Clone)]
pub struct AnnexBUnits<'a> {
    rest: &'a [u8],
}

impl<'a> AnnexBUnits<'a> {
    /// Starts at the first start code of `payload`.
    #[must_use]
    pub fn new(payload: &'a [u8]) -> Self {
        Self { rest: split_at_start_code(payload).1 }
    }
}

impl<'a> Iterator for AnnexBUnits<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        while !self.rest.is_empty() {
            let (unit, rest) = split_at_start_code(self.rest);
            self.rest = rest;
            // A unit ends in its stop bit, so zeros behind it belong to the stream.
            let end = unit.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
            if let Some(unit) = unit.get(..end).filter(|unit| !unit.is_empty()) {
                return Some(unit);
            }
        }
        None
    }
}

/// What stands before the next `00 00 01`, and what behind it.
fn split_at_start_code(bytes: &[u8]) -> (&[u8], &[u8]) {
    let code = bytes.windows(3).position(|window| window == [0, 0, 1]);
    code.and_then(|at| Some((bytes.get(..at)?, bytes.get(at + 3..)?))).unwrap_or((bytes, &[]))
}

/// An Annex B payload with 4-byte length prefixes in place of its start codes, at most a quarter longer.
///
/// A track whose record says another length size needs a new record with 4.
#[must_use]
pub fn annex_b_to_length_prefixed(payload: &[u8]) -> Bytes {
    let mut converted = BytesMut::with_capacity(payload.len() + payload.len() / 4);
    for unit in AnnexBUnits::new(payload) {
        let Ok(length) = u32::try_from(unit.len()) else { break };
        converted.put_u32(length);
        converted.put_slice(unit);
    }
    converted.freeze()
}

/// Whether a length-prefixed payload has a slice of an IDR picture, which is what makes a keyframe.
/// Units before a bad length count.
#[must_use]
pub fn has_idr(payload: &[u8], length_size: u8) -> bool {
    units_of(payload, length_size, IDR).next().is_some()
}

/// `recovery_frame_cnt` of the first recovery point message: frames from here until the picture is right (H.264 §D.2.8).
/// `None` when the payload has no such message.
#[must_use]
pub fn recovery_point(payload: &[u8], length_size: u8) -> Option<u32> {
    units_of(payload, length_size, SEI).find_map(recovery_point_in)
}

/// The sequence and the picture parameter sets of a length-prefixed payload, sharing its bytes; at most 31 of each.
#[must_use]
pub fn parameter_sets(payload: &Bytes, length_size: u8) -> (Vec<Bytes>, Vec<Bytes>) {
    let collect = |wanted| {
        let units = units_of(payload, length_size, wanted).take(PARAMETER_SETS_MAX);
        units.map(|unit| payload.slice_ref(unit)).collect()
    };
    (collect(SPS), collect(PPS))
}

fn units_of(payload: &[u8], length_size: u8, wanted: u8) -> impl Iterator<Item = &[u8]> {
    Units::new(payload, length_size).map_while(Result::ok).filter(move |unit| unit_type(unit) == wanted)
}

/// Walks the messages of an SEI unit (H.264 §7.3.2.3.1).
fn recovery_point_in(unit: &[u8]) -> Option<u32> {
    let plain = unescape(unit.get(1..)?);
    let mut rest = plain.as_slice();
    loop {
        let kind = sei_number(&mut rest)?;
        let size = sei_number(&mut rest)?;
        let (message, behind) = rest.split_at_checked(size)?;
        if kind == SEI_RECOVERY_POINT {
            return BitReader::new(message).ue().ok();
        }
        rest = behind;
    }
}

/// A payload type or size: the sum of bytes up to the first that is not FF.
pub(super) fn sei_number(rest: &mut &[u8]) -> Option<usize> {
    let mut sum = 0_usize;
    loop {
        let (&byte, behind) = rest.split_first()?;
        *rest = behind;
        sum = sum.saturating_add(usize::from(byte));
        if byte != 0xff {
            return Some(sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn units_come_in_order_and_empty_ones_are_passed_over() {
        let payload = [0, 0, 0, 2, 9, 0x10, 0, 0, 0, 0, 0, 0, 0, 1, 0x65];
        let units: Vec<_> = Units::new(&payload, 4).collect();
        assert_eq!(units, [Ok(&[9, 0x10][..]), Ok(&[0x65][..])]);
        assert!(has_idr(&payload, 4));
    }

    #[test]
    fn short_length_prefixes_are_read() {
        assert_eq!(Units::new(&[1, 0x65, 2, 0x41, 7], 1).count(), 2);
        assert_eq!(Units::new(&[0, 1, 0x65, 0, 2, 0x41, 7], 2).count(), 2);
    }

    #[test]
    fn a_length_past_the_end_is_said_once_and_ends_the_walk() {
        let payload = [0, 0, 0, 1, 0x65, 0, 0, 0, 9, 0x41, 1];
        let units: Vec<_> = Units::new(&payload, 4).collect();
        assert_eq!(units, [Ok(&[0x65][..]), Err(BadLength { length: 9, left: 2 })]);
        assert!(has_idr(&payload, 4));
        let cut: Vec<_> = Units::new(&[0, 0, 1], 4).collect();
        assert_eq!(cut, [Err(BadLength { length: 4, left: 3 })]);
    }

    #[test]
    fn annex_b_in_a_flash_body_is_found_and_converted() {
        let payload = [0, 0, 0, 1, 0x67, 0x64, 0, 0, 1, 0x68, 0xeb, 0, 0, 0, 1, 0x65, 0x88, 0x80, 0, 0];
        assert!(is_annex_b(&payload, 4));
        let converted = annex_b_to_length_prefixed(&payload);
        assert_eq!(
            &converted[..],
            [0, 0, 0, 2, 0x67, 0x64, 0, 0, 0, 2, 0x68, 0xeb, 0, 0, 0, 3, 0x65, 0x88, 0x80]
        );
        assert!(!is_annex_b(&converted, 4));
        assert!(has_idr(&converted, 4));
    }

    #[test]
    fn a_start_code_of_three_bytes_is_told_from_a_length_of_256_and_more() {
        let mut prefixed = vec![0, 0, 1, 0x04];
        prefixed.extend([0x41; 0x104]);
        assert!(!is_annex_b(&prefixed, 4));
        assert!(is_annex_b(&[0, 0, 1, 0x65, 0x88, 0x84], 4));
    }

    #[test]
    fn a_unit_of_one_byte_is_no_start_code() {
        assert!(!is_annex_b(&[0, 0, 0, 1, 0x0a, 0, 0, 0, 2, 0x41, 0x9a], 4));
    }

    #[test]
    fn a_recovery_point_is_found_behind_other_messages() {
        // An unregistered message of three bytes, then recovery_frame_cnt ue(0) = 1.
        let payload = [0, 0, 0, 9, 6, 5, 3, 1, 2, 3, 6, 1, 0xc0, 0, 0, 0, 1, 0x41];
        assert_eq!(recovery_point(&payload, 4), Some(0));
        assert!(!has_idr(&payload, 4));
        assert_eq!(recovery_point(&[0, 0, 0, 4, 6, 6, 1, 0x28], 4), Some(4));
        assert_eq!(recovery_point(&[0, 0, 0, 5, 6, 5, 1, 0xff, 0x80], 4), None);
    }

    #[test]
    fn parameter_sets_in_band_are_collected_without_copying() {
        let payload = Bytes::from_static(&[0, 0, 0, 2, 0x67, 1, 0, 0, 0, 2, 0x68, 2, 0, 0, 0, 1, 0x65]);
        let (sps, pps) = parameter_sets(&payload, 4);
        assert_eq!((sps, pps), (vec![payload.slice(4..6)], vec![payload.slice(10..12)]));
    }

    proptest! {
        #[test]
        fn garbage_never_panics(bytes in prop::collection::vec(prop_oneof![0..4_u8, any::<u8>()], 0..256), length_size in any::<u8>()) {
            let payload = Bytes::from(bytes);
            black_box(Units::new(&payload, length_size).count());
            black_box(&(is_annex_b(&payload, length_size), has_idr(&payload, length_size)));
            black_box(&(recovery_point(&payload, length_size), parameter_sets(&payload, length_size)));
            black_box(recovery_point_in(&payload));
            let converted = annex_b_to_length_prefixed(&payload);
            prop_assert!(converted.len() <= payload.len() + payload.len() / 4);
            prop_assert!(Units::new(&converted, 4).all(|unit| unit.is_ok()));
        }
    }
}
