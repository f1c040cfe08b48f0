//! ADTS headers (ISO/IEC 14496-3 §1.A.2), which carry an AAC configuration in front of each access unit.

use super::{AudioSpecificConfig, SAMPLE_RATES, object, object_type, sample_rate};
use crate::format::bits::BitReader;

/// Bytes of a header without a checksum.
pub const ADTS_HEADER_LEN: usize = 7;
/// Bytes of a frame at most, header included: its length has 13 bits.
const FRAME_LEN_MAX: usize = 0x1fff;

/// What all ADTS headers of a track have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Adts {
    /// Object type less one, of 2 bits.
    profile: u8,
    /// Sampling frequency index, of 4 bits.
    rate: u8,
    /// Channel configuration, of 3 bits.
    channels: u8,
}

impl Adts {
    /// What this configuration is in ADTS. `None` where it has no words for it: a sample rate that is not of the table,
    /// channels that an element inside the stream describes or more than 7.1 of the first kind, units of 960 samples,
    /// and object types beyond LTP. SBR and PS go unsaid, as they may.
    #[must_use]
    pub fn of(config: &AudioSpecificConfig) -> Option<Self> {
        let rate = SAMPLE_RATES.iter().position(|rate| *rate == config.sample_rate)?;
        let channels = channel_configuration(&config.record)?;
        let says = (1..=4).contains(&config.object_type)
            && (1..=7).contains(&channels)
            && config.frame_length == 1024;
        says.then_some(Self {
            profile: config.object_type.saturating_sub(1),
            rate: u8::try_from(rate).ok()?,
            channels,
        })
    }

    /// The header of an access unit of `payload` bytes; `None` when it is too long for one.
    #[must_use]
    pub fn header(self, payload: usize) -> Option<[u8; ADTS_HEADER_LEN]> {
        let len = payload.checked_add(ADTS_HEADER_LEN).filter(|len| *len <= FRAME_LEN_MAX)?;
        let [high, low] = u16::try_from(len).ok()?.to_be_bytes();
        Some([
            0xff,
            // MPEG-4, layer 0, no checksum.
            0xf1,
            self.profile << 6 | self.rate << 2 | self.channels >> 2,
            self.channels << 6 | high >> 3,
            high << 5 | low >> 3,
            // Buffer fullness 7FF: a variable bit rate. One access unit.
            low << 5 | 0x1f,
            0xfc,
        ])
    }
}

/// The configuration as the record has it; the channels put out may be other than those coded.
fn channel_configuration(record: &[u8]) -> Option<u8> {
    let mut bits = BitReader::new(record);
    object_type(&mut bits).ok().filter(|kind| *kind != object::ESCAPE)?;
    sample_rate(&mut bits).ok()?;
    bits.byte(4).ok()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::format::aac::strip_adts;

    fn adts(record: &[u8]) -> Option<Adts> {
        Adts::of(&AudioSpecificConfig::parse(Bytes::copy_from_slice(record)).expect("a good record"))
    }

    #[test]
    fn low_complexity_stereo_of_48_kilohertz() {
        let header = adts(&[0x11, 0x90]).and_then(|adts| adts.header(100)).expect("fits");
        assert_eq!(header, [0xff, 0xf1, 0x4c, 0x80, 0x0d, 0x7f, 0xfc]);
        let frame = Bytes::from([&header[..], &[7; 100]].concat());
        assert_eq!(strip_adts(&frame).expect("our own"), vec![7; 100]);
    }

    #[test]
    fn surround_and_the_core_of_he_aac() {
        let surround = adts(&[0x11, 0xb0]).and_then(|adts| adts.header(1)).expect("fits");
        assert_eq!((surround[2] & 1, surround[3] >> 6), (1, 2), "configuration 6");
        let core = adts(&[0x2b, 0x92, 0x08, 0x00]).expect("hierarchical SBR");
        assert_eq!(core, Adts { profile: 1, rate: 7, channels: 2 });
    }

    #[test]
    fn what_adts_cannot_say_is_refused() {
        // Channels by a program config element, an explicit rate of 50 kHz, units of 960 samples.
        assert_eq!(adts(&[0x11, 0x80, 0x04, 0xc8, 0x00, 0x00, 0x00]), None);
        assert_eq!(adts(&[0x17, 0x80, 0x61, 0xa8, 0x10]), None);
        assert_eq!(adts(&[0x11, 0x94]), None);
        let fits = adts(&[0x11, 0x90]).expect("LC");
        assert_eq!(fits.header(FRAME_LEN_MAX), None);
    }
}
