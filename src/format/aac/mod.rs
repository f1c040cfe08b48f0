//! AAC configuration: AudioSpecificConfig, and the ADTS headers that some senders leave on.
//!
//! Does not read access units: implicit SBR, which only they show, stays unknown.

mod adts;
mod silence;

use std::time::Duration;

use bytes::Bytes;

pub use adts::{ADTS_HEADER_LEN, Adts};

use super::bits::{BitError, BitReader};

/// Sample rates by sampling frequency index, Hz (ISO/IEC 14496-3 table 1.18).
const SAMPLE_RATES: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];

/// Explicit sample rates that are believed, Hz. The 24-bit field can say anything, and rates divide times.
const SAMPLE_RATE_BELIEVED: std::ops::RangeInclusive<u32> = 1_000..=192_000;

/// Channels when the configuration leaves them to a program config element that is missing or counts none.
const CHANNELS_UNSAID: u8 = 2;

/// Audio object types that this module tells apart (ISO/IEC 14496-3 table 1.17).
mod object {
    pub(super) const LC: u8 = 2;
    pub(super) const SCALABLE: u8 = 6;
    pub(super) const SBR: u8 = 5;
    pub(super) const ER_LC: u8 = 17;
    pub(super) const ER_LTP: u8 = 19;
    pub(super) const ER_SCALABLE: u8 = 20;
    pub(super) const ER_BSAC: u8 = 22;
    pub(super) const PS: u8 = 29;
    pub(super) const ESCAPE: u8 = 31;
}

/// Why a record is no AudioSpecificConfig that can be used. Always the sender's doing; a later record may be good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Nothing, one byte, or an end inside a needed field. Some senders send such a record first and the real one after it.
    #[error("the AAC configuration is too short")]
    TooShort,
    /// An audio object type that is not AAC as live senders use it.
    #[error("AAC object type {0} is not supported")]
    ObjectType(u8),
    /// A reserved sampling frequency index, or a rate nobody samples at.
    #[error("the AAC configuration says no usable sample rate")]
    SampleRate,
    /// A reserved channel configuration.
    #[error("AAC channel configuration {0} is reserved")]
    Channels(u8),
}

impl From<BitError> for Error {
    fn from(_: BitError) -> Self {
        Self::TooShort
    }
}

/// A parsed AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1). Equal when the record's bytes are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AudioSpecificConfig {
    /// The bytes that were needed, as the sender wrote them.
    pub record: Bytes,
    /// Audio object type of the core: 2 for LC.
    pub object_type: u8,
    /// Samples a second of the core coder, which is also the clock of its access units.
    pub sample_rate: u32,
    /// Samples a second after SBR, where it is signalled.
    pub output_rate: u32,
    /// Channels that the decoder puts out.
    pub channels: u8,
    /// Samples an access unit, on the core's clock: 1024 or 960.
    pub frame_length: u16,
    /// Spectral band replication (HE-AAC) signalled explicitly.
    pub sbr: bool,
    /// Parametric stereo (HE-AAC v2) signalled explicitly.
    pub ps: bool,
}

impl AudioSpecificConfig {
    /// Reads a record; bytes behind what the configuration needs are dropped from it.
    ///
    /// # Errors
    /// [`Error`], when the record does not say what a player must know.
    pub fn parse(record: Bytes) -> Result<Self, Error> {
        let mut bits = BitReader::new(&record);
        let mut config = Self::parse_core(&mut bits)?;
        config.read_extension(&mut bits);
        if config.ps && config.channels == 1 {
            config.channels = 2;
        }
        let needed = bits.position().div_ceil(8);
        config.record = record;
        config.record.truncate(needed);
        Ok(config)
    }

    /// `mp4a.40.N` (RFC 6381 §3.3): 2 for LC, 5 with SBR, 29 with parametric stereo. Only what is signalled counts.
    #[must_use]
    pub fn codec_string(&self) -> String {
        let object_type = match (self.ps, self.sbr) {
            (true, _) => object::PS,
            (false, true) => object::SBR,
            (false, false) => self.object_type,
        };
        format!("mp4a.40.{object_type}")
    }

