//! FLAC: STREAMINFO (RFC 9639 §8.2) in the forms that senders give it, and the length of frames.
//!
//! Does not decode frames, nor check their sums.

use std::time::Duration;

use bytes::Bytes;

use super::bits::{BitError, BitReader};

/// What a file begins with, and a configuration as Enhanced RTMP wants it.
const MARKER: [u8; 4] = *b"fLaC";
/// The header of a metadata block: it is the last one, STREAMINFO, 34 bytes long.
const BLOCK_HEADER: [u8; 4] = [0x80, 0, 0, 34];
/// Bytes of a STREAMINFO.
const STREAMINFO_BYTES: usize = 34;
/// Bytes of it that say how the stream is coded; behind them are how much there is, and a sum of all of it.
const SHAPE_BYTES: usize = 13;

/// Why bytes are no STREAMINFO that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not as long as any form of it.
    #[error("the FLAC configuration is too short")]
    TooShort,
    /// The first metadata block is another one.
    #[error("the FLAC configuration does not begin with STREAMINFO")]
    NotStreamInfo,
    /// A rate of 0, or blocks shorter than the format allows.
    #[error("the FLAC configuration says no usable sample rate or block size")]
    Shape,
}

impl From<BitError> for Error {
    fn from(_: BitError) -> Self {
        Self::TooShort
    }
}

/// How a stream is coded. Equal when a decoder would do the same: senders repeat it with counts and sums that differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamInfo {
    /// The marker and STREAMINFO in its metadata block, as Enhanced RTMP wants them, without what only holds for a
    /// whole file: frame sizes, the number of samples, the sum.
    pub record: Bytes,
    /// Samples a second, up to 1048575.
    pub sample_rate: u32,
    /// 1 to 8.
    pub channels: u8,
    /// Bits a sample, 4 to 32.
    pub sample_bits: u8,
    /// Samples of the shortest frame but the last, 16 at least.
    pub block_min: u16,
    /// Samples of the longest frame.
    pub block_max: u16,
}

impl StreamInfo {
    /// Reads STREAMINFO: bare, in its metadata block, or in one behind the marker.
    ///
    /// # Errors
    /// [`Error`], when it does not say what a decoder must know.
    pub fn parse(data: &[u8]) -> Result<Self, Error> {
        let unmarked = data.strip_prefix(&MARKER);
        let info = match unmarked.unwrap_or(data) {
            // A block header says its type, 0, and its length; a bare STREAMINFO is shorter than this.
            [0x00 | 0x80, 0, 0, 34, info @ ..] if info.len() >= STREAMINFO_BYTES => info,
            _ if unmarked.is_some() => return Err(Error::NotStreamInfo),
            bare => bare,
        };
        let info = info.get(..STREAMINFO_BYTES).ok_or(Error::TooShort)?;
        let mut bits = BitReader::new(info);
        let (block_min, block_max) = (bits.bits(16)?, bits.bits(16)?);
        bits.skip(24 + 24)?;
        let sample_rate = bits.bits(20)?;
        let channels = bits.byte(3)? + 1;
        let sample_bits = bits.byte(5)? + 1;
        if sample_rate == 0 || block_min < 16 || block_max < block_min {
            return Err(Error::Shape);
        }
        Ok(Self {
            record: without_counts(info),
            sample_rate,
            channels,
            sample_bits,
            block_min: u16::try_from(block_min).unwrap_or(u16::MAX),
            block_max: u16::try_from(block_max).unwrap_or(u16::MAX),
        })
    }

    /// Samples a frame, where all frames have as many.
    #[must_use]
    pub fn frame_samples(&self) -> Option<u32> {
        (self.block_min == self.block_max).then_some(u32::from(self.block_max))
    }

    /// How long a frame of the greatest length sounds.
    #[must_use]
    pub fn frame_duration(&self) -> Duration {
        let rate = u64::from(self.sample_rate.max(1));
        Duration::from_nanos(u64::from(self.block_max) * 1_000_000_000 / rate)
    }

    /// Samples of one frame, as its header says (RFC 9639 §9.1.1). `None` where `frame` begins with no header.
    #[must_use]
    pub fn samples_of(&self, frame: &[u8]) -> Option<u32> {
        let &[0xff, 0xf8 | 0xf9, sizes, _, ref rest @ ..] = frame else { return None };
        match sizes >> 4 {
            0 => None,
            1 => Some(192),
            code @ 2..=5 => Some(144 << code),
            code @ (6 | 7) => {
                // The size itself stands behind the frame's number, which is coded like UTF-8.
                let number = match rest.first()? {
                    0..0x80 => 1,
                    first @ 0xc0..=0xfe => first.leading_ones() as usize,
                    _ => return None,
                };
                let low = u32::from(*rest.get(number)?);
                if code == 6 {
                    Some(low + 1)
                } else {
                    Some((low << 8 | u32::from(*rest.get(number + 1)?)) + 1)
                }
            }
            code => Some(1 << code),
        }
    }
}

