//! A bit reader with Exp-Golomb codes, and the removal of emulation prevention bytes.
//!
//! Leaves to the caller what a missing bit means: an error, or a field that is not there.

/// Longest run of leading zeros of an Exp-Golomb code, in bits. H.264 §9.1 allows values up to 2^32 - 2, which have 31.
const GOLOMB_ZEROS_MAX: u32 = 31;

/// Why a field could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BitError {
    /// The input ended before the field did.
    #[error("the bits end inside a field")]
    Exhausted,
    /// An Exp-Golomb code with more leading zeros than any value has.
    #[error("an Exp-Golomb code is longer than 32 bits of value")]
    GolombTooLong,
}

/// A cursor over the bits of borrowed bytes, most significant first. A failed read moves nothing.
#[derive(Debug, Clone, Copy)]
pub struct BitReader<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> BitReader<'a> {
    /// Starts at the first bit of `bytes`, which have no emulation prevention (see [`unescape`]).
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// Bits read so far.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.position
    }

    /// Bits not read yet.
    #[must_use]
    pub const fn remaining(&self) -> usize {
        self.bytes.len().saturating_mul(8).saturating_sub(self.position)
    }

    /// One bit, as a flag.
    ///
    /// # Errors
    /// [`BitError::Exhausted`] at the end.
    pub fn flag(&mut self) -> Result<bool, BitError> {
        let byte = self.bytes.get(self.position / 8).ok_or(BitError::Exhausted)?;
        let shift = 7 - self.position % 8;
        self.position += 1;
        Ok((byte >> shift) & 1 == 1)
    }

    /// The next `count` bits as a number; 32 at most, more count as 32.
    ///
    /// # Errors
    /// [`BitError::Exhausted`] when fewer are left.
    pub fn bits(&mut self, count: u32) -> Result<u32, BitError> {
        let mut ahead = *self;
        let mut value = 0;
        for _ in 0..count.min(32) {
            value = (value << 1) | u32::from(ahead.flag()?);
        }
        *self = ahead;
        Ok(value)
    }

    /// The next eight bits or fewer as a byte; more count as eight.
    ///
    /// # Errors
    /// [`BitError::Exhausted`] when fewer are left.
    pub fn byte(&mut self, count: u32) -> Result<u8, BitError> {
        self.bits(count.min(8)).map(|value| u8::try_from(value).unwrap_or(u8::MAX))
    }

    /// Passes over `count` bits.
    ///
    /// # Errors
    /// [`BitError::Exhausted`] when fewer are left.
    pub fn skip(&mut self, count: usize) -> Result<(), BitError> {
        if self.remaining() < count {
            return Err(BitError::Exhausted);
        }
        self.position += count;
        Ok(())
    }

    /// Passes over the bits up to the next whole byte.
    pub const fn align(&mut self) {
        self.position = self.position.next_multiple_of(8);
    }

    /// An unsigned Exp-Golomb code, `ue(v)` (H.264 §9.1).
    ///
    /// # Errors
    /// [`BitError::Exhausted`] at the end, [`BitError::GolombTooLong`] above 31 leading zeros.
    pub fn ue(&mut self) -> Result<u32, BitError> {
        let mut ahead = *self;
        let mut zeros = 0;
        while !ahead.flag()? {
            zeros += 1;
            if zeros > GOLOMB_ZEROS_MAX {
                return Err(BitError::GolombTooLong);
            }
        }
        let suffix = ahead.bits(zeros)?;
        *self = ahead;
        Ok(((1_u32 << zeros) - 1).saturating_add(suffix))
    }

    /// A signed Exp-Golomb code, `se(v)` (H.264 §9.1.1).
    ///
    /// # Errors
    /// As [`BitReader::ue`].
    pub fn se(&mut self) -> Result<i32, BitError> {
        let code = i64::from(self.ue()?);
        let magnitude = (code + 1) / 2;
        let value = if code % 2 == 1 { magnitude } else { -magnitude };
        Ok(i32::try_from(value).unwrap_or(i32::MAX))
    }
}