    /// How long one access unit sounds, with SBR or without.
    #[must_use]
    pub fn frame_duration(&self) -> Duration {
        let rate = u64::from(self.sample_rate.max(1));
        Duration::from_nanos(u64::from(self.frame_length) * 1_000_000_000 / rate)
    }

    /// Samples an access unit, on the clock of [`Self::output_rate`]: twice [`Self::frame_length`] where SBR doubles the rate.
    #[must_use]
    pub fn output_frame_length(&self) -> u32 {
        let samples =
            u64::from(self.frame_length) * u64::from(self.output_rate) / u64::from(self.sample_rate.max(1));
        u32::try_from(samples).unwrap_or(u32::MAX)
    }

    /// One access unit of silence for this configuration: AAC-LC of 1024 samples, at any rate, in any channel configuration.
    /// `None` for others:
    ///
    /// - HE-AAC. A unit of its core alone has no data for what is above, and decoders that had some before do not agree on
    ///   what to do then: FFmpeg reports an error and plays the core, others go on with what they had.
    /// - Three channels and more in the places of a program config element: its elements may have any numbers.
    #[must_use]
    pub fn silent_unit(&self) -> Option<Bytes> {
        let plain = self.object_type == object::LC && !self.sbr && !self.ps && self.frame_length == 1_024;
        let configuration = match self.channel_configuration()? {
            0 if self.channels <= 2 => self.channels,
            said => said,
        };
        plain.then(|| silence::unit(configuration)).flatten()
    }

    /// channel_configuration as the record has it; 0 where a program config element says.
    fn channel_configuration(&self) -> Option<u8> {
        let mut bits = BitReader::new(&self.record);
        object_type(&mut bits).ok()?;
        sample_rate(&mut bits).ok()?;
        bits.byte(4).ok()
    }

    /// Everything up to the end of GASpecificConfig, the hierarchical form of SBR and PS included.
    fn parse_core(bits: &mut BitReader<'_>) -> Result<Self, Error> {
        let outer = object_type(bits)?;
        let sample_rate = sample_rate(bits)?;
        let configuration = bits.byte(4)?;
        let (mut object_type_core, mut output_rate) = (outer, sample_rate);
        let extended = matches!(outer, object::SBR | object::PS);
        if extended {
            output_rate = self::sample_rate(bits)?;
            object_type_core = object_type(bits)?;
            if object_type_core == object::ER_BSAC {
                return Err(Error::ObjectType(object_type_core));
            }
        }
        let mut config = Self {
            record: Bytes::new(),
            object_type: object_type_core,
            sample_rate,
            output_rate,
            channels: channels(configuration)?,
            frame_length: 1024,
            sbr: extended,
            ps: outer == object::PS,
        };
        match object_type_core {
            1..=4 | object::SCALABLE | object::ER_LC | object::ER_LTP | object::ER_SCALABLE => {
                config.read_general_audio(bits, configuration)?;
            }
            other => return Err(Error::ObjectType(other)),
        }
        Ok(config)
    }

    /// GASpecificConfig (ISO/IEC 14496-3 §4.4.1).
    fn read_general_audio(&mut self, bits: &mut BitReader<'_>, configuration: u8) -> Result<(), Error> {
        if bits.flag()? {
            self.frame_length = 960;
        }
        let depends_on_core = bits.flag()?;
        if depends_on_core {
            bits.skip(14)?;
        }
        let extension = bits.flag()?;
        if configuration == 0 {
            // A cut element still leaves a stream that can be relayed; only its channels are a guess.
            let mut ahead = *bits;
            let counted = count_channels(&mut ahead);
            if counted.is_ok() {
                *bits = ahead;
            }
            self.channels = counted.ok().filter(|&count| count > 0).unwrap_or(CHANNELS_UNSAID);
        }
        if matches!(self.object_type, object::SCALABLE | object::ER_SCALABLE) {
            bits.skip(3)?;
        }
        let error_resilient =
            matches!(self.object_type, object::ER_LC | object::ER_LTP | object::ER_SCALABLE);
        if extension {
            bits.skip(if error_resilient { 4 } else { 1 })?;
        }
        if error_resilient {
            // epConfig (§1.6.2.1).
            bits.skip(2)?;
        }
        Ok(())
    }

