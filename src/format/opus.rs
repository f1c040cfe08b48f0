//! Opus: the identification header (RFC 7845 §5.1) and the length of packets (RFC 6716 §3.1).
//!
//! Does not split packets with several streams: all of them have the length of the first.

use std::time::Duration;

use bytes::{BufMut, Bytes};

use super::wire::{Reader, Truncated};

/// What every header begins with.
const SIGNATURE: [u8; 8] = *b"OpusHead";
/// Opus decodes to this rate, whatever went into the encoder; its packets are counted on it. Samples a second.
pub const SAMPLE_RATE: u32 = 48_000;
/// The longest packet (RFC 6716 §3.2.5), in samples: 120 ms.
const PACKET_SAMPLES_MAX: u32 = 5_760;

/// Samples of a frame by the configuration number of its packet (RFC 6716 table 2): SILK, hybrid and CELT modes.
const SILK_SAMPLES: [u32; 4] = [480, 960, 1_920, 2_880];
const HYBRID_SAMPLES: [u32; 2] = [480, 960];
const CELT_SAMPLES: [u32; 4] = [120, 240, 480, 960];
/// The first configuration number of full-band CELT.
const CELT_FULL_BAND: u8 = 28;
/// In the first byte of a packet: its stream is stereo, and it has as many frames as the second byte says.
const TOC_STEREO: u8 = 0x04;
const TOC_COUNTED: u8 = 0x03;
/// A frame of CELT whose silence flag is set; what follows the flag is padding (RFC 6716 §4.3.1). One byte alone would be
/// none at all, and a decoder would make something up.
const SILENT_FRAME: [u8; 2] = [0xFF, 0xFE];

/// Why a record is no header that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It ends inside a field.
    #[error("the Opus header is too short")]
    TooShort,
    /// It does not begin with `OpusHead`.
    #[error("no Opus header")]
    NotOpus,
    /// A version whose fields are not known.
    #[error("Opus header version {0} is not known")]
    Version(u8),
    /// No channel, more than two without a mapping, or a mapping to streams that are not there.
    #[error("the Opus header says no usable channels")]
    Channels,
}

impl From<Truncated> for Error {
    fn from(_: Truncated) -> Self {
        Self::TooShort
    }
}

/// How the streams of a packet become channels, where there are more than one (RFC 7845 §5.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelMapping {
    /// 1 for the order of Vorbis, 255 for none in particular; others are ambisonics.
    pub family: u8,
    /// Streams in each packet, 1 at least.
    pub streams: u8,
    /// How many of them are stereo; those come first.
    pub coupled: u8,
    /// The decoded channel of each output channel; 255 is silence.
    pub channels: Bytes,
}

/// An identification header. Equal when the sender's bytes are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpusHead {
    /// The header as the sender wrote it, without what is behind its fields.
    pub record: Bytes,
    /// Channels that the decoder puts out, 1 at least.
    pub channels: u8,
    /// Samples at the beginning that are not to be heard.
    pub pre_skip: u16,
    /// Samples a second of what the encoder was given; 0 where it does not say. Decoders ignore it.
    pub input_rate: u32,
    /// Gain for the decoder, in 1/256 dB.
    pub gain: i16,
    /// `None` for one stream of one or two channels, family 0.
    pub mapping: Option<ChannelMapping>,
}

impl OpusHead {
    /// What a stream whose header is missing decodes with: one stream of one or two channels.
    #[must_use]
    pub fn plain(channels: u8) -> Self {
        let channels = if channels == 1 { 1 } else { 2 };
        let mut record = Vec::with_capacity(19);
        record.put_slice(&SIGNATURE);
        record.put_slice(&[1, channels]);
        record.put_u16_le(0);
        record.put_u32_le(SAMPLE_RATE);
        record.put_i16_le(0);
        record.put_u8(0);
        let record = Bytes::from(record);
        Self { record, channels, pre_skip: 0, input_rate: SAMPLE_RATE, gain: 0, mapping: None }
    }

