//! Frames, configurations and metadata to FLV bodies, as RTMP messages carry them.
//!
//! A frame's body is a few bytes and then the payload as it is: nothing is copied. Sequence headers and metadata
//! are whole bodies, made once for each change. Timestamps and chunks are RTMP's.

use bytes::Bytes;
use smallvec::smallvec;

use crate::format::amf0::Value;
use crate::format::flv::{
    AudioCodec, AudioHeader, AudioPacket, Prefix, VideoCodec, VideoHeader, VideoPacket,
};
use crate::format::mp3::Mp3Header;
use crate::format::shape::Shape;
use crate::media::{CodecConfig, Frame, Metadata, Packet, Track, TrackSet};

/// Legacy codec numbers (FLV 10.1 §E.4.2, §E.4.3), as `onMetaData` names them.
mod codec_id {
    pub(super) const AVC: u8 = 7;
    pub(super) const MP3: u8 = 2;
    pub(super) const AAC: u8 = 10;
}

/// Sound format 14, MP3 of 8 kHz, mono.
const MP3_8_KHZ_FLAGS: u8 = 0xEE;
/// MP3, 44 kHz, 16 bit, mono: the rate of the frames themselves counts.
const MP3_FLAGS: u8 = 0x2E;
/// The bit of the flags that says stereo.
const STEREO: u8 = 0x01;

/// Composition times have 24 bits and a sign.
const CTS_MAX: i64 = 0x007F_FFFF;

/// Which kind of message a body is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageKind {
    /// Sound.
    Audio,
    /// Pictures.
    Video,
    /// AMF0 values.
    Data,
}

/// A message whose body is `prefix` and then `payload`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlvMessage {
    /// Its kind.
    pub kind: MessageKind,
    /// What the container puts before the payload.
    pub prefix: Prefix,
    /// The frame's payload, shared.
    pub payload: Bytes,
}

/// A frame as a message. `None` for an end, and for a frame of a track that is not in `tracks`.
///
/// H.264, AAC and MP3 of the default tracks have the legacy form, which everybody reads. Everything else has the form
/// of Enhanced RTMP; tracks other than the default ones are for peers alone that take several.
#[must_use]
pub fn message(frame: &Frame, tracks: &TrackSet) -> Option<FlvMessage> {
    match frame {
        Frame::Media(packet) => media(packet, tracks, packet.track.index),
        Frame::Data(data) => {
            Some(FlvMessage { kind: MessageKind::Data, prefix: Prefix::new(), payload: data.payload.clone() })
        }
        Frame::End(_) => None,
    }
}

/// A packet as a message of the default track, whatever its own is: for a reader to whom it is the only one. `None` for
/// a packet of a track that is not in `tracks`.
#[must_use]
pub fn plain_message(packet: &Packet, tracks: &TrackSet) -> Option<FlvMessage> {
    media(packet, tracks, 0)
}

fn media(packet: &Packet, tracks: &TrackSet, track: u8) -> Option<FlvMessage> {
    let config = tracks.config(packet.track)?;
    let (kind, prefix) = match (coding(config), config.as_ref()) {
        (Coding::Video(codec), _) => {
            let cts_millis = i32::try_from(packet.cts.as_millis().clamp(-CTS_MAX, CTS_MAX)).unwrap_or(0);
            let header = VideoHeader {
                track,
                codec,
                key: packet.keyframe,
                packet: VideoPacket::Frames { cts_millis },
                offset_nanos: 0,
            };
            (MessageKind::Video, video_prefix(&header)?)
        }
        (Coding::Audio(_), CodecConfig::Mp3(header)) if track == 0 => {
            (MessageKind::Audio, smallvec![mp3_flags(*header)])
        }
        (Coding::Audio(codec), _) => {
            let header = AudioHeader { track, codec, packet: AudioPacket::Frames, offset_nanos: 0 };
            (MessageKind::Audio, audio_prefix(&header)?)
        }
    };
    Some(FlvMessage { kind, prefix, payload: packet.payload.clone() })
}

/// A coding as FLV names it.
enum Coding {
    Video(VideoCodec),
    Audio(AudioCodec),
}

const fn coding(config: &CodecConfig) -> Coding {
    match config {
        CodecConfig::H264(_) => Coding::Video(VideoCodec::Avc),
        CodecConfig::H265(_) => Coding::Video(VideoCodec::Hevc),
        CodecConfig::Av1(_) => Coding::Video(VideoCodec::Av1),
        CodecConfig::Vp9(_) => Coding::Video(VideoCodec::Vp9),
        CodecConfig::Aac(_) => Coding::Audio(AudioCodec::Aac),
        CodecConfig::Mp3(_) => Coding::Audio(AudioCodec::Mp3),
        CodecConfig::Opus { .. } => Coding::Audio(AudioCodec::Opus),
        CodecConfig::Flac(_) => Coding::Audio(AudioCodec::Flac),
        CodecConfig::Ac3(_) => Coding::Audio(AudioCodec::Ac3),
        CodecConfig::Eac3(_) => Coding::Audio(AudioCodec::Eac3),
    }
}

/// The form that most peers read: the legacy one where there is one.
fn video_prefix(header: &VideoHeader) -> Option<Prefix> {
    header.legacy().or_else(|| header.enhanced())
}

