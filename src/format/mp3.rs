//! MPEG audio layer III frame headers.
//!
//! Leaves to the caller the splitting of a message that carries several frames.

use std::time::Duration;

/// Bit rates of MPEG-1 layer III by index, kbit/s (ISO/IEC 11172-3 §2.4.2.3). 0 is the free format, which has no length.
const RATES_MPEG1: [u16; 15] = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];

/// Bit rates of MPEG-2 and 2.5 layer III by index, kbit/s (ISO/IEC 13818-3 §2.4.2.3).
const RATES_MPEG2: [u16; 15] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];

/// Sample rates of MPEG-1 by index, Hz. MPEG-2 halves them, MPEG-2.5 quarters them.
const SAMPLE_RATES: [u32; 3] = [44_100, 48_000, 32_000];

/// What the header of a frame says (ISO/IEC 11172-3 §2.4.2.3). Equal when the stream's shape is equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mp3Header {
    /// Samples a second.
    pub sample_rate: u32,
    /// 1 or 2.
    pub channels: u8,
    /// Samples a frame: 1152 or 576.
    pub samples: u16,
}

impl Mp3Header {
    /// Reads the four bytes of a frame header, and says how many bytes the whole frame has, header included.
    ///
    /// `None` when `bytes` do not begin with a layer III header, or with one of the free format.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<(Self, usize)> {
        let &[0xff, second, third, fourth, ..] = bytes else { return None };
        let layer_three = second & 0xe6 == 0xe2;
        if !layer_three {
            return None;
        }
        let mpeg1 = second & 0x18 == 0x18;
        let divisor = match second & 0x18 {
            0x18 => 1,
            0x10 => 2,
            0x00 => 4,
            _ => return None,
        };
        let table = if mpeg1 { RATES_MPEG1 } else { RATES_MPEG2 };
        let kilobits = table.get(usize::from(third >> 4)).copied().filter(|&rate| rate > 0)?;
        let sample_rate = SAMPLE_RATES.get(usize::from((third >> 2) & 3))? / divisor;
        let samples = if mpeg1 { 1152 } else { 576 };
        let padding = u32::from((third >> 1) & 1);
        let length = u32::from(samples) / 8 * u32::from(kilobits) * 1000 / sample_rate + padding;
        let channels = if fourth >> 6 == 3 { 1 } else { 2 };
        Some((Self { sample_rate, channels, samples }, usize::try_from(length).ok()?))
    }

    /// Whether the frame is of MPEG-1, not of its low-rate extensions MPEG-2 and 2.5.
    #[must_use]
    pub const fn is_mpeg1(&self) -> bool {
        self.samples == 1152
    }

    /// How long one frame sounds.
    #[must_use]
    pub fn frame_duration(&self) -> Duration {
        let rate = u64::from(self.sample_rate.max(1));
        Duration::from_nanos(u64::from(self.samples) * 1_000_000_000 / rate)
    }

    /// `mp4a.40.34`: MPEG audio layer III by its audio object type.
    #[must_use]
    pub fn codec_string(&self) -> String {
        "mp4a.40.34".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_stereo_frame_of_128_kilobits_at_44100_is_417_bytes() {
        let (header, length) = Mp3Header::parse(&[0xff, 0xfb, 0x90, 0x00]).expect("a header");
        assert_eq!(header, Mp3Header { sample_rate: 44_100, channels: 2, samples: 1152 });
        assert_eq!(length, 417);
        assert_eq!(header.codec_string(), "mp4a.40.34");
        assert_eq!(header.frame_duration().as_micros(), 26_122);
        assert!(header.is_mpeg1());
    }

    #[test]
    fn padding_adds_a_byte() {
        assert_eq!(Mp3Header::parse(&[0xff, 0xfb, 0x92, 0x00]).map(|(_, length)| length), Some(418));
    }

    #[test]
    fn low_rate_extensions_halve_and_quarter_the_rate_and_halve_the_frame() {
        let (header, length) = Mp3Header::parse(&[0xff, 0xf3, 0x80, 0xc0]).expect("MPEG-2");
        assert_eq!(header, Mp3Header { sample_rate: 22_050, channels: 1, samples: 576 });
        assert_eq!(length, 72 * 64_000 / 22_050);
        let (header, _) = Mp3Header::parse(&[0xff, 0xe3, 0x80, 0xc0]).expect("MPEG-2.5");
        assert_eq!(header.sample_rate, 11_025);
    }

    #[test]
    fn what_is_no_layer_three_frame_is_refused() {
        for bytes in [
            &[0xff, 0xfb, 0x90][..],   // short
            &[0xff, 0xf1, 0x50, 0x80], // ADTS
            &[0xff, 0xfd, 0x90, 0x00], // layer II
            &[0xff, 0xeb, 0x90, 0x00], // reserved version
            &[0xff, 0xfb, 0x00, 0x00], // free format
            &[0xff, 0xfb, 0xf0, 0x00], // forbidden bit rate
            &[0xff, 0xfb, 0x9c, 0x00], // reserved sample rate
            b"ID3\x04",
        ] {
            assert_eq!(Mp3Header::parse(bytes), None, "{bytes:02x?}");
        }
    }

    proptest! {
        #[test]
        fn garbage_never_panics(tail in prop::collection::vec(any::<u8>(), 0..8)) {
            let mut bytes = vec![0xff];
            bytes.extend(tail);
            if let Some((header, length)) = Mp3Header::parse(&bytes) {
                prop_assert!((24..=2881).contains(&length));
                prop_assert!(header.sample_rate >= 8000 && header.frame_duration() > Duration::ZERO);
            }
        }
    }
}
