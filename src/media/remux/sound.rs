//! One audio track as an encoder sends it in FLV bodies: which configuration is in force.
//!
//! AAC and FLAC are configured by their headers, MP3, AC-3 and E-AC-3 by their frames, Opus by both.

use bytes::Bytes;

use super::from_flv::{Demuxed, REMARK_BYTES_MAX, Refusal, SourceFrameParts, frame_with};
use crate::format::aac::{self, AudioSpecificConfig};
use crate::format::ac3::{Ac3, Eac3};
use crate::format::flac::StreamInfo;
use crate::format::flv::{Audio, AudioCodec, AudioPacket, MultichannelConfig};
use crate::format::mp3::Mp3Header;
use crate::format::opus::{self, OpusHead};
use crate::media::{Codec, CodecConfig, MediaTime, TrackId, TrackKind};

/// Bytes of a sequence header. Real ones have 2 to some 70; what is kept is sent to every reader.
const HEADER_BYTES_MAX: usize = 4 * 1_024;

/// An audio track of one publisher.
#[derive(Debug)]
pub(super) struct AudioSource {
    id: TrackId,
    /// In force.
    config: Option<CodecConfig>,
    /// The last header of Opus, which the next packet completes.
    opus: Option<OpusHead>,
}

impl AudioSource {
    pub(super) const fn new(id: TrackId) -> Self {
        Self { id, config: None, opus: None }
    }

    /// Reads one message's part.
    pub(super) fn part(&mut self, Audio { header, data }: Audio) -> Result<Demuxed, Refusal> {
        match (header.codec, header.packet) {
            (_, AudioPacket::SequenceEnd) => Ok(Demuxed::EndOfSequence(self.id)),
            (codec, AudioPacket::MultichannelConfig) => self.channels(codec, data),
            (_, AudioPacket::SequenceStart) => self.start(header.codec, data),
            (_, AudioPacket::Frames) => self.frames(header.codec, data),
        }
    }

    fn start(&mut self, codec: AudioCodec, data: Bytes) -> Result<Demuxed, Refusal> {
        if data.len() > HEADER_BYTES_MAX {
            let why = format_args!("{} bytes of it", data.len());
            return Err(Refusal::malformed("audio sequence header", why));
        }
        let config = match codec {
            AudioCodec::Opus if data.is_empty() => {
                self.opus.get_or_insert_with(|| OpusHead::plain(2));
                return Ok(Demuxed::Nothing);
            }
            AudioCodec::Opus => {
                let head =
                    OpusHead::parse(&data).map_err(|error| Refusal::malformed("Opus header", error))?;
                self.opus = Some(head);
                return Ok(Demuxed::Nothing);
            }
            // Some senders know their configuration later, and these codings have none.
            AudioCodec::Aac | AudioCodec::Flac if data.is_empty() => return Ok(Demuxed::Nothing),
            AudioCodec::Mp3 | AudioCodec::Ac3 | AudioCodec::Eac3 => return Ok(Demuxed::Nothing),
            AudioCodec::Aac => CodecConfig::Aac(
                AudioSpecificConfig::parse(data)
                    .map_err(|error| Refusal::malformed("AAC sequence header", error))?,
            ),
            AudioCodec::Flac => CodecConfig::Flac(
                StreamInfo::parse(&data).map_err(|error| Refusal::malformed("FLAC header", error))?,
            ),
            AudioCodec::Id(_) | AudioCodec::FourCc(_) => {
                return Err(Refusal::unsupported(TrackKind::Audio, codec));
            }
        };
        let changed = self.configure(config);
        Ok(changed.map_or(Demuxed::Nothing, |config| Demuxed::Config(self.id, config)))
    }