/// As [`video_prefix`].
fn audio_prefix(header: &AudioHeader) -> Option<Prefix> {
    header.legacy().or_else(|| header.enhanced())
}

const fn mp3_flags(header: Mp3Header) -> u8 {
    let flags = if header.sample_rate == 8_000 { MP3_8_KHZ_FLAGS } else { MP3_FLAGS };
    if header.channels == 2 { flags | STEREO } else { flags }
}

/// The body of a track's sequence header. `None` for MP3, which has none.
#[must_use]
pub fn sequence_header(track: &Track) -> Option<Vec<u8>> {
    let index = track.id.index;
    let prefix = match coding(&track.config) {
        Coding::Audio(AudioCodec::Mp3) => return None,
        Coding::Video(codec) => video_prefix(&VideoHeader {
            track: index,
            codec,
            key: true,
            packet: VideoPacket::SequenceStart,
            offset_nanos: 0,
        }),
        Coding::Audio(codec) => audio_prefix(&AudioHeader {
            track: index,
            codec,
            packet: AudioPacket::SequenceStart,
            offset_nanos: 0,
        }),
    }?;
    // AC-3 and E-AC-3 have a header that says nothing.
    let record = track.config.record().map_or(&[][..], |record| record);
    Some([&prefix, record].concat())
}

/// The body of the message with what is said of a track beside its configuration ([`TrackSet::remark`]). It has the form
/// of Enhanced RTMP, also where the track's frames have the legacy one.
#[must_use]
pub fn remark(track: &Track, remark: &[u8]) -> Option<Vec<u8>> {
    let index = track.id.index;
    let prefix = match coding(&track.config) {
        Coding::Video(codec) => {
            VideoHeader { track: index, codec, key: false, packet: VideoPacket::Metadata, offset_nanos: 0 }
                .enhanced()
        }
        Coding::Audio(codec) => {
            AudioHeader { track: index, codec, packet: AudioPacket::MultichannelConfig, offset_nanos: 0 }
                .enhanced()
        }
    }?;
    Some([&prefix, remark].concat())
}

/// The body of the data message that describes `tracks`: for a player, or with `wrap` for a server that is
/// published to.
///
/// It is what the publisher said, without what it said of tracks that are not there; or, where it said nothing,
/// what the configurations say.
#[must_use]
pub fn metadata(tracks: &TrackSet, wrap: bool) -> Vec<u8> {
    let metadata = match &tracks.metadata {
        Some(said) => said.without_tracks(tracks.video().is_none(), tracks.audio().is_none()),
        None => from_configurations(tracks),
    };
    let mut out = Vec::new();
    if wrap {
        Value::String("@setDataFrame".to_owned()).encode(&mut out);
    }
    metadata.encode_into(&mut out);
    out
}

fn from_configurations(tracks: &TrackSet) -> Metadata {
    let mut properties = Vec::new();
    for track in tracks.tracks().iter().filter(|track| track.id.index == 0) {
        match (coding(&track.config), track.config.sound()) {
            (Coding::Video(codec), _) => video_properties(codec, track.config.shape(), &mut properties),
            (Coding::Audio(codec), Some((channels, rate))) => {
                audio_properties(codec_number(codec), rate, channels, &mut properties);
            }
            (Coding::Audio(_), None) => {}
        }
    }
    properties.push(("encoder", Value::String("gostream".to_owned())));
    Metadata { properties: properties.into_iter().map(|(name, value)| (name.to_owned(), value)).collect() }
}

fn video_properties(codec: VideoCodec, shape: Option<Shape>, out: &mut Vec<(&'static str, Value)>) {
    if let Some(shape) = shape {
        out.push(("width", Value::Number(f64::from(shape.width))));
        out.push(("height", Value::Number(f64::from(shape.height))));
        if let Some((frames, seconds)) = shape.frame_rate.filter(|(_, seconds)| *seconds > 0) {
            out.push(("framerate", Value::Number(f64::from(frames) / f64::from(seconds))));
        }
    }
    let number = match codec {
        VideoCodec::Avc => f64::from(codec_id::AVC),
        other => f64::from(u32::from_be_bytes(other.four_cc().unwrap_or_default())),
    };
    out.push(("videocodecid", Value::Number(number)));
}

/// The number of a coding in `onMetaData`: that of legacy bodies, or its FourCC as a number.
fn codec_number(codec: AudioCodec) -> f64 {
    match codec {
        AudioCodec::Aac => f64::from(codec_id::AAC),
        AudioCodec::Mp3 => f64::from(codec_id::MP3),
        other => f64::from(u32::from_be_bytes(other.four_cc().unwrap_or_default())),
    }
}

fn audio_properties(codec: f64, rate: u32, channels: u8, out: &mut Vec<(&'static str, Value)>) {
    out.push(("audiocodecid", Value::Number(codec)));
    out.push(("audiosamplerate", Value::Number(f64::from(rate))));
    out.push(("audiochannels", Value::Number(f64::from(channels))));
    out.push(("stereo", Value::Boolean(channels == 2)));
}

#[cfg(test)]
#[path = "to_flv_tests.rs"]
mod tests;
