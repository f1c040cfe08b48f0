//! MPEG audio layer III frame headers.
//!
//! Leaves to the caller the splitting of a message that carries several frames.

use std::time::Duration;

use bytes::Bytes;

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

    /// A whole frame of silence of this shape, at the lowest bit rate that has a length: its side information and its main
    /// data are zeros, so that it takes no bits from the frames before it and keeps none (ISO/IEC 11172-3 §2.4.1.7). A
    /// decoder may change the bit rate from frame to frame (§2.4.2.3).
    ///
    /// `None` for a shape that no frame has.
    #[must_use]
    pub fn silent_frame(&self) -> Option<Bytes> {
        let (version, divisor) = match (self.is_mpeg1(), self.sample_rate) {
            (true, _) => (0x18, 1),
            (false, 16_000..) => (0x10, 2),
            (false, _) => (0x00, 4),
        };
        let rate = SAMPLE_RATES.iter().position(|rate| rate / divisor == self.sample_rate)?;
        let mode = if self.channels == 1 { 0xC0 } else { 0x00 };
        // Layer III without a checksum, and the first bit rate.
        let header = [0xFF, 0xE3 | version, 0x10 | u8::try_from(rate << 2).ok()?, mode];
        let (_, length) = Self::parse(&header).filter(|(shape, _)| shape == self)?;
        let mut frame = header.to_vec();
        frame.resize(length, 0);
        Some(frame.into())
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
    fn silence_has_the_shape_of_what_it_stands_for_and_room_for_its_side_information() {
        for divisor in [1, 2, 4] {
            for rate in SAMPLE_RATES {
                for (channels, side) in [(1, [17, 9]), (2, [32, 17])] {
                    let (samples, side) = if divisor == 1 { (1152, side[0]) } else { (576, side[1]) };
                    let shape = Mp3Header { sample_rate: rate / divisor, channels, samples };
                    let frame = shape.silent_frame().expect("a frame");
                    assert_eq!(Mp3Header::parse(&frame), Some((shape, frame.len())));
                    assert!(frame.len() >= 4 + side, "{shape:?}: {} bytes", frame.len());
                }
            }
        }
        assert_eq!(Mp3Header { sample_rate: 22_050, channels: 1, samples: 1152 }.silent_frame(), None);
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
