//! FLV bodies, as RTMP messages carry them, to frames, configurations and data.
//!
//! Payloads are slices of the body and never copied, except to turn start codes into lengths. Timestamps stay with
//! the caller: a header's must not move the clock.

use std::fmt;

use bytes::Bytes;
use smallvec::{SmallVec, smallvec};

use super::avc::{AccessUnit, AvcSource};
use crate::format::aac::{self, AudioSpecificConfig};
use crate::format::amf0::{self, Limits, Value};
use crate::format::flv::{Audio, AudioCodec, AudioPacket, Video, VideoCodec, VideoPacket};
use crate::format::mp3::Mp3Header;
use crate::format::wire::Reader;
use crate::media::{CodecConfig, MediaTime, Metadata, TrackId, TrackKind};

/// Bytes of `onMetaData`. Real ones have about 500; what is kept is sent to every reader.
const METADATA_BYTES_MAX: usize = 64 * 1024;

/// A frame without its decode time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFrameParts {
    /// Its track.
    pub track: TrackId,
    /// How much later than decoded it is shown.
    pub cts: MediaTime,
    /// Whether a decoder may start at it. Always true for audio.
    pub keyframe: bool,
    /// The coded frame, in the form that [`Packet`](crate::media::Packet) names.
    pub payload: Bytes,
}

/// What a message was.
#[derive(Debug, Clone, PartialEq)]
pub enum Demuxed {
    /// A track's configuration, new or changed.
    Config(TrackId, CodecConfig),
    /// A frame that brings its track's new configuration.
    ConfigAndFrame(TrackId, CodecConfig, SourceFrameParts),
    /// A frame.
    Frame(SourceFrameParts),
    /// What the source says of itself.
    Metadata(Metadata),
    /// A data message, without the `@setDataFrame` wrapper.
    Data(Bytes),
    /// The encoder says that a track is over.
    EndOfSequence(TrackId),
    /// Nothing new.
    Nothing,
}

/// What became of a message: one outcome for each of its tracks, which may fail alone. Nearly always one.
pub type Outcomes = SmallVec<[Result<Demuxed, Refusal>; 1]>;

/// Why a message is not used. The encoder is to blame; the messages after it may be good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A coding that the engine does not take.
    #[error("{name} is not supported; set the encoder to {}", advice(*kind))]
    Unsupported {
        /// What it would have been.
        kind: TrackKind,
        /// Its name, for people.
        name: String,
    },
    /// A frame of a track whose configuration has not come.
    #[error("{} frame before its sequence header", noun(_0.kind))]
    NoConfiguration(TrackId),
    /// Bytes that do not hold what they should.
    #[error("unreadable {what}: {why}")]
    Malformed {
        /// What they should hold.
        what: &'static str,
        /// What is wrong with them.
        why: String,
    },
}

const fn advice(kind: TrackKind) -> &'static str {
    match kind {
        TrackKind::Video => "H.264",
        TrackKind::Audio => "AAC",
    }
}

const fn noun(kind: TrackKind) -> &'static str {
    match kind {
        TrackKind::Video => "video",
        TrackKind::Audio => "audio",
    }
}

impl Refusal {
    /// A label for counters.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Unsupported { .. } => "unsupported_codec",
            Self::NoConfiguration(_) => "no_configuration",
            Self::Malformed { .. } => "malformed",
        }
    }

    pub(super) fn malformed(what: &'static str, why: impl fmt::Display) -> Self {
        Self::Malformed { what, why: why.to_string() }
    }

    pub(super) fn unsupported(kind: TrackKind, name: impl fmt::Display) -> Self {
        Self::Unsupported { kind, name: name.to_string() }
    }
}

/// The translator of one publisher's messages.
#[derive(Debug, Default)]
pub struct FromFlv {
    video: AvcSource,
    audio: Option<CodecConfig>,
    /// The last `onMetaData`: some encoders send the same many times a second.
    metadata: Bytes,
}

impl FromFlv {
    /// Reads a video message's body. What is refused is dropped, and the stream goes on.
    pub fn video(&mut self, body: Bytes) -> Outcomes {
        match Video::parse(&body) {
            Ok(videos) => {
                let default = videos.into_iter().filter(|video| video.header.track == 0);
                default.map(|video| self.video_track(video)).collect()
            }
            Err(error) => smallvec![Err(Refusal::malformed("video message", error))],
        }
    }

    fn video_track(&mut self, Video { header, data }: Video) -> Result<Demuxed, Refusal> {
        match (header.codec, header.packet) {
            (_, VideoPacket::Metadata | VideoPacket::TransportSequenceStart) => Ok(Demuxed::Nothing),
            (_, VideoPacket::SequenceEnd) => Ok(Demuxed::EndOfSequence(TrackId::VIDEO)),
            (VideoCodec::Avc, VideoPacket::SequenceStart) => {
                let config = self.video.header(&data)?;
                let config = config.map(|avc| Demuxed::Config(TrackId::VIDEO, CodecConfig::H264(avc)));
                Ok(config.unwrap_or(Demuxed::Nothing))
            }
            (VideoCodec::Avc, VideoPacket::Frames { cts_millis }) => {
                let Some(AccessUnit { config, keyframe, payload }) = self.video.units(header.key, data)?
                else {
                    return Ok(Demuxed::Nothing);
                };
                let cts = MediaTime::from_millis(i64::from(cts_millis));
                let frame = SourceFrameParts { track: TrackId::VIDEO, cts, keyframe, payload };
                Ok(frame_with(config.map(CodecConfig::H264), frame))
            }
            (codec, _) => Err(Refusal::unsupported(TrackKind::Video, codec)),
        }
    }

