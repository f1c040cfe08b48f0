//! FLV bodies, as RTMP messages carry them, to frames, configurations and data.
//!
//! Payloads are slices of the body and never copied, except to turn start codes into lengths. Timestamps stay with
//! the caller: a header's must not move the clock.

use std::fmt;

use bytes::Bytes;
use smallvec::{SmallVec, smallvec};

use super::av1::Av1Source;
use super::avc::{AccessUnit, AvcSource};
use super::hevc::HevcSource;
use super::sound::AudioSource;
use super::tracks::Tracks;
use super::vp9::Vp9Source;
use crate::format::a53::Captions;
use crate::format::amf0::{self, Limits, Value};
use crate::format::flv::{Audio, Video, VideoCodec, VideoHeader, VideoPacket};
use crate::format::wire::Reader;
use crate::media::{Codec, CodecConfig, MediaTime, Metadata, TrackId, TrackKind};

/// Bytes of `onMetaData`. Real ones have about 500; what is kept is sent to every reader.
const METADATA_BYTES_MAX: usize = 64 * 1024;

/// Bytes of what is said of a track beside its configuration. Real ones have 6 to some 400; they are kept and sent to
/// every reader.
pub(super) const REMARK_BYTES_MAX: usize = 4 * 1024;

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
    /// What the source says of a track beside its configuration: see [`TrackSet::remark`](crate::media::TrackSet::remark).
    Remark(TrackId, Codec, Bytes),
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

/// A video track of one publisher, by its coding.
#[derive(Debug)]
enum VideoSource {
    Avc(AvcSource),
    Hevc(HevcSource),
    Av1(Av1Source),
    Vp9(Vp9Source),
}

impl VideoSource {
    /// `None` for codings that are not taken.
    fn new(codec: VideoCodec) -> Option<Self> {
        match codec {
            VideoCodec::Avc => Some(Self::Avc(AvcSource::default())),
            VideoCodec::Hevc => Some(Self::Hevc(HevcSource::default())),
            VideoCodec::Av1 => Some(Self::Av1(Av1Source::default())),
            VideoCodec::Vp9 => Some(Self::Vp9(Vp9Source::default())),
            _ => None,
        }
    }

    const fn codec(&self) -> VideoCodec {
        match self {
            Self::Avc(_) => VideoCodec::Avc,
            Self::Hevc(_) => VideoCodec::Hevc,
            Self::Av1(_) => VideoCodec::Av1,
            Self::Vp9(_) => VideoCodec::Vp9,
        }
    }

    /// The closed captions that the pictures so far carry.
    const fn captions(&self) -> Option<Captions> {
        match self {
            Self::Avc(avc) => avc.captions(),
            Self::Hevc(hevc) => hevc.captions(),
            // Not looked for.
            Self::Av1(_) | Self::Vp9(_) => None,
        }
    }

    /// Reads a sequence header. `None` when it says nothing new.
    fn header(&mut self, data: &Bytes) -> Result<Option<CodecConfig>, Refusal> {
        match self {
            Self::Avc(avc) => Ok(avc.header(data)?.map(CodecConfig::H264)),
            Self::Hevc(hevc) => Ok(hevc.header(data)?.map(CodecConfig::H265)),
            Self::Av1(av1) => Ok(av1.header(data)?.map(CodecConfig::Av1)),
            // Says no size; the configuration comes with the key frame.
            Self::Vp9(vp9) => vp9.header(data).map(|()| None),
        }
    }

    /// Reads a frame: the configuration that begins with it, if it is new, whether a decoder may start at it, and its
    /// payload. `None` when there is no picture in it.
    fn frame(
        &mut self,
        key: bool,
        data: Bytes,
    ) -> Result<Option<(Option<CodecConfig>, bool, Bytes)>, Refusal> {
        match self {
            Self::Avc(avc) => Ok(avc.units(key, data)?.map(|unit| parts(unit, CodecConfig::H264))),
            Self::Hevc(hevc) => Ok(hevc
                .units(data)?
                .map(|unit| (unit.config.map(CodecConfig::H265), unit.keyframe, unit.payload))),
            Self::Av1(av1) => Ok(av1.units(data)?.map(|unit| parts(unit, CodecConfig::Av1))),
            Self::Vp9(vp9) => Ok(vp9.units(data)?.map(|unit| parts(unit, CodecConfig::Vp9))),
        }
    }
}