    /// The backward compatible tail (§1.6.5): taken where it is whole, passed over as junk where it is not.
    fn read_extension(&mut self, bits: &mut BitReader<'_>) {
        if self.sbr {
            return;
        }
        let mut ahead = *bits;
        if !matches!(ahead.bits(11), Ok(0x2b7)) || !matches!(object_type(&mut ahead), Ok(object::SBR)) {
            return;
        }
        match ahead.flag() {
            // Said not to be there, which is a tail all the same.
            Ok(false) => *bits = ahead,
            Ok(true) => {
                let Ok(rate) = sample_rate(&mut ahead) else { return };
                (self.sbr, self.output_rate) = (true, rate);
                *bits = ahead;
                if matches!(ahead.bits(11), Ok(0x548))
                    && let Ok(ps) = ahead.flag()
                {
                    self.ps = ps;
                    *bits = ahead;
                }
            }
            Err(_) => {}
        }
    }
}

/// The access unit inside an ADTS frame, for senders that leave its header on (ISO/IEC 14496-3 §1.A.2.2).
///
/// `None` unless `payload` is exactly one frame of one access unit: the sync word, and a length that fits.
#[must_use]
pub fn strip_adts(payload: &Bytes) -> Option<Bytes> {
    let &[0xff, second, _, fourth, fifth, sixth, seventh, ..] = payload.as_ref() else { return None };
    let layer_is_zero = second & 0xf6 == 0xf0;
    let one_block = seventh & 3 == 0;
    let length = usize::from(fourth & 3) << 11 | usize::from(fifth) << 3 | usize::from(sixth >> 5);
    let header = if second & 1 == 1 { 7 } else { 9 };
    (layer_is_zero && one_block && length == payload.len() && length >= header)
        .then(|| payload.slice(header..))
}

fn object_type(bits: &mut BitReader<'_>) -> Result<u8, Error> {
    match bits.byte(5)? {
        object::ESCAPE => Ok(32 + bits.byte(6)?),
        kind => Ok(kind),
    }
}

fn sample_rate(bits: &mut BitReader<'_>) -> Result<u32, Error> {
    let rate = match bits.byte(4)? {
        15 => bits.bits(24)?,
        index => SAMPLE_RATES.get(usize::from(index)).copied().ok_or(Error::SampleRate)?,
    };
    if SAMPLE_RATE_BELIEVED.contains(&rate) { Ok(rate) } else { Err(Error::SampleRate) }
}

/// Channels of a channel configuration (ISO/IEC 14496-3 table 1.19); 0 where a program config element says.
const fn channels(configuration: u8) -> Result<u8, Error> {
    match configuration {
        0..=6 => Ok(configuration),
        7 | 12 | 14 => Ok(8),
        11 => Ok(7),
        reserved => Err(Error::Channels(reserved)),
    }
}

/// Reads a program config element (ISO/IEC 14496-3 §4.4.1.1) and counts the channels of its elements.
fn count_channels(bits: &mut BitReader<'_>) -> Result<u8, BitError> {
    // element_instance_tag, object_type, sampling_frequency_index
    bits.skip(10)?;
    let speakers = bits.byte(4)? + bits.byte(4)? + bits.byte(4)?;
    let low_frequency = bits.byte(2)?;
    let data = usize::from(bits.byte(3)?);
    let coupling = usize::from(bits.byte(4)?);
    for mixdown in [4, 4, 3] {
        if bits.flag()? {
            bits.skip(mixdown)?;
        }
    }
    let mut count = low_frequency;
    for _ in 0..speakers {
        count += 1 + u8::from(bits.flag()?);
        bits.skip(4)?;
    }
    bits.skip(usize::from(low_frequency) * 4 + data * 4 + coupling * 5)?;
    bits.align();
    let comment = usize::from(bits.byte(8)?);
    bits.skip(comment * 8)?;
    Ok(count)
}

#[cfg(test)]
mod tests;
