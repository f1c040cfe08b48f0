//! AC-3 and E-AC-3 (ETSI TS 102 366): what the headers of syncframes say. Neither has a configuration record of its own;
//! containers make theirs of these headers.
//!
//! Does not check sums, nor read what is behind the header.

use std::time::Duration;

use smallvec::SmallVec;

use super::bits::{BitError, BitReader};

/// What every syncframe begins with.
const SYNC_WORD: u32 = 0x0b77;
/// Sample rates by code, Hz (§4.4.1.3).
const SAMPLE_RATES: [u32; 3] = [48_000, 44_100, 32_000];
/// Bit rates by half their code, kbit/s (table 4.13).
const BIT_RATES: [u32; 19] =
    [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640];
/// Channels by coding mode, without the low frequency one (table 4.3).
const CHANNELS: [u8; 8] = [2, 1, 2, 3, 3, 4, 4, 5];
/// Blocks of 256 samples by code (table E.1.3).
const BLOCKS: [u32; 4] = [1, 2, 3, 6];
/// Samples of a block, and blocks of an AC-3 syncframe.
const BLOCK_SAMPLES: u32 = 256;
const AC3_BLOCKS: u32 = 6;
/// The newest bit stream that is AC-3, and the oldest that is E-AC-3. Those between are AC-3 of low rates, which
/// nobody sends.
const AC3_BSID_MAX: u8 = 8;
const EAC3_BSID: std::ops::RangeInclusive<u8> = 11..=16;
/// The most that a `dec3` box says, kbit/s.
const DATA_RATE_MAX: u32 = 0x1FFF;
/// Independent substreams that a `dec3` box can name.
const SUBSTREAMS_MAX: usize = 8;

/// What the header of a syncframe says of AC-3. Equal when a decoder would do the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ac3 {
    /// Samples a second.
    pub sample_rate: u32,
    /// Code of the sample rate, 0 to 2.
    pub fscod: u8,
    /// Bit stream identification: 8, or 6.
    pub bsid: u8,
    /// What the sound is for.
    pub bsmod: u8,
    /// Audio coding mode: which full-range channels there are.
    pub acmod: u8,
    /// Whether there is a low frequency channel.
    pub lfe: bool,
    /// Code of the bit rate, 0 to 18.
    pub bit_rate_code: u8,
}

impl Ac3 {
    /// Reads the header of a syncframe (§4.3), and says how many bytes the whole frame has. `None` when `bytes` do not
    /// begin with one.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<(Self, usize)> {
        Self::read(bytes).ok().flatten()
    }

    fn read(bytes: &[u8]) -> Result<Option<(Self, usize)>, BitError> {
        let mut bits = BitReader::new(bytes);
        if bits.bits(16)? != SYNC_WORD {
            return Ok(None);
        }
        bits.skip(16)?;
        let (fscod, size_code) = (bits.byte(2)?, bits.byte(6)?);
        let (bsid, bsmod, acmod) = (bits.byte(5)?, bits.byte(3)?, bits.byte(3)?);
        let has_center = acmod & 1 != 0 && acmod != 1;
        let has_surround = acmod & 4 != 0;
        let mixes = usize::from(has_center) + usize::from(has_surround) + usize::from(acmod == 2);
        bits.skip(2 * mixes)?;
        let lfe = bits.flag()?;
        let rates = (SAMPLE_RATES.get(usize::from(fscod)), BIT_RATES.get(usize::from(size_code / 2)));
        let (Some(&sample_rate), Some(&kilobits), true) = (rates.0, rates.1, bsid <= AC3_BSID_MAX) else {
            return Ok(None);
        };
        // 16-bit words of a frame of 1536 samples; only 44.1 kHz leaves a remainder (table 4.13).
        let words = kilobits * 96_000 / sample_rate;
        let odd = u32::from(sample_rate == 44_100 && size_code & 1 == 1);
        let header = Self { sample_rate, fscod, bsid, bsmod, acmod, lfe, bit_rate_code: size_code / 2 };
        Ok(Some((header, (words + odd) as usize * 2)))
    }

    /// Channels, the low frequency one included.
    #[must_use]
    pub fn channels(&self) -> u8 {
        channels(self.acmod, self.lfe)
    }

    /// Samples a syncframe.
    #[must_use]
    pub const fn frame_samples(&self) -> u32 {
        AC3_BLOCKS * BLOCK_SAMPLES
    }

    /// How long a syncframe sounds.
    #[must_use]
    pub fn frame_duration(&self) -> Duration {
        duration(self.frame_samples(), self.sample_rate)
    }

    /// `ac-3` (RFC 6381, by its sample entry).
    #[must_use]
    pub fn codec_string(&self) -> String {
        "ac-3".to_owned()
    }
}