    /// Reads a header; what is behind its fields is not looked at.
    ///
    /// # Errors
    /// [`Error`], when it does not say what a decoder must know.
    pub fn parse(record: &Bytes) -> Result<Self, Error> {
        let mut reader = Reader::new(record);
        if reader.array()? != SIGNATURE {
            return Err(Error::NotOpus);
        }
        // The high half is a major version: fields may differ (RFC 7845 §5.1).
        let version = reader.u8()?;
        if version >> 4 != 0 {
            return Err(Error::Version(version));
        }
        let channels = reader.u8()?;
        let pre_skip = u16::from_le_bytes(reader.array()?);
        let input_rate = reader.u32_le()?;
        let gain = i16::from_le_bytes(reader.array()?);
        let mapping = match reader.u8()? {
            0 => None,
            family => {
                let (streams, coupled) = (reader.u8()?, reader.u8()?);
                let channels = record.slice_ref(reader.take(usize::from(channels))?);
                Some(ChannelMapping { family, streams, coupled, channels })
            }
        };
        let record = record.slice(..record.len() - reader.remaining());
        let head = Self { record, channels, pre_skip, input_rate, gain, mapping };
        if head.is_decodable() { Ok(head) } else { Err(Error::Channels) }
    }

    /// A packet of silence as long as this stream's packets are: `samples` at 48 kHz. `None` for a length that no packet
    /// has.
    #[must_use]
    pub fn silence(&self, samples: u32) -> Option<Bytes> {
        let fits =
            |frame: &u32| samples > 0 && samples.is_multiple_of(*frame) && samples <= PACKET_SAMPLES_MAX;
        let at = CELT_SAMPLES.iter().rposition(fits)?;
        let count = u8::try_from(samples / CELT_SAMPLES.get(at)?).ok()?;
        let configuration = (CELT_FULL_BAND + u8::try_from(at).ok()?) << 3;
        let (streams, coupled) =
            self.mapping.as_ref().map_or((1, u8::from(self.channels == 2)), |it| (it.streams, it.coupled));
        let mut packet = Vec::new();
        for stream in 0..streams {
            let toc = configuration | if stream < coupled { TOC_STEREO } else { 0 };
            match count {
                1 => packet.push(toc),
                count => packet.extend([toc | TOC_COUNTED, count]),
            }
            // All streams but the last say how long their frames are (RFC 6716 appendix B).
            if stream + 1 < streams {
                packet.push(SILENT_FRAME.len() as u8);
            }
            packet.extend(SILENT_FRAME.repeat(count.into()));
        }
        Some(packet.into())
    }

    /// What RFC 7845 §5.1.1 asks of the numbers.
    fn is_decodable(&self) -> bool {
        let Some(mapping) = &self.mapping else { return (1..=2).contains(&self.channels) };
        let decoded = u16::from(mapping.streams) + u16::from(mapping.coupled);
        self.channels > 0
            && mapping.streams > 0
            && mapping.coupled <= mapping.streams
            && decoded <= 255
            && mapping.channels.iter().all(|&channel| channel == 255 || u16::from(channel) < decoded)
    }
}

/// `opus`: the form that every player but Safari takes as it is, and Safari's players translate.
pub const CODEC_STRING: &str = "opus";

/// Samples of a packet, at 48 kHz (RFC 6716 §3.1). `None` for no packet, and one that says more than 120 ms.
#[must_use]
pub fn packet_samples(packet: &[u8]) -> Option<u32> {
    let (&toc, rest) = packet.split_first()?;
    let configuration = usize::from(toc >> 3);
    let samples = match configuration {
        0..12 => SILK_SAMPLES.get(configuration & 3),
        12..16 => HYBRID_SAMPLES.get(configuration & 1),
        _ => CELT_SAMPLES.get(configuration & 3),
    }?;
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u32::from(rest.first()? & 0x3F),
    };
    Some(samples * frames).filter(|samples| (1..=PACKET_SAMPLES_MAX).contains(samples))
}