    fn frames(&mut self, codec: AudioCodec, data: Bytes) -> Result<Demuxed, Refusal> {
        let config = match codec {
            AudioCodec::Aac => {
                self.expect(matches!(self.config, Some(CodecConfig::Aac(_))))?;
                let payload = aac::strip_adts(&data).unwrap_or(data);
                if payload.is_empty() {
                    return Ok(Demuxed::Nothing);
                }
                return Ok(Demuxed::Frame(self.frame(payload)));
            }
            AudioCodec::Flac => {
                self.expect(matches!(self.config, Some(CodecConfig::Flac(_))))?;
                return Ok(Demuxed::Frame(self.frame(data)));
            }
            AudioCodec::Opus => self.opus_packet(&data)?,
            AudioCodec::Mp3 => {
                let header = Mp3Header::parse(&data);
                let (header, _) = header.ok_or_else(|| Refusal::malformed("MP3 frame", "no frame header"))?;
                self.configure(CodecConfig::Mp3(header))
            }
            AudioCodec::Ac3 => {
                let header = Ac3::parse(&data);
                let (header, _) = header.ok_or_else(|| Refusal::malformed("AC-3 frame", "no syncframe"))?;
                self.configure(CodecConfig::Ac3(header))
            }
            AudioCodec::Eac3 => {
                let header = Eac3::parse(&data);
                let header = header.ok_or_else(|| Refusal::malformed("E-AC-3 frame", "no syncframe"))?;
                match &self.config {
                    Some(CodecConfig::Eac3(known)) if known.is_like(&header) => None,
                    _ => self.configure(CodecConfig::Eac3(header)),
                }
            }
            AudioCodec::Id(_) | AudioCodec::FourCc(_) => {
                return Err(Refusal::unsupported(TrackKind::Audio, codec));
            }
        };
        Ok(frame_with(config, self.frame(data)))
    }

    /// The configuration that begins with a packet of Opus, if it is new. Packets that turn shorter or longer do not
    /// make one: their sender would make one a second.
    fn opus_packet(&mut self, packet: &[u8]) -> Result<Option<CodecConfig>, Refusal> {
        let head = self.opus.as_ref().ok_or(Refusal::NoConfiguration(self.id))?;
        let samples = opus::packet_samples(packet);
        let packet_samples = samples.ok_or_else(|| Refusal::malformed("Opus packet", "no length"))?;
        if matches!(&self.config, Some(CodecConfig::Opus { head: known, .. }) if known == head) {
            return Ok(None);
        }
        let config = CodecConfig::Opus { head: head.clone(), packet_samples };
        Ok(self.configure(config))
    }

    /// Which channel is which. Readers are passed it; of ours, only a stream of Opus whose header was empty needs it,
    /// which has one channel or two. The other codings say it themselves.
    fn channels(&mut self, codec: AudioCodec, data: Bytes) -> Result<Demuxed, Refusal> {
        let said = MultichannelConfig::parse(&data)
            .map_err(|error| Refusal::malformed("MultichannelConfig", error))?;
        if data.len() > REMARK_BYTES_MAX {
            let why = format_args!("{} bytes of it", data.len());
            return Err(Refusal::malformed("MultichannelConfig", why));
        }
        if let (AudioCodec::Opus, Some(head)) = (codec, &mut self.opus)
            && said.channels == 1
            && *head == OpusHead::plain(2)
        {
            *head = OpusHead::plain(1);
        }
        let codec = codec.four_cc().and_then(Codec::of_four_cc);
        Ok(codec.map_or(Demuxed::Nothing, |codec| Demuxed::Remark(self.id, codec, data)))
    }

    fn expect(&self, configured: bool) -> Result<(), Refusal> {
        if configured { Ok(()) } else { Err(Refusal::NoConfiguration(self.id)) }
    }

    /// Keeps a configuration and returns it, if it is new.
    fn configure(&mut self, config: CodecConfig) -> Option<CodecConfig> {
        if self.config.as_ref() == Some(&config) {
            return None;
        }
        self.config = Some(config.clone());
        Some(config)
    }

    const fn frame(&self, payload: Bytes) -> SourceFrameParts {
        SourceFrameParts { track: self.id, cts: MediaTime::ZERO, keyframe: true, payload }
    }
}

#[cfg(test)]
#[path = "sound_tests.rs"]
mod tests;