/// One independent substream of E-AC-3, and what depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Substream {
    /// Code of the sample rate; 3 for the halved rates.
    pub fscod: u8,
    /// Bit stream identification: 16, or 11 and up.
    pub bsid: u8,
    /// Audio coding mode: which full-range channels there are.
    pub acmod: u8,
    /// Whether there is a low frequency channel.
    pub lfe: bool,
    /// How many substreams depend on it.
    pub dependents: u8,
    /// The channels that those add, as `dec3` numbers them (§F.6.2.12): bit 0 is left and right centre.
    pub added: u16,
}

impl Substream {
    fn channels(&self) -> u8 {
        // Cs, Ts, Cvh and LFE2 are one channel each, the others are pairs.
        const SINGLE: u16 = 1 << 2 | 1 << 3 | 1 << 7 | 1 << 8;
        let added = self.added.count_ones() * 2 - (self.added & SINGLE).count_ones();
        channels(self.acmod, self.lfe).saturating_add(u8::try_from(added).unwrap_or(u8::MAX))
    }
}

/// What the syncframes of a message say of E-AC-3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Eac3 {
    /// Samples a second.
    pub sample_rate: u32,
    /// Samples of one syncframe: 256, 512, 768 or 1536.
    pub frame_samples: u32,
    /// Bits of all substreams, kbit/s, as these frames have them.
    pub data_rate: u16,
    /// The independent substreams, 1 to 8.
    pub substreams: SmallVec<[Substream; 1]>,
}

/// The header of one syncframe of E-AC-3 (§E.1.2).
#[derive(Debug, Clone, Copy)]
struct Syncframe {
    dependent: bool,
    id: u8,
    bytes: usize,
    sample_rate: u32,
    samples: u32,
    substream: Substream,
    channel_map: u16,
}

impl Eac3 {
    /// Reads the headers of syncframes up to the next of the first substream. `None` when `bytes` do not begin with
    /// one of an independent substream.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let first = Syncframe::read(bytes).ok().flatten().filter(|first| !first.dependent)?;
        let mut substreams = SmallVec::from_buf([first.substream]);
        let mut total = first.bytes;
        while let Some(frame) = bytes.get(total..).and_then(|rest| Syncframe::read(rest).ok().flatten()) {
            if frame.dependent {
                let Some(last) = substreams.last_mut() else { break };
                last.dependents = (last.dependents + 1).min(15);
                last.added |= added_by(frame.channel_map);
            } else if frame.id == first.id || substreams.len() == SUBSTREAMS_MAX {
                break;
            } else {
                substreams.push(frame.substream);
            }
            total = total.saturating_add(frame.bytes);
        }
        let bits = u64::try_from(total).unwrap_or(u64::MAX).saturating_mul(8 * u64::from(first.sample_rate));
        let kilobits = bits / (u64::from(first.samples) * 1_000);
        Some(Self {
            sample_rate: first.sample_rate,
            frame_samples: first.samples,
            data_rate: u16::try_from(kilobits.min(u64::from(DATA_RATE_MAX))).unwrap_or(0),
            substreams,
        })
    }

    /// Whether a decoder would do the same, at whatever bit rate: senders may vary it.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        self.sample_rate == other.sample_rate
            && self.frame_samples == other.frame_samples
            && self.substreams == other.substreams
    }

    /// Channels of the first substream and what depends on it, the low frequency one included.
    #[must_use]
    pub fn channels(&self) -> u8 {
        self.substreams.first().map_or(2, Substream::channels)
    }

    /// How long a syncframe sounds.
    #[must_use]
    pub fn frame_duration(&self) -> Duration {
        duration(self.frame_samples, self.sample_rate)
    }

    /// `ec-3` (RFC 6381, by its sample entry).
    #[must_use]
    pub fn codec_string(&self) -> String {
        "ec-3".to_owned()
    }
}