/// How long `samples` at 48 kHz sound.
#[must_use]
pub fn duration(samples: u32) -> Duration {
    Duration::from_nanos(u64::from(samples) * 1_000_000_000 / u64::from(SAMPLE_RATE))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As FFmpeg writes it: two channels, 312 samples to skip.
    const STEREO: &[u8] = b"OpusHead\x01\x02\x38\x01\x80\xbb\x00\x00\x00\x00\x00";
    /// 5.1: four streams, two of them stereo.
    const SURROUND: &[u8] =
        b"OpusHead\x01\x06\x38\x01\x80\xbb\x00\x00\xff\xfe\x01\x04\x02\x00\x04\x01\x02\x03\x05";

    #[test]
    fn headers_are_little_endian() {
        let head = OpusHead::parse(&Bytes::from_static(STEREO)).expect("a header");
        let expected = OpusHead {
            record: Bytes::from_static(STEREO),
            channels: 2,
            pre_skip: 312,
            input_rate: 48_000,
            gain: 0,
            mapping: None,
        };
        assert_eq!(head, expected);
        assert_eq!(OpusHead::parse(&[STEREO, &[9, 9]].concat().into()), Ok(expected), "junk is left out");
        for channels in [1, 2] {
            let plain = OpusHead::plain(channels);
            assert_eq!(OpusHead::parse(&plain.record), Ok(plain));
        }
        let head = OpusHead::parse(&Bytes::from_static(SURROUND)).expect("a header");
        assert_eq!((head.channels, head.gain), (6, -257));
        let mapping = head.mapping.as_ref().expect("a mapping");
        assert_eq!((mapping.family, mapping.streams, mapping.coupled), (1, 4, 2));
        assert_eq!(head.record, SURROUND);
    }

    #[test]
    fn headers_that_no_decoder_takes_are_refused() {
        let spoilt = |at: usize, value: u8, of: &[u8]| {
            let mut bytes = of.to_vec();
            bytes[at] = value;
            OpusHead::parse(&bytes.into())
        };
        assert_eq!(spoilt(0, b'o', STEREO), Err(Error::NotOpus));
        assert_eq!(spoilt(8, 0x10, STEREO), Err(Error::Version(16)));
        assert_eq!(spoilt(9, 0, STEREO), Err(Error::Channels));
        assert_eq!(spoilt(9, 3, STEREO), Err(Error::Channels), "no mapping for three");
        assert_eq!(spoilt(18, 1, STEREO), Err(Error::TooShort), "a mapping that is not there");
        assert_eq!(spoilt(19, 0, SURROUND), Err(Error::Channels), "no streams");
        assert_eq!(spoilt(20, 5, SURROUND), Err(Error::Channels), "more stereo streams than streams");
        assert_eq!(spoilt(26, 6, SURROUND), Err(Error::Channels), "a channel beyond the decoded ones");
        for end in 0..STEREO.len() {
            assert!(OpusHead::parse(&Bytes::from_static(&STEREO[..end])).is_err());
        }
    }

    #[test]
    fn packets_are_as_long_as_their_first_byte_says() {
        for (packet, millis_times_two) in [
            (&[0x00][..], 20),    // SILK, 10 ms
            (&[0x18, 0], 120),    // SILK, 60 ms
            (&[0x60], 20),        // hybrid, 10 ms
            (&[0x68], 40),        // hybrid, 20 ms
            (&[0x80], 5),         // CELT, 2.5 ms
            (&[0xfc, 0x7e], 40),  // CELT, 20 ms, stereo: what FFmpeg sends
            (&[0xf9], 80),        // two frames
            (&[0xfb, 0x03], 120), // three frames
            (&[0xfb, 0xc6], 240), // six frames, with flags
        ] {
            let samples = packet_samples(packet).expect("a packet");
            assert_eq!(samples * 2, millis_times_two * 48, "{packet:02x?}");
        }
        for nothing in [&[][..], &[0xfb], &[0xfb, 0x00], &[0xfb, 0x07], &[0x1b, 0x3f]] {
            assert_eq!(packet_samples(nothing), None, "{nothing:02x?}");
        }
        assert_eq!(duration(960), Duration::from_millis(20));
    }

    #[test]
    fn silence_is_as_long_as_it_is_asked_for() {
        let head = OpusHead::parse(&Bytes::from_static(STEREO)).expect("a header");
        assert_eq!(head.silence(960).as_deref(), Some(&[0xFC, 0xFF, 0xFE][..]), "what everybody sends");
        for samples in [120, 240, 480, 960, 1_920, 2_880, 3_840, 5_760] {
            let packet = head.silence(samples).expect("a length that packets have");
            assert_eq!(packet_samples(&packet), Some(samples));
        }
        for samples in [0, 100, 5_880, u32::MAX] {
            assert_eq!(head.silence(samples), None);
        }
    }

    proptest! {
        #[test]
        fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let _any = packet_samples(&bytes);
            let record = Bytes::from([&SIGNATURE[..], &[1], &bytes].concat());
            if let Ok(head) = OpusHead::parse(&record) {
                prop_assert_eq!(head.silence(960).and_then(|packet| packet_samples(&packet)), Some(960));
                prop_assert_eq!(OpusHead::parse(&head.record), Ok(head.clone()));
            }
        }
    }
}