/// A picture's parts, its configuration named.
fn parts<C>(unit: AccessUnit<C>, name: fn(C) -> CodecConfig) -> (Option<CodecConfig>, bool, Bytes) {
    (unit.config.map(name), unit.keyframe, unit.payload)
}

/// The translator of one publisher's messages.
#[derive(Debug, Default)]
pub struct FromFlv {
    video: Tracks<VideoSource>,
    audio: Tracks<AudioSource>,
    /// The last `onMetaData`: some encoders send the same many times a second.
    metadata: Bytes,
}

impl FromFlv {
    /// Reads a video message's body. What is refused is dropped, and the stream goes on.
    pub fn video(&mut self, body: Bytes) -> Outcomes {
        match Video::parse(&body) {
            Ok(videos) => videos.into_iter().map(|video| self.video_part(video)).collect(),
            Err(error) => smallvec![Err(Refusal::malformed("video message", error))],
        }
    }

    fn video_part(&mut self, Video { header, data }: Video) -> Result<Demuxed, Refusal> {
        let VideoHeader { track: index, codec, key, packet, .. } = header;
        let track = TrackId { index, ..TrackId::VIDEO };
        match packet {
            VideoPacket::Metadata => return color_info(track, codec, data),
            VideoPacket::TransportSequenceStart => return Ok(Demuxed::Nothing),
            VideoPacket::SequenceEnd => return Ok(Demuxed::EndOfSequence(track)),
            VideoPacket::SequenceStart | VideoPacket::Frames { .. } => {}
        }
        let Some(fresh) = VideoSource::new(codec) else {
            return Err(Refusal::unsupported(TrackKind::Video, codec));
        };
        let source = self.video.entry(index, || fresh)?;
        if source.codec() != codec {
            let Some(fresh) = VideoSource::new(codec) else { return Ok(Demuxed::Nothing) };
            *source = fresh;
        }
        let VideoPacket::Frames { cts_millis } = packet else {
            let config = source.header(&data)?;
            return Ok(config.map_or(Demuxed::Nothing, |config| Demuxed::Config(track, config)));
        };
        let frame = source.frame(key, data).map_err(|refusal| match refusal {
            Refusal::NoConfiguration(_) => Refusal::NoConfiguration(track),
            other => other,
        })?;
        let Some((config, keyframe, payload)) = frame else { return Ok(Demuxed::Nothing) };
        let cts = MediaTime::from_millis(i64::from(cts_millis));
        Ok(frame_with(config, SourceFrameParts { track, cts, keyframe, payload }))
    }

    /// The closed captions that the pictures so far carry.
    #[must_use]
    pub fn captions(&self) -> Option<Captions> {
        self.video.iter().filter_map(VideoSource::captions).min()
    }

    /// Reads an audio message's body. What is refused is dropped, and the stream goes on.
    pub fn audio(&mut self, body: Bytes) -> Outcomes {
        match Audio::parse(&body) {
            Ok(audios) => audios.into_iter().map(|audio| self.audio_part(audio)).collect(),
            Err(error) => smallvec![Err(Refusal::malformed("audio message", error))],
        }
    }

    fn audio_part(&mut self, audio: Audio) -> Result<Demuxed, Refusal> {
        let index = audio.header.track;
        let id = TrackId { index, ..TrackId::AUDIO };
        self.audio.entry(index, || AudioSource::new(id))?.part(audio)
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

pub(super) fn frame_with(config: Option<CodecConfig>, frame: SourceFrameParts) -> Demuxed {
    match config {
        Some(config) => Demuxed::ConfigAndFrame(frame.track, config, frame),
        None => Demuxed::Frame(frame),
    }
}

/// Colours are in the pictures' own headers too, which count for us; readers are passed what was said. Other names than
/// `colorInfo` are not defined.
fn color_info(track: TrackId, codec: VideoCodec, data: Bytes) -> Result<Demuxed, Refusal> {
    if data.len() > REMARK_BYTES_MAX {
        return Err(Refusal::malformed("video metadata", format_args!("{} bytes of it", data.len())));
    }
    let values = amf0::decode_all(&data, &Limits::default())
        .map_err(|error| Refusal::malformed("video metadata", error))?;
    match (values.first(), codec.four_cc().and_then(Codec::of_four_cc)) {
        (Some(Value::String(name)), Some(codec)) if name == "colorInfo" => {
            Ok(Demuxed::Remark(track, codec, data))
        }
        _ => Ok(Demuxed::Nothing),
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