impl Syncframe {
    fn read(bytes: &[u8]) -> Result<Option<Self>, BitError> {
        let mut bits = BitReader::new(bytes);
        if bits.bits(16)? != SYNC_WORD {
            return Ok(None);
        }
        let (kind, id) = (bits.byte(2)?, bits.byte(3)?);
        let words = bits.bits(11)? + 1;
        let (fscod, code) = (bits.byte(2)?, bits.byte(2)?);
        let (acmod, lfe, bsid) = (bits.byte(3)?, bits.flag()?, bits.byte(5)?);
        let (rate, blocks) = match fscod {
            3 => (SAMPLE_RATES.get(usize::from(code)).map(|rate| rate / 2), Some(&AC3_BLOCKS)),
            _ => (SAMPLE_RATES.get(usize::from(fscod)).copied(), BLOCKS.get(usize::from(code))),
        };
        let (Some(sample_rate), Some(blocks), true) = (rate, blocks, EAC3_BSID.contains(&bsid)) else {
            return Ok(None);
        };
        // 3 is reserved; 2 is AC-3 carried as E-AC-3, independent too.
        let dependent = kind == 1;
        let channel_map = if dependent { read_channel_map(&mut bits, acmod).unwrap_or(0) } else { 0 };
        let substream = Substream { fscod, bsid, acmod, lfe, dependents: 0, added: 0 };
        let (bytes, samples) = (words as usize * 2, blocks * BLOCK_SAMPLES);
        Ok((kind != 3).then_some(Self { dependent, id, bytes, sample_rate, samples, substream, channel_map }))
    }
}

/// What stands between the identification and the channel map of a dependent substream, and the map.
fn read_channel_map(bits: &mut BitReader<'_>, acmod: u8) -> Result<u16, BitError> {
    let programs = if acmod == 0 { 2 } else { 1 };
    for _ in 0..programs {
        bits.skip(5)?;
        if bits.flag()? {
            bits.skip(8)?;
        }
    }
    if !bits.flag()? {
        return Ok(0);
    }
    Ok(u16::try_from(bits.bits(16)?).unwrap_or(0))
}

/// The channels of a map (table E.1.4), whose first bit is left and sixth the centre pair, as `dec3` numbers them.
fn added_by(channel_map: u16) -> u16 {
    /// Places of the map that `dec3` has bits for, in the order of those bits.
    const PLACES: [u16; 9] = [5, 6, 7, 8, 9, 10, 11, 12, 14];
    let bit = |(to, from): (usize, &u16)| (channel_map >> (15 - from) & 1) << to;
    PLACES.iter().enumerate().map(bit).fold(0, |added, bit| added | bit)
}

fn channels(acmod: u8, lfe: bool) -> u8 {
    CHANNELS.get(usize::from(acmod)).copied().unwrap_or(2) + u8::from(lfe)
}