/// `fLaC`, as Apple writes it; players that want `flac` translate it.
pub const CODEC_STRING: &str = "fLaC";

/// A record of STREAMINFO with zeros, which mean "not known", for what a live stream cannot say.
fn without_counts(info: &[u8]) -> Bytes {
    let mut record = vec![0; STREAMINFO_BYTES];
    // Block sizes; frame sizes stay 0; rate, channels and bits a sample without the count's four bits behind them.
    for range in [0..4, 10..SHAPE_BYTES + 1] {
        if let (Some(to), Some(from)) = (record.get_mut(range.clone()), info.get(range)) {
            to.copy_from_slice(from);
        }
    }
    if let Some(shared) = record.get_mut(SHAPE_BYTES) {
        *shared &= 0xF0;
    }
    [&MARKER[..], &BLOCK_HEADER, &record].concat().into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 48 kHz, stereo, 16 bits, blocks of 4608, with a count and a sum.
    const INFO: [u8; 34] = [
        0x12, 0x00, 0x12, 0x00, 0x00, 0x00, 0x10, 0x00, 0x30, 0x00, 0x0b, 0xb8, 0x02, 0xf0, 0x00, 0x07, 0x53,
        0x00, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
    ];

    #[test]
    fn the_configuration_is_the_same_bare_in_its_block_and_behind_the_marker() {
        let bare = StreamInfo::parse(&INFO).expect("a STREAMINFO");
        assert_eq!((bare.sample_rate, bare.channels, bare.sample_bits), (48_000, 2, 16));
        assert_eq!((bare.block_min, bare.block_max, bare.frame_samples()), (4_608, 4_608, Some(4_608)));
        assert_eq!(bare.frame_duration(), Duration::from_millis(96));
        let block = [&[0x00, 0, 0, 34][..], &INFO].concat();
        assert_eq!(StreamInfo::parse(&block), Ok(bare.clone()));
        let last_block = [&BLOCK_HEADER[..], &INFO].concat();
        assert_eq!(StreamInfo::parse(&last_block), Ok(bare.clone()));
        let marked = [&b"fLaC"[..], &BLOCK_HEADER, &INFO, &[4, 0, 0, 0]].concat();
        assert_eq!(StreamInfo::parse(&marked), Ok(bare.clone()));
        assert_eq!(bare.record.len(), 42);
        assert_eq!(StreamInfo::parse(&bare.record), Ok(bare));
    }

    #[test]
    fn counts_and_sums_that_come_at_the_end_change_nothing() {
        let mut first = INFO;
        first[4..10].fill(0);
        first[13] = 0xf0;
        first[14..].fill(0);
        assert_eq!(StreamInfo::parse(&first), StreamInfo::parse(&INFO));
        let mut other = INFO;
        other[11] = 0xac;
        assert_ne!(StreamInfo::parse(&other), StreamInfo::parse(&INFO));
    }

    #[test]
    fn what_is_no_configuration_is_refused() {
        assert_eq!(StreamInfo::parse(&[]), Err(Error::TooShort));
        assert_eq!(StreamInfo::parse(&INFO[..33]), Err(Error::TooShort));
        let comment = [&b"fLaC\x84\x00\x00\x22"[..], &INFO].concat();
        assert_eq!(StreamInfo::parse(&comment), Err(Error::NotStreamInfo));
        assert_eq!(StreamInfo::parse(&[0; 34]), Err(Error::Shape));
    }

    #[test]
    fn frames_say_how_many_samples_they_have() {
        let info = StreamInfo::parse(&INFO).expect("a STREAMINFO");
        for (frame, samples) in [
            (&[0xff, 0xf8, 0x1a, 0x18, 0x00][..], Some(192)),
            (&[0xff, 0xf8, 0x5a, 0x18, 0x00], Some(4_608)),
            (&[0xff, 0xf8, 0xca, 0x18, 0x00], Some(4_096)),
            (&[0xff, 0xf8, 0x6a, 0x18, 0x00, 0xff], Some(256)),
            // The number of the frame has two bytes.
            (&[0xff, 0xf8, 0x7a, 0x18, 0xc2, 0x80, 0x11, 0xff], Some(4_608)),
            (&[0xff, 0xf8, 0x7a, 0x18, 0xc2, 0x80, 0x11], None),
            (&[0xff, 0xf8, 0x0a, 0x18, 0x00], None),
            (&[0xff, 0xf1, 0x5a, 0x18, 0x00], None),
        ] {
            assert_eq!(info.samples_of(frame), samples, "{frame:02x?}");
        }
    }

    proptest! {
        #[test]
        fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..50)) {
            if let Ok(info) = StreamInfo::parse(&bytes) {
                let _any = info.samples_of(&bytes);
                prop_assert_eq!(StreamInfo::parse(&info.record), Ok(info.clone()));
            }
            let info = StreamInfo::parse(&INFO).expect("a STREAMINFO");
            let _any = info.samples_of(&[&[0xff, 0xf8][..], &bytes].concat());
        }
    }
}