    /// Reads an audio message's body. What is refused is dropped, and the stream goes on.
    pub fn audio(&mut self, body: Bytes) -> Outcomes {
        match Audio::parse(&body) {
            Ok(audios) => {
                let default = audios.into_iter().filter(|audio| audio.header.track == 0);
                default.map(|audio| self.audio_track(audio)).collect()
            }
            Err(error) => smallvec![Err(Refusal::malformed("audio message", error))],
        }
    }

    fn audio_track(&mut self, Audio { header, data }: Audio) -> Result<Demuxed, Refusal> {
        match (header.codec, header.packet) {
            (_, AudioPacket::SequenceEnd) => Ok(Demuxed::EndOfSequence(TrackId::AUDIO)),
            (_, AudioPacket::MultichannelConfig) => Ok(Demuxed::Nothing),
            (AudioCodec::Aac, _) if data.is_empty() => Ok(Demuxed::Nothing),
            (AudioCodec::Aac, AudioPacket::SequenceStart) => self.aac_header(data),
            (AudioCodec::Aac, AudioPacket::Frames) => self.aac_frame(data),
            (AudioCodec::Mp3, AudioPacket::SequenceStart) => Ok(Demuxed::Nothing),
            (AudioCodec::Mp3, AudioPacket::Frames) => self.mp3_frames(data),
            (codec, _) => Err(Refusal::unsupported(TrackKind::Audio, codec)),
        }
    }

    fn aac_header(&mut self, data: Bytes) -> Result<Demuxed, Refusal> {
        let config = AudioSpecificConfig::parse(data)
            .map_err(|error| Refusal::malformed("AAC sequence header", error))?;
        let changed = self.configure_audio(CodecConfig::Aac(config));
        Ok(changed.map_or(Demuxed::Nothing, |config| Demuxed::Config(TrackId::AUDIO, config)))
    }

    fn aac_frame(&self, data: Bytes) -> Result<Demuxed, Refusal> {
        if !matches!(self.audio, Some(CodecConfig::Aac(_))) {
            return Err(Refusal::NoConfiguration(TrackId::AUDIO));
        }
        let payload = aac::strip_adts(&data).unwrap_or(data);
        if payload.is_empty() {
            return Ok(Demuxed::Nothing);
        }
        Ok(Demuxed::Frame(audio_frame(payload)))
    }

    fn mp3_frames(&mut self, payload: Bytes) -> Result<Demuxed, Refusal> {
        let (header, _length) =
            Mp3Header::parse(&payload).ok_or_else(|| Refusal::malformed("MP3 frame", "no frame header"))?;
        let config = self.configure_audio(CodecConfig::Mp3(header));
        Ok(frame_with(config, audio_frame(payload)))
    }

    /// Keeps a configuration and returns it, if it is new.
    fn configure_audio(&mut self, config: CodecConfig) -> Option<CodecConfig> {
        if self.audio.as_ref() == Some(&config) {
            return None;
        }
        self.audio = Some(config.clone());
        Some(config)
    }

    /// Reads a data message's body (AMF0).
    ///
    /// # Errors
    /// [`Refusal::Malformed`]; the message is dropped and the stream goes on.
    pub fn data(&mut self, body: Bytes) -> Result<Demuxed, Refusal> {
        let mut reader = Reader::new(&body);
        let mut name = data_name(&mut reader)?;
        let mut payload = body.clone();
        if name == "@setDataFrame" {
            payload = body.slice_ref(reader.rest());
            if payload.is_empty() {
                return Ok(Demuxed::Nothing);
            }
            name = data_name(&mut reader)?;
        }
        match name.as_str() {
            "onMetaData" => self.metadata(payload, reader.rest()),
            "@clearDataFrame" => Ok(Demuxed::Nothing),
            _ => Ok(Demuxed::Data(payload)),
        }
    }

    fn metadata(&mut self, payload: Bytes, values: &[u8]) -> Result<Demuxed, Refusal> {
        if payload == self.metadata {
            return Ok(Demuxed::Nothing);
        }
        if payload.len() > METADATA_BYTES_MAX {
            return Err(Refusal::malformed("onMetaData", format_args!("{} bytes of it", payload.len())));
        }
        let values = amf0::decode_all(values, &Limits::default())
            .map_err(|error| Refusal::malformed("onMetaData", error))?;
        self.metadata = payload;
        Ok(Metadata::parse(&values).map_or(Demuxed::Nothing, Demuxed::Metadata))
    }
}

fn audio_frame(payload: Bytes) -> SourceFrameParts {
    SourceFrameParts { track: TrackId::AUDIO, cts: MediaTime::ZERO, keyframe: true, payload }
}

fn frame_with(config: Option<CodecConfig>, frame: SourceFrameParts) -> Demuxed {
    match config {
        Some(config) => Demuxed::ConfigAndFrame(frame.track, config, frame),
        None => Demuxed::Frame(frame),
    }
}

fn data_name(reader: &mut Reader<'_>) -> Result<String, Refusal> {
    match amf0::decode(reader, &Limits::default()) {
        Ok(Value::String(name)) => Ok(name),
        Ok(_) => Err(Refusal::malformed("data message", "no name")),
        Err(error) => Err(Refusal::malformed("data message", error)),
    }
}

#[cfg(test)]
#[path = "from_flv_tests.rs"]
mod tests;