fn duration(samples: u32, sample_rate: u32) -> Duration {
    Duration::from_nanos(u64::from(samples) * 1_000_000_000 / u64::from(sample_rate.max(1)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 48 kHz, 192 kbit/s, stereo.
    const STEREO: [u8; 7] = [0x0b, 0x77, 0, 0, 0x14, 0x40, 0x40];
    /// 48 kHz, 448 kbit/s, 5.1.
    const SURROUND: [u8; 8] = [0x0b, 0x77, 0, 0, 0x1e, 0x40, 0xe1, 0x00];

    #[test]
    fn syncframes_of_ac3_say_what_they_are() {
        let (header, length) = Ac3::parse(&STEREO).expect("a syncframe");
        let expected =
            Ac3 { sample_rate: 48_000, fscod: 0, bsid: 8, bsmod: 0, acmod: 2, lfe: false, bit_rate_code: 10 };
        assert_eq!((header, length), (expected, 768));
        assert_eq!((header.channels(), header.frame_samples()), (2, 1_536));
        assert_eq!(
            (header.frame_duration(), header.codec_string()),
            (Duration::from_millis(32), "ac-3".into())
        );
        let (header, length) = Ac3::parse(&SURROUND).expect("a syncframe");
        assert_eq!((header.channels(), header.acmod, header.lfe, length), (6, 7, true, 1_792));
    }

    #[test]
    fn frames_of_44100_have_a_word_more_now_and_then() {
        for (code, length) in [(0x54, 834), (0x55, 836)] {
            let header = [0x0b, 0x77, 0, 0, code, 0x40, 0x40];
            assert_eq!(Ac3::parse(&header).map(|(_, length)| length), Some(length));
        }
    }

    /// A syncframe of E-AC-3 with nothing in it.
    fn eac3(kind: u8, id: u8, rate: u8, blocks: u8, channels: u8, rest: &[u8]) -> Vec<u8> {
        let words = 63_u8;
        let mut frame = vec![0x0b, 0x77, kind << 6 | id << 3, words, rate << 6 | blocks << 4 | channels];
        frame.extend_from_slice(rest);
        frame.resize((usize::from(words) + 1) * 2, 0);
        frame
    }

    #[test]
    fn syncframes_of_eac3_say_what_they_are() {
        // acmod 7 and lfe; bsid 16.
        let frame = eac3(0, 0, 0, 3, 0x0f, &[0x80]);
        let config = Eac3::parse(&frame).expect("a syncframe");
        assert_eq!((config.sample_rate, config.frame_samples, config.channels()), (48_000, 1_536, 6));
        assert_eq!((config.data_rate, config.substreams.len()), (32, 1));
        assert_eq!(config.substreams[0].bsid, 16);
        assert_eq!(config.frame_duration(), Duration::from_millis(32));
        let half = Eac3::parse(&eac3(0, 0, 3, 1, 0x04, &[0x80])).expect("a syncframe");
        assert_eq!((half.sample_rate, half.frame_samples, half.channels()), (22_050, 1_536, 2));
        let short = Eac3::parse(&eac3(0, 0, 1, 0, 0x04, &[0x80])).expect("a syncframe");
        assert_eq!((short.sample_rate, short.frame_samples), (44_100, 256));
    }

    #[test]
    fn dependent_substreams_add_their_channels() {
        // bsid 16, no gain, a channel map of the rear pair: 10000 00000 0 1 0000001000000000.
        let dependent = eac3(1, 0, 0, 3, 0x04, &[0x80, 0x10, 0x20, 0x00]);
        let frames = [eac3(0, 0, 0, 3, 0x0f, &[0x80]), dependent, eac3(0, 1, 0, 3, 0x02, &[0x80])].concat();
        let config = Eac3::parse(&frames).expect("a syncframe");
        assert_eq!(config.substreams.len(), 2);
        assert_eq!((config.substreams[0].dependents, config.substreams[0].added), (1, 1 << 1));
        assert_eq!((config.channels(), config.data_rate), (8, 96));
        // The next of the first substream is another frame.
        let twice = [frames.clone(), frames].concat();
        assert_eq!(Eac3::parse(&twice), Some(config));
    }

    #[test]
    fn what_is_no_syncframe_is_refused() {
        for bytes in [
            &[][..],
            &[0x0b, 0x77],
            &[0x77, 0x0b, 0, 0, 0x14, 0x40, 0x40],
            &[0x0b, 0x77, 0, 0, 0xd4, 0x40, 0x40], // reserved rate
            &[0x0b, 0x77, 0, 0, 0x26, 0x40, 0x40], // reserved size
            &[0x0b, 0x77, 0, 0, 0x14, 0x80, 0x40], // E-AC-3
        ] {
            assert_eq!(Ac3::parse(bytes), None, "{bytes:02x?}");
        }
        assert_eq!(Eac3::parse(&STEREO), None, "AC-3");
        assert_eq!(Eac3::parse(&eac3(1, 0, 0, 3, 0x04, &[0x80])), None, "a dependent one alone");
        assert_eq!(Eac3::parse(&eac3(3, 0, 0, 3, 0x04, &[0x80])), None, "a reserved kind");
    }

    proptest! {
        #[test]
        fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let frame = [&[0x0b, 0x77][..], &bytes].concat();
            if let Some((header, length)) = Ac3::parse(&frame) {
                prop_assert!((128..=3_840).contains(&length) && (1..=6).contains(&header.channels()));
            }
            if let Some(config) = Eac3::parse(&frame) {
                prop_assert!((1..=SUBSTREAMS_MAX).contains(&config.substreams.len()));
                prop_assert!(config.channels() > 0 && config.frame_duration() > Duration::ZERO);
            }
        }
    }
}