/// The payload of a NAL unit without its emulation prevention bytes: the 03 of each 00 00 03 (H.264 §7.4.1).
/// Never longer than `payload`.
#[must_use]
pub fn unescape(payload: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(payload.len());
    let mut zeros = 0_u8;
    for &byte in payload {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros.saturating_add(1) } else { 0 };
        plain.push(byte);
    }
    plain
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bits_come_most_significant_first_and_a_failed_read_moves_nothing() {
        let mut reader = BitReader::new(&[0b1010_0101, 0xff]);
        assert_eq!(reader.flag(), Ok(true));
        assert_eq!(reader.bits(3), Ok(0b010));
        assert_eq!(reader.byte(8), Ok(0b0101_1111));
        assert_eq!(reader.bits(5), Err(BitError::Exhausted));
        assert_eq!(reader.skip(5), Err(BitError::Exhausted));
        assert_eq!(reader.remaining(), 4);
        assert_eq!(reader.bits(4), Ok(0b1111));
        assert_eq!(reader.flag(), Err(BitError::Exhausted));
    }

    #[test]
    fn a_whole_word_is_read_at_once() {
        assert_eq!(BitReader::new(&[0xde, 0xad, 0xbe, 0xef]).bits(32), Ok(0xdead_beef));
    }

    #[test]
    fn alignment_goes_to_the_next_byte_and_stays_on_one() {
        let mut reader = BitReader::new(&[0, 0]);
        reader.align();
        assert_eq!(reader.position(), 0);
        reader.skip(3).expect("three of sixteen bits");
        reader.align();
        assert_eq!(reader.position(), 8);
    }

    #[test]
    fn exp_golomb_codes_follow_the_table_of_the_standard() {
        // 1 | 010 | 011 | 00100 | 00101
        let bytes = [0b1010_0110, 0b0100_0010, 0b1000_0000];
        let mut reader = BitReader::new(&bytes);
        assert_eq!([0; 5].map(|_: u8| reader.ue().expect("a code")), [0, 1, 2, 3, 4]);
        let mut reader = BitReader::new(&bytes);
        assert_eq!([0; 5].map(|_: u8| reader.se().expect("a code")), [0, 1, -1, 2, -2]);
    }

    #[test]
    fn the_longest_code_is_read_and_a_longer_one_is_refused() {
        let longest = [0, 0, 0, 1, 0xff, 0xff, 0xff, 0xfe];
        assert_eq!(BitReader::new(&longest).ue(), Ok(u32::MAX - 1));
        assert_eq!(BitReader::new(&longest).se(), Ok(-i32::MAX));
        assert_eq!(BitReader::new(&[0; 16]).ue(), Err(BitError::GolombTooLong));
        assert_eq!(BitReader::new(&[0; 2]).ue(), Err(BitError::Exhausted));
    }

    #[test]
    fn emulation_prevention_goes_and_other_threes_stay() {
        assert_eq!(unescape(&[0, 0, 3, 1, 3, 0, 3]), [0, 0, 1, 3, 0, 3]);
        assert_eq!(unescape(&[0, 0, 3, 0, 0, 3]), [0, 0, 0, 0]);
        assert_eq!(unescape(&[0, 0, 3, 3]), [0, 0, 3]);
    }

    proptest! {
        #[test]
        fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..64), counts in prop::collection::vec(0..40_u32, 0..32)) {
            let plain = unescape(&bytes);
            prop_assert!(plain.len() <= bytes.len());
            let mut reader = BitReader::new(&plain);
            for count in counts {
                black_box(&(reader.bits(count), reader.ue(), reader.se(), reader.byte(count)));
                black_box(&reader.skip(count as usize));
                reader.align();
                prop_assert!(reader.position() <= plain.len() * 8);
            }
        }
    }
}
